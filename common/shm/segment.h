/* SPDX-License-Identifier: ISC */
/*
 * segment.h - shared-memory objects, nameless or to be found by a link.
 */
#ifndef SHM_SEGMENT_H
#define SHM_SEGMENT_H

#include <stddef.h>
#include <sys/types.h>

#include "sys/priv.h"

#define SEGMENT_DIR	"/dev/shm"
#define SEGMENT_PREFIX	"rtmpd-"	/* of every name */
#define SEGMENT_NAME	64		/* longest, with its slash and NUL */

/*
 * Make an object of `bytes` zero bytes in POSIX shared memory with its pages
 * reserved, so that touching them never raises SIGBUS. It has no name any
 * more when this returns. *rw and *ro receive descriptors for writing and for
 * reading only, both close-on-exec. 0, or -1 and errno; ENOSPC says that
 * /dev/shm is full.
 */
int	segment_create(size_t bytes, int *rw, int *ro);

/*
 * The same with a name, which is put into `name` with its slash: an object of
 * the working directory, which `group` may read, unless it is PRIV_NO_GROUP.
 */
int	segment_create_named(size_t bytes, gid_t group,
	    char name[SEGMENT_NAME], int *rw, int *ro);

/*
 * Let the symbolic link `link` lead to it, in one step in place of what it led
 * to before. 0, or -1 and errno.
 */
int	segment_show(const char *link, const char *name);

/*
 * Remove the named objects of the working directory: those of others who were
 * there and were killed, and ours, unless its name is `but`. For whoever holds
 * the directory's lock, or has ended who did.
 */
void	segment_clean(const char *but);

#endif
