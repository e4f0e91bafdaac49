#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "scratch.h"
#include "store/keys.h"
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WALL_MS = 1700000000 };

static struct keys load(const struct scratch *s)
{
    struct rng rng = rng_seeded(1);
    struct keys keys;
    CHECK_EQ(keys_load(&keys, s->folder, &rng, WALL_MS), 0);
    return keys;
}

static int write_and_read(const struct scratch *s, const char *content, mode_t mode)
{
    struct keys keys;
    const char *path = scratch_path(s, "keys.json");
    FILE *f = fopen(path, "w");
    fputs(content, f);
    fclose(f);
    chmod(path, mode);
    return keys_read(&keys, s->folder);
}

TEST(the_first_start_makes_keys_and_the_second_finds_them)
{
    struct scratch s = scratch_new();
    struct keys first = load(&s);
    struct keys second = load(&s);
    CHECK(id_is_object(first.key.access_key));
    CHECK_EQ(strlen(first.key.secrets[0]), 86); // 64 octets in base64url
    CHECK_TEXT(first.key.secrets[1], "");
    CHECK_EQ(strlen(first.meetings_key), 43);
    CHECK_EQ(memcmp(&first, &second, sizeof first), 0);
    CHECK(strcmp(first.customer_id, first.app_id) != 0);
    scratch_remove(&s);
}

TEST(only_the_owner_may_read_the_file)
{
    struct scratch s = scratch_new();
    load(&s);
    struct stat info;
    CHECK_EQ(stat(scratch_path(&s, "keys.json"), &info), 0);
    CHECK_EQ(info.st_mode & 0777, 0600);
    CHECK(access(scratch_path(&s, "keys.json.part"), F_OK) != 0);
    scratch_remove(&s);
}

TEST(a_file_that_others_may_read_is_refused)
{
    struct scratch s = scratch_new();
    load(&s);
    struct keys keys;
    chmod(scratch_path(&s, "keys.json"), 0640);
    CHECK_EQ(keys_read(&keys, s.folder), ERR_REFUSED);
    scratch_remove(&s);
}

TEST(a_link_is_not_followed)
{
    struct scratch s = scratch_new();
    struct keys keys;
    load(&s);
    rename(scratch_path(&s, "keys.json"), scratch_path(&s, "elsewhere"));
    CHECK_EQ(symlink("elsewhere", scratch_path(&s, "keys.json")), 0);
    CHECK_EQ(keys_read(&keys, s.folder), ERR_IO);
    scratch_remove(&s);
}

TEST(without_a_file_reading_makes_none)
{
    struct scratch s = scratch_new();
    struct keys keys;
    CHECK_EQ(keys_read(&keys, s.folder), ERR_NOT_FOUND);
    CHECK(access(scratch_path(&s, "keys.json"), F_OK) != 0);
    scratch_remove(&s);
}

#define IDS                                                                                    \
    "\"access_key\":\"64a1b2c3d4e5f60718293a4b\",\"customer_id\":"                             \
    "\"64a1b2c3d4e5f60718293a4c\","                                                            \
    "\"app_id\":\"64a1b2c3d4e5f60718293a4d\",\"template_id\":\"64a1b2c3d4e5f60718293a4e\""
#define SECRET_32 "0123456789abcdef0123456789abcdef"

TEST(a_secret_has_at_least_32_octets)
{
    struct scratch s = scratch_new();
    CHECK_EQ(write_and_read(&s, "{" IDS ",\"app_secret\":\"" SECRET_32 "\"}", 0600), 0);
    CHECK_EQ(write_and_read(&s, "{" IDS ",\"app_secret\":\"0123456789abcdef0123456789abcde\"}",
                            0600),
             ERR_MALFORMED);
    CHECK_EQ(write_and_read(&s,
                            "{" IDS ",\"app_secret\":\"" SECRET_32
                            "\",\"previous_app_secret\":\"short\"}",
                            0600),
             ERR_MALFORMED);
    scratch_remove(&s);
}

TEST(a_damaged_file_is_malformed_and_stays)
{
    struct scratch s = scratch_new();
    struct keys keys;
    struct rng rng = rng_seeded(1);
    CHECK_EQ(write_and_read(&s, "", 0600), ERR_MALFORMED);
    CHECK_EQ(write_and_read(&s, "{", 0600), ERR_MALFORMED);
    CHECK_EQ(write_and_read(&s, "{" IDS "}", 0600), ERR_MALFORMED);
    CHECK_EQ(keys_load(&keys, s.folder, &rng, WALL_MS), ERR_MALFORMED);
    CHECK_EQ(
        write_and_read(&s, "{\"access_key\":\"no\",\"app_secret\":\"" SECRET_32 "\"}", 0600),
        ERR_MALFORMED);
    scratch_remove(&s);
}

TEST(a_file_without_a_secret_for_webhooks_gets_one_and_keeps_the_rest)
{
    struct scratch s = scratch_new();
    struct keys keys;
    CHECK_EQ(write_and_read(&s, "{" IDS ",\"app_secret\":\"" SECRET_32 "\"}", 0600), 0);
    keys = load(&s);
    CHECK_TEXT(keys.key.secrets[0], SECRET_32);
    CHECK_EQ(strlen(keys.webhook_secret), 43); // 32 octets in base64url
    struct keys again = load(&s);
    CHECK_EQ(memcmp(&keys, &again, sizeof keys), 0);
    CHECK_EQ(write_and_read(
                 &s, "{" IDS ",\"app_secret\":\"" SECRET_32 "\",\"webhook_secret\":\"short\"}",
                 0600),
             ERR_MALFORMED);
    scratch_remove(&s);
}

TEST(what_is_shown_is_the_three_fields_of_the_contract)
{
    struct scratch s = scratch_new();
    struct keys keys = load(&s);
    struct text shown = {0};
    json_t *document;
    keys_show(&keys, &shown);
    CHECK_EQ(json_read(text_bytes(&shown), &json_bounds_default, &document), 0);
    CHECK_EQ(json_object_size(document), 3);
    CHECK_TEXT(json_get_text(document, "access_key", ""), keys.key.access_key);
    CHECK_TEXT(json_get_text(document, "app_secret", ""), keys.key.secrets[0]);
    CHECK_TEXT(json_get_text(document, "template_id", ""), keys.template_id);
    json_decref(document);
    text_dispose(&shown);
    scratch_remove(&s);
}
