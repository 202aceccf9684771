/* SPDX-License-Identifier: ISC */
/*
 * bits.h - read a header bit by bit, most significant first.
 * Past the end, or after a code that is too long, the reader is bad for good
 * and every read gives 0: read on, and ask bits_ok() before believing.
 */
#ifndef MEDIA_BITS_H
#define MEDIA_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bits {
	const uint8_t	*b_p;		/* next byte */
	const uint8_t	*b_end;
	uint8_t		 b_byte;	/* the current one */
	uint8_t		 b_left;	/* bits of it not yet read */
	uint8_t		 b_zeros;	/* zero bytes just before b_p */
	bool		 b_escaped;	/* drop emulation prevention bytes */
	bool		 b_bad;
};

/* Plain bytes, and the payload of an H.264 or H.265 NAL unit, out of which
 * emulation_prevention_three_byte is dropped (ISO/IEC 14496-10 7.3.1). */
void	bits_open(struct bits *, const uint8_t *, size_t);
void	bits_open_nal(struct bits *, const uint8_t *, size_t);

bool	bits_ok(const struct bits *);
/* Bits left, as if no emulation prevention byte were among them. */
size_t	bits_left(const struct bits *);

/* n bits, 0 to 32; any number of bits. */
uint32_t	bits_get(struct bits *, unsigned n);
void		bits_skip(struct bits *, unsigned n);
/* Exp-Golomb ue(v) and se(v), ISO/IEC 14496-10 9.1. */
uint32_t	bits_ue(struct bits *);
int32_t		bits_se(struct bits *);
/* n values ue(v), passed over. */
void		bits_skip_ue(struct bits *, unsigned n);

#endif
