/* SPDX-License-Identifier: ISC */
/*
 * spawner.c - start attendants for the hub, and tell it how they end.
 * Forked before the hub enters its filter. It trusts the hub as far as the
 * choice of arguments: what it executes are the two programs below. It ends
 * with the hub; attendants do not, they report to the next one.
 */
#include "spawner.h"

#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "sys/log.h"
#include "sys/proc.h"

#define SPAWNED_MAX	1024	/* at a time */
#define EXEC_FAILED	127	/* exit status, as of a shell */

/* Who was started: an entry without a pid is free. */
static struct spawned {
	pid_t		 sp_pid;
	uint64_t	 sp_id;
} spawned[SPAWNED_MAX];

static const char *const programs[] = {
	[ATTENDANT_RECORD] = "rtmprecord", [ATTENDANT_METRICS] = "rtmpmetrics",
};

const char *
spawner_program(enum attendant_program program)
{
	return programs[program];
}

void
spawn_init(struct spawn_order *so, enum attendant_program program)
{
	memset(so, 0, sizeof(*so));
	so->so_program = program;
}

bool
spawn_add(struct spawn_order *so, const char *arg)
{
	size_t n = strlen(arg) + 1;

	if (n > sizeof(so->so_text) - so->so_len)
		return false;
	memcpy(so->so_text + so->so_len, arg, n);
	so->so_len += (uint32_t)n;
	return true;
}

/* The arguments in place, behind the program's name. */
static bool
split(struct spawn_order *so, char *argv[SPAWN_ARGS + 2])
{
	char *p = so->so_text, *end = so->so_text + so->so_len;
	int n = 1;

	argv[0] = (char *)(uintptr_t)programs[so->so_program];
	for (; p < end && n <= SPAWN_ARGS; p += strlen(p) + 1)
		argv[n++] = p;
	argv[n] = NULL;
	return p >= end;
}

static bool
is_order(const struct spawn_order *so, ssize_t len)
{
	return len == (ssize_t)sizeof(*so) &&
	    so->so_program < sizeof(programs) / sizeof(programs[0]) &&
	    so->so_len <= sizeof(so->so_text) &&
	    (so->so_len == 0 || so->so_text[so->so_len - 1] == '\0');
}

/* A session of its own: neither terminal nor hub signal it. */
static void
become(struct spawn_order *so)
{
	char path[PATH_MAX], *argv[SPAWN_ARGS + 2];
	sigset_t none;

	(void)setsid();
	proc_close_others(NULL, 0);
	(void)proc_null_stdio(0);
	signal(SIGHUP, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (split(so, argv) &&
	    proc_sibling(programs[so->so_program], path, sizeof(path)) == 0)
		execv(path, argv);
	_exit(EXEC_FAILED);
}

/* The hub takes what it asked for; should it not, it has ended. */
static void
tell(int sock, uint64_t id, pid_t pid, int status)
{
	struct spawn_end se = {
		.se_id = id, .se_pid = (int32_t)pid, .se_status = status,
	};

	(void)send(sock, &se, sizeof(se), MSG_NOSIGNAL);
}

static struct spawned *
find(pid_t pid)
{
	int i;

	for (i = 0; i < SPAWNED_MAX; i++)
		if (spawned[i].sp_pid == pid)
			return &spawned[i];
	return NULL;
}

static void
start(int sock, struct spawn_order *so)
{
	struct spawned *sp = find(0);
	pid_t pid = sp == NULL ? -1 : fork();

	if (pid == 0)
		become(so);
	if (pid == -1) {
		tell(sock, so->so_id, 0, W_EXITCODE(EXEC_FAILED, 0));
		return;
	}
	sp->sp_pid = pid;
	sp->sp_id = so->so_id;
}

static void
reap(int sock)
{
	struct spawned *sp;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if ((sp = find(pid)) == NULL)
			continue;
		tell(sock, sp->sp_id, pid, status);
		sp->sp_pid = 0;
	}
}

/* False: the hub has ended. */
static bool
turn(int sock, int signals)
{
	struct pollfd pfd[2] = {
		{ .fd = sock, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};
	struct signalfd_siginfo si;
	struct spawn_order so;
	ssize_t n;

	if (poll(pfd, 2, -1) == -1)
		return errno == EINTR;
	if (pfd[1].revents != 0 && read(signals, &si, sizeof(si)) > 0)
		reap(sock);
	if (pfd[0].revents == 0)
		return true;
	n = recv(sock, &so, sizeof(so), MSG_DONTWAIT);
	if (n > 0 && is_order(&so, n))
		start(sock, &so);
	return n > 0 || (n == -1 && errno == EAGAIN);
}

static void
spawner_run(int sock)
{
	sigset_t children;
	int signals;

	log_detach();
	proc_close_others(&sock, 1);
	proc_title("rtmpd: attendants");
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_BLOCK, &children, NULL);
	signals = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals == -1)
		_exit(1);
	while (turn(sock, signals))
		;
	_exit(0);
}

int
spawner_fork(void)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return -1;
	pid = fork();
	if (pid == 0)
		spawner_run(pair[1]);
	close(pair[1]);
	if (pid != -1)
		return pair[0];
	close(pair[0]);
	return -1;
}
