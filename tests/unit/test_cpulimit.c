/* SPDX-License-Identifier: ISC */
/*
 * test_cpulimit.c - who spends its time is asked, then ended.
 */
#include "sys/cpulimit.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sys/log.h"

TestSuite(cpulimit, .timeout = 20);

static double
used(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int
end_of(pid_t pid)
{
	int	 status;

	cr_assert_neq(pid, -1);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return status;
}

Test(cpulimit, the_first_second_over_asks)
{
	pid_t	 pid = fork();
	int	 status;

	if (pid == 0) {
		if (cpulimit_set(1000) == -1 || cpulimit_spent())
			_exit(1);
		while (!cpulimit_spent())
			if (used() > 1.9)
				_exit(2);
		_exit(used() > 0.9 ? 0 : 3);
	}
	status = end_of(pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%d", status);
}

Test(cpulimit, the_next_one_ends_the_process_with_its_prepared_line)
{
	char	 line[LOG_LINE_MAX] = "", want[64];
	int	 pair[2], status;
	pid_t	 pid;

	cr_assert_eq(log_pair(pair), 0);
	pid = fork();
	if (pid == 0) {
		log_to_socket(pair[1]);
		log_prepare("disconnect detail=%s", "cpu-limit");
		if (cpulimit_set(1000) == -1)
			_exit(1);
		while (used() < 5)
			continue;
		_exit(2);
	}
	status = end_of(pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%d", status);
	cr_assert_gt(recv(pair[0], line, sizeof(line) - 1, MSG_DONTWAIT), 1);
	(void)snprintf(want, sizeof(want), "disconnect detail=cpu-limit pid=%d",
	    (int)pid);
	cr_assert_str_eq(line + 1, want);
}

Test(cpulimit, once_lifted_it_neither_asks_nor_ends)
{
	pid_t	 pid = fork();
	int	 status;

	if (pid == 0) {
		if (cpulimit_set(1000) == -1)
			_exit(1);
		cpulimit_lift();
		while (used() < 2.2)
			if (cpulimit_spent())
				_exit(2);
		_exit(0);
	}
	status = end_of(pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%d", status);
}

Test(cpulimit, lifting_what_was_never_set_changes_nothing)
{
	struct rlimit	 before, after;

	cr_assert_eq(getrlimit(RLIMIT_CPU, &before), 0);
	cpulimit_lift();
	cr_assert_eq(getrlimit(RLIMIT_CPU, &after), 0);
	cr_assert_eq(memcmp(&before, &after, sizeof(after)), 0);
}
