/* SPDX-License-Identifier: ISC */
/*
 * test_footprint.c - as little memory as can be for who is one of many.
 */
#include "sys/footprint.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define PAGE	4096

TestSuite(footprint, .timeout = 10);

Test(footprint, whole_pages_are_given_back_and_no_byte_around_them)
{
	static _Alignas(PAGE) char room[5 * PAGE];
	size_t i;

	memset(room, 1, sizeof(room));
	footprint_drop(room + 1, 4 * PAGE - 2);
	for (i = 0; i < sizeof(room); i++)
		cr_assert_eq(room[i], i < PAGE || i >= 3 * PAGE, "byte %zu",
		    i);
}

Test(footprint, less_than_a_page_stays)
{
	static _Alignas(PAGE) char room[2 * PAGE];

	memset(room, 1, sizeof(room));
	footprint_drop(room + 1, PAGE);
	footprint_drop(room + PAGE, PAGE - 1);
	footprint_drop(room + 2 * PAGE - 1, 0);
	cr_assert(memchr(room, 0, sizeof(room)) == NULL);
}

/* The frames below are gone by then, this one and what it holds are not. */
__attribute__((noinline)) static int
deep(int n)
{
	volatile char frame[2048];

	memset((char *)frame, n, sizeof(frame));
	return n == 0 ? 0 : deep(n - 1) + frame[n] - n;
}

Test(footprint, what_is_in_use_outlives_a_trim)
{
	char here[8192], *kept = malloc(100000), *freed = malloc(100000);

	memset(here, 1, sizeof(here));
	memset(kept, 2, 100000);
	memset(freed, 3, 100000);
	free(freed);
	cr_assert_eq(deep(40), 0);
	footprint_trim();
	cr_assert(memchr(here, 0, sizeof(here)) == NULL);
	cr_assert(memchr(kept, 0, 100000) == NULL);
	cr_assert_eq(deep(40), 0);
	free(kept);
}
