#include "api/failure.h"

#include "base/limits.h"

#include <string.h>

enum { MESSAGE_LEN_MAX = 1024, WORD_LEN_MAX = 128, DETAIL_LEN_MAX = 4096 };

static const struct {
    const char *name, *type;
    bool has_domain, has_media;
} kinds[] = {
    {"publish.failed", "client.publish.failed", true, true},
    {"subscribe.failed", "client.subscribe.failed", false, false},
    {"join.failed", "client.join.failed", true, false},
    {"connect.failed", "client.connect.failed", false, false},
    {"disconnected", "client.disconnected", false, false},
};

enum { KIND_COUNT = sizeof kinds / sizeof *kinds };

static size_t kind_of(const char *name)
{
    size_t i = 0;
    while (i < KIND_COUNT && strcmp(kinds[i].name, name) != 0)
        i++;
    return i;
}

const char *api_failure_type(const char *name)
{
    size_t kind = kind_of(name);
    return kind < KIND_COUNT ? kinds[kind].type : NULL;
}

// --- What the client says: left out when it is of another type, or longer than it may be ---

static void put_text(struct json_out *j, const json_t *info, const char *key, size_t len_max)
{
    const char *text = json_get_text(info, key, NULL);
    if (text && strlen(text) <= len_max)
        json_member_string(j, key, text);
}

static void put_number(struct json_out *j, const json_t *info, const char *key)
{
    if (json_is_integer(json_object_get(info, key)))
        json_member_int(j, key, json_get_int(info, key, 0));
}

static void put_detail(struct json_out *j, const json_t *info, const char *key)
{
    const json_t *value = json_object_get(info, key);
    struct text t = {0};
    struct json_out out = json_out_on(&t);
    if (json_is_object(value) || json_is_array(value))
        json_put_value(&out, value);
    if (t.len && t.len <= DETAIL_LEN_MAX) {
        json_key(j, key);
        json_put_verbatim(j, text_bytes(&t));
    }
    text_dispose(&t);
}

static bool is_plain(struct bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        if (b.at[i] < ' ' || b.at[i] > '~')
            return false;
    }
    return b.len <= WORD_LEN_MAX;
}

// One "key:value" of the list.
static void put_agent_part(struct json_out *j, const char *part, size_t len)
{
    static const char *const keys[] = {"sdk",          "sdk_version",
                                       "os",           "os_version",
                                       "device_model", "framework",
                                       "env",          "framework_version",
                                       "domain",       "framework_sdk_version",
                                       "is_prebuilt"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        size_t key_len = strlen(keys[i]);
        if (len <= key_len || part[key_len] != ':' || strncmp(part, keys[i], key_len) != 0)
            continue;
        struct bytes value = {(const uint8_t *)part + key_len + 1, len - key_len - 1};
        if (!value.len || !is_plain(value))
            continue;
        json_key(j, keys[i]);
        json_put_bytes(j, value);
    }
}

// What a browser says of itself tells at least where it runs, as the SDK names it. Each names
// what it looks like, too: the first that is found is meant.
static void put_browser(struct json_out *j, const char *agent)
{
    static const char *const systems[][2] = {
        {"Android", "web_Android"}, {"iPhone", "web_iOS"},      {"iPad", "web_iOS"},
        {"CrOS", "web_Chrome OS"},  {"Windows", "web_Windows"}, {"Mac OS X", "web_Mac OS"},
        {"Linux", "web_Linux"},
    };
    for (size_t i = 0; i < sizeof systems / sizeof *systems; i++) {
        if (strstr(agent, systems[i][0])) {
            json_member_string(j, "os", systems[i][1]);
            return;
        }
    }
}

static void put_agent(struct json_out *j, const char *agent)
{
    static const char browser[] = "Mozilla/";
    json_key(j, "agent");
    json_open(j, '{');
    if (!agent || strlen(agent) > USER_AGENT_LEN_MAX)
        agent = "";
    if (strncmp(agent, browser, sizeof browser - 1) == 0)
        put_browser(j, agent);
    while (*agent) {
        size_t len = strcspn(agent, ",");
        put_agent_part(j, agent, len);
        agent += len + (agent[len] == ',');
    }
    json_close(j, '}');
}

// --- All of it ---

static void put_if_known(struct json_out *j, const char *key, const char *value)
{
    if (value[0])
        json_member_string(j, key, value);
}

void api_failure_put(struct json_out *j, const struct failure *f)
{
    size_t kind = kind_of(f->name);
    const json_t *said = f->info;
    put_if_known(j, "user_id", f->user_id);
    put_if_known(j, "user_name", f->user_name);
    put_if_known(j, "peer_id", f->peer_id);
    json_member_string(j, "account_id", f->account_id);
    json_member_string(j, "room_id", f->room_id);
    put_if_known(j, "session_id", f->session_id);
    json_member_string(j, "room_name", f->room_name);
    json_member_string(j, "template_id", f->template_id);
    json_member_string(j, "role", f->role);
    put_number(j, said, "error_code");
    put_text(j, said, "error_name", WORD_LEN_MAX);
    put_text(j, said, "error_message", MESSAGE_LEN_MAX);
    put_text(j, said, "error_description", MESSAGE_LEN_MAX);
    json_member_bool(j, "is_terminal", json_get_bool(said, "is_terminal", false));
    put_text(j, said, "action", WORD_LEN_MAX);
    put_agent(j, f->agent);
    if (kind < KIND_COUNT && kinds[kind].has_domain)
        put_text(j, said, "domain", WORD_LEN_MAX);
    if (kind < KIND_COUNT && kinds[kind].has_media) {
        put_detail(j, said, "audio");
        put_detail(j, said, "video");
        put_detail(j, said, "devices");
    }
}
