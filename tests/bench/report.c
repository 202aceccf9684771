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
	unsigned int mo_count;		/* who got as far */
	double	 mo_median, mo_p99, mo_max;
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

/*
 * Over the subscribers that got as far as the given field; those who joined
 * late, if there are any, for theirs is the harder time.
 */
static struct moments
moments(const struct crowd *c, size_t field)
{
	struct moments mo = { 0 };
	uint64_t *all, at;
	size_t i, n = 0;

	i = c->c_count > c->c_watchers ? c->c_watchers : 0;
	if ((all = calloc(c->c_count, sizeof(*all))) == NULL)
		return mo;
	for (; i < c->c_count; i++) {
		at = *(const uint64_t *)(const void *)
		    ((const char *)&c->c_sub[i] + field);
		if (at != 0)
			all[n++] = at - c->c_sub[i].sb_rtmp.r_connect_ns;
	}
	qsort(all, n, sizeof(*all), by_time);
	if (n > 0) {
		mo.mo_median = ms(all[n / 2]);
		mo.mo_p99 = ms(all[n * 99 / 100]);
		mo.mo_max = ms(all[n - 1]);
	}
	mo.mo_count = (unsigned int)n;
	free(all);
	return mo;
}

static const struct {
	const char *label;
	const char *key;
	size_t	 field;
} moment[] = {
	{ "first byte (S0)", "s0",
	    offsetof(struct subscriber, sb_rtmp.r_wire.w_shook_ns) },
	{ "first video message", "first_video",
	    offsetof(struct subscriber, sb_video_ns) },
	{ "first key frame", "first_key",
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

/* What is left of a charge without socket buffers and shared memory. */
static uint64_t
private_part(const struct charge *ch)
{
	uint64_t aside = ch->ch_socket + ch->ch_shared;

	return ch->ch_all > aside ? ch->ch_all - aside : 0;
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
	if (c->c_count > 0)
		(void)printf("%21sgrowth per subscriber: %.1f KiB\n", "",
		    per_subscriber(c, re->re_before.me_total, me->me_total));
	if (me->me_unreadable > 0)
		(void)printf("%21s%u processes could not be read\n", "",
		    me->me_unreadable);
}

static void
print_charge(const struct report *re, const struct crowd *c)
{
	const struct charge *from = &re->re_charge_before;
	const struct charge *to = &re->re_charge_after;

	(void)printf("memory (cgroup)      %" PRIu64 " KiB, %" PRIu64
	    " KiB of it shared memory\n", to->ch_all / 1024,
	    to->ch_shared / 1024);
	if (c->c_count > 0)
		(void)printf("%21sgrowth per subscriber: %.1f KiB, %.1f with "
		    "sockets and shared memory\n", "",
		    per_subscriber(c, private_part(from), private_part(to)),
		    per_subscriber(c, from->ch_all, to->ch_all));
}

static void
print_server(const struct report *re, const struct crowd *c)
{
	if (re->re_has_cpu)
		(void)printf("server processor     %.2f ms, %.2f us per "
		    "delivered message, %.1f %% of one\n", ms(re->re_cpu),
		    cpu_us(re), cpu_percent(re));
	if (re->re_has_memory)
		print_memory(re, c);
	if (re->re_has_cgroup)
		print_charge(re, c);
}

static void
print_messages(const struct report *re, const struct crowd *c)
{
	size_t i;

	(void)printf("delivered            %" PRIu64 " messages, missing %"
	    PRIu64 "\n", re->re_received, missing(re));
	(void)printf("wrong                corrupted %" PRIu64 ", out of order "
	    "%" PRIu64 ", retimed %" PRIu64 ", skipped %" PRIu64 "\n",
	    c->c_corrupt, c->c_disorder, c->c_retimed, c->c_lost);
	(void)printf("latency             ");
	for (i = 0; i < QUANTILES; i++)
		(void)printf(" %s %.2f ", quantile[i].label,
		    ms(hist_quantile(&c->c_latency, quantile[i].q)));
	(void)printf("ms\nlongest gap          %.2f ms\n", ms(c->c_gap));
}

static void
print_moments(const struct crowd *c)
{
	struct moments mo;
	size_t i;

	for (i = 0; i < MOMENTS; i++) {
		mo = moments(c, moment[i].field);
		(void)printf("%-20s median %.2f  p99 %.2f  max %.2f ms after "
		    "connect, %u\n", moment[i].label, mo.mo_median, mo.mo_p99,
		    mo.mo_max, mo.mo_count);
	}
}

/* Subscribers that are there: who see the stream, or who wait for it. */
static unsigned int
present(const struct options *o, const struct crowd *c)
{
	return o->o_wait ? c->c_opened - c->c_failed : c->c_live;
}

static void
print_table(const struct report *re, const struct options *o,
    const struct crowd *c)
{
	(void)printf("%s/%s: %u streams, %u + %u subscribers, %" PRIu64
	    " kbit/s, %u s\n", o->o_target.t_url, o->o_name,
	    o->o_wait ? 0 : o->o_streams, c->c_watchers,
	    c->c_count - c->c_watchers, o->o_bits / 1000, o->o_time);
	(void)printf("joined               %u of %u\n", present(o, c),
	    c->c_count);
	if (c->c_failed > 0)
		(void)printf("failed               %u, the first: %s\n",
		    c->c_failed, c->c_error);
	if (!o->o_wait) {
		print_messages(re, c);
		print_moments(c);
	}
	print_server(re, c);
	(void)printf("bench                publisher at most %.2f ms late, "
	    "subscribers %.0f %% of one\n", ms(re->re_late),
	    machine_self(&re->re_from, &re->re_to));
	(void)printf("machine              %.0f %% idle\n",
	    machine_idle(&re->re_from, &re->re_to));
}

static void
json_memory(const struct report *re, const struct crowd *c)
{
	const struct memory *me = &re->re_after;
	int kind;

	for (kind = 0; kind < MEMORY_KINDS; kind++)
		(void)printf(",\"pss_%s_count\":%u,\"pss_%s_kib\":%" PRIu64,
		    kind_name[kind], me->me_count[kind], kind_name[kind],
		    me->me_pss[kind] / 1024);
	(void)printf(",\"pss_subscriber_median_kib\":%" PRIu64,
	    me->me_median / 1024);
	if (c->c_count > 0)
		(void)printf(",\"pss_growth_kib\":%.1f", per_subscriber(c,
		    re->re_before.me_total, me->me_total));
}

static void
json_charge(const struct report *re, const struct crowd *c)
{
	const struct charge *from = &re->re_charge_before;
	const struct charge *to = &re->re_charge_after;

	if (c->c_count > 0)
		(void)printf(",\"memory_kib\":%.1f,\"memory_all_kib\":%.1f",
		    per_subscriber(c, private_part(from), private_part(to)),
		    per_subscriber(c, from->ch_all, to->ch_all));
	(void)printf(",\"memory_before_kib\":%" PRIu64
	    ",\"memory_after_kib\":%" PRIu64 ",\"socket_kib\":%" PRIu64
	    ",\"shared_kib\":%" PRIu64, from->ch_all / 1024,
	    to->ch_all / 1024, to->ch_socket / 1024, to->ch_shared / 1024);
}

static void
json_messages(const struct report *re, const struct crowd *c)
{
	size_t i;

	(void)printf(",\"delivered\":%" PRIu64 ",\"missing\":%" PRIu64
	    ",\"corrupted\":%" PRIu64 ",\"disorder\":%" PRIu64
	    ",\"retimed\":%" PRIu64 ",\"skipped\":%" PRIu64, re->re_received,
	    missing(re), c->c_corrupt, c->c_disorder, c->c_retimed, c->c_lost);
	for (i = 0; i < QUANTILES; i++)
		(void)printf(",\"%s\":%.3f", quantile[i].key,
		    ms(hist_quantile(&c->c_latency, quantile[i].q)));
	(void)printf(",\"gap_ms\":%.3f", ms(c->c_gap));
}

static void
json_moments(const struct crowd *c)
{
	struct moments mo;
	size_t i;

	for (i = 0; i < MOMENTS; i++) {
		mo = moments(c, moment[i].field);
		(void)printf(",\"%s_ms\":%.3f,\"%s_p99_ms\":%.3f"
		    ",\"%s_max_ms\":%.3f,\"%s_count\":%u", moment[i].key,
		    mo.mo_median, moment[i].key, mo.mo_p99, moment[i].key,
		    mo.mo_max, moment[i].key, mo.mo_count);
	}
}

static void
print_json(const struct report *re, const struct options *o,
    const struct crowd *c)
{
	(void)printf("{\"streams\":%u,\"subscribers\":%u,\"joiners\":%u"
	    ",\"bits\":%" PRIu64 ",\"seconds\":%u,\"joined\":%u"
	    ",\"failed\":%u", o->o_wait ? 0 : o->o_streams, c->c_watchers,
	    c->c_count - c->c_watchers, o->o_bits, o->o_time, present(o, c),
	    c->c_failed);
	if (!o->o_wait) {
		json_messages(re, c);
		json_moments(c);
	}
	if (re->re_has_cpu) {
		(void)printf(",\"cpu_ms\":%.3f,\"cpu_percent\":%.2f",
		    ms(re->re_cpu), cpu_percent(re));
		if (re->re_cpu_messages > 0)
			(void)printf(",\"cpu_us\":%.3f", cpu_us(re));
	}
	if (re->re_has_memory)
		json_memory(re, c);
	if (re->re_has_cgroup)
		json_charge(re, c);
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
