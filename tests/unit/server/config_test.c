#include "base/err.h"
#include "server/config.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct config config;
static struct text why;

// `flags` separated by blanks; `environment` may be NULL.
static int read_config(const char *flags, char *const *environment)
{
    static char copy[512];
    char *arguments[16];
    int count = 0;
    snprintf(copy, sizeof copy, "%s", flags);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        arguments[count++] = word;
    config_dispose(&config);
    text_dispose(&why);
    return config_read(&config, count, arguments, environment, &why);
}

static void done(void)
{
    config_dispose(&config);
    text_dispose(&why);
}

TEST(nothing_given_means_this_machine_only)
{
    CHECK_EQ(read_config("", NULL), 0);
    CHECK_EQ(config.listen_count, 2);
    char address[ADDR_TEXT_MAX];
    addr_format(&config.listen[0], address);
    CHECK_TEXT(address, "127.0.0.1:8080");
    addr_format(&config.listen[1], address);
    CHECK_TEXT(address, "[::1]:8080");
    CHECK(config_is_local(&config));
    CHECK(config.listens_by_default);
    CHECK_EQ(config.media_port, 7000);
    CHECK(config.rate_limit);
    CHECK_TEXT(config.data, "data");
    done();
}

TEST(a_flag_beats_the_environment)
{
    char *environment[] = {(char *)"PARLOR_MEDIA_PORT=7200", (char *)"PARLOR_WORKERS=3", NULL};
    CHECK_EQ(read_config("--media-port 7100", environment), 0);
    CHECK_EQ(config.media_port, 7100);
    CHECK_EQ(config.workers, 3);
    done();
}

TEST(a_file_is_beaten_by_both)
{
    char path[] = "/tmp/parlor-config-XXXXXX";
    int fd = mkstemp(path);
    static const char file[] =
        "# comment\n\n media-port = 7300 \nworkers=4\nlisten = 0.0.0.0:80, "
        "[::]:80\n";
    CHECK_EQ(write(fd, file, sizeof file - 1), sizeof file - 1);
    close(fd);
    char flags[128];
    char *environment[] = {(char *)"PARLOR_WORKERS=5", NULL};
    snprintf(flags, sizeof flags, "--config %s --media-port=7400", path);
    CHECK_EQ(read_config(flags, environment), 0);
    unlink(path);
    CHECK_EQ(config.media_port, 7400);
    CHECK_EQ(config.workers, 5);
    CHECK_EQ(config.listen_count, 2);
    CHECK(!config_is_local(&config));
    done();
}

static void refuses_file(const char *content, const char *expected)
{
    char path[] = "/tmp/parlor-config-XXXXXX";
    int fd = mkstemp(path);
    CHECK_EQ(write(fd, content, strlen(content)), strlen(content));
    close(fd);
    char flags[128];
    snprintf(flags, sizeof flags, "--config %s", path);
    CHECK_EQ(read_config(flags, NULL), ERR_MALFORMED);
    unlink(path);
    CHECK(strstr(why.at, expected) != NULL);
    done();
}

TEST(a_bad_line_of_a_file_is_named)
{
    refuses_file("workers = 1\nmedai-port = 7100\n", ":2: unknown setting: medai-port");
    refuses_file("workers\n", ":1: no \"name = value\": workers");
    refuses_file("workers = many\n", "workers: not understood: many");
}

TEST(unknown_or_bad_options_are_refused)
{
    static const char *const flags[] = {
        "--nonsense",
        "nonsense",
        "--workers",
        "--workers many",
        "--workers -1",
        "--workers 65",
        "--media-port 0",
        "--media-port 65536",
        "--listen nowhere",
        "--listen 127.0.0.1",
        "--rate-limit maybe",
        "--meetings everybody",
        "--tls always",
        "--tls-cert a.pem",
        "--public-ip here",
        "--config /nonexistent/file",
        "--workers 2 --media-port 65535",
        "--tls self-signed --tls-cert a --tls-key b",
        "--public-url ftp://x",
        "--log-level loud",
        "--log xml",
        "--metrics-listen 0",
        "--metrics-listen 65536",
        "--metrics-listen 127.0.0.1",
        "--metrics-listen here:9464",
    };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        CHECK_EQ(read_config(flags[i], NULL), ERR_MALFORMED);
        CHECK(why.len > 0);
    }
    done();
}

TEST(metrics_are_for_this_machine_unless_an_address_is_named)
{
    char text[ADDR_TEXT_MAX];
    CHECK_EQ(read_config("", NULL), 0);
    CHECK(config.serves_metrics && config.metrics_by_default);
    addr_format(&config.metrics_listen, text);
    CHECK_TEXT(text, "127.0.0.1:9464");
    CHECK_EQ(read_config("--metrics-listen off", NULL), 0);
    CHECK(!config.serves_metrics);
    CHECK_EQ(read_config("--metrics-listen=", NULL), 0);
    CHECK(!config.serves_metrics);
    CHECK_EQ(read_config("--metrics-listen 9464", NULL), 0);
    CHECK(config.serves_metrics && !config.metrics_by_default);
    addr_format(&config.metrics_listen, text);
    CHECK_TEXT(text, "127.0.0.1:9464");
    CHECK_EQ(read_config("--metrics-listen [::]:9464", NULL), 0);
    addr_format(&config.metrics_listen, text);
    CHECK_TEXT(text, "[::]:9464");
    done();
}

TEST(ice_servers_are_a_list_and_their_credentials_are_not_shown)
{
    CHECK_EQ(read_config("--ice-servers [{\"urls\":[\"turn:t\"]}]", NULL), 0);
    CHECK_EQ(read_config("--ice-servers {}", NULL), ERR_MALFORMED);
    CHECK_EQ(read_config("--ice-servers [{\"credential\":\"hidden\"", NULL), ERR_MALFORMED);
    CHECK_TEXT(why.at, "ice-servers: not understood");
    done();
}

TEST(where_webhooks_go_is_checked)
{
    CHECK_EQ(read_config("--webhook-url https://x.example/hook --webhook-allow 10.0.0.0/8,::1 "
                         "--webhook-headers {\"X-A\":\"b\"} --webhook-days 7",
                         NULL),
             0);
    CHECK_TEXT(config.webhook_url, "https://x.example/hook");
    CHECK_EQ(config.webhook_rules.allowed.count, 2);
    CHECK_EQ(config.webhook_days, 7);
    static const char *const bad[] = {
        "--webhook-url ftp://x",    "--webhook-url http://u@x/",
        "--webhook-allow 10.0.0/8", "--webhook-headers {\"Host\":\"x\"}",
        "--webhook-headers [1]",    "--webhook-secret short",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_EQ(read_config(bad[i], NULL), ERR_MALFORMED);
    done();
}

TEST(secrets_are_not_shown)
{
    char *environment[] = {(char *)"PARLOR_WEBHOOK_SECRET=hidden0123456789abcdef0123456789abcd",
                           (char *)"PARLOR_WEBHOOK_HEADERS={\"X-Secret\":\"hidden\"}",
                           (char *)"PARLOR_ICE_SERVERS=[{\"urls\":[\"turn:a\"],"
                                   "\"username\":\"u\",\"credential\":\"hidden\"}]",
                           NULL};
    CHECK_EQ(read_config("", environment), 0);
    CHECK_TEXT(config.webhook_headers, "{\"X-Secret\":\"hidden\"}");
    struct text printed = {0};
    config_print(&config, &printed);
    CHECK(strstr(printed.at, "hidden") == NULL);
    CHECK(strstr(printed.at, "# webhook-secret is set, and not shown\n") != NULL);
    text_dispose(&printed);
    CHECK_EQ(read_config("--webhook-headers {\"X-Secret\":\"hidden\"", NULL), ERR_MALFORMED);
    CHECK_TEXT(why.at, "webhook-headers: not understood");
    done();
}

TEST(clients_are_told_of_flags_that_are_known)
{
    CHECK_EQ(read_config("", NULL), 0);
    CHECK_TEXT(
        config.client_flags,
        "nonWebRTCDisableOffer,publishStats,simulcast,subscribeDegradation,subscribeStats");
    CHECK_EQ(read_config("--client-flags onDemandTracks,nonWebRTCDisableOffer", NULL), 0);
    CHECK_TEXT(config.client_flags, "onDemandTracks,nonWebRTCDisableOffer");
    CHECK_EQ(read_config("--client-flags simulcasts", NULL), ERR_MALFORMED);
    done();
}

TEST(a_switch_needs_no_value_as_a_flag)
{
    CHECK_EQ(read_config("--allow-root --workers 1", NULL), 0);
    CHECK(config.allow_root);
    char *environment[] = {(char *)"PARLOR_ALLOW_ROOT=1", NULL};
    CHECK_EQ(read_config("", environment), 0);
    CHECK(config.allow_root);
    CHECK_EQ(read_config("", NULL), 0);
    CHECK(!config.allow_root);
    done();
}

TEST(what_is_printed_can_be_read_again)
{
    CHECK_EQ(read_config("--media-port 7100 --public-ip 203.0.113.5,2001:db8::5", NULL), 0);
    CHECK_EQ(config.public_ip_count, 2);
    struct text printed = {0};
    config_print(&config, &printed);
    CHECK(strstr(printed.at, "media-port = 7100\n") != NULL);
    char path[] = "/tmp/parlor-config-XXXXXX";
    int fd = mkstemp(path);
    CHECK_EQ(write(fd, printed.at, printed.len), printed.len);
    close(fd);
    char flags[128];
    snprintf(flags, sizeof flags, "--config %s", path);
    CHECK_EQ(read_config(flags, NULL), 0);
    unlink(path);
    CHECK_EQ(config.media_port, 7100);
    CHECK_EQ(config.public_ip_count, 2);
    struct text again = {0};
    config_print(&config, &again);
    CHECK_TEXT(again.at, printed.at);
    text_dispose(&printed);
    text_dispose(&again);
    done();
}

TEST(the_help_names_every_setting)
{
    struct text help = {0};
    config_help(&help);
    CHECK(strstr(help.at, "--listen ADDRESS:PORT,...") != NULL);
    CHECK(strstr(help.at, "--rate-limit on|off") != NULL);
    CHECK(strstr(help.at, "--allow-root") != NULL);
    text_dispose(&help);
}

TEST(the_password_of_a_database_is_never_shown)
{
    struct text printed = {0};
    CHECK_EQ(read_config("--database postgresql://ann:hunter2@db.example.org/parlor", NULL), 0);
    CHECK_TEXT(config.database, "postgresql://ann:hunter2@db.example.org/parlor");
    config_print(&config, &printed);
    CHECK(strstr(printed.at, "database = postgresql://ann@db.example.org/parlor\n") != NULL);
    CHECK(strstr(printed.at, "hunter2") == NULL);
    text_dispose(&printed);
    CHECK_EQ(read_config("--database postgresql://ann:hunter2%zz@db/parlor", NULL),
             ERR_MALFORMED);
    CHECK_TEXT(why.at, "database: not understood");
    done();
}

TEST(the_database_is_in_the_data_folder_unless_it_is_elsewhere)
{
    struct text location = {0};
    config_database("data", "", &location);
    CHECK_TEXT(location.at, "data/parlor.db");
    text_clear(&location);
    config_database("data", "/srv/other.db", &location);
    CHECK_TEXT(location.at, "/srv/other.db");
    text_dispose(&location);
}
