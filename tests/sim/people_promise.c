#include "tests/sim/people_promise.h"

#include "base/mem.h"
#include "room/poll.h"
#include "room/session_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_peer(struct facts *facts, size_t at, const struct peer *peer)
{
    const char *names[GROUPS_PER_PEER_MAX];
    facts->peers[at].is_in = true;
    snprintf(facts->peers[at].role, sizeof facts->peers[at].role, "%s", peer->role->name);
    snprintf(facts->peers[at].token_role, sizeof facts->peers[at].token_role, "%s",
             peer->token_role);
    snprintf(facts->peers[at].name, sizeof facts->peers[at].name, "%s", peer->name);
    facts->peers[at].joined_at = peer->joined_at;
    facts->peers[at].observes = peer->observed_count > 0;
    for (size_t i = 0; i < peer->group_count; i++)
        names[i] = peer->groups[i];
    qsort(names, peer->group_count, sizeof *names, by_text);
    char *groups = facts->peers[at].groups;
    for (size_t i = 0; i < peer->group_count; i++) {
        size_t len = strlen(groups);
        snprintf(groups + len, sizeof facts->peers[at].groups - len, "%s ", names[i]);
    }
}

static void put_poll(struct facts *facts, const struct poll *poll)
{
    facts->poll_state = (int)poll->state;
    facts->poll_started_at = poll->started_at;
    size_t at = 0;
    for (const struct poll_voter *voter; (voter = map_next(&poll->voters, &at));) {
        uint64_t hash = 0xcbf29ce484222325u; // FNV-1a
        for (const char *c = voter->key; *c; c++)
            hash = (hash ^ (uint8_t)*c) * 0x100000001b3u;
        for (size_t i = 0; i < poll->question_count; i++)
            hash = (hash ^ voter->answers[i].options) * 0x100000001b3u;
        facts->votes += hash; // in any order
    }
}

void facts_of(struct facts *facts, const struct room *room)
{
    memset(facts, 0, sizeof *facts);
    facts->poll_state = -1;
    if (!room || !room->session_id[0])
        return;
    memcpy(facts->session_id, room->session_id, sizeof facts->session_id);
    memcpy(facts->room_id, room->record.id, sizeof facts->room_id);
    for (size_t i = 0; i < FACT_PEERS; i++) {
        char id[8];
        snprintf(id, sizeof id, "p%zu", i);
        const struct peer *peer = room_joined(room, id);
        if (peer)
            put_peer(facts, i, peer);
    }
    struct event_value value;
    for (size_t at = 0; session_store_next(&room->store, &at, &value);) {
        if (strcmp(value.key, "k") != 0)
            continue;
        snprintf(facts->value, sizeof facts->value, "%s", value.data);
        facts->value_version = value.version;
    }
    const struct poll *poll = map_get(&room->polls.by_id, bytes_of("p"));
    if (poll)
        put_poll(facts, poll);
    facts->removed = room->removed.tokens.count;
}

void promises_dispose(struct promises *p)
{
    mem_free(p->past);
    *p = (struct promises){0};
}

void promises_note(struct promises *p, uint64_t change, const struct room *room)
{
    struct facts facts;
    facts_of(&facts, room);
    if (p->count && memcmp(&p->past[p->count - 1].facts, &facts, sizeof facts) == 0)
        return;
    if (p->count == p->cap) {
        p->cap = p->cap ? 2 * p->cap : 16;
        p->past = mem_resize(p->past, p->cap * sizeof *p->past);
    }
    p->past[p->count++] = (struct moment_facts){change, facts};
}

void promises_give(struct promises *p, uint64_t change)
{
    size_t first = 0;
    if (change > p->promised)
        p->promised = change;
    while (first + 1 < p->count && p->past[first + 1].change <= p->promised)
        first++;
    p->count -= p->count ? first : 0;
    memmove(p->past, p->past + first, p->count * sizeof *p->past);
}

// A peer whose role is gone is left out, and a session without anybody is over.
static void fit(struct facts *facts, const struct plan *plan)
{
    size_t in = 0;
    bool is_there =
        plan->has_room && plan->has_template && strcmp(facts->room_id, plan->record.id) == 0;
    for (size_t i = 0; i < FACT_PEERS; i++) {
        if (!plan_has_role(plan, facts->peers[i].role) ||
            !plan_has_role(plan, facts->peers[i].token_role))
            memset(&facts->peers[i], 0, sizeof facts->peers[i]);
        in += facts->peers[i].is_in;
    }
    if (!in || !is_there)
        facts_of(facts, NULL);
}

static const char *difference(const struct facts *a, const struct facts *b)
{
    if (strcmp(a->session_id, b->session_id) != 0)
        return "the session";
    if (memcmp(a->peers, b->peers, sizeof a->peers) != 0)
        return "who is in, and as what";
    if (strcmp(a->value, b->value) != 0 || a->value_version != b->value_version)
        return "a value";
    if (a->removed != b->removed)
        return "who was removed";
    return "a poll";
}

const char *promises_judge(struct promises *p, const struct plan *plan,
                           const struct room *restored)
{
    struct facts now;
    facts_of(&now, restored);
    const char *wrong = NULL;
    size_t kept = 0;
    for (size_t i = 0; i < p->count; i++) {
        struct facts past = p->past[i].facts;
        fit(&past, plan);
        if (memcmp(&past, &now, sizeof now) != 0)
            wrong = difference(&past, &now); // from the last moment
        else
            p->past[kept++] = (struct moment_facts){0, p->past[i].facts};
    }
    p->count = kept;
    p->promised = 0;
    return kept ? NULL : wrong;
}
