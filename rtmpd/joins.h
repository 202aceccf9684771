/* SPDX-License-Identifier: ISC */
/*
 * joins.h - the join points that are still whole in a publisher's ring.
 */
#ifndef RTMPD_JOINS_H
#define RTMPD_JOINS_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/ring.h"

#define JOINS_MAX	512	/* of more, the older ones are forgotten */

/* All zero at first. */
struct joins {
	struct {
		uint64_t jn_pos;	/* of its first record */
		uint64_t jn_at;		/* arrival, ms */
	}		 jo_join[JOINS_MAX];
	uint32_t	 jo_first;	/* the oldest */
	uint32_t	 jo_n;
	uint64_t	 jo_gop_at;	/* start of the latest GOP, ms; 0 none */
	uint64_t	 jo_told;	/* what readers know, plus 1 */
	uint32_t	 jo_gop;	/* length of the one before it, ms */
};

/* A join point was written; does it start a GOP? */
void	joins_add(struct joins *, uint64_t pos, uint64_t at, bool gop);

/* Forget those that are overwritten, or about to be, and tell the readers which
 * one is the oldest now. */
void	joins_trim(struct joins *, struct ring_writer *);

/* Arrival of the oldest, ms; `now` if there is none. */
uint64_t joins_oldest(const struct joins *, uint64_t now);

#endif
