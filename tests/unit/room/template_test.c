#include "room/template.h"

#include "base/err.h"
#include "fixture.h"
#include "test.h"

TEST(permissions_have_the_names_of_the_rest_api)
{
    CHECK_TEXT(permission_name(PERMISSION_END_ROOM), "endRoom");
    CHECK_TEXT(permission_name(PERMISSION_HLS_STREAMING), "hlsStreaming");
    for (int p = 0; p < PERMISSION_COUNT; p++)
        CHECK_EQ(permission_from_name(permission_name(p)), p);
    CHECK_EQ(permission_from_name("muteAll"), ERR_NOT_FOUND);
    CHECK_EQ(permission_from_name(""), ERR_NOT_FOUND);
}

TEST(a_new_role_has_the_default_permissions)
{
    struct template *t = template_new();
    template_set_roles(t, 1);
    CHECK(!t->roles[0].permissions[PERMISSION_END_ROOM]);
    CHECK(!t->roles[0].permissions[PERMISSION_SEND_ROOM_STATE]);
    CHECK(t->roles[0].permissions[PERMISSION_BROWSER_RECORDING]);
    CHECK(t->roles[0].permissions[PERMISSION_RTMP_STREAMING]);
    CHECK(t->roles[0].permissions[PERMISSION_HLS_STREAMING]);
    template_free(t);
}

TEST(roles_are_found_by_their_exact_name)
{
    struct template *t = fixture_template();
    CHECK_TEXT(template_role(t, "guest")->name, "guest");
    CHECK(template_role(t, "Guest") == NULL);
    CHECK(template_role(t, "") == NULL);
    template_free(t);
}

TEST(kinds_have_names)
{
    CHECK_TEXT(publish_kind_name(PUBLISH_SCREEN), "screen");
    CHECK_EQ(publish_kind_from_name("video"), PUBLISH_VIDEO);
    CHECK_EQ(publish_kind_from_name("simulcast"), ERR_NOT_FOUND);
}

TEST(who_waits_to_be_let_in_gives_and_gets_nothing_whatever_the_role_says)
{
    struct template *t = template_new();
    template_set_roles(t, 2);
    for (size_t i = 0; i < 2; i++) {
        t->roles[i].name = template_text(t, i ? "guest" : "host");
        t->roles[i].allowed[PUBLISH_AUDIO] = true;
        t->roles[i].subscribe_to_roles = template_names(t, 2);
        t->roles[i].subscribe_to_roles.at[0] = template_text(t, "host");
        t->roles[i].subscribe_to_roles.at[1] = template_text(t, "guest");
    }
    CHECK(role_publishes(&t->roles[1], PUBLISH_AUDIO));
    CHECK(!role_publishes(&t->roles[1], PUBLISH_VIDEO));
    CHECK(role_gets(&t->roles[0], &t->roles[1]) && role_gets(&t->roles[1], &t->roles[0]));
    t->roles[1].waiting_room = true;
    CHECK(!role_publishes(&t->roles[1], PUBLISH_AUDIO));
    CHECK(!role_gets(&t->roles[0], &t->roles[1]) && !role_gets(&t->roles[1], &t->roles[0]));
    template_free(t);
}
