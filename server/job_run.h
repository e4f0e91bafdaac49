// What each kind of job does, on the thread that has the database.
#pragma once

#include "server/job.h"

#include <stdbool.h>

// Fills in what db_run_jobs() needs to know of it.
void job_prepare(struct job *job, struct api *api);
// Whether a JOB_KEEP that ended so is one to be done again, before the log tells of it.
bool job_leaves_unwritten(int err);
// A call that the live rooms were asked about needs no database.
bool job_is_known(const struct job *job);
void job_run_known(struct job *job, struct api *api);
bool job_only_reads(const struct job *job);

// A room as it goes live, with what is stored beside it. 0, ERR_NOT_FOUND, or of the storage;
// what is found even so is the caller's. `polls` stays NULL when there are none.
int job_load_room(struct db *db, const char *id, struct room_record *record,
                  struct template **template, struct linked_polls **polls,
                  struct room_codes **codes);
