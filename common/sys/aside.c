/* SPDX-License-Identifier: ISC */
/*
 * aside.c - work whose traces are not to stay in this process.
 * Who forks many children hands each of them the holes that a library has left
 * in its heap: whatever a child allocates then lies in another page, and becomes
 * its own by being written.
 */
#include "sys/aside.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "sys/proc.h"

#define ASIDE_TIME	5000	/* ms */

/* Its end, which it is helped to if what it reads does not come. */
static void
await(pid_t pid)
{
	struct pollfd pfd = {
		.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN,
	};

	if (pfd.fd != -1) {
		while (poll(&pfd, 1, ASIDE_TIME) == -1 && errno == EINTR)
			;
		if (pfd.revents == 0)
			kill(pid, SIGKILL);
		close(pfd.fd);
	}
	/* ECHILD: it has ended, under a SIGCHLD that is ignored */
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		;
}

void *
aside_run(void (*work)(void *, const void *), const void *with, size_t size)
{
	void *area = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (area == MAP_FAILED)
		return NULL;
	if ((pid = fork()) == -1) {
		aside_free(area, size);
		return NULL;
	}
	if (pid == 0) {
		proc_close_others(NULL, 0);
		work(area, with);
		_exit(0);
	}
	await(pid);
	return area;
}

void
aside_free(void *area, size_t size)
{
	(void)munmap(area, size);
}
