// A track is published in a room of N subscribers who get 64 tracks each: how long does the
// worker do nothing but offers?
//
// Prints how long all offers take together, how long the longest pass of the router takes, and
// its share of the whole: 100 % when all are made in one pass. Fails above 5 %.
//
//     offers [--subscribers N]
#include "base/batch.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/moment.h"
#include "rtc/dtls.h"
#include "rtc/srtp.h"
#include "sfu/router.h"
#include "tests/sim/client.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    ROOM = 1,
    PUBLISHERS = 8,
    TRACKS_EACH = CLIENT_TRACKS_MAX,
    FIRST_SUBSCRIBER = 1000,
    FIRST_TRACK = 100,
    SHARE_MAX_PERCENT = 5,
};

static struct {
    struct rng rng;
    struct srtp_engine *engine;
    struct dtls_identity *identity;
    struct router *router;
    struct batch out;
    struct notice_list told;
    int64_t now;
} b = {.now = 1000000};

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void command(struct command c)
{
    c.room = ROOM;
    router_command(b.router, &c, b.now, &b.out, &b.told);
}

// How many offers were made, which are thrown away, and of how many octets.
static size_t take_offers(size_t *octets)
{
    size_t count = 0;
    for (size_t i = 0; i < b.told.count; i++) {
        if (b.told.at[i].kind == NOTICE_OFFER) {
            count++;
            *octets += strlen(b.told.at[i].offer.sdp);
        }
        notice_dispose(&b.told.at[i]);
    }
    b.told.count = 0;
    batch_reset(&b.out);
    return count;
}

static void publish(unsigned publisher)
{
    static struct client client;
    struct client_section sections[TRACKS_EACH];
    struct command_track *tracks = mem_alloc_array(TRACKS_EACH, sizeof *tracks);
    uint64_t endpoint = 1 + publisher;
    client_init(&client, b.engine, b.identity, &b.rng, "127.0.0.1:9000", "127.0.0.1:7000");
    for (unsigned i = 0; i < TRACKS_EACH; i++) {
        unsigned number = publisher * TRACKS_EACH + i;
        sections[i] = (struct client_section){.video = i % 2,
                                              .stream_id = "stream",
                                              .layers = 1,
                                              .ssrc = 10000 + 2 * number,
                                              .rtx_ssrc = i % 2 ? 10001 + 2 * number : 0};
        tracks[i].track = FIRST_TRACK + number;
        tracks[i].kind = i % 2 ? MEDIA_VIDEO : MEDIA_AUDIO;
        snprintf(sections[i].track_id, sizeof sections[i].track_id, "track-%u", number);
        strcpy(tracks[i].track_id, sections[i].track_id);
    }
    struct text sdp = {0};
    client_write_offer(&client, sections, TRACKS_EACH, &sdp);
    command((struct command){
        .kind = COMMAND_ENDPOINT_OPEN, .endpoint = endpoint, .open.kind = ENDPOINT_PUBLISH});
    command((struct command){
        .kind = COMMAND_OFFER,
        .endpoint = endpoint,
        .offer = {.sdp = text_take(&sdp), .tracks = tracks, .track_count = TRACKS_EACH}});
    client_dispose(&client);
}

static void subscribe(unsigned subscriber)
{
    uint64_t endpoint = FIRST_SUBSCRIBER + subscriber;
    command((struct command){
        .kind = COMMAND_ENDPOINT_OPEN, .endpoint = endpoint, .open.kind = ENDPOINT_SUBSCRIBE});
    for (unsigned i = 0; i < PUBLISHERS * TRACKS_EACH; i++)
        command((struct command){.kind = COMMAND_FEED_OPEN,
                                 .endpoint = endpoint,
                                 .track = FIRST_TRACK + i,
                                 .feed.quality = VIDEO_HIGH});
}

int main(int argc, char **argv)
{
    unsigned subscribers = 1000;
    if (argc == 3 && strcmp(argv[1], "--subscribers") == 0)
        subscribers = (unsigned)atoi(argv[2]);
    b.rng = rng_seeded(1);
    b.engine = srtp_engine_best();
    b.identity = dtls_identity_new();
    struct router_config config = {.engine = b.engine, .identity = b.identity, .rng = &b.rng};
    b.router = router_new(&config);
    for (unsigned i = 0; i < PUBLISHERS; i++)
        publish(i);
    for (unsigned i = 0; i < subscribers; i++)
        subscribe(i);
    size_t octets = 0, offers = take_offers(&octets), passes = 0;
    double whole = 0, longest = 0;
    while (offers < subscribers) {
        int64_t deadline = router_deadline(b.router);
        b.now = deadline > b.now ? deadline : b.now;
        double begun = now_ms();
        router_expire(b.router, b.now, &b.out, &b.told);
        double took = now_ms() - begun;
        whole += took;
        longest = took > longest ? took : longest;
        passes++;
        offers += take_offers(&octets);
    }
    double share = 100 * longest / whole;
    printf("offers   %zu of %zu octets, %.0f ms in all\n", offers, octets / offers, whole);
    printf("passes   %zu, the longest %.2f ms: %.1f %% of the whole\n", passes, longest, share);
    router_free(b.router);
    batch_dispose(&b.out);
    notice_list_dispose(&b.told);
    dtls_identity_free(b.identity);
    srtp_engine_free(b.engine);
    return share > SHARE_MAX_PERCENT;
}
