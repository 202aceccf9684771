/* SPDX-License-Identifier: ISC */
/*
 * test_fdpass.c - descriptors arrive or are closed; none leaks, whatever the
 * sender did.
 */
#include "sys/fdpass.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "descriptors.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))
#define MANY	8

TestSuite(fdpass, .timeout = 10);

static void
open_pair(int pair[2])
{
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    pair), 0);
}

/* A sender that keeps no rule: any length, any number of descriptors. */
static void
send_raw(int sock, size_t len, int fd, int nfd)
{
	static char data[4096];
	union {
		char		 buf[CMSG_SPACE(sizeof(int) * MANY)];
		struct cmsghdr	 align;
	} ctl = { 0 };
	struct iovec iov = { data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cm;
	int i;

	if (nfd > 0) {
		msg.msg_control = ctl.buf;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)nfd);
		cm = CMSG_FIRSTHDR(&msg);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)nfd);
		for (i = 0; i < nfd; i++)
			memcpy(CMSG_DATA(cm) + (size_t)i * sizeof(int), &fd,
			    sizeof(int));
	}
	cr_assert_eq(sendmsg(sock, &msg, 0), (ssize_t)len);
}

static int
same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 &&
	    x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

Test(fdpass, a_packet_arrives_with_its_descriptors)
{
	int pair[2], fds[2], got[FDPASS_MAX];
	char text[64] = "";

	open_pair(pair);
	cr_assert_eq(pipe(fds), 0);
	cr_assert_eq(fdpass_send(pair[0], "hello", 5, fds, 2), 0);
	cr_assert_eq(fdpass_recv(pair[1], text, sizeof(text), got), 5);
	cr_assert_str_eq(text, "hello");
	cr_assert(same_file(got[0], fds[0]) && got[0] != fds[0]);
	cr_assert(same_file(got[1], fds[1]) && got[1] != fds[1]);
	cr_assert_eq(fcntl(got[0], F_GETFD), FD_CLOEXEC);
	cr_assert_eq(fcntl(got[1], F_GETFD), FD_CLOEXEC);
	cr_assert_eq(fcntl(fds[0], F_GETFD), 0);	/* still ours */
}

Test(fdpass, a_slot_without_a_descriptor_says_so)
{
	int pair[2], got[FDPASS_MAX], one;
	char text[64];

	open_pair(pair);
	one = STDIN_FILENO;
	cr_assert_eq(fdpass_send(pair[0], "1", 1, &one, 1), 0);
	cr_assert_eq(fdpass_recv(pair[1], text, sizeof(text), got), 1);
	cr_assert_neq(got[0], -1);
	cr_assert_eq(got[1], -1);
	cr_assert_eq(fdpass_send(pair[0], "0", 1, NULL, 0), 0);
	cr_assert_eq(fdpass_recv(pair[1], text, sizeof(text), got), 1);
	cr_assert_eq(got[0], -1);
	cr_assert_eq(got[1], -1);
}

Test(fdpass, packets_keep_their_bounds)
{
	int pair[2], got[FDPASS_MAX];
	char text[64];

	open_pair(pair);
	cr_assert_eq(fdpass_send(pair[0], "one", 3, NULL, 0), 0);
	cr_assert_eq(fdpass_send(pair[0], "three", 5, NULL, 0), 0);
	cr_assert_eq(fdpass_recv(pair[1], text, sizeof(text), got), 3);
	cr_assert_eq(fdpass_recv(pair[1], text, sizeof(text), got), 5);
}

Test(fdpass, what_is_too_long_is_cut_and_told)
{
	int pair[2], got[FDPASS_MAX];
	char text[64];

	open_pair(pair);
	send_raw(pair[0], 4096, STDIN_FILENO, 1);
	cr_assert_eq(fdpass_recv(pair[1], text, sizeof(text), got), 4096);
	cr_assert_neq(got[0], -1);
	cr_assert_eq(fdpass_send(pair[0], "next", 4, NULL, 0), 0);
	cr_assert_eq(fdpass_recv(pair[1], text, sizeof(text), got), 4);
}

Test(fdpass, it_never_waits)
{
	int pair[2], got[FDPASS_MAX], i;
	char text[1024] = { 0 };

	open_pair(pair);
	cr_assert_eq(fdpass_recv(pair[1], text, sizeof(text), got), -1);
	cr_assert_eq(errno, EAGAIN);
	for (i = 0; i < 1000000; i++)
		if (fdpass_send(pair[0], text, sizeof(text), NULL, 0) == -1)
			break;
	cr_assert_lt(i, 1000000);
	cr_assert_eq(errno, EAGAIN);
}

Test(fdpass, the_end_is_told_to_both_sides)
{
	int pair[2], got[FDPASS_MAX];
	char text[64];

	open_pair(pair);
	close(pair[0]);
	cr_assert_eq(fdpass_recv(pair[1], text, sizeof(text), got), 0);
	cr_assert_eq(got[0], -1);
	/* and without SIGPIPE */
	cr_assert_eq(fdpass_send(pair[1], "x", 1, NULL, 0), -1);
	cr_assert_eq(errno, EPIPE);
}

/*
 * An empty packet with descriptors: fdpass_recv() returned 0 with open
 * descriptors, which no caller closes after the end, so that a peer could
 * fill the hub's table with them.
 */
struct bad {
	size_t	 len;
	int	 nfd;
	ssize_t	 want;
};

ParameterizedTestParameters(fdpass, what_is_not_handed_over_is_closed)
{
	static struct bad v[] = {
		{ 64, 3, -1 }, { 64, MANY, -1 },	/* too many */
		{ 1, 3, -1 }, { 0, 3, -1 },
		{ 4096, MANY, -1 },
		{ 0, 1, 0 }, { 0, 2, 0 },		/* empty */
	};

	return cr_make_param_array(struct bad, v, N(v));
}

ParameterizedTest(struct bad *v, fdpass, what_is_not_handed_over_is_closed)
{
	int pair[2], got[FDPASS_MAX], before, i;
	char text[64];

	open_pair(pair);
	before = count_descriptors();
	send_raw(pair[0], v->len, STDIN_FILENO, v->nfd);
	cr_assert_eq(fdpass_recv(pair[1], text, sizeof(text), got), v->want);
	if (v->want == -1)
		cr_assert_eq(errno, EMSGSIZE);
	for (i = 0; i < FDPASS_MAX; i++)
		cr_assert_eq(got[i], -1);
	cr_assert_eq(count_descriptors(), before);
	/* the next one is none the worse */
	cr_assert_eq(fdpass_send(pair[0], "next", 4, NULL, 0), 0);
	cr_assert_eq(fdpass_recv(pair[1], text, sizeof(text), got), 4);
}

Test(fdpass, a_packet_that_just_fits_is_taken)
{
	int pair[2], got[FDPASS_MAX];
	char text[64];

	open_pair(pair);
	send_raw(pair[0], 64, STDIN_FILENO, FDPASS_MAX);
	cr_assert_eq(fdpass_recv(pair[1], text, sizeof(text), got), 64);
	cr_assert(got[0] != -1 && got[1] != -1);
}

/*
 * Issue: a report that came while the hub was out of descriptors looked like
 * nonsense, and its sender was told to end its stream. Cause: the kernel says
 * MSG_CTRUNC of both. Trigger: RLIMIT_NOFILE.
 */
Test(fdpass, descriptors_without_room_are_told_from_too_many)
{
	int pair[2], got[FDPASS_MAX], probe;
	struct rlimit rl, small;
	char text[64];

	open_pair(pair);
	probe = dup(STDIN_FILENO);	/* the lowest one that is free */
	cr_assert_neq(probe, -1);
	close(probe);
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &rl), 0);
	small = rl;
	for (small.rlim_cur = (rlim_t)probe;
	    small.rlim_cur < (rlim_t)probe + FDPASS_MAX; small.rlim_cur++) {
		send_raw(pair[0], 64, STDIN_FILENO, FDPASS_MAX);
		cr_assert_eq(setrlimit(RLIMIT_NOFILE, &small), 0);
		cr_assert_eq(fdpass_recv(pair[1], text, sizeof(text), got),
		    -1);
		cr_assert_eq(errno, EMFILE);
		cr_assert(got[0] == -1 && got[1] == -1);
		cr_assert_eq(setrlimit(RLIMIT_NOFILE, &rl), 0);
	}
	send_raw(pair[0], 64, STDIN_FILENO, FDPASS_MAX);
	cr_assert_eq(fdpass_recv(pair[1], text, sizeof(text), got), 64);
}
