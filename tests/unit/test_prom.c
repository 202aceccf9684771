/* SPDX-License-Identifier: ISC */
/*
 * test_prom.c - a snapshot filled by hand comes out as Prometheus text, and
 * rtmpmetrics(8) documents every metric with its sentence. Run from the root
 * of the source tree.
 */
#include "view/prom.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define PAGE	"man/rtmpmetrics.8"

TestSuite(prom, .timeout = 10);

static struct snapshot_stream	 stream[PROM_STREAMS + 3];
static struct session_body	 session[4];
static struct snapshot		 sn = {
	.sn_hub = 77, .sn_hub_alive = true, .sn_restarts = 2,
	.sn_started = 1000, .sn_now = 1600, .sn_ring_bytes = 8388608,
	.sn_hold = 15, .sn_stream = stream, .sn_session = session,
};

static void
add_stream(const char *name, uint32_t state, uint64_t rate)
{
	struct stream_body *sb = &stream[sn.sn_nstreams++].ss_body;

	sb->sb_state = state;
	sb->sb_rate = rate;
	strlcpy(sb->sb_name, name, sizeof(sb->sb_name));
}

static void
add_session(enum session_role role, uint16_t slot)
{
	session[sn.sn_nsessions].eb_role = (uint16_t)role;
	session[sn.sn_nsessions++].eb_slot = slot;
}

static char *
written(void)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	cr_assert_not_null(f);
	cr_assert_eq(prom_write(f, &sn), 0);
	cr_assert_eq(fclose(f), 0);
	return text;
}

/* These lines, one after the other, whole. */
static void
expect(const char *lines)
{
	char *text = written(), *at = text;
	size_t len = strlen(lines);

	while ((at = strstr(at, lines)) != NULL &&
	    !((at == text || at[-1] == '\n') && at[len] == '\n'))
		at++;
	cr_assert_not_null(at, "no %s in %s", lines, text);
	free(text);
}

static unsigned int
count(const char *what)
{
	char *text = written(), *at = text;
	unsigned int n = 0;

	for (; (at = strstr(at, what)) != NULL; at++)
		n++;
	free(text);
	return n;
}

Test(prom, the_relay_is_told_of)
{
	add_stream("live/x", STREAM_LIVE, 0);
	add_stream("live/y", STREAM_LIVE, 0);
	add_stream("live/z", STREAM_WAITING, 0);
	add_session(ROLE_PUBLISH, 0);
	add_session(ROLE_PLAY, 0);
	add_session(ROLE_PLAY, 1);
	add_session(ROLE_RECORD, 0);
	expect("# HELP rtmpd_build_info Always 1, with the version of "
	    "rtmpmetrics or rtmpctl.\n"
	    "# TYPE rtmpd_build_info gauge\n"
	    "rtmpd_build_info{version=\"" RTMPD_VERSION "\"} 1");
	expect("rtmpd_hub_up 1");
	expect("# TYPE rtmpd_hub_restarts_total counter\n"
	    "rtmpd_hub_restarts_total 2");
	expect("rtmpd_start_time_seconds 1000");
	expect("rtmpd_streams{state=\"waiting\"} 1\n"
	    "rtmpd_streams{state=\"live\"} 2\n"
	    "rtmpd_streams{state=\"lost\"} 0");
	expect("rtmpd_connections 2");
	expect("rtmpd_publishers 1");
	expect("rtmpd_subscribers 2");
	expect("rtmpd_local_readers 0");
	expect("rtmpd_recordings_active 1");
	expect("rtmpd_ring_bytes 8388608");
	expect("rtmpd_wake_hold_seconds 0.015");
}

Test(prom, a_hub_that_died_is_down)
{
	sn.sn_hub_alive = false;
	expect("rtmpd_hub_up 0");
}

Test(prom, a_hub_that_hangs_is_down)
{
	add_session(ROLE_PLAY, 0);
	sn.sn_age = SNAPSHOT_STALE + 1;
	expect("rtmpd_hub_up 0");
}

Test(prom, totals_have_one_head_for_all_labels)
{
	atomic_store(&sn.sn_totals.to_audio_in, 7);
	atomic_store(&sn.sn_totals.to_bytes_sent, UINT64_MAX);
	expect("rtmpd_messages_total{type=\"video\",direction=\"in\"} 0\n"
	    "rtmpd_messages_total{type=\"audio\",direction=\"in\"} 7\n"
	    "rtmpd_messages_total{type=\"data\",direction=\"in\"} 0");
	expect("# TYPE rtmpd_bytes_sent_total counter\n"
	    "rtmpd_bytes_sent_total 18446744073709551615");
	cr_assert_eq(count("# HELP rtmpd_messages_total "), 1);
	cr_assert_eq(count("# TYPE rtmpd_publish_refused_total "), 1);
}

Test(prom, a_histogram_is_cumulative_and_in_seconds)
{
	struct histogram *hi = &sn.sn_histograms.hg_lag;

	atomic_store(&hi->hi_bucket[0], 5);
	atomic_store(&hi->hi_bucket[2], 2);
	atomic_store(&hi->hi_bucket[HISTOGRAM_BUCKETS - 1], 1);
	atomic_store(&hi->hi_sum, 12345);
	expect("# TYPE rtmpd_subscriber_lag_seconds histogram\n"
	    "rtmpd_subscriber_lag_seconds_bucket{le=\"0.005\"} 5\n"
	    "rtmpd_subscriber_lag_seconds_bucket{le=\"0.01\"} 5\n"
	    "rtmpd_subscriber_lag_seconds_bucket{le=\"0.025\"} 7\n"
	    "rtmpd_subscriber_lag_seconds_bucket{le=\"0.05\"} 7\n"
	    "rtmpd_subscriber_lag_seconds_bucket{le=\"0.1\"} 7\n"
	    "rtmpd_subscriber_lag_seconds_bucket{le=\"0.25\"} 7\n"
	    "rtmpd_subscriber_lag_seconds_bucket{le=\"0.5\"} 7\n"
	    "rtmpd_subscriber_lag_seconds_bucket{le=\"1\"} 7\n"
	    "rtmpd_subscriber_lag_seconds_bucket{le=\"2.5\"} 7\n"
	    "rtmpd_subscriber_lag_seconds_bucket{le=\"5\"} 7\n"
	    "rtmpd_subscriber_lag_seconds_bucket{le=\"10\"} 7\n"
	    "rtmpd_subscriber_lag_seconds_bucket{le=\"+Inf\"} 8\n"
	    "rtmpd_subscriber_lag_seconds_sum 12.345\n"
	    "rtmpd_subscriber_lag_seconds_count 8");
}

Test(prom, a_stream_is_told_of)
{
	struct stream_body *sb = &stream[0].ss_body;

	add_stream("live/x", STREAM_LIVE, 2000000);
	stream[0].ss_subscribers = 3;
	stream[0].ss_rate_out = 6000000;
	sb->sb_since = 1590;
	sb->sb_counters.ct_media_bytes = 88;
	sb->sb_counters.ct_video = 250;
	sb->sb_bytes_out = 99;
	sb->sb_lag_jumps = 4;
	sb->sb_gop = 2000;
	sb->sb_ring_ms = 30250;
	sb->sb_recorders = 1;
	expect("rtmpd_stream_start_time_seconds{stream=\"live/x\"} 1590");
	expect("rtmpd_stream_subscribers{stream=\"live/x\"} 3");
	expect("rtmpd_stream_recorders{stream=\"live/x\"} 1");
	expect("rtmpd_stream_receive_bytes_per_second{stream=\"live/x\"} "
	    "250000");
	expect("rtmpd_stream_send_bytes_per_second{stream=\"live/x\"} "
	    "750000");
	expect("rtmpd_stream_bytes_received_total{stream=\"live/x\"} 88");
	expect("rtmpd_stream_bytes_sent_total{stream=\"live/x\"} 99");
	expect("rtmpd_stream_messages_total{stream=\"live/x\","
	    "type=\"video\"} 250\n"
	    "rtmpd_stream_messages_total{stream=\"live/x\","
	    "type=\"audio\"} 0");
	expect("rtmpd_stream_lag_jumps_total{stream=\"live/x\"} 4");
	expect("rtmpd_stream_gop_seconds{stream=\"live/x\"} 2.000");
	expect("rtmpd_stream_ring_seconds{stream=\"live/x\"} 30.250");
}

/* Issue: a name that no client can give, but a connection that was taken over
 * can, made another stream's label or broke the line. */
Test(prom, whatever_a_name_holds_it_stays_one_label)
{
	add_stream("a\"b", STREAM_LIVE, 0);
	add_stream("c\nd", STREAM_LIVE, 0);
	add_stream("e\xff", STREAM_LIVE, 0);
	add_stream("e\\377", STREAM_LIVE, 0);
	add_stream("\xc3\xa9<b>", STREAM_LIVE, 0);
	expect("rtmpd_stream_subscribers{stream=\"a\\\"b\"} 0\n"
	    "rtmpd_stream_subscribers{stream=\"c\\nd\"} 0\n"
	    "rtmpd_stream_subscribers{stream=\"e\\\\377\"} 0\n"
	    "rtmpd_stream_subscribers{stream=\"e\\\\134377\"} 0\n"
	    "rtmpd_stream_subscribers{stream=\"\xc3\xa9<b>\"} 0");
}

Test(prom, of_many_streams_the_largest_have_metrics)
{
	char name[32];
	uint64_t i;

	for (i = 0; i < PROM_STREAMS; i++) {
		snprintf(name, sizeof(name), "live/%03u", (unsigned int)i);
		add_stream(name, STREAM_LIVE, i);
	}
	expect("rtmpd_streams_omitted 0");
	cr_assert_eq(count("rtmpd_stream_subscribers{"), PROM_STREAMS);
	add_stream("live/large", STREAM_LIVE, UINT64_MAX);
	add_stream("live/small", STREAM_LIVE, 0);
	add_stream("live/small2", STREAM_LIVE, 0);
	expect("rtmpd_streams_omitted 3");
	cr_assert_eq(count("rtmpd_stream_subscribers{"), PROM_STREAMS);
	cr_assert_eq(count("rtmpd_stream_subscribers{stream=\"live/large\"}"),
	    1);
	cr_assert_eq(count("stream=\"live/small"), 0);
}

/* The page gives them in the order of the tables. */
static void
documented(char **at, const char *metric, const char *sentence)
{
	char want[256];
	char *found;

	snprintf(want, sizeof(want), "\n.It Sy %s\n%s\n", metric, sentence);
	found = strstr(*at, want);
	cr_assert_not_null(found, "%s lacks, or not in order:%s", PAGE, want);
	*at = found + strlen(metric);
}

Test(prom, every_metric_is_documented_with_its_sentence)
{
	static char page[65536];
	FILE *f = fopen(PAGE, "r");
	char *at = page;

	cr_assert_not_null(f);
	cr_assert_gt(fread(page, 1, sizeof(page) - 1, f), 0);
	fclose(f);
#define GAUGE(field, metric, type, sentence)				\
	documented(&at, metric, sentence);
#define TOTAL(field, metric, labels, sentence)				\
	if (*sentence != '\0')						\
		documented(&at, metric, sentence);
#define HISTOGRAM(field, metric, sentence)				\
	documented(&at, metric, sentence);
	RELAY_GAUGES(GAUGE)
	RELAY_TOTALS(TOTAL)
	RELAY_HISTOGRAMS(HISTOGRAM)
	STREAM_METRICS(GAUGE)
}
