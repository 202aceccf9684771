/* SPDX-License-Identifier: ISC */
/*
 * test_control.c - orders reach who takes them, answers who gave them.
 */
#include "sys/control.h"

#include <sys/stat.h>

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char	dir[] = "/tmp/control-XXXXXX";
static char	path[64];

static void
set_up(void)
{
	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/ctl", dir);
}

static void
tear_down(void)
{
	(void)unlink(path);
	(void)rmdir(dir);
}

TestSuite(control, .timeout = 10, .init = set_up, .fini = tear_down);

/* Take one order in a child, and answer. */
static pid_t
answer_once(int fd, bool ok)
{
	struct control ct;
	pid_t pid = fork();

	cr_assert_neq(pid, -1);
	if (pid != 0)
		return pid;
	while (!control_read(fd, &ct))
		usleep(1000);
	control_answer(fd, &ct, ok, "%s of %d", ct.ct_order,
	    (int)(ct.ct_pid == getppid()));
	_exit(0);
}

Test(control, an_order_is_answered)
{
	char text[CONTROL_TEXT];
	int fd = control_open(path), status;
	pid_t pid;

	cr_assert_neq(fd, -1);
	pid = answer_once(fd, true);
	cr_assert_eq(control_ask(path, "dance", 5000, text), 0);
	cr_assert_str_eq(text, "dance of 1");
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	pid = answer_once(fd, false);
	cr_assert_eq(control_ask(path, "sing", 5000, text), 1);
	cr_assert_str_eq(text, "sing of 1");
	cr_assert_eq(waitpid(pid, &status, 0), pid);
}

Test(control, an_order_may_want_no_answer)
{
	int fd = control_open(path);
	struct control ct;

	cr_assert_not(control_read(fd, &ct));
	cr_assert_eq(control_send(path, "stop"), 0);
	cr_assert(control_read(fd, &ct));
	cr_assert_str_eq(ct.ct_order, "stop");
	cr_assert_eq(ct.ct_pid, getpid());
	cr_assert_eq(ct.ct_len, 0);
	control_answer(fd, &ct, true, "nobody hears this");
	cr_assert_not(control_read(fd, &ct));
}

static bool
same_file(int a, int b)
{
	struct stat one, other;

	cr_assert_eq(fstat(a, &one), 0);
	cr_assert_eq(fstat(b, &other), 0);
	return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

Test(control, a_descriptor_goes_along_with_an_order_and_with_an_answer)
{
	int fd = control_open(path), file = fileno(tmpfile()), given, status;
	char text[CONTROL_TEXT];
	struct control ct;
	pid_t pid;

	cr_assert_eq(control_send_fd(path, "take", file), 0);
	cr_assert(control_read(fd, &ct));
	cr_assert_str_eq(ct.ct_order, "take");
	cr_assert_eq(ct.ct_pid, getpid());
	cr_assert_eq(ct.ct_uid, getuid());
	cr_assert_neq(ct.ct_fd, file);
	cr_assert(same_file(ct.ct_fd, file));
	cr_assert_eq(control_send(path, "nothing"), 0);
	cr_assert(control_read(fd, &ct));
	cr_assert_eq(ct.ct_fd, -1);
	if ((pid = fork()) == 0) {
		while (!control_read(fd, &ct))
			usleep(1000);
		control_answer_fd(fd, &ct, file, "there it is");
		_exit(0);
	}
	cr_assert_eq(control_ask_fd(path, "give", 5000, text, &given), 0);
	cr_assert_str_eq(text, "there it is");
	cr_assert(same_file(given, file));
	cr_assert_eq(waitpid(pid, &status, 0), pid);
}

Test(control, what_is_too_long_is_cut)
{
	int fd = control_open(path);
	char order[2 * CONTROL_TEXT];
	struct control ct;

	memset(order, 'x', sizeof(order));
	order[sizeof(order) - 1] = '\0';
	cr_assert_eq(control_send(path, order), 0);
	cr_assert(control_read(fd, &ct));
	cr_assert_eq(strlen(ct.ct_order), CONTROL_TEXT - 1);
}

Test(control, who_is_not_there_and_who_is_silent_is_told)
{
	char text[CONTROL_TEXT];
	int fd;

	cr_assert_eq(control_ask(path, "stop", 100, text), -1);
	cr_assert_eq(errno, ENOENT);
	fd = control_open(path);
	cr_assert_eq(control_ask(path, "stop", 100, text), -1);
	cr_assert_eq(errno, ETIMEDOUT);
	close(fd);
	cr_assert_eq(control_ask(path, "stop", 100, text), -1);
	cr_assert_eq(errno, ECONNREFUSED);
	cr_assert_eq(control_send(path, "stop"), -1);
	cr_assert_eq(errno, ECONNREFUSED);
}

/* By another process: what it says of the dead is heard at once. */
Test(control, who_dies_before_the_answer_is_told)
{
	char text[CONTROL_TEXT];
	int fd = control_open(path), next, status;
	pid_t pid = fork();

	if (pid == 0) {
		usleep(50000);
		close(fd);
		next = control_open(path);
		_exit(next == -1);
	}
	cr_assert_eq(control_ask(path, "stop", 5000, text), -1);
	cr_assert_eq(errno, ECONNRESET);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
}

Test(control, it_is_for_its_owner_and_takes_the_place_of_another)
{
	struct stat st;
	struct control ct;
	int first = control_open(path), second = control_open(path);

	cr_assert_neq(second, -1);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0600);
	cr_assert_eq(control_send(path, "one"), 0);
	cr_assert_not(control_read(first, &ct));
	cr_assert(control_read(second, &ct));
}
