// What the files of the polls' methods share.
#pragma once

#include "room/poll_result.h"
#include "signal/state.h"

// PollInfo of the protocol: the members, without braces.
void poll_put_info(struct json_out *j, const struct poll *poll);
// The set as the protocol has it: "option" of one choice, "options" of several.
void poll_put_choice(struct json_out *j, const struct poll_question *q, option_set set);
// Without `questions` when `result` has none.
void poll_put_result(struct json_out *j, const struct poll *poll,
                     const struct poll_result *result);

// Answers with the error, unless there is none.
bool poll_refused(struct call *call, enum poll_error err, enum act act);
// The poll that the request names, if the peer that asks may know of it; else it is answered.
struct poll *poll_named(struct call *call);
// `index` and `count` of a request for a page. Answered when they are none.
bool poll_take_page(struct call *call, const char *index_key, size_t *index, size_t *count);

// What a client says of a poll: false, and it is told, when that cannot be one.
bool poll_read_info(struct call *call, struct poll_info *info);
// A question with its options and its solution: false when it cannot be one. Texts are
// borrowed.
bool poll_read_question(struct arena *arena, const json_t *from, struct numbered_question *to);
