/* SPDX-License-Identifier: ISC */
/*
 * test_merge.c - who is woken when.
 */
#include "shm/merge.h"

#include <criterion/criterion.h>

#define ALL	((1u << MERGE_SETS) - 1)

TestSuite(merge, .timeout = 10);

Test(merge, nothing_is_held_for_few)
{
	cr_assert_eq(merge_auto(0, 0, 2), 0);
	cr_assert_eq(merge_auto(1, 20, 1), 0);
	cr_assert_eq(merge_auto(1, 20, 64), 0);
	cr_assert_neq(merge_auto(1, 21, 1), 0);
}

Test(merge, the_hold_is_what_the_manual_says)
{
	cr_assert_eq(merge_auto(1, 100, 2), 25);
	cr_assert_eq(merge_auto(1, 500, 2), 55);
	cr_assert_eq(merge_auto(1, 1000, 2), 78);
	cr_assert_eq(merge_auto(100, 100, 2), 55);
}

Test(merge, the_hold_grows_with_the_load_of_a_processor)
{
	uint32_t before = 0, n, ms;

	for (n = 1; n < 5000; n++) {
		ms = merge_auto(1, n, 4);
		cr_assert_geq(ms, before);
		if (ms != 0)
			cr_assert_eq(ms, merge_auto(2, 2 * n, 8));
		before = ms;
	}
}

Test(merge, the_hold_is_bounded)
{
	cr_assert_eq(merge_auto(1, 100000, 1), 100);
	cr_assert_eq(merge_auto(UINT32_MAX, UINT32_MAX, 1), 100);
}

Test(merge, without_a_hold_each_record_wakes_all)
{
	struct merge mg = { 0 };
	uint64_t now;

	for (now = 1000; now < 1010; now++) {
		cr_assert_eq(merge_turn(&mg, 0, now), 0);
		merge_news(&mg);
		cr_assert_leq(merge_due(&mg), now);
		cr_assert_eq(merge_turn(&mg, 0, now), ALL);
		cr_assert_eq(merge_due(&mg), UINT64_MAX);
	}
}

Test(merge, a_short_hold_wakes_all_at_its_end)
{
	struct merge mg = { 0 };

	merge_news(&mg);
	cr_assert_eq(merge_turn(&mg, 5, 1000), ALL);
	merge_news(&mg);
	cr_assert_eq(merge_due(&mg), 1005);
	cr_assert_eq(merge_turn(&mg, 5, 1004), 0);
	cr_assert_eq(merge_turn(&mg, 5, 1005), ALL);
}

/* As long as there is news; late by a millisecond each time, as poll(2) is. */
Test(merge, each_set_is_woken_once_in_a_hold)
{
	struct merge mg = { 0 };
	uint64_t now = 1000, last[MERGE_SETS] = { 0 };
	uint32_t i, turn, sets;

	for (turn = 0; turn < 400; turn++) {
		merge_news(&mg);
		sets = merge_turn(&mg, 52, now);
		cr_assert_eq(__builtin_popcount(sets), 1);
		i = (uint32_t)__builtin_ctz(sets);
		cr_assert_lt(i, MERGE_SETS);
		if (last[i] != 0)
			cr_assert_leq(now - last[i], 53);
		last[i] = now;
		now = merge_due(&mg) + turn % 2;
	}
	cr_assert_lt(now, 1000 + 400 * 13 + 2);
}

Test(merge, the_turns_of_all_sets_make_a_hold)
{
	struct merge mg = { 0 };
	uint64_t now = 1000;
	uint32_t turn;

	for (turn = 0; turn < 100 * MERGE_SETS; turn++) {
		merge_news(&mg);
		cr_assert_neq(merge_turn(&mg, 55, now), 0);
		merge_news(&mg);
		now = merge_due(&mg);
	}
	cr_assert_eq(now, 1000 + 100 * 55);
}

Test(merge, one_record_reaches_every_set_within_the_hold)
{
	struct merge mg = { 0 };
	uint64_t now;
	uint32_t woken = 0;

	for (now = 1000; now < 1500; now++)
		woken += merge_turn(&mg, 40, now);
	cr_assert_eq(woken, 0);
	merge_news(&mg);
	for (; now < 1540; now++)
		woken |= merge_turn(&mg, 40, now);
	cr_assert_eq(woken, ALL);
	cr_assert_eq(merge_due(&mg), UINT64_MAX);
}

Test(merge, who_was_late_does_not_hurry_to_make_up_for_it)
{
	struct merge mg = { 0 };

	merge_news(&mg);
	cr_assert_neq(merge_turn(&mg, 40, 1000), 0);
	cr_assert_neq(merge_turn(&mg, 40, 1095), 0);
	cr_assert_eq(merge_turn(&mg, 40, 1096), 0);
	cr_assert_eq(merge_due(&mg), 1105);
}

Test(merge, a_change_of_the_hold_counts_at_once)
{
	struct merge mg = { 0 };

	merge_news(&mg);
	cr_assert_neq(merge_turn(&mg, 100, 1000), 0);
	cr_assert_eq(merge_turn(&mg, 100, 1005), 0);
	cr_assert_eq(merge_turn(&mg, 0, 1006), ALL & ~1u);
}

Test(merge, processes_are_spread_over_the_sets)
{
	uint32_t sets = 0;
	pid_t pid;

	for (pid = 7777; pid < 7777 + (pid_t)MERGE_SETS; pid++) {
		cr_assert_eq(__builtin_popcount(merge_set(pid)), 1);
		sets |= merge_set(pid);
	}
	cr_assert_eq(sets, ALL);
}
