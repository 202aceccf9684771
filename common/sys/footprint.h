/* SPDX-License-Identifier: ISC */
/*
 * footprint.h - give back memory that was needed once.
 */
#ifndef SYS_FOOTPRINT_H
#define SYS_FOOTPRINT_H

#include <stddef.h>

/*
 * Give back what the stack has below its present depth, and the heap in free
 * chunks. What is touched again is there again, at zero.
 */
void	footprint_trim(void);

/* The same for the whole pages of a variable, whose contents are then zero. */
void	footprint_drop(void *p, size_t size);

#endif
