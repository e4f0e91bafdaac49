#include "room/permit.h"

#include "fixture.h"
#include "test.h"

static struct fixture f;

// Written down by hand, from what each permission is for; none: everybody who is in.
static const struct {
    enum act act;
    const char *permissions[3];
} expected[] = {
    {ACT_TAKE_PART, {NULL}},           {ACT_CHANGE_ROLE, {"changeRole"}},
    {ACT_MOVE_GROUPS, {"changeRole"}}, {ACT_MUTE, {"mute"}},
    {ACT_ASK_TO_UNMUTE, {"unmute"}},   {ACT_REMOVE, {"removeOthers"}},
    {ACT_END_ROOM, {"endRoom"}},       {ACT_READ_POLLS, {"pollRead", "pollWrite"}},
    {ACT_WRITE_POLLS, {"pollWrite"}},
};

static bool is_expected(size_t at, const char *permission)
{
    if (!expected[at].permissions[0])
        return true;
    for (size_t i = 0; expected[at].permissions[i]; i++) {
        if (strcmp(expected[at].permissions[i], permission) == 0)
            return true;
    }
    return false;
}

TEST(each_act_needs_its_permission_and_no_other)
{
    fixture_init(&f);
    struct peer *guest = fixture_join(&f, "guest", "guest");
    CHECK_EQ(sizeof expected / sizeof *expected, ACT_COUNT);
    for (size_t i = 0; i < ACT_COUNT; i++) {
        for (int p = 0; p < PERMISSION_COUNT; p++) {
            struct role role = *guest->role;
            memset(role.permissions, 0, sizeof role.permissions);
            role.permissions[p] = true;
            struct peer as = *guest;
            as.role = &role;
            CHECK_EQ(permit(&as, expected[i].act),
                     is_expected(i, permission_name((enum permission)p)));
        }
    }
    fixture_dispose(&f);
}

TEST(a_role_without_any_permission_takes_part_and_does_nothing_to_others)
{
    fixture_init(&f);
    struct peer as = *fixture_join(&f, "guest", "guest");
    struct role role = *as.role;
    memset(role.permissions, 0, sizeof role.permissions);
    as.role = &role;
    for (size_t i = 0; i < ACT_COUNT; i++)
        CHECK_EQ(permit(&as, expected[i].act), expected[i].act == ACT_TAKE_PART);
    fixture_dispose(&f);
}

TEST(who_waits_to_be_let_in_may_do_nothing_whatever_the_role_permits)
{
    fixture_init(&f);
    struct peer as = *fixture_join(&f, "guest", "guest");
    struct role role = *as.role;
    memset(role.permissions, 1, sizeof role.permissions);
    role.waiting_room = true;
    as.role = &role;
    for (size_t i = 0; i < ACT_COUNT; i++)
        CHECK(!permit(&as, expected[i].act));
    fixture_dispose(&f);
}

TEST(who_looks_on_is_told_as_much_as_role_and_template_say)
{
    struct template *t = fixture_template();
    struct role *role = &t->roles[1];
    CHECK_EQ(permit_view(t, role), ROOM_VIEW_NONE);
    t->room_state.enabled = true;
    CHECK_EQ(permit_view(t, role), ROOM_VIEW_COUNTS);
    t->room_state.send_peer_list = true;
    CHECK_EQ(permit_view(t, role), ROOM_VIEW_PEERS);
    t->room_state.enabled = false;
    CHECK_EQ(permit_view(t, role), ROOM_VIEW_NONE);
    role->permissions[PERMISSION_SEND_ROOM_STATE] = true;
    CHECK_EQ(permit_view(t, role), ROOM_VIEW_PEERS);
    template_free(t);
}

TEST(the_back_end_may_do_everything)
{
    for (int act = 0; act < ACT_COUNT; act++)
        CHECK(permit(NULL, (enum act)act));
}

TEST(who_has_not_joined_yet_may_do_nothing)
{
    fixture_init(&f);
    struct peer *host = fixture_join(&f, "host", "host");
    host->state = PEER_JOINING;
    for (int act = 0; act < ACT_COUNT; act++)
        CHECK(!permit(host, (enum act)act));
    host->state = PEER_JOINED;
    fixture_dispose(&f);
}

TEST(links_are_handed_out_for_no_more_than_one_has_oneself)
{
    const char *all[] = {"host", "guest"}, *hosts[] = {"host"};
    struct role guest = {.allowed = {true, true},
                         .media[PUBLISH_VIDEO] = {.bitrate_kbps = 700, .width = 640},
                         .subscribe_to_roles = {hosts, 1}};
    struct role other = guest;
    CHECK(permit_invites(&guest, &other));
    other.allowed[PUBLISH_SCREEN] = true;
    CHECK(!permit_invites(&guest, &other));
    other = guest;
    other.media[PUBLISH_VIDEO].bitrate_kbps = 1500;
    CHECK(!permit_invites(&guest, &other));
    other.media[PUBLISH_VIDEO].bitrate_kbps = 0; // as much as there is
    CHECK(!permit_invites(&guest, &other));
    other = guest;
    other.media[PUBLISH_VIDEO].width = 1920;
    CHECK(!permit_invites(&guest, &other));
    other = guest;
    other.permissions[PERMISSION_POLL_WRITE] = true;
    CHECK(!permit_invites(&guest, &other));
    other = guest;
    other.subscribe_to_roles = (struct names){all, 2};
    CHECK(!permit_invites(&guest, &other));
    CHECK(permit_invites(&other, &guest));
    struct role viewer = {0};
    CHECK(permit_invites(&guest, &viewer));
    CHECK(!permit_invites(&viewer, &guest));
}

TEST(nobody_hands_out_a_role_with_a_say_and_whoever_gives_roles_any_other)
{
    struct role host = {.permissions = {[PERMISSION_CHANGE_ROLE] = true}};
    struct role ender = {.permissions = {[PERMISSION_END_ROOM] = true}};
    struct role singer = {.allowed = {true, true, true}};
    struct role lobby = {.waiting_room = true}, viewer = {0};
    CHECK(permit_invites(&host, &singer));
    CHECK(permit_invites(&host, &lobby));
    CHECK(!permit_invites(&host, &host));
    CHECK(!permit_invites(&host, &ender));
    CHECK(!permit_invites(&ender, &ender));
    CHECK(permit_invites(&lobby, &lobby));
    CHECK(!permit_invites(&lobby, &viewer));
}
