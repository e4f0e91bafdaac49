// Meetings told as text: transcripts/, whose format is at the top of play.c.
#include "stage.h"

#include "test.h"

#define FOLDER "tests/unit/signal/transcripts/"

#define PLAY(name)                                                                             \
    TEST(name)                                                                                 \
    {                                                                                          \
        stage_play(FOLDER #name ".txt");                                                       \
        played++;                                                                              \
    }

static int played;

PLAY(a_call_goes_on_after_a_restart)
PLAY(a_client_nobody_knows_is_told_so)
PLAY(a_dropped_socket_keeps_the_peer_for_a_minute)
PLAY(chat_missed_without_a_socket_comes_once)
PLAY(a_full_room_lets_back_in_who_was_in)
PLAY(a_late_joiner_gets_the_chat_that_it_may_read)
PLAY(a_join_that_lost_its_socket_is_tried_again)
PLAY(a_join_under_way_is_dropped_when_a_new_socket_comes)
PLAY(a_join_whose_offer_is_bad_leaves_no_trace)
PLAY(a_new_socket_resumes_the_peer)
PLAY(a_peer_can_be_asked_for)
PLAY(a_peer_id_of_another_user_is_refused)
PLAY(a_peer_without_media_may_get_some_later)
PLAY(a_previewing_client_sees_the_room_but_is_not_in_it)
PLAY(a_refused_publish_offer_tells_why)
PLAY(a_role_has_a_limit_of_its_own)
PLAY(a_role_without_media_joins_without_an_offer)
PLAY(a_silent_socket_is_dead_and_a_pinging_preview_is_not)
PLAY(a_socket_that_still_looks_open_is_replaced)
PLAY(a_track_id_of_another_peer_cannot_be_taken)
PLAY(a_track_the_role_may_not_publish_is_answered_but_not_shown)
PLAY(a_value_is_only_changed_at_the_version_that_is_meant)
PLAY(a_value_of_the_session_store_is_read_and_unset)
PLAY(after_a_failed_join_the_preview_goes_on)
PLAY(a_track_is_muted_by_somebody_who_may)
PLAY(many_tracks_are_muted_by_role_type_and_source)
PLAY(a_request_is_answered_when_its_peer_goes)
PLAY(a_removed_peer_is_told_and_gone_at_once)
PLAY(ending_the_room_takes_everybody_out)
PLAY(a_locked_room_lets_nobody_in_any_more)
PLAY(a_meeting_ends_when_its_time_is_over)
PLAY(a_role_is_changed_by_force)
PLAY(a_role_is_changed_when_the_peer_agrees)
PLAY(many_roles_are_changed_at_once)
PLAY(a_role_without_a_place_is_given_to_nobody)
PLAY(who_may_not_change_roles_changes_none)
PLAY(a_raised_hand_is_a_group)
PLAY(a_poll_is_made_answered_and_counted)
PLAY(a_quiz_keeps_its_solutions_and_has_a_leaderboard)
PLAY(an_anonymous_poll_for_some_roles_ends_in_time)
PLAY(malformed_polls_are_refused_and_leave_no_trace)
PLAY(a_poll_goes_on_after_a_restart)
PLAY(an_offer_is_tried_again_when_the_worker_is_busy)
PLAY(chat_to_all_reaches_everybody_but_the_sender)
PLAY(chat_to_one_is_private)
PLAY(chat_to_roles_reaches_these_roles)
PLAY(connection_quality_is_told_to_all)
PLAY(counts_are_told_to_all_after_each_join_and_leave)
PLAY(join_is_answered_then_the_room_is_told)
PLAY(known_methods_that_are_not_built_answer_405)
PLAY(a_camera_on_demand_is_offered_when_it_is_asked_for)
PLAY(layers_follow_what_the_client_prefers)
PLAY(leaving_is_immediate_and_final)
PLAY(leaving_takes_the_tracks_along_and_leaves_others_alone)
PLAY(messages_wait_while_the_room_is_loaded)
PLAY(mute_is_told_to_others_and_to_late_joiners)
PLAY(names_and_metadata_are_updated_for_all)
PLAY(nobody_gets_tracks_of_roles_it_does_not_subscribe_to)
PLAY(notifications_need_neither_jsonrpc_nor_id)
PLAY(of_two_previews_with_one_id_the_later_join_stays)
PLAY(only_one_subscribe_offer_is_outstanding)
PLAY(others_learn_who_joined_and_the_joiner_who_is_there)
PLAY(ping_is_answered_before_and_after_join)
PLAY(policy_comes_first_and_unasked)
PLAY(policy_is_complete_enough_for_publishing)
PLAY(publish_offers_are_answered_then_announced)
PLAY(refusals_after_the_upgrade_are_told_by_on_error)
PLAY(requests_on_the_data_channel_are_answered_there)
PLAY(speakers_are_named_by_peer_and_track_and_silence_is_an_empty_list)
PLAY(store_listeners_survive_a_dropped_socket)
PLAY(the_session_ends_with_the_last_to_leave)
PLAY(the_session_store_tells_all_who_observe_a_key)
PLAY(the_subscribe_connection_is_restarted_by_the_server)
PLAY(two_that_preview_cannot_both_take_the_last_place)
PLAY(unknown_requests_are_refused_and_unknown_notifications_ignored)
PLAY(unpublishing_removes_the_track)
PLAY(video_flows_at_once_when_the_client_wants_it_all)
PLAY(what_the_session_store_refuses_leaves_no_trace)
PLAY(who_waits_is_seen_by_those_who_may_let_them_in)
PLAY(who_is_held_and_let_in_again_is_told_what_it_missed)
PLAY(who_waits_is_let_in_by_a_change_of_role)
PLAY(people_are_looked_up_in_pages)
PLAY(people_are_found_by_a_part_of_their_name)
PLAY(who_joins_anew_is_told_the_role_of_its_token)
PLAY(who_may_let_people_in_hears_of_them_with_its_role)

TEST(every_transcript_of_the_folder_is_played)
{
    const char **files;
    CHECK_EQ(test_folder(FOLDER, &files), played);
}
