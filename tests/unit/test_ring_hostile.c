/* SPDX-License-Identifier: ISC */
/*
 * test_ring_hostile.c - what a publisher that was taken over can write into
 * its ring, and objects that are no rings at all. A reader may be told
 * nonsense; it must never be led out of its mapping.
 */
#include "shm/ring.h"

#include <sys/mman.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>

#include "shm_ring.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

TestSuite(ring_hostile, .timeout = 10);

/* Look, and if there is a record use every byte of it. */
static enum ring_result
judge(const struct ring_reader *rr, uint64_t pos, uint64_t margin)
{
	static uint8_t copy[RING_SIZE_MIN];
	enum ring_result result;
	const uint8_t *end = rr->rr_data + rr->rr_size;
	struct ring_view rv;

	memset(&rv, 0, sizeof(rv));
	result = ring_look(rr, pos, margin, &rv);
	if (result != RING_OK) {
		cr_assert(result == RING_EMPTY || result == RING_LAPPED ||
		    result == RING_BROKEN);
		return result;
	}
	cr_assert_geq(rv.rv_payload, rr->rr_data + HEADER);
	cr_assert_leq(rv.rv_payload, end);
	cr_assert_leq(rv.rv_rec.rec_length, end - rv.rv_payload);
	cr_assert_leq(rv.rv_rec.rec_length, ring_record_max(rr->rr_size));
	cr_assert_geq(rv.rv_next - rv.rv_pos, HEADER);
	cr_assert_leq(rv.rv_next - pos, rr->rr_size);
	memcpy(copy, rv.rv_payload, rv.rv_rec.rec_length);
	(void)ring_lapped(rr, rv.rv_pos, margin);
	return result;
}

static const uint64_t odd[] = {
	0, 1, 7, 8, 16, 23, 24, 25, 32, 4096, SIZE / 4, SIZE / 4 + 1, SIZE - 8,
	SIZE - 1, SIZE, SIZE + 1, SIZE + 8, 2 * SIZE, UINT32_MAX - 8,
	UINT32_MAX, (uint64_t)UINT32_MAX + 1, INT64_MAX,
	(uint64_t)INT64_MAX + 1, UINT64_MAX - SIZE, UINT64_MAX - 24,
	UINT64_MAX - 8, UINT64_MAX - 7, UINT64_MAX - 1, UINT64_MAX,
};

Test(ring_hostile, no_value_of_a_header_field_leads_out_of_the_data)
{
	struct shm_ring *r;
	struct pair p;
	size_t i, j, k;

	pair_open(&p);
	fill_to(&p, 8192);
	r = p.p_writer.rw_ring;
	for (i = 0; i < N(odd); i++)
		for (j = 0; j < N(odd); j++)
			for (k = 0; k < N(odd); k++) {
				atomic_store(&r->sr_resv, odd[i]);
				atomic_store(&r->sr_head, odd[j]);
				atomic_store(&r->sr_join, odd[k]);
				judge(&p.p_reader, ring_join(&p.p_reader), 0);
				judge(&p.p_reader, ring_join(&p.p_reader),
				    SIZE / 8);
				judge(&p.p_reader, 0, odd[k]);
			}
	pair_close(&p);
}

Test(ring_hostile, a_size_changed_after_attach_changes_nothing)
{
	struct pair p;
	size_t i;

	pair_open(&p);
	put(&p, 100, 1);
	for (i = 0; i < N(odd); i++) {
		p.p_writer.rw_ring->sr_size = odd[i];
		cr_assert_eq(p.p_reader.rr_size, SIZE);
		cr_assert_eq(judge(&p.p_reader, 0, 0), RING_OK);
	}
	pair_close(&p);
}

/* One record header at one place, with head and resv at its end. */
struct forged {
	uint64_t	 pos;
	uint64_t	 head;
	uint32_t	 length;
	uint8_t		 type;
	int		 want;		/* enum ring_result */
};

ParameterizedTestParameters(ring_hostile, a_record_header_is_judged)
{
	static struct forged v[] = {
		{ 0, 32, 8, 9, RING_OK },
		{ 0, 32, 9, 9, RING_BROKEN },	/* beyond the head */
		{ 0, 32, UINT32_MAX, 9, RING_BROKEN },
		{ 0, 32, UINT32_MAX - 7, 9, RING_BROKEN },
		{ 0, 32, UINT32_MAX - 23, 9, RING_BROKEN },
		{ 0, 16, 0, 9, RING_BROKEN },	/* head inside the header */
		{ 0, 8, 0, 9, RING_BROKEN },
		{ 0, 33, 8, 9, RING_BROKEN },	/* head unaligned */
		{ 4, 36, 8, 9, RING_BROKEN },	/* both */
		{ 0, SIZE, 16360, 9, RING_OK },
		{ 0, SIZE, 16361, 9, RING_BROKEN },	/* over a quarter */
		{ 0, SIZE, 65512, 9, RING_BROKEN },
		{ SIZE - 32, SIZE + 64, 8, 9, RING_OK },
		{ SIZE - 32, SIZE + 64, 9, 9, RING_BROKEN }, /* straddles */
		{ SIZE - 24, SIZE + 64, 1, 9, RING_BROKEN },
		{ SIZE - 32, SIZE, 8, 0, RING_EMPTY },	/* padding, no more */
		{ SIZE - 32, SIZE + 64, 0, 0, RING_BROKEN }, /* too short */
		{ SIZE - 32, SIZE + 64, 16, 0, RING_BROKEN }, /* too long */
		{ 0, SIZE, SIZE - 24, 0, RING_EMPTY },	/* padding all over */
		{ 0, 64, 0, 0, RING_BROKEN },	/* padding amidst the data */
	};

	return cr_make_param_array(struct forged, v, N(v));
}

ParameterizedTest(struct forged *v, ring_hostile, a_record_header_is_judged)
{
	struct shm_record rec = { .rec_length = v->length,
	    .rec_type = v->type };
	struct pair p;
	int got;

	pair_open(&p);
	memcpy(p.p_writer.rw_data + v->pos % SIZE, &rec, sizeof(rec));
	atomic_store(&p.p_writer.rw_ring->sr_resv, v->head);
	atomic_store(&p.p_writer.rw_ring->sr_head, v->head);
	got = judge(&p.p_reader, v->pos, 0);
	cr_assert_eq(got, v->want, "%d, not %d: length %u at %ju", got,
	    v->want, v->length, (uintmax_t)v->pos);
	pair_close(&p);
}

Test(ring_hostile, a_head_that_runs_backwards_is_noticed)
{
	struct pair p;

	pair_open(&p);
	fill_to(&p, 8192);
	atomic_store(&p.p_writer.rw_ring->sr_head, 32);
	cr_assert_eq(judge(&p.p_reader, 4096, 0), RING_BROKEN);
	pair_close(&p);
}

Test(ring_hostile, a_reservation_behind_the_reader_is_a_lap)
{
	struct pair p;

	pair_open(&p);
	fill_to(&p, 8192);
	atomic_store(&p.p_writer.rw_ring->sr_resv, 8);
	cr_assert_eq(judge(&p.p_reader, SIZE / 8, 0), RING_LAPPED);
	pair_close(&p);
}

static uint64_t
next_random(uint64_t *state)
{
	uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

Test(ring_hostile, garbage_in_the_data_is_survived)
{
	uint64_t state = 1, head, pos, word;
	int i, seen[4] = { 0 };
	struct pair p;
	size_t at;

	pair_open(&p);
	for (i = 0; i < 200000; i++) {
		at = next_random(&state) % (SIZE / 8) * 8;
		word = next_random(&state);
		if (word % 4 != 0)	/* passes for a header at times */
			word &= UINT64_C(0xffffffff00003fff);
		memcpy(p.p_writer.rw_data + at, &word, 8);
		head = next_random(&state) % (4 * SIZE);
		if (next_random(&state) % 8 != 0)
			head &= ~UINT64_C(7);
		pos = head - next_random(&state) % (SIZE + 4096);
		if (next_random(&state) % 8 != 0)
			pos &= ~UINT64_C(7);
		atomic_store(&p.p_writer.rw_ring->sr_head, head);
		atomic_store(&p.p_writer.rw_ring->sr_resv, head +
		    next_random(&state) % 4096);
		seen[judge(&p.p_reader, pos, 0)]++;
	}
	cr_assert_gt(seen[RING_OK], 100);
	cr_assert_gt(seen[RING_LAPPED], 100);
	cr_assert_gt(seen[RING_BROKEN], 100);
	pair_close(&p);
}

/* An object of `file` bytes that begins with this header. */
struct object {
	uint32_t	 magic;
	uint32_t	 format;
	uint64_t	 size;
	uint64_t	 file;
	int		 accepted;
};

#define FORMAT	((uint32_t)RING_FORMAT)
#define G	(UINT64_C(1) << 30)

ParameterizedTestParameters(ring_hostile, only_a_ring_is_attached)
{
	static struct object v[] = {
		{ RING_MAGIC, FORMAT, SIZE, SIZE + 4096, 1 },
		{ RING_MAGIC, FORMAT, G, G + 4096, 1 },
		{ 0, FORMAT, SIZE, SIZE + 4096, 0 },	/* not stored yet */
		{ RING_MAGIC + 1, FORMAT, SIZE, SIZE + 4096, 0 },
		{ 0x52696e67, FORMAT, SIZE, SIZE + 4096, 0 }, /* other endian */
		{ RING_MAGIC, FORMAT + 0x10000, SIZE, SIZE + 4096, 0 },
		{ RING_MAGIC, FORMAT - 0x10000, SIZE, SIZE + 4096, 0 },
		{ RING_MAGIC, FORMAT - 8, SIZE, SIZE + 4096, 0 },
		{ RING_MAGIC, FORMAT + 8, SIZE, SIZE + 4096, 1 },  /* grown */
		{ RING_MAGIC, FORMAT, 0, 4096, 0 },
		{ RING_MAGIC, FORMAT, SIZE / 2, SIZE / 2 + 4096, 0 },
		{ RING_MAGIC, FORMAT, 3 * SIZE, 3 * SIZE + 4096, 0 },
		{ RING_MAGIC, FORMAT, SIZE + 8, SIZE + 8 + 4096, 0 },
		{ RING_MAGIC, FORMAT, 2 * G, 2 * G + 4096, 0 },
		/* a file that is not of the size its header states */
		{ RING_MAGIC, FORMAT, SIZE, SIZE + 4095, 0 },
		{ RING_MAGIC, FORMAT, SIZE, SIZE + 4097, 0 },
		{ RING_MAGIC, FORMAT, SIZE, 2 * SIZE + 4096, 0 },
		{ RING_MAGIC, FORMAT, 2 * SIZE, SIZE + 4096, 0 },
		{ RING_MAGIC, FORMAT, SIZE, 4096, 0 },
		{ RING_MAGIC, FORMAT, SIZE, 4095, 0 },
		{ RING_MAGIC, FORMAT, SIZE, 128, 0 },
		{ RING_MAGIC, FORMAT, UINT64_MAX - 4095, SIZE + 4096, 0 },
		{ RING_MAGIC, FORMAT, UINT64_C(1) << 63, SIZE + 4096, 0 },
	};

	return cr_make_param_array(struct object, v, N(v));
}

ParameterizedTest(struct object *v, ring_hostile, only_a_ring_is_attached)
{
	struct shm_ring head = { .sr_format = v->format, .sr_size = v->size };
	int fd = memfd_create("ring", MFD_CLOEXEC);
	struct ring_reader rr;
	const char *why;

	atomic_store(&head.sr_magic, v->magic);
	cr_assert_neq(fd, -1);
	cr_assert_eq(pwrite(fd, &head, sizeof(head), 0), sizeof(head));
	cr_assert_eq(ftruncate(fd, (off_t)v->file), 0);
	why = ring_attach(&rr, fd);
	cr_assert_eq(why == NULL, v->accepted, "size %ju in a file of %ju: %s",
	    (uintmax_t)v->size, (uintmax_t)v->file, why);
	ring_detach(&rr);
	close(fd);
}

Test(ring_hostile, an_empty_file_or_no_file_is_no_ring)
{
	struct ring_reader rr;
	int fd = memfd_create("ring", MFD_CLOEXEC);

	cr_assert_not_null(ring_attach(&rr, fd));
	ring_detach(&rr);
	close(fd);
	cr_assert_not_null(ring_attach(&rr, fd));
	ring_detach(&rr);
}
