/* SPDX-License-Identifier: ISC */
/*
 * test_format.c - numbers as people read them.
 */
#include "view/format.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdint.h>

#define N(a)	(sizeof(a) / sizeof((a)[0]))

TestSuite(format, .timeout = 10);

struct vec {
	uint64_t n;
	char	 want[FORMAT_MAX];
};

ParameterizedTestParameters(format, numbers_have_three_digits)
{
	static struct vec v[] = {
		{ 0, "0" }, { 999, "999" }, { 1000, "1.00k" },
		{ 1234, "1.23k" }, { 9994, "9.99k" }, { 9995, "10.0k" },
		{ 99949, "99.9k" }, { 99950, "100k" }, { 999499, "999k" },
		{ 999500, "1.00M" }, { 2512345, "2.51M" },
		{ 12345678901, "12.3G" }, { UINT64_MAX, "18.4E" },
	};

	return cr_make_param_array(struct vec, v, N(v));
}

ParameterizedTest(struct vec *v, format, numbers_have_three_digits)
{
	char buf[FORMAT_MAX];

	cr_assert_str_eq(format_number(v->n, buf), v->want);
}

ParameterizedTestParameters(format, times_have_two_units)
{
	static struct vec v[] = {
		{ 0, "0s" }, { 59, "59s" }, { 60, "1m00s" }, { 723, "12m03s" },
		{ 3599, "59m59s" }, { 3600, "1h00m" }, { 11220, "3h07m" },
		{ 86399, "23h59m" }, { 86400, "1d00h" }, { 439200, "5d02h" },
		{ UINT64_MAX, "213503982334601d07h" },
	};

	return cr_make_param_array(struct vec, v, N(v));
}

ParameterizedTest(struct vec *v, format, times_have_two_units)
{
	char buf[FORMAT_MAX];

	cr_assert_str_eq(format_time(v->n, buf), v->want);
}

Test(format, spans_have_tenths_of_seconds)
{
	char buf[FORMAT_MAX];

	cr_assert_str_eq(format_span(0, buf), "-");
	cr_assert_str_eq(format_span(1960, buf), "2.0s");
	cr_assert_str_eq(format_span(30000, buf), "30.0s");
}
