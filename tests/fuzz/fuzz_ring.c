/* SPDX-License-Identifier: ISC */
/*
 * fuzz_ring.c - a subscriber in a ring that nobody honest wrote.
 * Input: where to start (1), safety margin (1), after how many looks the
 * positions move (1) and by how much (3 times 2); then the ring, as
 * ring_image.h has it.
 */
#include "ring_image.h"

#define LOOKS_MAX	8192

struct walk {
	struct ring_image	 wk_ring;
	uint64_t		 wk_pos;
	uint64_t		 wk_margin;
	unsigned		 wk_moves;	/* looks until it moves */
	uint64_t		 wk_by[3];
};

static uint64_t
start(const struct ring_reader *rr, unsigned where)
{
	switch (where % 4) {
	case 0:
		return ring_join(rr);
	case 1:
		return 0;
	case 2:
		return ring_head(rr) - 8 * (uint64_t)(where / 4);
	default:
		return ring_head(rr) - rr->rr_size + 8 * (uint64_t)(where / 4);
	}
}

/* To the newest join point if it lies ahead, else to the head. */
static void
jump(struct walk *wk)
{
	const struct ring_reader *rr = &wk->wk_ring.ri_reader;
	uint64_t join = ring_join(rr);

	if (join != RING_NO_JOIN && (int64_t)(join - wk->wk_pos) > 0)
		wk->wk_pos = join;
	else
		wk->wk_pos = ring_head(rr);
}

static void
meanwhile(struct walk *wk)
{
	if (wk->wk_moves > 0 && --wk->wk_moves == 0)
		ring_image_move(&wk->wk_ring, wk->wk_by[0], wk->wk_by[1],
		    wk->wk_by[2]);
}

/* One look; false where a subscriber would stop. */
static bool
step(struct walk *wk, unsigned *jumps)
{
	const struct ring_reader *rr = &wk->wk_ring.ri_reader;
	struct ring_view rv;

	memset(&rv, 0xa5, sizeof(rv));
	switch (ring_look(rr, wk->wk_pos, wk->wk_margin, &rv)) {
	case RING_OK:
		ring_image_check(&wk->wk_ring, wk->wk_pos, &rv);
		meanwhile(wk);
		if (ring_lapped(rr, rv.rv_pos, 0))
			jump(wk);
		else
			wk->wk_pos = rv.rv_next;
		return true;
	case RING_LAPPED:
		meanwhile(wk);
		jump(wk);
		return ++*jumps < 4;
	case RING_EMPTY:
	case RING_BROKEN:
		return false;
	}
	abort();
}

/* However it looks, a ring holds so many records and no more. */
static void
walk(struct walk *wk)
{
	unsigned looks = 0, jumps = 0;

	while (step(wk, &jumps))
		FUZZ_CHECK(++looks < LOOKS_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	unsigned where = (unsigned)fuzz_take(&in, 1), i;
	unsigned margin = (unsigned)fuzz_take(&in, 1);
	struct walk wk = { .wk_moves = (unsigned)fuzz_take(&in, 1) };

	for (i = 0; i < 3; i++)
		wk.wk_by[i] = (uint64_t)(int16_t)fuzz_take(&in, 2) * 8;
	ring_image_open(&wk.wk_ring, &in);
	wk.wk_margin = IMAGE_SIZE / 256 * margin;
	wk.wk_pos = start(&wk.wk_ring.ri_reader, where);
	(void)ring_wake_word(&wk.wk_ring.ri_reader);
	(void)ring_active(&wk.wk_ring.ri_reader);
	(void)ring_generation(&wk.wk_ring.ri_reader);
	walk(&wk);
	ring_image_close(&wk.wk_ring);
	return 0;
}
