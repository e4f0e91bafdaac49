#include "room/permit.h"

#include "fixture.h"
#include "test.h"

static struct fixture f;

TEST(each_act_needs_its_permission_and_no_other)
{
    fixture_init(&f);
    struct peer *guest = fixture_join(&f, "guest", "guest");
    for (int act = 0; act < ACT_COUNT; act++) {
        for (int p = 0; p < PERMISSION_COUNT; p++) {
            struct role role = *guest->role;
            memset(role.permissions, 0, sizeof role.permissions);
            role.permissions[p] = true;
            struct peer as = *guest;
            as.role = &role;
            bool writes = act == ACT_READ_POLLS && p == PERMISSION_POLL_WRITE;
            bool expected =
                act == ACT_TAKE_PART || writes ||
                strcmp(act_name((enum act)act), permission_name((enum permission)p)) == 0;
            CHECK_EQ(permit(&as, (enum act)act), expected);
        }
    }
    fixture_dispose(&f);
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

TEST(links_are_handed_out_only_for_roles_without_a_say_and_no_louder_than_oneself)
{
    struct role host = {.permissions = {[PERMISSION_END_ROOM] = true}, .allowed = {true, true}};
    struct role guest = {.allowed = {true, true}};
    struct role singer = {.allowed = {true, true, true}};
    struct role viewer = {0};
    struct role usher = {.permissions = {[PERMISSION_CHANGE_ROLE] = true}};
    struct role lobby = {.waiting_room = true};
    CHECK(permit_invites(&host, &guest));
    CHECK(permit_invites(&host, &viewer));
    CHECK(permit_invites(&host, &lobby));
    CHECK(!permit_invites(&host, &host));
    CHECK(!permit_invites(&host, &usher));
    CHECK(!permit_invites(&host, &singer));
    CHECK(permit_invites(&guest, &guest));
    CHECK(!permit_invites(&viewer, &guest));
    CHECK(permit_invites(&lobby, &lobby));
    CHECK(!permit_invites(&lobby, &viewer));
}
