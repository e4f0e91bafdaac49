#include "store/keys.h"

#include "base/base64.h"
#include "base/err.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILE_MAX = 16 * 1024,
    SECRET_OCTETS = 64,
    WEBHOOK_SECRET_OCTETS = 32,
    MEETINGS_KEY_OCTETS = 32,
    PATH_LEN_MAX = 4096
};

static void wipe_text(struct text *t)
{
    if (t->at)
        mem_wipe(t->at, t->cap);
    text_dispose(t);
}

static bool path_in(char path[PATH_LEN_MAX], const char *folder, const char *name)
{
    int len = snprintf(path, PATH_LEN_MAX, "%s/%s", folder, name);
    return len > 0 && len < PATH_LEN_MAX;
}

static void random_text(struct rng *rng, size_t octets, char *out, size_t cap)
{
    uint8_t drawn[SECRET_OCTETS];
    struct text t = {0};
    rng_fill(rng, drawn, octets);
    base64url_add(&t, (struct bytes){drawn, octets});
    snprintf(out, cap, "%s", t.at);
    mem_wipe(drawn, sizeof drawn);
    wipe_text(&t);
}

static void make_keys(struct keys *keys, struct rng *rng, int64_t wall_ms)
{
    struct id_source ids;
    id_source_init(&ids, rng);
    *keys = (struct keys){0};
    id_object(&ids, wall_ms, keys->key.access_key);
    id_object(&ids, wall_ms, keys->customer_id);
    id_object(&ids, wall_ms, keys->app_id);
    id_object(&ids, wall_ms, keys->template_id);
    random_text(rng, SECRET_OCTETS, keys->key.secrets[0], sizeof keys->key.secrets[0]);
    random_text(rng, WEBHOOK_SECRET_OCTETS, keys->webhook_secret, sizeof keys->webhook_secret);
    random_text(rng, MEETINGS_KEY_OCTETS, keys->meetings_key, sizeof keys->meetings_key);
}

void keys_write(const struct keys *keys, struct text *document)
{
    struct json_out j = json_out_on(document);
    json_open(&j, '{');
    json_member_string(&j, "access_key", keys->key.access_key);
    json_member_string(&j, "app_secret", keys->key.secrets[0]);
    json_member_string(&j, "previous_app_secret", keys->key.secrets[1]);
    json_member_string(&j, "customer_id", keys->customer_id);
    json_member_string(&j, "app_id", keys->app_id);
    json_member_string(&j, "template_id", keys->template_id);
    json_member_string(&j, "meetings_key", keys->meetings_key);
    json_member_string(&j, "webhook_secret", keys->webhook_secret);
    json_close(&j, '}');
    text_add_char(document, '\n');
}

// Writes all of `content` to a new file nobody else can read, then gives it its name: a server
// that dies half-way leaves either no keys or whole ones.
static int write_file(const char *folder, struct bytes content)
{
    char path[PATH_LEN_MAX];
    char part[PATH_LEN_MAX];
    if (!path_in(path, folder, "keys.json") || !path_in(part, folder, "keys.json.part"))
        return ERR_IO;
    int file = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return ERR_IO;
    size_t written = 0;
    // Somebody who manages the server as root leaves the file to the user that it runs as.
    struct stat owner;
    bool good = fchmod(file, 0600) == 0;
    if (good && geteuid() == 0 && stat(folder, &owner) == 0)
        good = fchown(file, owner.st_uid, owner.st_gid) == 0;
    while (good && written < content.len) {
        ssize_t n = write(file, content.at + written, content.len - written);
        good = n > 0;
        written += good ? (size_t)n : 0;
    }
    good = good && fsync(file) == 0;
    close(file);
    good = good && rename(part, path) == 0;
    int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    good = good && directory >= 0 && fsync(directory) == 0;
    if (directory >= 0)
        close(directory);
    return good ? 0 : ERR_IO;
}

static bool take_text(const json_t *document, const char *name, char *out, size_t cap)
{
    const char *value = json_get_text(document, name, "");
    int len = snprintf(out, cap, "%s", value);
    return len >= 0 && (size_t)len < cap;
}

int keys_parse(struct keys *keys, struct bytes content)
{
    json_t *document;
    if (json_read(content, &json_bounds_default, &document))
        return ERR_MALFORMED;
    struct keys read = {0};
    struct jwt_key *key = &read.key;
    bool good =
        take_text(document, "access_key", key->access_key, sizeof key->access_key) &&
        take_text(document, "app_secret", key->secrets[0], sizeof key->secrets[0]) &&
        take_text(document, "previous_app_secret", key->secrets[1], sizeof key->secrets[1]) &&
        take_text(document, "customer_id", read.customer_id, sizeof read.customer_id) &&
        take_text(document, "app_id", read.app_id, sizeof read.app_id) &&
        take_text(document, "template_id", read.template_id, sizeof read.template_id) &&
        take_text(document, "meetings_key", read.meetings_key, sizeof read.meetings_key) &&
        take_text(document, "webhook_secret", read.webhook_secret, sizeof read.webhook_secret);
    json_decref(document);
    good = good && id_is_object(key->access_key) && id_is_object(read.customer_id) &&
           id_is_object(read.app_id) && id_is_object(read.template_id) &&
           strlen(key->secrets[0]) >= SECRET_LEN_MIN &&
           (!key->secrets[1][0] || strlen(key->secrets[1]) >= SECRET_LEN_MIN) &&
           (!read.webhook_secret[0] || strlen(read.webhook_secret) >= SECRET_LEN_MIN) &&
           (!read.meetings_key[0] || strlen(read.meetings_key) >= SECRET_LEN_MIN);
    if (good)
        *keys = read;
    keys_wipe(&read);
    return good ? 0 : ERR_MALFORMED;
}

static int read_file(int file, struct keys *keys, const char *path)
{
    struct stat info;
    if (fstat(file, &info))
        return ERR_IO;
    if (!S_ISREG(info.st_mode) || info.st_mode & 077) {
        log_error("keys", "%s can be read by others: chmod 600 it", path);
        return ERR_REFUSED;
    }
    uint8_t content[FILE_MAX];
    size_t len = 0;
    ssize_t n;
    while (len < sizeof content && (n = read(file, content + len, sizeof content - len)) > 0)
        len += (size_t)n;
    int err = keys_parse(keys, (struct bytes){content, len});
    if (err)
        log_error("keys", "%s is not usable: ids of 24 hex digits and secrets of at least %d",
                  path, SECRET_LEN_MIN);
    mem_wipe(content, sizeof content);
    return err;
}

int keys_read(struct keys *keys, const char *folder)
{
    char path[PATH_LEN_MAX];
    if (!path_in(path, folder, "keys.json"))
        return ERR_IO;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0 && errno == ENOENT)
        return ERR_NOT_FOUND;
    if (file < 0) {
        log_error("keys", "%s: %s", path, strerror(errno));
        return ERR_IO;
    }
    int err = read_file(file, keys, path);
    close(file);
    return err;
}

int keys_load(struct keys *keys, const char *folder, struct rng *rng, int64_t wall_ms)
{
    if (mkdir(folder, 0700) && errno != EEXIST) {
        log_error("keys", "%s: %s", folder, strerror(errno));
        return ERR_IO;
    }
    int err = keys_read(keys, folder);
    if (err && err != ERR_NOT_FOUND)
        return err;
    if (!err && keys->webhook_secret[0])
        return 0;
    if (err)
        make_keys(keys, rng, wall_ms);
    else // of a version that had no webhooks
        random_text(rng, WEBHOOK_SECRET_OCTETS, keys->webhook_secret,
                    sizeof keys->webhook_secret);
    err = keys_save(keys, folder);
    if (err)
        log_error("keys", "%s/keys.json: %s", folder, strerror(errno));
    return err;
}

void keys_rotate(struct keys *keys, struct rng *rng)
{
    memcpy(keys->key.secrets[1], keys->key.secrets[0], sizeof keys->key.secrets[1]);
    random_text(rng, SECRET_OCTETS, keys->key.secrets[0], sizeof keys->key.secrets[0]);
}

bool keys_revoke(struct keys *keys)
{
    bool had = keys->key.secrets[1][0];
    mem_wipe(keys->key.secrets[1], sizeof keys->key.secrets[1]);
    return had;
}

int keys_save(const struct keys *keys, const char *folder)
{
    struct text content = {0};
    keys_write(keys, &content);
    int err = write_file(folder, text_bytes(&content));
    wipe_text(&content);
    return err;
}

void keys_show(const struct keys *keys, struct text *out)
{
    struct json_out j = json_out_on(out);
    json_open(&j, '{');
    json_member_string(&j, "access_key", keys->key.access_key);
    json_member_string(&j, "app_secret", keys->key.secrets[0]);
    json_member_string(&j, "template_id", keys->template_id);
    json_close(&j, '}');
}

void keys_wipe(struct keys *keys)
{
    mem_wipe(keys, sizeof *keys);
}
