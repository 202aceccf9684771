/* SPDX-License-Identifier: ISC */
/*
 * test_segment.c - shared memory: reserved, zero, and read-only for whoever
 * gets the second descriptor; nameless, or found by a link and never lost.
 */
#include "shm/segment.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "descriptors.h"

#define BYTES	(256 * 1024 + 4096)

static void	enter(void);
static void	leave(void);

TestSuite(segment, .timeout = 10, .init = enter, .fini = leave);

static char	place[64];

/* Names of the directory that we are in, in /dev/shm: one of the test's own, for
 * others are at work as well. */
static int
names(void)
{
	char prefix[64];
	const struct dirent *de;
	DIR *dir = opendir("/dev/shm");
	struct stat st;
	int n = 0;

	cr_assert_not_null(dir);
	cr_assert_eq(stat(".", &st), 0);
	snprintf(prefix, sizeof(prefix), "rtmpd-%llx-%llx-",
	    (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	while ((de = readdir(dir)) != NULL)
		n += strncmp(de->d_name, prefix, strlen(prefix)) == 0;
	closedir(dir);
	return n;
}

Test(segment, it_leaves_no_name_behind)
{
	struct stat st;
	int rw, ro;

	cr_assert_eq(segment_create(BYTES, &rw, &ro), 0);
	cr_assert_eq(names(), 0);
	cr_assert_eq(fstat(rw, &st), 0);
	cr_assert_eq(st.st_nlink, 0);
}

Test(segment, its_bytes_are_zero_and_reserved)
{
	const uint8_t *p;
	struct stat st;
	int rw, ro, i;

	cr_assert_eq(segment_create(BYTES, &rw, &ro), 0);
	cr_assert_eq(fstat(ro, &st), 0);
	cr_assert_eq(st.st_size, BYTES);
	cr_assert_geq(st.st_blocks * 512, BYTES);
	p = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, ro, 0);
	cr_assert_neq(p, MAP_FAILED);
	for (i = 0; i < BYTES; i++)
		cr_assert_eq(p[i], 0);
}

Test(segment, both_descriptors_are_the_same_object)
{
	uint8_t *w;
	const uint8_t *r;
	int rw, ro;

	cr_assert_eq(segment_create(BYTES, &rw, &ro), 0);
	w = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, rw, 0);
	r = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, ro, 0);
	cr_assert(w != MAP_FAILED && r != MAP_FAILED);
	w[BYTES - 1] = 0xa5;
	cr_assert_eq(r[BYTES - 1], 0xa5);
}

Test(segment, the_reader_can_neither_write_nor_shrink_it)
{
	void *p;
	int rw, ro;

	cr_assert_eq(segment_create(BYTES, &rw, &ro), 0);
	cr_assert_eq(mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, ro,
	    0), MAP_FAILED);
	cr_assert_eq(errno, EACCES);
	p = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, ro, 0);
	cr_assert_neq(p, MAP_FAILED);
	cr_assert_eq(mprotect(p, BYTES, PROT_READ | PROT_WRITE), -1);
	cr_assert_eq(errno, EACCES);
	cr_assert_eq(ftruncate(ro, 0), -1);
	cr_assert_eq(write(ro, "x", 1), -1);
	cr_assert_eq(fallocate(ro, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	    0, 4096), -1);
}

Test(segment, its_descriptors_do_not_survive_exec)
{
	int rw, ro;

	cr_assert_eq(segment_create(BYTES, &rw, &ro), 0);
	cr_assert_eq(fcntl(rw, F_GETFD), FD_CLOEXEC);
	cr_assert_eq(fcntl(ro, F_GETFD), FD_CLOEXEC);
}

Test(segment, nothing_is_left_of_one_that_cannot_be_made)
{
	int rw = 0, ro = 0, before = count_descriptors();

	cr_assert_eq(segment_create(SIZE_MAX, &rw, &ro), -1);
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(segment_create(0, &rw, &ro), -1);
	cr_assert_eq(count_descriptors(), before);
	cr_assert_eq(names(), 0);
}

static void
enter(void)
{
	strcpy(place, "/tmp/test_segment.XXXXXX");
	cr_assert_not_null(mkdtemp(place));
	cr_assert_eq(chdir(place), 0);
}

/* Nothing is left, neither there nor in /dev/shm. */
static void
leave(void)
{
	cr_assert_eq(names(), 0);
	cr_assert_eq(rmdir(place), 0, "%s: %s", place, strerror(errno));
}

/* Those with a name, and the link "it" to them. */

static void
make(char name[SEGMENT_NAME], gid_t group)
{
	int rw, ro;

	cr_assert_eq(segment_create_named(BYTES, group, name, &rw, &ro), 0,
	    "%s", strerror(errno));
	close(rw);
	close(ro);
}

static struct stat
follow(void)
{
	struct stat st;

	cr_assert_eq(stat("it", &st), 0, "%s", strerror(errno));
	return st;
}

static bool
leads_to(const char *name)
{
	char target[128] = "";

	return readlink("it", target, sizeof(target) - 1) != -1 &&
	    strcmp(target + strlen(SEGMENT_DIR), name) == 0;
}

Test(segment, a_link_leads_to_a_named_one)
{
	char name[SEGMENT_NAME];

	make(name, PRIV_NO_GROUP);
	cr_assert_eq(segment_show("it", name), 0);
	cr_assert(leads_to(name));
	cr_assert_eq(follow().st_size, BYTES);
	cr_assert_eq(follow().st_mode & 07777, 0600);
	segment_clean(NULL);
	cr_assert_eq(unlink("it"), 0);
}

Test(segment, the_next_one_takes_the_place_of_the_one_before)
{
	char first[SEGMENT_NAME], second[SEGMENT_NAME];

	make(first, PRIV_NO_GROUP);
	cr_assert_eq(segment_show("it", first), 0);
	make(second, PRIV_NO_GROUP);
	cr_assert(leads_to(first));
	cr_assert_eq(follow().st_size, BYTES);
	/* who was killed before left something there */
	cr_assert_eq(symlink("nowhere", "it.new"), 0);
	cr_assert_eq(segment_show("it", second), 0);
	cr_assert(leads_to(second));
	cr_assert_eq(names(), 2);
	segment_clean(second);
	cr_assert_eq(names(), 1);
	cr_assert_eq(follow().st_size, BYTES);
	segment_clean(NULL);
	cr_assert_eq(unlink("it"), 0);
}

Test(segment, only_those_of_its_own_directory_are_cleaned)
{
	char ours[SEGMENT_NAME], theirs[SEGMENT_NAME];

	make(ours, PRIV_NO_GROUP);
	cr_assert_eq(mkdir("other", 0700), 0);
	cr_assert_eq(chdir("other"), 0);
	make(theirs, PRIV_NO_GROUP);
	cr_assert_eq(chdir(".."), 0);
	segment_clean(NULL);
	cr_assert_eq(names(), 0);
	cr_assert_eq(chdir("other"), 0);
	cr_assert_eq(names(), 1);
	segment_clean(NULL);
	cr_assert_eq(names(), 0);
	cr_assert_eq(chdir(".."), 0);
	cr_assert_eq(rmdir("other"), 0);
}

Test(segment, those_of_a_directory_that_was_deleted_are_still_known)
{
	char name[SEGMENT_NAME];

	make(name, PRIV_NO_GROUP);
	cr_assert_eq(rmdir(place), 0);
	cr_assert_eq(names(), 1);
	segment_clean(NULL);
	cr_assert_eq(names(), 0);
	cr_assert_eq(mkdir(place, 0700), 0);
}

Test(segment, a_group_may_read_a_named_one_and_no_more)
{
	char name[SEGMENT_NAME];

	if (geteuid() != 0)
		cr_skip_test("only root has groups to give");
	make(name, 65534);
	cr_assert_eq(segment_show("it", name), 0);
	cr_assert_eq(follow().st_gid, 65534);
	cr_assert_eq(follow().st_mode & 07777, 0640);
	segment_clean(NULL);
	cr_assert_eq(unlink("it"), 0);
}

Test(segment, nothing_is_left_of_a_named_one_that_cannot_be_made)
{
	char name[SEGMENT_NAME];
	int rw, ro, before = count_descriptors();

	cr_assert_eq(segment_create_named(SIZE_MAX, PRIV_NO_GROUP, name, &rw,
	    &ro), -1);
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(count_descriptors(), before);
	cr_assert_eq(names(), 0);
}
