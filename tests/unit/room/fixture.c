#include "fixture.h"

#include "room/check.h"
#include "room/media.h"
#include "test.h"

enum { MANY = 200, CHECKED_EACH = 50 };

struct template *fixture_template(void)
{
    static const char *const roles[] = {"host", "guest", "lurker"};
    struct template *t = template_new();
    t->id = template_text(t, "64b0000000000000000000aa");
    template_set_roles(t, 3);
    for (size_t i = 0; i < 3; i++) {
        struct role *role = &t->roles[i];
        role->name = template_text(t, roles[i]);
        role->media[PUBLISH_VIDEO].codec = template_text(t, "vp8");
        for (int kind = 0; kind < PUBLISH_KIND_COUNT && i < 2; kind++)
            role->allowed[kind] = true;
        role->subscribe_to_roles = template_names(t, 2);
        role->subscribe_to_roles.at[0] = template_text(t, "host");
        role->subscribe_to_roles.at[1] = template_text(t, "guest");
    }
    return t;
}

void fixture_init(struct fixture *f)
{
    *f = (struct fixture){.rng = rng_seeded(1), .now = {1000000, 1700000000000}};
    f->record = (struct room_record){
        .id = "64b000000000000000000001", .name = "standup", .enabled = true};
    rooms_init(&f->rooms, &f->rng);
    f->room = rooms_put(&f->rooms, &f->record, fixture_template());
    room_hold(f->room);
}

// Each time costs a walk over all: among many people one time of some is enough.
static void check_rooms(const struct fixture *f)
{
    if (f->rooms.peers.count > MANY && f->rooms.peers.count % CHECKED_EACH)
        return;
    const char *wrong = rooms_check(&f->rooms);
    CHECK_TEXT(wrong ? wrong : "", "");
}

void fixture_dispose(struct fixture *f)
{
    check_rooms(f);
    rooms_dispose(&f->rooms);
    event_list_dispose(&f->events);
}

struct join_wish fixture_wish(const char *peer_id, const char *role)
{
    return (struct join_wish){.peer_id = peer_id,
                              .user_id = peer_id,
                              .role = role,
                              .token = token_hash_of(bytes_of(peer_id)),
                              .name = "name",
                              .metadata = "",
                              .offer = "sdp"};
}

struct peer *fixture_join(struct fixture *f, const char *peer_id, const char *role)
{
    struct join_wish wish = fixture_wish(peer_id, role);
    struct peer *peer;
    enum admission why;
    uint64_t request = rooms_number(&f->rooms);
    CHECK_EQ(room_join(f->room, &wish, request, f->now, &f->events, &peer, &why), 0);
    check_rooms(f);
    media_answered(peer, request, 0, "answer", NULL, 0, f->now, &f->events);
    check_rooms(f);
    event_list_clear(&f->events);
    return peer;
}

size_t fixture_count(const struct fixture *f, enum event_kind kind)
{
    check_rooms(f);
    size_t count = 0;
    for (size_t i = 0; i < f->events.count; i++)
        count += f->events.at[i].kind == kind;
    return count;
}

const struct event *fixture_event(const struct fixture *f, enum event_kind kind)
{
    check_rooms(f);
    for (size_t i = 0; i < f->events.count; i++) {
        if (f->events.at[i].kind == kind)
            return &f->events.at[i];
    }
    return NULL;
}
