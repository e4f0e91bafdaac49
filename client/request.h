// One HTTP request of libparlor. Private to the folder.
#pragma once

#include "base/text.h"
#include "client/parlor.h"

__attribute__((format(printf, 3, 4))) int request_fail(struct parlor_error *error, int status,
                                                       const char *format, ...);

// base_url + path. Returns 0 and what came with a status of 200 to 299, or -1 with `error`.
int request_send(const struct parlor_server *server, const char *method, const char *path,
                 const char *body, struct text *answer, struct parlor_error *error);

// Appends `value`, percent-encoded: RFC 3986 section 2.1.
void request_add_encoded(struct text *path, const char *value);
