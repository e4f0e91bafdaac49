#include "server/file_check.h"

#include "base/err.h"
#include "base/log.h"

#include <signal.h>
#include <unistd.h>

static void *check_file(void *arg)
{
    struct file_check *check = arg;
    int err = db_check(check->location, &check->is_stopping);
    atomic_store(&check->is_whole, !err);
    if (err != ERR_MALFORMED)
        return NULL;
    atomic_store(&check->is_damaged, true);
    kill(getpid(), SIGTERM);
    return NULL;
}

void file_check_begin(struct file_check *check, const struct db *db, const char *location)
{
    if (!db_is_unchecked(db))
        return;
    log_info("store", "the database was not closed in order: it is checked beside the work");
    check->location = location;
    check->is_running = pthread_create(&check->thread, NULL, check_file, check) == 0;
}

void file_check_end(struct file_check *check, struct db *db)
{
    atomic_store(&check->is_stopping, true);
    if (check->is_running)
        pthread_join(check->thread, NULL);
    check->is_running = false;
    if (atomic_load(&check->is_whole))
        db_mark_checked(db);
}

bool file_check_found_damage(const struct file_check *check)
{
    return atomic_load(&check->is_damaged);
}
