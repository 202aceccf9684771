/* SPDX-License-Identifier: ISC */
/*
 * segment.c - nameless shared-memory objects.
 * The name exists for the two opens only: no crash can leave one behind for
 * longer than those take.
 */
#include "shm/segment.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int
open_twice(int *rw, int *ro)
{
	char name[64];
	int saved;

	snprintf(name, sizeof(name), "/rtmpd-%d-%08x%08x", (int)getpid(),
	    arc4random(), arc4random());
	*rw = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (*rw == -1)
		return -1;
	*ro = shm_open(name, O_RDONLY, 0);
	saved = errno;
	(void)shm_unlink(name);
	errno = saved;
	return *ro == -1 ? -1 : 0;
}

/* posix_fallocate(3) may be interrupted while it fills a large object. */
static int
reserve(int fd, size_t bytes)
{
	int error;

	do
		error = posix_fallocate(fd, 0, (off_t)bytes);
	while (error == EINTR);
	errno = error;
	return error == 0 ? 0 : -1;
}

int
segment_create(size_t bytes, int *rw, int *ro)
{
	int saved;

	*rw = *ro = -1;
	if (open_twice(rw, ro) == 0 && ftruncate(*rw, (off_t)bytes) == 0 &&
	    reserve(*rw, bytes) == 0)
		return 0;
	saved = errno;
	if (*rw != -1)
		close(*rw);
	if (*ro != -1)
		close(*ro);
	errno = saved;
	return -1;
}
