/* SPDX-License-Identifier: ISC */
/*
 * probe.c - try what a taken-over process would try; see probe.h.
 */
#include "sys/probe.h"

#ifdef RTMPD_PROBE

#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/sandbox.h"

static int
try_open(int fd)
{
	(void)fd;
	return open("/", O_RDONLY);
}

static int
try_create(int fd)
{
	(void)fd;
	return open("/tmp/rtmpd-probe", O_WRONLY | O_CREAT, 0600);
}

static int
try_inet(int fd)
{
	(void)fd;
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int
try_packet(int fd)
{
	(void)fd;
	return socket(AF_PACKET, SOCK_RAW, 0);
}

static int
try_exec(int fd)
{
	char *argv[] = { "true", NULL };

	(void)fd;
	return execve("/bin/true", argv, NULL);
}

static int
try_truncate(int fd)
{
	return ftruncate(fd, 0);
}

static int
try_map(int fd)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) ==
	    MAP_FAILED ? -1 : 0;
}

static int
try_exec_map(int fd)
{
	(void)fd;
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static int
try_ptrace(int fd)
{
	(void)fd;
	return (int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static int
try_kill(int fd)
{
	(void)fd;
	return kill(getppid(), 0);
}

/* Turn the peer's socket into one to somewhere else. */
static int
try_reconnect(int fd)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	(void)fd;
	return connect(SANDBOX_PEER_FD, &none, sizeof(none));
}

/* Make room for an accepted connection among what may be connected. */
static int
try_unseat(int fd)
{
	(void)fd;
	return close(SANDBOX_FIXED_FDS - 1);
}

/* The same as try_reconnect(), where accepted connections are. */
static int
try_leave(int fd)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	(void)fd;
	return connect(SANDBOX_FIXED_FDS, &none, sizeof(none));
}

/* Have the kernel send signals. */
static int
try_owner(int fd)
{
	(void)fd;
	return fcntl(SANDBOX_PEER_FD, F_SETOWN, getppid());
}

/* Take pages out of a ring. */
static int
try_hole(int fd)
{
	static char page[8192];

	(void)fd;
	return madvise((void *)(((uintptr_t)page + 4095) & ~(uintptr_t)4095),
	    4096, MADV_REMOVE);
}

static int
try_fork(int fd)
{
	pid_t pid = fork();

	(void)fd;
	if (pid == 0)
		_exit(0);
	return pid == -1 ? -1 : 0;
}

static const struct {
	const char	*name;
	int		(*call)(int);
} calls[] = {
	{ "open", try_open }, { "create", try_create }, { "inet", try_inet },
	{ "packet", try_packet }, { "exec", try_exec },
	{ "truncate", try_truncate }, { "map", try_map },
	{ "exec-map", try_exec_map }, { "ptrace", try_ptrace },
	{ "kill", try_kill }, { "fork", try_fork },
	{ "reconnect", try_reconnect }, { "owner", try_owner },
	{ "hole", try_hole },
	{ "unseat", try_unseat }, { "leave", try_leave },
};

static void
probe(const char *where, int fd)
{
	const char *wish = getenv("RTMPD_PROBE");
	size_t i, len = strlen(where);

	if (wish == NULL || strncmp(wish, where, len) != 0 ||
	    wish[len] != ' ')
		return;
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(wish + len + 1, calls[i].name) == 0)
			_exit(calls[i].call(fd) == -1 ? errno : 0);
}

void
probe_role(int role)
{
	static const char *const name[] = {
		[SANDBOX_LISTENER] = "listener", [SANDBOX_HUB] = "hub",
		[SANDBOX_CONNECTION] = "connection",
		[SANDBOX_RECORDER] = "recorder",
		[SANDBOX_METRICS] = "metrics",
	};

	probe(name[role], -1);
}

void
probe_beneath(void)
{
	probe("beneath", -1);
}

void
probe_ring(int fd)
{
	probe("ring", fd);
}

#endif
