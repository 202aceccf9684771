/* SPDX-License-Identifier: ISC */
/*
 * test_aside.c - work whose traces are not to stay in this process.
 */
#include "sys/aside.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(aside, .timeout = 10);

struct sum {
	int	 su_sum;
	bool	 su_done;
};

static int	touched;

static void
add(void *area, const void *with)
{
	const int *n = with;
	struct sum *su = area;

	touched = 1;
	su->su_sum = n[0] + n[1];
	su->su_done = true;
}

Test(aside, what_it_worked_out_is_here_and_the_rest_is_not)
{
	static const int n[] = { 40, 2 };
	struct sum *su = aside_run(add, n, sizeof(*su));

	cr_assert_not_null(su);
	cr_assert_eq(su->su_sum, 42);
	cr_assert(su->su_done);
	cr_assert_eq(touched, 0);
	cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1);
	cr_assert_eq(errno, ECHILD);
	aside_free(su, sizeof(*su));
}

/* inetd(8) may leave it so. */
Test(aside, an_ignored_sigchld_does_not_matter)
{
	static const int n[] = { 40, 2 };
	struct sum *su;

	signal(SIGCHLD, SIG_IGN);
	su = aside_run(add, n, sizeof(*su));
	cr_assert_not_null(su);
	cr_assert_eq(su->su_sum, 42);
	cr_assert(su->su_done);
	aside_free(su, sizeof(*su));
}

static void
die(void *area, const void *with)
{
	struct sum *su = area;

	(void)with;
	su->su_sum = 1;
	kill(getpid(), SIGKILL);
	su->su_done = true;
}

Test(aside, the_end_of_work_that_died_is_missing)
{
	struct sum *su = aside_run(die, NULL, sizeof(*su));

	cr_assert_not_null(su);
	cr_assert_eq(su->su_sum, 1);
	cr_assert_not(su->su_done);
	aside_free(su, sizeof(*su));
}
