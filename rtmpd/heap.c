/* SPDX-License-Identifier: ISC */
/*
 * heap.c - where malloc(3) and libc's thread block have their memory.
 *
 * The kernel puts the break of a position-independent program far from the
 * program. Every connection would pay for that with three pages of page tables.
 * So the break of a static rtmpd is a room among its own variables, and where
 * that ends malloc(3) goes on by mmap(2). The names are those by which glibc's
 * archive asks for what is here; one that does not ask gets its own.
 */
#ifdef RTMPD_STATIC

#include <sys/mman.h>

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/footprint.h"

#define ROOM	(256 * 1024)	/* malloc(3) asks for 132 KiB at a time */
#define PAGE	4096
#define ALIGN	64

void	*__sbrk(intptr_t);
void	*_dl_early_allocate(size_t);

static _Alignas(PAGE) char	 room[ROOM];
static HOT size_t			 used;

/* What is left of it is given back, as the kernel does. */
static void
give_back(size_t to)
{
	size_t from = (used + PAGE - 1) & ~(size_t)(PAGE - 1);

	if (to > from)
		(void)madvise(room + from, to - from, MADV_DONTNEED);
}

void *
__sbrk(intptr_t more)
{
	size_t before = used;

	if (more > (intptr_t)(ROOM - used) || more < -(intptr_t)used) {
		errno = ENOMEM;
		return (void *)-1;
	}
	used += (size_t)more;
	if (more < 0)
		give_back(before);
	return room + before;
}

/* Called before there is an errno. */
void *
_dl_early_allocate(size_t size)
{
	void *block = room + used;

	if (size > ROOM - used)
		return NULL;
	used += (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	return block;
}

#endif
