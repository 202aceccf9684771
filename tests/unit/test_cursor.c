/* SPDX-License-Identifier: ISC */
/*
 * test_cursor.c - which records a reader wants, and at what time.
 */
#include "shm/cursor.h"

#include <criterion/criterion.h>

#include "shm_ring.h"

TestSuite(cursor, .timeout = 10);

static struct shm_record
record(uint8_t type, uint8_t flags, int64_t time, uint64_t arrival)
{
	return (struct shm_record){ .rec_type = type, .rec_flags = flags,
	    .rec_time = time, .rec_arrival = arrival };
}

static bool
wants(struct cursor *cu, uint8_t type, uint8_t flags)
{
	struct shm_record rec = record(type, flags, 0, 0);

	return cursor_wants(cu, &rec, true, true);
}

static int64_t
stamp(struct cursor *cu, uint8_t flags, int64_t time, uint64_t arrival)
{
	struct shm_record rec = record(RING_VIDEO, flags, time, arrival);

	return cursor_stamp(cu, &rec);
}

Test(cursor, in_step_repeated_records_are_old_news)
{
	struct cursor cu = { .cu_mode = CURSOR_STEP };

	cr_assert(wants(&cu, RING_VIDEO, RECORD_FRAME));
	cr_assert(wants(&cu, RING_DATA, RECORD_METADATA));
	cr_assert_not(wants(&cu, RING_VIDEO, RECORD_CONFIG | RECORD_REPEAT |
	    RECORD_JOIN));
	cr_assert(wants(&cu, RING_VIDEO, RECORD_CONFIG));
	cr_assert(wants(&cu, RING_AUDIO, RECORD_FRAME));
}

Test(cursor, who_joins_takes_the_set_and_waits_for_a_key_frame)
{
	struct cursor cu = { .cu_mode = CURSOR_STEP };

	cursor_join(&cu, 640);
	cr_assert_eq(cu.cu_pos, 640);
	cr_assert(wants(&cu, RING_DATA, RECORD_METADATA | RECORD_REPEAT |
	    RECORD_JOIN));
	cr_assert(wants(&cu, RING_VIDEO, RECORD_CONFIG | RECORD_REPEAT));
	cr_assert(wants(&cu, RING_AUDIO, RECORD_FRAME));
	cr_assert_not(wants(&cu, RING_VIDEO, RECORD_FRAME));
	cr_assert(wants(&cu, RING_VIDEO, RECORD_FRAME | RECORD_KEY));
	cr_assert(wants(&cu, RING_VIDEO, RECORD_FRAME));
	cr_assert_not(wants(&cu, RING_VIDEO, RECORD_CONFIG | RECORD_REPEAT));
}

Test(cursor, who_seeks_takes_nothing_before_a_join_point)
{
	struct cursor cu = { .cu_mode = CURSOR_SEEK };

	cr_assert_not(wants(&cu, RING_VIDEO, RECORD_FRAME | RECORD_KEY));
	cr_assert_not(wants(&cu, RING_AUDIO, RECORD_FRAME));
	cr_assert_not(wants(&cu, RING_VIDEO, RECORD_CONFIG | RECORD_REPEAT));
	cr_assert(wants(&cu, RING_VIDEO, RECORD_CONFIG | RECORD_REPEAT |
	    RECORD_JOIN));
	cr_assert(wants(&cu, RING_VIDEO, RECORD_FRAME | RECORD_KEY));
}

Test(cursor, kinds_that_are_not_wanted_keep_their_headers)
{
	struct cursor cu = { .cu_mode = CURSOR_STEP };
	struct shm_record frame = record(RING_AUDIO, RECORD_FRAME, 0, 0);
	struct shm_record config = record(RING_AUDIO, RECORD_CONFIG, 0, 0);

	cr_assert_not(cursor_wants(&cu, &frame, false, true));
	cr_assert(cursor_wants(&cu, &config, false, true));
	frame.rec_type = RING_VIDEO;
	frame.rec_flags |= RECORD_KEY;
	cr_assert_not(cursor_wants(&cu, &frame, true, false));
}

Test(cursor, nothing_but_media_leaves_a_ring)
{
	struct cursor cu = { .cu_mode = CURSOR_STEP };
	int type;

	for (type = 0; type < 256; type++)
		cr_assert_eq(wants(&cu, (uint8_t)type, RECORD_KEY),
		    type == RING_AUDIO || type == RING_VIDEO ||
		    type == RING_DATA || type == RING_DATA_AMF3,
		    "type %d", type);
}

Test(cursor, times_of_the_first_ring_are_its_own)
{
	struct cursor cu = { .cu_mode = CURSOR_STEP };

	cursor_start(&cu);
	cr_assert_eq(stamp(&cu, RECORD_FRAME, 5000, 10), 5000);
	cr_assert_eq(stamp(&cu, RECORD_FRAME, 4960, 12), 4960);
	cr_assert_eq(cu.cu_time, 5000);
}

Test(cursor, times_go_on_over_publishers_by_what_passed)
{
	struct cursor cu = { .cu_mode = CURSOR_STEP };

	cursor_start(&cu);
	(void)stamp(&cu, RECORD_FRAME, 5000, 1000);
	cursor_start(&cu);
	cr_assert_eq(stamp(&cu, RECORD_METADATA, 0, 3000), 0);
	cr_assert_eq(stamp(&cu, RECORD_CONFIG, 0, 3000), 5000);
	cr_assert_eq(stamp(&cu, RECORD_FRAME, 77, 3500), 5500,
	    "half a second after the headers");
	cr_assert_eq(stamp(&cu, RECORD_FRAME, 117, 3540), 5540);
}

Test(cursor, a_successor_at_once_is_not_a_step_back)
{
	struct cursor cu = { .cu_mode = CURSOR_STEP };

	cursor_start(&cu);
	(void)stamp(&cu, RECORD_FRAME, 5000, 1000);
	cursor_start(&cu);
	cr_assert_eq(stamp(&cu, RECORD_FRAME, 0, 1000), 5100);
	cr_assert_gt(stamp(&cu, RECORD_FRAME, -40, 1000), 5000,
	    "audio that starts a little earlier");
}

Test(cursor, repeated_metadata_has_time_0)
{
	struct cursor cu = { .cu_mode = CURSOR_HEADERS };

	(void)stamp(&cu, RECORD_FRAME, 9000, 1000);
	cr_assert_eq(stamp(&cu, RECORD_METADATA | RECORD_REPEAT, 9040, 1040),
	    0);
	cr_assert_eq(stamp(&cu, RECORD_METADATA, 9040, 1040), 9040);
	cr_assert_eq(stamp(&cu, RECORD_CONFIG | RECORD_REPEAT, 9040, 1040),
	    9040);
}

Test(cursor, any_time_at_all_may_stand_in_a_ring)
{
	struct cursor cu = { .cu_mode = CURSOR_STEP };

	cursor_start(&cu);
	(void)stamp(&cu, RECORD_FRAME, INT64_MAX, UINT64_MAX);
	cursor_start(&cu);
	(void)stamp(&cu, RECORD_FRAME, INT64_MIN, 0);
	(void)stamp(&cu, RECORD_FRAME, INT64_MAX, 1);
}

Test(cursor, a_jump_goes_ahead_or_not_at_all)
{
	struct pair p;
	struct cursor cu = { .cu_mode = CURSOR_STEP };
	uint64_t join;

	pair_open(&p);
	cr_assert_eq(cursor_jump(&cu, &p.p_reader), 0, "no join point yet");
	put(&p, 100, 1);
	join = put(&p, 100, 2);
	ring_set_join(&p.p_writer, join);
	cr_assert_eq(cursor_jump(&cu, &p.p_reader), join);
	cr_assert_eq(cu.cu_pos, join);
	cr_assert_eq(cu.cu_mode, CURSOR_HEADERS);
	cr_assert(cu.cu_need_key);
	cr_assert_eq(cursor_jump(&cu, &p.p_reader), 0, "we are there");
	cu.cu_pos = join + 1;
	cr_assert_eq(cursor_jump(&cu, &p.p_reader), 0, "it lies behind");
	cursor_seek(&cu, &p.p_reader);
	cr_assert_eq(cu.cu_pos, ring_head(&p.p_reader));
	cr_assert_eq(cu.cu_mode, CURSOR_SEEK);
	pair_close(&p);
}

Test(cursor, a_ring_that_is_back_is_read_on)
{
	struct pair p;
	struct cursor cu = { .cu_mode = CURSOR_STEP };
	uint64_t first, join;

	pair_open(&p);
	first = put(&p, 100, 1);
	ring_set_join(&p.p_writer, first);
	cu.cu_pos = put(&p, 100, 2);
	cursor_return(&cu, &p.p_reader);
	cr_assert_eq(cu.cu_mode, CURSOR_SEEK);
	join = put(&p, 100, 3);
	ring_set_join(&p.p_writer, join);
	cursor_return(&cu, &p.p_reader);
	cr_assert_eq(cu.cu_pos, join);
	cr_assert_eq(cu.cu_mode, CURSOR_HEADERS);
	pair_close(&p);
}
