#include "server/metrics.h"

static const double us_per_s = 1e6;

static void write_people(const struct metrics *m, struct exposition *e)
{
    static const char *const kinds[] = {[METRICS_PUBLISHER] = "publisher",
                                        [METRICS_VIEWER] = "viewer",
                                        [METRICS_WAITING] = "waiting"};
    exposition_family(e, "parlor_peers", EXPOSITION_GAUGE,
                      "People in them: whose roles may publish something, whose may not, and "
                      "who waits to be let in.");
    for (size_t i = 0; i < METRICS_PEER_KINDS; i++)
        exposition_count(e, (const struct label[]){{"kind", kinds[i]}, {0}}, m->peers[i]);
    exposition_family(
        e, "parlor_join_seconds", EXPOSITION_HISTOGRAM,
        "From the request to join to the first media packet, in either direction; "
        "of those who had some within a minute.");
    exposition_histogram(e, NULL, &m->joins, &histogram_waits_us, us_per_s);
}

static void write_store(const struct metrics *m, struct exposition *e)
{
    const struct jobs_stats *s = &m->store;
    const struct label read[] = {{"kind", "read"}, {0}}, write[] = {{"kind", "write"}, {0}};
    exposition_family(e, "parlor_store_job_seconds", EXPOSITION_HISTOGRAM,
                      "From when the store is asked to when its result is taken, waiting "
                      "included.");
    exposition_histogram(e, read, &s->reads, &histogram_waits_us, us_per_s);
    exposition_histogram(e, write, &s->writes, &histogram_waits_us, us_per_s);
    exposition_family(e, "parlor_store_queue_jobs", EXPOSITION_GAUGE,
                      "Jobs that wait for a thread: of all that write, of look-ups, of lists.");
    exposition_count(e, (const struct label[]){{"queue", "write"}, {0}}, s->writers_waiting);
    exposition_count(e, (const struct label[]){{"queue", "find"}, {0}}, s->finders_waiting);
    exposition_count(e, (const struct label[]){{"queue", "list"}, {0}}, s->listers_waiting);
    exposition_family(e, "parlor_store_errors", EXPOSITION_COUNTER,
                      "Jobs that the store failed; what was not found is none.");
    exposition_count(e, read, s->read_errors);
    exposition_count(e, write, s->write_errors);
    exposition_single(e, "parlor_store_log_aside", EXPOSITION_COUNTER,
                      "Entries of the session log that the store cannot take: kept in "
                      "log_aside.",
                      s->aside);
    exposition_single(e, "parlor_store_writable", EXPOSITION_GAUGE,
                      "1 when the last commit succeeded, else 0.", m->store_is_writable);
}

static void write_webhooks(const struct metrics *m, struct exposition *e)
{
    exposition_family(e, "parlor_webhook_deliveries", EXPOSITION_COUNTER,
                      "Webhooks that their receivers took, and tries that failed.");
    exposition_count(e, (const struct label[]){{"result", "delivered"}, {0}},
                     m->webhooks.delivered);
    exposition_count(e, (const struct label[]){{"result", "failed"}, {0}}, m->webhooks.failed);
    exposition_single(e, "parlor_webhooks_given_up", EXPOSITION_COUNTER,
                      "Webhooks that are not tried again.", m->webhooks.given_up);
    if (m->webhooks_waiting >= 0)
        exposition_single(e, "parlor_webhooks_waiting", EXPOSITION_GAUGE,
                          "Webhooks that wait to be sent, or to be sent again.",
                          (uint64_t)m->webhooks_waiting);
}

void metrics_write(const struct metrics *m, enum exposition_format format, struct text *out)
{
    struct exposition e = {.out = out, .format = format};
    exposition_family(&e, "parlor_build_info", EXPOSITION_GAUGE,
                      "Which version runs; always 1.");
    exposition_count(&e, (const struct label[]){{"version", m->version}, {0}}, 1);
    exposition_single(&e, "parlor_rooms", EXPOSITION_GAUGE, "Rooms in which somebody is.",
                      m->rooms);
    write_people(m, &e);
    metrics_write_signalling(m, &e);
    metrics_write_media(m, &e);
    write_store(m, &e);
    write_webhooks(m, &e);
    metrics_write_http(m, &e);
    exposition_single(&e, "parlor_memory_limit_bytes", EXPOSITION_GAUGE,
                      "How much memory the process may have, by --memory-max.",
                      (uint64_t)m->memory_max);
    metrics_write_process(&m->process, &e);
    exposition_end(&e);
}
