#include "api/attendance.h"

#include "base/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int by_text(const char *a, const char *b, int64_t a_at, int64_t b_at)
{
    int order = strcmp(a, b);
    return order ? order : (a_at > b_at) - (a_at < b_at);
}

static int by_peer(const void *a, const void *b)
{
    const struct store_visit *left = ((const struct attendee *)a)->visits;
    const struct store_visit *right = ((const struct attendee *)b)->visits;
    return by_text(left->peer_id, right->peer_id, left->joined_at, right->joined_at);
}

static int by_coming(const void *a, const void *b)
{
    const struct attendee *left = a, *right = b;
    int64_t left_at = left->visits->joined_at, right_at = right->visits->joined_at;
    return left_at != right_at ? (left_at > right_at) - (left_at < right_at)
                               : strcmp(left->key, right->key);
}

static bool is_same(const struct store_visit *a, const struct store_visit *b)
{
    return strcmp(a->peer_id, b->peer_id) == 0 && strcmp(a->user_id, b->user_id) == 0;
}

// A peer id has no colon in it (room/peer.h), so no key is another peer's id.
static void name_keys(struct attendee *all, size_t count, struct arena *arena)
{
    size_t number = 1;
    for (size_t i = 0; i < count; i++) {
        const char *peer_id = all[i].visits->peer_id;
        bool is_first = i == 0 || strcmp(all[i - 1].visits->peer_id, peer_id) != 0;
        number = is_first ? 1 : number + 1;
        all[i].key = peer_id;
        if (is_first)
            continue;
        struct text key = {0};
        text_addf(&key, "%s:%zu", peer_id, number);
        all[i].key = arena_text(arena, text_bytes(&key));
        text_dispose(&key);
    }
}

struct attendee *attendees_of(const struct store_visit *visits, size_t visit_count,
                              struct arena *arena, size_t *count)
{
    struct attendee *all = arena_alloc(arena, visit_count * sizeof *all);
    *count = 0;
    for (size_t i = 0; i < visit_count; i++) {
        if (i > 0 && is_same(&visits[i - 1], &visits[i])) {
            assert(visits[i - 1].joined_at <= visits[i].joined_at);
            all[*count - 1].count++;
        } else {
            all[(*count)++] = (struct attendee){.visits = &visits[i], .count = 1};
        }
    }
    if (*count == 0)
        return all;
    qsort(all, *count, sizeof *all, by_peer);
    name_keys(all, *count, arena);
    qsort(all, *count, sizeof *all, by_coming);
    return all;
}

int64_t attendee_left_at(const struct attendee *attendee)
{
    int64_t last = 0;
    for (size_t i = 0; i < attendee->count; i++) {
        int64_t left_at = attendee->visits[i].left_at;
        if (!left_at)
            return 0;
        last = left_at > last ? left_at : last;
    }
    return last;
}

// A clock that was set back in between makes no visit shorter than nothing.
int64_t attendee_duration_ms(const struct attendee *attendee, int64_t now_ms)
{
    int64_t sum = 0;
    for (size_t i = 0; i < attendee->count; i++) {
        const struct store_visit *visit = &attendee->visits[i];
        int64_t end = visit->left_at ? visit->left_at : now_ms;
        sum += end > visit->joined_at ? end - visit->joined_at : 0;
    }
    return sum;
}
