// Meetings over a bad network, from seeds:
//
//     sim [--seed N] [--count N] [--jobs N] [--plan NAME | --quality | --pending] [--verbose]
//
// Without --quality every packet is judged; with it, what people see and hear. --pending plays
// the plans of the second kind that the server does not keep yet. Each seed is played with
// every plan. A failure names plan and seed; played again with them it fails again
// in the same way. The first seed is played twice to prove that. Of several jobs each plays
// some of the seeds in a process of its own, and tells the figures of those.
#include "base/log.h"
#include "tests/sim/quality.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct plan plans[] = {
    {.name = "two-calm", .people = 2, .link = {.delay_us = 20000}, .span_us = 2000000},
    {.name = "two-lossy",
     .people = 2,
     .link = {.loss_ppm = 30000,
              .duplicate_ppm = 5000,
              .delay_us = 15000,
              .jitter_us = 15000,
              .overtakes = true},
     .span_us = 3000000},
    {.name = "two-restless",
     .people = 2,
     .simulcast = true,
     .restless = true,
     .link = {.loss_ppm = 10000,
              .duplicate_ppm = 5000,
              .delay_us = 20000,
              .jitter_us = 8000,
              .overtakes = true},
     .span_us = 5000000},
    {.name = "five-lossy",
     .people = 5,
     .link = {.loss_ppm = 20000,
              .duplicate_ppm = 5000,
              .delay_us = 25000,
              .jitter_us = 20000,
              .overtakes = true},
     .span_us = 2000000},
    {.name = "five-simulcast",
     .people = 5,
     .simulcast = true,
     .restless = true,
     .link = {.loss_ppm = 10000,
              .duplicate_ppm = 2000,
              .delay_us = 20000,
              .jitter_us = 10000,
              .overtakes = true},
     .span_us = 3000000},
};
enum { PLAN_COUNT = sizeof plans / sizeof *plans };

struct options {
    uint64_t seed;
    uint64_t count;
    uint64_t jobs;
    uint64_t job; // this process: from 0
    const char *plan;
    bool quality;
    bool pending;
    bool verbose;
};

struct stage {
    struct srtp_engine *engine;
    struct srtp_engine *clients_engine;
    struct dtls_identity *identity;
};

static bool play(const struct stage *s, const struct plan *plan, uint64_t seed, bool verbose,
                 bool count_figures, uint64_t *hash)
{
    static struct meeting_sim m;
    bool good = meeting_play(&m, plan, seed, s->engine, s->clients_engine, s->identity);
    if (good && verbose)
        printf("%-16s seed %" PRIu64 ": %" PRIu64 " packets, %" PRIu64 " repaired, %" PRIu64
               " offers, largest batch %u, hash %016" PRIx64 "\n",
               plan->name, seed, m.sent, m.repaired, m.offers, m.most_packets, m.hash);
    if (verbose && plan->judge)
        quality_print(&m);
    if (count_figures)
        quality_note(&m);
    if (!good)
        printf("FAILED --plan %s --seed %" PRIu64 ": %s\n", plan->name, seed, m.fault.at);
    *hash = m.hash;
    meeting_dispose(&m);
    return good;
}

static int read_options(struct options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--verbose") == 0)
            o->verbose = true;
        else if (strcmp(argv[i], "--quality") == 0)
            o->quality = true;
        else if (strcmp(argv[i], "--pending") == 0)
            o->quality = o->pending = true;
        else if (i + 1 < argc && strcmp(argv[i], "--seed") == 0)
            o->seed = strtoull(argv[++i], NULL, 10);
        else if (i + 1 < argc && strcmp(argv[i], "--count") == 0)
            o->count = strtoull(argv[++i], NULL, 10);
        else if (i + 1 < argc && strcmp(argv[i], "--jobs") == 0)
            o->jobs = strtoull(argv[++i], NULL, 10);
        else if (i + 1 < argc && strcmp(argv[i], "--plan") == 0)
            o->plan = argv[++i];
        else
            return -1;
    }
    return o->jobs ? 0 : -1;
}

// Plays one seed of a plan, and the first seed twice. Returns how many failed.
static unsigned play_seed(const struct stage *s, const struct plan *plan, uint64_t seed,
                          const struct options *o)
{
    uint64_t hash;
    uint64_t again;
    if (o->plan ? strcmp(o->plan, plan->name) != 0 : o->pending != quality_is_pending(plan))
        return 0;
    unsigned failed = !play(s, plan, seed, o->verbose, true, &hash);
    if (seed > o->seed)
        return failed;
    play(s, plan, seed, false, false, &again);
    if (hash == again)
        return failed;
    printf("FAILED --plan %s --seed %" PRIu64 ": played twice, it differs\n", plan->name, seed);
    return failed + 1;
}

// Plays the seeds of this job. Returns how many failed.
static unsigned play_job(const struct options *o)
{
    struct stage stage = {srtp_engine_best(), srtp_engine_best(), dtls_identity_new()};
    unsigned failed = 0;
    for (uint64_t seed = o->seed + o->job; seed < o->seed + o->count; seed += o->jobs) {
        for (size_t i = 0; i < PLAN_COUNT && (o->plan || !o->quality); i++)
            failed += play_seed(&stage, &plans[i], seed, o);
        for (size_t i = 0; i < quality_plan_count && (o->plan || o->quality); i++)
            failed += play_seed(&stage, &quality_plans[i], seed, o);
    }
    srtp_engine_free(stage.engine);
    srtp_engine_free(stage.clients_engine);
    dtls_identity_free(stage.identity);
    quality_print_figures();
    return failed;
}

// Begins the other jobs. In each of their processes `o->job` says which it is; in this one it
// is the first. Returns whether all could be begun.
static bool begin_jobs(struct options *o)
{
    for (uint64_t job = 1; job < o->jobs; job++) {
        pid_t process = fork();
        if (process < 0)
            return false;
        if (process == 0) {
            o->job = job;
            return true;
        }
    }
    return true;
}

enum { EXIT_MOST = 255 }; // what an exit status can tell

// Returns how many failed in the others. One that did not come to its end counts as one.
static unsigned end_jobs(void)
{
    unsigned failed = 0;
    for (int status; wait(&status) > 0;)
        failed += WIFEXITED(status) ? (unsigned)WEXITSTATUS(status) : 1;
    return failed;
}

int main(int argc, char **argv)
{
    struct options o = {.seed = 1, .count = 10, .jobs = 1};
    if (read_options(&o, argc, argv) < 0) {
        fprintf(stderr,
                "usage: sim [--seed N] [--count N] [--jobs N] [--plan NAME | --quality | "
                "--pending] [--verbose]\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0); // lines of several jobs stay whole
    log_set_level(LOG_ERROR);
    if (!begin_jobs(&o)) {
        perror("sim: fork");
        return 2;
    }
    unsigned failed = play_job(&o);
    if (o.job > 0)
        return failed < EXIT_MOST ? (int)failed : EXIT_MOST;
    failed += end_jobs();
    for (size_t i = 0; i < quality_plan_count && o.quality && !o.pending; i++)
        if (quality_is_pending(&quality_plans[i]))
            printf("# pending: %s\n", quality_plans[i].name);
    printf("%" PRIu64 " seeds, %u failed\n", o.count, failed);
    return failed ? 1 : 0;
}
