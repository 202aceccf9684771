/* SPDX-License-Identifier: ISC */
/*
 * aside.c - work whose traces are not to stay in this process.
 * Who forks many children hands each of them the holes that a library has left
 * in its heap: whatever a child allocates then lies in another page, and becomes
 * its own by being written.
 */
#include "sys/aside.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <unistd.h>

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
		work(area, with);
		_exit(0);
	}
	/* ECHILD: it has ended, under a SIGCHLD that is ignored */
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		;
	return area;
}

void
aside_free(void *area, size_t size)
{
	(void)munmap(area, size);
}
