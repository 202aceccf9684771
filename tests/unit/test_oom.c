/* SPDX-License-Identifier: ISC */
/*
 * test_oom.c - a process makes itself a victim, and less of one again.
 */
#include "sys/oom.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

TestSuite(oom, .timeout = 10);

static int
score(void)
{
	FILE *f = fopen("/proc/self/oom_score_adj", "r");
	int n;

	cr_assert_not_null(f);
	cr_assert_eq(fscanf(f, "%d", &n), 1);
	fclose(f);
	return n;
}

static int
expected(int above)
{
	return above < 1000 ? above : 1000;
}

Test(oom, a_process_goes_up_and_down_again_by_one_descriptor)
{
	int was = score(), fd = oom_open();

	cr_assert_neq(fd, -1);
	oom_set(fd, OOM_STREAM);
	cr_assert_eq(score(), expected(was + OOM_STREAM));
	oom_set(fd, OOM_NEWCOMER);
	cr_assert_eq(score(), expected(was + OOM_NEWCOMER));
	oom_set(fd, OOM_STREAM);
	cr_assert_eq(score(), expected(was + OOM_STREAM));
	oom_set(fd, 100000);
	cr_assert_eq(score(), 1000);
	close(fd);
}

Test(oom, without_a_descriptor_nothing_happens)
{
	int was = score();

	oom_set(-1, OOM_STREAM);
	cr_assert_eq(score(), was);
}
