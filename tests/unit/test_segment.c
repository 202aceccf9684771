/* SPDX-License-Identifier: ISC */
/*
 * test_segment.c - nameless shared memory: reserved, zero, and read-only for
 * whoever gets the second descriptor.
 */
#include "shm/segment.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "descriptors.h"

#define BYTES	(256 * 1024 + 4096)

TestSuite(segment, .timeout = 10);

/* Names of this process in /dev/shm. */
static int
names(void)
{
	char prefix[32];
	const struct dirent *de;
	DIR *dir = opendir("/dev/shm");
	int n = 0;

	cr_assert_not_null(dir);
	snprintf(prefix, sizeof(prefix), "rtmpd-%d-", (int)getpid());
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
