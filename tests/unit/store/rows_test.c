#include "base/err.h"
#include "store/codes.h"
#include "store/document.h"
#include "store/rooms.h"
#include "store/templates.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

static const char template_id[] = "64a1b2c3d4e5f60718293a4b";

static struct world world_with_template(void)
{
    struct world w = world_new();
    struct store_template t = {
        .id = template_id,
        .name = "default",
        .is_default = true,
        .document = store_document_default,
        .created_at_ms = 1,
        .updated_at_ms = 2,
    };
    CHECK_EQ(store_template_insert(w.db, &t), 0);
    return w;
}

static struct store_room room_of(const char *id, const char *name)
{
    return (struct store_room){
        .id = id,
        .name = name,
        .enabled = true,
        .description = "d",
        .template_id = template_id,
        .region = "auto",
        .size = 7,
        .chat_history = 50,
        .recording_info = "",
        .webhook = "",
        .created_at_ms = 1000,
        .updated_at_ms = 1000,
    };
}

TEST(a_room_is_read_back_as_it_was_written)
{
    struct world w = world_with_template();
    struct store_room in = room_of("000000000000000000000001", "Stand.Up:1");
    struct store_room out;
    CHECK_EQ(store_room_insert(w.db, &in), 0);
    CHECK_EQ(store_room_get(w.db, in.id, &w.arena, &out), 0);
    CHECK_TEXT(out.name, "Stand.Up:1");
    CHECK(out.enabled);
    CHECK_TEXT(out.template_id, template_id);
    CHECK_TEXT(out.template_name, "default");
    CHECK_EQ(out.size, 7);
    CHECK_EQ(out.chat_history, 50);
    CHECK_EQ(out.created_at_ms, 1000);
    CHECK_EQ(store_room_get(w.db, "000000000000000000000002", &w.arena, &out), ERR_NOT_FOUND);
    world_dispose(&w);
}

TEST(names_are_unique_without_regard_to_case)
{
    struct world w = world_with_template();
    struct store_room a = room_of("000000000000000000000001", "Standup");
    struct store_room b = room_of("000000000000000000000002", "STANDUP");
    struct store_room found;
    CHECK_EQ(store_room_insert(w.db, &a), 0);
    CHECK_EQ(store_room_insert(w.db, &b), ERR_EXISTS);
    CHECK_EQ(store_room_by_name(w.db, "sTaNdUp", &w.arena, &found), 0);
    CHECK_TEXT(found.id, a.id);
    CHECK_TEXT(found.name, "Standup");
    world_dispose(&w);
}

TEST(a_room_cannot_take_the_name_of_another)
{
    struct world w = world_with_template();
    struct store_room a = room_of("000000000000000000000001", "one");
    struct store_room b = room_of("000000000000000000000002", "two");
    CHECK_EQ(store_room_insert(w.db, &a), 0);
    CHECK_EQ(store_room_insert(w.db, &b), 0);
    b.name = "ONE";
    CHECK_EQ(store_room_update(w.db, &b), ERR_EXISTS);
    a.name = "ONE";
    CHECK_EQ(store_room_update(w.db, &a), 0);
    world_dispose(&w);
}

TEST(a_room_of_an_unknown_template_is_refused)
{
    struct world w = world_with_template();
    struct store_room a = room_of("000000000000000000000001", "one");
    a.template_id = "000000000000000000000000";
    CHECK_EQ(store_room_insert(w.db, &a), ERR_REFUSED);
    world_dispose(&w);
}

static struct store_code code_of(const char *id, const char *code, const char *role)
{
    struct store_code c = {
        .role = role, .enabled = true, .created_at_ms = 5, .updated_at_ms = 5};
    snprintf(c.id, sizeof c.id, "%s", id);
    snprintf(c.code, sizeof c.code, "%s", code);
    snprintf(c.room_id, sizeof c.room_id, "%s", "000000000000000000000001");
    return c;
}

TEST(the_code_of_a_role_is_its_oldest_that_is_enabled)
{
    struct world w = world_with_template();
    struct store_room room = room_of("000000000000000000000001", "one");
    struct store_code a = code_of("00000000000000000000000a", "aaa-aaaa-aaa", "host");
    struct store_code b = code_of("00000000000000000000000b", "bbb-bbbb-bbb", "host");
    struct store_code found;
    CHECK_EQ(store_room_insert(w.db, &room), 0);
    CHECK_EQ(store_code_insert(w.db, &b), 0);
    CHECK_EQ(store_code_insert(w.db, &a), 0);
    CHECK_EQ(store_code_insert(w.db, &a), ERR_EXISTS);
    CHECK_EQ(store_code_of_role(w.db, room.id, "host", &w.arena, &found), 0);
    CHECK_TEXT(found.code, "aaa-aaaa-aaa");
    CHECK_EQ(store_code_enable(w.db, "aaa-aaaa-aaa", false, 9), 0);
    CHECK_EQ(store_code_of_role(w.db, room.id, "host", &w.arena, &found), 0);
    CHECK_TEXT(found.code, "bbb-bbbb-bbb");
    CHECK_EQ(store_code_of_role(w.db, room.id, "guest", &w.arena, &found), ERR_NOT_FOUND);
    CHECK_EQ(store_code_get(w.db, "aaa-aaaa-aaa", &w.arena, &found), 0);
    CHECK(!found.enabled);
    CHECK_EQ(found.updated_at_ms, 9);
    int64_t count = 0;
    CHECK_EQ(store_code_count(w.db, room.id, &count), 0);
    CHECK_EQ(count, 2);
    world_dispose(&w);
}

TEST(a_template_is_loaded_whole)
{
    struct world w = world_with_template();
    struct template *t;
    CHECK_EQ(store_template_load(w.db, template_id, &t), 0);
    CHECK_TEXT(t->id, template_id);
    CHECK_TEXT(t->name, "default");
    CHECK_EQ(t->role_count, 2);
    template_free(t);
    CHECK_EQ(store_template_load(w.db, "000000000000000000000000", &t), ERR_NOT_FOUND);
    world_dispose(&w);
}

TEST(a_damaged_document_in_the_database_is_an_error)
{
    struct world w = world_with_template();
    struct template *t;
    CHECK_EQ(db_run(db_prepare(w.db, "UPDATE templates SET document = '{\"roles\":7}'")), 0);
    CHECK_EQ(store_template_load(w.db, template_id, &t), ERR_MALFORMED);
    world_dispose(&w);
}
