/* SPDX-License-Identifier: ISC */
/*
 * footprint.h - as little memory as can be for who is one of many.
 */
#ifndef SYS_FOOTPRINT_H
#define SYS_FOOTPRINT_H

#include <stddef.h>

/*
 * Of a variable that every connection writes: the linker puts those of one
 * alignment together (see the Makefile), and the fewer pages they are spread
 * over, the fewer become the connection's own.
 */
#define HOT	_Alignas(64)

/*
 * Give back what the stack has below its present depth, and the heap in free
 * chunks. What is touched again is there again, at zero.
 */
void	footprint_trim(void);

/* The same for the whole pages of a variable, whose contents are then zero. */
void	footprint_drop(void *p, size_t size);

#endif
