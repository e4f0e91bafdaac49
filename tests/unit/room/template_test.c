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
