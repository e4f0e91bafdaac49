// Whole meetings of people, from seeds:  people [--seed N] [--count N] [--steps N] [--verbose]
//
// The real rooms, sessions and bridge, and clients which know no more than what they are told,
// as the SDK does. Between them are web sockets that deliver late and drop at any moment, and a
// media worker on a thread of its own, whose commands and notices come late too. People join,
// drop, come back, publish, mute, chat, change roles, wait to be let in, mute and remove
// others, raise hands, set values, answer polls, leave, join twice, come back over another
// network, and send nonsense. A back end takes roles away, renames and changes them, closes and
// deletes the room, disables codes and moves limits. The storage is away now and then. The
// server is killed at any moment, and another goes on from what is stored by then, fitted to
// what the back end has made of the room meanwhile.
//
// Judged at every step: a request is answered once; a message reaches those it is for and
// nobody else; nobody hears of people they may not see; nobody comes in who may not; no feed is
// open that the roles do not allow once the worker has caught up; whatever changed is marked to
// be written down; what was acknowledged is there after the server was killed, and asking for
// it again changes nothing; who came and who left is told once, and so is that a session opens
// and closes. At the end, when the network is good again: what each client believes is what is
// true, and everything is gone when all have left.
#include "tests/sim/people_world.h"

#include "base/log.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
    uint64_t seed;
    uint64_t count;
    int steps;
    bool verbose;
};

static int read_options(struct options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--verbose") == 0)
            o->verbose = true;
        else if (i + 1 < argc && strcmp(argv[i], "--seed") == 0)
            o->seed = strtoull(argv[++i], NULL, 10);
        else if (i + 1 < argc && strcmp(argv[i], "--count") == 0)
            o->count = strtoull(argv[++i], NULL, 10);
        else if (i + 1 < argc && strcmp(argv[i], "--steps") == 0)
            o->steps = atoi(argv[++i]);
        else
            return -1;
    }
    return 0;
}

// A seed's story; its hash tells two stories apart.
static bool play(uint64_t seed, int steps, bool verbose, uint64_t *hash)
{
    static struct world w;
    world_init(&w, seed, verbose);
    for (int step = 0; step < steps && !world_failed(&w); step++)
        world_step(&w);
    world_settle(&w);
    world_judge(&w);
    world_empty(&w);
    bool good = !world_failed(&w);
    *hash = w.hash;
    if (verbose && good)
        printf("seed %" PRIu64 ": %zu messages, %zu requests, %zu asked again, %zu chats, "
               "%d starts, %zu sessions went on and %zu did not, hash %016" PRIx64 "\n",
               seed, w.message_count, w.request_count, w.repeat_count, w.chat_count, w.starts,
               w.restored_count, w.left_out_count, w.hash);
    if (!good)
        printf("FAILED people --seed %" PRIu64 " at %.2f s: %s\n", seed,
               (double)(w.now.mono_us - WORLD_START_US) / 1e6, w.fault.at);
    world_dispose(&w);
    return good;
}

int main(int argc, char **argv)
{
    struct options o = {.seed = 1, .count = 1000, .steps = 3000};
    if (read_options(&o, argc, argv) < 0) {
        fprintf(stderr, "usage: people [--seed N] [--count N] [--steps N] [--verbose]\n");
        return 2;
    }
    log_set_level(LOG_ERROR);
    unsigned failed = 0;
    uint64_t hash, again;
    size_t memory = 0;
    for (uint64_t seed = o.seed; seed < o.seed + o.count; seed++) {
        failed += !play(seed, o.steps, o.verbose, &hash);
        if (seed > o.seed)
            continue;
        play(seed, o.steps, false, &again);
        if (hash != again) {
            printf("FAILED people --seed %" PRIu64 ": played twice, it differs\n", seed);
            failed++;
        }
        memory = mallinfo2().uordblks;
    }
    // Nothing may pile up over the seeds. What the allocator keeps for its thread counts as in
    // use; the address sanitizer looks closer.
    size_t grown = mallinfo2().uordblks;
    if (grown > memory + 512 * 1024) {
        printf("FAILED people: %zu octets more are in use than after the first seed\n",
               grown - memory);
        failed++;
    }
    printf("%" PRIu64 " seeds, %u failed\n", o.count, failed);
    return failed ? 1 : 0;
}
