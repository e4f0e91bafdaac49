#include "tests/sim/people_jobs.h"

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "server/unwritten.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// --- What is stored ---

void disk_init(struct disk *d)
{
    *d = (struct disk){0};
    plan_init(&d->plan);
}

static void forget_kept(struct disk *d, size_t at)
{
    people_store_clear(&d->kept[at].parts);
    d->kept[at] = d->kept[--d->kept_count];
}

static void free_logged(struct logged *logged)
{
    const char *texts[] = {logged->key,           logged->visit.session_id,
                           logged->visit.peer_id, logged->visit.user_id,
                           logged->visit.name,    logged->visit.role,
                           logged->session.id,    logged->session.room_id};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        mem_free((char *)texts[i]);
    mem_free(logged);
}

void disk_dispose(struct disk *d)
{
    while (d->kept_count)
        forget_kept(d, 0);
    size_t at = 0;
    for (struct logged *logged; (logged = map_next(&d->logged, &at));)
        free_logged(logged);
    map_dispose(&d->logged);
}

static void fail(struct disk *d, const char *what, const char *key)
{
    if (d->fault)
        return;
    snprintf(d->fault_text, sizeof d->fault_text, "%s: %s", what, key);
    d->fault = d->fault_text;
}

static size_t find_kept(const struct disk *d, const char *room_id)
{
    size_t at = 0;
    while (at < d->kept_count && strcmp(d->kept[at].room_id, room_id) != 0)
        at++;
    return at;
}

static void keep(struct disk *d, const struct job *job)
{
    size_t at = find_kept(d, job->live.room_id);
    if (at == d->kept_count) {
        assert(at < KEPT_SESSIONS_MAX);
        d->kept[d->kept_count++] = (struct kept_session){0};
        snprintf(d->kept[at].room_id, sizeof d->kept[at].room_id, "%s", job->live.room_id);
    }
    struct kept_session *kept = &d->kept[at];
    if (strcmp(kept->session_id, job->live.session_id) != 0)
        people_store_clear(&kept->parts);
    snprintf(kept->session_id, sizeof kept->session_id, "%s", job->live.session_id);
    people_store_put(&kept->parts, &job->live.snapshot);
}

static void forget(struct disk *d, const struct job *job)
{
    size_t at = find_kept(d, job->live.room_id);
    if (at < d->kept_count && strcmp(d->kept[at].session_id, job->live.session_id) == 0)
        forget_kept(d, at);
}

// --- The log ---

static void put_key(struct text *key, const char *session_id, const char *peer_id,
                    const char *user_id, int64_t joined_at)
{
    text_clear(key);
    text_addf(key, "%s %s %s %lld", session_id, peer_id, user_id, (long long)joined_at);
}

static struct logged *find(const struct disk *d, const char *key)
{
    return map_get(&d->logged, bytes_of(key));
}

static struct logged *find_or_add(struct disk *d, const char *key)
{
    struct logged *logged = find(d, key);
    if (logged)
        return logged;
    logged = mem_alloc(sizeof *logged);
    logged->key = mem_text(key);
    map_put(&d->logged, bytes_of(logged->key), logged);
    return logged;
}

static void replace(const char **text, const char *by)
{
    mem_free((char *)*text);
    *text = mem_text(by);
}

static void end_visits(struct disk *d, const char *session_id, int64_t left_at)
{
    size_t at = 0;
    for (struct logged *logged; (logged = map_next(&d->logged, &at));) {
        struct store_visit *visit = &logged->visit;
        if (visit->session_id && !visit->left_at && strcmp(visit->session_id, session_id) == 0)
            visit->left_at = left_at;
    }
}

static void log_session(struct disk *d, const struct store_session *said,
                        enum store_log_kind kind)
{
    struct store_session *session = &find_or_add(d, said->id)->session;
    if (kind == STORE_LOG_CLOSE || kind == STORE_LOG_RESUME)
        end_visits(d, said->id, kind == STORE_LOG_CLOSE ? said->ended_at : said->updated_at);
    session->ended_at = kind == STORE_LOG_CLOSE ? said->ended_at : 0;
    session->started_at = said->started_at;
    session->updated_at = kind == STORE_LOG_CLOSE ? said->ended_at : said->updated_at;
    replace(&session->id, said->id);
    replace(&session->room_id, said->room_id);
}

static void log_visit(struct disk *d, const struct store_visit *said, bool is_over)
{
    struct text key = {0};
    put_key(&key, said->session_id, said->peer_id, said->user_id, said->joined_at);
    struct store_visit *visit = &find_or_add(d, key.at)->visit;
    text_dispose(&key);
    replace(&visit->session_id, said->session_id);
    replace(&visit->peer_id, said->peer_id);
    replace(&visit->user_id, said->user_id);
    replace(&visit->name, said->name);
    replace(&visit->role, said->role);
    visit->joined_at = said->joined_at;
    visit->left_at = is_over ? said->left_at : 0;
}

// What was told of the session, or of somebody's visit.
static void count_told(struct disk *d, const struct store_session_event *event)
{
    bool comes = strcmp(event->type, "peer.join.success") == 0;
    bool goes = strcmp(event->type, "peer.leave.success") == 0;
    bool opens = strcmp(event->type, "session.open.success") == 0;
    bool closes = strcmp(event->type, "session.close.success") == 0;
    if (!comes && !goes && !opens && !closes)
        return;
    struct text key = {0};
    text_add(&key, event->session_id);
    if (comes || goes) {
        // In milliseconds as a text; visits of one moment are told apart by their peer.
        json_t *data = json_loads(event->data, 0, NULL);
        text_addf(&key, " %s %s %s", event->peer_id, event->user_id,
                  json_get_text(data, "joined_at", ""));
        json_decref(data);
    }
    text_add(&key, " told");
    struct logged *told = find_or_add(d, key.at);
    struct logged *session = NULL;
    if (comes || goes) {
        text_clear(&key);
        text_addf(&key, "%s told", event->session_id);
        session = find(d, key.at);
        if (!session || session->came != 1 || session->went)
            fail(d, "somebody comes or goes and the session was not told to run", told->key);
    }
    told->came += comes || opens;
    told->went += goes || closes;
    if (told->came != 1 || told->went > 1)
        fail(d, told->came == 1 ? "an end is told twice" : "a beginning is not told once",
             told->key);
    text_dispose(&key);
}

static void write_log(struct disk *d, const struct store_log_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct store_log_entry *entry = &batch->entries[i];
        switch (entry->kind) {
        case STORE_LOG_OPEN:
        case STORE_LOG_CLOSE:
        case STORE_LOG_RESUME:
            log_session(d, &entry->session, entry->kind);
            break;
        case STORE_LOG_VISIT:
        case STORE_LOG_LEFT:
            log_visit(d, &entry->visit, entry->kind == STORE_LOG_LEFT);
            break;
        case STORE_LOG_EVENT:
            count_told(d, &entry->event);
            break;
        default:
            break;
        }
    }
}

bool disk_has_left(const struct disk *d, const char *session_id, const char *peer_id,
                   const char *user_id, int64_t joined_at)
{
    struct text key = {0};
    put_key(&key, session_id, peer_id, user_id, joined_at);
    const struct logged *logged = find(d, key.at);
    text_dispose(&key);
    return logged && logged->visit.left_at;
}

void disk_judge_end(struct disk *d)
{
    size_t at = 0;
    for (const struct logged *logged; (logged = map_next(&d->logged, &at));) {
        if (logged->came != logged->went)
            fail(d, "an end was not told", logged->key);
        if (logged->visit.session_id && !logged->visit.left_at)
            fail(d, "a visit has not ended", logged->key);
        if (logged->session.id && !logged->session.ended_at)
            fail(d, "a session has not ended", logged->key);
    }
    if (d->kept_count)
        fail(d, "a session is kept", d->kept[0].session_id);
}

// --- What a process finds ---

static int by_key(const void *a, const void *b)
{
    return strcmp((*(struct logged *const *)a)->key, (*(struct logged *const *)b)->key);
}

// Maps have their order from a seed of their own; the story is told by its seed alone.
static struct logged **in_order(const struct disk *d, struct arena *arena)
{
    struct logged **list = arena_alloc(arena, (d->logged.count + 1) * sizeof *list);
    size_t count = 0, at = 0;
    for (struct logged *logged; (logged = map_next(&d->logged, &at));)
        list[count++] = logged;
    qsort(list, count, sizeof *list, by_key);
    return list;
}

static void load(const struct disk *d, struct jobs_live *live)
{
    if (strcmp(live->room_id, d->plan.record.id) != 0 || !d->plan.has_room)
        return;
    live->record = d->plan.record;
    live->template = plan_template(&d->plan);
    if (!live->template)
        return;
    snprintf(live->template_id, sizeof live->template_id, "%s", live->template->id);
    live->codes = plan_disabled(&d->plan);
}

static void list_visits(const struct disk *d, struct logged *const *list,
                        struct jobs_live *live, struct arena *arena)
{
    struct store_visit *visits = arena_alloc(arena, (d->logged.count + 1) * sizeof *visits);
    for (size_t i = 0; i < d->logged.count; i++) {
        const struct store_visit *visit = &list[i]->visit;
        if (visit->session_id && !visit->left_at &&
            strcmp(visit->session_id, live->session_id) == 0)
            visits[live->visit_count++] = *visit;
    }
    live->visits = visits;
}

struct jobs_live *disk_live(const struct disk *d, struct arena *arena, size_t *count)
{
    struct logged **list = in_order(d, arena);
    struct jobs_live *found =
        arena_alloc(arena, (d->kept_count + d->logged.count + 1) * sizeof *found);
    *count = 0;
    for (size_t i = 0; i < d->kept_count; i++) {
        struct text document = {0};
        people_store_read(&d->kept[i].parts, &document);
        found[(*count)++] =
            (struct jobs_live){.room_id = arena_text(arena, bytes_of(d->kept[i].room_id)),
                               .session_id = arena_text(arena, bytes_of(d->kept[i].session_id)),
                               .document = arena_text(arena, text_bytes(&document))};
        text_dispose(&document);
    }
    for (size_t i = 0; i < d->logged.count; i++) {
        const struct store_session *session = &list[i]->session;
        if (!session->id || session->ended_at)
            continue;
        size_t at = 0;
        while (at < *count && strcmp(found[at].session_id, session->id) != 0)
            at++;
        if (at == *count)
            found[(*count)++] =
                (struct jobs_live){.room_id = session->room_id, .session_id = session->id};
        found[at].is_logged = true;
        found[at].started_at = session->started_at;
        found[at].heard_at = session->updated_at;
        list_visits(d, list, &found[at], arena);
    }
    for (size_t i = 0; i < *count; i++)
        load(d, &found[i]);
    return found;
}

// --- The thread ---

struct item {
    struct job *job;
    int64_t due;     // then it is done
    int64_t back_at; // then it is handed back; 0: it is not done
};

struct jobs {
    struct disk *disk;
    struct rng *rng;
    struct item *items;
    size_t count, cap;
    int64_t away_until;
    struct unwritten unwritten;
    int64_t now;
    char session_id[OBJECT_ID_LEN + 1]; // of `written`
    struct people_store written;
};

struct jobs *people_jobs_new(struct disk *disk, struct rng *rng, struct moment now)
{
    struct jobs *jobs = mem_alloc(sizeof *jobs);
    jobs->disk = disk;
    jobs->rng = rng;
    jobs->now = now.mono_us;
    return jobs;
}

void people_jobs_free(struct jobs *jobs)
{
    for (size_t i = 0; i < jobs->count; i++) {
        job_dispose(jobs->items[i].job);
        mem_free(jobs->items[i].job);
    }
    people_store_clear(&jobs->written);
    unwritten_dispose(&jobs->unwritten);
    mem_free(jobs->items);
    mem_free(jobs);
}

void people_jobs_leave(struct jobs *jobs, struct moment now, int64_t us)
{
    jobs->away_until = now.mono_us + us;
}

const struct people_store *people_jobs_written(const struct jobs *jobs)
{
    return &jobs->written;
}

bool people_jobs_lock(const struct jobs *jobs)
{
    bool locks = false;
    for (size_t i = 0; i < jobs->count; i++)
        locks |= jobs->items[i].job->kind == JOB_LOCK;
    return locks;
}

bool people_jobs_are_idle(const struct jobs *jobs)
{
    return jobs->count == 0;
}

bool jobs_are_full(const struct jobs *jobs)
{
    (void)jobs;
    return false;
}

void jobs_put(struct jobs *jobs, struct job *job)
{
    if (jobs->count == jobs->cap) {
        jobs->cap = jobs->cap ? 2 * jobs->cap : 16;
        jobs->items = mem_resize(jobs->items, jobs->cap * sizeof *jobs->items);
    }
    if (job->kind == JOB_KEEP && strcmp(jobs->session_id, job->live.session_id) != 0) {
        people_store_clear(&jobs->written);
        memcpy(jobs->session_id, job->live.session_id, sizeof jobs->session_id);
    }
    if (job->kind == JOB_KEEP)
        people_store_put(&jobs->written, &job->live.snapshot);
    int64_t due = jobs->now + rng_below(jobs->rng, 60000);
    if (jobs->count && jobs->items[jobs->count - 1].due > due)
        due = jobs->items[jobs->count - 1].due; // in the order of their coming
    jobs->items[jobs->count++] = (struct item){.job = job, .due = due};
}

static void load_room(const struct disk *d, struct job *job)
{
    job->room.err = ERR_NOT_FOUND;
    job->room.template =
        strcmp(job->room.id, d->plan.record.id) ? NULL : plan_template(&d->plan);
    if (!job->room.template)
        return;
    job->room.err = 0;
    if (!job->room.record)
        job->room.record = mem_alloc(sizeof *job->room.record);
    *job->room.record = d->plan.record;
    job->room.codes = plan_disabled(&d->plan);
}

static void run(struct disk *d, struct job *job)
{
    switch (job->kind) {
    case JOB_KEEP:
        keep(d, job);
        break;
    case JOB_FORGET:
        forget(d, job);
        break;
    case JOB_ROOM:
        load_room(d, job);
        break;
    case JOB_LOCK:
        if (strcmp(job->lock.id, d->plan.record.id) == 0)
            d->plan.record.enabled = false;
        break;
    case JOB_LOG:
        write_log(d, job->log.batch);
        break;
    default:
        break;
    }
}

// While the storage is away, what nobody would ask for again waits for it.
static void run_due(struct jobs *jobs)
{
    bool is_away = jobs->now < jobs->away_until;
    for (size_t i = 0; i < jobs->count; i++) {
        struct item *item = &jobs->items[i];
        bool waits = item->job->kind == JOB_FORGET || item->job->kind == JOB_LOCK;
        if (item->back_at || item->due > jobs->now || (is_away && waits))
            continue;
        // What was read of a room is what is stored of it when it comes.
        item->back_at =
            jobs->now + (item->job->kind == JOB_ROOM ? 0 : rng_below(jobs->rng, 30000));
        bool is_early = item->job->kind == JOB_LOG && !unwritten_is_empty(&jobs->unwritten);
        item->job->db.err = is_away ? ERR_IO : is_early ? ERR_BUSY : 0;
        if (item->job->kind == JOB_KEEP || item->job->kind == JOB_FORGET)
            unwritten_note(&jobs->unwritten, item->job->live.session_id, is_away);
        item->job->room.err = item->job->db.err;
        if (!item->job->db.err)
            run(jobs->disk, item->job);
    }
}

struct job *people_jobs_step(struct jobs *jobs, struct moment now)
{
    jobs->now = now.mono_us;
    run_due(jobs);
    for (size_t i = 0; i < jobs->count; i++) {
        if (!jobs->items[i].back_at || jobs->items[i].back_at > jobs->now)
            continue;
        struct job *job = jobs->items[i].job;
        memmove(jobs->items + i, jobs->items + i + 1,
                (--jobs->count - i) * sizeof *jobs->items);
        return job;
    }
    return NULL;
}
