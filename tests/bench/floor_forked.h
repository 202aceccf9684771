/* SPDX-License-Identifier: ISC */
/*
 * floor_forked.h - the subscribers of a stream as processes: its tape is a ring
 * in memory that they share, and on which they sleep in sets until woken.
 */
#ifndef BENCH_FLOOR_FORKED_H
#define BENCH_FLOOR_FORKED_H

#include <stddef.h>
#include <stdint.h>

#define FORKED_SETS	4

struct forked;
struct wire;

/* The ring of a stream whose subscribers are in so many sets; NULL: errno. */
struct forked *forked_new(unsigned int sets);

/* Room for len bytes at the end of the ring, in one piece; NULL: too many. */
uint8_t	*forked_room(struct forked *fk, size_t len);

/* Bytes were written there: from now on they are on the tape. */
void	 forked_append(struct forked *fk, size_t len);

/* Wake the set whose turn it is. Returns up to where all have been woken. */
size_t	 forked_wake(struct forked *fk);

/*
 * Fork a process that sends w what is queued, then the tape from begin on. The
 * caller closes its own end of w. -1: there is no such process.
 */
int	 forked_start(struct forked *fk, const struct wire *w, size_t begin);

#endif
