// What a receiver of webhooks reads, member by member.
#include "../room/fixture.h"
#include "api/public_event.h"
#include "base/err.h"
#include "room/media.h"
#include "room/moderate.h"
#include "room/role.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

static struct fixture f;
static char told[4096];

static void begin(void)
{
    fixture_init(&f);
    for (int p = 0; p < PERMISSION_COUNT; p++)
        f.room->template->roles[0].permissions[p] = true;
}

// The data of the first event of the kind, "" when there is none; ids that are drawn are
// written as $session.
static const char *data_of(enum event_kind kind, const char *type, bool is_error)
{
    struct public_event_session s = {.room_name = "standup", .started_at = 1700000000000};
    snprintf(s.room_id, sizeof s.room_id, "%s", f.record.id);
    snprintf(s.template_id, sizeof s.template_id, "64b0000000000000000000aa");
    bool in_session =
        kind != EVENT_JOIN_FAILED && kind != EVENT_LEAVE_FAILED && kind != EVENT_END_FAILED;
    if (in_session)
        snprintf(s.id, sizeof s.id, "$session");
    const struct event *event = fixture_event(&f, kind);
    told[0] = 0;
    if (!event)
        return told;
    CHECK_EQ(api_public_event_count(event, false), 1);
    struct public_event public;
    api_public_event(event, 0, &s, f.now.wall_ms, &public);
    CHECK_TEXT(public.type, type);
    CHECK(public.is_for_hooks);
    CHECK_EQ(public.is_error, is_error);
    CHECK_EQ(public.at, f.now.wall_ms);
    snprintf(told, sizeof told, "%s", public.data.at);
    text_dispose(&public.data);
    return told;
}

#define R                                                                                      \
    "{\"room_id\":\"64b000000000000000000001\",\"room_name\":\"standup\","                     \
    "\"session_id\":\"$session\",\"template_id\":\"64b0000000000000000000aa\","
#define R_WITHOUT_SESSION                                                                      \
    "{\"room_id\":\"64b000000000000000000001\",\"room_name\":\"standup\","                     \
    "\"template_id\":\"64b0000000000000000000aa\","
#define S "\"session_started_at\":\"2023-11-14T22:13:20.000Z\""
#define U(id, role)                                                                            \
    "\"peer_id\":\"" id "\",\"user_id\":\"" id "\",\"user_name\":\"name\","                    \
    "\"user_data\":\"\",\"role\":\"" role "\","
#define JOINED "\"joined_at\":\"2023-11-14T22:13:20.000Z\""
#define NEVER_JOINED "\"joined_at\":\"0001-01-01T00:00:00Z\","

static int join(const char *id, const char *role, const char *user_id, struct peer **peer)
{
    struct join_wish wish = fixture_wish(id, role);
    enum admission why;
    wish.user_id = user_id;
    wish.token = token_hash_of(bytes_of(user_id));
    return room_join(f.room, &wish, 7, f.now, &f.events, peer, &why);
}

TEST(a_session_opens_with_the_first_peer)
{
    struct peer *peer;
    begin();
    CHECK_EQ(join("anna", "host", "anna", &peer), 0);
    media_answered(peer, 7, 0, "answer", NULL, 0, f.now, &f.events);
    CHECK_TEXT(data_of(EVENT_ROOM_OPENED, "session.open.success", false), R S "}");
    CHECK_TEXT(data_of(EVENT_PEER_JOINED, "peer.join.success", false),
               R S "," U("anna", "host") JOINED ",\"type\":\"regular\"}");
    fixture_dispose(&f);
}

TEST(it_closes_with_the_last)
{
    begin();
    struct peer *anna = fixture_join(&f, "anna", "host");
    f.now.wall_ms += 61500;
    room_leave(anna, LEAVE_CLIENT_REQUEST, f.now, &f.events);
    CHECK_TEXT(data_of(EVENT_PEER_LEFT, "peer.leave.success", false),
               R S "," U("anna", "host") JOINED ",\"type\":\"regular\","
                                                "\"left_at\":\"2023-11-14T22:14:21.500Z\","
                                                "\"duration\":61,"
                                                "\"reason\":\"client request\"}");
    CHECK_TEXT(data_of(EVENT_ROOM_CLOSED, "session.close.success", false),
               R S ",\"session_stopped_at\":\"2023-11-14T22:14:21.500Z\","
                   "\"session_duration\":61}");
    fixture_dispose(&f);
}

TEST(who_is_removed_leaves_with_the_reason_that_was_given)
{
    begin();
    fixture_join(&f, "anna", "host");
    fixture_join(&f, "bert", "guest");
    CHECK_EQ(moderate_remove(f.room, NULL, "bert", "enough", f.now, &f.events), 0);
    CHECK_TEXT(data_of(EVENT_PEER_LEFT, "peer.leave.success", false),
               R S "," U("bert", "guest") JOINED ",\"type\":\"regular\","
                                                 "\"left_at\":\"2023-11-14T22:13:20.000Z\","
                                                 "\"duration\":0,\"reason\":\"peer kicked\","
                                                 "\"message\":\"enough\"}");
    fixture_dispose(&f);
}

TEST(an_end_says_who_did_it)
{
    begin();
    struct peer *anna = fixture_join(&f, "anna", "host");
    CHECK_EQ(moderate_end(f.room, anna, true, "late", f.now, &f.events), 0);
    CHECK_TEXT(data_of(EVENT_ROOM_ENDED, "room.end.success", false),
               R S ",\"peer_id\":\"anna\",\"user_id\":\"anna\",\"user_name\":\"name\","
                   "\"role\":\"host\",\"lock_room\":true,\"reason\":\"late\","
                   "\"source\":\"peer\"}");
    event_list_clear(&f.events);
    CHECK_EQ(moderate_end(f.room, NULL, false, "", f.now, &f.events), 0);
    CHECK_TEXT(data_of(EVENT_ROOM_ENDED, "room.end.success", false),
               R S ",\"lock_room\":false,\"reason\":\"\",\"source\":\"api\"}");
    fixture_dispose(&f);
}

TEST(another_role_says_which_it_was_and_who_asked_for_it)
{
    begin();
    struct peer *anna = fixture_join(&f, "anna", "host");
    struct peer *bert = fixture_join(&f, "bert", "guest");
    CHECK_EQ(role_change(f.room, NULL, "bert", "host", true, f.now, &f.events), 0);
    CHECK_TEXT(data_of(EVENT_ROLE_CHANGED, "role.change.success", false),
               R S "," U("bert", "host") JOINED ",\"previous_role\":\"guest\","
                                                "\"role_changed_at\":"
                                                "\"2023-11-14T22:13:20.000Z\"}");
    // It was asked, and agreed: who asked is told.
    event_list_clear(&f.events);
    CHECK_EQ(role_change(f.room, anna, "bert", "guest", false, f.now, &f.events), 0);
    char token[UUID_LEN + 1];
    snprintf(token, sizeof token, "%s", fixture_event(&f, EVENT_ROLE_ASKED)->role.token);
    CHECK_EQ(role_accept(bert, "guest", token, f.now, &f.events), 0);
    const char *data = data_of(EVENT_ROLE_CHANGED, "role.change.success", false);
    CHECK(strstr(data, "\"previous_role\":\"host\"") != NULL);
    CHECK(strstr(data, "\"role_change_requested_by\":\"anna\"}") != NULL);
    fixture_dispose(&f);
}

TEST(a_role_that_is_full_or_unknown_is_a_failure)
{
    begin();
    struct peer *anna = fixture_join(&f, "anna", "host");
    fixture_join(&f, "bert", "guest");
    f.room->template->roles[0].max_peer_count = 1;
    CHECK_EQ(role_change(f.room, anna, "bert", "host", true, f.now, &f.events), ERR_FULL);
    CHECK_TEXT(data_of(EVENT_ROLE_FAILED, "role.change.failure", true),
               R S "," U("bert", "host") JOINED ",\"error_message\":\"role limit reached\","
                                                "\"role_change_requested_by\":\"anna\"}");
    event_list_clear(&f.events);
    CHECK_EQ(role_change(f.room, NULL, "bert", "pope", true, f.now, &f.events), ERR_NOT_FOUND);
    CHECK_TEXT(data_of(EVENT_ROLE_FAILED, "role.change.failure", true),
               R S "," U("bert", "pope") JOINED ",\"error_message\":\"role not found\"}");
    fixture_dispose(&f);
}

TEST(who_may_not_come_in_is_a_failure)
{
    begin();
    struct peer *peer;
    CHECK_EQ(join("anna", "pope", "anna", &peer), ERR_REFUSED);
    CHECK_TEXT(data_of(EVENT_JOIN_FAILED, "peer.join.failure", true),
               R_WITHOUT_SESSION U("anna", "pope") NEVER_JOINED
               "\"error_message\":\"role not allowed\","
               "\"type\":\"regular\"}");
    event_list_clear(&f.events);
    fixture_join(&f, "bert", "guest");
    CHECK_EQ(join("bert", "guest", "somebody else", &peer), ERR_REFUSED);
    const char *data = data_of(EVENT_JOIN_FAILED, "peer.join.failure", true);
    CHECK(strstr(data, "\"error_message\":\"duplicate peer id\"") != NULL);
    CHECK(strstr(data, "\"user_id\":\"somebody else\"") != NULL);
    fixture_dispose(&f);
}

// For the log only: the vendor's receivers do not know it.
TEST(a_takeover_is_written_down)
{
    begin();
    struct peer *anna = fixture_join(&f, "anna", "host");
    room_attach(anna, &f.events);
    const struct event *event = fixture_event(&f, EVENT_TAKEN_OVER);
    struct public_event_session s = {.room_name = "standup"};
    struct public_event public;
    CHECK_EQ(api_public_event_count(event, false), 1);
    api_public_event(event, 0, &s, f.now.wall_ms, &public);
    CHECK_TEXT(public.type, "peer.takeover");
    CHECK(!public.is_for_hooks);
    CHECK_TEXT(public.peer_id, "anna");
    CHECK(strstr(public.data.at, "\"role\":\"host\"") != NULL);
    text_dispose(&public.data);
    fixture_dispose(&f);
}

TEST(so_is_who_goes_before_it_was_in)
{
    begin();
    struct peer *peer;
    CHECK_EQ(join("anna", "host", "anna", &peer), 0);
    room_detach(peer, f.now, &f.events);
    const char *data = data_of(EVENT_JOIN_FAILED, "peer.join.failure", true);
    CHECK(strstr(data, "\"error_message\":\"network disconnection\"") != NULL);
    CHECK_TEXT(data_of(EVENT_LEAVE_FAILED, "", true), "");
    event_list_clear(&f.events);
    CHECK_EQ(join("anna", "host", "anna", &peer), 0);
    room_leave(peer, LEAVE_CLIENT_REQUEST, f.now, &f.events);
    CHECK_TEXT(data_of(EVENT_LEAVE_FAILED, "peer.leave.failure", true),
               R_WITHOUT_SESSION U("anna", "host") NEVER_JOINED
               "\"error_message\":\"peer not joined\",\"type\":\"regular\","
               "\"left_at\":\"2023-11-14T22:13:20.000Z\",\"duration\":0}");
    CHECK_TEXT(data_of(EVENT_JOIN_FAILED, "", true), "");
    CHECK_TEXT(data_of(EVENT_PEER_LEFT, "", true), "");
    fixture_dispose(&f);
}

TEST(an_end_of_nothing_is_told_once_the_room_is_known)
{
    begin();
    struct event *event = event_add(&f.events, EVENT_END_FAILED, NULL);
    event->failed.room_id = f.record.id;
    event->failed.reason = "late";
    event->failed.why = "session not found";
    CHECK_EQ(api_public_event_count(event, false), 0);
    event->failed.room_name = "standup";
    CHECK_TEXT(data_of(EVENT_END_FAILED, "room.end.failure", true),
               R_WITHOUT_SESSION "\"lock_room\":false,\"reason\":\"late\",\"source\":\"api\","
                                 "\"error_code\":404,"
                                 "\"error_message\":\"session not found\"}");
    fixture_dispose(&f);
}

// --- Not for webhooks ---

TEST(a_track_event_has_the_vendors_members_and_no_others)
{
    struct public_event public;
    struct public_event_session s = {.id = "$session", .room_name = "standup"};
    struct track_wish track = {
        .id = "t1", .stream_id = "s1", .type = TRACK_VIDEO, .source = "screen", .muted = true};
    struct peer_view who = {.id = "anna",
                            .user_id = "u-anna",
                            .name = "Anna",
                            .metadata = "{}",
                            .role = "host",
                            .joined_at = 1700000000000};
    struct event event = {.kind = EVENT_TRACKS_REMOVED,
                          .who = &who,
                          .tracks = {&track, (int64_t[]){1700000001000}, 1}};
    snprintf(s.room_id, sizeof s.room_id, "64b000000000000000000001");
    api_public_event(&event, 0, &s, 1700000002000, &public);
    CHECK_TEXT(public.type, "track.remove.success");
    CHECK_TEXT(public.data.at,
               "{\"room_id\":\"64b000000000000000000001\",\"session_id\":\"$session\","
               "\"room_name\":\"standup\",\"peer_id\":\"anna\",\"user_id\":\"u-anna\","
               "\"user_name\":\"Anna\",\"joined_at\":\"2023-11-14T22:13:20.000Z\","
               "\"role\":\"host\",\"track_id\":\"t1\",\"stream_id\":\"s1\","
               "\"type\":\"video\",\"source\":\"screen\",\"mute\":true,"
               "\"started_at\":\"2023-11-14T22:13:21.000Z\","
               "\"stopped_at\":\"2023-11-14T22:13:22.000Z\"}");
    CHECK(!public.is_error);
    text_dispose(&public.data);
    event.kind = EVENT_TRACKS_ADDED;
    api_public_event(&event, 0, &s, 1700000002000, &public);
    CHECK_TEXT(public.type, "track.add.success");
    CHECK(!strstr(public.data.at, "stopped_at"));
    text_dispose(&public.data);
}
