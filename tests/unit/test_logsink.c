/* SPDX-License-Identifier: ISC */
/*
 * test_logsink.c - a line is written at once or not at all, and whoever does
 * not take it is not waited for.
 */
#include "sys/logsink.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define MANY	100000		/* lines: more than any buffer holds */

TestSuite(logsink, .timeout = 10);

static int	saved_stderr;

static void
to_stderr(int fd)
{
	(void)fflush(stderr);
	saved_stderr = dup(STDERR_FILENO);
	cr_assert_neq(dup2(fd, STDERR_FILENO), -1);
}

static void
restore(void)
{
	cr_assert_neq(dup2(saved_stderr, STDERR_FILENO), -1);
}

/* Lines that were taken before one was not. */
static int
fill(void)
{
	int n;

	for (n = 0; n < MANY && logsink_stderr(LOG_INFO, "line"); n++)
		;
	return n;
}

/* The reading side takes nothing, then everything. */
static void
stuck_then_read(int reader)
{
	static char buf[1 << 20];
	int before = fill(), again;
	bool refused = !logsink_stderr(LOG_INFO, "line");

	while (read(reader, buf, sizeof(buf)) == sizeof(buf))
		;
	again = fill();
	restore();
	cr_assert_gt(before, 10);
	cr_assert_lt(before, MANY);
	cr_assert(refused);
	cr_assert_gt(again, 10);
}

Test(logsink, a_pipe_that_nobody_reads_is_not_waited_for)
{
	int p[2];

	cr_assert_eq(pipe2(p, O_CLOEXEC), 0);
	to_stderr(p[1]);
	logsink_open_stderr();
	stuck_then_read(p[0]);
	/* whoever else has it open would not expect that of it */
	cr_assert_eq(fcntl(p[1], F_GETFL) & O_NONBLOCK, 0);
}

Test(logsink, nor_is_one_that_cannot_be_opened_anew)
{
	int p[2];

	cr_assert_eq(pipe2(p, O_CLOEXEC), 0);
	to_stderr(p[1]);
	stuck_then_read(p[0]);
}

Test(logsink, nor_is_a_socket)
{
	int p[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, p), 0);
	to_stderr(p[1]);
	logsink_open_stderr();
	stuck_then_read(p[0]);
}

Test(logsink, half_a_line_is_none_and_is_ended_before_the_next)
{
	struct rlimit rl, small;
	char text[256] = "";
	int fd = memfd_create("log", MFD_CLOEXEC);
	bool half, whole;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &rl);
	small = rl;
	small.rlim_cur = 40;
	to_stderr(fd);
	setrlimit(RLIMIT_FSIZE, &small);
	half = logsink_stderr(LOG_INFO, "this does not fit");
	setrlimit(RLIMIT_FSIZE, &rl);
	whole = logsink_stderr(LOG_INFO, "this does");
	restore();
	cr_assert_not(half);
	cr_assert(whole);
	cr_assert_gt(pread(fd, text, sizeof(text) - 1, 0), 0);
	cr_assert_eq(text[40], '\n', "%s", text);
	cr_assert_not_null(strstr(text + 41, "Z info this does\n"));
}

Test(logsink, a_syslogd_that_is_not_there_is_not_an_error)
{
	if (access("/dev/log", F_OK) == 0)
		return;
	logsink_open_syslog("test");
	cr_assert_not(logsink_syslog(LOG_INFO, "line"));
	logsink_close_syslog();
}
