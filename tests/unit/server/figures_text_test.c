#include "server/figures_text.h"

#include "../room/fixture.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

static struct fixture f;
static struct peer *ann;

static void begin(void)
{
    fixture_init(&f);
    ann = fixture_join(&f, "ann", "host");
}

// What is told of Ann, as a text.
static const char *told(struct figures_answer publish, struct figures_answer subscribe)
{
    static char copy[2000];
    struct text out = {0};
    struct json_out j = json_out_on(&out);
    figures_write_peer(&j, &f.rooms, ann, &publish, &subscribe);
    snprintf(copy, sizeof copy, "%s", out.at);
    text_dispose(&out);
    return copy;
}

static bool says(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

TEST(what_no_worker_told_in_time_is_left_out_and_what_is_not_there_is_null)
{
    begin();
    const char *text = told((struct figures_answer){.came = false},
                            (struct figures_answer){.came = true, .are = NULL});
    CHECK(says(text, "\"peer_id\":\"ann\""));
    CHECK(says(text, "\"role\":\"host\""));
    CHECK(!says(text, "publish"));
    CHECK(says(text, "\"subscribe\":null}"));
    fixture_dispose(&f);
}

TEST(what_is_not_known_is_left_out)
{
    begin();
    struct figures figures = {.kind = ENDPOINT_SUBSCRIBE, .score = 5};
    const char *text = told((struct figures_answer){.came = false},
                            (struct figures_answer){.came = true, .are = &figures});
    CHECK(says(text, "\"state\":\"new\""));
    CHECK(says(text, "\"score\":5"));
    CHECK(!says(text, "rtt_ms") && !says(text, "available_bitrate") && !says(text, "family"));
    figures = (struct figures){.kind = ENDPOINT_SUBSCRIBE,
                               .state = TRANSPORT_CONNECTED,
                               .has_address = true,
                               .estimate_bps = 812345.6,
                               .rtt_us = 41250,
                               .loss = 0.025};
    text = told((struct figures_answer){.came = false},
                (struct figures_answer){.came = true, .are = &figures});
    CHECK(says(text, "\"family\":\"ipv6\""));
    CHECK(says(text, "\"available_bitrate\":812346"));
    CHECK(says(text, "\"rtt_ms\":41.2"));
    CHECK(says(text, "\"packet_loss_percent\":2.5"));
    fixture_dispose(&f);
}

// Between the worker's answer and ours its owner may take it away.
TEST(a_track_that_nobody_knows_any_more_is_left_out)
{
    begin();
    struct figures_track track = {.track = 4711, .codec = CODEC_OPUS, .layer_count = 1};
    struct figures figures = {.kind = ENDPOINT_PUBLISH, .track_count = 1, .tracks = &track};
    CHECK(says(told((struct figures_answer){.came = true, .are = &figures},
                    (struct figures_answer){.came = false}),
               "\"tracks\":[]"));
    fixture_dispose(&f);
}
