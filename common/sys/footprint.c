/* SPDX-License-Identifier: ISC */
/*
 * footprint.c - give back memory that was needed once.
 */
#include "sys/footprint.h"

#include <sys/mman.h>

#include <malloc.h>
#include <stdint.h>

#define PAGE		4096u	/* where pages are larger nothing is given back */
#define BELOW		(128 * 1024)	/* bytes of stack that may be touched */
#define RED_ZONE	256

void
footprint_drop(void *p, size_t size)
{
	uintptr_t from = ((uintptr_t)p + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
	uintptr_t to = ((uintptr_t)p + size) & ~(uintptr_t)(PAGE - 1);

	if (to > from)
		(void)madvise((void *)from, to - from, MADV_DONTNEED);
}

__attribute__((noinline)) void
footprint_trim(void)
{
#ifndef __SANITIZE_ADDRESS__	/* it has notes of its own on either */
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	footprint_drop((void *)(here - BELOW), BELOW - RED_ZONE);
	(void)malloc_trim(0);
#endif
}
