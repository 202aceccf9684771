/* SPDX-License-Identifier: ISC */
/*
 * load.c - load generator for RTMP relays: publish, play, check, measure.
 * The phases of a run, in order: publish, look at memory, join, warm up,
 * measure, drain, look at memory again, report. Where nobody publishes: look,
 * join, warm up, measure, look. Loopback only.
 */
#include <sys/resource.h>

#include <err.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "media.h"
#include "now.h"
#include "options.h"
#include "report.h"
#include "sampler.h"
#include "subscriber.h"

#define SPARE_FILES	64	/* descriptors besides the connections */
#define SETTLE_MS	1000	/* stream runs before the first subscriber */
#define JOIN_S		20	/* to get the first video after the ramp */
#define SAMPLE_S	10
#define JOIN_MORE_S	1	/* for the late joiners */
#define CALM_MS		200	/* from a sample to the window */
#define DRAIN_S		3

struct run {
	const struct options *ru_options;
	struct publisher ru_publisher;
	struct sampler ru_sampler;
	struct crowd ru_crowd;
	struct report ru_report;
};

struct sample {
	uint64_t sa_ns;			/* processor time */
	uint64_t sa_wall;
	uint64_t sa_delivered;
};

static void
raise_files(unsigned int need)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		err(1, "getrlimit");
	if (rl.rlim_cur < need) {
		rl.rlim_cur = need;
		if (rl.rlim_max < need)
			rl.rlim_max = need;	/* root may */
		if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
			err(1, "%u open files", need);
	}
}

static uint64_t
from_now(uint64_t ms)
{
	return now_ns() + ms * NS_PER_MS;
}

static void
look_at_memory(struct run *ru, struct memory *me, struct charge *ch)
{
	const struct options *o = ru->ru_options;

	if (o->o_pid != 0) {
		if (memory_tree(o->o_pid, me) == -1)
			errx(1, "process %d is gone", o->o_pid);
		ru->ru_report.re_has_memory = true;
	}
	if (o->o_cgroup != NULL) {
		if (cgroup_memory(o->o_cgroup, ch) == -1)
			errx(1, "%s: not a memory cgroup", o->o_cgroup);
		ru->ru_report.re_has_cgroup = true;
	}
}

/* Let the sampler look, without keeping the subscribers waiting. */
static void
ask_sampler(struct run *ru, struct sample *sa)
{
	ru->ru_crowd.c_other = false;
	if (sampler_ask(&ru->ru_sampler) == -1)
		errx(1, "process %d is gone", ru->ru_options->o_pid);
	crowd_run(&ru->ru_crowd, from_now(SAMPLE_S * 1000), crowd_other);
	if (sampler_answer(&ru->ru_sampler, &sa->sa_ns) == -1)
		errx(1, "process %d cannot be watched",
		    ru->ru_options->o_pid);
}

static void
take_sample(struct run *ru, struct sample *sa)
{
	const struct options *o = ru->ru_options;

	if (o->o_cpu != NULL) {
		if (cgroup_cpu(o->o_cpu, &sa->sa_ns) == -1)
			errx(1, "%s: no processor time", o->o_cpu);
	} else if (o->o_pid != 0)
		ask_sampler(ru, sa);
	sa->sa_wall = now_ns();
	sa->sa_delivered = ru->ru_crowd.c_delivered;
}

static void
join(struct run *ru)
{
	uint64_t ramp = ru->ru_options->o_join * NS_PER_S;
	struct crowd *c = &ru->ru_crowd;

	crowd_run(c, from_now(SETTLE_MS), NULL);
	look_at_memory(ru, &ru->ru_report.re_before,
	    &ru->ru_report.re_charge_before);
	crowd_join(c, c->c_watchers, ramp);
	crowd_run(c, now_ns() + ramp + JOIN_S * NS_PER_S,
	    ru->ru_options->o_wait ? crowd_asked : crowd_joined);
	if (ru->ru_options->o_wait && !crowd_asked(c))
		errx(1, "some subscribers could not ask for the stream");
	if (c->c_live == 0 && !ru->ru_options->o_wait)
		errx(1, "no subscriber saw video: %s",
		    c->c_failed > 0 ? c->c_error : "no answer in time");
	crowd_run(c, from_now(ru->ru_options->o_warm * UINT64_C(1000)), NULL);
}

static uint64_t
sent(const struct run *ru, unsigned int stream)
{
	return atomic_load_explicit(&ru->ru_publisher.p_shared->
	    ps_sent[stream], memory_order_acquire);
}

static void
measure(struct run *ru)
{
	struct crowd *c = &ru->ru_crowd;
	unsigned int i;

	machine_sample(&ru->ru_report.re_from);
	for (i = 0; i < ru->ru_options->o_streams; i++) {
		c->c_window[i].w_from = sent(ru, i);
		c->c_window[i].w_to = UINT64_MAX;
	}
	crowd_join(c, ru->ru_options->o_joiners, JOIN_MORE_S * NS_PER_S);
	crowd_run(c, from_now(ru->ru_options->o_time * UINT64_C(1000)), NULL);
	for (i = 0; i < ru->ru_options->o_streams; i++) {
		c->c_window[i].w_to = sent(ru, i);
		ru->ru_report.re_expected += (c->c_window[i].w_to -
		    c->c_window[i].w_from) * ru->ru_options->o_subscribers;
	}
	machine_sample(&ru->ru_report.re_to);
	crowd_run(c, from_now(DRAIN_S * 1000), crowd_drained);
	for (i = 0; i < c->c_watchers; i++)
		ru->ru_report.re_received += c->c_sub[i].sb_window;
}

/* Nothing is sent; what the server does all the same is measured. */
static void
measure_waiting(struct run *ru)
{
	machine_sample(&ru->ru_report.re_from);
	crowd_run(&ru->ru_crowd,
	    from_now(ru->ru_options->o_time * UINT64_C(1000)), NULL);
	machine_sample(&ru->ru_report.re_to);
}

static void
run(struct run *ru)
{
	const struct options *o = ru->ru_options;
	struct report *re = &ru->ru_report;
	struct sample first = { 0 }, last = { 0 };

	join(ru);
	take_sample(ru, &first);
	if (o->o_wait)
		measure_waiting(ru);
	else {
		crowd_run(&ru->ru_crowd, from_now(CALM_MS), NULL);
		measure(ru);
	}
	take_sample(ru, &last);
	look_at_memory(ru, &re->re_after, &re->re_charge_after);
	re->re_has_cpu = o->o_pid != 0 || o->o_cpu != NULL;
	re->re_cpu = last.sa_ns - first.sa_ns;
	re->re_cpu_messages = last.sa_delivered - first.sa_delivered;
	re->re_cpu_wall = last.sa_wall - first.sa_wall;
	if (!o->o_wait)
		re->re_late = atomic_load_explicit(
		    &ru->ru_publisher.p_shared->ps_late, memory_order_relaxed);
}

static bool
flawless(const struct run *ru)
{
	const struct crowd *c = &ru->ru_crowd;

	return c->c_failed == 0 && c->c_corrupt == 0 && c->c_disorder == 0 &&
	    (ru->ru_options->o_wait || c->c_live == c->c_count) &&
	    ru->ru_report.re_received == ru->ru_report.re_expected;
}

static void
start_publisher(struct run *ru, const struct publisher_plan *plan)
{
	if (publisher_start(&ru->ru_publisher, plan) == -1)
		errx(1, "publish: %s", ru->ru_publisher.p_shared->ps_error);
}

static void
stop_publisher(struct run *ru)
{
	if (!publisher_alive(&ru->ru_publisher))
		errx(1, "publish: %s", ru->ru_publisher.p_shared->ps_error);
	publisher_stop(&ru->ru_publisher);
}

int
main(int argc, char **argv)
{
	static struct run ru;
	static struct options o;
	struct publisher_plan plan;
	bool sampled;

	options_parse(&o, argc, argv);
	ru.ru_options = &o;
	plan = (struct publisher_plan){ &o.o_target, o.o_name, o.o_streams,
	    o.o_bits, o.o_first };
	media_init();
	raise_files(o.o_subscribers * o.o_streams + o.o_joiners +
	    o.o_streams + SPARE_FILES);
	(void)signal(SIGPIPE, SIG_IGN);
	sampled = o.o_pid != 0 && o.o_cpu == NULL;
	if (sampled && sampler_start(&ru.ru_sampler, o.o_pid) == -1)
		err(1, "sampler");
	if (!o.o_wait)
		start_publisher(&ru, &plan);
	if (crowd_init(&ru.ru_crowd, &plan, o.o_subscribers, o.o_joiners,
	    sampled ? ru.ru_sampler.sm_fd : -1) == -1)
		err(1, "subscribers");
	run(&ru);
	if (!o.o_wait)
		stop_publisher(&ru);
	report_print(&ru.ru_report, &o, &ru.ru_crowd);
	if (sampled)
		sampler_stop(&ru.ru_sampler);
	crowd_close(&ru.ru_crowd);
	return flawless(&ru) ? 0 : 1;
}
