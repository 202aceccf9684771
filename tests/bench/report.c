/* SPDX-License-Identifier: ISC */
/*
 * report.c - print what a run found, for people and for programs.
 */
#include "report.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* Milliseconds after connect(2). */
struct moments {
	double	 mo_median, mo_p99;
};

static double
ms(uint64_t ns)
{
	return (double)ns / 1e6;
}

static int
by_time(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Median and p99 over the subscribers that got as far as the given field. */
static struct moments
moments(const struct crowd *c, size_t field)
{
	struct moments mo = { 0, 0 };
	uint64_t *all, at;
	size_t i, n = 0;

	if ((all = calloc(c->c_count, sizeof(*all))) == NULL)
		return mo;
	for (i = 0; i < c->c_count; i++) {
		at = *(const uint64_t *)(const void *)
		    ((const char *)&c->c_sub[i] + field);
		if (at != 0)
			all[n++] = at - c->c_sub[i].sb_rtmp.r_connect_ns;
	}
	qsort(all, n, sizeof(*all), by_time);
	if (n > 0) {
		mo.mo_median = ms(all[n / 2]);
		mo.mo_p99 = ms(all[n * 99 / 100]);
	}
	free(all);
	return mo;
}

static const struct {
	const char *label;
	const char *key;
	size_t	 field;
} moment[] = {
	{ "first byte (S0)", "s0_ms",
	    offsetof(struct subscriber, sb_rtmp.r_wire.w_shook_ns) },
	{ "first video message", "first_video_ms",
	    offsetof(struct subscriber, sb_video_ns) },
	{ "first key frame", "first_key_ms",
	    offsetof(struct subscriber, sb_key_ns) },
};
#define MOMENTS	(sizeof(moment) / sizeof(moment[0]))

static const struct {
	const char *label;
	const char *key;
	double	 q;
} quantile[] = {
	{ "p50", "latency_p50_ms", 0.5 },
	{ "p99", "latency_p99_ms", 0.99 },
	{ "p99.9", "latency_p999_ms", 0.999 },
	{ "max", "latency_max_ms", 1 },
};
#define QUANTILES	(sizeof(quantile) / sizeof(quantile[0]))

static const char *const kind_name[MEMORY_KINDS] = {
	"subscribers", "publishers", "hub", "rest"
};

static double
cpu_us(const struct report *re)
{
	if (re->re_cpu_messages == 0)
		return 0;
	return (double)re->re_cpu / 1e3 / (double)re->re_cpu_messages;
}

static double
cpu_percent(const struct report *re)
{
	if (re->re_cpu_wall == 0)
		return 0;
	return 100.0 * (double)re->re_cpu / (double)re->re_cpu_wall;
}

/* Growth per subscriber in KiB. */
static double
per_subscriber(const struct crowd *c, uint64_t before, uint64_t after)
{
	return ((double)after - (double)before) / 1024 / c->c_count;
}

static uint64_t
missing(const struct report *re)
{
	return re->re_expected - re->re_received;
}

static void
print_memory(const struct report *re, const struct crowd *c)
{
	const struct memory *me = &re->re_after;
	int kind;

	(void)printf("memory (PSS)        ");
	for (kind = 0; kind < MEMORY_KINDS; kind++)
		if (me->me_count[kind] > 0)
			(void)printf(" %s %u: %" PRIu64 " KiB ",
			    kind_name[kind], me->me_count[kind],
			    me->me_pss[kind] / 1024);
	(void)printf("\n");
	if (me->me_count[MEMORY_SUBSCRIBER] > 0)
		(void)printf("%21ssubscriber process: median %" PRIu64 " KiB\n",
		    "", me->me_median / 1024);
	(void)printf("%21sgrowth per subscriber: %.1f KiB\n", "",
	    per_subscriber(c, re->re_before.me_total, me->me_total));
	if (me->me_unreadable > 0)
		(void)printf("%21s%u processes could not be read\n", "",
		    me->me_unreadable);
}

static void
print_server(const struct report *re, const struct crowd *c)
{
	if (re->re_has_cpu)
		(void)printf("server processor     %.2f us per delivered "
		    "message (%.0f %% of one)\n", cpu_us(re),
		    cpu_percent(re));
	if (re->re_has_memory)
		print_memory(re, c);
	if (re->re_has_cgroup)
		(void)printf("memory (cgroup)      %.1f KiB per subscriber, "
		    "%" PRIu64 " KiB without\n",
		    per_subscriber(c, re->re_cgroup_before,
		    re->re_cgroup_after), re->re_cgroup_before / 1024);
}

static void
print_table(const struct report *re, const struct options *o,
    const struct crowd *c)
{
	struct moments mo;
	size_t i;

	(void)printf("%s/%s: %u x %u subscribers, %" PRIu64 " kbit/s, %u s\n",
	    o->o_target.t_url, o->o_name, o->o_streams, o->o_subscribers,
	    o->o_bits / 1000, o->o_time);
	(void)printf("joined               %u of %u\n", re->re_joined,
	    c->c_count);
	if (c->c_failed > 0)
		(void)printf("failed               %u, the first: %s\n",
		    c->c_failed, c->c_error);
	(void)printf("delivered            %" PRIu64 " messages, missing %"
	    PRIu64 "\n", re->re_received, missing(re));
	(void)printf("wrong                corrupted %" PRIu64 ", out of order "
	    "%" PRIu64 ", retimed %" PRIu64 ", skipped %" PRIu64 "\n",
	    c->c_corrupt, c->c_disorder, c->c_retimed, c->c_lost);
	(void)printf("latency             ");
	for (i = 0; i < QUANTILES; i++)
		(void)printf(" %s %.2f ", quantile[i].label,
		    ms(hist_quantile(&c->c_latency, quantile[i].q)));
	(void)printf("ms\n");
	for (i = 0; i < MOMENTS; i++) {
		mo = moments(c, moment[i].field);
		(void)printf("%-20s median %.2f  p99 %.2f ms after connect\n",
		    moment[i].label, mo.mo_median, mo.mo_p99);
	}
	print_server(re, c);
	(void)printf("bench                publisher at most %.2f ms late, "
	    "subscribers %.0f %% of one\n", ms(re->re_late),
	    machine_self(&re->re_from, &re->re_to));
	(void)printf("machine              %.0f %% idle\n",
	    machine_idle(&re->re_from, &re->re_to));
}

static void
json_server(const struct report *re, const struct crowd *c)
{
	const struct memory *me = &re->re_after;
	int kind;

	if (re->re_has_cpu)
		(void)printf(",\"cpu_us\":%.3f,\"cpu_percent\":%.1f",
		    cpu_us(re), cpu_percent(re));
	if (re->re_has_memory) {
		for (kind = 0; kind < MEMORY_KINDS; kind++)
			(void)printf(",\"pss_%s_count\":%u,\"pss_%s_kib\":%"
			    PRIu64, kind_name[kind], me->me_count[kind],
			    kind_name[kind], me->me_pss[kind] / 1024);
		(void)printf(",\"pss_subscriber_median_kib\":%" PRIu64
		    ",\"pss_growth_kib\":%.1f", me->me_median / 1024,
		    per_subscriber(c, re->re_before.me_total, me->me_total));
	}
	if (re->re_has_cgroup)
		(void)printf(",\"cgroup_before_kib\":%" PRIu64
		    ",\"cgroup_after_kib\":%" PRIu64
		    ",\"cgroup_growth_kib\":%.1f",
		    re->re_cgroup_before / 1024, re->re_cgroup_after / 1024,
		    per_subscriber(c, re->re_cgroup_before,
		    re->re_cgroup_after));
}

static void
print_json(const struct report *re, const struct options *o,
    const struct crowd *c)
{
	struct moments mo;
	size_t i;

	(void)printf("{\"streams\":%u,\"subscribers\":%u,\"bits\":%" PRIu64
	    ",\"seconds\":%u,\"joined\":%u,\"failed\":%u", o->o_streams,
	    c->c_count, o->o_bits, o->o_time, re->re_joined, c->c_failed);
	(void)printf(",\"delivered\":%" PRIu64 ",\"missing\":%" PRIu64
	    ",\"corrupted\":%" PRIu64 ",\"disorder\":%" PRIu64
	    ",\"retimed\":%" PRIu64 ",\"skipped\":%" PRIu64, re->re_received,
	    missing(re), c->c_corrupt, c->c_disorder, c->c_retimed, c->c_lost);
	for (i = 0; i < QUANTILES; i++)
		(void)printf(",\"%s\":%.3f", quantile[i].key,
		    ms(hist_quantile(&c->c_latency, quantile[i].q)));
	for (i = 0; i < MOMENTS; i++) {
		mo = moments(c, moment[i].field);
		(void)printf(",\"%s\":%.3f,\"%s_p99\":%.3f", moment[i].key,
		    mo.mo_median, moment[i].key, mo.mo_p99);
	}
	json_server(re, c);
	(void)printf(",\"publisher_late_ms\":%.3f,\"bench_percent\":%.1f"
	    ",\"idle_percent\":%.1f}\n", ms(re->re_late),
	    machine_self(&re->re_from, &re->re_to),
	    machine_idle(&re->re_from, &re->re_to));
}

void
report_print(const struct report *re, const struct options *o,
    const struct crowd *c)
{
	if (o->o_json)
		print_json(re, o, c);
	else
		print_table(re, o, c);
}
