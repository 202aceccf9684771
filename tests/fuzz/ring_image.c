/* SPDX-License-Identifier: ISC */
/*
 * ring_image.c - a ring as a publisher that was taken over could leave it.
 * One object serves all inputs; what an input wrote is cleared after it.
 */
#include "ring_image.h"

#include <sys/mman.h>

#include <stdatomic.h>

#include "shm/segment.h"

static int image_rw = -1, image_ro = -1;
static uint8_t *image_map;

static struct shm_ring *
header(void)
{
	return (struct shm_ring *)image_map;
}

static void
make_object(void)
{
	if (image_map != NULL)
		return;
	FUZZ_NEED(segment_create(RING_HEADER + IMAGE_SIZE, &image_rw,
	    &image_ro) == 0);
	image_map = mmap(NULL, RING_HEADER + IMAGE_SIZE,
	    PROT_READ | PROT_WRITE, MAP_SHARED, image_rw, 0);
	FUZZ_NEED(image_map != MAP_FAILED);
}

static void
put_data(struct fuzz_in *in)
{
	uint64_t place = fuzz_take(in, 2), at = 8 * place % IMAGE_SIZE;
	uint8_t *ring = image_map + RING_HEADER;
	size_t n = in->fi_left < IMAGE_SIZE ? in->fi_left : IMAGE_SIZE;
	size_t todo = place & IMAGE_REPEAT ? IMAGE_SIZE : n, i, part;

	for (i = 0; i < todo && n > 0; i += part) {
		part = n - i % n;
		if (part > todo - i)
			part = todo - i;
		if (part > IMAGE_SIZE - at)
			part = IMAGE_SIZE - at;
		memcpy(ring + at, in->fi_p + i % n, part);
		at = (at + part) % IMAGE_SIZE;
	}
}

/* The input's own header, from the start. */
static void
check_attach(void)
{
	struct ring_reader rr;
	const char *why = ring_attach(&rr, image_ro);

	if (why != NULL) {
		FUZZ_CHECK(why[0] != '\0' && rr.rr_ring == NULL);
		return;
	}
	FUZZ_CHECK(rr.rr_size == IMAGE_SIZE);
	FUZZ_CHECK(header()->sr_magic == RING_MAGIC);
	FUZZ_CHECK(header()->sr_format >> 16 == RING_VERSION);
	FUZZ_CHECK(header()->sr_size == IMAGE_SIZE);
	ring_detach(&rr);
}

void
ring_image_open(struct ring_image *ri, struct fuzz_in *in)
{
	struct ring_writer rw;
	struct shm_ring given;

	make_object();
	FUZZ_NEED(ring_create(&rw, image_rw, IMAGE_SIZE, 1) == 0);
	ring_destroy(&rw);
	FUZZ_CHECK(ring_attach(&ri->ri_reader, image_ro) == NULL);
	ri->ri_map = image_map;
	fuzz_copy(in, &given, sizeof(given));
	memcpy(image_map, &given, sizeof(given));
	put_data(in);
	check_attach();
	FUZZ_CHECK(ri->ri_reader.rr_size == IMAGE_SIZE);
}

void
ring_image_close(struct ring_image *ri)
{
	ring_detach(&ri->ri_reader);
	memset(image_map, 0, RING_HEADER + IMAGE_SIZE);
}

void
ring_image_move(struct ring_image *ri, uint64_t resv, uint64_t head,
    uint64_t join)
{
	struct shm_ring *r = (struct shm_ring *)ri->ri_map;

	atomic_fetch_add(&r->sr_resv, resv);
	atomic_fetch_add(&r->sr_head, head);
	atomic_fetch_add(&r->sr_join, join);
}

void
ring_image_check(const struct ring_image *ri, uint64_t pos,
    const struct ring_view *rv)
{
	const struct ring_reader *rr = &ri->ri_reader;
	const uint8_t *end = rr->rr_data + rr->rr_size;

	FUZZ_CHECK(rv->rv_rec.rec_type != RING_PADDING);
	FUZZ_CHECK(rv->rv_payload >= rr->rr_data + sizeof(rv->rv_rec));
	FUZZ_CHECK(rv->rv_payload <= end);
	FUZZ_CHECK(rv->rv_rec.rec_length <= (size_t)(end - rv->rv_payload));
	FUZZ_CHECK(rv->rv_rec.rec_length <= ring_record_max(rr->rr_size));
	FUZZ_CHECK(rv->rv_payload == rr->rr_data +
	    (rv->rv_pos & (rr->rr_size - 1)) + sizeof(rv->rv_rec));
	FUZZ_CHECK(rv->rv_next - rv->rv_pos >= sizeof(rv->rv_rec) +
	    rv->rv_rec.rec_length);
	FUZZ_CHECK(rv->rv_next - pos <= rr->rr_size);
	FUZZ_CHECK((rv->rv_next & 7) == 0);
	(void)fuzz_hash(0, rv->rv_payload, rv->rv_rec.rec_length);
}
