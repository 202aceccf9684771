/* SPDX-License-Identifier: ISC */
/*
 * cursor.c - where a reader stands in the rings of a stream.
 */
#include "shm/cursor.h"

/* Audio and video start a little apart: that must not be a step back. */
#define REBASE_MIN	100	/* ms */

/* What a publisher sends. Of a forged ring the peer would obey the rest. */
static bool
is_media(uint8_t type)
{
	return type == RING_AUDIO || type == RING_VIDEO ||
	    type == RING_DATA || type == RING_DATA_AMF3;
}

bool
cursor_wants(struct cursor *cu, const struct shm_record *rec,
    bool wants_audio, bool wants_video)
{
	bool repeat = (rec->rec_flags & RECORD_REPEAT) != 0;

	if (!is_media(rec->rec_type))
		return false;
	if (cu->cu_mode == CURSOR_SEEK) {
		if ((rec->rec_flags & RECORD_JOIN) == 0)
			return false;
		cu->cu_mode = CURSOR_HEADERS;
		cu->cu_need_key = true;
	}
	if (repeat)
		return cu->cu_mode == CURSOR_HEADERS;
	cu->cu_mode = CURSOR_STEP;
	if ((rec->rec_flags & RECORD_FRAME) == 0)
		return true;
	if (rec->rec_type != RING_VIDEO)
		return wants_audio;
	if (!wants_video)
		return false;
	if ((rec->rec_flags & RECORD_KEY) != 0)
		cu->cu_need_key = false;
	return !cu->cu_need_key;
}

/* The times in a ring may be any number at all: a sum wraps, as on the wire. */
static int64_t
sum(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

/* The first frame of a ring decides by how much all of them are moved, so that
 * time goes on by what really passed. */
static void
rebase(struct cursor *cu, const struct shm_record *rec)
{
	uint64_t passed = rec->rec_arrival - cu->cu_arrival;

	if (passed < REBASE_MIN)
		passed = REBASE_MIN;
	cu->cu_offset = sum(cu->cu_time,
	    (int64_t)(passed - (uint64_t)rec->rec_time));
	cu->cu_rebase = false;
}

/*
 * What comes before the first frame of a successor's ring is stamped with the
 * latest time. Metadata that is sent at another time than its own has time 0:
 * FFmpeg takes it for the headers only then, and else for a subtitle.
 */
int64_t
cursor_stamp(struct cursor *cu, const struct shm_record *rec)
{
	bool moved = cu->cu_rebase || (rec->rec_flags & RECORD_REPEAT) != 0;
	int64_t t;

	if (moved && (rec->rec_flags & RECORD_METADATA) != 0)
		return 0;
	if (cu->cu_rebase && (rec->rec_flags & RECORD_FRAME) != 0)
		rebase(cu, rec);
	t = cu->cu_rebase ? cu->cu_time : sum(rec->rec_time, cu->cu_offset);
	if (!cu->cu_taken || t > cu->cu_time)
		cu->cu_time = t;
	cu->cu_taken = true;
	cu->cu_arrival = rec->rec_arrival;
	return t;
}

void
cursor_start(struct cursor *cu)
{
	cu->cu_pos = 0;
	cu->cu_mode = CURSOR_STEP;
	cu->cu_need_key = true;
	cu->cu_rebase = cu->cu_taken;
}

void
cursor_join(struct cursor *cu, uint64_t join)
{
	cu->cu_pos = join;
	cu->cu_mode = CURSOR_HEADERS;
	cu->cu_need_key = true;
}

uint64_t
cursor_jump(struct cursor *cu, const struct ring_reader *rr)
{
	uint64_t join = ring_join(rr), from = cu->cu_pos;

	if (join == RING_NO_JOIN || (int64_t)(join - from) <= 0)
		return 0;
	cursor_join(cu, join);
	return join - from;
}

void
cursor_seek(struct cursor *cu, const struct ring_reader *rr)
{
	cu->cu_pos = ring_head(rr);
	cu->cu_mode = CURSOR_SEEK;
}

void
cursor_return(struct cursor *cu, const struct ring_reader *rr)
{
	cu->cu_need_key = true;
	if (cursor_jump(cu, rr) == 0)
		cu->cu_mode = CURSOR_SEEK;
}
