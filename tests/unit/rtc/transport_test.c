#include "transport_pair.h"

#include <jansson.h>

// From datagrams to packets: handshake, demultiplexing, and what is refused.

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
    transport_media_done(p->server.t, &p->client.addr, &input, p->now + SECOND);
    CHECK(transport_deadline(p->server.t) == before + SECOND);
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
    CHECK_EQ(srtp_seal(p->engine, &p->server.out, 0), 1);
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
