/* SPDX-License-Identifier: ISC */
/*
 * lacks.c - what valgrind does not do for rtmpd; preloaded under it.
 *
 * Valgrind 3.19 answers ENOSYS for some system calls. Each is made first, so
 * that a later one which knows it is used; then what comes near enough to let
 * the caller go on is done. And limits that a process sets for itself would be
 * valgrind's own.
 */
#include <sys/resource.h>
#include <sys/syscall.h>

#include <linux/seccomp.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define MISSING_MAX	460

typedef long (*syscall_fn)(long, ...);
typedef int (*setrlimit_fn)(__rlimit_resource_t, const struct rlimit *);

int	setrlimit(__rlimit_resource_t, const struct rlimit *);

/* libseccomp asks if there is such a call, and which actions: all. */
static long
call_seccomp(long operation)
{
	if (operation == SECCOMP_GET_ACTION_AVAIL)
		return 0;
	errno = EINVAL;
	return -1;
}

/* A directory of /proc is the process's just as well. */
static long
call_pidfd_open(int pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d", pid);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int
pid_of(int fd)
{
	char path[64], text[128];
	int pid = -1;
	ssize_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "/proc/%d", &pid) == 1)
		return pid;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if ((f = fopen(path, "re")) == NULL)
		return -1;
	while (fgets(text, sizeof(text), f) != NULL)
		if (sscanf(text, "Pid: %d", &pid) == 1)
			break;
	fclose(f);
	return pid;
}

static long
call_pidfd_send_signal(int fd, int sig)
{
	int pid = pid_of(fd);

	if (pid > 0)
		return kill(pid, sig);
	errno = ESRCH;
	return -1;
}

/* A wake-up for no reason, soon: callers look again. */
static long
call_futex_waitv(void)
{
	struct timespec soon = { 0, 5 * 1000000 };

	nanosleep(&soon, NULL);
	return 0;
}

static long
instead(long number, const long *arg)
{
	switch (number) {
	case SYS_seccomp:
		return call_seccomp(arg[0]);
	case SYS_pidfd_open:
		return call_pidfd_open((int)arg[0]);
	case SYS_pidfd_send_signal:
		return call_pidfd_send_signal((int)arg[0], (int)arg[1]);
	case SYS_futex_waitv:
		return call_futex_waitv();
	default:
		errno = ENOSYS;
		return -1;
	}
}

long
syscall(long number, ...)
{
	static char missing[MISSING_MAX];
	static syscall_fn real;
	long arg[6], result;
	va_list ap;
	int i;

	va_start(ap, number);
	for (i = 0; i < 6; i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "syscall");
	if (number >= 0 && number < MISSING_MAX && missing[number])
		return instead(number, arg);
	result = real(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
	if (result != -1 || errno != ENOSYS)
		return result;
	if (number >= 0 && number < MISSING_MAX)
		missing[number] = 1;
	return instead(number, arg);
}

/* Memory, the size of a file, which may be valgrind's log, and descriptors, the
 * hard limit on which valgrind does not let go down. */
int
setrlimit(__rlimit_resource_t what, const struct rlimit *rl)
{
	static setrlimit_fn real;

	if (what == RLIMIT_AS || what == RLIMIT_FSIZE || what == RLIMIT_NOFILE)
		return 0;
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "setrlimit");
	return real(what, rl);
}
