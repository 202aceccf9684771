/* SPDX-License-Identifier: ISC */
/*
 * merge.h - when a publisher wakes the subscribers of its ring.
 *
 * A wake-up costs much more than the message it brings, so with many
 * subscribers the wake is held back for a while and each brings what has come
 * meanwhile. Not all sleep in one set: the sets are woken in turn, so that they
 * do not all want a processor at once, and each subscriber once in a hold.
 */
#ifndef SHM_MERGE_H
#define SHM_MERGE_H

#include <sys/types.h>

#include <stdint.h>

#define MERGE_SETS	4u

/* All zero at first. */
struct merge {
	uint32_t	 mg_hold;	/* in force, ms */
	uint32_t	 mg_news;	/* sets with records to be woken for */
	uint32_t	 mg_next;	/* set whose turn it is */
	uint64_t	 mg_woken;	/* when the latest turn was due, ms */
};

/*
 * The hold of `merge = auto`, ms, where so many publishers and subscribers are
 * streaming on so many processors.
 */
uint32_t merge_auto(uint64_t publishers, uint64_t subscribers,
	    uint32_t processors);

/* Something was written. */
void	merge_news(struct merge *);

/* The sets to wake now, as bits; 0: none yet. */
uint32_t merge_turn(struct merge *, uint32_t hold, uint64_t now);

/* When there will be a set to wake, ms; UINT64_MAX: not before more is
 * written. */
uint64_t merge_due(const struct merge *);

/* The set, as a bit, in which a subscriber sleeps. */
uint32_t merge_set(pid_t);

#endif
