// What the files of /v2/templates share.
#pragma once

#include "api/context.h"
#include "store/templates.h"

// The template that the path names, or 404.
int api_template_of_path(struct api_context *c, struct store_template *row);

// A template that is shown in parts, or changed in one.
struct template_edit {
    struct store_template row;
    json_t *document;
    json_t *body; // of the request; NULL where none is asked for
};

// The template that the path names, and what is sent to change it. 0, or it was answered and
// there is nothing to end.
int api_template_open(struct api_context *c, struct template_edit *edit);
int api_template_open_with_body(struct api_context *c, struct template_edit *edit);
void api_template_close(struct template_edit *edit);

// Checks `document`, writes out what it leaves open, and stores it as the row's: 400 with the
// path of the first field that is wrong.
int api_template_store(struct api_context *c, json_t *document, struct store_template *row);

// A section of a document as it is shown: secrets are not.
void api_put_section(struct json_out *j, const json_t *document, const char *name);
