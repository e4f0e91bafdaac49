// Store threads on a database of a test's own.
#pragma once

#include "../store/scratch.h"
#include "base/rng.h"
#include "server/jobs.h"
#include "store/keys.h"
#include "test.h"

// Makes the folder and its keys; the threads borrow `config`.
static inline struct jobs *start_jobs(struct scratch *scratch, struct keys *keys,
                                      struct api_config *config)
{
    struct rng rng = rng_seeded(1);
    *scratch = scratch_new();
    CHECK_EQ(keys_load(keys, scratch->folder, &rng, 1700000000000), 0);
    *config = (struct api_config){
        .keys = {&keys->key, 1}, .customer_id = keys->customer_id, .app_id = keys->app_id};
    struct jobs *jobs = jobs_new(scratch->database, config, keys->template_id);
    CHECK(jobs != NULL);
    return jobs;
}
