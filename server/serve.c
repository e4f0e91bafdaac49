#include "server/serve.h"

#include "api/admin_tries.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/inbox.h"
#include "net/self_signed.h"
#include "server/addresses.h"
#include "server/clock.h"
#include "server/control.h"
#include "server/footprint.h"
#include "server/jobs.h"
#include "server/process.h"
#include "server/worker.h"
#include "sfu/notice.h"
#include "store/keys.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    NOTICES_MAX = 16 * 1024,
    COUNTERS_MAX = 4 * CONFIG_WORKERS_MAX,
    CANDIDATES_MAX = 8,
    EXIT_FAILED = 1,
};

// Everything that lives as long as the server, freed in the reverse order.
struct server {
    const struct config *config;
    struct addr listen[CONFIG_ADDRESSES_MAX];
    size_t listen_count;
    struct keys keys;
    struct api_config api;
    struct api_admin_tries admin_tries;
    struct visitors_limits visitors;
    struct head_limits head;
    struct json_bounds json;
    char tls_cert[CONFIG_PATH_MAX];
    char tls_key[CONFIG_PATH_MAX];
    struct text webhook_target; // as the store keeps it
    struct api_webhook_config webhook;
    char public_host[CONFIG_HOST_MAX];
    struct jobs *jobs;
    struct dtls_identity *identity;
    struct inbox *notices;
    struct inbox *counters; // NULL: nobody reads them
    struct worker *workers[CONFIG_WORKERS_MAX];
    size_t worker_count;
    struct addr candidates[CANDIDATES_MAX]; // as clients are told them
    size_t candidate_count;
    int addresses_watch;
    struct control *control;
};

static void choose_listeners(struct server *s)
{
    bool six = !s->config->listens_by_default || addresses_have_ipv6();
    for (size_t i = 0; i < s->config->listen_count; i++)
        if (six || addr_is_v4(&s->config->listen[i]))
            s->listen[s->listen_count++] = s->config->listen[i];
}

// Where others can come in, by themselves or through a proxy, the key is asked for.
static enum api_meetings meetings_by_itself(const struct config *config)
{
    bool is_alone =
        config_is_local(config) && !config->public_url[0] && config->trusted_proxies.count == 0;
    return is_alone ? API_MEETINGS_LOCAL : API_MEETINGS_KEY;
}

static void fill_api(struct server *s)
{
    static const enum api_meetings meanings[] = {[CONFIG_MEETINGS_ANYONE] = API_MEETINGS_ANYONE,
                                                 [CONFIG_MEETINGS_KEY] = API_MEETINGS_KEY,
                                                 [CONFIG_MEETINGS_OFF] = API_MEETINGS_OFF};
    const struct config *config = s->config;
    enum config_meetings meetings = config->meetings;
    s->api = (struct api_config){
        .keys = {.at = &s->keys.key, .count = 1},
        .customer_id = s->keys.customer_id,
        .app_id = s->keys.app_id,
        .data = config->data,
        .webhook = &s->webhook,
        .meetings =
            meetings == CONFIG_MEETINGS_AUTO ? meetings_by_itself(config) : meanings[meetings],
        .meetings_key = s->keys.meetings_key,
        .meetings_room = config->room_codes_room[0] ? config->room_codes_room : NULL,
        .token_endpoint = config->token_endpoint[0] ? config->token_endpoint : NULL,
        .public_url = config->public_url[0] ? config->public_url : NULL,
        .ice_servers = config->ice_servers[0] ? config->ice_servers : NULL,
        .client_flags = config->client_flags,
        .diagnostics = config->diagnostics,
        .origins = config->api_origins[0] ? config->api_origins : NULL,
        .page_origins = config->origins[0] ? config->origins : NULL,
        .json = &s->json,
        .body_max = (size_t)config->limits.body_max,
        .public_body_max = (size_t)config->limits.public_body_max,
        .wrong_codes = (size_t)config->limits.wrong_codes,
        .wrong_codes_all = (size_t)config->limits.wrong_codes_all,
    };
}

static void fill_limits(struct server *s)
{
    const struct config_limits *limits = &s->config->limits;
    s->head = (struct head_limits){.line = (size_t)limits->request_line_max,
                                   .fields = (size_t)limits->headers_max,
                                   .field_count = (size_t)limits->header_count_max};
    s->json = (struct json_bounds){.depth = (size_t)limits->json_depth,
                                   .members = (size_t)limits->json_members,
                                   .string_len = (size_t)limits->json_string};
    s->visitors = (struct visitors_limits){
        .connections = (uint32_t)limits->connections,
        .unread = (uint32_t)limits->unread,
        .strangers = {(uint32_t)limits->requests, (uint32_t)limits->burst},
        .members = {(uint32_t)limits->member_requests, (uint32_t)limits->member_burst},
        .keys = {(uint32_t)limits->key_requests, (uint32_t)limits->key_burst},
        .logins = {(uint32_t)limits->logins, (uint32_t)limits->login_burst},
    };
}

static struct http_timeouts timeouts_of(const struct config_limits *limits)
{
    return (struct http_timeouts){
        .head = (int)limits->head_timeout,
        .body = (int)limits->body_timeout,
        .idle = (int)limits->idle_timeout,
        .write = (int)limits->write_timeout,
        .answer = (int)limits->answer_timeout,
    };
}

static enum http_scheme scheme_of(const char *url)
{
    return !url[0]                            ? HTTP_SCHEME_OWN
           : strncmp(url, "https://", 8) == 0 ? HTTP_SCHEME_TLS
                                              : HTTP_SCHEME_PLAIN;
}

// Clients that reach the server by any of its addresses, or by one that it was told of, find
// that in the certificate. Returns 1 when that was made anew.
static int ensure_certificate(struct server *s)
{
    const struct config *config = s->config;
    char host[CONFIG_HOST_MAX];
    struct addr addresses[CONFIG_ADDRESSES_MAX + CANDIDATES_MAX];
    size_t count = config->public_ip_count;
    memcpy(addresses, config->public_ips, count * sizeof *addresses);
    count += addresses_of_machine(addresses + count, CANDIDATES_MAX);
    return self_signed_ensure(
        s->tls_cert, s->tls_key,
        &(struct self_signed_names){.addresses = addresses,
                                    .address_count = count,
                                    .host = config_public_host(config, host)});
}

static int prepare_tls(struct server *s)
{
    config_certificate(s->config, s->tls_cert, s->tls_key);
    return s->config->tls_self_signed && ensure_certificate(s) < 0 ? ERR_IO : 0;
}

// The addresses at which clients find the media ports: those that --public-ip names, else all
// of this machine; and its own loopback where nobody else can reach the page.
static size_t choose_candidates(const struct config *config, struct addr *candidates)
{
    size_t count = config->public_ip_count;
    memcpy(candidates, config->public_ips, count * sizeof *candidates);
    if (count > 0)
        return count;
    count = addresses_of_machine(candidates, CANDIDATES_MAX - 1);
    if (count == 0 || config_is_local(config))
        addr_parse_ip(&candidates[count++], "127.0.0.1", 0);
    return count;
}

static int start_workers(struct server *s)
{
    s->candidate_count = choose_candidates(s->config, s->candidates);
    unsigned wanted = config_worker_count(s->config);
    const char *any = addresses_have_ipv6() ? "::" : "0.0.0.0";
    s->identity = dtls_identity_new();
    s->notices = inbox_new(sizeof(struct notice), NOTICES_MAX);
    if (s->config->serves_metrics)
        s->counters = inbox_new(sizeof(struct worker_counters), COUNTERS_MAX);
    for (unsigned i = 0; i < wanted; i++) {
        struct worker_config config = {.number = (uint8_t)i,
                                       .candidates = s->candidates,
                                       .candidate_count = s->candidate_count,
                                       .identity = s->identity,
                                       .notices = s->notices,
                                       .counters = s->counters};
        addr_parse_ip(&config.listen, any, (uint16_t)(s->config->media_port + i));
        s->workers[i] = worker_new(&config);
        if (!s->workers[i])
            return ERR_IO;
        s->worker_count++;
    }
    const char *cipher = worker_cipher(s->workers[0]);
    log_info_of(LOG_FIELDS(log_number("workers", wanted),
                           log_number("port", s->config->media_port),
                           log_text("cipher", cipher)),
                "server", "%u media workers from UDP port %u, SRTP by %s", wanted,
                s->config->media_port, cipher);
    return 0;
}

static bool is_same(const struct addr *a, size_t a_count, const struct addr *b, size_t b_count)
{
    for (size_t i = 0; i < a_count && a_count == b_count; i++)
        if (!addr_equal(&a[i], &b[i]))
            return false;
    return a_count == b_count;
}

// An interface came or went, or somebody says so. Clients are told with the next description
// that they get, which is when their present path falls silent at the latest.
static void readdress_media(struct server *s)
{
    struct addr candidates[CANDIDATES_MAX];
    size_t count = choose_candidates(s->config, candidates);
    if (is_same(candidates, count, s->candidates, s->candidate_count))
        return;
    memcpy(s->candidates, candidates, count * sizeof *candidates);
    s->candidate_count = count;
    for (size_t i = 0; i < s->worker_count; i++)
        worker_set_candidates(s->workers[i], candidates, count);
    struct text list = {0};
    for (size_t i = 0; i < count; i++) {
        char ip[ADDR_TEXT_MAX];
        addr_format_ip(&candidates[i], ip);
        text_addf(&list, "%s%s", i ? " " : "", ip);
    }
    log_info("server", "media is reached at %s from now on", list.len ? list.at : "nothing");
    text_dispose(&list);
}

static bool readdress(void *context)
{
    struct server *s = context;
    struct addr own[TARGET_OWN_MAX];
    control_set_own(s->control, own, addresses_of_machine(own, TARGET_OWN_MAX));
    readdress_media(s);
    return s->config->tls_self_signed && ensure_certificate(s) > 0;
}

// SIGHUP: secrets that were made or revoked meanwhile. A file that cannot be used changes
// nothing, nor does one of another workspace, whose objects would be out of reach.
static void reload_keys(void *context)
{
    struct server *s = context;
    struct keys fresh;
    int err = keys_read(&fresh, s->config->data);
    if (!err && strcmp(fresh.key.access_key, s->keys.key.access_key) != 0)
        err = ERR_REFUSED;
    if (err) {
        log_error("server", "keys.json was not read again: %s", err_name(err));
        return;
    }
    s->keys.key = fresh.key;
    jwt_known_forget(s->api.known);
    memcpy(s->keys.meetings_key, fresh.meetings_key, sizeof s->keys.meetings_key);
    if (fresh.webhook_secret[0])
        memcpy(s->keys.webhook_secret, fresh.webhook_secret, sizeof s->keys.webhook_secret);
    struct job *job = mem_alloc(sizeof *job);
    job->kind = JOB_KEY;
    job->key = mem_alloc(sizeof *job->key);
    *job->key = fresh.key;
    keys_wipe(&fresh);
    jobs_put(s->jobs, job);
    log_info("server", "keys.json was read again: %s",
             s->keys.key.secrets[1][0] ? "two secrets are good" : "one secret is good");
}

// Somebody who may set a URL is not to reach what listens on this machine only.
static struct hooks_config hooks_of(struct server *s)
{
    const struct config *config = s->config;
    struct hooks_config hooks = {
        .webhook = {.url = config->webhook_url,
                    .headers = config->webhook_headers,
                    .secret = config->webhook_secret[0] ? config->webhook_secret
                                                        : s->keys.webhook_secret},
        .rules = config->webhook_rules,
    };
    hooks.rules.own_count = addresses_of_machine(hooks.rules.own, TARGET_OWN_MAX);
    s->webhook = hooks.webhook;
    text_clear(&s->webhook_target);
    api_webhook_target(&hooks.webhook, &s->webhook_target);
    return hooks;
}

// Before any thread is started. libuv resolves names with four threads, libc gives a name
// server five seconds twice: a webhook's name whose server is dead is to cost neither the
// others' time nor that of a stop.
static void tame_resolver(void)
{
    setenv("UV_THREADPOOL_SIZE", "8", 0);
    setenv("RES_OPTIONS", "timeout:2 attempts:2", 0);
}

static int start(struct server *s)
{
    struct rng rng = {0}; // of the kernel
    struct text database = {0};
    int err = keys_load(&s->keys, s->config->data, &rng, clock_wall_ms());
    if (err)
        return err;
    fill_limits(s);
    fill_api(s);
    s->api.known = jwt_known_new(&rng);
    api_admin_tries_init(&s->admin_tries, &rng);
    s->api.admin_tries = &s->admin_tries;
    config_database(s->config->data, s->config->database, &database);
    s->jobs = jobs_new(database.at, &s->api, s->keys.template_id);
    text_dispose(&database);
    if (!s->jobs || prepare_tls(s) != 0 || start_workers(s) != 0)
        return ERR_IO;
    choose_listeners(s);
    s->addresses_watch = addresses_watch();
    struct hooks_config hooks = hooks_of(s);
    bool tls = s->tls_cert[0];
    const char *host = config_public_host(s->config, s->public_host);
    s->control = control_new(&(struct control_config){
        .http = {.listen = s->listen,
                 .listen_count = s->listen_count,
                 .tls_cert = tls ? s->tls_cert : NULL,
                 .tls_key = tls ? s->tls_key : NULL,
                 .public_scheme = scheme_of(s->config->public_url),
                 .trusted =
                     s->config->trusted_proxies.count ? &s->config->trusted_proxies : NULL,
                 .rate_limit = s->config->rate_limit,
                 .limits = &s->visitors,
                 .head = &s->head,
                 .timeouts = timeouts_of(&s->config->limits),
                 .frame_ancestors =
                     s->config->frame_ancestors[0] ? s->config->frame_ancestors : NULL,
                 .origins = s->config->origins[0] ? s->config->origins : NULL,
                 .public_url = s->config->public_url[0] ? s->config->public_url : NULL},
        .api = &s->api,
        .jobs = s->jobs,
        .workers = s->workers,
        .worker_count = s->worker_count,
        .notices = s->notices,
        .counters = s->counters,
        .metrics_listen = s->config->metrics_listen,
        .metrics_may_fail = s->config->metrics_by_default,
        .public_host = host,
        .memory_max = s->config->memory_max,
        .memory_percent = s->config->memory_percent,
        .removed_may_return = s->config->removed_may_return,
        .peers_per_token = (size_t)s->config->peers_per_token,
        .max_session_s = s->config->max_session_hours * 3600,
        .log = {.with_chat = s->config->log_chat,
                .days = (int)s->config->log_days,
                .sessions_days = (int)s->config->session_days,
                .meetings_days = (int)s->config->meetings_ttl,
                .hooks_days = (int)s->config->webhook_days,
                .workspace = {s->keys.customer_id, s->keys.app_id},
                .target = s->webhook_target.at},
        .hooks = hooks,
        .reload = reload_keys,
        .addresses_watch = s->addresses_watch,
        .readdress = readdress,
        .context = s,
    });
    return s->control ? 0 : ERR_IO;
}

static void stop(struct server *s)
{
    if (s->control)
        control_free(s->control);
    if (s->addresses_watch >= 0)
        close(s->addresses_watch);
    for (size_t i = 0; i < s->worker_count; i++)
        worker_free(s->workers[i]);
    struct notice notice;
    while (s->notices && inbox_take(s->notices, &notice, 1))
        notice_dispose(&notice);
    inbox_free(s->notices);
    inbox_free(s->counters);
    if (s->identity)
        dtls_identity_free(s->identity);
    if (s->jobs)
        jobs_free(s->jobs);
    text_dispose(&s->webhook_target);
    jwt_known_free(s->api.known);
    keys_wipe(&s->keys);
}

// What an operator wants to know at once. The secret is not in it.
static void greet(const struct server *s)
{
    const struct config *config = s->config;
    const char *scheme = s->tls_cert[0] ? "https" : "http";
    char address[ADDR_TEXT_MAX];
    addr_format(&s->listen[0], address);
    bool local = config_is_local(config);
    struct text page = {0};
    if (config->public_url[0])
        text_add(&page, config->public_url);
    else if (local)
        text_addf(&page, "%s://localhost:%u", scheme, s->listen[0].port);
    else
        text_addf(&page, "%s://%s", scheme, address);

    if (config->log_json) {
        log_info_of(LOG_FIELDS(log_text("version", PARLOR_VERSION), log_text("page", page.at),
                               log_text("access_key", s->keys.key.access_key)),
                    "server", "serving %s", page.at);
        text_dispose(&page);
        return;
    }
    printf(
        "Parlor %s\n\n  Page        %s\n  Access key  %s\n  Secret      in %s/keys.json (only "
        "its owner may read it)\n\n",
        PARLOR_VERSION, page.at, s->keys.key.access_key, config->data);
    printf(
        "A room, from the command line:\n\n  curl -s%s -X POST %s/v2/rooms -H \"Authorization: "
        "Bearer $(%s token management --data %s)\" -d '{\"name\":\"hello\"}'\n\n",
        config->tls_self_signed ? "k" : "", page.at, program_invocation_name, config->data);
    if (s->api.meetings == API_MEETINGS_KEY)
        printf("New meetings on the page need the key \"meetings_key\" of that file.\n\n");
    if (!local && !s->tls_cert[0])
        printf("Browsers give camera and microphone to https or localhost only: from other "
               "machines use\n--tls-cert and --tls-key, --tls self-signed, or a proxy that "
               "speaks https.\n\n");
    fflush(stdout);
    text_dispose(&page);
}

static void set_log_level(const struct config *config)
{
    static const char *const words[] = {
        [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(config->log_level, words[i]) == 0)
            log_set_level((enum log_level)i);
}

int serve(const struct config *config)
{
    struct text why = {0};
    set_log_level(config);
    log_set_format(config->log_json ? LOG_JSON : LOG_TEXT);
    process_harden();
    tame_resolver();
    signal(SIGPIPE, SIG_IGN);
    // A heap for each thread costs memory that few threads do not pay back.
    mallopt(M_ARENA_MAX, 2);
    if (process_drop_root(config, &why) != 0) {
        if (config->log_json)
            log_error("server", "%s", why.at);
        else
            fprintf(stderr, "parlor: %s\n", why.at);
        text_dispose(&why);
        return EXIT_FAILED;
    }
    struct server *s = mem_alloc(sizeof *s);
    s->addresses_watch = -1;
    s->config = config;
    int err = start(s);
    if (!err) {
        greet(s);
        footprint_trim();
        jobs_check_file(s->jobs);
        control_run(s->control);
        if (jobs_are_damaged(s->jobs))
            err = ERR_MALFORMED;
    }
    stop(s);
    mem_free(s);
    return err ? EXIT_FAILED : 0;
}
