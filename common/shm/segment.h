/* SPDX-License-Identifier: ISC */
/*
 * segment.h - nameless shared-memory objects.
 */
#ifndef SHM_SEGMENT_H
#define SHM_SEGMENT_H

#include <stddef.h>

/*
 * Make an object of `bytes` zero bytes in POSIX shared memory with its pages
 * reserved, so that touching them never raises SIGBUS. It has no name any
 * more when this returns. *rw and *ro receive descriptors for writing and for
 * reading only, both close-on-exec. 0, or -1 and errno; ENOSPC says that
 * /dev/shm is full.
 */
int	segment_create(size_t bytes, int *rw, int *ro);

#endif
