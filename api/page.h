// Which page asks, and by which name: what a browser says of a request, and the page that makes
// it cannot change (Fetch section 3.2, W3C Fetch Metadata, RFC 6454).
#pragma once

#include "api/call.h"

// Whether no foreign page asks: one of this server's own does, one of the operator's lists, or
// no browser at all.
bool api_page_is_ours(const struct api_config *config, const struct http_request *request);

// Whether this is a name that only leads to this machine, whatever a name server says.
bool api_host_is_loopback(const char *host);

// Whether the request came under a name that this server goes by. A client on this
// machine may be a browser that was led here by a name of somebody else's (DNS rebinding):
// there the name must be that of loopback or of the public URL.
bool api_host_is_known(const struct api_config *config, const struct http_request *request);
