#include "rtc/ice.h"
#include "rtc/stun.h"
#include "test.h"

// What transport_test does not reach: full tables, and STUN that is no check.

static struct addr source(uint16_t port)
{
    struct addr a;
    CHECK_EQ(addr_parse_ip(&a, "192.0.2.7", port), 0);
    return a;
}

static struct writer check_for(const struct ice_credentials *c, bool nominate, uint8_t *at)
{
    struct writer name = writer_on((uint8_t[ICE_UFRAG_LEN + 2]){0}, ICE_UFRAG_LEN + 2);
    put_bytes(&name, bytes_of(c->ufrag));
    put_bytes(&name, bytes_of(":x"));
    struct stun_check check = {
        .username = {name.at, name.len}, .password = bytes_of(c->pwd), .nominate = nominate};
    struct writer w = writer_on(at, STUN_MESSAGE_MAX);
    stun_put_check(&w, &check);
    return w;
}

static enum ice_result receive(struct ice_agent *a, const struct addr *from, struct writer w,
                               int64_t now)
{
    struct batch out = {0};
    enum ice_result result = ice_receive(a, from, test_exact_copy(w.at, w.len), now, &out);
    CHECK_EQ(out.run_count, result == ICE_ANSWERED || result == ICE_ERROR ? 1 : 0);
    batch_dispose(&out);
    return result;
}

static enum ice_result check(struct ice_agent *a, uint16_t port, bool nominate, int64_t now)
{
    struct addr from = source(port);
    uint8_t at[STUN_MESSAGE_MAX];
    return receive(a, &from, check_for(&a->local, nominate, at), now);
}

static struct ice_agent agent(void)
{
    struct rng rng = rng_seeded(3);
    struct ice_agent a;
    ice_init(&a, 7, &rng);
    return a;
}

TEST(the_ufrag_begins_with_the_worker)
{
    struct ice_agent a = agent();
    CHECK_EQ(memcmp(a.local.ufrag, "07", 2), 0);
    CHECK(ice_has_ufrag(&a, bytes_of(a.local.ufrag)));
    CHECK(!ice_has_ufrag(&a, bytes_of("")));
    CHECK(!ice_has_ufrag(&a, bytes_of("07")));
}

TEST(the_quietest_path_makes_room_but_never_the_selected_one)
{
    struct ice_agent a = agent();
    CHECK_EQ(check(&a, 1, true, 10), ICE_ANSWERED);
    for (uint16_t port = 2; port <= ICE_PATHS_MAX; port++)
        CHECK_EQ(check(&a, port, false, 10 + port), ICE_ANSWERED);
    struct addr two = source(2), three = source(3);
    ice_heard(&a, &two, 500);
    CHECK_EQ(check(&a, 99, false, 1000), ICE_ANSWERED);
    struct addr one = source(1), newest = source(99);
    CHECK(ice_is_checked(&a, &one)); // selected, though silent for longest
    CHECK(ice_is_checked(&a, &two)); // heard since
    CHECK(!ice_is_checked(&a, &three));
    CHECK(ice_is_checked(&a, &newest));
    CHECK_EQ(a.path_count, ICE_PATHS_MAX);
}

TEST(a_repeated_check_changes_no_generation)
{
    struct ice_agent a = agent();
    CHECK_EQ(check(&a, 1, false, 10), ICE_ANSWERED);
    uint32_t generation = a.generation;
    CHECK_EQ(check(&a, 1, true, 20), ICE_ANSWERED);
    CHECK_EQ(a.generation, generation);
}

TEST(without_a_nomination_the_last_checked_address_is_used)
{
    struct ice_agent a = agent();
    check(&a, 1, false, 10);
    check(&a, 2, false, 20);
    struct addr two = source(2);
    CHECK(addr_equal(&a.selected, &two));
    check(&a, 1, true, 30);
    check(&a, 2, false, 40);
    struct addr one = source(1);
    CHECK(addr_equal(&a.selected, &one));
}

// A NAT that changes its mind with every packet.
TEST(without_a_nomination_the_path_moves_once_a_second_at_most)
{
    struct ice_agent a = agent();
    enum { MS = 1000 };
    check(&a, 1, true, 0);
    unsigned moves = 0;
    struct addr last = a.selected;
    for (uint16_t i = 0; i < 100; i++) {
        check(&a, (uint16_t)(10 + i), false, 3000 * MS + i * 20 * MS);
        moves += !addr_equal(&a.selected, &last);
        last = a.selected;
    }
    CHECK_EQ(moves, 1); // the one that it moved to was heard less than three seconds ago
    check(&a, 200, false, 3500 * MS);
    check(&a, 201, true, 3501 * MS); // a nomination is followed at once
    struct addr nominated = source(201);
    CHECK(addr_equal(&a.selected, &nominated));
}

TEST(an_unknown_attribute_is_answered_420)
{
    struct ice_agent a = agent();
    uint8_t at[STUN_MESSAGE_MAX];
    struct writer w = writer_on(at, sizeof at);
    static const uint8_t transaction[STUN_TRANSACTION_LEN] = "0123456789a";
    char name[] = "............:x";
    memcpy(name, a.local.ufrag, ICE_UFRAG_LEN);
    stun_begin(&w, STUN_BINDING_REQUEST, transaction);
    stun_put_bytes(&w, STUN_USERNAME, bytes_of(name));
    stun_put_u32(&w, 0x7fff, 0);
    stun_finish(&w, bytes_of(a.local.pwd));
    struct addr from = source(1);
    struct batch out = {0};
    CHECK_EQ(ice_receive(&a, &from, test_exact_copy(w.at, w.len), 0, &out), ICE_ERROR);
    struct stun_message answer;
    CHECK_EQ(stun_parse(&answer, (struct bytes){out.runs[0].at, out.runs[0].len}), 0);
    CHECK_EQ(answer.error_code, 420);
    CHECK(!ice_is_checked(&a, &from));
    batch_dispose(&out);
}

TEST(a_check_without_a_fingerprint_gets_silence)
{
    struct ice_agent a = agent();
    uint8_t at[STUN_MESSAGE_MAX];
    struct writer w = check_for(&a.local, true, at);
    w.len -= 8;
    write_u16(w.at + 2, (uint16_t)(w.len - STUN_HEADER_LEN));
    struct addr from = source(1);
    CHECK_EQ(receive(&a, &from, w, 0), ICE_MALFORMED);
    CHECK(!ice_is_checked(&a, &from));
}

TEST(responses_and_indications_are_ignored)
{
    struct ice_agent a = agent();
    static const uint16_t types[] = {STUN_BINDING_SUCCESS, STUN_BINDING_ERROR,
                                     STUN_BINDING_INDICATION};
    static const uint8_t transaction[STUN_TRANSACTION_LEN] = "0123456789a";
    struct addr from = source(1);
    for (size_t i = 0; i < 3; i++) {
        uint8_t at[STUN_MESSAGE_MAX];
        struct writer w = writer_on(at, sizeof at);
        stun_begin(&w, (enum stun_type)types[i], transaction);
        stun_finish(&w, bytes_of(a.local.pwd));
        CHECK_EQ(receive(&a, &from, w, 0), ICE_IGNORED);
        CHECK(!ice_is_checked(&a, &from));
    }
}

TEST(a_second_restart_keeps_the_credentials_that_carry_media)
{
    struct ice_agent a = agent();
    struct rng rng = rng_seeded(4);
    check(&a, 1, true, 10);
    struct ice_credentials first = a.local;
    ice_restart(&a, &rng);
    struct ice_credentials second = a.local;
    ice_restart(&a, &rng);
    CHECK(ice_has_ufrag(&a, bytes_of(first.ufrag)));
    CHECK(!ice_has_ufrag(&a, bytes_of(second.ufrag)));
    CHECK_EQ(check(&a, 2, true, 20), ICE_ANSWERED);
    CHECK(!ice_has_ufrag(&a, bytes_of(first.ufrag)));
    struct addr one = source(1);
    CHECK(!ice_is_checked(&a, &one));
}

TEST(sources_that_flood_are_counted_apart_and_in_bounded_memory)
{
    struct ice_agent a = agent();
    for (int round = 0; round < ICE_CHECKS_PER_SECOND; round++)
        CHECK_EQ(check(&a, 1, false, 1000), ICE_ANSWERED);
    CHECK_EQ(check(&a, 1, false, 1000), ICE_TOO_MANY);
    for (uint16_t port = 2; port < 200; port++)
        CHECK_EQ(check(&a, port, false, 1000 + port), ICE_ANSWERED);
}
