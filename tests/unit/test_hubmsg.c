/* SPDX-License-Identifier: ISC */
/*
 * test_hubmsg.c - every field's bad value is refused, every good one taken.
 */
#include "conf/hubmsg.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#define N(a)	(sizeof(a) / sizeof((a)[0]))

#define REPORT	((ssize_t)sizeof(struct hub_report))
#define ANSWER	((ssize_t)sizeof(struct hub_answer))

TestSuite(hubmsg, .timeout = 10);

static struct hub_report
good_report(void)
{
	struct hub_report r = {
		.hr_head = { HUBMSG_FORMAT(r), HUB_REPORT, HUB_SLOTS - 1 },
		.hr_role = ROLE_PLAY, .hr_name = "live/cam1",
		.hr_peer = "192.0.2.1:1024", .hr_host = "192.0.2.1",
		.hr_program = "ffplay",
	};

	return r;
}

static struct hub_answer
good_answer(void)
{
	struct hub_answer a = {
		.ha_head = { HUBMSG_FORMAT(a), HUB_ANSWER, 0 },
		.ha_verdict = HUB_REFUSED, .ha_reason = HUB_LIMIT,
		.ha_stream = HUB_NO_STREAM, .ha_text = "max-streams",
	};

	return a;
}

/* `bytes` bytes at `offset` become `value`. */
struct change {
	size_t		 offset;
	size_t		 bytes;
	uint64_t	 value;
	int		 accepted;
};

#define FIELD(type, f)	offsetof(struct type, f), sizeof(((struct type *)0)->f)
#define IN_HEAD(f)	offsetof(struct hub_head, f), \
			sizeof(((struct hub_head *)0)->f)

#define REPORT_FORMAT	(HUBMSG_VERSION << 16 | sizeof(struct hub_report))
#define ANSWER_FORMAT	(HUBMSG_VERSION << 16 | sizeof(struct hub_answer))

ParameterizedTestParameters(hubmsg, a_report_is_judged_by_each_field)
{
	static struct change v[] = {
		{ IN_HEAD(hh_format), REPORT_FORMAT, 1 },
		{ IN_HEAD(hh_format), 0, 0 },
		{ IN_HEAD(hh_format), REPORT_FORMAT + 0x10000, 0 },
		{ IN_HEAD(hh_format), REPORT_FORMAT - 0x10000, 0 },
		{ IN_HEAD(hh_format), REPORT_FORMAT + 8, 0 },
		{ IN_HEAD(hh_format), ANSWER_FORMAT, 0 },
		{ IN_HEAD(hh_type), 0, 0 },
		{ IN_HEAD(hh_type), HUB_ANSWER, 0 },
		{ IN_HEAD(hh_type), HUB_ANSWER + 1, 0 },
		{ IN_HEAD(hh_type), UINT16_MAX, 0 },
		{ IN_HEAD(hh_slot), 0, 1 },
		{ IN_HEAD(hh_slot), HUB_SLOTS - 1, 1 },
		{ IN_HEAD(hh_slot), HUB_SLOTS, 0 },
		{ IN_HEAD(hh_slot), UINT16_MAX, 0 },
		{ FIELD(hub_report, hr_role), ROLE_NONE, 1 },
		{ FIELD(hub_report, hr_role), ROLE_PUBLISH, 1 },
		{ FIELD(hub_report, hr_role), ROLE_PLAY, 1 },
		{ FIELD(hub_report, hr_role), ROLE_METRICS, 1 },
		{ FIELD(hub_report, hr_role), ROLE_METRICS + 1, 0 },
		{ FIELD(hub_report, hr_role), UINT16_MAX, 0 },
	};

	return cr_make_param_array(struct change, v, N(v));
}

ParameterizedTest(struct change *v, hubmsg, a_report_is_judged_by_each_field)
{
	struct hub_report r = good_report();

	memcpy((char *)&r + v->offset, &v->value, v->bytes);
	cr_assert_eq(hub_report_valid(&r, REPORT), v->accepted,
	    "%ju at %zu", (uintmax_t)v->value, v->offset);
}

ParameterizedTestParameters(hubmsg, an_answer_is_judged_by_each_field)
{
	static struct change v[] = {
		{ IN_HEAD(hh_format), ANSWER_FORMAT, 1 },
		{ IN_HEAD(hh_format), 0, 0 },
		{ IN_HEAD(hh_format), ANSWER_FORMAT + 0x10000, 0 },
		{ IN_HEAD(hh_format), ANSWER_FORMAT + 8, 0 },
		{ IN_HEAD(hh_format), REPORT_FORMAT, 0 },
		{ IN_HEAD(hh_type), 0, 0 },
		{ IN_HEAD(hh_type), HUB_REPORT, 0 },
		{ IN_HEAD(hh_type), HUB_ANSWER + 1, 0 },
		{ IN_HEAD(hh_slot), HUB_SLOTS - 1, 1 },
		{ IN_HEAD(hh_slot), HUB_SLOTS, 0 },
		{ IN_HEAD(hh_slot), UINT16_MAX, 0 },
		{ FIELD(hub_answer, ha_verdict), 0, 0 },
		{ FIELD(hub_answer, ha_verdict), HUB_WELCOME, 1 },
		{ FIELD(hub_answer, ha_verdict), HUB_CLOSE, 1 },
		{ FIELD(hub_answer, ha_verdict), HUB_RECONNECT, 1 },
		{ FIELD(hub_answer, ha_verdict), UINT16_MAX, 1 },
		{ FIELD(hub_answer, ha_reason), HUB_OK, 1 },
		{ FIELD(hub_answer, ha_reason), HUB_VERSION, 1 },
		{ FIELD(hub_answer, ha_reason), UINT16_MAX, 1 },
	};

	return cr_make_param_array(struct change, v, N(v));
}

ParameterizedTest(struct change *v, hubmsg, an_answer_is_judged_by_each_field)
{
	struct hub_answer a = good_answer();

	memcpy((char *)&a + v->offset, &v->value, v->bytes);
	cr_assert_eq(hub_answer_valid(&a, ANSWER), v->accepted,
	    "%ju at %zu", (uintmax_t)v->value, v->offset);
}

Test(hubmsg, a_packet_says_how_long_it_is)
{
	struct hub_report r = good_report();
	struct hub_answer a = good_answer();
	ssize_t len;

	for (len = -1; len < 2 * REPORT; len++) {
		cr_assert_eq(hub_report_valid(&r, len), len == REPORT);
		cr_assert_eq(hub_answer_valid(&a, len), len == ANSWER);
	}
}

/* Of a later release: there is more, and we take what we know. */
Test(hubmsg, a_packet_that_has_grown_is_taken)
{
	struct hub_report r = good_report();
	struct hub_answer a = good_answer();

	r.hr_head.hh_format += 64;
	cr_assert(hub_report_valid(&r, REPORT + 64));
	cr_assert_str_eq(r.hr_name, "live/cam1");
	a.ha_head.hh_format += 64;
	cr_assert(hub_answer_valid(&a, ANSWER + 64));
	cr_assert_str_eq(a.ha_text, "max-streams");
	r.hr_head.hh_format = HUBMSG_VERSION << 16 | UINT16_MAX;
	cr_assert(hub_report_valid(&r, UINT16_MAX));
	cr_assert_not(hub_report_valid(&r, UINT16_MAX + REPORT));
}

Test(hubmsg, another_version_is_told_from_nonsense)
{
	struct hub_head h = { HUBMSG_FORMAT(h), HUB_REPORT, 0 };

	cr_assert_not(hubmsg_is_alien(&h, sizeof(h)));
	h.hh_format += 0x10000;
	cr_assert(hubmsg_is_alien(&h, sizeof(h)));
	cr_assert_not(hubmsg_is_alien(&h, sizeof(h) - 1));
	cr_assert_not(hubmsg_is_alien(&h, 0));
	cr_assert_not(hubmsg_is_alien(&h, -1));
}

/* A string that fills its array, with and without the NUL that ends it. */
struct text {
	size_t	 offset;
	size_t	 bytes;
};

#define TRACK(i)	offsetof(struct hub_report, hr_track) + \
			(i) * sizeof(struct shm_track) + \
			offsetof(struct shm_track, tk_profile), \
			sizeof(((struct shm_track *)0)->tk_profile)

ParameterizedTestParameters(hubmsg, a_string_without_an_end_is_refused)
{
	static struct text v[] = {
		{ FIELD(hub_report, hr_name) }, { FIELD(hub_report, hr_peer) },
		{ FIELD(hub_report, hr_host) },
		{ FIELD(hub_report, hr_program) },
		{ TRACK(0) }, { TRACK(1) }, { TRACK(2) }, { TRACK(3) },
		{ TRACK(4) }, { TRACK(5) }, { TRACK(6) }, { TRACK(7) },
	};

	return cr_make_param_array(struct text, v, N(v));
}

ParameterizedTest(struct text *v, hubmsg, a_string_without_an_end_is_refused)
{
	struct hub_report r = good_report();

	memset((char *)&r + v->offset, 'x', v->bytes);
	cr_assert_not(hub_report_valid(&r, REPORT));
	((char *)&r)[v->offset + v->bytes - 1] = '\0';
	cr_assert(hub_report_valid(&r, REPORT));
}

Test(hubmsg, the_text_of_an_answer_must_end)
{
	struct hub_answer a = good_answer();

	memset(a.ha_text, 'x', sizeof(a.ha_text));
	cr_assert_not(hub_answer_valid(&a, ANSWER));
	a.ha_text[sizeof(a.ha_text) - 1] = '\0';
	cr_assert(hub_answer_valid(&a, ANSWER));
}

Test(hubmsg, only_who_is_at_no_stream_may_lack_one)
{
	struct hub_report r = good_report();

	r.hr_name[0] = '\0';
	cr_assert_not(hub_report_valid(&r, REPORT));
	r.hr_role = ROLE_PUBLISH;
	cr_assert_not(hub_report_valid(&r, REPORT));
	r.hr_role = ROLE_RECORD;
	cr_assert_not(hub_report_valid(&r, REPORT));
	r.hr_role = ROLE_NONE;
	cr_assert(hub_report_valid(&r, REPORT));
	r.hr_role = ROLE_METRICS;
	cr_assert(hub_report_valid(&r, REPORT));
}

Test(hubmsg, every_reason_has_a_word_and_no_other_number_does)
{
	unsigned int i;

	for (i = HUB_OK; i <= HUB_FORBIDDEN; i++) {
		cr_assert_not_null(hub_reason_text(i));
		cr_assert_str_neq(hub_reason_text(i), "?");
	}
	cr_assert_str_eq(hub_reason_text(HUB_FORBIDDEN + 1), "?");
	cr_assert_str_eq(hub_reason_text(UINT16_MAX), "?");
	cr_assert_str_eq(hub_reason_text(UINT32_MAX), "?");
	cr_assert_str_eq(hub_reason_text(HUB_NO_MEMORY), "no-memory");
}
