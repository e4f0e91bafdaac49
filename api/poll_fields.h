// Polls, questions and options as a request says them, checked and made whole: what is stored
// has every member, with its default where none was sent (store/poll_document.h).
#pragma once

#include "api/context.h"

// Each checks `from` and makes `*to`, the caller's to json_decref(). Returns 0 or what
// api_fail() returned; the detail names the member: "questions[0].options[1].text".
int api_poll_take(struct api_context *c, const json_t *from, json_t **to);
int api_question_take(struct api_context *c, const json_t *from, json_t **to);
int api_option_take(struct api_context *c, const json_t *from, json_t **to);

// Whether a question, made whole above, holds together with the options that it has now.
int api_question_check(struct api_context *c, const json_t *question);

// Gives the elements their places as `index`, from 1.
void api_renumber(json_t *list);
