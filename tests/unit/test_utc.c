/* SPDX-License-Identifier: ISC */
/*
 * test_utc.c - a time as year, month, day and so on.
 */
#include "sys/utc.h"

#include <criterion/criterion.h>
#include <stdint.h>

TestSuite(utc, .timeout = 20);

static void
expect_as_libc(time_t t)
{
	struct tm got, want;

	utc_split(t, &got);
	gmtime_r(&t, &want);
	cr_assert_eq(got.tm_year, want.tm_year, "%lld", (long long)t);
	cr_assert_eq(got.tm_mon, want.tm_mon, "%lld", (long long)t);
	cr_assert_eq(got.tm_mday, want.tm_mday, "%lld", (long long)t);
	cr_assert_eq(got.tm_hour, want.tm_hour, "%lld", (long long)t);
	cr_assert_eq(got.tm_min, want.tm_min, "%lld", (long long)t);
	cr_assert_eq(got.tm_sec, want.tm_sec, "%lld", (long long)t);
}

/* To 2400, the next leap year of a century. */
Test(utc, each_day_from_1970_on_begins_and_ends_as_for_libc)
{
	int64_t day;

	for (day = 0; day < 431 * 366; day++) {
		expect_as_libc(day * 86400);
		expect_as_libc(day * 86400 + 86399);
	}
}

Test(utc, each_second_of_a_day_is_as_for_libc)
{
	int s;

	for (s = 0; s < 86400; s++)
		expect_as_libc(1709164800 + s);		/* 2024-02-29 */
}
