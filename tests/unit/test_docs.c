/* SPDX-License-Identifier: ISC */
/*
 * test_docs.c - the man pages say what the source says: every counter, every
 * field of shared memory at its offset, every configuration key. Run from the
 * root of the source tree.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/hubmsg.h"
#include "shm/counters.h"
#include "shm/registry.h"
#include "shm/ring.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

#define SHM_PAGE	"man/rtmpd-shm.7"
#define CONF_PAGE	"man/rtmpd.conf.5"
#define CONF_SAMPLE	"etc/rtmpd.conf"

TestSuite(docs, .timeout = 10);

static char *
slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	size_t size = 1 << 20, n;
	char *text = calloc(1, size);

	cr_assert_not_null(f, "cannot open %s", path);
	cr_assert_not_null(text);
	n = fread(text, 1, size - 1, f);
	cr_assert_gt(n, 0, "%s is empty", path);
	fclose(f);
	return text;
}

Test(docs, every_counter_is_documented_with_its_sentence)
{
	static const char *const counters[][2] = {
#define COUNTER_TEXT(name, sentence)	{ #name, sentence },
		SESSION_COUNTERS(COUNTER_TEXT)
#undef COUNTER_TEXT
	};
	char want[256], *page = slurp(SHM_PAGE), *at = page;
	size_t i;

	cr_assert_eq(N(counters) * sizeof(uint64_t), sizeof(struct counters));
	for (i = 0; i < N(counters); i++) {
		snprintf(want, sizeof(want), "\n.It Sy %s\n%s\n",
		    counters[i][0], counters[i][1]);
		/* in the order of the structure */
		at = strstr(at, want);
		cr_assert_not_null(at, "%s lacks, or not in order:%s",
		    SHM_PAGE, want);
	}
	free(page);
}

struct field {
	char	 name[24];
	size_t	 offset;
};

#define RING(f)		{ #f, offsetof(struct shm_ring, f) }
#define RECORD(f)	{ #f, offsetof(struct shm_record, f) }
#define REGISTRY(f)	{ #f, offsetof(struct shm_registry, f) }
#define STREAM(f)	{ #f, offsetof(struct shm_stream, st_body) + \
			    offsetof(struct stream_body, f) }
#define SESSION(f)	{ #f, offsetof(struct shm_session, se_body) + \
			    offsetof(struct session_body, f) }
#define REPORT(f)	{ #f, offsetof(struct hub_report, f) }
#define ANSWER(f)	{ #f, offsetof(struct hub_answer, f) }
#define TRACK(f)	{ #f, offsetof(struct shm_track, f) }

ParameterizedTestParameters(docs, every_field_is_documented_at_its_offset)
{
	static struct field v[] = {
		RING(sr_magic), RING(sr_format), RING(sr_size),
		RING(sr_generation), RING(sr_pid), RING(sr_resv),
		RING(sr_head), RING(sr_join), RING(sr_active), RING(sr_wake),
		RING(sr_hold), RING(sr_oldest),
		RECORD(rec_length), RECORD(rec_type), RECORD(rec_flags),
		RECORD(rec_track), RECORD(rec_zero), RECORD(rec_time),
		RECORD(rec_arrival),
		REGISTRY(rg_magic), REGISTRY(rg_format),
		REGISTRY(rg_generation), REGISTRY(rg_pid),
		REGISTRY(rg_nstreams), REGISTRY(rg_nsessions),
		REGISTRY(rg_stream_size), REGISTRY(rg_session_size),
		REGISTRY(rg_restarts), REGISTRY(rg_started),
		REGISTRY(rg_ring_bytes), REGISTRY(rg_hold),
		REGISTRY(rg_totals), REGISTRY(rg_histograms),
		REGISTRY(rg_updated),
		{ "st_seq", offsetof(struct shm_stream, st_seq) },
		{ "st_subscribers",
		    offsetof(struct shm_stream, st_subscribers) },
		STREAM(sb_state), STREAM(sb_pid), STREAM(sb_generation),
		STREAM(sb_ring_size), STREAM(sb_since), STREAM(sb_rate),
		STREAM(sb_counters), STREAM(sb_name), STREAM(sb_peer),
		STREAM(sb_program), STREAM(sb_track), STREAM(sb_bytes_out),
		STREAM(sb_lag_jumps), STREAM(sb_gop), STREAM(sb_ring_ms),
		STREAM(sb_recorders),
		TRACK(tk_codec), TRACK(tk_kind), TRACK(tk_track),
		TRACK(tk_channels), TRACK(tk_width), TRACK(tk_height),
		TRACK(tk_fps), TRACK(tk_rate), TRACK(tk_profile),
		{ "se_seq", offsetof(struct shm_session, se_seq) },
		SESSION(eb_pid), SESSION(eb_role), SESSION(eb_slot),
		SESSION(eb_since), SESSION(eb_rate), SESSION(eb_counters),
		SESSION(eb_name), SESSION(eb_peer), SESSION(eb_program),
		SESSION(eb_first_frame),
		REPORT(hr_role), REPORT(hr_wish), REPORT(hr_generation),
		REPORT(hr_since), REPORT(hr_rate), REPORT(hr_counters),
		REPORT(hr_name), REPORT(hr_peer), REPORT(hr_host),
		REPORT(hr_program), REPORT(hr_track), REPORT(hr_gop),
		REPORT(hr_ring_ms), REPORT(hr_first_frame),
		REPORT(hr_failed), REPORT(hr_denied),
		ANSWER(ha_verdict), ANSWER(ha_reason), ANSWER(ha_stream),
		ANSWER(ha_generation), ANSWER(ha_ring_size), ANSWER(ha_wish),
		ANSWER(ha_text), ANSWER(ha_verbose),
	};

	return cr_make_param_array(struct field, v, N(v));
}

ParameterizedTest(struct field *v, docs,
    every_field_is_documented_at_its_offset)
{
	char want[64], *page = slurp(SHM_PAGE), *at, *line;

	snprintf(want, sizeof(want), " Ta %s Ta ", v->name);
	at = strstr(page, want);
	cr_assert_not_null(at, "%s lacks %s", SHM_PAGE, v->name);
	for (line = at; line[-1] != '\n'; line--)
		continue;
	snprintf(want, sizeof(want), ".It %zu Ta ", v->offset);
	cr_assert_eq(strncmp(line, want, strlen(want)), 0,
	    "%s is at %zu: %.40s", v->name, v->offset, line);
	free(page);
}

/* Where a total stands, and what it is called; its sentence, if it has one. */
static void
expect_metric(const char *page, size_t offset, const char *field,
    const char *metric, const char *labels, const char *sentence)
{
	char want[256];

	snprintf(want, sizeof(want), "\n.It %zu Ta %s Ta %s%s%s%s\n", offset,
	    field, metric, *labels != '\0' ? "{" : "", labels,
	    *labels != '\0' ? "}" : "");
	cr_assert_not_null(strstr(page, want), "%s lacks:%s", SHM_PAGE, want);
	snprintf(want, sizeof(want), "\n.It Sy %s\n%s\n", metric, sentence);
	cr_assert(*sentence == '\0' || strstr(page, want) != NULL,
	    "%s lacks:%s", SHM_PAGE, want);
}

Test(docs, every_total_is_documented_with_its_metric_and_sentence)
{
	char *page = slurp(SHM_PAGE);

#define TOTAL(f, metric, labels, sentence)				\
	expect_metric(page, offsetof(struct shm_registry, rg_totals) +	\
	    offsetof(struct totals, to_##f), "to_" #f, metric, labels,	\
	    sentence);
	RELAY_TOTALS(TOTAL)
#define HISTOGRAM(f, metric, sentence)					\
	expect_metric(page, offsetof(struct shm_registry,		\
	    rg_histograms) + offsetof(struct histograms, hg_##f),	\
	    "hg_" #f, metric, "", sentence);
	RELAY_HISTOGRAMS(HISTOGRAM)
	free(page);
}

Test(docs, the_page_is_of_the_versions_in_the_source)
{
	char want[128], *page = slurp(SHM_PAGE);

	snprintf(want, sizeof(want), "version %u of the ring, version %u of "
	    "the registry and version %u of the\nmessages", RING_VERSION,
	    REGISTRY_VERSION, HUBMSG_VERSION);
	cr_assert_not_null(strstr(page, want), "not: %s", want);
	snprintf(want, sizeof(want), "0x%x, stored last\n", RING_MAGIC);
	cr_assert_not_null(strstr(page, want), "not: %s", want);
	snprintf(want, sizeof(want), "0x%x, stored last\n", REGISTRY_MAGIC);
	cr_assert_not_null(strstr(page, want), "not: %s", want);
	free(page);
}

/* The key that a line of the sample sets, commented out or not. */
static bool
key_of(const char *line, char key[64])
{
	size_t n;

	if (*line == '#')
		line++;
	n = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789-");
	if (n == 0 || n >= 64 ||
	    strncmp(line + n + strspn(line + n, " "), "=", 1) != 0)
		return false;
	memcpy(key, line, n);
	key[n] = '\0';
	return true;
}

static bool
documented(const char *page, const char *key)
{
	char want[80];
	const char *at;

	snprintf(want, sizeof(want), "\n.It Ic %s", key);
	for (at = page; (at = strstr(at, want)) != NULL; at++)
		if (isspace((unsigned char)at[strlen(want)]))
			return true;
	return false;
}

Test(docs, every_key_of_the_sample_is_documented)
{
	char *page = slurp(CONF_PAGE), *sample = slurp(CONF_SAMPLE);
	char key[64], *line, *rest = sample;
	int keys = 0;

	while ((line = strsep(&rest, "\n")) != NULL) {
		if (!key_of(line, key))
			continue;
		keys++;
		cr_assert(documented(page, key), "%s lacks %s", CONF_PAGE,
		    key);
	}
	cr_assert_gt(keys, 20);
	free(page);
	free(sample);
}
