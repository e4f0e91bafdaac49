#include "server/config.h"

#include "base/err.h"
#include "base/mem.h"
#include "store/db.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_OCTETS = 4096 };

static int setting_of(struct bytes name)
{
    for (int i = 0; i < setting_count; i++)
        if (bytes_equal(bytes_of(settings[i].name), name))
            return i;
    return -1;
}

// --- The three sources ---

static void set_value(char **values, int setting, const char *value)
{
    mem_free(values[setting]);
    values[setting] = mem_text(value);
}

static int read_flags(struct config *c, char **values, int count, char *const *arguments,
                      char **file, struct text *why)
{
    for (int i = 0; i < count; i++) {
        const char *flag = arguments[i];
        if (strcmp(flag, "--help") == 0) {
            c->help_only = true;
            continue;
        }
        if (strcmp(flag, "--print-config") == 0) {
            c->print_only = true;
            continue;
        }
        const char *equals = strchr(flag, '=');
        struct bytes name = {(const uint8_t *)flag,
                             equals ? (size_t)(equals - flag) : strlen(flag)};
        bool is_flag = name.len > 2 && strncmp(flag, "--", 2) == 0;
        name = (struct bytes){name.at + 2, is_flag ? name.len - 2 : 0};
        bool is_file = bytes_equal(name, bytes_of("config"));
        int setting = is_flag && !is_file ? setting_of(name) : -1;
        if (!is_file && setting < 0) {
            text_addf(why, "unknown option: %.100s (parlor serve --help lists them)", flag);
            return ERR_MALFORMED;
        }
        const char *value = equals ? equals + 1 : NULL;
        if (!value && !is_file && !settings[setting].argument)
            value = "on";
        if (!value && i + 1 < count)
            value = arguments[++i];
        if (!value) {
            text_addf(why, "%.100s needs a value", flag);
            return ERR_MALFORMED;
        }
        if (is_file) {
            mem_free(*file);
            *file = mem_text(value);
        } else {
            set_value(values, setting, value);
        }
    }
    return 0;
}

static const char *environment_value(char *const *environment, const char *name)
{
    char variable[64];
    int len = snprintf(variable, sizeof variable, "PARLOR_%s=", name);
    for (char *p = variable; *p; p++)
        *p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
    for (char *const *each = environment; each && *each; each++)
        if (strncmp(*each, variable, (size_t)len) == 0)
            return *each + len;
    return NULL;
}

// "name = value", "# comment" or nothing. Cuts `line` up.
static int read_line(char **values, char *line, struct text *why)
{
    char *name = line + strspn(line, " \t");
    size_t len = strcspn(name, "\r\n");
    while (len > 0 && (name[len - 1] == ' ' || name[len - 1] == '\t'))
        len--;
    name[len] = 0;
    if (!name[0] || name[0] == '#')
        return 0;
    size_t name_len = strcspn(name, " \t=");
    char *value = name + name_len + strspn(name + name_len, " \t");
    if (*value != '=') {
        text_addf(why, "no \"name = value\": %.100s", name);
        return ERR_MALFORMED;
    }
    value++;
    value += strspn(value, " \t");
    int setting = setting_of((struct bytes){(const uint8_t *)name, name_len});
    if (setting < 0) {
        text_addf(why, "unknown setting: %.*s", (int)(name_len < 100 ? name_len : 100), name);
        return ERR_MALFORMED;
    }
    set_value(values, setting, value);
    return 0;
}

static int read_file(char **values, const char *path, struct text *why)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        text_addf(why, "cannot read the configuration file %.200s", path);
        return ERR_MALFORMED;
    }
    char line[LINE_MAX_OCTETS];
    int err = 0;
    for (int number = 1; !err && fgets(line, sizeof line, file); number++) {
        struct text what = {0};
        if (strlen(line) == sizeof line - 1) {
            text_add(&what, "the line is too long");
            err = ERR_MALFORMED;
        } else {
            err = read_line(values, line, &what);
        }
        if (err)
            text_addf(why, "%.200s:%d: %s", path, number, what.at);
        text_dispose(&what);
    }
    if (!err && ferror(file)) {
        text_addf(why, "cannot read the configuration file %.200s", path);
        err = ERR_MALFORMED;
    }
    fclose(file);
    return err;
}

static int check_together(const struct config *c, struct text *why)
{
    if (!c->tls_cert[0] != !c->tls_key[0]) {
        text_add(why, "tls-cert and tls-key belong together");
        return ERR_MALFORMED;
    }
    if (c->tls_self_signed && c->tls_cert[0]) {
        text_add(why, "tls = self-signed makes its own certificate: leave tls-cert out");
        return ERR_MALFORMED;
    }
    if (c->media_port + (c->workers ? c->workers : 1) - 1 > 65535) {
        text_add(why, "media-port leaves no ports for all workers");
        return ERR_MALFORMED;
    }
    return 0;
}

static void add_misunderstood(struct text *why, const struct setting *setting,
                              const char *value)
{
    text_addf(why, "%s: not understood", setting->name);
    if (setting->display == SETTING_OPEN)
        text_addf(why, ": %.100s", value);
}

int config_read(struct config *config, int argument_count, char *const *arguments,
                char *const *environment, struct text *why)
{
    *config = (struct config){0};
    config->values = mem_alloc_array((size_t)setting_count, sizeof *config->values);
    char **flags = mem_alloc_array((size_t)setting_count, sizeof *flags);
    const char *named = environment_value(environment, "config");
    char *file = named ? mem_text(named) : NULL;

    // The flags first, as they may name the file; they are applied last.
    int err = read_flags(config, flags, argument_count, arguments, &file, why);
    if (!err && file)
        err = read_file(config->values, file, why);
    for (int i = 0; i < setting_count; i++) {
        const char *value = environment_value(environment, settings[i].name);
        if (value)
            set_value(config->values, i, value);
        if (flags[i])
            set_value(config->values, i, flags[i]);
        if (!config->values[i] && strcmp(settings[i].name, "metrics-listen") == 0)
            config->metrics_by_default = true;
        if (!config->values[i])
            set_value(config->values, i, settings[i].fallback);
        mem_free(flags[i]);
    }
    mem_free(flags);
    mem_free(file);
    for (int i = 0; i < setting_count && !err; i++) {
        err = settings[i].read(config, config->values[i]);
        if (err)
            add_misunderstood(why, &settings[i], config->values[i]);
    }
    config->listens_by_default = strcmp(config->values[0], settings[0].fallback) == 0;
    return err ? err : check_together(config, why);
}

void config_dispose(struct config *config)
{
    for (int i = 0; config->values && i < setting_count; i++)
        mem_free(config->values[i]);
    mem_free(config->values);
    *config = (struct config){0};
}

bool config_is_local(const struct config *config)
{
    for (size_t i = 0; i < config->listen_count; i++)
        if (!addr_is_loopback(&config->listen[i]))
            return false;
    return true;
}

void config_print(const struct config *config, struct text *out)
{
    for (int i = 0; i < setting_count; i++) {
        if (settings[i].display == SETTING_SECRET && config->values[i][0]) {
            text_addf(out, "# %s is set, and not shown\n", settings[i].name);
            continue;
        }
        text_addf(out, "%s = ", settings[i].name);
        if (settings[i].display == SETTING_LOCATION)
            db_show_location(config->values[i], out);
        else
            text_add(out, config->values[i]);
        text_add_char(out, '\n');
    }
}

void config_database(const char *data, const char *database, struct text *location)
{
    if (database[0])
        text_add(location, database);
    else
        text_addf(location, "%s/parlor.db", data);
}

unsigned config_worker_count(const struct config *config)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    long wanted = config->workers ? config->workers : cores;
    return wanted < 1 ? 1 : wanted > CONFIG_WORKERS_MAX ? CONFIG_WORKERS_MAX : (unsigned)wanted;
}

void config_certificate(const struct config *config, char cert[CONFIG_PATH_MAX],
                        char key[CONFIG_PATH_MAX])
{
    if (config->tls_self_signed) {
        snprintf(cert, CONFIG_PATH_MAX, "%s/self-signed.pem", config->data);
        snprintf(key, CONFIG_PATH_MAX, "%s/self-signed.key", config->data);
    } else {
        snprintf(cert, CONFIG_PATH_MAX, "%s", config->tls_cert);
        snprintf(key, CONFIG_PATH_MAX, "%s", config->tls_key);
    }
}

const char *config_public_host(const struct config *config, char host[CONFIG_HOST_MAX])
{
    const char *at = strstr(config->public_url, "://");
    struct addr ip;
    if (!at)
        return NULL;
    snprintf(host, CONFIG_HOST_MAX, "%.*s", (int)strcspn(at + 3, ":/["), at + 3);
    return host[0] && addr_parse_ip(&ip, host, 0) != 0 ? host : NULL;
}

void config_help(struct text *out)
{
    for (int i = 0; i < setting_count; i++) {
        char flag[64];
        snprintf(flag, sizeof flag, "--%s %s", settings[i].name,
                 settings[i].argument ? settings[i].argument : "");
        text_addf(out, "  %-34s %s", flag, settings[i].help);
        if (settings[i].fallback[0])
            text_addf(out, " (%s)", settings[i].fallback);
        text_add_char(out, '\n');
    }
}
