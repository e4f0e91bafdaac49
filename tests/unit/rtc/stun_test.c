#include "base/err.h"
#include "rtc/stun.h"
#include "test.h"
#include "vectors.h"

#include <stdio.h>

static struct addr mapped_v4(void)
{
    struct addr a;
    CHECK_EQ(addr_parse(&a, "192.0.2.1:32853"), 0);
    return a;
}

static struct addr mapped_v6(void)
{
    struct addr a;
    CHECK_EQ(addr_parse(&a, "[2001:db8:1234:5678:11:2233:4455:6677]:32853"), 0);
    return a;
}

TEST(every_vector_of_rfc_5769_parses_and_is_authentic)
{
    json_t *root = load("tests/vectors/rfc/rfc5769-stun.json");
    size_t i;
    json_t *vector;
    json_array_foreach(json_object_get(root, "vectors"), i, vector)
    {
        struct stun_message m;
        CHECK_EQ(stun_parse(&m, hex_member(vector, "packet")), 0);
        CHECK(stun_authentic(&m, hex_member(vector, "hmac_key")));
        CHECK(!stun_authentic(&m, bytes_of("another key")));
    }
    CHECK_EQ(i, 4);
    json_decref(root);
}

TEST(every_must_fail_of_rfc_5769_is_refused)
{
    json_t *root = load("tests/vectors/rfc/rfc5769-stun.json");
    struct bytes key = bytes_of("VOkJxbRl1RmTxUk/WvJxBt");
    size_t i;
    json_t *bad;
    json_array_foreach(json_object_get(root, "must_fail"), i, bad)
    {
        struct stun_message m;
        if (stun_parse(&m, hex_member(bad, "packet")) == 0)
            CHECK(!stun_authentic(&m, key));
    }
    CHECK_EQ(i, 10);
    json_decref(root);
}

static struct bytes vector_packet(json_t *root, size_t at)
{
    return hex_member(json_array_get(json_object_get(root, "vectors"), at), "packet");
}

TEST(reads_the_attributes_of_a_check)
{
    json_t *root = load("tests/vectors/rfc/rfc5769-stun.json");
    struct stun_message m;
    CHECK_EQ(stun_parse(&m, vector_packet(root, 0)), 0);
    CHECK_EQ(m.type, STUN_BINDING_REQUEST);
    CHECK_BYTES(m.username, "evtj:h6vY", 9);
    CHECK(m.has_priority);
    CHECK_EQ(m.priority, 0x6e0001ff);
    CHECK(m.controlled);
    CHECK(!m.controlling);
    CHECK(m.tie_breaker == 0x932ff9b151263b36);
    CHECK(!m.use_candidate);
    CHECK(m.has_fingerprint);
    struct bytes ufrag;
    CHECK(stun_peek_ufrag(m.datagram, &ufrag));
    CHECK_BYTES(ufrag, "evtj", 4);
    json_decref(root);
}

TEST(reads_mapped_addresses_of_both_families)
{
    json_t *root = load("tests/vectors/rfc/rfc5769-stun.json");
    struct stun_message m;
    struct addr v4 = mapped_v4(), v6 = mapped_v6();
    CHECK_EQ(stun_parse(&m, vector_packet(root, 1)), 0);
    CHECK(m.has_mapped && addr_equal(&m.mapped, &v4));
    CHECK_EQ(stun_parse(&m, vector_packet(root, 2)), 0);
    CHECK(m.has_mapped && addr_equal(&m.mapped, &v6));
    json_decref(root);
}

TEST(an_attribute_after_the_integrity_is_not_believed)
{
    static const uint8_t transaction[STUN_TRANSACTION_LEN] = "abcdefghijkl";
    uint8_t at[STUN_MESSAGE_MAX];
    struct writer w = writer_on(at, sizeof at);
    stun_begin(&w, STUN_BINDING_REQUEST, transaction);
    stun_finish(&w, bytes_of("key"));
    w.len -= 8; // instead of FINGERPRINT
    stun_put_bytes(&w, STUN_USERNAME, bytes_of("mallory:x"));
    struct stun_message m;
    CHECK_EQ(stun_parse(&m, test_exact_copy(w.at, w.len)), 0);
    CHECK(stun_authentic(&m, bytes_of("key")));
    CHECK_EQ(m.username.len, 0);
}

TEST(every_prefix_of_a_check_is_malformed)
{
    json_t *root = load("tests/vectors/rfc/rfc5769-stun.json");
    struct bytes whole = vector_packet(root, 0);
    for (size_t len = 0; len < whole.len; len++) {
        struct stun_message m;
        CHECK_EQ(stun_parse(&m, test_exact_copy(whole.at, len)), ERR_MALFORMED);
    }
    json_decref(root);
}

// Even with a FINGERPRINT that an attacker can compute, no octet of the covered part may
// change.
TEST(every_flipped_octet_before_the_integrity_is_noticed)
{
    json_t *root = load("tests/vectors/rfc/rfc5769-stun.json");
    struct bytes whole = vector_packet(root, 0);
    size_t covered = whole.len - 8 - 24;
    for (size_t at = 0; at < covered; at++) {
        uint8_t copy[256];
        memcpy(copy, whole.at, whole.len);
        copy[at] ^= 0x10;
        struct stun_message m;
        struct bytes without_fingerprint = {copy, whole.len - 8};
        write_u16(copy + 2, (uint16_t)(read_u16(copy + 2) - 8));
        if (stun_parse(&m, without_fingerprint) == 0)
            CHECK(!stun_authentic(&m, bytes_of("VOkJxbRl1RmTxUk/WvJxBt")));
    }
    json_decref(root);
}

TEST(a_check_that_we_build_reads_back)
{
    uint8_t at[STUN_MESSAGE_MAX];
    struct writer w = writer_on(at, sizeof at);
    struct stun_check check = {.username = bytes_of("local:remote"),
                               .password = bytes_of("secret"),
                               .transaction = {1, 2, 3},
                               .priority = 77,
                               .tie_breaker = 0x1122334455667788,
                               .nominate = true};
    stun_put_check(&w, &check);
    struct stun_message m;
    CHECK_EQ(stun_parse(&m, test_exact_copy(w.at, w.len)), 0);
    CHECK_EQ(m.type, STUN_BINDING_REQUEST);
    CHECK_BYTES(m.username, "local:remote", 12);
    CHECK_EQ(m.priority, 77);
    CHECK(m.use_candidate);
    CHECK(m.controlling && !m.controlled);
    CHECK(m.tie_breaker == 0x1122334455667788);
    CHECK(m.has_fingerprint);
    CHECK(stun_authentic(&m, bytes_of("secret")));
    CHECK_EQ(memcmp(m.transaction, check.transaction, STUN_TRANSACTION_LEN), 0);
}

TEST(a_response_that_we_build_has_the_mapped_address_of_rfc_5769)
{
    json_t *root = load("tests/vectors/rfc/rfc5769-stun.json");
    struct addr mapped[] = {mapped_v4(), mapped_v6()};
    for (size_t i = 0; i < 2; i++) {
        struct bytes theirs = vector_packet(root, 1 + i);
        uint8_t at[STUN_MESSAGE_MAX];
        struct writer w = writer_on(at, sizeof at);
        stun_begin(&w, STUN_BINDING_SUCCESS, theirs.at + 8);
        stun_put_bytes(&w, 0x8022, bytes_of("test vector"));
        at[w.len - 1] = ' '; // the RFC pads with a space
        stun_put_address(&w, &mapped[i]);
        stun_finish(&w, bytes_of("VOkJxbRl1RmTxUk/WvJxBt"));
        CHECK_BYTES(((struct bytes){w.at, w.len}), theirs.at, theirs.len);
    }
    json_decref(root);
}

TEST(an_error_names_its_code_and_the_unknown_attributes)
{
    static const uint8_t transaction[STUN_TRANSACTION_LEN] = "abcdefghijkl";
    uint8_t at[STUN_MESSAGE_MAX];
    struct writer w = writer_on(at, sizeof at);
    uint16_t unknown[] = {0x7001, 0x0042};
    stun_begin(&w, STUN_BINDING_ERROR, transaction);
    stun_put_error(&w, STUN_UNKNOWN_ATTRIBUTE, "Unknown Attribute");
    stun_put_unknown(&w, unknown, 2);
    stun_finish(&w, bytes_of("key"));
    struct stun_message m;
    CHECK_EQ(stun_parse(&m, test_exact_copy(w.at, w.len)), 0);
    CHECK_EQ(m.error_code, 420);
    CHECK_EQ(read_u32(at + 20 + 4 + 4 + 20 + 4), 0x70010042);
}

TEST(unknown_attributes_are_listed_when_comprehension_is_required)
{
    static const uint8_t transaction[STUN_TRANSACTION_LEN] = "abcdefghijkl";
    uint8_t at[STUN_MESSAGE_MAX];
    struct writer w = writer_on(at, sizeof at);
    stun_begin(&w, STUN_BINDING_REQUEST, transaction);
    stun_put_u32(&w, 0x7001, 1);
    stun_put_u32(&w, 0xc057, 1); // GOOG_NETWORK_INFO, comprehension-optional
    stun_finish(&w, bytes_of("key"));
    struct stun_message m;
    CHECK_EQ(stun_parse(&m, test_exact_copy(w.at, w.len)), 0);
    CHECK_EQ(m.unknown_count, 1);
    CHECK_EQ(m.unknown[0], 0x7001);
}

TEST(a_name_without_a_colon_names_nobody)
{
    static const uint8_t transaction[STUN_TRANSACTION_LEN] = "abcdefghijkl";
    uint8_t at[STUN_MESSAGE_MAX];
    struct writer w = writer_on(at, sizeof at);
    stun_begin(&w, STUN_BINDING_REQUEST, transaction);
    stun_put_bytes(&w, STUN_USERNAME, bytes_of("nobody"));
    struct bytes ufrag;
    CHECK(!stun_peek_ufrag(test_exact_copy(w.at, w.len), &ufrag));
}

TEST(wycheproof_hmac_sha1)
{
    json_t *root = load("tests/vectors/wycheproof/hmac_sha1_test.json");
    size_t g, i, seen = 0;
    json_t *group, *test;
    json_array_foreach(json_object_get(root, "testGroups"), g, group)
    {
        size_t tag_len = (size_t)json_integer_value(json_object_get(group, "tagSize")) / 8;
        json_array_foreach(json_object_get(group, "tests"), i, test)
        {
            uint8_t mac[STUN_INTEGRITY_LEN];
            struct bytes tag = hex_member(test, "tag");
            stun_hmac(hex_member(test, "key"), hex_member(test, "msg"), mac);
            bool same = tag.len == tag_len && memcmp(mac, tag.at, tag_len) == 0;
            bool valid =
                strcmp(json_string_value(json_object_get(test, "result")), "valid") == 0;
            CHECK_EQ(same, valid);
            seen++;
        }
    }
    CHECK(seen > 100);
    json_decref(root);
}

static void replay(const char *folder)
{
    const char **files;
    size_t count = test_folder(folder, &files);
    for (size_t i = 0; i < count; i++) {
        struct bytes file = test_file(files[i]);
        struct stun_message m;
        struct bytes ufrag;
        if (stun_parse(&m, file) == 0)
            stun_authentic(&m, bytes_of("key"));
        if (stun_peek_ufrag(file, &ufrag))
            CHECK(ufrag.at > file.at && ufrag.at + ufrag.len < file.at + file.len);
    }
}

TEST(files_that_crashed_others_do_no_harm)
{
    replay("tests/vectors/webrtc-corpora/stun");
    replay("tests/vectors/mediasoup/crash-reports");
    replay("tests/vectors/mediasoup/packets");
}
