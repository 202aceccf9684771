/* SPDX-License-Identifier: ISC */
/*
 * test_view_json.c - a snapshot filled by hand comes out as the JSON that
 * rtmpctl(8) describes, whatever bytes and numbers it holds.
 */
#include "view/json.h"

#include <criterion/criterion.h>
#include <string.h>

#include "media/media.h"

TestSuite(view_json, .timeout = 10);

static struct snapshot_stream	 one;
static struct session_body	 player;
static struct snapshot		 sn = {
	.sn_hub = 77, .sn_hub_alive = true, .sn_restarts = 2,
	.sn_started = 1000, .sn_now = 1600, .sn_generation = 5,
	.sn_nstreams = 1, .sn_stream = &one,
	.sn_nsessions = 1, .sn_session = &player,
};

static void
fill(void)
{
	struct stream_body *sb = &one.ss_body;

	one.ss_subscribers = 3;
	one.ss_rate_out = 6000000;
	*sb = (struct stream_body){
		.sb_state = STREAM_LIVE, .sb_pid = 4242, .sb_since = 1590,
		.sb_rate = 2000000, .sb_ring_size = 8388608,
		.sb_gop = 2000, .sb_ring_ms = 30000, .sb_lag_jumps = 4,
		.sb_bytes_out = 99, .sb_recorders = 1,
		.sb_name = "live/x", .sb_peer = "192.0.2.1:5", .sb_program = "p",
		.sb_track = {
			{ .tk_kind = 9, .tk_codec = CODEC_AVC,
			  .tk_width = 1280, .tk_height = 720,
			  .tk_fps = 29970, .tk_profile = "High 3.1" },
			{ .tk_kind = 8, .tk_codec = CODEC_AAC, .tk_track = 1,
			  .tk_rate = 44100, .tk_channels = 2 },
		},
	};
	sb->sb_counters.ct_media_bytes = 88;
	sb->sb_counters.ct_video = 250;
	player = (struct session_body){
		.eb_pid = 4243, .eb_slot = 1, .eb_role = ROLE_PLAY,
		.eb_since = 1599, .eb_rate = 1999, .eb_first_frame = 1,
		.eb_name = "live/x", .eb_peer = "192.0.2.2:6",
	};
	player.eb_counters.ct_lag = 12;
}

/* What there is must be what is wanted, member for member. */
static void
expect(json_t *got, const char *want)
{
	json_error_t error;
	json_t *o = json_loads(want, 0, &error);

	cr_assert_not_null(o, "%s: %s", error.text, want);
	cr_assert_not_null(got);
	cr_assert(json_equal(o, got), "%s", json_dumps(got, 0));
	json_decref(o);
	json_decref(got);
}

Test(view_json, a_stream_says_all_that_is_known)
{
	fill();
	expect(view_json_stream(&sn, &one),
	    "{\"name\": \"live/x\", \"state\": \"live\", \"publisher\": "
	    "{\"pid\": 4242, \"peer\": \"192.0.2.1:5\", \"program\": \"p\"}, "
	    "\"tracks\": [{\"track\": 0, \"kind\": \"video\", \"codec\": "
	    "\"H.264\", \"profile\": \"High 3.1\", \"width\": 1280, "
	    "\"height\": 720, \"fps\": 29.97}, {\"track\": 1, \"kind\": "
	    "\"audio\", \"codec\": \"AAC\", \"profile\": null, "
	    "\"sample_rate\": 44100, \"channels\": 2}], "
	    "\"bitrate_in\": 2000000, \"bitrate_out\": 6000000, "
	    "\"subscribers\": 3, \"recorders\": 1, \"uptime_s\": 10, "
	    "\"gop_ms\": 2000, \"ring\": {\"bytes\": 8388608, \"ms\": 30000}, "
	    "\"lag_jumps\": 4, \"bytes_in\": 88, \"bytes_out\": 99, "
	    "\"messages\": {\"video\": 250, \"audio\": 0, \"data\": 0}}");
}

Test(view_json, what_is_not_known_is_null)
{
	fill();
	memset(&one.ss_body, 0, sizeof(one.ss_body));
	one.ss_body.sb_state = STREAM_WAITING;
	strcpy(one.ss_body.sb_name, "live/y");
	one.ss_body.sb_track[0].tk_kind = 9;
	expect(view_json_stream(&sn, &one),
	    "{\"name\": \"live/y\", \"state\": \"waiting\", "
	    "\"publisher\": null, \"tracks\": [{\"track\": 0, \"kind\": "
	    "\"video\", \"codec\": \"unknown\", \"profile\": null, \"width\": "
	    "null, \"height\": null, \"fps\": null}], "
	    "\"bitrate_in\": 0, \"bitrate_out\": 6000000, "
	    "\"subscribers\": 3, \"recorders\": 0, \"uptime_s\": 0, "
	    "\"gop_ms\": null, \"ring\": {\"bytes\": 0, \"ms\": 0}, "
	    "\"lag_jumps\": 0, \"bytes_in\": 0, \"bytes_out\": 0, "
	    "\"messages\": {\"video\": 0, \"audio\": 0, \"data\": 0}}");
}

Test(view_json, a_session_says_all_that_is_known)
{
	json_t *a;

	fill();
	a = view_json_sessions(&sn);
	cr_assert_eq(json_array_size(a), 1);
	expect(json_incref(json_array_get(a, 0)),
	    "{\"pid\": 4243, \"slot\": 1, \"role\": \"play\", \"stream\": "
	    "\"live/x\", \"peer\": \"192.0.2.2:6\", \"program\": null, "
	    "\"bytes_in\": 0, \"bytes_out\": 0, \"bitrate\": 1999, "
	    "\"lag_ms\": 12, \"lag_jumps\": 0, \"joins\": 0, "
	    "\"first_frame_ms\": 0, \"connected_s\": 1, "
	    "\"messages\": {\"video\": 0, \"audio\": 0, \"data\": 0}}");
	json_decref(a);
}

Test(view_json, the_hub_tells_its_totals_by_their_metrics)
{
	json_t *o, *totals;

	fill();
	registry_add(&sn.sn_totals.to_connections, 7);
	registry_add(&sn.sn_totals.to_audio_out, 8);
	o = view_json_hub(&sn);
	cr_assert_eq(json_integer_value(json_object_get(o, "pid")), 77);
	cr_assert_eq(json_integer_value(json_object_get(o, "uptime_s")), 600);
	cr_assert(json_is_true(json_object_get(o, "alive")));
	cr_assert(json_is_false(json_object_get(o, "stale")));
	totals = json_object_get(o, "totals");
	cr_assert_eq(json_object_size(totals),
	    sizeof(struct totals) / sizeof(uint64_t));
	cr_assert_eq(json_integer_value(json_object_get(totals,
	    "rtmpd_connections_total")), 7);
	cr_assert_eq(json_integer_value(json_object_get(totals,
	    "rtmpd_messages_total{type=\"audio\",direction=\"out\"}")), 8);
	json_decref(o);
}

Test(view_json, all_of_it_is_one_object)
{
	json_t *o;

	fill();
	o = view_json(&sn);
	cr_assert_eq(json_array_size(json_object_get(o, "streams")), 1);
	cr_assert_eq(json_array_size(json_object_get(o, "sessions")), 1);
	cr_assert(json_is_object(json_object_get(o, "hub")));
	json_decref(o);
}

Test(view_json, text_that_is_no_utf_8_becomes_some)
{
	json_t *a, *o;

	fill();
	memset(player.eb_program, 0xff, sizeof(player.eb_program) - 1);
	strcpy(player.eb_name, "live/\xc3\xa4\xf0\x9f");
	a = view_json_sessions(&sn);
	cr_assert_not_null(o = json_array_get(a, 0));
	cr_assert_str_eq(json_string_value(json_object_get(o, "stream")),
	    "live/\\303\\244\\360\\237");
	cr_assert_eq(json_string_length(json_object_get(o, "program")),
	    4 * (sizeof(player.eb_program) - 1));
	json_decref(a);
}

Test(view_json, numbers_and_enums_of_any_value_are_taken)
{
	json_t *all, *o;

	fill();
	memset(&one.ss_body, 0xff, sizeof(one.ss_body));
	memset(&player, 0xff, sizeof(player));
	one.ss_body.sb_name[REGISTRY_NAME - 1] = '\0';
	one.ss_body.sb_peer[REGISTRY_TEXT - 1] = '\0';
	one.ss_body.sb_program[REGISTRY_TEXT - 1] = '\0';
	player.eb_name[REGISTRY_NAME - 1] = '\0';
	player.eb_peer[REGISTRY_TEXT - 1] = '\0';
	player.eb_program[REGISTRY_TEXT - 1] = '\0';
	cr_assert_not_null(all = view_json(&sn));
	o = json_array_get(json_object_get(all, "streams"), 0);
	cr_assert_str_eq(json_string_value(json_object_get(o, "state")),
	    "unknown");
	cr_assert_eq(json_integer_value(json_object_get(o, "bitrate_in")),
	    INT64_MAX);
	cr_assert_eq(json_array_size(json_object_get(o, "tracks")), 0);
	json_decref(all);
}
