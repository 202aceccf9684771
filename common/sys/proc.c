/* SPDX-License-Identifier: ISC */
/*
 * proc.c - processes: telling them apart, ending them, cutting them loose.
 */
#include "sys/proc.h"

#include <sys/rseq.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RSEQ_AREA	32	/* bytes that glibc registers, __rseq_size or not */

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD	77	/* Linux 6.5 */
#endif

int
proc_of_peer(int sock, pid_t *pid, uid_t *uid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int fd;

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1)
		return -1;
	*pid = cred.pid;
	*uid = cred.uid;
	len = sizeof(fd);
	if (getsockopt(sock, SOL_SOCKET, SO_PEERPIDFD, &fd, &len) == 0) {
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
		return fd;
	}
	if (errno != ENOPROTOOPT)	/* gone; its pid may be another's now */
		return -1;
	return (int)syscall(SYS_pidfd_open, cred.pid, 0);
}

int
proc_behind(const char *path, pid_t *pid)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int sock, pidfd = -1;
	uid_t uid;

	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (sock == -1)
		return -1;
	strlcpy(sun.sun_path, path, sizeof(sun.sun_path));
	if (connect(sock, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		pidfd = proc_of_peer(sock, pid, &uid);
	close(sock);
	return pidfd;
}

int
proc_signal(int pidfd, int sig)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0);
}

void
proc_fill_stdio(void)
{
	static const int mode[] = { O_RDONLY, O_RDONLY, O_WRONLY };
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1)
			(void)open("/dev/null", mode[fd]);
}

/* The lowest descriptor of `keep` from `from` on, INT_MAX if there is none. */
static int
next_kept(const int *keep, int n, int from)
{
	int i, low = INT_MAX;

	for (i = 0; i < n; i++)
		if (keep[i] >= from && keep[i] < low)
			low = keep[i];
	return low;
}

void
proc_close_others(const int *keep, int n)
{
	int from = STDERR_FILENO + 1, kept;

	while ((kept = next_kept(keep, n, from)) != INT_MAX) {
		if (kept > from)
			(void)close_range((unsigned int)from,
			    (unsigned int)kept - 1, 0);
		from = kept + 1;
	}
	(void)close_range((unsigned int)from, ~0U, 0);
}

int
proc_null_stdio(int err)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd == -1)
		return -1;
	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	if (err)
		dup2(fd, STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
	return 0;
}

/* Until the daemon has started, or ended before it had. */
static void
exit_with_daemon(int started)
{
	ssize_t n;
	char c;

	do {
		n = read(started, &c, 1);
	} while (n == -1 && errno == EINTR);
	_exit(n == 1 ? 0 : 1);
}

int
proc_daemonize(void)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	switch (fork()) {
	case -1:
		close(ends[0]);
		close(ends[1]);
		return -1;
	case 0:
		close(ends[0]);
		break;
	default:
		close(ends[1]);
		exit_with_daemon(ends[0]);
	}
	if (setsid() == -1)
		return -1;
	switch (fork()) {
	case -1:
		return -1;
	case 0:
		break;
	default:
		_exit(0);
	}
	return proc_null_stdio(1) == 0 ? ends[1] : -1;
}

void
proc_started(int daemon)
{
	while (write(daemon, "", 1) == -1 && errno == EINTR)
		;
	close(daemon);
}

void
proc_plain_wakes(void)
{
	if (__rseq_size > 0)
		(void)syscall(SYS_rseq, (char *)__builtin_thread_pointer() +
		    __rseq_offset, RSEQ_AREA, RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
}

uint32_t
proc_processors(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) == -1)
		return CPU_SETSIZE;	/* more than it can name */
	return (uint32_t)CPU_COUNT(&set);
}

/* The title overwrites the arguments, and the environment behind them, which is
 * moved. One shorter than the arguments were would leave a mark where they
 * ended, so it is filled up with spaces. */
static char	*title;
static size_t	 title_width, title_room;

void
proc_title_init(int argc, char **argv)
{
	const char *end = argv[argc - 1] + strlen(argv[argc - 1]);
	char **env;

	title = argv[0];
	title_width = (size_t)(end - title);
	for (env = environ; *env == end + 1; env++)
		end = *env + strlen(*env);
	title_room = (size_t)(end - title) + 1;
	/* moves both; to write, setproctitle(3) would take 2 KiB of stack */
	setproctitle_init(argc, argv, environ);
}

void
proc_title(const char *fmt, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = (size_t)vsnprintf(title, title_room, fmt, ap);
	va_end(ap);
	if (n < title_width) {
		memset(title + n, ' ', title_width - n);
		title[title_width] = '\0';
	}
}

int
proc_sibling(const char *name, char *out, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", out, size - 1);
	char *slash;

	if (n == -1)
		return -1;
	out[n] = '\0';
	slash = strrchr(out, '/');
	if (slash == NULL) {
		errno = ENOENT;
		return -1;
	}
	slash[1] = '\0';
	if (strlcat(out, name, size) >= size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}
