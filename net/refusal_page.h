// What a person reads in a browser instead of an answer, where programs get JSON.
#pragma once

#include "base/bytes.h"
#include "net/http.h"

#include <stdbool.h>

// Whether the Accept field is that of a browser which goes to a page: fetch() and programs do
// not ask for HTML. The field is a list of media ranges: RFC 9110 section 12.5.1.
bool refusal_is_read(const char *accept);

// The same of a head that could not be read, as far as there is something of it.
bool refusal_is_read_of(struct bytes head);

// Replaces the body of an answer with this status, and keeps its other fields.
void refusal_page(struct http_response *response, int status);
