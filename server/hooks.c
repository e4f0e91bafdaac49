#include "server/hooks.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/http_client.h"
#include "server/clock.h"
#include "store/webhook_turn.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const int64_t us_per_ms = 1000, ms_per_s = 1000;

enum {
    SLOTS = WEBHOOKS_UNDER_WAY_MAX + WEBHOOK_REPLAYS_MAX,
    AGAIN_MS = 1000, // after a visit that failed: the disk is full, or the storage read-only
    LOOK_MS = 60 * 1000,  // at least: the clock of the storage is the wall's, and may be set
    TAKEN_MS = 60 * 1000, // longer than any try, and than the visit after it
};
static_assert(SLOTS <= (int)FETCHES_MAX, "each has a place in the client");

// A delivery that is under way.
struct slot {
    bool is_used;
    char id[OBJECT_ID_LEN + 1];
    char replay_id[OBJECT_ID_LEN + 1]; // "": no replay
    char uuid[UUID_LEN + 1];
    int64_t tries;    // before this one
    int64_t at;       // ms, wall: when it happened
    int64_t begun_at; // ms, wall
};

struct hooks {
    struct hooks_config config;
    struct jobs *jobs;
    struct http_client *client;
    char *target; // of the workspace, as the store keeps it
    struct slot slots[SLOTS];
    size_t regular; // slots that are used by what is no replay
    // What became of those whose slot is free again. With the ones under way, and those that a
    // visit is writing down, they are never more than there are slots.
    struct store_webhook_outcome pending[SLOTS];
    size_t pending_count;
    bool is_visiting;
    bool is_asked;   // something may be due that this visit has not seen
    int64_t look_at; // us, monotonic
    struct hooks_stats stats;
};

struct hooks *hooks_new(const struct hooks_config *config, struct jobs *jobs, uv_loop_t *loop)
{
    struct hooks *h = mem_alloc(sizeof *h);
    struct text target = {0};
    h->config = *config;
    h->jobs = jobs;
    h->client = http_client_new(loop, &h->config.rules);
    api_webhook_target(&config->webhook, &target);
    h->target = text_take(&target);
    return h;
}

void hooks_set_own(struct hooks *h, const struct addr *list, size_t count)
{
    struct target_rules *rules = &h->config.rules; // the client reads it for each request
    rules->own_count = count < TARGET_OWN_MAX ? count : TARGET_OWN_MAX;
    if (rules->own_count)
        memcpy(rules->own, list, rules->own_count * sizeof *list);
}

void hooks_look(struct hooks *h)
{
    h->is_asked = true;
    h->look_at = 0;
}

// --- Visits ---

static void visit(struct hooks *h, bool takes)
{
    struct store_webhook_turn *turn = store_webhook_turn_new(h->pending_count);
    memcpy(turn->outcomes, h->pending, h->pending_count * sizeof *turn->outcomes);
    h->pending_count = 0;
    turn->takes = takes;
    turn->places = WEBHOOKS_UNDER_WAY_MAX - h->regular;
    turn->workspace = h->target;
    turn->now = clock_wall_ms();
    turn->taken_until = turn->now + TAKEN_MS;
    struct job *job = mem_alloc(sizeof *job);
    job->kind = JOB_HOOKS;
    job->hooks = turn;
    h->is_visiting = true;
    h->is_asked = false;
    jobs_put(h->jobs, job);
}

int64_t hooks_deadline(const struct hooks *h)
{
    return h->is_visiting ? NEVER : h->look_at;
}

void hooks_expire(struct hooks *h, struct moment now)
{
    if (hooks_deadline(h) > now.mono_us)
        return;
    if (jobs_are_full(h->jobs))
        h->look_at = now.mono_us + AGAIN_MS * us_per_ms;
    else
        visit(h, true);
}

void hooks_flush(struct hooks *h)
{
    if (h->pending_count && !jobs_are_full(h->jobs))
        visit(h, false);
}

// --- Tries ---

static void add_outcome(struct hooks *h, const struct slot *slot, bool is_delivered,
                        int64_t next_at, const char *error)
{
    assert(h->pending_count < SLOTS);
    struct store_webhook_outcome *o = &h->pending[h->pending_count++];
    *o = (struct store_webhook_outcome){
        .is_delivered = is_delivered, .next_at = next_at, .error = mem_text(error)};
    memcpy(o->id, slot->id, sizeof o->id);
    memcpy(o->replay_id, slot->replay_id, sizeof o->replay_id);
    hooks_look(h);
}

static void settle_slot(struct hooks *h, struct slot *slot, const struct fetch_result *result)
{
    char error[FETCH_WHY_MAX];
    int64_t now = clock_wall_ms();
    int64_t next_at = 0;
    bool is_delivered = result->status == 200;
    snprintf(error, sizeof error, "%s", result->why);
    if (result->status)
        snprintf(error, sizeof error, "HTTP %d", result->status);
    if (slot->replay_id[0]) {
        next_at = slot->begun_at + WEBHOOK_REPLAY_INTERVAL_MS;
    } else if (!is_delivered && !result->is_forbidden) {
        next_at = api_webhook_again_at(slot->tries + 1, slot->at, now);
    }
    h->stats.delivered += is_delivered;
    h->stats.failed += !is_delivered;
    h->stats.given_up += !is_delivered && !next_at;
    if (!is_delivered && !next_at)
        log_warn_of(LOG_FIELDS(log_text("webhook", slot->uuid), log_text("reason", error)),
                    "hooks", "webhook %s is given up: %s", slot->uuid, error);
    add_outcome(h, slot, is_delivered, next_at, is_delivered ? "" : error);
    h->regular -= !slot->replay_id[0];
    slot->is_used = false;
}

void hooks_results(struct hooks *h, struct moment now)
{
    (void)now;
    struct fetch_result result;
    while (http_client_next(h->client, &result))
        settle_slot(h, &h->slots[result.id], &result);
}

static void send_one(struct hooks *h, const struct store_webhook *webhook, struct slot *slot,
                     struct arena *arena)
{
    struct api_webhook_request request;
    int64_t now = clock_wall_ms();
    *slot = (struct slot){
        .is_used = true, .tries = webhook->tries, .at = webhook->at, .begun_at = now};
    snprintf(slot->id, sizeof slot->id, "%s", webhook->id);
    snprintf(slot->replay_id, sizeof slot->replay_id, "%s", webhook->replay_id);
    snprintf(slot->uuid, sizeof slot->uuid, "%s", webhook->uuid);
    h->regular += !slot->replay_id[0];
    int err = api_webhook_request(&h->config.webhook, webhook, now / ms_per_s, arena, &request);
    if (!err)
        err = http_client_send(h->client,
                               &(struct fetch_wish){.id = (uint64_t)(slot - h->slots),
                                                    .url = request.url,
                                                    .headers = request.headers,
                                                    .header_count = request.header_count,
                                                    .body = request.body});
    if (!err)
        return;
    struct fetch_result refused = {.is_forbidden = true};
    snprintf(refused.why, sizeof refused.why, "%s",
             webhook->target[0] ? "its target is no use" : "its room has no webhook any more");
    settle_slot(h, slot, &refused);
}

// What finds no slot stays taken, and is due again later.
static void send_all(struct hooks *h, const struct store_webhook *webhooks, size_t count,
                     struct arena *arena)
{
    size_t at = 0;
    for (size_t i = 0; i < SLOTS && at < count; i++) {
        if (!h->slots[i].is_used)
            send_one(h, &webhooks[at++], &h->slots[i], arena);
    }
}

// The visit came to nothing: what it had to write down waits for the next one.
static void take_back(struct hooks *h, struct store_webhook_turn *turn)
{
    assert(h->pending_count + turn->outcome_count <= SLOTS);
    memcpy(h->pending + h->pending_count, turn->outcomes,
           turn->outcome_count * sizeof *turn->outcomes);
    h->pending_count += turn->outcome_count;
    turn->outcome_count = 0;
}

void hooks_done(struct hooks *h, struct job *job, struct moment now)
{
    struct store_webhook_turn *turn = job->hooks;
    h->is_visiting = false;
    if (job->db.err) {
        take_back(h, turn);
        h->look_at = now.mono_us + AGAIN_MS * us_per_ms;
        return;
    }
    int64_t wait_ms = turn->next_at > now.wall_ms ? turn->next_at - now.wall_ms : 0;
    h->look_at =
        h->is_asked ? 0 : now.mono_us + (wait_ms < LOOK_MS ? wait_ms : LOOK_MS) * us_per_ms;
    h->stats.given_up += (uint64_t)turn->given_up;
    if (turn->given_up)
        log_warn("hooks", "%" PRId64 " webhooks are given up: their room has none any more",
                 turn->given_up);
    send_all(h, turn->taken, turn->taken_count, &turn->arena);
    send_all(h, turn->replays, turn->replay_count, &turn->arena);
    hooks_results(h, now); // what was refused at once
}

const struct hooks_stats *hooks_stats(const struct hooks *h)
{
    return &h->stats;
}

// --- The end ---

void hooks_close(struct hooks *h)
{
    http_client_close(h->client);
}

bool hooks_is_closed(const struct hooks *h)
{
    return http_client_is_closed(h->client);
}

void hooks_free(struct hooks *h)
{
    http_client_free(h->client);
    for (size_t i = 0; i < h->pending_count; i++)
        mem_free(h->pending[i].error);
    mem_free(h->target);
    mem_free(h);
}
