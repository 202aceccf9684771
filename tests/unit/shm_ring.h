/* SPDX-License-Identifier: ISC */
/*
 * shm_ring.h - a small ring with both its sides, for the tests of the ring.
 */
#ifndef TESTS_SHM_RING_H
#define TESTS_SHM_RING_H

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "shm/ring.h"
#include "shm/segment.h"

#define SIZE		((uint64_t)RING_SIZE_MIN)
#define HEADER		((uint64_t)sizeof(struct shm_record))
#define GENERATION	7

struct pair {
	struct ring_writer	 p_writer;
	struct ring_reader	 p_reader;
	int			 p_rw, p_ro;
};

static inline void
pair_open(struct pair *p)
{
	const char *why;

	cr_assert_eq(segment_create(RING_HEADER + SIZE, &p->p_rw, &p->p_ro),
	    0);
	cr_assert_eq(ring_create(&p->p_writer, p->p_rw, SIZE, GENERATION), 0);
	why = ring_attach(&p->p_reader, p->p_ro);
	cr_assert_null(why, "%s", why);
}

static inline void
pair_close(struct pair *p)
{
	ring_detach(&p->p_reader);
	ring_destroy(&p->p_writer);
	close(p->p_rw);
	close(p->p_ro);
}

/* Append a record of `length` bytes, each of them `byte`. */
static inline uint64_t
put(struct pair *p, uint32_t length, uint8_t byte)
{
	static uint8_t payload[RING_SIZE_MIN];
	struct shm_record rec = {
		.rec_length = length, .rec_type = 9, .rec_flags = RECORD_FRAME,
		.rec_track = 3, .rec_time = -5 - (int64_t)byte,
		.rec_arrival = 1000 + (uint64_t)byte,
	};

	memset(payload, byte, length);
	return ring_write(&p->p_writer, &rec, payload);
}

/* Fill up to `room` bytes before the end of the data. */
static inline void
fill_to(struct pair *p, uint64_t room)
{
	uint64_t end = p->p_writer.rw_head / SIZE * SIZE + SIZE - room, left;

	while ((left = end - p->p_writer.rw_head) != 0)
		put(p, (uint32_t)((left > SIZE / 4 ? SIZE / 8 : left) -
		    HEADER), 0xee);
}

#endif
