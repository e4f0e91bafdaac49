#include "rtc/ice.h"

#include <assert.h>
#include <stdio.h>

enum { SECOND_US = 1000 * 1000 };

// RFC 8445 section 5.3: letters, digits, "+" and "/", 6 bits each.
static void random_text(struct rng *rng, char *at, size_t len)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    rng_fill(rng, at, len);
    for (size_t i = 0; i < len; i++)
        at[i] = alphabet[(uint8_t)at[i] & 63];
    at[len] = '\0';
}

// The worker's number comes first, so that whoever sees a ufrag knows whose it is.
static void new_credentials(struct ice_agent *a, struct rng *rng)
{
    static const char hex[] = "0123456789abcdef";
    a->local.ufrag[0] = hex[a->worker >> 4];
    a->local.ufrag[1] = hex[a->worker & 15];
    random_text(rng, a->local.ufrag + 2, ICE_UFRAG_LEN - 2);
    random_text(rng, a->local.pwd, ICE_PWD_LEN);
}

void ice_init(struct ice_agent *a, uint8_t worker, struct rng *rng)
{
    *a = (struct ice_agent){.worker = worker, .rng = rng, .moved_at = INT64_MIN / 2};
    new_credentials(a, rng);
}

void ice_set_remote(struct ice_agent *a, const char *ufrag, const char *pwd)
{
    snprintf(a->remote_ufrag, sizeof a->remote_ufrag, "%s", ufrag);
    snprintf(a->remote_pwd, sizeof a->remote_pwd, "%s", pwd);
}

void ice_restart(struct ice_agent *a, struct rng *rng)
{
    // A second restart before the first one is checked keeps what still carries media.
    if (!a->old.ufrag[0])
        a->old = a->local;
    new_credentials(a, rng);
    for (uint32_t i = 0; i < a->path_count; i++)
        a->fresh[i] = false;
}

void ice_forget_paths(struct ice_agent *a)
{
    a->path_count = 0;
    a->has_selected = a->nominated = a->is_wanted = false;
    a->generation++;
}

static bool is_ufrag(const struct ice_credentials *c, struct bytes ufrag)
{
    return c->ufrag[0] && bytes_equal(bytes_of(c->ufrag), ufrag);
}

bool ice_has_ufrag(const struct ice_agent *a, struct bytes ufrag)
{
    return is_ufrag(&a->local, ufrag) || is_ufrag(&a->old, ufrag);
}

static int find_path(const struct ice_agent *a, const struct addr *from)
{
    for (uint32_t i = 0; i < a->path_count; i++)
        if (addr_equal(&a->paths[i], from))
            return (int)i;
    return -1;
}

bool ice_is_checked(const struct ice_agent *a, const struct addr *from)
{
    return find_path(a, from) >= 0;
}

bool ice_heard_since(const struct ice_agent *a, const struct addr *from, int64_t since)
{
    int at = find_path(a, from);
    return at >= 0 && a->heard_at[at] > since;
}

void ice_want_proof(struct ice_agent *a)
{
    a->wants_proof = true;
}

// The peer could not have finished it without what was sent there, as it was never moved to
// anything that is not proven.
void ice_prove_selected(struct ice_agent *a)
{
    int selected = a->has_selected ? find_path(a, &a->selected) : -1;
    if (selected >= 0)
        a->proofs[selected].is_given = true;
}

static bool may_move(const struct ice_agent *a, uint32_t path)
{
    return !a->wants_proof || a->proofs[path].is_given;
}

static void move(struct ice_agent *a, const struct addr *to, int64_t now)
{
    if (a->has_selected && addr_equal(&a->selected, to))
        return;
    a->selected = *to;
    a->has_selected = true;
    a->moved_at = now;
}

// Moves media to a path that was heard just now, when the selected one has fallen silent.
static void follow(struct ice_agent *a, uint32_t heard, int64_t now)
{
    assert(heard < a->path_count);
    int selected = a->has_selected ? find_path(a, &a->selected) : -1;
    if (selected < 0 || now - a->moved_at < ICE_FOLLOW_INTERVAL_US || !may_move(a, heard))
        return;
    bool is_silent = now - a->heard_at[selected] >= ICE_PATH_SILENCE_US;
    bool sends_elsewhere =
        a->media_at[heard] == now && now - a->media_at[selected] >= ICE_MEDIA_SILENCE_US;
    if (is_silent || sends_elsewhere)
        move(a, &a->paths[heard], now);
}

void ice_heard(struct ice_agent *a, const struct addr *from, int64_t now)
{
    int at = find_path(a, from);
    if (at < 0)
        return;
    a->heard_at[at] = a->media_at[at] = now;
    if (!addr_equal(from, &a->selected))
        follow(a, (uint32_t)at, now);
}

// The path that was silent for longest, the selected one excepted.
static uint32_t quietest_path(const struct ice_agent *a)
{
    uint32_t quietest = UINT32_MAX;
    for (uint32_t i = 0; i < a->path_count; i++) {
        bool selected = a->has_selected && addr_equal(&a->paths[i], &a->selected);
        if (!selected && (quietest == UINT32_MAX || a->heard_at[i] < a->heard_at[quietest]))
            quietest = i;
    }
    return quietest;
}

static void add_path(struct ice_agent *a, const struct addr *from, bool fresh, int64_t now)
{
    int found = find_path(a, from);
    uint32_t at = (uint32_t)found;
    if (found < 0) {
        at = a->path_count < ICE_PATHS_MAX ? a->path_count++ : quietest_path(a);
        assert(at < ICE_PATHS_MAX);
        a->paths[at] = *from;
        a->fresh[at] = false;
        a->proofs[at] = (struct ice_proof){0};
        a->media_at[at] = INT64_MIN / 2;
        a->generation++;
    }
    a->heard_at[at] = now;
    a->fresh[at] |= fresh;
}

// After a restart the new path is chosen: what was only checked under the old credentials no
// longer counts.
static void forget_old(struct ice_agent *a)
{
    a->old = (struct ice_credentials){0};
    uint32_t kept = 0;
    for (uint32_t i = 0; i < a->path_count; i++) {
        if (!a->fresh[i])
            continue;
        a->paths[kept] = a->paths[i];
        a->heard_at[kept] = a->heard_at[i];
        a->media_at[kept] = a->media_at[i];
        a->fresh[kept] = true;
        a->proofs[kept] = a->proofs[i];
        kept++;
    }
    if (kept != a->path_count)
        a->generation++;
    a->path_count = kept;
}

// The peer's last word decides: RFC 8445 section 7.3.1.5 for a controlling peer which nominates
// once, and Chromium towards a lite agent, which marks every check of its selected pair. Until
// then the last address that worked is as good as any. A nomination waits for its proof.
static void choose(struct ice_agent *a, const struct addr *from, bool nominate, bool fresh,
                   int64_t now)
{
    bool may = may_move(a, (uint32_t)find_path(a, from));
    if (nominate) {
        a->is_wanted = !may;
        a->wanted = *from;
    }
    if (!may)
        return;
    if (a->old.ufrag[0] && fresh && nominate)
        forget_old(a);
    if (nominate || !a->nominated) {
        move(a, from, now);
        a->nominated |= nominate;
    } else {
        follow(a, (uint32_t)find_path(a, from), now);
    }
    assert(a->has_selected && find_path(a, &a->selected) >= 0);
}

// Checks back where a path is to be proven. It and the answer are no more than three times what
// was received (RFC 9000 section 8.1 has the same bound for the same reason).
static void ask_back(struct ice_agent *a, const struct addr *from, size_t received,
                     size_t answered, int64_t now, struct batch *out)
{
    enum { AMPLIFICATION_MAX = 3, PRIORITY = (110 << 24) | (65535 << 8) | 255 }; // reflexive
    struct ice_proof *proof = &a->proofs[find_path(a, from)];
    bool is_selected = a->has_selected && addr_equal(&a->selected, from);
    if (!a->wants_proof || proof->is_given || is_selected || !a->remote_pwd[0])
        return;
    if (proof->is_asked && now - proof->asked_at < ICE_ASK_INTERVAL_US)
        return;
    if (!proof->is_asked)
        rng_fill(a->rng, proof->transaction, sizeof proof->transaction);
    proof->is_asked = true; // anew with a later check, as either way may lose one
    proof->asked_at = now;
    char name[sizeof a->remote_ufrag + 1 + ICE_UFRAG_LEN];
    snprintf(name, sizeof name, "%s:%s", a->remote_ufrag, a->local.ufrag);
    struct stun_check check = {.username = bytes_of(name),
                               .password = bytes_of(a->remote_pwd),
                               .priority = PRIORITY,
                               .tie_breaker = 1,
                               .controlled = true};
    memcpy(check.transaction, proof->transaction, sizeof check.transaction);
    uint8_t at[STUN_MESSAGE_MAX];
    struct writer w = writer_on(at, sizeof at);
    stun_put_check(&w, &check);
    if (w.len + answered <= AMPLIFICATION_MAX * received)
        batch_datagram(out, from, (struct bytes){w.at, w.len});
}

static enum ice_result take_answer(struct ice_agent *a, const struct addr *from,
                                   const struct stun_message *m, int64_t now)
{
    int at = find_path(a, from);
    struct ice_proof *proof = at < 0 ? NULL : &a->proofs[at];
    if (!proof || !proof->is_asked || proof->is_given ||
        memcmp(m->transaction, proof->transaction, sizeof proof->transaction) != 0 ||
        !stun_authentic(m, bytes_of(a->remote_pwd)))
        return ICE_IGNORED;
    proof->is_given = true;
    a->heard_at[at] = now;
    choose(a, from, a->is_wanted && addr_equal(&a->wanted, from), a->fresh[at], now);
    return ICE_PROVEN;
}

static bool too_many(struct ice_agent *a, const struct addr *from, int64_t now)
{
    struct ice_source *oldest = &a->sources[0];
    struct ice_source *source = NULL;
    for (size_t i = 0; i < ICE_SOURCES_MAX && !source; i++) {
        if (addr_equal(&a->sources[i].from, from))
            source = &a->sources[i];
        else if (a->sources[i].window_at < oldest->window_at)
            oldest = &a->sources[i];
    }
    if (!source) {
        source = oldest;
        *source = (struct ice_source){.from = *from, .window_at = now};
    }
    if (now - source->window_at >= SECOND_US) {
        source->window_at = now;
        source->in_window = 0;
    }
    return ++source->in_window > ICE_CHECKS_PER_SECOND;
}

// Returns how long it is.
static size_t answer(const struct stun_message *request, const struct ice_credentials *c,
                     const struct addr *from, uint16_t error, struct batch *out)
{
    uint8_t at[STUN_MESSAGE_MAX];
    struct writer w = writer_on(at, sizeof at);
    stun_begin(&w, error ? STUN_BINDING_ERROR : STUN_BINDING_SUCCESS, request->transaction);
    if (error == STUN_UNKNOWN_ATTRIBUTE) {
        stun_put_error(&w, error, "Unknown Attribute");
        stun_put_unknown(&w, request->unknown, request->unknown_count);
    } else if (error) {
        stun_put_error(&w, error, "Role Conflict");
    } else {
        stun_put_address(&w, from);
    }
    stun_finish(&w, bytes_of(c->pwd));
    batch_datagram(out, from, (struct bytes){w.at, w.len});
    return w.len;
}

enum ice_result ice_receive(struct ice_agent *a, const struct addr *from, struct bytes datagram,
                            int64_t now, struct batch *out)
{
    // Counted before the work of authentication, which is what the bound is for.
    if (too_many(a, from, now))
        return ICE_TOO_MANY;

    struct stun_message m;
    if (stun_parse(&m, datagram))
        return ICE_MALFORMED;
    if (m.type == STUN_BINDING_SUCCESS)
        return take_answer(a, from, &m, now);
    if (m.type != STUN_BINDING_REQUEST)
        return ICE_IGNORED; // errors prove nothing, and indications only keep NATs open

    const uint8_t *colon = m.username.len ? memchr(m.username.at, ':', m.username.len) : NULL;
    if (!colon || !m.has_fingerprint) // RFC 8445 section 7.1.1: checks carry FINGERPRINT
        return ICE_MALFORMED;
    struct bytes ufrag = {m.username.at, (size_t)(colon - m.username.at)};
    bool fresh = is_ufrag(&a->local, ufrag);
    const struct ice_credentials *c = fresh ? &a->local : &a->old;
    if (!is_ufrag(c, ufrag) || !stun_authentic(&m, bytes_of(c->pwd)))
        return ICE_MALFORMED;

    if (m.unknown_count) {
        answer(&m, c, from, STUN_UNKNOWN_ATTRIBUTE, out);
        return ICE_ERROR;
    }
    // A lite agent cannot take the controlling role from a full one (RFC 8445 section 6.1.1),
    // so whoever says that it is controlled is asked to switch.
    if (m.controlled) {
        answer(&m, c, from, STUN_ROLE_CONFLICT, out);
        return ICE_ERROR;
    }

    add_path(a, from, fresh, now);
    choose(a, from, m.use_candidate, fresh, now);
    ask_back(a, from, datagram.len, answer(&m, c, from, 0, out), now, out);
    return ICE_ANSWERED;
}
