/* SPDX-License-Identifier: ISC */
/*
 * segment.c - shared-memory objects, nameless or to be found by a link.
 * The name of a nameless one exists for the two opens only: no crash can leave
 * one behind for longer than those take. The name of any other tells the run
 * directory that it is of, by its inode, which no other directory has while
 * anybody is in it: so what a crash left can be told from what is in use.
 */
#include "shm/segment.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What all names of the working directory begin with. -1 and errno. */
static int
make_prefix(char prefix[SEGMENT_NAME])
{
	struct stat st;

	if (stat(".", &st) == -1)
		return -1;
	snprintf(prefix, SEGMENT_NAME, SEGMENT_PREFIX "%llx-%llx-",
	    (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	return 0;
}

static int
make_name(char name[SEGMENT_NAME])
{
	char prefix[SEGMENT_NAME];

	if (make_prefix(prefix) == -1)
		return -1;
	snprintf(name, SEGMENT_NAME, "/%.46s%08x%08x", prefix, arc4random(),
	    arc4random());
	return 0;
}

static int
open_twice(const char *name, int *rw, int *ro)
{
	*rw = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (*rw == -1)
		return -1;
	*ro = shm_open(name, O_RDONLY, 0);
	return *ro == -1 ? -1 : 0;
}

/* posix_fallocate(3) may be interrupted while it fills a large object. */
static int
reserve(int fd, size_t bytes)
{
	int error;

	if (ftruncate(fd, (off_t)bytes) == -1)
		return -1;
	do
		error = posix_fallocate(fd, 0, (off_t)bytes);
	while (error == EINTR);
	errno = error;
	return error == 0 ? 0 : -1;
}

static int
fail(int *rw, int *ro)
{
	int saved = errno;

	if (*rw != -1)
		close(*rw);
	if (*ro != -1)
		close(*ro);
	errno = saved;
	return -1;
}

int
segment_create(size_t bytes, int *rw, int *ro)
{
	char name[SEGMENT_NAME];
	int opened, saved;

	*rw = *ro = -1;
	if (make_name(name) == -1)
		return -1;
	opened = open_twice(name, rw, ro);
	saved = errno;
	(void)shm_unlink(name);
	errno = saved;
	if (opened == -1 || reserve(*rw, bytes) == -1)
		return fail(rw, ro);
	return 0;
}

/* May `group` read it? Its owner alone until then. */
static int
share(int fd, gid_t group)
{
	if (group == PRIV_NO_GROUP)
		return 0;
	return fchown(fd, (uid_t)-1, group) == -1 ? -1 : fchmod(fd, 0640);
}

int
segment_create_named(size_t bytes, gid_t group, char name[SEGMENT_NAME],
    int *rw, int *ro)
{
	int saved;

	*rw = *ro = -1;
	if (make_name(name) == -1)
		return -1;
	if (open_twice(name, rw, ro) == 0 && share(*rw, group) == 0 &&
	    reserve(*rw, bytes) == 0)
		return 0;
	saved = errno;
	(void)shm_unlink(name);
	errno = saved;
	return fail(rw, ro);
}

int
segment_show(const char *link, const char *name)
{
	char target[PATH_MAX], next[NAME_MAX];

	snprintf(target, sizeof(target), SEGMENT_DIR "%s", name);
	snprintf(next, sizeof(next), "%s.new", link);
	(void)unlink(next);
	return symlink(target, next) == -1 ? -1 : rename(next, link);
}

void
segment_clean(const char *but)
{
	char prefix[SEGMENT_NAME];
	const struct dirent *de;
	DIR *dir;

	if (make_prefix(prefix) == -1 || (dir = opendir(SEGMENT_DIR)) == NULL)
		return;
	while ((de = readdir(dir)) != NULL)
		if (strncmp(de->d_name, prefix, strlen(prefix)) == 0 &&
		    (but == NULL || strcmp(de->d_name, but + 1) != 0))
			(void)unlinkat(dirfd(dir), de->d_name, 0);
	closedir(dir);
}
