// Webhooks on their way out. The storage is the queue (store/webhooks): here is only what is
// under way. One visit of the store thread writes down what became of the last tries and takes
// the next ones; what is taken goes to the HTTP client; its results ask for the next visit. So
// a receiver that is slow or dead costs its own places and nobody's time, and after a kill
// what was under way is due again.
#pragma once

#include "api/webhook.h"
#include "base/target.h"
#include "server/jobs.h"

#include <uv.h>

struct hooks_config {
    struct api_webhook_config webhook; // borrowed strings
    struct target_rules rules;
};

struct hooks;

// Borrows `jobs` and `loop`.
struct hooks *hooks_new(const struct hooks_config *config, struct jobs *jobs, uv_loop_t *loop);

// This machine has other addresses now: what a URL may not reach.
void hooks_set_own(struct hooks *h, const struct addr *list, size_t count);

void hooks_look(struct hooks *h); // something may be due
// A visit is over.
void hooks_done(struct hooks *h, struct job *job, struct moment now);
// Takes what the HTTP client has for us.
void hooks_results(struct hooks *h, struct moment now);

// Since the start: deliveries that their receivers took, and those that failed, each try; and
// webhooks that are not tried again.
struct hooks_stats {
    uint64_t delivered, failed, given_up;
};
const struct hooks_stats *hooks_stats(const struct hooks *h);

int64_t hooks_deadline(const struct hooks *h);
void hooks_expire(struct hooks *h, struct moment now);
// What is known is written down: the process ends.
void hooks_flush(struct hooks *h);

// The loop has to run until it is closed.
void hooks_close(struct hooks *h);
bool hooks_is_closed(const struct hooks *h);
void hooks_free(struct hooks *h);
