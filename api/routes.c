#include "api/routes.h"

// What a back end does: over what is stored, over live rooms.
#define STORED(method, pattern, handler)                                                       \
    {                                                                                          \
        HTTP_##method, pattern, SCOPE_MANAGEMENT, OWN_ORIGIN, API_STORED, handler              \
    }
#define LIVE(method, pattern, handler)                                                         \
    {                                                                                          \
        HTTP_##method, pattern, SCOPE_MANAGEMENT, OWN_ORIGIN, API_LIVE, handler                \
    }
// What the dashboard asks.
#define ACCOUNTS(method, pattern, scope, next, handler)                                        \
    {                                                                                          \
        HTTP_##method, pattern, SCOPE_##scope, OWN_ORIGIN, next, handler                       \
    }
// Peers that do not signal: whip.h.
#define SDP(method, pattern, scope, next, handler)                                             \
    {                                                                                          \
        HTTP_##method, pattern, SCOPE_##scope, ANY_ORIGIN_SDP, next, handler                   \
    }

// clang-format off
const struct api_route api_routes[] = {
    STORED(POST, "/v2/rooms", api_rooms_create),
    STORED(GET, "/v2/rooms", api_rooms_list),
    STORED(GET, "/v2/rooms/{}", api_rooms_get),
    STORED(POST, "/v2/rooms/{}", api_rooms_update),
    STORED(DELETE, "/v2/rooms/{}", api_rooms_delete),

    STORED(POST, "/v2/room-codes/room/{}", api_codes_create_all),
    STORED(GET, "/v2/room-codes/room/{}", api_codes_list),
    STORED(POST, "/v2/room-codes/room/{}/role/{}", api_codes_create_one),
    STORED(POST, "/v2/room-codes/code", api_codes_enable),

    {HTTP_POST, "/v2/token", SCOPE_NONE, ANY_ORIGIN, API_STORED, api_login},
    {HTTP_POST, "/hmsapi/{}/api/token", SCOPE_NONE, PAGE_ORIGINS, API_STORED, api_token_hand_out},
    {HTTP_POST, "/api/token", SCOPE_NONE, PAGE_ORIGINS, API_STORED, api_token_hand_out},
    {HTTP_GET, "/init", SCOPE_RETURN, ANY_ORIGIN, API_STORED, api_init},

    STORED(GET, "/v2/templates", api_templates_list),
    STORED(GET, "/v2/templates/{}", api_templates_get),
    STORED(POST, "/v2/templates", api_templates_create),
    STORED(POST, "/v2/templates/{}", api_templates_update),
    STORED(DELETE, "/v2/templates/{}", api_templates_delete),
    STORED(GET, "/v2/templates/{}/roles/{}", api_template_role_get),
    STORED(POST, "/v2/templates/{}/roles/{}", api_template_role_set),
    STORED(DELETE, "/v2/templates/{}/roles/{}", api_template_role_delete),
    STORED(GET, "/v2/templates/{}/settings", api_template_settings_get),
    STORED(POST, "/v2/templates/{}/settings", api_template_settings_set),
    STORED(GET, "/v2/templates/{}/destinations", api_template_destinations_get),
    STORED(POST, "/v2/templates/{}/destinations", api_template_destinations_set),
    STORED(GET, "/v2/templates/{}/recordings", api_template_recordings_get),
    STORED(POST, "/v2/templates/{}/recordings", api_template_recordings_set),
    STORED(GET, "/v2/templates/{}/layouts", api_template_layouts_get),
    STORED(POST, "/v2/templates/{}/layouts", api_template_layouts_set),

    LIVE(GET, "/v2/active-rooms/{}", api_live_get),
    LIVE(GET, "/v2/active-rooms/{}/peers", api_live_peers),
    LIVE(GET, "/v2/active-rooms/{}/peers/{}", api_live_peer),
    LIVE(POST, "/v2/active-rooms/{}/peers/{}", api_live_update_peer),
    {HTTP_GET, "/v2/active-rooms/{}/media", SCOPE_MANAGEMENT, OWN_ORIGIN, API_FIGURES, api_live_media},
    {HTTP_GET, "/v2/active-rooms/{}/peers/{}/media", SCOPE_MANAGEMENT, OWN_ORIGIN, API_FIGURES, api_live_peer_media},
    LIVE(POST, "/v2/active-rooms/{}/send-message", api_live_say),
    LIVE(POST, "/v2/active-rooms/{}/remove-peers", api_live_remove),
    LIVE(POST, "/v2/active-rooms/{}/end-room", api_live_end),

    STORED(GET, "/v2/sessions", api_sessions_list),
    STORED(GET, "/v2/sessions/{}", api_sessions_get),

    STORED(GET, "/v2/analytics/events", api_analytics_events),
    STORED(GET, "/v2/analytics/peer-stats", api_analytics_peer_stats),
    {HTTP_GET, "/v2/analytics/webhooks", SCOPE_WEBHOOKS, OWN_ORIGIN, API_STORED, api_webhook_list},
    {HTTP_POST, "/v2/analytics/webhooks/replay", SCOPE_WEBHOOKS, OWN_ORIGIN, API_STORED, api_webhook_replay},
    {HTTP_GET, "/v2/analytics/webhooks/replay/{}", SCOPE_WEBHOOKS, OWN_ORIGIN, API_STORED, api_webhook_replay_get},

    STORED(POST, "/v2/polls", api_polls_create),
    STORED(GET, "/v2/polls/{}", api_polls_get),
    STORED(POST, "/v2/polls/{}", api_polls_update),
    STORED(POST, "/v2/polls/{}/questions/{}", api_poll_question_set),
    STORED(DELETE, "/v2/polls/{}/questions/{}", api_poll_question_delete),
    STORED(POST, "/v2/polls/{}/questions/{}/options/{}", api_poll_option_set),
    STORED(DELETE, "/v2/polls/{}/questions/{}/options/{}", api_poll_option_delete),
    STORED(GET, "/v2/polls/{}/sessions", api_poll_sessions),
    STORED(GET, "/v2/polls/{}/responses", api_poll_responses),
    STORED(GET, "/v2/polls/{}/responses/{}", api_poll_response),
    STORED(GET, "/v2/polls/{}/results", api_poll_results),
    STORED(GET, "/v2/polls/{}/results/{}", api_poll_result),

    STORED(POST, "/v2/stream-keys/room/{}", api_stream_key_create),
    STORED(GET, "/v2/stream-keys/room/{}", api_stream_key_get),
    STORED(POST, "/v2/stream-keys/room/{}/disable", api_stream_key_disable),

    STORED(GET, "/v2/recordings", api_recording_list),
    STORED(GET, "/v2/recordings/{}", api_recording_get),
    STORED(POST, "/v2/recordings/room/{}/start", api_recording_start),
    STORED(POST, "/v2/recordings/room/{}/stop", api_recording_stop),
    STORED(POST, "/v2/recordings/room/{}/pause", api_recording_stop),
    STORED(POST, "/v2/recordings/room/{}/resume", api_recording_stop),
    STORED(POST, "/v2/recordings/{}/stop", api_recording_stop_one),

    STORED(POST, "/v2/beam", api_beam),

    STORED(GET, "/v2/recording-assets", api_asset_list),
    STORED(GET, "/v2/recording-assets/{}", api_asset_get),
    STORED(GET, "/v2/recording-assets/{}/presigned-url", api_asset_url),

    STORED(GET, "/v2/live-streams", api_live_stream_list),
    STORED(GET, "/v2/live-streams/{}", api_live_stream_get),
    STORED(POST, "/v2/live-streams/room/{}/start", api_live_stream_start),
    STORED(POST, "/v2/live-streams/room/{}/stop", api_live_stream_stop),
    STORED(POST, "/v2/live-streams/{}/stop", api_live_stream_stop_one),
    STORED(POST, "/v2/live-streams/{}/pause-recording", api_live_stream_stop_one),
    STORED(POST, "/v2/live-streams/{}/resume-recording", api_live_stream_stop_one),
    STORED(POST, "/v2/live-streams/{}/timed-metadata", api_live_stream_metadata),

    STORED(GET, "/v2/external-streams", api_external_stream_list),
    STORED(GET, "/v2/external-streams/{}", api_external_stream_get),
    STORED(POST, "/v2/external-streams/room/{}/start", api_external_stream_start),
    STORED(POST, "/v2/external-streams/room/{}/stop", api_external_stream_stop),
    STORED(POST, "/v2/external-streams/{}/stop", api_external_stream_stop_one),

    STORED(POST, "/v2/sip/outbound/trunks", api_sip_trunk),
    STORED(POST, "/v2/sip/outbound/trunks/{}", api_sip_trunk),
    STORED(POST, "/v2/sip/outbound/call", api_sip_call),
    {HTTP_POST, "/v2/sip/dtmf", SCOPE_APP, OWN_ORIGIN, API_ANSWERED, api_sip_dtmf},
    {HTTP_GET, "/v2/diagnostics/token", SCOPE_NONE, ANY_ORIGIN, API_STORED, api_diagnostics_token},

    {HTTP_POST, "/api/meetings", SCOPE_MEETINGS, OWN_ORIGIN, API_STORED, api_meetings_create},
    {HTTP_GET, "/api/room-codes", SCOPE_MEETINGS, LISTED_GET_ONLY, API_STORED, api_meetings_codes},

    {HTTP_GET, "/api/invites", SCOPE_APP, OWN_ORIGIN, API_STORED, api_invites},

    SDP(POST, "/whip/{}", RETURN, API_JOIN, api_whip_publish),
    SDP(PATCH, "/whip/{}/{}", RETURN, API_RESOURCE, api_whip_patch),
    SDP(DELETE, "/whip/{}/{}", RETURN, API_RESOURCE, api_whip_delete),
    SDP(POST, "/whep/{}", APP, API_JOIN, api_whip_watch),
    SDP(PATCH, "/whep/{}/{}", RETURN, API_RESOURCE, api_whip_patch),
    SDP(DELETE, "/whep/{}/{}", RETURN, API_RESOURCE, api_whip_delete),
    SDP(GET, "/whep/{}/{}/layer", RETURN, API_RESOURCE, api_whip_layers),
    SDP(POST, "/whep/{}/{}/layer", RETURN, API_RESOURCE, api_whip_layer),

    {HTTP_POST, "/v2/admin/link", SCOPE_SIGN_IN, OWN_ORIGIN, API_PASSWORD, api_admin_use_link},
    {HTTP_POST, "/v2/admin/session", SCOPE_SIGN_IN, OWN_ORIGIN, API_PASSWORD, api_admin_sign_in},
    ACCOUNTS(GET, "/v2/admin/session", DASHBOARD, API_STORED, api_admin_session),
    ACCOUNTS(DELETE, "/v2/admin/session", DASHBOARD, API_STORED, api_admin_sign_out),
    ACCOUNTS(POST, "/v2/admin/password", DASHBOARD, API_PASSWORD, api_admin_password),
    ACCOUNTS(GET, "/v2/admin/accounts", ADMINS, API_STORED, api_admin_accounts),
    ACCOUNTS(POST, "/v2/admin/accounts", ADMINS, API_PASSWORD, api_admin_account_create),
    ACCOUNTS(POST, "/v2/admin/accounts/{}", ADMINS, API_PASSWORD, api_admin_account_update),
    ACCOUNTS(DELETE, "/v2/admin/accounts/{}", ADMINS, API_STORED, api_admin_account_delete),
    ACCOUNTS(GET, "/v2/admin/keys", ADMINS, API_STORED, api_admin_keys),
    ACCOUNTS(POST, "/v2/admin/keys", ADMINS, API_STORED, api_admin_key_create),
    ACCOUNTS(DELETE, "/v2/admin/keys/previous", ADMINS, API_STORED, api_admin_key_revoke),
    ACCOUNTS(GET, "/v2/admin/webhook", ADMINS, API_STORED, api_admin_webhook),
    ACCOUNTS(POST, "/v2/admin/webhook/test", ADMINS, API_STORED, api_admin_webhook_test),
    ACCOUNTS(POST, "/v2/admin/webhook/events/{}/send", ADMINS, API_STORED, api_admin_webhook_send),
    ACCOUNTS(GET, "/v2/admin/audit", DASHBOARD, API_STORED, api_admin_audit),

    {HTTP_GET, "/v2/layouts/ui", SCOPE_APP, ANY_ORIGIN, API_STORED, api_layouts},
    {HTTP_POST, "/v2/client/report", SCOPE_ANYBODY, ANY_ORIGIN, API_STORED, api_client_report},
    {HTTP_POST, "/v2/client/feedback", SCOPE_NONE, ANY_ORIGIN, API_ANSWERED, api_client_feedback},
};
// clang-format on

const size_t api_route_count = sizeof api_routes / sizeof *api_routes;
