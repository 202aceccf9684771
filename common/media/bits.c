/* SPDX-License-Identifier: ISC */
/*
 * bits.c - the bit reader, with Exp-Golomb codes.
 * Reads one bit at a time: headers are short and read once. Never reads past
 * the end; what it costs is bounded by the bits asked for or there.
 */
#include "media/bits.h"

#include <string.h>

void
bits_open(struct bits *b, const uint8_t *p, size_t len)
{
	memset(b, 0, sizeof(*b));
	b->b_p = b->b_end = p;
	if (len > 0)
		b->b_end += len;
}

void
bits_open_nal(struct bits *b, const uint8_t *p, size_t len)
{
	bits_open(b, p, len);
	b->b_escaped = true;
}

bool
bits_ok(const struct bits *b)
{
	return !b->b_bad;
}

size_t
bits_left(const struct bits *b)
{
	if (b->b_bad)
		return 0;
	return (size_t)(b->b_end - b->b_p) * 8 + b->b_left;
}

static bool
next_byte(struct bits *b)
{
	if (b->b_escaped && b->b_zeros >= 2 && b->b_p < b->b_end &&
	    *b->b_p == 3) {
		b->b_p++;
		b->b_zeros = 0;
	}
	if (b->b_p == b->b_end) {
		b->b_bad = true;
		return false;
	}
	b->b_byte = *b->b_p++;
	b->b_left = 8;
	if (b->b_byte != 0)
		b->b_zeros = 0;
	else if (b->b_zeros < 2)
		b->b_zeros++;
	return true;
}

uint32_t
bits_get(struct bits *b, unsigned n)
{
	uint32_t v = 0;

	if (b->b_bad)
		return 0;
	while (n-- > 0) {
		if (b->b_left == 0 && !next_byte(b))
			return 0;
		b->b_left--;
		v = v << 1 | (b->b_byte >> b->b_left & 1);
	}
	return v;
}

void
bits_skip(struct bits *b, unsigned n)
{
	for (; n > 32 && !b->b_bad; n -= 32)
		bits_get(b, 32);
	bits_get(b, n);
}

uint32_t
bits_ue(struct bits *b)
{
	unsigned zeros = 0;
	uint32_t suffix;

	while (bits_get(b, 1) == 0) {
		/* The largest value, 2^32 - 2, has 31. */
		if (b->b_bad || ++zeros > 31) {
			b->b_bad = true;
			return 0;
		}
	}
	suffix = bits_get(b, zeros);
	return b->b_bad ? 0 : ((uint32_t)1 << zeros) - 1 + suffix;
}

int32_t
bits_se(struct bits *b)
{
	uint32_t k = bits_ue(b);

	if (k & 1)
		return (int32_t)(k / 2) + 1;
	return -(int32_t)(k / 2);
}

void
bits_skip_ue(struct bits *b, unsigned n)
{
	while (n-- > 0 && !b->b_bad)
		bits_ue(b);
}
