/* SPDX-License-Identifier: ISC */
/*
 * joins.c - the join points that are still whole in a publisher's ring.
 */
#include "joins.h"

void
joins_add(struct joins *jo, uint64_t pos, uint64_t at, bool gop)
{
	uint32_t i;

	if (jo->jo_n == JOINS_MAX) {
		jo->jo_first = (jo->jo_first + 1) % JOINS_MAX;
		jo->jo_n--;
	}
	i = (jo->jo_first + jo->jo_n++) % JOINS_MAX;
	jo->jo_join[i].jn_pos = pos;
	jo->jo_join[i].jn_at = at;
	if (!gop)
		return;
	if (jo->jo_gop_at != 0)
		jo->jo_gop = (uint32_t)(at - jo->jo_gop_at);
	jo->jo_gop_at = at;
}

void
joins_trim(struct joins *jo, struct ring_writer *rw)
{
	uint64_t margin = ring_margin(rw->rw_size), oldest;

	while (jo->jo_n > 0 && rw->rw_head + margin -
	    jo->jo_join[jo->jo_first].jn_pos > rw->rw_size) {
		jo->jo_first = (jo->jo_first + 1) % JOINS_MAX;
		jo->jo_n--;
	}
	oldest = jo->jo_n > 0 ? jo->jo_join[jo->jo_first].jn_pos :
	    RING_NO_JOIN;
	if (oldest + 1 == jo->jo_told)
		return;
	jo->jo_told = oldest + 1;
	ring_set_oldest(rw, oldest);
}

uint64_t
joins_oldest(const struct joins *jo, uint64_t now)
{
	return jo->jo_n > 0 ? jo->jo_join[jo->jo_first].jn_at : now;
}
