/* SPDX-License-Identifier: ISC */
/*
 * floor.c - the least that a relay can do, to measure relays against: one
 * process, or one more for each subscriber, no limits, no checks beyond the
 * protocol, each message chunked once for all. Loopback only.
 */
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <netinet/in.h>

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "floor_forked.h"
#include "floor_peer.h"
#include "floor_stream.h"
#include "now.h"

#define EVENTS		256
#define HOLD_MAX	2000		/* ms */
#define HOLD_SETS	8		/* ms; below, all are woken at once */

static void
help(void)
{
	(void)printf(
	    "usage: floor [-f] [-m ms] port\n"
	    "\n"
	    "Relay RTMP streams on this port of 127.0.0.1, until killed.\n"
	    "\n"
	    "  -f       a process for each subscriber, a quarter of them "
	    "woken at a time\n"
	    "           where the hold is 8 ms or more\n"
	    "  -m ms    hold messages for that time, then send all that is "
	    "due at once;\n"
	    "           0, the default: a send(2) for each message and "
	    "subscriber\n");
}

static unsigned int
number(const char *text, unsigned int min, unsigned int max)
{
	const char *error;
	long long v;

	v = strtonum(text, min, max, &error);
	if (error != NULL)
		errx(EX_USAGE, "%s: %s", text, error);
	return (unsigned int)v;
}

static void
raise_files(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		err(1, "getrlimit");
	rl.rlim_cur = rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
		err(1, "setrlimit");
}

static int
listen_on(uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd, one = 1;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one,
	    sizeof(one)) == -1 || bind(fd, (const struct sockaddr *)&in,
	    sizeof(in)) == -1 || listen(fd, SOMAXCONN) == -1)
		err(1, "port %u", port);
	return fd;
}

static void
accept_all(struct floor *fl, int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL,
	    SOCK_NONBLOCK | SOCK_CLOEXEC)) != -1)
		peer_open(fl, fd);
}

/* A set of processes is woken at a time, each once in a hold. */
static void
divide(struct floor *fl)
{
	fl->fl_sets = fl->fl_hold < HOLD_SETS * NS_PER_MS ? 1 : FORKED_SETS;
	fl->fl_hold /= fl->fl_sets;
}

/* Flush what is due; returns ms until more is, or -1. */
static int
tick(const struct floor *fl)
{
	uint64_t now, next;

	if (fl->fl_hold == 0)
		return -1;
	now = now_ns();
	next = stream_tick(now, fl->fl_hold);
	return next == UINT64_MAX ? -1 :
	    (int)((next - now + NS_PER_MS - 1) / NS_PER_MS);
}

static void __attribute__((noreturn))
serve(struct floor *fl, int listener)
{
	struct epoll_event ev[EVENTS];
	int i, n;

	for (;;) {
		n = epoll_wait(fl->fl_epoll, ev, EVENTS, tick(fl));
		if (n == -1 && errno != EINTR)
			err(1, "epoll_wait");
		for (i = 0; i < n; i++) {
			if (ev[i].data.ptr == fl)
				accept_all(fl, listener);
			else
				peer_event(ev[i].data.ptr, ev[i].events);
		}
		peer_bury(fl);
	}
}

int
main(int argc, char **argv)
{
	struct floor fl = { .fl_epoll = epoll_create1(EPOLL_CLOEXEC) };
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = &fl };
	bool forked = false;
	int c, listener;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		help();
		return 0;
	}
	while ((c = getopt(argc, argv, "fm:")) != -1) {
		if (c == 'f')
			forked = true;
		else if (c == 'm')
			fl.fl_hold = number(optarg, 0, HOLD_MAX) * NS_PER_MS;
		else
			errx(EX_USAGE, "floor --help tells more");
	}
	if (optind + 1 != argc)
		errx(EX_USAGE, "floor --help tells more");
	if (forked)
		divide(&fl);
	raise_files();
	listener = listen_on((uint16_t)number(argv[optind], 1, 65535));
	/* shared, or each process would keep a copy of what it was */
	fl.fl_scratch = mmap(NULL, WIRE_SCRATCH, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fl.fl_scratch == MAP_FAILED || fl.fl_epoll == -1 ||
	    epoll_ctl(fl.fl_epoll, EPOLL_CTL_ADD, listener, &ev) == -1)
		err(1, "start");
	serve(&fl, listener);
}
