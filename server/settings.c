#include "server/settings.h"

#include "api/webhook.h"
#include "base/err.h"
#include "base/id.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/db.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RATE_MAX = 100000,
    TRIES_MAX = 1000000,
    MEMORY_LEAST = 1024 * 1024,
    BODY_MAX_OCTETS = 4 * 1024 * 1024,
};

// --- How each value is read ---

static int read_addr(struct config *c, struct bytes part)
{
    char *text = mem_text_of(part);
    int err = 0;
    const char *port = strncmp(text, "localhost:", 10) == 0 ? text + 10 : NULL;
    if (c->listen_count + 2 > CONFIG_ADDRESSES_MAX) {
        err = ERR_FULL;
    } else if (port) {
        char six[ADDR_TEXT_MAX];
        char four[ADDR_TEXT_MAX];
        snprintf(four, sizeof four, "127.0.0.1:%s", port);
        snprintf(six, sizeof six, "[::1]:%s", port);
        err = addr_parse(&c->listen[c->listen_count++], four);
        if (!err)
            err = addr_parse(&c->listen[c->listen_count++], six);
    } else {
        err = addr_parse(&c->listen[c->listen_count++], text);
    }
    mem_free(text);
    return err ? ERR_MALFORMED : 0;
}

// Calls `each` with every element of a list "a, b".
static int for_each_part(struct config *c, const char *value,
                         int (*each)(struct config *, struct bytes))
{
    for (const char *p = value; *p;) {
        p += strspn(p, ", \t");
        size_t len = strcspn(p, ", \t");
        if (len == 0)
            break;
        int err = each(c, (struct bytes){(const uint8_t *)p, len});
        if (err)
            return err;
        p += len;
    }
    return 0;
}

static int read_listen(struct config *c, const char *value)
{
    c->listen_count = 0;
    int err = for_each_part(c, value, read_addr);
    return err || c->listen_count == 0 ? ERR_MALFORMED : 0;
}

static int read_number(const char *value, long min, long max, long *number)
{
    char *end;
    if (!isdigit((unsigned char)value[0]))
        return ERR_MALFORMED;
    *number = strtol(value, &end, 10);
    return *end || *number < min || *number > max ? ERR_MALFORMED : 0;
}

// A port alone is one of this machine's own.
static int read_metrics_listen(struct config *c, const char *value)
{
    long port;
    c->serves_metrics = value[0] && strcmp(value, "off") != 0;
    if (!c->serves_metrics)
        return 0;
    if (strspn(value, "0123456789") < strlen(value))
        return addr_parse(&c->metrics_listen, value) ? ERR_MALFORMED : 0;
    if (read_number(value, 1, 65535, &port))
        return ERR_MALFORMED;
    return addr_parse_ip(&c->metrics_listen, "127.0.0.1", (uint16_t)port);
}

static int read_public_part(struct config *c, struct bytes part)
{
    if (c->public_ip_count == CONFIG_ADDRESSES_MAX)
        return ERR_MALFORMED;
    char *text = mem_text_of(part);
    int err = addr_parse_ip(&c->public_ips[c->public_ip_count], text, 0);
    mem_free(text);
    if (err)
        return ERR_MALFORMED;
    c->public_ip_count++;
    return 0;
}

static int read_public_ip(struct config *c, const char *value)
{
    c->public_ip_count = 0;
    return for_each_part(c, value, read_public_part);
}

static int read_media_port(struct config *c, const char *value)
{
    long number;
    if (read_number(value, 1, 65535, &number))
        return ERR_MALFORMED;
    c->media_port = (uint16_t)number;
    return 0;
}

static int read_workers(struct config *c, const char *value)
{
    long number;
    if (read_number(value, 0, CONFIG_WORKERS_MAX, &number))
        return ERR_MALFORMED;
    c->workers = (int)number;
    return 0;
}

static int read_switch(const char *value, bool *on)
{
    bool yes =
        strcmp(value, "on") == 0 || strcmp(value, "1") == 0 || strcmp(value, "true") == 0;
    bool no =
        strcmp(value, "off") == 0 || strcmp(value, "0") == 0 || strcmp(value, "false") == 0;
    *on = yes;
    return yes || no ? 0 : ERR_MALFORMED;
}

static int read_rate_limit(struct config *c, const char *value)
{
    return read_switch(value, &c->rate_limit);
}

static int read_max_session_hours(struct config *c, const char *value)
{
    return read_number(value, 0, 24 * 365, &c->max_session_hours);
}

static int read_diagnostics(struct config *c, const char *value)
{
    return read_switch(value, &c->diagnostics);
}

static int read_removed_may_return(struct config *c, const char *value)
{
    return read_switch(value, &c->removed_may_return);
}

static int read_peers_per_token(struct config *c, const char *value)
{
    return read_number(value, 0, PEERS_PER_LARGE_ROOM_MAX, &c->peers_per_token);
}

static int read_log_chat(struct config *c, const char *value)
{
    return read_switch(value, &c->log_chat);
}

static int read_meetings_ttl(struct config *c, const char *value)
{
    return read_number(value, 0, 36500, &c->meetings_ttl);
}

static int read_log_days(struct config *c, const char *value)
{
    return read_number(value, 0, 36500, &c->log_days);
}

static int read_session_days(struct config *c, const char *value)
{
    return read_number(value, 0, 36500, &c->session_days);
}

static int read_allow_root(struct config *c, const char *value)
{
    return read_switch(value, &c->allow_root);
}

static int read_tls(struct config *c, const char *value)
{
    c->tls_self_signed = strcmp(value, "self-signed") == 0;
    return c->tls_self_signed || strcmp(value, "off") == 0 ? 0 : ERR_MALFORMED;
}

static int read_meetings(struct config *c, const char *value)
{
    static const char *const words[] = {[CONFIG_MEETINGS_AUTO] = "auto",
                                        [CONFIG_MEETINGS_ANYONE] = "anyone",
                                        [CONFIG_MEETINGS_KEY] = "key",
                                        [CONFIG_MEETINGS_OFF] = "off"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(value, words[i]) == 0) {
            c->meetings = (enum config_meetings)i;
            return 0;
        }
    }
    return ERR_MALFORMED;
}

static int read_log(struct config *c, const char *value)
{
    c->log_json = strcmp(value, "json") == 0;
    return c->log_json || strcmp(value, "text") == 0 ? 0 : ERR_MALFORMED;
}

static int read_log_level(struct config *c, const char *value)
{
    c->log_level = value;
    static const char *const words[] = {"debug", "info", "warn", "error"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(value, words[i]) == 0)
            return 0;
    return ERR_MALFORMED;
}

static int read_public_url(struct config *c, const char *value)
{
    c->public_url = value;
    bool is_url = strncmp(value, "http://", 7) == 0 || strncmp(value, "https://", 8) == 0;
    return is_url || !value[0] ? 0 : ERR_MALFORMED;
}

static int read_ice_servers(struct config *c, const char *value)
{
    c->ice_servers = value;
    json_t *list;
    if (!value[0])
        return 0;
    if (json_read(bytes_of(value), &json_bounds_default, &list))
        return ERR_MALFORMED;
    bool is_list = json_is_array(list);
    json_decref(list);
    return is_list ? 0 : ERR_MALFORMED;
}

// A list of those that change what the server has to do, and that it does.
static int read_client_flags(struct config *c, const char *value)
{
    static const char *const known[] = {"nonWebRTCDisableOffer", "onDemandTracks",
                                        "publishStats",          "simulcast",
                                        "subscribeDegradation",  "subscribeStats"};
    c->client_flags = value;
    for (const char *p = value; *p;) {
        size_t word = strcspn(p, ",");
        size_t i = 0;
        while (i < sizeof known / sizeof *known &&
               (strlen(known[i]) != word || strncmp(known[i], p, word) != 0))
            i++;
        if (i == sizeof known / sizeof *known)
            return ERR_MALFORMED;
        p += word + (p[word] == ',');
    }
    return 0;
}

// "<room id>:<role>": no more than what is named is handed out.
static int check_token_pair(struct config *c, struct bytes part)
{
    (void)c;
    char *pair = mem_text_of(part);
    char *colon = strchr(pair, ':');
    bool good = colon && colon[1] && !strchr(colon, '*');
    if (good) {
        *colon = 0;
        good = id_is_object(pair);
    }
    mem_free(pair);
    return good ? 0 : ERR_MALFORMED;
}

static int read_token_endpoint(struct config *c, const char *value)
{
    c->token_endpoint = value;
    // Between the pairs there is a comma and nothing else.
    bool is_plain = !strpbrk(value, " \t") && !strstr(value, ",,") && value[0] != ',';
    return is_plain ? for_each_part(c, value, check_token_pair) : ERR_MALFORMED;
}

static int read_webhook_url(struct config *c, const char *value)
{
    struct target target;
    c->webhook_url = value;
    return value[0] && target_parse(&target, bytes_of(value)) ? ERR_MALFORMED : 0;
}

static int read_webhook_headers(struct config *c, const char *value)
{
    json_t *headers;
    c->webhook_headers = value;
    if (!value[0])
        return 0;
    if (json_read(bytes_of(value), &json_bounds_default, &headers))
        return ERR_MALFORMED;
    bool good = api_webhook_headers_ok(headers);
    json_decref(headers);
    return good ? 0 : ERR_MALFORMED;
}

static int read_webhook_secret(struct config *c, const char *value)
{
    c->webhook_secret = value;
    return value[0] && strlen(value) < SECRET_LEN_MIN ? ERR_MALFORMED : 0;
}

// "75%" of what there is, or octets.
static int read_memory_max(struct config *c, const char *value)
{
    long number;
    size_t len = strlen(value);
    if (len < 2 || value[len - 1] != '%')
        return read_number(value, MEMORY_LEAST, LONG_MAX, &c->memory_max);
    char *digits = mem_text_of((struct bytes){(const uint8_t *)value, len - 1});
    int err = read_number(digits, 1, 100, &number);
    mem_free(digits);
    if (!err) {
        c->memory_max = 0;
        c->memory_percent = (int)number;
    }
    return err;
}

static int read_proxy(struct config *c, struct bytes part)
{
    return networks_add(&c->trusted_proxies, part) ? ERR_MALFORMED : 0;
}

static int read_trusted_proxies(struct config *c, const char *value)
{
    c->trusted_proxies.count = 0;
    return for_each_part(c, value, read_proxy);
}

static int read_webhook_part(struct config *c, struct bytes part)
{
    return target_allow(&c->webhook_rules, part) ? ERR_MALFORMED : 0;
}

static int read_webhook_allow(struct config *c, const char *value)
{
    c->webhook_rules.allowed.count = 0;
    return for_each_part(c, value, read_webhook_part);
}

static int read_webhook_days(struct config *c, const char *value)
{
    return read_number(value, 0, 36500, &c->webhook_days);
}

// A value without an own form.
#define READ_TEXT(field)                                                                       \
    static int read_##field(struct config *c, const char *value)                               \
    {                                                                                          \
        c->field = value;                                                                      \
        return 0;                                                                              \
    }

READ_TEXT(data)
READ_TEXT(room_codes_room)
READ_TEXT(tls_cert)
READ_TEXT(tls_key)
READ_TEXT(frame_ancestors)
READ_TEXT(origins)
READ_TEXT(api_origins)
READ_TEXT(user)

// One of struct config_limits.
#define READ_LIMIT(field, min, max)                                                            \
    static int read_##field(struct config *c, const char *value)                               \
    {                                                                                          \
        return read_number(value, min, max, &c->limits.field);                                 \
    }

READ_LIMIT(connections, 0, 1000000)
READ_LIMIT(unread, 0, 1000000)
READ_LIMIT(requests, 0, RATE_MAX)
READ_LIMIT(burst, 1, RATE_MAX)
READ_LIMIT(member_requests, 0, RATE_MAX)
READ_LIMIT(member_burst, 1, RATE_MAX)
READ_LIMIT(key_requests, 0, RATE_MAX)
READ_LIMIT(key_burst, 1, RATE_MAX)
READ_LIMIT(logins, 0, RATE_MAX)
READ_LIMIT(login_burst, 1, RATE_MAX)
READ_LIMIT(wrong_codes, 1, TRIES_MAX)
READ_LIMIT(wrong_codes_all, 1, TRIES_MAX)
READ_LIMIT(body_max, 1024, BODY_MAX_OCTETS)
READ_LIMIT(public_body_max, 1024, BODY_MAX_OCTETS)
READ_LIMIT(request_line_max, 512, 64 * 1024)
READ_LIMIT(headers_max, 1024, 64 * 1024)
READ_LIMIT(header_count_max, 10, HTTP_HEADER_COUNT_MAX)
READ_LIMIT(json_depth, 8, 256)
READ_LIMIT(json_members, 100, 1000000)
READ_LIMIT(json_string, 1024, BODY_MAX_OCTETS)
READ_LIMIT(head_timeout, 1, 3600)
READ_LIMIT(body_timeout, 1, 3600)
READ_LIMIT(idle_timeout, 1, 3600)
READ_LIMIT(write_timeout, 1, 3600)
READ_LIMIT(answer_timeout, 1, 3600)

static int read_database(struct config *c, const char *value)
{
    c->database = value;
    return db_is_location(value) ? 0 : ERR_MALFORMED;
}

// --- The table ---

const struct setting settings[] = {
    {"listen", "ADDRESS:PORT,...", "localhost:8080",
     "where pages, the API and web sockets are served", read_listen, SETTING_OPEN},
    {"data", "FOLDER", "data", "where the keys lie, and the database unless it is elsewhere",
     read_data, SETTING_OPEN},
    {"database", "FILE|URL", "",
     "the database: postgresql://USER@HOST/NAME, or an SQLite file; else parlor.db in the data "
     "folder",
     read_database, SETTING_LOCATION},
    {"media-port", "PORT", "7000", "UDP port of the first media worker; worker i uses PORT + i",
     read_media_port, SETTING_OPEN},
    {"workers", "N", "0", "media workers; 0: one for each core", read_workers, SETTING_OPEN},
    {"public-ip", "ADDRESS,...", "",
     "what clients are told instead of this machine's addresses", read_public_ip, SETTING_OPEN},
    {"public-url", "URL", "", "how clients reach this server; else what they asked for",
     read_public_url, SETTING_OPEN},
    {"trusted-proxies", "NETWORK,...", "",
     "proxies in front, as 127.0.0.1,10.0.0.0/8: what their X-Forwarded-For or Forwarded says "
     "of "
     "clients counts",
     read_trusted_proxies, SETTING_OPEN},
    {"ice-servers", "JSON", "", "STUN and TURN servers for clients, a JSON array",
     read_ice_servers, SETTING_SECRET},
    {"client-flags", "FLAG,...",
     "nonWebRTCDisableOffer,publishStats,simulcast,subscribeDegradation,subscribeStats",
     "what is switched on in clients: nonWebRTCDisableOffer (roles without media need no "
     "connection), onDemandTracks (cameras are sent to those who look at them only), "
     "simulcast (cameras are sent in several sizes, where the role has layers), "
     "subscribeDegradation (the server may leave pictures out where a line is too narrow), "
     "publishStats and subscribeStats (figures about what a client sends and gets)",
     read_client_flags, SETTING_OPEN},
    {"meetings", "anyone|key|off|auto", "auto",
     "who may make meetings without a token; auto: who is on this machine, when only it can "
     "connect and no proxy is named, and who has the key",
     read_meetings, SETTING_OPEN},
    {"meetings-ttl", "DAYS", "30",
     "meetings that nobody used for so long are forgotten, with their codes; 0: never",
     read_meetings_ttl, SETTING_OPEN},
    {"room-codes-room", "ROOM-ID", "", "the room whose codes GET /api/room-codes hands out",
     read_room_codes_room, SETTING_OPEN},
    {"token-endpoint", "ROOM-ID:ROLE,...", "",
     "gives anybody a token for these roles, as old samples want: POST /api/token",
     read_token_endpoint, SETTING_OPEN},
    {"rate-limit", "on|off", "on", "off lifts the limits per address for clients on loopback",
     read_rate_limit, SETTING_OPEN},
    {"max-session-hours", "HOURS", "12", "the longest that any meeting may last; 0: for ever",
     read_max_session_hours, SETTING_OPEN},
    {"peers-per-token", "COUNT", "0",
     "how many may be in a room at once with the same token; 0: no limit", read_peers_per_token,
     SETTING_OPEN},
    {"removed-may-return", "on|off", "off",
     "whether somebody who was removed may come back to the session with the same token",
     read_removed_may_return, SETTING_OPEN},
    {"log-chat", "on|off", "off", "the session log keeps what people say to all", read_log_chat,
     SETTING_OPEN},
    {"diagnostics", "on|off", "off",
     "on gives anybody a token for the room of test calls, GET /v2/diagnostics/token",
     read_diagnostics, SETTING_OPEN},
    {"log-days", "DAYS", "30", "how long the events of sessions are kept; 0: for ever",
     read_log_days, SETTING_OPEN},
    {"session-days", "DAYS", "0",
     "how long sessions that are over are kept, with who was in them; 0: for ever",
     read_session_days, SETTING_OPEN},
    {"tls-cert", "FILE", "", "certificate chain, PEM; read again on SIGHUP", read_tls_cert,
     SETTING_OPEN},
    {"tls-key", "FILE", "", "its private key, PEM", read_tls_key, SETTING_OPEN},
    {"tls", "off|self-signed", "off", "makes a certificate, for a LAN", read_tls, SETTING_OPEN},
    {"frame-ancestors", "SOURCES", "", "who may show the pages in a frame; nobody else",
     read_frame_ancestors, SETTING_OPEN},
    {"origins", "ORIGIN,...", "",
     "the other pages that may open web sockets, as https://app.example.org; else all may",
     read_origins, SETTING_OPEN},
    {"api-origins", "ORIGIN,...", "",
     "the pages that may call the management API, as https://app.example.org; else none may",
     read_api_origins, SETTING_OPEN},
    {"connections", "N", "2000", "open at once, of each address; 0 here and below: no limit",
     read_connections, SETTING_OPEN},
    {"unread-connections", "N", "128", "of them, that have not sent a whole request head",
     read_unread, SETTING_OPEN},
    {"requests", "N", "50", "a second, of each address, without a token and not for files",
     read_requests, SETTING_OPEN},
    {"requests-burst", "N", "100", "and so many at once before", read_burst, SETTING_OPEN},
    {"member-requests", "N", "500", "a second, of each address, with the token of a person",
     read_member_requests, SETTING_OPEN},
    {"member-requests-burst", "N", "2000", "and so many at once before", read_member_burst,
     SETTING_OPEN},
    {"key-requests", "N", "200", "a second, of each access key, wherever they come from",
     read_key_requests, SETTING_OPEN},
    {"key-requests-burst", "N", "500", "and so many at once before", read_key_burst,
     SETTING_OPEN},
    {"logins", "N", "10",
     "failures to trade a room code for a token, a second, of each address", read_logins,
     SETTING_OPEN},
    {"logins-burst", "N", "30", "and so many at once before", read_login_burst, SETTING_OPEN},
    {"wrong-codes", "N", "20", "room codes that are none, a minute, of each address",
     read_wrong_codes, SETTING_OPEN},
    {"wrong-codes-all", "N", "600", "and of all together", read_wrong_codes_all, SETTING_OPEN},
    {"body-max", "OCTETS", "1048576", "the longest body of a call with a management token",
     read_body_max, SETTING_OPEN},
    {"public-body-max", "OCTETS", "65536", "and of any other", read_public_body_max,
     SETTING_OPEN},
    {"request-line-max", "OCTETS", "8192", "the longest request line", read_request_line_max,
     SETTING_OPEN},
    {"headers-max", "OCTETS", "16384", "all fields of a request together", read_headers_max,
     SETTING_OPEN},
    {"header-count-max", "N", "100", "fields of a request", read_header_count_max,
     SETTING_OPEN},
    {"memory-max", "OCTETS|PERCENT%", "75%",
     "memory that the process may use, in percent of the machine's or its control group's; "
     "joins "
     "and large bodies are refused at nine tenths of it",
     read_memory_max, SETTING_OPEN},
    {"json-depth", "N", "32", "brackets in brackets, in the bodies of calls", read_json_depth,
     SETTING_OPEN},
    {"json-members", "N", "4096", "members and elements of a body in all", read_json_members,
     SETTING_OPEN},
    {"json-string", "OCTETS", "65536", "the longest text in a body", read_json_string,
     SETTING_OPEN},
    {"head-timeout", "SECONDS", "10",
     "from the first octet of a request to the end of its head", read_head_timeout,
     SETTING_OPEN},
    {"body-timeout", "SECONDS", "30", "and on to its last octet", read_body_timeout,
     SETTING_OPEN},
    {"idle-timeout", "SECONDS", "60", "between two requests", read_idle_timeout, SETTING_OPEN},
    {"write-timeout", "SECONDS", "10", "of a client that takes nothing of its answer",
     read_write_timeout, SETTING_OPEN},
    {"answer-timeout", "SECONDS", "10", "of the storage, before a call is answered 503",
     read_answer_timeout, SETTING_OPEN},
    {"webhook-url", "URL", "",
     "where events are sent, unless their room has a webhook of its own", read_webhook_url,
     SETTING_OPEN},
    {"webhook-headers", "JSON", "",
     "fields that go with them, an object; say it in the file or the environment",
     read_webhook_headers, SETTING_SECRET},
    {"webhook-secret", "TEXT", "",
     "what signs them, of 32 characters or more; else that of keys.json", read_webhook_secret,
     SETTING_SECRET},
    {"webhook-allow", "NETWORK,...", "",
     "where webhooks may go beside the public Internet, as 10.1.0.0/16", read_webhook_allow,
     SETTING_OPEN},
    {"webhook-days", "DAYS", "30", "how long what became of them is kept; 0: for ever",
     read_webhook_days, SETTING_OPEN},
    {"user", "NAME", "", "become this user after the start as root", read_user, SETTING_OPEN},
    {"allow-root", NULL, "off", "run as root", read_allow_root, SETTING_OPEN},
    {"metrics-listen", "[ADDRESS:]PORT|off", "127.0.0.1:9464",
     "serves figures for Prometheus at /metrics there; a port alone is on 127.0.0.1",
     read_metrics_listen, SETTING_OPEN},
    {"log", "text|json", "text", "how log lines look: for people, or one object each", read_log,
     SETTING_OPEN},
    {"log-level", "debug|info|warn|error", "info", "how much is logged", read_log_level,
     SETTING_OPEN},
};

const int setting_count = sizeof settings / sizeof *settings;
