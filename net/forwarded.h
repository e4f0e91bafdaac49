// The client of a request, when proxies stand in between: X-Forwarded-For, and Forwarded of RFC
// 7239. Anybody can write these fields, so only what a proxy that the operator names has added
// counts: the rightmost address that is not one of them.
#pragma once

#include "base/network.h"
#include "net/head.h"

// The client of a request that came from `peer`. When `peer` is not trusted, or nothing can be
// told, it is the nearest address that is known: `peer` itself, or the last trusted one on the
// way. Both fields, when they say different things, are as good as none: one of them was
// written by the client.
struct addr forwarded_client(const struct head *head, const struct addr *peer,
                             const struct networks *trusted);

// Whether the client spoke TLS to the last proxy on the way: X-Forwarded-Proto, or `proto` of
// Forwarded, as `peer` says when it is trusted. Of several the rightmost counts, which is its
// own.
bool forwarded_is_tls(const struct head *head, const struct addr *peer,
                      const struct networks *trusted);
