/* SPDX-License-Identifier: ISC */
/*
 * detail.c - all that is known of one stream, and of the hub, a line each.
 */
#include "show.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "view/format.h"
#include "view/table.h"
#include "view/text.h"
#include "view/words.h"

#define TYPE_AUDIO	8	/* RTMP message types, in tk_kind */
#define TYPE_VIDEO	9

static void
line(const char *what, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
line(const char *what, const char *fmt, ...)
{
	char text[VIEW_TEXT_MAX], safe[VIEW_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printf("%-12s  %s\n", what, text_safe(text, safe, sizeof(safe)));
}

static void
line_since(const char *what, const struct snapshot *sn, uint64_t since)
{
	char date[64], span[FORMAT_MAX];
	time_t when = (time_t)since;
	struct tm tm;

	if (since == 0 || localtime_r(&when, &tm) == NULL)
		return;
	strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm);
	line(what, "%s, for %s", date, format_time(since < sn->sn_now ?
	    sn->sn_now - since : 0, span));
}

static void
tracks(const struct stream_body *sb)
{
	const struct shm_track *tk = sb->sb_track;
	char text[128], what[16];
	int i;

	for (i = 0; i < REGISTRY_TRACKS; i++) {
		if (tk[i].tk_kind != TYPE_AUDIO && tk[i].tk_kind != TYPE_VIDEO)
			continue;
		track_text(&tk[i], text, sizeof(text));
		snprintf(what, sizeof(what), "%s %u",
		    tk[i].tk_kind == TYPE_VIDEO ? "video" : "audio",
		    tk[i].tk_track);
		line(what, "%s", text);
	}
}

static void
publisher(const struct snapshot *sn, const struct stream_body *sb)
{
	if (sb->sb_pid == 0)
		return;
	line("publisher", "%s, pid %u", sb->sb_peer, sb->sb_pid);
	if (sb->sb_program[0] != '\0')
		line("program", "%s", sb->sb_program);
	line_since("published", sn, sb->sb_since);
}

void
detail_stream(const struct snapshot *sn, const struct snapshot_stream *ss)
{
	const struct stream_body *sb = &ss->ss_body;
	const struct counters *ct = &sb->sb_counters;
	char in[FORMAT_MAX], out[FORMAT_MAX];

	line("stream", "%s", sb->sb_name);
	line("state", "%s", word_of_state(sb->sb_state));
	publisher(sn, sb);
	tracks(sb);
	line("bit/s", "%s in, %s out", format_number(sb->sb_rate, in),
	    format_number(ss->ss_rate_out, out));
	line("bytes", "%s in, %s out", format_number(ct->ct_media_bytes, in),
	    format_number(sb->sb_bytes_out, out));
	line("messages", "%" PRIu64 " video, %" PRIu64 " audio, %" PRIu64
	    " data", ct->ct_video, ct->ct_audio, ct->ct_data);
	line("subscribers", "%u", ss->ss_subscribers);
	line("recorders", "%u", sb->sb_recorders);
	line("lag jumps", "%" PRIu64, sb->sb_lag_jumps);
	line("GOP", "%s", format_span(sb->sb_gop, in));
	line("ring", "%s bytes hold %s", format_number(sb->sb_ring_size, in),
	    format_span(sb->sb_ring_ms, out));
	putchar('\n');
	show_session_table(sn, sb->sb_name);
}

static void
total(struct table *t, const char *name, const char *labels,
    const _Atomic uint64_t *value, const char *sentence)
{
	char text[VIEW_TEXT_MAX];

	snprintf(text, sizeof(text), "%s%s%s%s", name,
	    *labels != '\0' ? "{" : "", labels, *labels != '\0' ? "}" : "");
	table_cell(t, text);
	snprintf(text, sizeof(text), "%" PRIu64,
	    atomic_load_explicit(value, memory_order_relaxed));
	table_cell(t, text);
	table_cell(t, sentence);
}

static void
totals(const struct snapshot *sn)
{
	struct table *t = show_table(3);

	table_head(t, "TOTAL", false);
	table_head(t, "VALUE", true);
	table_head(t, "MEANING", false);
#define TOTAL(field, metric, labels, sentence)				\
	total(t, metric, labels, &sn->sn_totals.to_##field, sentence);
	RELAY_TOTALS(TOTAL)
#undef TOTAL
	show_finish(t, 0);
}

void
detail_hub(const struct snapshot *sn)
{
	char number[FORMAT_MAX];

	line("hub", "pid %u, %s", sn->sn_hub, !sn->sn_hub_alive ? "dead" :
	    snapshot_stale(sn) ? "does not answer" : "alive");
	line_since("started", sn, sn->sn_started);
	line("restarts", "%u", sn->sn_restarts);
	line("streams", "%zu", sn->sn_nstreams);
	line("sessions", "%zu", sn->sn_nsessions);
	line("rings", "%s bytes", format_number(sn->sn_ring_bytes, number));
	line("hold", "%u ms", sn->sn_hold);
	putchar('\n');
	totals(sn);
}
