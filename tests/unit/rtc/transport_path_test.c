#include "transport_pair.h"

#include "rtc/ice.h"

// Where a transport sends, and how long: checks, nominations, restarts, silence.

TEST(credentials_have_the_promised_form)
{
    struct pair *p = pair_new();
    CHECK_EQ(strlen(transport_ufrag(p->server.t)), ICE_UFRAG_LEN);
    CHECK_EQ(strlen(transport_pwd(p->server.t)), ICE_PWD_LEN);
    CHECK_EQ(memcmp(transport_ufrag(p->server.t), "2a", 2), 0);
    CHECK(strcmp(transport_ufrag(p->server.t), transport_ufrag(p->client.t)) != 0);
    pair_free(p);
}

TEST(a_check_answers_with_the_address_it_came_from)
{
    struct pair *p = pair_new();
    struct stun_message answer;
    struct check_options o = {0};
    CHECK(check_with(p, &p->server, &p->client.addr, &o, &answer));
    CHECK_EQ(answer.type, STUN_BINDING_SUCCESS);
    CHECK(addr_equal(&answer.mapped, &p->client.addr));
    CHECK(answer.has_fingerprint);
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_CHECKED);
    pair_free(p);
}

TEST(a_check_with_a_wrong_password_or_name_gets_silence)
{
    struct pair *p = pair_new();
    struct stun_message answer;
    struct check_options wrong_pwd = {.pwd = "wrong", .nominate = true};
    struct check_options wrong_name = {.ufrag = "nobody", .nominate = true};
    CHECK(!check_with(p, &p->server, &p->client.addr, &wrong_pwd, &answer));
    CHECK(!check_with(p, &p->server, &p->client.addr, &wrong_name, &answer));
    CHECK_EQ(drops(&p->server, TRANSPORT_DROP_STUN), 2);
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_NEW);
    CHECK(transport_address(p->server.t) == NULL);
    pair_free(p);
}

TEST(a_peer_that_claims_to_be_controlled_gets_a_role_conflict)
{
    struct pair *p = pair_new();
    struct stun_message answer;
    struct check_options o = {.controlled = true};
    CHECK(check_with(p, &p->server, &p->client.addr, &o, &answer));
    CHECK_EQ(answer.type, STUN_BINDING_ERROR);
    CHECK_EQ(answer.error_code, 487);
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_NEW);
    pair_free(p);
}

TEST(checks_beyond_fifty_a_second_from_one_source_are_not_answered)
{
    struct pair *p = pair_new();
    for (int i = 0; i < 50; i++)
        CHECK(check(p, &p->server, &p->client.addr, false));
    CHECK(!check(p, &p->server, &p->client.addr, false));
    CHECK_EQ(drops(&p->server, TRANSPORT_DROP_STUN_RATE), 1);
    struct addr other = address("198.51.100.9:9");
    CHECK(check(p, &p->server, &other, false));
    p->now += SECOND;
    CHECK(check(p, &p->server, &p->client.addr, false));
    pair_free(p);
}

TEST(media_follows_the_last_nomination)
{
    struct pair *p = connected_pair();
    struct addr moved = address("198.51.100.9:9");
    uint32_t generation = transport_generation(p->server.t);
    CHECK(check(p, &p->server, &moved, false));
    CHECK(addr_equal(transport_address(p->server.t), &p->client.addr));
    CHECK(transport_generation(p->server.t) != generation);
    CHECK(check(p, &p->server, &moved, true));
    CHECK(addr_equal(transport_address(p->server.t), &moved));
    CHECK(addr_equal(&transport_path(p->server.t)->to, &moved));
    // The old address stays valid for what is still on its way.
    const struct addr *list;
    CHECK_EQ(transport_addresses(p->server.t, &list), 2);
    queue_rtp(&p->client, 1);
    give(p, &p->server, &p->client.addr, take_datagram(p, &p->client));
    CHECK_EQ(p->server.kind, TRANSPORT_INPUT_RTP);
    pair_free(p);
}

// Firefox nominates once. When its NAT gives it another port, its checks come from there and
// nominate nothing.
TEST(media_follows_the_newest_check_once_the_nominated_address_is_silent)
{
    struct pair *p = connected_pair();
    struct addr moved = address("198.51.100.9:9");
    p->now += 5 * SECOND;
    CHECK(check(p, &p->server, &moved, false));
    CHECK(addr_equal(transport_address(p->server.t), &moved));
    CHECK(addr_equal(&transport_path(p->server.t)->to, &moved));
    pair_free(p);
}

TEST(a_check_of_a_spare_pair_moves_no_media_while_the_chosen_one_lives)
{
    struct pair *p = connected_pair();
    struct addr spare = address("198.51.100.9:9");
    for (int i = 0; i < 10; i++) {
        p->now += 5 * SECOND / 2;
        CHECK(check(p, &p->server, &spare, false));
        CHECK(addr_equal(transport_address(p->server.t), &p->client.addr));
        CHECK(check(p, &p->server, &p->client.addr, false));
    }
    pair_free(p);
}

// The check came right after the NAT had changed its mind; what is authentic from the new
// address meanwhile says that the old one is gone.
TEST(media_from_the_new_address_moves_the_path_when_the_old_one_has_fallen_silent)
{
    struct pair *p = connected_pair();
    struct addr moved = address("198.51.100.9:9");
    p->now += SECOND;
    CHECK(check(p, &p->server, &moved, false));
    CHECK(addr_equal(transport_address(p->server.t), &p->client.addr));
    for (uint16_t seq = 1; seq <= 4; seq++) {
        CHECK(addr_equal(transport_address(p->server.t), &p->client.addr) == (seq < 2));
        p->now += SECOND;
        queue_rtp(&p->client, seq);
        struct bytes rtp = take_datagram(p, &p->client);
        uint8_t at[256];
        memcpy(at, rtp.at, rtp.len);
        struct srtp_input input;
        CHECK(transport_media_input(p->server.t, &moved, at, rtp.len, &input));
        srtp_unprotect_many(p->engine, &input, 1);
        transport_media_done(p->server.t, &moved, &input, p->now);
    }
    CHECK(addr_equal(&transport_path(p->server.t)->to, &moved));
    pair_free(p);
}

static void media_from(struct pair *p, const struct addr *from, uint16_t seq)
{
    queue_rtp(&p->client, seq);
    struct bytes rtp = take_datagram(p, &p->client);
    uint8_t at[256];
    memcpy(at, rtp.at, rtp.len);
    struct srtp_input input;
    CHECK(transport_media_input(p->server.t, from, at, rtp.len, &input));
    srtp_unprotect_many(p->engine, &input, 1);
    transport_media_done(p->server.t, from, &input, p->now);
}

// A phone leaves Wi-Fi. Its checks of that pair still reach us, our answers do not reach it: it
// sends over the other pair from now on, and says so in a check only seconds later.
TEST(media_goes_to_where_media_comes_from_though_the_old_pair_is_still_checked)
{
    struct pair *p = connected_pair();
    struct addr mobile = address("198.51.100.9:9");
    uint16_t seq = 1;
    for (; seq <= 100; seq++, p->now += SECOND / 50)
        media_from(p, &p->client.addr, seq);
    CHECK(check(p, &p->server, &mobile, false));
    CHECK(addr_equal(transport_address(p->server.t), &p->client.addr));
    for (uint16_t first = seq; seq < first + 30; seq++, p->now += SECOND / 50) {
        media_from(p, &mobile, seq);
        if (seq % 10 == 0)
            CHECK(check(p, &p->server, &p->client.addr, false));
    }
    CHECK(addr_equal(&transport_path(p->server.t)->to, &mobile));
    pair_free(p);
}

// What was under way when the peer chose another pair comes late.
TEST(media_that_comes_late_from_the_pair_before_moves_nothing)
{
    struct pair *p = connected_pair();
    struct addr mobile = address("198.51.100.9:9");
    p->now += 2 * SECOND;
    media_from(p, &p->client.addr, 1);
    CHECK(check(p, &p->server, &mobile, true));
    p->now += SECOND / 2;
    media_from(p, &p->client.addr, 2);
    CHECK(addr_equal(transport_address(p->server.t), &mobile));
    pair_free(p);
}

TEST(media_keeps_the_chosen_path_alive_without_checks)
{
    struct pair *p = connected_pair();
    struct addr spare = address("198.51.100.9:9");
    for (uint16_t seq = 1; seq <= 10; seq++) {
        p->now += SECOND;
        queue_rtp(&p->client, seq);
        struct bytes rtp = take_datagram(p, &p->client);
        uint8_t at[256];
        memcpy(at, rtp.at, rtp.len);
        struct srtp_input input;
        CHECK(transport_media_input(p->server.t, &p->client.addr, at, rtp.len, &input));
        srtp_unprotect_many(p->engine, &input, 1);
        transport_media_done(p->server.t, &p->client.addr, &input, p->now);
        CHECK(check(p, &p->server, &spare, false));
        CHECK(addr_equal(transport_address(p->server.t), &p->client.addr));
    }
    pair_free(p);
}

// --- Addresses that somebody else has ---

static size_t sent_to(const struct side *s, const struct addr *to)
{
    size_t octets = 0;
    for (uint32_t i = 0; i < s->out.run_count; i++)
        octets += addr_equal(&s->out.runs[i].to, to) ? s->out.runs[i].len : 0;
    return octets;
}

// The client knows credentials and keys, and forges the source of what it sends.
TEST(no_media_goes_to_an_address_that_does_not_answer)
{
    struct pair *p = connected_pair();
    struct addr victim = address("198.51.100.9:9");
    struct stun_message answer;
    struct check_options forged = {.nominate = true, .silent = true};
    uint16_t seq = 1;
    for (int i = 0; i < 60; i++) {
        p->now += SECOND;
        batch_reset(&p->server.out);
        CHECK(check_with(p, &p->server, &victim, &forged, &answer));
        CHECK(sent_to(&p->server, &victim) <= 3 * 108); // of what a check has
        CHECK(sent_to(&p->server, &victim) > 108);
        media_from(p, &victim, seq++); // authentic, from where it never was
        CHECK(addr_equal(transport_address(p->server.t), &p->client.addr));
        CHECK(addr_equal(&transport_path(p->server.t)->to, &p->client.addr));
    }
    // The same address is followed once it is the client's.
    p->now += SECOND;
    CHECK(check(p, &p->server, &victim, true));
    CHECK(addr_equal(transport_address(p->server.t), &victim));
    pair_free(p);
}

TEST(a_flood_of_checks_is_asked_back_once)
{
    struct pair *p = connected_pair();
    struct addr victim = address("198.51.100.9:9");
    struct stun_message answer;
    struct check_options forged = {.silent = true};
    size_t sent[20];
    for (int i = 0; i < 20; i++) {
        batch_reset(&p->server.out);
        CHECK(check_with(p, &p->server, &victim, &forged, &answer));
        sent[i] = sent_to(&p->server, &victim);
    }
    CHECK(sent[1] < sent[0]);
    for (int i = 2; i < 20; i++)
        CHECK_EQ(sent[i], sent[1]);
    // Either way may have lost one: a later check asks again.
    p->now += ICE_ASK_INTERVAL_US;
    batch_reset(&p->server.out);
    CHECK(check_with(p, &p->server, &victim, &forged, &answer));
    CHECK_EQ(sent_to(&p->server, &victim), sent[0]);
    pair_free(p);
}

TEST(an_answer_that_was_not_asked_for_proves_nothing)
{
    struct pair *p = connected_pair();
    struct addr victim = address("198.51.100.9:9");
    struct stun_message answer;
    struct check_options forged = {.nominate = true, .silent = true};
    CHECK(check_with(p, &p->server, &victim, &forged, &answer));
    static const uint8_t guess[STUN_TRANSACTION_LEN] = "a guess 1234";
    uint8_t at[STUN_MESSAGE_MAX];
    struct writer w = writer_on(at, sizeof at);
    stun_begin(&w, STUN_BINDING_SUCCESS, guess);
    stun_put_address(&w, &p->server.addr);
    stun_finish(&w, bytes_of(transport_pwd(p->client.t)));
    give(p, &p->server, &victim, (struct bytes){w.at, w.len});
    CHECK(addr_equal(transport_address(p->server.t), &p->client.addr));
    // The right answer, from another address that was checked.
    p->now += SECOND;
    uint32_t before = p->server.out.run_count;
    CHECK(check_with(p, &p->server, &victim, &forged, &answer));
    struct addr elsewhere = address("198.51.100.10:9");
    p->now += 5 * SECOND;
    CHECK(check_with(p, &p->server, &elsewhere, &forged, &answer));
    CHECK_EQ(answer_back(p, &p->server, &victim, &elsewhere, before), 1);
    CHECK(addr_equal(transport_address(p->server.t), &p->client.addr));
    CHECK_EQ(answer_back(p, &p->server, &victim, &victim, before), 1);
    // Meanwhile another was nominated, but the selected path is silent.
    CHECK(addr_equal(transport_address(p->server.t), &victim));
    pair_free(p);
}

// While the handshake is under way what is sent is of the server's choice, and it ends with
// something that only who received it could send.
TEST(a_handshake_proves_the_path_that_it_began_on_and_no_other)
{
    struct pair *p = pair_new();
    introduce(p);
    connect_paths(p);
    struct addr victim = address("198.51.100.9:9");
    struct stun_message answer;
    struct check_options forged = {.nominate = true, .silent = true};
    bool is_forged = false;
    while (deliver(p, &p->client, &p->server) + deliver(p, &p->server, &p->client)) {
        if (!is_forged)
            check_with(p, &p->server, &victim, &forged, &answer);
        is_forged = true;
    }
    CHECK(is_forged);
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_CONNECTED);
    CHECK(addr_equal(transport_address(p->server.t), &p->client.addr));
    pair_free(p);
}

TEST(who_was_lost_gets_nothing_where_it_does_not_answer)
{
    struct pair *p = connected_pair();
    p->now += 31 * SECOND;
    transport_expire(p->server.t, p->now, &p->server.out);
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_LOST);
    struct addr victim = address("198.51.100.9:9");
    struct stun_message answer;
    struct check_options forged = {.nominate = true, .silent = true};
    CHECK(check_with(p, &p->server, &victim, &forged, &answer));
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_LOST);
    CHECK(transport_path(p->server.t)->protect == NULL);
    queue_rtp(&p->client, 1);
    give(p, &p->server, &victim, take_datagram(p, &p->client));
    CHECK_EQ(p->server.kind, TRANSPORT_INPUT_NONE);
    p->now += SECOND;
    CHECK(check(p, &p->server, &victim, true));
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_CONNECTED);
    pair_free(p);
}

TEST(an_ice_restart_keeps_the_old_path_until_the_new_one_is_nominated)
{
    struct pair *p = connected_pair();
    char old_ufrag[64], old_pwd[64];
    strcpy(old_ufrag, transport_ufrag(p->server.t));
    strcpy(old_pwd, transport_pwd(p->server.t));
    transport_restart_ice(p->server.t);
    CHECK(strcmp(old_ufrag, transport_ufrag(p->server.t)) != 0);
    CHECK(transport_has_ufrag(p->server.t, bytes_of(old_ufrag)));
    CHECK(transport_has_ufrag(p->server.t, bytes_of(transport_ufrag(p->server.t))));

    queue_rtp(&p->server, 1);
    pump(p);
    CHECK_EQ(p->client.kind, TRANSPORT_INPUT_RTP);
    struct check_options old = {.ufrag = old_ufrag, .pwd = old_pwd};
    struct stun_message answer;
    CHECK(check_with(p, &p->server, &p->client.addr, &old, &answer));

    struct addr moved = address("198.51.100.9:9");
    CHECK(check(p, &p->server, &moved, false));
    CHECK(addr_equal(transport_address(p->server.t), &p->client.addr));
    CHECK(check(p, &p->server, &moved, true));
    CHECK(addr_equal(transport_address(p->server.t), &moved));

    // Now the old credentials and what they had checked are gone; the keys are not.
    CHECK(!check_with(p, &p->server, &p->client.addr, &old, &answer));
    const struct addr *list;
    CHECK_EQ(transport_addresses(p->server.t, &list), 1);
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_CONNECTED);
    pair_free(p);
}

TEST(thirty_seconds_of_silence_lose_the_peer)
{
    struct pair *p = connected_pair();
    p->now += 29 * SECOND;
    transport_expire(p->server.t, p->now, &p->server.out);
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_CONNECTED);
    queue_rtp(&p->client, 1);
    pump(p); // any authenticated packet is consent
    p->now += 29 * SECOND;
    transport_expire(p->server.t, p->now, &p->server.out);
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_CONNECTED);
    p->now += 1 * SECOND;
    CHECK(transport_deadline(p->server.t) == p->now);
    transport_expire(p->server.t, p->now, &p->server.out);
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_LOST);
    CHECK_EQ(transport_close_reason(p->server.t), TRANSPORT_SILENT);
    CHECK(transport_path(p->server.t)->protect == NULL);
    CHECK(transport_deadline(p->server.t) == NEVER);
    pair_free(p);
}

static void lose(struct pair *p)
{
    p->now += 31 * SECOND;
    transport_expire(p->server.t, p->now, &p->server.out);
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_LOST);
}

TEST(nothing_is_sent_to_a_peer_that_is_lost_and_its_media_is_no_consent)
{
    struct pair *p = connected_pair();
    queue_rtp(&p->server, 1); // in the same tick
    lose(p);
    static const uint8_t report[] = {0x80, 201, 0, 1, 0, 0, 0, 9};
    transport_send_rtcp(p->server.t, (struct bytes){report, sizeof report}, &p->server.out);
    CHECK_EQ(transport_send_sctp(p->server.t, bytes_of("DATA"), p->now, &p->server.out),
             ERR_WRONG_STATE);
    CHECK_EQ(deliver(p, &p->server, &p->client), 0);
    queue_rtp(&p->client, 1);
    deliver(p, &p->client, &p->server);
    CHECK_EQ(p->server.kind, TRANSPORT_INPUT_NONE);
    CHECK_EQ(drops(&p->server, TRANSPORT_DROP_MEDIA_SOURCE), 1);
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_LOST);
    const struct addr *list;
    CHECK_EQ(transport_addresses(p->server.t, &list), 0);
    transport_close(p->server.t, &p->server.out);
    CHECK_EQ(deliver(p, &p->server, &p->client), 0);
    pair_free(p);
}

TEST(a_lost_peer_that_restarts_ice_goes_on_with_the_same_keys)
{
    struct pair *p = connected_pair();
    queue_rtp(&p->server, 17);
    queue_rtp(&p->client, 17);
    pump(p);
    lose(p);
    transport_restart_ice(p->server.t);
    introduce_with(p, dtls_identity_fingerprint(p->client_identity));
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_LOST);
    p->client.addr = address("198.51.100.9:9"); // from another network
    CHECK(check(p, &p->server, &p->client.addr, false));
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_CONNECTED);
    CHECK_EQ(transport_close_reason(p->server.t), TRANSPORT_OPEN);
    queue_rtp(&p->server, 18);
    queue_rtp(&p->client, 18);
    pump(p);
    CHECK_EQ(p->client.kind, TRANSPORT_INPUT_RTP);
    CHECK(p->client.index == 18);
    CHECK_EQ(p->server.kind, TRANSPORT_INPUT_RTP);
    // A packet of before is still a replay.
    CHECK_EQ(drops(&p->server, TRANSPORT_DROP_REPLAY), 0);
    queue_rtp(&p->client, 17);
    pump(p);
    CHECK_EQ(drops(&p->server, TRANSPORT_DROP_REPLAY), 1);
    p->now += 30 * SECOND;
    CHECK(transport_deadline(p->server.t) == p->now); // and may be lost again
    pair_free(p);
}

TEST(a_check_with_a_wrong_password_brings_nobody_back)
{
    struct pair *p = connected_pair();
    lose(p);
    struct stun_message answer;
    struct check_options wrong = {.pwd = "wrong"};
    CHECK(!check_with(p, &p->server, &p->client.addr, &wrong, &answer));
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_LOST);
    pair_free(p);
}

TEST(a_peer_that_was_lost_before_its_handshake_can_still_make_it)
{
    struct pair *p = pair_new();
    introduce(p);
    lose(p);
    connect_paths(p);
    pump(p);
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_CONNECTED);
    pair_free(p);
}

TEST(forged_packets_are_no_consent)
{
    struct pair *p = connected_pair();
    p->now += 29 * SECOND;
    uint8_t forged[100] = {0x80, 96, 0, 1};
    give(p, &p->server, &p->client.addr, (struct bytes){forged, sizeof forged});
    struct stun_message answer;
    struct check_options wrong = {.pwd = "wrong"};
    CHECK(!check_with(p, &p->server, &p->client.addr, &wrong, &answer));
    p->now += SECOND;
    transport_expire(p->server.t, p->now, &p->server.out);
    CHECK_EQ(transport_close_reason(p->server.t), TRANSPORT_SILENT);
    pair_free(p);
}

TEST(a_handshake_without_progress_times_out_after_ten_seconds)
{
    struct pair *p = pair_new();
    introduce(p);
    CHECK(check(p, &p->server, &p->client.addr, true));
    p->now += 10 * SECOND - 1;
    transport_expire(p->server.t, p->now, &p->server.out);
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_CHECKED);
    p->now += 1;
    CHECK(transport_deadline(p->server.t) == p->now);
    transport_expire(p->server.t, p->now, &p->server.out);
    CHECK_EQ(transport_close_reason(p->server.t), TRANSPORT_TIMED_OUT);
    pair_free(p);
}
