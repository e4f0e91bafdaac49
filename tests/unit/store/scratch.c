#include "scratch.h"

#include "test.h"

#include <dirent.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *postgres_url(void)
{
    return getenv("PARLOR_TEST_POSTGRES");
}

bool scratch_is_remote(void)
{
    return postgres_url();
}

static char value[256];

static void keep_silent(void *context, const PGresult *notice)
{
    (void)context, (void)notice;
}

static const char *ask_postgres(const char *url, const char *sql)
{
    PGconn *conn = PQconnectdb(url);
    PQsetNoticeReceiver(conn, keep_silent, NULL);
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(conn));
    snprintf(value, sizeof value, "%s", PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    PQfinish(conn);
    return value;
}

static int keep_value(void *context, int count, char **values, char **names)
{
    (void)context, (void)names;
    snprintf(value, sizeof value, "%s", count && values[0] ? values[0] : "");
    return 0;
}

const char *scratch_sql(const struct scratch *s, const char *sql)
{
    if (scratch_is_remote())
        return ask_postgres(s->database, sql);
    sqlite3 *db;
    char *why = NULL;
    value[0] = 0;
    CHECK_EQ(sqlite3_open(s->database, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, keep_value, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
    sqlite3_close(db);
    return value;
}

// The name of the schema is that of the folder.
static void command_schema(const struct scratch *s, const char *format)
{
    char sql[128];
    snprintf(sql, sizeof sql, format, s->folder + strlen(s->folder) - 6);
    ask_postgres(postgres_url(), sql);
}

struct scratch scratch_new(void)
{
    struct scratch s;
    const char *top = getenv("TMPDIR");
    snprintf(s.folder, sizeof s.folder, "%.200s/parlor-test-XXXXXX", top ? top : "/tmp");
    CHECK(mkdtemp(s.folder) != NULL);
    if (!scratch_is_remote()) {
        snprintf(s.database, sizeof s.database, "%s/parlor.db", s.folder);
        return s;
    }
    command_schema(&s, "CREATE SCHEMA \"%s\"");
    snprintf(s.database, sizeof s.database, "%s?options=-csearch_path%%3D%%22%s%%22",
             postgres_url(), s.folder + strlen(s.folder) - 6);
    return s;
}

const char *scratch_path(const struct scratch *s, const char *name)
{
    static _Thread_local char paths[4][2 * SCRATCH_PATH_MAX];
    static _Thread_local int next;
    next = (next + 1) % 4;
    snprintf(paths[next], sizeof paths[next], "%s/%.200s", s->folder, name);
    return paths[next];
}

void scratch_remove(const struct scratch *s)
{
    DIR *folder = opendir(s->folder);
    struct dirent *entry;
    while (folder && (entry = readdir(folder)))
        unlink(scratch_path(s, entry->d_name));
    if (folder)
        closedir(folder);
    rmdir(s->folder);
    if (scratch_is_remote())
        command_schema(s, "DROP SCHEMA \"%s\" CASCADE");
}
