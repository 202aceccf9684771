/* SPDX-License-Identifier: ISC */
/*
 * ring_image.h - a ring as a publisher that was taken over could leave it.
 */
#ifndef FUZZ_RING_IMAGE_H
#define FUZZ_RING_IMAGE_H

#include "fuzz.h"
#include "shm/ring.h"

#define IMAGE_SIZE	((uint64_t)RING_SIZE_MIN)
#define IMAGE_REPEAT	0x8000	/* the data goes all round */

struct ring_image {
	uint8_t			*ri_map;	/* header page and data */
	struct ring_reader	 ri_reader;
};

/*
 * Take a header as an input has it (128 bytes), the place of its data, in
 * units of 8 bytes, or with IMAGE_REPEAT (2), and the data itself, all that is
 * left, which goes on at the start of the ring at its end. A reader is
 * attached to a sound ring before its header is overwritten. If it accepts the
 * input's header at attach too, that must have been right.
 */
void	ring_image_open(struct ring_image *, struct fuzz_in *);
void	ring_image_close(struct ring_image *);

/* What the publisher does meanwhile: move its positions by these. */
void	ring_image_move(struct ring_image *, uint64_t resv, uint64_t head,
	    uint64_t join);

/* The promises that every RING_OK makes; reads all of the payload. */
void	ring_image_check(const struct ring_image *, uint64_t pos,
	    const struct ring_view *);

#endif
