/* SPDX-License-Identifier: ISC */
/*
 * aside.h - work whose traces are not to stay in this process.
 */
#ifndef SYS_ASIDE_H
#define SYS_ASIDE_H

#include <stddef.h>

/*
 * Let `work` fill `size` bytes, zero at first, in a process of its own that has
 * none of our descriptors above 2, and wait for that to end; after 5 seconds it
 * is killed. What else it writes, allocates or opens is gone then; if it ends
 * early so is the rest of its work, so let it store last what says that all is
 * there. Returns the bytes, to be given to aside_free(), or NULL and errno.
 */
void	*aside_run(void (*work)(void *area, const void *with),
	    const void *with, size_t size);
void	 aside_free(void *area, size_t size);

#endif
