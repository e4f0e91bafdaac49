// Which page asks: the Origin that a browser sends with a request (RFC 6454), as scheme, host
// and port. The page itself cannot change it.
#pragma once

#include <stdbool.h>

// Whether a list "https://a.example,https://b.example" names `origin`. NULL names none.
bool origin_is_listed(const char *list, const char *origin);

// Whether it is that of this server, asked under the name `host` (of the request's Host).
// `public_url` is the URL by which clients know the server, NULL when none is set: a page under
// its host counts in its scheme only, as a proxy in front speaks that to them, whatever it
// speaks to us. `is_tls`: the server's own connections are.
bool origin_is_own(const char *origin, const char *host, const char *public_url, bool is_tls);
