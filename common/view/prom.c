/* SPDX-License-Identifier: ISC */
/*
 * prom.c - a snapshot in the Prometheus text format, version 0.0.4.
 * All samples of a metric stand together. Whatever a stream is called, its
 * label is valid UTF-8 and no other stream's.
 */
#include "view/prom.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "view/text.h"
#include "view/words.h"

#define BITS		8	/* in a byte */
#define SECONDS(ms)	((double)(ms) / 1000)

static void
head(FILE *f, const char *metric, const char *type, const char *sentence)
{
	fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", metric, sentence, metric,
	    type);
}

static void
put(FILE *f, const char *metric, uint64_t value)
{
	fprintf(f, "%s %" PRIu64 "\n", metric, value);
}

static void
put_seconds(FILE *f, const char *metric, uint64_t ms)
{
	fprintf(f, "%s %.3f\n", metric, SECONDS(ms));
}

/* What is UTF-8 stays, unless it could be taken for what is not. */
static void
put_text(FILE *f, const char *text)
{
	char escaped[VIEW_TEXT_MAX];
	json_t *utf8 = json_string(text);

	if (utf8 == NULL || strchr(text, '\\') != NULL)
		text = text_ascii(text, escaped, sizeof(escaped));
	json_decref(utf8);
	for (; *text != '\0'; text++)
		if (*text == '\n')
			fputs("\\n", f);
		else if (*text == '"' || *text == '\\')
			fprintf(f, "\\%c", *text);
		else
			putc(*text, f);
}

/* The relay. */

static void
put_build_info(FILE *f, const char *metric, const struct snapshot *sn)
{
	(void)sn;
	fprintf(f, "%s{version=\"" RTMPD_VERSION "\"} 1\n", metric);
}

static void
put_hub_up(FILE *f, const char *metric, const struct snapshot *sn)
{
	put(f, metric, !snapshot_stale(sn));
}

static void
put_hub_restarts(FILE *f, const char *metric, const struct snapshot *sn)
{
	put(f, metric, sn->sn_restarts);
}

static void
put_start_time(FILE *f, const char *metric, const struct snapshot *sn)
{
	put(f, metric, sn->sn_started);
}

static void
put_streams(FILE *f, const char *metric, const struct snapshot *sn)
{
	uint32_t state;
	uint64_t n;
	size_t i;

	for (state = STREAM_WAITING; state <= STREAM_LOST; state++) {
		for (n = 0, i = 0; i < sn->sn_nstreams; i++)
			n += sn->sn_stream[i].ss_body.sb_state == state;
		fprintf(f, "%s{state=\"%s\"} %" PRIu64 "\n", metric,
		    word_of_state(state), n);
	}
}

static uint64_t
sessions(const struct snapshot *sn, enum session_role role)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < sn->sn_nsessions; i++)
		n += sn->sn_session[i].eb_role == role;
	return n;
}

/* A connection has a slot 0, and so has each local program. */
static void
put_connections(FILE *f, const char *metric, const struct snapshot *sn)
{
	const struct session_body *eb;
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < sn->sn_nsessions; i++) {
		eb = &sn->sn_session[i];
		n += eb->eb_slot == 0 && eb->eb_role <= ROLE_PLAY;
	}
	put(f, metric, n);
}

static void
put_publishers(FILE *f, const char *metric, const struct snapshot *sn)
{
	put(f, metric, sessions(sn, ROLE_PUBLISH));
}

static void
put_subscribers(FILE *f, const char *metric, const struct snapshot *sn)
{
	put(f, metric, sessions(sn, ROLE_PLAY));
}

static void
put_local_readers(FILE *f, const char *metric, const struct snapshot *sn)
{
	put(f, metric, sessions(sn, ROLE_CAT));
}

static void
put_recordings_active(FILE *f, const char *metric, const struct snapshot *sn)
{
	put(f, metric, sessions(sn, ROLE_RECORD));
}

static void
put_ring_bytes(FILE *f, const char *metric, const struct snapshot *sn)
{
	put(f, metric, sn->sn_ring_bytes);
}

static void
put_wake_hold(FILE *f, const char *metric, const struct snapshot *sn)
{
	put_seconds(f, metric, sn->sn_hold);
}

static void
put_streams_omitted(FILE *f, const char *metric, const struct snapshot *sn)
{
	put(f, metric, sn->sn_nstreams > PROM_STREAMS ?
	    sn->sn_nstreams - PROM_STREAMS : 0);
}

static void
put_relay(FILE *f, const struct snapshot *sn)
{
#define GAUGE(field, metric, type, sentence)				\
	head(f, metric, type, sentence);				\
	put_##field(f, metric, sn);
	RELAY_GAUGES(GAUGE)
#undef GAUGE
}

/* Those with labels come one after the other, the first with a sentence. */
static void
put_total(FILE *f, const char *metric, const char *labels,
    const char *sentence, const _Atomic uint64_t *value)
{
	if (*sentence != '\0')
		head(f, metric, "counter", sentence);
	fprintf(f, *labels != '\0' ? "%s{%s} " : "%s%s ", metric, labels);
	fprintf(f, "%" PRIu64 "\n",
	    atomic_load_explicit(value, memory_order_relaxed));
}

static void
put_histogram(FILE *f, const char *metric, const char *sentence,
    const struct histogram *hi)
{
	static const unsigned int bound[] = HISTOGRAM_BOUNDS;
	uint64_t n = 0;
	int i;

	head(f, metric, "histogram", sentence);
	for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
		n += atomic_load_explicit(&hi->hi_bucket[i],
		    memory_order_relaxed);
		if (i < HISTOGRAM_BUCKETS - 1)
			fprintf(f, "%s_bucket{le=\"%g\"} %" PRIu64 "\n",
			    metric, SECONDS(bound[i]), n);
	}
	fprintf(f, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", metric, n);
	fprintf(f, "%s_sum %.3f\n%s_count %" PRIu64 "\n", metric,
	    SECONDS(atomic_load_explicit(&hi->hi_sum, memory_order_relaxed)),
	    metric, n);
}

static void
put_counted(FILE *f, const struct snapshot *sn)
{
#define TOTAL(field, metric, labels, sentence)				\
	put_total(f, metric, labels, sentence, &sn->sn_totals.to_##field);
	RELAY_TOTALS(TOTAL)
#undef TOTAL
#define HISTOGRAM(field, metric, sentence)				\
	put_histogram(f, metric, sentence, &sn->sn_histograms.hg_##field);
	RELAY_HISTOGRAMS(HISTOGRAM)
#undef HISTOGRAM
}

/* Streams. */

static void
label(FILE *f, const char *metric, const struct snapshot_stream *ss)
{
	fprintf(f, "%s{stream=\"", metric);
	put_text(f, ss->ss_body.sb_name);
	putc('"', f);
}

static void
sample(FILE *f, const char *metric, const struct snapshot_stream *ss,
    uint64_t value)
{
	label(f, metric, ss);
	fprintf(f, "} %" PRIu64 "\n", value);
}

static void
sample_seconds(FILE *f, const char *metric, const struct snapshot_stream *ss,
    uint64_t ms)
{
	label(f, metric, ss);
	fprintf(f, "} %.3f\n", SECONDS(ms));
}

static void
sample_type(FILE *f, const char *metric, const struct snapshot_stream *ss,
    const char *type, uint64_t value)
{
	label(f, metric, ss);
	fprintf(f, ",type=\"%s\"} %" PRIu64 "\n", type, value);
}

static void
stream_start_time(FILE *f, const char *metric,
    const struct snapshot_stream *ss)
{
	sample(f, metric, ss, ss->ss_body.sb_since);
}

static void
stream_subscribers(FILE *f, const char *metric,
    const struct snapshot_stream *ss)
{
	sample(f, metric, ss, ss->ss_subscribers);
}

static void
stream_recorders(FILE *f, const char *metric, const struct snapshot_stream *ss)
{
	sample(f, metric, ss, ss->ss_body.sb_recorders);
}

static void
stream_receive_rate(FILE *f, const char *metric,
    const struct snapshot_stream *ss)
{
	sample(f, metric, ss, ss->ss_body.sb_rate / BITS);
}

static void
stream_send_rate(FILE *f, const char *metric, const struct snapshot_stream *ss)
{
	sample(f, metric, ss, ss->ss_rate_out / BITS);
}

static void
stream_bytes_received(FILE *f, const char *metric,
    const struct snapshot_stream *ss)
{
	sample(f, metric, ss, ss->ss_body.sb_counters.ct_media_bytes);
}

static void
stream_bytes_sent(FILE *f, const char *metric,
    const struct snapshot_stream *ss)
{
	sample(f, metric, ss, ss->ss_body.sb_bytes_out);
}

static void
stream_messages(FILE *f, const char *metric, const struct snapshot_stream *ss)
{
	const struct counters *ct = &ss->ss_body.sb_counters;

	sample_type(f, metric, ss, "video", ct->ct_video);
	sample_type(f, metric, ss, "audio", ct->ct_audio);
	sample_type(f, metric, ss, "data", ct->ct_data);
}

static void
stream_lag_jumps(FILE *f, const char *metric, const struct snapshot_stream *ss)
{
	sample(f, metric, ss, ss->ss_body.sb_lag_jumps);
}

static void
stream_gop(FILE *f, const char *metric, const struct snapshot_stream *ss)
{
	sample_seconds(f, metric, ss, ss->ss_body.sb_gop);
}

static void
stream_ring(FILE *f, const char *metric, const struct snapshot_stream *ss)
{
	sample_seconds(f, metric, ss, ss->ss_body.sb_ring_ms);
}

/* The highest first; of equal ones always the same. */
static int
by_rate(const void *a, const void *b)
{
	const struct snapshot_stream *x = *(const struct snapshot_stream *
	    const *)a;
	const struct snapshot_stream *y = *(const struct snapshot_stream *
	    const *)b;

	if (x->ss_body.sb_rate != y->ss_body.sb_rate)
		return x->ss_body.sb_rate > y->ss_body.sb_rate ? -1 : 1;
	return strcmp(x->ss_body.sb_name, y->ss_body.sb_name);
}

static void
put_each_stream(FILE *f, const struct snapshot_stream **ss, size_t n)
{
	size_t i;

#define METRIC(field, metric, type, sentence)				\
	head(f, metric, type, sentence);				\
	for (i = 0; i < n; i++)						\
		stream_##field(f, metric, ss[i]);
	STREAM_METRICS(METRIC)
#undef METRIC
}

int
prom_write(FILE *f, const struct snapshot *sn)
{
	const struct snapshot_stream **ss;
	size_t n = sn->sn_nstreams, i;

	if ((ss = calloc(n + 1, sizeof(*ss))) == NULL)
		return -1;
	for (i = 0; i < n; i++)
		ss[i] = &sn->sn_stream[i];
	if (n > PROM_STREAMS) {
		qsort(ss, n, sizeof(*ss), by_rate);
		n = PROM_STREAMS;
	}
	put_relay(f, sn);
	put_counted(f, sn);
	put_each_stream(f, ss, n);
	free(ss);
	return 0;
}
