// What the files of /v2/templates share.
#pragma once

#include "api/context.h"
#include "store/templates.h"

// The template that the path names, or 404.
int api_template_of_path(struct api_context *c, struct store_template *row);

// Checks `document`, writes out what it leaves open, and stores it as the row's: 400 with the
// path of the first field that is wrong.
int api_template_store(struct api_context *c, json_t *document, struct store_template *row);

// A section of a document as it is shown: secrets are not.
void api_put_section(struct json_out *j, const json_t *document, const char *name);
