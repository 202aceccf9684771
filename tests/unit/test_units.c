/* SPDX-License-Identifier: ISC */
/*
 * test_units.c - sizes, durations and numbers, and what is none.
 */
#include "conf/units.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#define N(a)	(sizeof(a) / sizeof((a)[0]))
#define BAD	(UINT64_MAX - 1)
#define HUGE	UINT64_MAX

struct vec { char text[32]; uint64_t size, duration, count; };

ParameterizedTestParameters(units, a_text_is_one_value_in_each_unit_or_none)
{
	static struct vec	 v[] = {
		{ "0", 0, 0, 0 },
		{ "000", 0, 0, 0 },
		{ "7", 7, BAD, 7 },
		{ "1K", 1024, BAD, BAD },
		{ "3M", 3145728, BAD, BAD },
		{ "2G", 2147483648, BAD, BAD },
		{ "1ms", BAD, 1, BAD },
		{ "1s", BAD, 1000, BAD },
		{ "1m", BAD, 60000, BAD },
		{ "1h", BAD, 3600000, BAD },
		{ "0ms", BAD, 0, BAD },
		{ "9223372036854775807", INT64_MAX, BAD, INT64_MAX },
		{ "9223372036854775808", HUGE, BAD, HUGE },
		{ "99999999999999999999999", HUGE, BAD, HUGE },
		{ "8589934591G", 8589934591ULL << 30, BAD, BAD },
		{ "8589934592G", HUGE, BAD, BAD },
		{ "99999999999999999999h", BAD, HUGE, BAD },
		{ "", BAD, BAD, BAD },
		{ "K", BAD, BAD, BAD },
		{ "s", BAD, BAD, BAD },
		{ "1 s", BAD, BAD, BAD },
		{ " 1", BAD, BAD, BAD },
		{ "1 ", BAD, BAD, BAD },
		{ "+1", BAD, BAD, BAD },
		{ "-1", BAD, BAD, BAD },
		{ "0x10", BAD, BAD, BAD },
		{ "1.5", BAD, BAD, BAD },
		{ "1k", BAD, BAD, BAD },
		{ "1KB", BAD, BAD, BAD },
		{ "1T", BAD, BAD, BAD },
		{ "1S", BAD, BAD, BAD },
		{ "1min", BAD, BAD, BAD },
		{ "1s500ms", BAD, BAD, BAD },
	};

	return cr_make_param_array(struct vec, v, N(v));
}

ParameterizedTest(struct vec *v, units,
    a_text_is_one_value_in_each_unit_or_none, .timeout = 10)
{
	uint64_t	 n = BAD;

	cr_assert_eq(unit_size(v->text, &n) != NULL, v->size == BAD, "%s",
	    v->text);
	cr_assert_eq(n, v->size, "%s", v->text);
	n = BAD;
	cr_assert_eq(unit_duration(v->text, &n) != NULL, v->duration == BAD,
	    "%s", v->text);
	cr_assert_eq(n, v->duration, "%s", v->text);
	n = BAD;
	cr_assert_eq(unit_count(v->text, &n) != NULL, v->count == BAD, "%s",
	    v->text);
	cr_assert_eq(n, v->count, "%s", v->text);
}
