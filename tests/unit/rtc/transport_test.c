#include "base/err.h"
#include "base/limits.h"
#include "rtc/dtls.h"
#include "rtc/stun.h"
#include "rtc/transport.h"
#include "test.h"

#include <jansson.h>
#include <stdio.h>

// Two transports in memory, one the DTLS server and one the client, and between them a network
// that loses nothing. Both are lite agents, so the test sends the checks of both peers.

enum { INBOX_MAX = 64, SECOND = 1000000 };

struct side {
    struct transport *t;
    struct addr addr;
    struct batch out;
    uint8_t packet[DATAGRAM_MAX]; // the last thing that came out of it
    size_t len;
    uint64_t index;
    enum transport_input kind;
    int received[TRANSPORT_INPUT_SCTP + 1];
    size_t largest_datagram; // that it sent
};

struct pair {
    struct srtp_engine *engine;
    struct dtls_identity *server_identity;
    struct dtls_identity *client_identity;
    struct rng rng;
    struct side server;
    struct side client;
    int64_t now;
};

static struct addr address(const char *text)
{
    struct addr a;
    CHECK_EQ(addr_parse(&a, text), 0);
    return a;
}

static struct pair *pair_new(void)
{
    struct pair *p = calloc(1, sizeof *p);
    p->engine = srtp_engine_best();
    p->server_identity = dtls_identity_new();
    p->client_identity = dtls_identity_new();
    p->rng = rng_seeded(7);
    p->now = 1000 * SECOND;
    struct transport_config config = {
        .engine = p->engine, .identity = p->server_identity, .rng = &p->rng, .worker = 0x2a};
    p->server.t = transport_new(&config, p->now);
    config.identity = p->client_identity;
    p->client.t = transport_new(&config, p->now);
    p->server.addr = address("203.0.113.1:7000");
    p->client.addr = address("[2001:db8::7]:50000");
    return p;
}

static void pair_free(struct pair *p)
{
    batch_dispose(&p->server.out); // names the paths of the transports
    batch_dispose(&p->client.out);
    transport_free(p->server.t);
    transport_free(p->client.t);
    dtls_identity_free(p->server_identity);
    dtls_identity_free(p->client_identity);
    srtp_engine_free(p->engine);
    free(p);
}

static void keep(struct side *s, const struct transport_received *r)
{
    s->kind = r->kind;
    s->received[r->kind]++;
    if (r->kind == TRANSPORT_INPUT_NONE)
        return;
    memcpy(s->packet, r->packet.at, r->packet.len);
    s->len = r->packet.len;
    s->index = r->index;
}

static void give(struct pair *p, struct side *to, const struct addr *from,
                 struct bytes datagram)
{
    uint8_t *copy = (uint8_t *)test_exact_copy(datagram.at, datagram.len).at;
    struct transport_received r;
    transport_receive(to->t, from, copy, datagram.len, p->now, &to->out, &r);
    keep(to, &r);
    while (transport_more(to->t, &r))
        keep(to, &r);
}

// Delivers what `from` has queued; returns how many datagrams that were.
static size_t deliver(struct pair *p, struct side *from, struct side *to)
{
    struct batch tick = from->out;
    from->out = (struct batch){0};
    srtp_seal(p->engine, &tick);
    size_t count = 0;
    for (uint32_t i = 0; i < tick.run_count; i++) {
        const struct batch_run *run = &tick.runs[i];
        for (uint32_t at = 0; at < run->len; at += run->segment_len, count++) {
            size_t len = run->len - at < run->segment_len ? run->len - at : run->segment_len;
            if (len > from->largest_datagram)
                from->largest_datagram = len;
            if (to && addr_equal(&run->to, &to->addr))
                give(p, to, &from->addr, (struct bytes){run->at + at, len});
        }
    }
    batch_dispose(&tick);
    return count;
}

static void pump(struct pair *p)
{
    while (deliver(p, &p->server, &p->client) + deliver(p, &p->client, &p->server))
        ;
}

static void introduce_with(struct pair *p, const uint8_t *client_fingerprint)
{
    struct transport_remote remote = {.dtls_client = true};
    strcpy(remote.ufrag, transport_ufrag(p->client.t));
    strcpy(remote.pwd, transport_pwd(p->client.t));
    memcpy(remote.fingerprint, client_fingerprint, FINGERPRINT_LEN);
    transport_set_remote(p->server.t, &remote, p->now);
}

static void introduce_server(struct pair *p)
{
    struct transport_remote remote = {.dtls_client = false};
    strcpy(remote.ufrag, transport_ufrag(p->server.t));
    strcpy(remote.pwd, transport_pwd(p->server.t));
    memcpy(remote.fingerprint, dtls_identity_fingerprint(p->server_identity), FINGERPRINT_LEN);
    transport_set_remote(p->client.t, &remote, p->now);
}

static void introduce(struct pair *p)
{
    introduce_with(p, dtls_identity_fingerprint(p->client_identity));
    introduce_server(p);
}

struct check_options {
    bool nominate;
    bool controlled;
    const char *ufrag; // of the receiver; NULL for its present one
    const char *pwd;
};

// Sends a check and reads the answer. False when there was none.
static bool check_with(struct pair *p, struct side *to, const struct addr *from,
                       const struct check_options *o, struct stun_message *answer)
{
    char username[64];
    snprintf(username, sizeof username, "%s:peer",
             o->ufrag ? o->ufrag : transport_ufrag(to->t));
    struct stun_check check = {.username = bytes_of(username),
                               .password = bytes_of(o->pwd ? o->pwd : transport_pwd(to->t)),
                               .transaction = "transaction",
                               .nominate = o->nominate,
                               .controlled = o->controlled};
    uint8_t at[STUN_MESSAGE_MAX];
    struct writer w = writer_on(at, sizeof at);
    stun_put_check(&w, &check);
    uint32_t before = to->out.run_count;
    give(p, to, from, (struct bytes){w.at, w.len});
    if (to->out.run_count == before)
        return false;
    const struct batch_run *run = &to->out.runs[before];
    CHECK(addr_equal(&run->to, from));
    struct bytes reply = test_exact_copy(run->at, run->len);
    CHECK_EQ(stun_parse(answer, reply), 0);
    CHECK(stun_authentic(answer, check.password));
    return true;
}

static bool check(struct pair *p, struct side *to, const struct addr *from, bool nominate)
{
    struct stun_message answer;
    struct check_options o = {.nominate = nominate};
    return check_with(p, to, from, &o, &answer) && answer.type == STUN_BINDING_SUCCESS;
}

static void connect_paths(struct pair *p)
{
    CHECK(check(p, &p->client, &p->server.addr, true));
    CHECK(check(p, &p->server, &p->client.addr, true));
}

static struct pair *connected_pair(void)
{
    struct pair *p = pair_new();
    introduce(p);
    connect_paths(p);
    pump(p);
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_CONNECTED);
    CHECK_EQ(transport_state(p->client.t), TRANSPORT_CONNECTED);
    return p;
}

static const uint8_t rtp_head[12] = {0x80, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3};
static const char payload[] = "a payload of some octets";

static void queue_rtp(struct side *s, uint16_t seq)
{
    struct batch_packet *packet = batch_media(&s->out, transport_path(s->t));
    packet->kind = BATCH_RTP;
    packet->head_len = packet->clear_len = sizeof rtp_head;
    packet->index = seq;
    packet->payload = bytes_of(payload);
    memcpy(packet->head, rtp_head, sizeof rtp_head);
    write_u16(packet->head + 2, seq);
}

// What leaves `s` next, as it is on the wire.
static struct bytes take_datagram(struct pair *p, struct side *s)
{
    srtp_seal(p->engine, &s->out);
    CHECK(s->out.run_count > 0);
    const struct batch_run *run = &s->out.runs[s->out.run_count - 1];
    struct bytes copy = test_exact_copy(run->at, run->segment_len);
    batch_reset(&s->out);
    return copy;
}

static uint64_t drops(const struct side *s, enum transport_drop why)
{
    return transport_drops(s->t)[why];
}

TEST(two_transports_connect_and_exchange_rtp_rtcp_and_sctp)
{
    struct pair *p = connected_pair();
    queue_rtp(&p->server, 17);
    pump(p);
    CHECK_EQ(p->client.kind, TRANSPORT_INPUT_RTP);
    CHECK(p->client.index == 17);
    CHECK_EQ(p->client.len, 12 + sizeof payload - 1);
    CHECK_EQ(memcmp(p->client.packet + 12, payload, sizeof payload - 1), 0);

    static const uint8_t report[] = {0x80, 201, 0, 1, 0, 0, 0, 9, 0x81, 206,
                                     0,    2,   0, 0, 0, 9, 0, 0, 0,    3};
    transport_send_rtcp(p->client.t, (struct bytes){report, sizeof report}, &p->client.out);
    pump(p);
    CHECK_EQ(p->server.kind, TRANSPORT_INPUT_RTCP);
    CHECK_BYTES(((struct bytes){p->server.packet, p->server.len}), report, sizeof report);

    CHECK_EQ(transport_send_sctp(p->client.t, bytes_of("INIT"), p->now, &p->client.out), 0);
    pump(p);
    CHECK_EQ(p->server.kind, TRANSPORT_INPUT_SCTP);
    CHECK_BYTES(((struct bytes){p->server.packet, p->server.len}), "INIT", 4);
    for (int i = 0; i < TRANSPORT_DROP_COUNT; i++) {
        CHECK_EQ(drops(&p->server, (enum transport_drop)i), 0);
        CHECK_EQ(drops(&p->client, (enum transport_drop)i), 0);
    }
    pair_free(p);
}

TEST(no_datagram_of_the_handshake_is_longer_than_the_mtu)
{
    struct pair *p = connected_pair();
    CHECK(p->server.largest_datagram > 0 && p->server.largest_datagram <= 1200);
    CHECK(p->client.largest_datagram > 0 && p->client.largest_datagram <= 1200);
    pair_free(p);
}

TEST(credentials_have_the_promised_form)
{
    struct pair *p = pair_new();
    CHECK_EQ(strlen(transport_ufrag(p->server.t)), ICE_UFRAG_LEN);
    CHECK_EQ(strlen(transport_pwd(p->server.t)), ICE_PWD_LEN);
    CHECK_EQ(memcmp(transport_ufrag(p->server.t), "2a", 2), 0);
    CHECK(strcmp(transport_ufrag(p->server.t), transport_ufrag(p->client.t)) != 0);
    pair_free(p);
}

TEST(a_handshake_that_comes_before_the_answer_is_taken_up_when_it_arrives)
{
    struct pair *p = pair_new();
    introduce_server(p);
    connect_paths(p);
    pump(p);
    CHECK_EQ(transport_state(p->client.t), TRANSPORT_CONNECTED);
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_CHECKED);
    queue_rtp(&p->client, 1);
    pump(p);
    CHECK_EQ(drops(&p->server, TRANSPORT_DROP_MEDIA_EARLY), 1);
    introduce_with(p, dtls_identity_fingerprint(p->client_identity));
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_CONNECTED);
    pair_free(p);
}

TEST(a_client_that_learns_of_its_role_after_the_check_starts_at_once)
{
    struct pair *p = pair_new();
    connect_paths(p);
    introduce(p);
    CHECK(transport_deadline(p->client.t) <= p->now);
    transport_expire(p->client.t, p->now, &p->client.out);
    pump(p);
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_CONNECTED);
    pair_free(p);
}

TEST(a_wrong_fingerprint_never_connects)
{
    struct pair *p = pair_new();
    uint8_t wrong[FINGERPRINT_LEN];
    memcpy(wrong, dtls_identity_fingerprint(p->client_identity), sizeof wrong);
    wrong[31] ^= 1;
    introduce_with(p, wrong);
    introduce_server(p);
    connect_paths(p);
    pump(p);
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_CLOSED);
    CHECK_EQ(transport_close_reason(p->server.t), TRANSPORT_FINGERPRINT);
    CHECK_EQ(transport_path(p->server.t)->protect == NULL, 1);
    CHECK_EQ(transport_send_sctp(p->server.t, bytes_of("x"), p->now, &p->server.out),
             ERR_WRONG_STATE);
    pair_free(p);
}

TEST(a_fingerprint_that_changes_later_closes)
{
    struct pair *p = connected_pair();
    introduce_with(p, dtls_identity_fingerprint(p->server_identity));
    CHECK_EQ(transport_close_reason(p->server.t), TRANSPORT_FINGERPRINT);
    pair_free(p);
}

TEST(dtls_from_an_unchecked_address_is_dropped)
{
    struct pair *p = pair_new();
    introduce(p);
    CHECK(check(p, &p->client, &p->server.addr, true)); // its ClientHello is under way
    pump(p);
    CHECK_EQ(drops(&p->server, TRANSPORT_DROP_DTLS_SOURCE), 1);
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_NEW);
    CHECK_EQ(p->server.out.run_count, 0);
    pair_free(p);
}

TEST(media_from_an_unchecked_address_is_dropped)
{
    struct pair *p = connected_pair();
    struct addr stranger = address("198.51.100.9:9");
    queue_rtp(&p->client, 1);
    struct bytes datagram = take_datagram(p, &p->client);
    give(p, &p->server, &stranger, datagram);
    CHECK_EQ(p->server.kind, TRANSPORT_INPUT_NONE);
    CHECK_EQ(drops(&p->server, TRANSPORT_DROP_MEDIA_SOURCE), 1);
    struct srtp_input input;
    uint8_t *copy = (uint8_t *)test_exact_copy(datagram.at, datagram.len).at;
    CHECK(!transport_media_input(p->server.t, &stranger, copy, datagram.len, &input));
    pair_free(p);
}

TEST(a_tampered_and_a_replayed_packet_are_dropped_and_the_session_lives)
{
    struct pair *p = connected_pair();
    queue_rtp(&p->client, 5);
    struct bytes datagram = take_datagram(p, &p->client);
    uint8_t tampered[256];
    memcpy(tampered, datagram.at, datagram.len);
    tampered[datagram.len - 1] ^= 1;
    give(p, &p->server, &p->client.addr, (struct bytes){tampered, datagram.len});
    CHECK_EQ(drops(&p->server, TRANSPORT_DROP_SRTP), 1);
    give(p, &p->server, &p->client.addr, datagram);
    CHECK_EQ(p->server.kind, TRANSPORT_INPUT_RTP);
    give(p, &p->server, &p->client.addr, datagram);
    CHECK_EQ(p->server.kind, TRANSPORT_INPUT_NONE);
    CHECK_EQ(drops(&p->server, TRANSPORT_DROP_REPLAY), 1);
    queue_rtp(&p->client, 6);
    pump(p);
    CHECK_EQ(p->server.kind, TRANSPORT_INPUT_RTP);
    pair_free(p);
}

TEST(the_batch_path_takes_rtp_only)
{
    struct pair *p = connected_pair();
    static const uint8_t report[] = {0x80, 201, 0, 1, 0, 0, 0, 9};
    transport_send_rtcp(p->client.t, (struct bytes){report, sizeof report}, &p->client.out);
    struct bytes rtcp = take_datagram(p, &p->client);
    queue_rtp(&p->client, 40);
    struct bytes rtp = take_datagram(p, &p->client);

    struct srtp_input input;
    uint8_t at[256];
    memcpy(at, rtcp.at, rtcp.len);
    CHECK(!transport_media_input(p->server.t, &p->client.addr, at, rtcp.len, &input));
    memcpy(at, rtp.at, rtp.len);
    CHECK(transport_media_input(p->server.t, &p->client.addr, at, rtp.len, &input));
    srtp_unprotect_many(p->engine, &input, 1);
    CHECK_EQ(input.result, 12 + (int)sizeof payload - 1);
    CHECK(input.index == 40);
    int64_t before = transport_deadline(p->server.t);
    transport_media_done(p->server.t, &input, p->now + SECOND);
    CHECK(transport_deadline(p->server.t) == before + SECOND);
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

TEST(thirty_seconds_of_silence_close)
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
    CHECK_EQ(transport_close_reason(p->server.t), TRANSPORT_SILENT);
    CHECK(transport_path(p->server.t)->protect == NULL);
    CHECK(transport_deadline(p->server.t) == NEVER);
    pump(p); // its close_notify
    CHECK_EQ(transport_close_reason(p->client.t), TRANSPORT_CLOSED_BY_PEER);
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

TEST(garbage_during_the_handshake_ends_nothing)
{
    struct pair *p = pair_new();
    introduce(p);
    CHECK(check(p, &p->server, &p->client.addr, true));
    static const uint8_t fatal_alert[] = {21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 2, 40};
    static const uint8_t bad_message[] = {22,  254, 253, 0, 0, 0, 0, 0, 0, 0, 2, 0, 16, 1, 255,
                                          255, 255, 0,   0, 0, 0, 0, 0, 0, 4, 1, 2, 3,  4};
    static const uint8_t bad_hello[] = {22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 3, 0, 16, 1, 0,
                                        0,  4,   0,   0, 0, 0, 0, 0, 0, 4, 9, 9, 9,  9};
    give(p, &p->server, &p->client.addr, (struct bytes){fatal_alert, sizeof fatal_alert});
    give(p, &p->server, &p->client.addr, (struct bytes){bad_message, sizeof bad_message});
    give(p, &p->server, &p->client.addr, (struct bytes){bad_hello, sizeof bad_hello});
    CHECK_EQ(drops(&p->server, TRANSPORT_DROP_DTLS), 3);
    CHECK(check(p, &p->client, &p->server.addr, true));
    pump(p);
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_CONNECTED);
    // And a forged alert ends no connection that is up.
    give(p, &p->server, &p->client.addr, (struct bytes){fatal_alert, sizeof fatal_alert});
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_CONNECTED);
    pair_free(p);
}

TEST(close_says_goodbye_and_the_peer_hears_it)
{
    struct pair *p = connected_pair();
    transport_close(p->server.t, &p->server.out);
    CHECK_EQ(transport_close_reason(p->server.t), TRANSPORT_CLOSED_HERE);
    pump(p);
    CHECK_EQ(transport_close_reason(p->client.t), TRANSPORT_CLOSED_BY_PEER);
    pair_free(p);
}

TEST(media_queued_before_the_close_does_not_leave)
{
    struct pair *p = connected_pair();
    queue_rtp(&p->server, 1);
    transport_close(p->server.t, &p->server.out);
    CHECK_EQ(srtp_seal(p->engine, &p->server.out), 1);
    pair_free(p);
}

TEST(several_sctp_packets_of_one_datagram_all_arrive)
{
    struct pair *p = connected_pair();
    CHECK_EQ(transport_send_sctp(p->client.t, bytes_of("one"), p->now, &p->client.out), 0);
    CHECK_EQ(transport_send_sctp(p->client.t, bytes_of("two"), p->now, &p->client.out), 0);
    uint8_t joined[512];
    size_t len = 0;
    for (uint32_t i = 0; i < p->client.out.run_count; i++) {
        memcpy(joined + len, p->client.out.runs[i].at, p->client.out.runs[i].len);
        len += p->client.out.runs[i].len;
    }
    batch_reset(&p->client.out);
    give(p, &p->server, &p->client.addr, (struct bytes){joined, len});
    CHECK_EQ(p->server.received[TRANSPORT_INPUT_SCTP], 2);
    CHECK_BYTES(((struct bytes){p->server.packet, p->server.len}), "two", 3);
    pair_free(p);
}

TEST(an_overlong_datagram_is_dropped)
{
    struct pair *p = connected_pair();
    static const uint8_t long_one[DATAGRAM_MAX + 1] = {0x80, 96};
    give(p, &p->server, &p->client.addr, (struct bytes){long_one, sizeof long_one});
    CHECK_EQ(drops(&p->server, TRANSPORT_DROP_UNKNOWN), 1);
    pair_free(p);
}

TEST(first_octets_are_told_apart_as_in_rfc_9443)
{
    struct bytes text = test_file("tests/vectors/rfc/rfc9443-demux.json");
    json_t *root = json_loadb((const char *)text.at, text.len, 0, NULL);
    assert_non_null(root);
    int seen = 0;
    size_t i;
    json_t *range;
    json_array_foreach(json_object_get(root, "ranges"), i, range)
    {
        const char *to = json_string_value(json_object_get(range, "to"));
        enum transport_protocol expected = TRANSPORT_PROTOCOL_UNKNOWN;
        if (strcmp(to, "STUN") == 0)
            expected = TRANSPORT_PROTOCOL_STUN;
        else if (strcmp(to, "DTLS") == 0)
            expected = TRANSPORT_PROTOCOL_DTLS;
        else if (strncmp(to, "RTP/RTCP", 8) == 0)
            expected = TRANSPORT_PROTOCOL_RTP;
        json_int_t low = json_integer_value(json_object_get(range, "lo"));
        json_int_t high = json_integer_value(json_object_get(range, "hi"));
        for (json_int_t first = low; first <= high; first++, seen++) {
            uint8_t datagram[] = {(uint8_t)first, 96};
            CHECK_EQ(transport_protocol_of((struct bytes){datagram, 2}), expected);
        }
    }
    CHECK_EQ(seen, 256);
    json_decref(root);
}

TEST(the_second_octet_tells_rtcp_from_rtp)
{
    for (int second = 0; second < 256; second++) {
        uint8_t datagram[] = {0x80, (uint8_t)second};
        CHECK_EQ(transport_protocol_of((struct bytes){datagram, 2}),
                 second >= 192 && second <= 223 ? TRANSPORT_PROTOCOL_RTCP
                                                : TRANSPORT_PROTOCOL_RTP);
    }
    CHECK_EQ(transport_protocol_of((struct bytes){0}), TRANSPORT_PROTOCOL_UNKNOWN);
    uint8_t lone = 0x80;
    CHECK_EQ(transport_protocol_of((struct bytes){&lone, 1}), TRANSPORT_PROTOCOL_UNKNOWN);
}
