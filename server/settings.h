// The table of settings: what each is called, what it means, and how its value is read into
// struct config. Where values come from is config.c's.
#pragma once

#include "base/target.h"

#include <stdbool.h>
#include <stddef.h>

enum { CONFIG_ADDRESSES_MAX = 8, CONFIG_WORKERS_MAX = 64 };

enum config_meetings {
    CONFIG_MEETINGS_AUTO,
    CONFIG_MEETINGS_ANYONE,
    CONFIG_MEETINGS_KEY,
    CONFIG_MEETINGS_OFF
};

// What base/limits.h has as defaults. 0 lifts a rate.
struct config_limits {
    long connections, unread;           // of an address
    long requests, burst;               // a second, of an address
    long key_requests, key_burst;       // of an access key
    long member_requests, member_burst; // of an address, with an app token
    long logins, login_burst;           // of an address, that fail
    long wrong_codes, wrong_codes_all;  // a minute
    long body_max, public_body_max;     // octets
    long request_line_max, headers_max, header_count_max;
    long json_depth, json_members, json_string;
    long head_timeout, body_timeout, idle_timeout, write_timeout, answer_timeout; // seconds
};

// Strings live as long as the struct.
struct config {
    struct addr listen[CONFIG_ADDRESSES_MAX];
    size_t listen_count;
    bool listens_by_default; // nobody asked for these addresses: one may be missing
    bool serves_metrics;
    struct addr metrics_listen; // then
    bool metrics_by_default;    // nobody asked for it: what has the port already may keep it
    const char *data;
    const char *database; // of store/db.h; "": parlor.db in the data folder
    uint16_t media_port;
    int workers; // 0: one for each core
    struct addr public_ips[CONFIG_ADDRESSES_MAX];
    size_t public_ip_count;
    long memory_max; // octets; 0: memory_percent of what there is
    int memory_percent;
    struct networks trusted_proxies;
    const char *public_url;   // "" when not set, as all strings here
    const char *ice_servers;  // a JSON array
    const char *client_flags; // names between commas
    enum config_meetings meetings;
    const char *room_codes_room;
    const char *token_endpoint; // "<room id>:<role>,..."; "": none
    bool rate_limit;
    struct config_limits limits;
    long max_session_hours; // 0: for ever
    bool log_chat;
    bool diagnostics;
    bool removed_may_return;
    long peers_per_token; // 0: no limit
    long log_days;        // 0: for ever
    long session_days;    // the same
    long meetings_ttl;    // days; 0: for ever
    const char *tls_cert;
    const char *tls_key;
    bool tls_self_signed;
    const char *frame_ancestors;
    const char *origins;     // that may open web sockets
    const char *api_origins; // that may call the management API
    const char *webhook_url;
    const char *webhook_headers; // a JSON object
    const char *webhook_secret;
    struct target_rules webhook_rules; // what is allowed beside the public Internet
    long webhook_days;                 // 0: for ever
    const char *user;
    bool allow_root;
    const char *log_level;
    bool log_json;

    bool print_only; // --print-config was given
    bool help_only;  // --help
    char **values;   // as read, one for each row of the table
};

enum setting_display {
    SETTING_OPEN,
    SETTING_LOCATION, // a URL may have a password: shown without it
    SETTING_SECRET,   // never shown
};

struct setting {
    const char *name;
    const char *argument; // as the help shows it; NULL for one that needs none
    const char *fallback;
    const char *help;
    int (*read)(struct config *config, const char *value); // 0 or ERR_MALFORMED
    enum setting_display display;
};

extern const struct setting settings[]; // the first is `listen`
extern const int setting_count;
