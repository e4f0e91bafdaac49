#include "api/routes.h"

// What a back end does: over what is stored, over live rooms, and what is known but not built.
#define STORED(method, pattern, handler)                                                       \
    {                                                                                          \
        HTTP_##method, pattern, SCOPE_MANAGEMENT, OWN_ORIGIN, API_STORED, handler              \
    }
#define LIVE(method, pattern, handler)                                                         \
    {                                                                                          \
        HTTP_##method, pattern, SCOPE_MANAGEMENT, OWN_ORIGIN, API_LIVE, handler                \
    }
#define UNBUILT(method, pattern)                                                               \
    {                                                                                          \
        HTTP_##method, pattern, SCOPE_MANAGEMENT, OWN_ORIGIN, API_ANSWERED, NULL               \
    }

// clang-format off
const struct api_route api_routes[] = {
    STORED(POST, "/v2/rooms", api_rooms_create),
    STORED(GET, "/v2/rooms", api_rooms_list),
    STORED(GET, "/v2/rooms/{}", api_rooms_get),
    STORED(POST, "/v2/rooms/{}", api_rooms_update),

    STORED(POST, "/v2/room-codes/room/{}", api_codes_create_all),
    STORED(GET, "/v2/room-codes/room/{}", api_codes_list),
    STORED(POST, "/v2/room-codes/room/{}/role/{}", api_codes_create_one),
    STORED(POST, "/v2/room-codes/code", api_codes_enable),

    {HTTP_POST, "/v2/token", SCOPE_NONE, ANY_ORIGIN, API_STORED, api_login},
    {HTTP_GET, "/init", SCOPE_APP, ANY_ORIGIN, API_STORED, api_init},

    STORED(GET, "/v2/templates", api_templates_list),
    STORED(GET, "/v2/templates/{}", api_templates_get),
    STORED(POST, "/v2/templates", api_templates_create),
    STORED(POST, "/v2/templates/{}", api_templates_update),
    STORED(GET, "/v2/templates/{}/roles/{}", api_template_role_get),
    STORED(POST, "/v2/templates/{}/roles/{}", api_template_role_set),
    STORED(DELETE, "/v2/templates/{}/roles/{}", api_template_role_delete),
    STORED(GET, "/v2/templates/{}/settings", api_template_settings_get),
    STORED(POST, "/v2/templates/{}/settings", api_template_settings_set),
    STORED(GET, "/v2/templates/{}/destinations", api_template_destinations_get),
    STORED(POST, "/v2/templates/{}/destinations", api_template_destinations_set),

    LIVE(GET, "/v2/active-rooms/{}", api_live_get),
    LIVE(GET, "/v2/active-rooms/{}/peers", api_live_peers),
    LIVE(GET, "/v2/active-rooms/{}/peers/{}", api_live_peer),
    LIVE(POST, "/v2/active-rooms/{}/peers/{}", api_live_update_peer),
    LIVE(POST, "/v2/active-rooms/{}/send-message", api_live_say),
    LIVE(POST, "/v2/active-rooms/{}/remove-peers", api_live_remove),
    LIVE(POST, "/v2/active-rooms/{}/end-room", api_live_end),

    STORED(GET, "/v2/sessions", api_sessions_list),
    STORED(GET, "/v2/sessions/{}", api_sessions_get),

    STORED(GET, "/v2/analytics/events", api_analytics_events),

    {HTTP_POST, "/api/meetings", SCOPE_MEETINGS, OWN_ORIGIN, API_STORED, api_meetings_create},
    {HTTP_GET, "/api/room-codes", SCOPE_MEETINGS, ANY_ORIGIN_GET_ONLY, API_STORED, api_meetings_codes},

    {HTTP_GET, "/v2/layouts/ui", SCOPE_APP, ANY_ORIGIN, API_ANSWERED, api_layouts},
    {HTTP_POST, "/v2/client/report", SCOPE_NONE, ANY_ORIGIN, API_ANSWERED, api_client_report},
    {HTTP_POST, "/v2/client/feedback", SCOPE_NONE, ANY_ORIGIN, API_ANSWERED, api_client_report},

    UNBUILT(GET, "/v2/templates/{}/recordings"),
    UNBUILT(POST, "/v2/templates/{}/recordings"),
};
// clang-format on

const size_t api_route_count = sizeof api_routes / sizeof *api_routes;

const char *const api_unbuilt[] = {
    "/v2/recordings",
    "/v2/recording-assets",
    "/v2/live-streams",
    "/v2/external-streams",
    "/v2/stream-keys",
    "/v2/polls",
    "/v2/analytics/peer-stats",
    "/v2/analytics/webhooks",
    "/v2/diagnostics/token",
    "/v2/sip",
    NULL,
};
