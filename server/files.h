// The web client as answers to GET: files of the embedded table, and the client's own routes.
#pragma once

#include "net/http.h"
#include "server/assets.h"

// Whether `path` is the client's: a file of the table, or one of its routes. `*asset` is what
// to send.
bool files_find(const char *path, const struct asset **asset);

// Whether it is a person with a browser who asks: programs do not name text/html.
bool files_is_visit(const struct http_request *request);

// In place of a refusal with 404: the page, which says that there is nothing at the address and
// shows the way home. Its status stays 404.
void files_answer_missing(const struct http_request *request, struct http_response *response);

// The answer: 200 with the smallest form that the client takes, or 304.
void files_answer(const struct asset *asset, const struct http_request *request,
                  struct http_response *response);
