/* SPDX-License-Identifier: ISC */
/*
 * merge.c - when a publisher wakes the subscribers of its ring.
 */
#include "shm/merge.h"

#define PUBLISHER	4	/* subscribers that cost as much as one */
#define FREE		24	/* subscribers for whom nothing is held */
#define GROWTH		12	/* ms * ms for each subscriber of a processor */
#define BOUND		100	/* ms, of merge = auto */
#define SETS_MIN	8	/* ms of hold below which all are woken at once */
#define ALL		((1u << MERGE_SETS) - 1)

/* The square root of the load, so that latency and processors each pay half of
 * what more connections cost. */
uint32_t
merge_auto(uint64_t publishers, uint64_t subscribers, uint32_t processors)
{
	uint64_t load = publishers * PUBLISHER + subscribers;
	uint32_t ms = 0;

	if (load <= FREE)
		return 0;
	while (ms < BOUND && (uint64_t)ms * ms < load * GROWTH / processors)
		ms++;
	return ms;
}

void
merge_news(struct merge *mg)
{
	mg->mg_news = ALL;
}

/* From the latest turn to the next, ms; those of all sets make a hold. */
static uint32_t
step(const struct merge *mg)
{
	uint32_t hold = mg->mg_hold, i = mg->mg_next;

	return hold < SETS_MIN ? hold :
	    hold * (i + 1) / MERGE_SETS - hold * i / MERGE_SETS;
}

uint32_t
merge_turn(struct merge *mg, uint32_t hold, uint64_t now)
{
	uint32_t sets = ALL;

	mg->mg_hold = hold;
	if (mg->mg_news == 0 || now < merge_due(mg))
		return 0;
	/* in time as long as it keeps up with that */
	mg->mg_woken = now - merge_due(mg) < step(mg) ? merge_due(mg) : now;
	if (hold >= SETS_MIN) {
		sets = 1u << mg->mg_next;
		mg->mg_next = (mg->mg_next + 1) % MERGE_SETS;
	}
	sets &= mg->mg_news;
	mg->mg_news &= ~sets;
	return sets;
}

uint64_t
merge_due(const struct merge *mg)
{
	return mg->mg_news == 0 ? UINT64_MAX : mg->mg_woken + step(mg);
}

uint32_t
merge_set(pid_t pid)
{
	return 1u << ((uint32_t)pid % MERGE_SETS);
}
