// Every statement of store/ is asked how it will be run: none may walk through a table that
// grows. To know all of them, everything is done here once, with each combination of filters;
// a piece of SQL in the sources that was not met then fails the test too.
#include "base/err.h"
#include "base/mem.h"
#include "scratch.h"
#include "store/audit.h"
#include "store/backend.h"
#include "store/codes.h"
#include "store/live_rooms.h"
#include "store/log_repair.h"
#include "store/peer_stats.h"
#include "store/polls.h"
#include "store/replays.h"
#include "store/rooms.h"
#include "store/sessions.h"
#include "store/sign_ins.h"
#include "store/streams.h"
#include "store/templates.h"
#include "store/visits.h"
#include "store/webhook_turn.h"
#include "store/webhooks.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct scratch scratch;
static struct db *db;
static struct arena arena;

static const char *const maybe[] = {NULL, "64a1b2c3d4e5f60718293a4b"};
static const char id[] = "64a1b2c3d4e5f60718293a4c";

// --- Doing everything ---

static void do_rooms(void)
{
    struct store_room rooms[STORE_PAGE_MAX];
    struct store_room room = {.id = id,
                              .name = "a",
                              .description = "",
                              .template_id = id,
                              .region = "",
                              .recording_info = "",
                              .webhook = ""};
    store_room_insert(db, &room);
    store_room_update(db, &room);
    store_room_get(db, id, &arena, &room);
    store_room_by_name(db, "a", &arena, &room);
    store_room_disable(db, id, 1);
    for (int i = 0; i < 24; i++) {
        struct store_room_filter filter = {.name = i & 1 ? "b" : NULL,
                                           .template_id = maybe[i >> 1 & 1],
                                           .start = maybe[i >> 2 & 1],
                                           .enabled = i / 8 - 1,
                                           .before_ms = 100,
                                           .limit = 10};
        CHECK(store_room_list(db, &filter, &arena, rooms) >= 0);
    }
    room.is_meeting = true;
    store_room_update(db, &room);
    CHECK_EQ(store_room_forget_meetings(db, 100, 10), 1);
}

static void do_templates(void)
{
    struct store_template rows[STORE_TEMPLATES_MAX];
    struct store_template row = {.id = id, .name = "t", .document = "{}"};
    CHECK_EQ(store_template_insert(db, &row), 0);
    store_template_update(db, &row);
    store_template_get(db, id, &arena, &row);
    store_template_default(db, &arena, &row);
    store_template_named(db, "t", &arena, &row);
    for (int i = 0; i < 12; i++) {
        struct store_template_filter filter = {.name = i & 1 ? "x" : NULL,
                                               .start = maybe[i >> 1 & 1],
                                               .is_default = i / 4 - 1,
                                               .limit = 10};
        CHECK(store_template_list(db, &filter, &arena, rows) >= 0);
    }
}

static void do_codes(void)
{
    struct store_code codes[STORE_CODES_MAX];
    struct store_code code = {.role = "host"};
    int64_t count;
    store_code_insert(db, &code);
    store_code_enable(db, "abc-defg-hij", true, 1);
    store_code_count(db, id, &count);
    struct room_codes *of_room = room_codes_new();
    bool is_disabled;
    store_codes_of_room(db, id, of_room);
    room_codes_free(of_room);
    store_code_is_disabled(db, id, id, &is_disabled);
    store_code_get(db, "abc-defg-hij", &arena, &code);
    store_code_of_role(db, id, "host", &arena, &code);
    store_codes_disable_role(db, id, "host", 1);
    store_codes_rename_role(db, id, "host", "guest", 1);
    for (int i = 0; i < 12; i++) {
        struct store_code_filter filter = {.room_id = id,
                                           .role = i & 1 ? "host" : NULL,
                                           .start = i & 2 ? "abc-defg-hij" : NULL,
                                           .enabled = i / 4 - 1,
                                           .limit = 10};
        CHECK_EQ(store_code_list(db, &filter, &arena, codes), 0);
    }
}

static void log_one(struct store_log_entry entry)
{
    struct store_log_posts posts = {.workspace = "{\"url\":\"https://a.example\"}"};
    CHECK_EQ(store_log_write(db, &entry, 1, &posts), 0);
}

static void do_sessions(void)
{
    struct store_session found[STORE_SESSIONS_MAX];
    struct store_session session = {.id = id, .room_id = id, .started_at = 1, .ended_at = 2};
    struct store_session *unfinished;
    struct store_visit visit = {.session_id = id,
                                .peer_id = "p",
                                .user_id = "u",
                                .name = "n",
                                .role = "host",
                                .joined_at = 1};
    struct store_visit *visits;
    size_t count;
    log_one((struct store_log_entry){STORE_LOG_OPEN, .session = session});
    log_one((struct store_log_entry){STORE_LOG_RESUME, .session = session});
    log_one((struct store_log_entry){STORE_LOG_VISIT, .visit = visit});
    log_one((struct store_log_entry){STORE_LOG_LEFT, .visit = visit});
    log_one((struct store_log_entry){STORE_LOG_CLOSE, .session = session});
    store_session_get(db, id, &arena, &session);
    store_session_unfinished(db, &arena, &unfinished, &count);
    store_visits_open(db, id, &arena, &visits, &count);
    store_visits_of_peer(db, id, "p", 10, &arena, &visits, &count);
    bool is_cut;
    store_visits_page(db, id, "", 10, &arena, &visits, &count, &is_cut);
    store_visits_page(db, id, "p", 10, &arena, &visits, &count, &is_cut);
    store_visit_last(db, id, "p", &(struct token_hash){{1}}, &arena, &visit);
    for (int i = 0; i < 12; i++) {
        struct store_session_filter filter = {.room_id = maybe[i & 1],
                                              .start = maybe[i >> 1 & 1],
                                              .active = i / 4 - 1,
                                              .before_ms = 100,
                                              .limit = 10};
        CHECK(store_session_list(db, &filter, &arena, found) >= 0);
    }
}

static void log_event(const char *event_id)
{
    log_one((struct store_log_entry){STORE_LOG_EVENT, .event = {.id = event_id,
                                                                .uuid = "u",
                                                                .session_id = id,
                                                                .room_id = id,
                                                                .peer_id = "p",
                                                                .user_id = "u",
                                                                .type = "a.b",
                                                                .at = 1,
                                                                .data = "{}",
                                                                .post = "{}"}});
}

static void do_events(void)
{
    struct store_session_event found[STORE_EVENTS_MAX];
    int64_t total;
    log_event(id);
    for (int i = 0; i < 192; i++) {
        struct store_event_filter filter = {.room_id = id,
                                            .session_id = maybe[i & 1],
                                            .peer_id = maybe[i >> 1 & 1],
                                            .user_id = maybe[i >> 2 & 1],
                                            .types = i & 8 ? ",a.b,c.d," : NULL,
                                            .start = maybe[i >> 4 & 1],
                                            .beam_id = maybe[i >> 5 & 1],
                                            .is_error = i / 64 - 1,
                                            .limit = 10};
        CHECK(store_event_list(db, &filter, &arena, found, &total) >= 0);
    }
    struct store_stats stats = {.id = id, .session_id = id, .peer_id = "p", .document = "[]"};
    struct store_stats *list;
    size_t count;
    log_one((struct store_log_entry){STORE_LOG_STATS, .stats = stats});
    store_stats_list(db, id, "p", &arena, &list, &count);
}

static void do_streams(void)
{
    struct store_stream found[STORE_STREAMS_MAX];
    struct store_stream stream = {
        .id = id, .room_id = id, .session_id = id, .status = "", .document = "{}"};
    struct store_stream_key key = {.id = id, .room_id = id, .key = "k"};
    store_stream_key_insert(db, &key);
    store_stream_key_disable(db, id, 1);
    store_stream_key_of(db, id, &arena, &key);
    store_stream_insert(db, (enum store_stream_kind)0, &stream);
    store_stream_get(db, (enum store_stream_kind)0, id, &arena, &stream);
    for (int i = 0; i < 16; i++) {
        struct store_stream_filter filter = {.room_id = maybe[i & 1],
                                             .session_id = maybe[i >> 1 & 1],
                                             .status = i & 4 ? "running" : NULL,
                                             .start = maybe[i >> 3 & 1],
                                             .limit = 10};
        CHECK(store_stream_list(db, &filter, &arena, found) >= 0);
    }
}

static void do_polls(void)
{
    struct store_poll_run runs[STORE_POLLS_MAX];
    struct store_poll_answer answers[STORE_POLLS_MAX];
    struct store_poll_score scores[STORE_POLLS_MAX];
    struct store_poll poll = {.id = id, .document = "{}"};
    struct store_poll_run run = {.id = id, .poll_id = id, .session_id = id};
    struct store_poll_answer answer = {
        .poll_id = id,
        .session_id = id,
        .voter_row = id,
        .is = {
            .id = id, .voter = "v", .peer_id = "", .user_id = "", .text = "", .original = ""}};
    log_one((struct store_log_entry){STORE_LOG_POLL, .poll = poll});
    log_one((struct store_log_entry){STORE_LOG_POLL_START, .run = run});
    log_one((struct store_log_entry){STORE_LOG_POLL_ANSWER, .answer = answer});
    log_one((struct store_log_entry){STORE_LOG_POLL_STOP, .run = run});
    store_poll_update(db, &poll);
    store_poll_get(db, id, &arena, &poll);
    store_poll_answer_get(db, id, id, &arena, answers);
    store_poll_score_get(db, id, id, &arena, scores);
    for (int i = 0; i < 8; i++) {
        struct store_poll_filter filter = {.poll_id = id,
                                           .start = maybe[i & 1],
                                           .question = i >> 1 & 1,
                                           .all = i & 4,
                                           .limit = 10};
        CHECK(store_poll_runs(db, &filter, &arena, runs) >= 0);
        CHECK(store_poll_answers(db, &filter, &arena, answers) >= 0);
        CHECK(store_poll_scores(db, &filter, &arena, scores) >= 0);
    }
}

static void do_turn(const char *replay_id, const char *workspace, int64_t now)
{
    struct store_webhook_turn *turn = store_webhook_turn_new(4);
    for (int i = 0; i < 4; i++) {
        turn->outcomes[i].is_delivered = i & 1;
        turn->outcomes[i].next_at = i == 2 ? 5 : 0;
        strcpy(turn->outcomes[i].id, id);
        if (i == 3 || i == 0)
            strcpy(turn->outcomes[i].replay_id, replay_id);
        turn->outcomes[i].error = mem_text("refused");
    }
    turn->takes = true;
    turn->places = 8;
    turn->workspace = workspace;
    turn->now = now;
    turn->taken_until = now + 10;
    CHECK_EQ(store_webhook_turn(db, turn), 0);
    int64_t waiting;
    CHECK_EQ(store_webhook_count(db, &waiting), 0);
    store_webhook_turn_free(turn);
}

static void do_webhooks(void)
{
    struct store_webhook found[STORE_WEBHOOKS_MAX];
    struct store_replay_failure failures[STORE_REPLAY_FAILURES_MAX];
    int64_t total;
    bool is_new;
    for (int i = 0; i < 24; i++) {
        struct store_webhook_filter filter = {.room_id = i & 1 ? id : "",
                                              .types = i & 2 ? ",a.b," : "",
                                              .status = (enum store_webhook_status)(i / 8),
                                              .before_ms = 100};
        CHECK(store_webhook_list(db, &filter, 10, i & 4, &arena, found, &total) >= 0);
        char replay_id[25], wish[8];
        snprintf(replay_id, sizeof replay_id, "64a1b2c3d4e5f60718293b%02d", i);
        snprintf(wish, sizeof wish, "%d", i);
        struct store_replay replay = {
            .id = replay_id, .wish = wish, .filter = filter, .most = 10, .skip = i & 4 ? 0 : 1};
        int err = store_replay_start(db, &replay, &arena, &is_new);
        CHECK(!err || err == ERR_FULL);
        do_turn(replay_id, "", i);
        store_replay_get(db, replay_id, &arena, &replay);
    }
    store_replay_failures(db, id, &arena, failures);
    CHECK_EQ(store_webhook_begin(db), 0);
    log_event(maybe[1]);
    struct store_replay replay = {.id = id,
                                  .wish = "w",
                                  .filter = {.room_id = "", .types = "", .before_ms = 100},
                                  .most = 10};
    CHECK_EQ(store_replay_start(db, &replay, &arena, &is_new), 0);
    do_turn("", "{}", 50);
    do_turn(id, "{}", 50);
    do_turn("", "", 70); // there is no webhook any more
}

static void do_live_rooms(void)
{
    int64_t epoch;
    struct store_live_room *list;
    size_t count;
    CHECK_EQ(store_live_begin(db, &epoch), 0);
    struct snapshot_part parts[] = {{"pa", "{}"}, {"pb", NULL}};
    struct snapshot snapshot = {.head = "{}", .parts = parts, .count = 2, .is_whole = true};
    CHECK_EQ(store_live_put(db, &(struct store_live_room){id, id, NULL}, &snapshot, epoch, 1),
             0);
    CHECK_EQ(store_live_list(db, &arena, &list, &count), 0);
    CHECK_EQ(store_live_remove(db, id, id, epoch), 0);
}

static void do_dashboard(void)
{
    static struct store_account accounts[ACCOUNTS_MAX];
    struct store_account account = {.id = id, .name = "Ann", .password = ""};
    struct store_audit row = {.id = id,
                              .account_id = id,
                              .account = "Ann",
                              .method = "POST",
                              .path = "/",
                              .target = "",
                              .from = ""};
    struct store_audit rows[AUDIT_ROWS_MAX];
    struct store_sign_in session;
    int64_t count;
    bool is_used;
    CHECK_EQ(store_account_insert(db, &account), 0);
    CHECK_EQ(store_account_update(db, &account), 0);
    CHECK_EQ(store_account_named(db, "ANN", &arena, &account), 0);
    CHECK_EQ(store_account_list(db, &arena, accounts), 1);
    CHECK_EQ(store_account_count(db, &count), 0);
    CHECK_EQ(store_account_owners(db, &count), 0);
    CHECK_EQ(store_sign_in_put(db, "h", id, 1), 0);
    CHECK_EQ(store_sign_in_seen(db, "h", 2), 0);
    CHECK_EQ(store_sign_in_get(db, "h", 3, &arena, &session), 0);
    CHECK_EQ(store_sign_in_remove_others(db, id, "h"), 0);
    CHECK_EQ(store_sign_in_remove(db, "h"), 0);
    CHECK_EQ(store_account_delete(db, id), 0);
    CHECK_EQ(store_link_is_used(db, "l", &is_used), 0);
    CHECK_EQ(store_link_use(db, "l", 2, 1), 0);
    CHECK_EQ(store_audit_put(db, &row), 0);
    store_webhook_send_again(db, "u", 1);
    for (int i = 0; i < 96; i++) {
        struct store_audit_filter filter = {.account = i & 1 ? "Ann" : NULL,
                                            .search = i & 2 ? "x" : NULL,
                                            .start = maybe[i >> 2 & 1],
                                            .after_ms = i & 8,
                                            .before_ms = i & 16 ? 100 : INT64_MAX,
                                            .is_refused = i / 32 - 1,
                                            .limit = 10};
        CHECK(store_audit_list(db, &filter, &arena, rows) >= 0);
    }
}

static void forget_everything(void)
{
    CHECK(store_log_age(db, 100, 10) >= 0);
    CHECK(store_stats_age(db, 100, 10) >= 0);
    log_one((struct store_log_entry){STORE_LOG_CLOSE,
                                     .session = {.id = id, .room_id = id, .ended_at = 2}});
    CHECK(store_session_forget(db, 100, 100) > 0);
    do_events();
    struct store_visit visit = {.session_id = id,
                                .peer_id = "p",
                                .user_id = "u",
                                .name = "n",
                                .role = "host",
                                .joined_at = 1};
    log_one((struct store_log_entry){STORE_LOG_VISIT, .visit = visit});
    log_one((struct store_log_entry){STORE_LOG_OPEN,
                                     .session = {.id = id, .room_id = id, .started_at = 1}});
    log_one((struct store_log_entry){STORE_LOG_CLOSE,
                                     .session = {.id = id, .room_id = id, .ended_at = 2}});
    CHECK(store_session_forget(db, 100, 100) > 0);
    struct store_log_entry bad = {STORE_LOG_EVENT, .event = {.id = "x"}};
    struct store_log_posts posts = {0};
    size_t aside = 0;
    CHECK_EQ(store_log_repair(db, &bad, 1, &posts, 1, &aside), 0);
    CHECK_EQ(aside, 1);
    CHECK(store_webhook_age(db, 100, 10) >= 0);
    store_template_delete(db, id);
}

static void do_everything(void)
{
    scratch = scratch_new();
    CHECK_EQ(db_open(&db, scratch.database), 0);
    do_templates();
    do_rooms();
    do_codes();
    do_sessions();
    do_events();
    do_streams();
    do_polls();
    do_webhooks();
    do_live_rooms();
    do_dashboard();
    forget_everything();
}

static void close_everything(void)
{
    arena_dispose(&arena);
    db_close(db);
    scratch_remove(&scratch);
}

// --- Asking how ---

// Of these there is a row for each room that is live, one in all, or a thousand at most.
static const char *const small[] = {"live_rooms",     "live_parts", "live_epoch",
                                    "schema_version", "log_aside",  "accounts"};

static bool begins_with_small(const char *name)
{
    for (size_t i = 0; i < sizeof small / sizeof *small; i++) {
        if (strncmp(name, small[i], strlen(small[i])) == 0)
            return true; // or an index of it
    }
    return false;
}

// What a subquery found is as long as it is allowed to be.
static bool is_result(const char *name)
{
    static const char *const results[] = {"(subquery", "chosen", "kept", "due",
                                          "sent",      "first",  "old",  "SUBQUERY"};
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        if (strncmp(name, results[i], strlen(results[i])) == 0)
            return true;
    }
    return false;
}

static bool is_walk_in_sqlite(const char *step)
{
    const char *name = strncmp(step, "SCAN ", 5) == 0 ? step + 5 : NULL;
    // The one default template, first of an index that holds only those.
    if (strstr(step, "templates_default"))
        return false;
    return name && strncmp(name, "CONSTANT", 8) != 0 && !begins_with_small(name) &&
           !is_result(name);
}

static size_t parameters_of(const char *sql)
{
    size_t most = 0;
    for (const char *p = sql; (p = strchr(p, '$')); p++) {
        size_t number = strtoul(p + 1, NULL, 10);
        most = number > most ? number : most;
    }
    return most;
}

static int explain_sqlite(const char *sql, struct text *plan)
{
    struct text explain = {0};
    int walks = 0;
    text_addf(&explain, "EXPLAIN QUERY PLAN %s", sql);
    struct db_query *q = db_prepare(db, explain.at);
    while (db_step(q) == DB_ROW) {
        walks += is_walk_in_sqlite(db_text(q, 3));
        text_addf(plan, "    %s\n", db_text(q, 3));
    }
    db_finish(q);
    text_dispose(&explain);
    return walks;
}

static void prepare_plan(const char *sql, int number, struct text *execute)
{
    struct text prepare = {0};
    text_addf(&prepare, "PREPARE plan%d AS %s", number, sql);
    CHECK_EQ(db->backend->execute(db, prepare.at), 0);
    text_dispose(&prepare);
    text_addf(execute, "EXPLAIN EXECUTE plan%d", number);
    size_t count = parameters_of(sql);
    for (size_t i = 0; i < count; i++)
        text_addf(execute, "%sNULL", i ? ", " : " (");
    if (count)
        text_add(execute, ")");
}

// A walk is a table in its own order, or a whole index.
static int explain_postgres(const char *sql, struct text *plan)
{
    static int number;
    struct text execute = {0};
    prepare_plan(sql, ++number, &execute);
    struct db_query *q = db_prepare(db, execute.at);
    bool is_open = false; // an index that has shown no condition yet
    int walks = 0;
    while (db_step(q) == DB_ROW) {
        const char *line = db_text(q, 0);
        const char *scan = strstr(line, "Scan");
        const char *on = strstr(line, " on ");
        if (scan || strstr(line, "->")) {
            walks += is_open;
            is_open = false;
        }
        if (strstr(line, "Seq Scan") && on && !begins_with_small(on + 4))
            walks++;
        if (strstr(line, "Index") && scan && !(on && begins_with_small(on + 4)) &&
            !strstr(line, "templates_default"))
            is_open = true;
        if (strstr(line, "Index Cond"))
            is_open = false;
        text_addf(plan, "    %s\n", line);
    }
    db_finish(q);
    text_dispose(&execute);
    return walks + is_open;
}

static bool is_explainable(const char *sql)
{
    return strncmp(sql, "EXPLAIN", 7) != 0;
}

// What was prepared so far: asking prepares more.
static size_t list_statements(const char **list, size_t most)
{
    size_t count = 0, at = 0;
    for (struct db_query *q; (q = map_next(&db->queries, &at));) {
        if (count < most && is_explainable(q->sql))
            list[count++] = arena_text(&arena, bytes_of(q->sql));
    }
    return count;
}

TEST(no_statement_walks_through_a_table_that_grows)
{
    static const char *statements[1000];
    do_everything();
    size_t count = list_statements(statements, 1000);
    CHECK(count > 150 && count < 1000);
    if (scratch_is_remote()) {
        CHECK_EQ(db->backend->execute(db, "SET enable_seqscan = off"), 0);
        CHECK_EQ(db->backend->execute(db, "SET plan_cache_mode = force_generic_plan"), 0);
    }
    int walks = 0;
    for (size_t i = 0; i < count; i++) {
        struct text plan = {0};
        int found = scratch_is_remote() ? explain_postgres(statements[i], &plan)
                                        : explain_sqlite(statements[i], &plan);
        if (found)
            fprintf(stderr, "%s\n%s", statements[i], plan.at ? plan.at : "");
        walks += found;
        text_dispose(&plan);
    }
    CHECK_EQ(walks, 0);
    close_everything();
}

// --- All of them ---

static bool is_sql(const char *piece)
{
    static const char *const words[] = {"SELECT ", "INSERT INTO", "UPDATE ", "DELETE ",
                                        "WHERE ",  " AND ",       "FROM ",   "ORDER BY"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strstr(piece, words[i]))
            return true;
    }
    return false;
}

// Copies are whole tables, and the last is a statement that is put together, of any table.
static bool is_about_all(const char *path)
{
    static const char *const files[] = {
        "store/schema.c", "store/sqlite.c", "store/postgres.c", "store/postgres_link.c",
        "store/copy.c",   "store/backup.c", "store/where.c",    "store/db.c"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (strcmp(path, files[i]) == 0)
            return true;
    }
    return false;
}

static bool was_met(const char **statements, size_t count, const char *piece)
{
    for (size_t i = 0; i < count; i++) {
        if (strstr(statements[i], piece))
            return true;
    }
    return false;
}

// The string literals of a C source, one after the other.
static bool next_literal(const char **p, char *piece, size_t cap)
{
    while (**p) {
        if (strncmp(*p, "//", 2) == 0) {
            *p += strcspn(*p, "\n");
        } else if (**p == '\'') {
            *p += (*p)[1] == '\\' ? 4 : 3;
        } else if (*(*p)++ == '"') {
            size_t len = 0;
            while (**p && **p != '"' && len + 1 < cap) {
                *p += **p == '\\';
                piece[len++] = *(*p)++;
            }
            piece[len] = 0;
            *p += **p == '"';
            return true;
        }
    }
    return false;
}

TEST(every_statement_in_the_sources_is_among_them)
{
    static const char *statements[1000];
    const char **files;
    int missing = 0;
    do_everything();
    size_t count = list_statements(statements, 1000);
    size_t file_count = test_folder("store", &files);
    for (size_t i = 0; i < file_count; i++) {
        char piece[1024];
        if (!strstr(files[i], ".c") || is_about_all(files[i]))
            continue;
        const char *p = arena_text(&arena, test_file(files[i]));
        while (next_literal(&p, piece, sizeof piece)) {
            if (!is_sql(piece) || was_met(statements, count, piece))
                continue;
            fprintf(stderr, "%s: %s\n", files[i], piece);
            missing++;
        }
    }
    CHECK_EQ(missing, 0);
    close_everything();
}
