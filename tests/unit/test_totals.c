/* SPDX-License-Identifier: ISC */
/*
 * test_totals.c - what reports add to the totals: growth, once, and nothing
 * that an earlier hub has counted; and that they go on where that one ended.
 */
#include "hub/totals.h"

#include <criterion/criterion.h>
#include <string.h>

#include "hub/hub.h"
#include "hub/inherit.h"
#include "shm/segment.h"

static struct hub	hub;
static struct peer	peer;
static struct session	session = { .s_peer = &peer };
static struct stream	stream;
static struct hub_report report;

static void
set_up(void)
{
	int rw, ro;

	cr_assert_eq(segment_create(registry_size(1, 1), &rw, &ro), 0);
	cr_assert_eq(registry_create(&hub.h_registry, rw, 1, 1, 1), 0);
}

TestSuite(totals, .timeout = 10, .init = set_up);

/* As peer.c does. */
static void
send_report(void)
{
	totals_report(&hub, &session, &report);
	session.s_body.eb_role = report.hr_role;
	session.s_body.eb_counters = report.hr_counters;
	session.s_body.eb_first_frame = report.hr_first_frame;
	session.s_stream = report.hr_role == ROLE_NONE ? NULL : &stream;
}

static void
admit(void)
{
	totals_admitted(&hub, &peer, &report);
	send_report();
}

static struct totals *
have(void)
{
	return &hub.h_registry.rg_head->rg_totals;
}

static uint64_t
observed(const struct histogram *hi)
{
	uint64_t n = 0;
	int i;

	for (i = 0; i < HISTOGRAM_BUCKETS; i++)
		n += hi->hi_bucket[i];
	return n;
}

Test(totals, a_newcomer_counts_from_its_first_byte_on)
{
	admit();
	cr_assert_eq(have()->to_connections, 1);
	report.hr_role = ROLE_PUBLISH;
	send_report();
	report.hr_counters.ct_bytes_in = 1000;
	report.hr_counters.ct_bytes_out = 100;
	report.hr_counters.ct_video = 3;
	report.hr_counters.ct_audio = 2;
	report.hr_counters.ct_data = 1;
	send_report();
	send_report();
	cr_assert_eq(have()->to_bytes_received, 1000);
	cr_assert_eq(have()->to_bytes_sent, 100);
	cr_assert_eq(have()->to_video_in, 3);
	cr_assert_eq(have()->to_audio_in, 2);
	cr_assert_eq(have()->to_data_in, 1);
	cr_assert_eq(have()->to_video_out, 0);
}

Test(totals, what_a_role_counted_last_comes_as_it_is_left)
{
	admit();
	report.hr_role = ROLE_PLAY;
	send_report();
	report.hr_counters.ct_video = 10;
	report.hr_counters.ct_media_bytes = 5000;
	report.hr_counters.ct_lag_jumps = 1;
	report.hr_role = ROLE_NONE;
	send_report();
	send_report();
	cr_assert_eq(have()->to_video_out, 10);
	cr_assert_eq(have()->to_lag_jumps, 1);
	cr_assert_eq(stream.t_body.sb_bytes_out, 5000);
	cr_assert_eq(stream.t_body.sb_lag_jumps, 1);
}

Test(totals, counters_that_fall_have_begun_anew)
{
	admit();
	report.hr_role = ROLE_PUBLISH;
	report.hr_counters.ct_video = 10;
	send_report();
	cr_assert_eq(have()->to_video_in, 0);	/* of no role, until then */
	report.hr_counters.ct_video = 12;
	send_report();
	cr_assert_eq(have()->to_video_in, 2);
	report.hr_counters.ct_video = 3;
	report.hr_role = ROLE_PLAY;
	send_report();
	cr_assert_eq(have()->to_video_in, 2);
	cr_assert_eq(have()->to_video_out, 3);
}

Test(totals, bytes_of_a_connection_are_counted_once_for_all_its_slots)
{
	struct session second = { .s_peer = &peer, .s_slot = 1 };

	admit();
	report.hr_counters.ct_bytes_in = 700;
	send_report();
	totals_report(&hub, &second, &report);
	report.hr_counters.ct_bytes_in = 900;
	totals_report(&hub, &second, &report);
	send_report();
	cr_assert_eq(have()->to_bytes_received, 900);
}

Test(totals, of_one_that_was_there_before_the_first_report_is_the_base)
{
	report.hr_role = ROLE_PLAY;
	report.hr_generation = 7;
	report.hr_first_frame = 20;
	report.hr_denied = 1;
	report.hr_counters.ct_bytes_out = 1 << 20;
	report.hr_counters.ct_video = 1000;
	report.hr_counters.ct_joins = 1;
	admit();
	cr_assert_eq(have()->to_connections, 0);
	cr_assert_eq(have()->to_bytes_sent, 0);
	cr_assert_eq(have()->to_video_out, 0);
	cr_assert_eq(have()->to_refused_address, 0);
	cr_assert_eq(observed(&hub.h_registry.rg_head->
	    rg_histograms.hg_first_frame), 0);
	report.hr_counters.ct_bytes_out += 10;
	report.hr_counters.ct_video++;
	send_report();
	cr_assert_eq(have()->to_bytes_sent, 10);
	cr_assert_eq(have()->to_video_out, 1);
	cr_assert_eq(have()->to_joins, 0);
	cr_assert_eq(observed(&hub.h_registry.rg_head->
	    rg_histograms.hg_first_frame), 0);
}

/* As the hub before left it: two slots, of which the second reported last. */
static void
inherit(uint64_t since)
{
	static struct session_body was[2] = {
		{ .eb_pid = 77, .eb_role = ROLE_PLAY, .eb_first_frame = 20,
		  .eb_counters = { .ct_bytes_in = 5, .ct_bytes_out = 900,
		      .ct_video = 90, .ct_joins = 1 } },
		{ .eb_pid = 77, .eb_slot = 1,
		  .eb_counters = { .ct_bytes_in = 6, .ct_bytes_out = 950 } },
	};

	was[0].eb_since = was[1].eb_since = since;
	hub.h_before.sn_session = was;
	hub.h_before.sn_nsessions = 2;
	peer.p_pid = 77;
	report.hr_since = 1000;
	report.hr_role = ROLE_PLAY;
	report.hr_generation = 7;
	report.hr_first_frame = 20;
	report.hr_counters.ct_bytes_in = 6;
	report.hr_counters.ct_bytes_out = 1000;
	report.hr_counters.ct_video = 100;
	report.hr_counters.ct_joins = 2;
}

Test(totals, what_came_between_two_hubs_is_counted)
{
	inherit(1000);
	admit();
	cr_assert_eq(have()->to_connections, 0);
	cr_assert_eq(have()->to_bytes_received, 0);
	cr_assert_eq(have()->to_bytes_sent, 50);
	cr_assert_eq(have()->to_video_out, 10);
	cr_assert_eq(have()->to_joins, 1);
	cr_assert_eq(observed(&hub.h_registry.rg_head->
	    rg_histograms.hg_first_frame), 0);
	report.hr_counters.ct_video++;
	send_report();
	cr_assert_eq(have()->to_video_out, 11);
}

Test(totals, of_another_process_with_that_pid_the_first_report_is_the_base)
{
	inherit(999);
	admit();
	cr_assert_eq(have()->to_bytes_sent, 0);
	cr_assert_eq(have()->to_video_out, 0);
}

Test(totals, whom_the_hub_before_knew_is_no_newcomer)
{
	inherit(1000);
	report = (struct hub_report){ .hr_since = 1000 };
	admit();
	cr_assert_eq(have()->to_connections, 0);
	report.hr_since = 1001;
	admit();
	cr_assert_eq(have()->to_connections, 1);
}

Test(totals, every_total_and_every_bucket_goes_on)
{
	struct histograms *hg = &hub.h_registry.rg_head->rg_histograms;

	hub.h_before.sn_totals.to_connections = 3;
	hub.h_before.sn_totals.to_recording_errors = 4;
	hub.h_before.sn_histograms.hg_lag.hi_bucket[0] = 5;
	hub.h_before.sn_histograms.hg_first_frame.hi_sum = 6;
	inherit_totals(&hub);
	admit();
	cr_assert_eq(have()->to_connections, 4);
	cr_assert_eq(have()->to_publishes, 0);
	cr_assert_eq(have()->to_recording_errors, 4);
	cr_assert_eq(hg->hg_lag.hi_bucket[0], 5);
	cr_assert_eq(hg->hg_first_frame.hi_sum, 6);
}

Test(totals, who_reads_on_this_machine_is_no_connection_and_no_subscriber)
{
	report.hr_role = ROLE_CAT;
	admit();
	report.hr_counters.ct_video = 5;
	report.hr_counters.ct_joins = 1;
	send_report();
	cr_assert_eq(have()->to_connections, 0);
	cr_assert_eq(have()->to_video_out, 0);
	cr_assert_eq(have()->to_joins, 0);
}

Test(totals, a_failed_handshake_counts_once)
{
	admit();
	report.hr_failed = 1;
	send_report();
	send_report();
	cr_assert_eq(have()->to_handshake_failures, 1);
}

Test(totals, the_first_frame_is_observed_once_for_each_play)
{
	struct histogram *hi =
	    &hub.h_registry.rg_head->rg_histograms.hg_first_frame;

	admit();
	report.hr_role = ROLE_PLAY;
	report.hr_generation = 7;
	send_report();
	report.hr_first_frame = 1 + 25;		/* the bound of its bucket */
	send_report();
	send_report();
	cr_assert_eq(observed(hi), 1);
	cr_assert_eq(hi->hi_bucket[2], 1);
	cr_assert_eq(hi->hi_sum, 25);
	report.hr_first_frame = 0;
	send_report();
	report.hr_first_frame = 1 + 26;
	send_report();
	cr_assert_eq(hi->hi_bucket[3], 1);
}

Test(totals, lag_beyond_all_bounds_has_a_bucket)
{
	struct histogram *hi = &hub.h_registry.rg_head->rg_histograms.hg_lag;

	admit();
	report.hr_role = ROLE_PLAY;
	send_report();
	report.hr_generation = 7;
	report.hr_counters.ct_lag = 10001;
	send_report();
	cr_assert_eq(hi->hi_bucket[HISTOGRAM_BUCKETS - 1], 1);
	report.hr_counters.ct_lag = 0;
	send_report();
	cr_assert_eq(hi->hi_bucket[0], 1);
	cr_assert_eq(hi->hi_sum, 10001);
}

Test(totals, refusals_are_told_apart)
{
	totals_refused(&hub, ROLE_PUBLISH, HUB_BUSY);
	totals_refused(&hub, ROLE_PUBLISH, HUB_NO_MEMORY);
	totals_refused(&hub, ROLE_PUBLISH, HUB_LIMIT);
	totals_refused(&hub, ROLE_PLAY, HUB_NOT_FOUND);
	totals_refused(&hub, ROLE_CAT, HUB_NOT_FOUND);
	totals_refused(&hub, ROLE_NONE, HUB_LIMIT);
	cr_assert_eq(have()->to_refused_busy, 1);
	cr_assert_eq(have()->to_refused_memory, 1);
	cr_assert_eq(have()->to_refused_limit, 1);
	cr_assert_eq(have()->to_play_refused, 1);
}
