#include "base/err.h"
#include "base/mem.h"
#include "rtc/sdp.h"
#include "test.h"
#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>

// Too large for the stack, and one test runs at a time.
static struct sdp_section parsed_sections[SDP_SECTIONS_MAX];
static struct sdp parsed = {.sections = parsed_sections, .section_cap = SDP_SECTIONS_MAX};
static struct sdp_section again_sections[SDP_SECTIONS_MAX];
static struct sdp again = {.sections = again_sections, .section_cap = SDP_SECTIONS_MAX};
static struct sdp_error error;

static int parse(const char *text)
{
    struct bytes copy = test_exact_copy(text, strlen(text));
    error = (struct sdp_error){0};
    return sdp_parse(&parsed, copy, &error);
}

static void check_text(struct bytes actual, const char *expected)
{
    CHECK_BYTES(actual, expected, strlen(expected));
}

#define HEAD "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
#define VIDEO "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n"

TEST(reads_formats_with_their_attributes)
{
    CHECK_EQ(parse(HEAD VIDEO "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack pli\r\n"
                              "a=rtcp-fb:* transport-cc\r\na=rtcp-fb:96 unheard of\r\n"
                              "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96;rtx-time=3000\r\n"),
             0);
    const struct sdp_section *s = &parsed.sections[0];
    CHECK_EQ(s->format_count, 2);
    CHECK_EQ(s->formats[0].payload_type, 96);
    CHECK_EQ(s->formats[0].clock_rate, 90000);
    CHECK_EQ(s->formats[0].feedback, SDP_NACK_PLI | SDP_TRANSPORT_CC);
    check_text(s->formats[1].encoding, "rtx");
    struct bytes value;
    CHECK(sdp_parameter(s->formats[1].fmtp, "rtx-time", &value));
    check_text(value, "3000");
    CHECK(!sdp_parameter(s->formats[1].fmtp, "rtx", &value));
}

TEST(a_section_takes_what_the_session_says_unless_it_says_otherwise)
{
    CHECK_EQ(parse(HEAD "a=ice-ufrag:sess\r\na=setup:actpass\r\na=inactive\r\n" VIDEO
                        "a=ice-ufrag:mine\r\na=sendonly\r\n"
                        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"),
             0);
    check_text(parsed.sections[0].transport.ufrag, "mine");
    CHECK_EQ(parsed.sections[0].direction, SDP_SENDONLY);
    CHECK_EQ(parsed.sections[0].transport.setup, SDP_ACTPASS);
    check_text(parsed.sections[1].transport.ufrag, "sess");
    CHECK_EQ(parsed.sections[1].direction, SDP_INACTIVE);
}

TEST(the_sha_256_fingerprint_wins_wherever_it_stands)
{
    CHECK_EQ(parse(HEAD "a=fingerprint:sha-256 AA\r\n" VIDEO "a=fingerprint:sha-1 BB\r\n"), 0);
    check_text(parsed.sections[0].transport.fingerprint, "AA");
    CHECK_EQ(parse(HEAD "a=fingerprint:sha-1 BB\r\n" VIDEO "a=fingerprint:sha-256 AA\r\n"), 0);
    check_text(parsed.sections[0].transport.fingerprint, "AA");
}

TEST(pairs_a_stream_with_its_retransmissions)
{
    CHECK_EQ(parse(HEAD VIDEO "a=ssrc-group:FID 10 20\r\na=ssrc:10 cname:c\r\n"
                              "a=ssrc:10 msid:s t\r\na=ssrc:20 cname:c\r\n"),
             0);
    const struct sdp_section *s = &parsed.sections[0];
    CHECK_EQ(s->ssrc_count, 2);
    CHECK_EQ(s->ssrcs[0].ssrc, 10);
    CHECK_EQ(s->ssrcs[0].rtx_ssrc, 20);
    CHECK_EQ(s->ssrcs[1].rtx_ssrc, 0);
    check_text(s->ssrcs[0].stream_id, "s");
    check_text(s->ssrcs[0].track_id, "t");
}

TEST(reads_simulcast_in_both_directions)
{
    CHECK_EQ(parse(HEAD VIDEO "a=rid:f send max-width=1280\r\na=rid:h recv\r\n"
                              "a=simulcast:send f;~q recv h\r\n"),
             0);
    const struct sdp_section *s = &parsed.sections[0];
    CHECK_EQ(s->rid_count, 2);
    CHECK(s->rids[0].send);
    check_text(s->rids[0].restrictions, "max-width=1280");
    CHECK(!s->rids[1].send);
    check_text(s->simulcast_send, "f;~q");
    check_text(s->simulcast_recv, "h");
}

TEST(lines_may_end_without_a_carriage_return)
{
    CHECK_EQ(parse("v=0\no=- 1 2 IN IP4 0.0.0.0\ns=-\nt=0 0\nm=audio 9 UDP/TLS/RTP/SAVPF 0\n"
                   "a=mid:x"),
             0);
    check_text(parsed.sections[0].mid, "x");
}

TEST(the_data_channel_may_be_in_the_old_form)
{
    CHECK_EQ(parse(HEAD "m=application 9 DTLS/SCTP 5001\r\n"
                        "a=sctpmap:5001 webrtc-datachannel 1024\r\n"),
             0);
    CHECK_EQ(parsed.sections[0].protocol, SDP_SCTP);
    CHECK_EQ(parsed.sections[0].sctp_port, 5001);
}

TEST(an_error_names_the_line)
{
    CHECK_EQ(parse(HEAD VIDEO "a=rtpmap:96 VP8\r\n"), ERR_MALFORMED);
    CHECK_EQ(error.line, 6);
    CHECK_TEXT(error.what, "bad rtpmap");
}

TEST(refuses_what_is_broken)
{
    static const char *const bad[] = {
        "",
        "v=1\r\n",
        "hello",
        HEAD "nonsense\r\n",
        HEAD VIDEO "a=msid:stream track\ra=setup:active\r\n",
        HEAD "m=video 9\r\n",
        HEAD "m=video 65536 UDP/TLS/RTP/SAVPF 96\r\n",
        HEAD "m=video -1 UDP/TLS/RTP/SAVPF 96\r\n",
        HEAD "m=video 9 UDP/TLS/RTP/SAVPF 128\r\n",
        HEAD "m=video 9 UDP/TLS/RTP/SAVPF 96 96\r\n",
        HEAD VIDEO "a=mid:\r\n",
        HEAD VIDEO "a=mid:1\r\n" VIDEO "a=mid:1\r\n",
        HEAD VIDEO "a=ice-ufrag:abc\r\n",
        HEAD VIDEO "a=ice-pwd:short\r\n",
        HEAD VIDEO "a=setup:maybe\r\n",
        HEAD VIDEO "a=ssrc:0 cname:x\r\n",
        HEAD VIDEO "a=ssrc:4294967296 cname:x\r\n",
        HEAD VIDEO "a=extmap:0 urn:x\r\n",
        HEAD VIDEO "a=extmap:4096 urn:x\r\n",
        HEAD VIDEO "a=rid:f sideways\r\n",
        HEAD VIDEO "a=sctp-port:0\r\n",
        HEAD VIDEO "a=max-message-size:18446744073709551616\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_EQ(parse(bad[i]), ERR_MALFORMED);
}

static int parse_repeated(const char *head, const char *format, int count)
{
    struct text t = {0};
    text_add(&t, head);
    for (int i = 0; i < count; i++) {
        char line[64];
        snprintf(line, sizeof line, format, i + 1);
        text_add(&t, line);
    }
    int err = sdp_parse(&parsed, text_bytes(&t), &error);
    text_dispose(&t);
    return err;
}

TEST(every_list_has_a_bound)
{
    static const struct {
        const char *head;
        const char *format;
        int most;
    } lists[] = {
        {HEAD, "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:%d\r\n", 256},
        {HEAD "m=audio 9 UDP/TLS/RTP/SAVPF", " %d", 64},
        {HEAD VIDEO, "a=extmap:%d urn:x\r\n", 32},
        {HEAD VIDEO, "a=rid:%d send\r\n", 16},
        {HEAD VIDEO, "a=ssrc:%d cname:x\r\n", 64},
        {HEAD VIDEO, "a=candidate:%d 1 udp 1 192.0.2.1 9 typ host\r\n", 256},
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        CHECK_EQ(parse_repeated(lists[i].head, lists[i].format, lists[i].most), 0);
        CHECK_EQ(parse_repeated(lists[i].head, lists[i].format, lists[i].most + 1), ERR_FULL);
    }
}

TEST(there_are_no_more_sections_than_there_is_room_for)
{
    const char *text = HEAD VIDEO VIDEO;
    CHECK_EQ(sdp_count_sections(bytes_of(text)), 2);
    struct sdp *sdp = sdp_new(2);
    CHECK_EQ(sdp_parse(sdp, bytes_of(text), &error), 0);
    CHECK_EQ(sdp->section_count, 2);
    CHECK_EQ(sdp->session_len, strlen(HEAD));
    CHECK_EQ(sdp->sections[1].len, strlen(VIDEO));
    mem_free(sdp);
    sdp = sdp_new(1);
    CHECK_EQ(sdp_parse(sdp, bytes_of(text), &error), ERR_FULL);
    mem_free(sdp);
}

TEST(a_section_has_one_mid)
{
    CHECK_EQ(sdp_parse(&parsed, bytes_of(HEAD VIDEO "a=mid:1\r\na=mid:2\r\n"), &error),
             ERR_MALFORMED);
    CHECK_TEXT(error.what, "mid is given twice");
}

TEST(a_section_is_live_unless_inactive_or_stopped)
{
    CHECK_EQ(sdp_parse(&parsed,
                       bytes_of(HEAD "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=recvonly\r\n"
                                     "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=inactive\r\n"
                                     "m=audio 0 UDP/TLS/RTP/SAVPF 0\r\n"
                                     "m=audio 0 UDP/TLS/RTP/SAVPF 0\r\na=bundle-only\r\n"),
                       &error),
             0);
    CHECK(sdp_is_live(&parsed.sections[0]));
    CHECK(!sdp_is_live(&parsed.sections[1]));
    CHECK(!sdp_is_live(&parsed.sections[2]));
    CHECK(sdp_is_live(&parsed.sections[3]));
}

TEST(more_than_32768_lines_and_parameters_are_refused)
{
    static const char head[] = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=fmtp:111 a;b;c\r\n";
    struct text text = {0};
    text_add(&text, head); // 3 lines and 2 parameters more
    for (int i = 5; i < SDP_PARTS_MAX; i++)
        text_add(&text, "a=x\n");
    CHECK_EQ(sdp_parse(&parsed, text_bytes(&text), &error), 0);
    text_add(&text, "a=x\n");
    CHECK_EQ(sdp_parse(&parsed, text_bytes(&text), &error), ERR_FULL);
    CHECK_TEXT(error.what, "too many lines and parameters");
    text_clear(&text);
    text_add(&text, head);
    text_add(&text, "a=simulcast:send ");
    for (int i = 0; i < SDP_PARTS_MAX; i++)
        text_add(&text, "a;");
    CHECK_EQ(sdp_parse(&parsed, text_bytes(&text), &error), ERR_FULL);
    CHECK_EQ(error.line, 4);
    text_dispose(&text);
}

TEST(a_description_over_512_kib_is_refused)
{
    char *text = malloc(SDP_LEN_MAX + 2);
    memset(text, 'a', SDP_LEN_MAX + 1);
    memcpy(text, "v=0\r\ns=", 7);
    CHECK_EQ(sdp_parse(&parsed, (struct bytes){(uint8_t *)text, SDP_LEN_MAX}, &error), 0);
    CHECK_EQ(sdp_parse(&parsed, (struct bytes){(uint8_t *)text, SDP_LEN_MAX + 1}, &error),
             ERR_FULL);
    free(text);
}

TEST(reads_a_host_candidate)
{
    struct sdp_candidate c;
    CHECK_EQ(sdp_parse_candidate(&c, bytes_of("candidate:1 1 UDP 2122063615 192.0.2.2 47313 "
                                              "typ host generation 0 ufrag TS+a")),
             0);
    CHECK(c.udp);
    CHECK_EQ(c.type, SDP_HOST);
    CHECK_EQ(c.priority, 2122063615);
    char text[ADDR_TEXT_MAX];
    addr_format(&c.addr, text);
    CHECK_TEXT(text, "192.0.2.2:47313");
}

TEST(a_candidate_may_hide_its_address_behind_a_name)
{
    struct sdp_candidate c;
    CHECK_EQ(sdp_parse_candidate(&c, bytes_of("a=candidate:1 1 udp 7 4f9b.local 9 typ host")),
             0);
    check_text(c.address, "4f9b.local");
    CHECK_EQ(c.addr.port, 0);
}

TEST(the_empty_candidate_is_the_end)
{
    struct sdp_candidate c;
    CHECK_EQ(sdp_parse_candidate(&c, (struct bytes){0}), 0);
    CHECK_EQ(c.type, SDP_END);
}

TEST(refuses_broken_candidates)
{
    static const char *const bad[] = {
        "candidate:1",
        "candidate:1 1 udp 7 192.0.2.2 9",
        "candidate:1 1 udp 7 192.0.2.2 9 typ alien",
        "candidate:1 one udp 7 192.0.2.2 9 typ host",
        "candidate:1 1 udp 4294967296 192.0.2.2 9 typ host",
        "candidate:1 1 udp 7 192.0.2.2 65536 typ host",
        "candidate:1 1 udp 7 192.0.2.2 9 of host",
    };
    struct sdp_candidate c;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_EQ(sdp_parse_candidate(&c, test_exact_copy(bad[i], strlen(bad[i]))),
                 ERR_MALFORMED);
}

TEST(reads_every_candidate_that_browsers_gathered)
{
    json_t *list = load("tests/vectors/sdp/candidates.json");
    size_t read = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *json = json_object_get(json_array_get(list, i), "json");
        const char *line = json_string_value(json_object_get(json, "candidate"));
        if (!line)
            continue;
        struct sdp_candidate c;
        CHECK_EQ(sdp_parse_candidate(&c, test_exact_copy(line, strlen(line))), 0);
        const char *type = json_string_value(json_object_get(json_array_get(list, i), "type"));
        if (type)
            CHECK_EQ(c.type, strcmp(type, "srflx") == 0 ? SDP_SRFLX : SDP_HOST);
        read++;
    }
    CHECK(read > 20);
    json_decref(list);
}

// --- The recorded descriptions ---

static void check_section(const struct sdp_section *s, const json_t *expected)
{
    static const char *const kinds[] = {"audio", "video", "application", "other"};
    static const char *const directions[] = {"sendrecv", "sendonly", "recvonly", "inactive"};
    check_text(s->mid, json_string_value(json_object_get(expected, "mid")));
    CHECK_TEXT(kinds[s->kind], json_string_value(json_object_get(expected, "kind")));
    CHECK_EQ(s->port, json_integer_value(json_object_get(expected, "port")));
    const char *direction = json_string_value(json_object_get(expected, "dir"));
    if (direction)
        CHECK_TEXT(directions[s->direction], direction);
    CHECK_EQ(s->ssrc_count, json_integer_value(json_object_get(expected, "ssrcs")));

    const json_t *rids = json_object_get(expected, "rids");
    CHECK_EQ(s->rid_count, json_array_size(rids));
    for (size_t i = 0; i < s->rid_count; i++)
        check_text(s->rids[i].id, json_string_value(json_array_get(rids, i)));

    const char *msid = json_string_value(json_object_get(expected, "msid"));
    char actual[160] = "";
    if (s->stream_id.len)
        snprintf(actual, sizeof actual, "%.*s %.*s", (int)s->stream_id.len, s->stream_id.at,
                 (int)s->track_id.len, (const char *)s->track_id.at);
    CHECK_TEXT(actual, msid ? msid : "");

    const json_t *codecs = json_object_get(expected, "codecs");
    for (size_t i = 0; i < json_array_size(codecs); i++) {
        const char *name = json_string_value(json_array_get(codecs, i));
        bool found = false;
        for (size_t k = 0; k < s->format_count && !found; k++)
            found = sdp_is(s->formats[k].encoding, name);
        CHECK(found);
    }
}

TEST(agrees_with_the_index_of_every_recorded_description)
{
    json_t *index = load("tests/vectors/sdp/index.json");
    CHECK_EQ(json_array_size(index), 118);
    for (size_t i = 0; i < json_array_size(index); i++) {
        const json_t *entry = json_array_get(index, i);
        char path[256];
        snprintf(path, sizeof path, "tests/vectors/sdp/%s",
                 json_string_value(json_object_get(entry, "file")));
        struct bytes file = test_file(path);
        CHECK_EQ(sdp_parse(&parsed, test_exact_copy(file.at, file.len), &error), 0);
        const json_t *sections = json_object_get(entry, "sections");
        if (!sections) // the hand-written offers of the server
            continue;
        CHECK_EQ(parsed.section_count, json_array_size(sections));
        for (size_t k = 0; k < parsed.section_count; k++)
            check_section(&parsed.sections[k], json_array_get(sections, k));
    }
    json_decref(index);
}

// --- Round trip ---

static void check_same_format(const struct sdp_format *a, const struct sdp_format *b)
{
    CHECK_EQ(a->payload_type, b->payload_type);
    CHECK_EQ(a->channels, b->channels);
    CHECK_EQ(a->feedback, b->feedback);
    CHECK_EQ(a->clock_rate, b->clock_rate);
    CHECK(bytes_equal(a->encoding, b->encoding));
    CHECK(bytes_equal(a->fmtp, b->fmtp));
}

static void check_same_streams(const struct sdp_section *a, const struct sdp_section *b)
{
    CHECK_EQ(a->ssrc_count, b->ssrc_count);
    for (size_t i = 0; i < a->ssrc_count; i++) {
        CHECK_EQ(a->ssrcs[i].ssrc, b->ssrcs[i].ssrc);
        CHECK_EQ(a->ssrcs[i].rtx_ssrc, b->ssrcs[i].rtx_ssrc);
        CHECK_EQ(a->ssrcs[i].fec_ssrc, b->ssrcs[i].fec_ssrc);
        CHECK_EQ(a->ssrcs[i].is_fec, b->ssrcs[i].is_fec);
        CHECK(bytes_equal(a->ssrcs[i].cname, b->ssrcs[i].cname));
        CHECK(bytes_equal(a->ssrcs[i].track_id, b->ssrcs[i].track_id));
    }
    CHECK_EQ(a->rid_count, b->rid_count);
    for (size_t i = 0; i < a->rid_count; i++)
        CHECK(bytes_equal(a->rids[i].id, b->rids[i].id) && a->rids[i].send == b->rids[i].send);
    CHECK(bytes_equal(a->simulcast_send, b->simulcast_send));
    CHECK(bytes_equal(a->simulcast_recv, b->simulcast_recv));
    CHECK_EQ(a->extension_count, b->extension_count);
    for (size_t i = 0; i < a->extension_count; i++) {
        CHECK_EQ(a->extensions[i].id, b->extensions[i].id);
        CHECK_EQ(a->extensions[i].direction, b->extensions[i].direction);
        CHECK(bytes_equal(a->extensions[i].uri, b->extensions[i].uri));
    }
}

static void check_same_section(const struct sdp_section *a, const struct sdp_section *b)
{
    CHECK_EQ(a->kind, b->kind);
    CHECK_EQ(a->protocol, b->protocol);
    CHECK_EQ(a->port, b->port);
    CHECK_EQ(a->bundle_only, b->bundle_only);
    CHECK_EQ(a->direction, b->direction);
    CHECK(bytes_equal(a->mid, b->mid));
    CHECK(bytes_equal(a->stream_id, b->stream_id));
    CHECK(bytes_equal(a->track_id, b->track_id));
    CHECK(bytes_equal(a->transport.ufrag, b->transport.ufrag));
    CHECK(bytes_equal(a->transport.pwd, b->transport.pwd));
    CHECK(bytes_equal(a->transport.fingerprint, b->transport.fingerprint));
    CHECK_EQ(a->transport.setup, b->transport.setup);
    CHECK_EQ(a->rtcp_mux, b->rtcp_mux);
    CHECK_EQ(a->rtcp_mux_only, b->rtcp_mux_only);
    CHECK_EQ(a->rtcp_rsize, b->rtcp_rsize);
    CHECK_EQ(a->sctp_port, b->sctp_port);
    CHECK_EQ(a->max_message_size, b->max_message_size);
    CHECK_EQ(a->candidate_count, b->candidate_count);
    CHECK_EQ(a->end_of_candidates, b->end_of_candidates);
    CHECK_EQ(a->format_count, b->format_count);
    for (size_t i = 0; i < a->format_count; i++)
        check_same_format(&a->formats[i], &b->formats[i]);
    check_same_streams(a, b);
}

TEST(writing_and_reading_again_gives_the_same)
{
    const char **paths;
    size_t count = test_folder("tests/vectors/sdp", &paths);
    size_t descriptions = 0;
    for (size_t i = 0; i < count; i++) {
        if (!strstr(paths[i], ".sdp"))
            continue;
        struct text written = {0};
        CHECK_EQ(sdp_parse(&parsed, test_file(paths[i]), &error), 0);
        sdp_write(&parsed, &written);
        CHECK_EQ(sdp_parse(&again, text_bytes(&written), &error), 0);
        CHECK(bytes_equal(parsed.origin, again.origin));
        CHECK_EQ(parsed.ice_lite, again.ice_lite);
        CHECK_EQ(parsed.bundle_count, again.bundle_count);
        CHECK_EQ(parsed.section_count, again.section_count);
        CHECK_EQ(parsed.candidate_count, again.candidate_count);
        for (size_t k = 0; k < parsed.section_count; k++)
            check_same_section(&parsed.sections[k], &again.sections[k]);
        text_dispose(&written);
        descriptions++;
    }
    CHECK_EQ(descriptions, 118);
}

TEST(the_seeds_of_webrtc_do_no_harm)
{
    const char **paths;
    size_t count = test_folder("tests/vectors/webrtc-corpora/sdp", &paths);
    for (size_t i = 0; i < count; i++) {
        struct bytes file = test_file(paths[i]);
        int err = sdp_parse(&parsed, test_exact_copy(file.at, file.len), &error);
        CHECK(err == 0 || (error.line > 0 && error.what));
    }
}
