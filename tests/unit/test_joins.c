/* SPDX-License-Identifier: ISC */
/*
 * test_joins.c - which join points of a ring are still whole.
 */
#include "rtmpd/joins.h"

#include <criterion/criterion.h>

#include "shm_ring.h"

#define RECORD	(SIZE / 16 - HEADER)	/* 16 of them fill the ring */
#define LATER	1000000			/* a time, ms */

TestSuite(joins, .timeout = 10);

/* Write a record that is a join point, `at` ms. */
static uint64_t
join(struct pair *p, struct joins *jo, uint64_t at)
{
	uint64_t pos = put(p, (uint32_t)RECORD, 1);

	joins_add(jo, pos, at, true);
	joins_trim(jo, &p->p_writer);
	return pos;
}

Test(joins, there_is_none_at_first)
{
	static struct joins jo;
	struct pair p;

	pair_open(&p);
	cr_assert_eq(joins_oldest(&jo, LATER), LATER);
	joins_trim(&jo, &p.p_writer);
	cr_assert_eq(ring_oldest(&p.p_reader), RING_NO_JOIN);
	cr_assert_eq(jo.jo_gop, 0);
	pair_close(&p);
}

Test(joins, the_first_one_is_the_oldest_while_it_is_whole)
{
	static struct joins jo;
	struct pair p;
	uint64_t first;
	int i;

	pair_open(&p);
	first = join(&p, &jo, LATER);
	for (i = 1; i < 14; i++) {
		cr_assert_eq(ring_oldest(&p.p_reader), first);
		cr_assert_eq(joins_oldest(&jo, 0), LATER);
		join(&p, &jo, LATER + (uint64_t)i);
	}
	/* 14 of 16 are written, and two are what nobody may start in */
	cr_assert_eq(ring_oldest(&p.p_reader), first);
	join(&p, &jo, LATER + 14);
	cr_assert_gt(ring_oldest(&p.p_reader), first);
	cr_assert_eq(joins_oldest(&jo, 0), LATER + 1);
	pair_close(&p);
}

/* The one before it was overwritten, or a reader that starts there would soon
 * be overtaken. */
Test(joins, what_is_told_is_the_oldest_that_is_safe)
{
	static struct joins jo;
	uint64_t pos[200], oldest, at, margin = ring_margin(SIZE);
	struct pair p;
	uint32_t i, k;

	pair_open(&p);
	for (i = 0; i < 200; i++) {
		pos[i] = join(&p, &jo, LATER + i);
		oldest = ring_oldest(&p.p_reader);
		cr_assert_not(ring_lapped(&p.p_reader, oldest, margin));
		at = joins_oldest(&jo, 0);
		k = (uint32_t)(at - LATER);
		cr_assert_eq(pos[k], oldest);
		cr_assert(k == 0 || ring_lapped(&p.p_reader, pos[k - 1],
		    margin), "%u is safe too", k - 1);
	}
	pair_close(&p);
}

/* A GOP that is longer than the ring leaves no place to start at. */
Test(joins, all_may_be_gone)
{
	static struct joins jo;
	struct pair p;
	uint64_t pos;
	int i;

	pair_open(&p);
	join(&p, &jo, LATER);
	for (i = 0; i < 16; i++) {
		put(&p, (uint32_t)RECORD, 2);
		joins_trim(&jo, &p.p_writer);
	}
	cr_assert_eq(ring_oldest(&p.p_reader), RING_NO_JOIN);
	cr_assert_eq(joins_oldest(&jo, LATER + 9), LATER + 9);
	pos = join(&p, &jo, LATER + 10);
	cr_assert_eq(ring_oldest(&p.p_reader), pos);
	cr_assert_eq(joins_oldest(&jo, 0), LATER + 10);
	pair_close(&p);
}

/* Of very many in one ring the latest are known: all positions are safe. */
Test(joins, more_than_are_kept)
{
	static struct joins jo;
	struct pair p;
	uint64_t pos[JOINS_MAX + 40];
	uint32_t i;

	pair_open(&p);
	for (i = 0; i < JOINS_MAX + 40; i++) {
		pos[i] = put(&p, 1, 3);
		joins_add(&jo, pos[i], LATER + i, true);
	}
	joins_trim(&jo, &p.p_writer);
	cr_assert_eq(ring_oldest(&p.p_reader), pos[40]);
	cr_assert_eq(joins_oldest(&jo, 0), LATER + 40);
	pair_close(&p);
}

Test(joins, how_long_a_gop_is)
{
	static struct joins jo;

	joins_add(&jo, 0, LATER, true);
	cr_assert_eq(jo.jo_gop, 0);		/* not yet over */
	joins_add(&jo, 64, LATER + 2000, true);
	cr_assert_eq(jo.jo_gop, 2000);
	/* new headers within it are a join point, and no new GOP */
	joins_add(&jo, 128, LATER + 2500, false);
	cr_assert_eq(jo.jo_gop, 2000);
	joins_add(&jo, 192, LATER + 5000, true);
	cr_assert_eq(jo.jo_gop, 3000);
}
