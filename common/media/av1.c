/* SPDX-License-Identifier: ISC */
/*
 * av1.c - describe AV1 by its configuration record (AV1 in ISOBMFF 2.3.3) and
 * by the sequence header OBU within, if there is one. Section numbers are
 * those of the AV1 bitstream specification.
 */
#include "media/sequence.h"

#include "media/bits.h"

#define MARKER		0x81	/* marker bit and version 1 */
#define TS_DESCRIPTOR	0x80	/* descriptor_tag, AV1 in MPEG-2 TS 2.1 */
#define RECORD_LEN	4
#define LEVEL_MAX	31	/* "Maximum parameters", not a level */
#define OBU_SEQUENCE	1

struct model {
	bool		 present;
	unsigned	 delay_len;	/* bits of a buffer delay */
};

/* 4.10.3; like ue(v), but a longer run of zeros is a value too. */
static uint32_t
read_uvlc(struct bits *b)
{
	unsigned zeros = 0;

	while (bits_ok(b) && bits_get(b, 1) == 0)
		zeros++;
	if (zeros >= 32)
		return UINT32_MAX;
	return ((uint32_t)1 << zeros) - 1 + bits_get(b, zeros);
}

/* 5.5.3 and 5.5.4: how long a frame is, if all are alike. */
static void
read_timing(struct bits *b, struct model *m, struct media_info *mi)
{
	uint32_t units, scale;

	units = bits_get(b, 32);
	scale = bits_get(b, 32);
	if (bits_get(b, 1)) {
		uint64_t ticks = (uint64_t)read_uvlc(b) + 1;

		/* So many ticks that the product does not fit are no rate. */
		if (bits_ok(b) && ticks <= UINT32_MAX)
			media_set_fps(mi, scale, units * ticks);
	}
	m->present = bits_get(b, 1);
	if (m->present) {
		m->delay_len = bits_get(b, 5) + 1;
		bits_skip(b, 32 + 5 + 5);
	}
}

static void
skip_operating_points(struct bits *b, const struct model *m)
{
	bool delay = bits_get(b, 1);	/* initial_display_delay_present */
	unsigned n = bits_get(b, 5) + 1;

	while (n-- > 0) {
		bits_skip(b, 12);
		if (bits_get(b, 5) > 7)
			bits_skip(b, 1);	/* seq_tier */
		if (m->present && bits_get(b, 1))
			bits_skip(b, 2 * m->delay_len + 1);
		if (delay && bits_get(b, 1))
			bits_skip(b, 4);
	}
}

/* 5.5.1 */
static void
read_sequence(const uint8_t *p, size_t len, struct media_info *mi)
{
	struct model m = { false, 0 };
	unsigned wbits, hbits;
	uint64_t w, h;
	struct bits b;

	bits_open(&b, p, len);
	bits_skip(&b, 4);		/* seq_profile, still_picture */
	if (bits_get(&b, 1))		/* reduced_still_picture_header */
		bits_skip(&b, 5);
	else {
		if (bits_get(&b, 1))
			read_timing(&b, &m, mi);
		skip_operating_points(&b, &m);
	}
	wbits = bits_get(&b, 4) + 1;
	hbits = bits_get(&b, 4) + 1;
	w = (uint64_t)bits_get(&b, wbits) + 1;
	h = (uint64_t)bits_get(&b, hbits) + 1;
	if (bits_ok(&b))
		media_set_size(mi, w, h);
}

/* 4.10.5; returns the bytes taken, 0 if unsound. */
static size_t
read_leb128(const uint8_t *p, size_t len, uint64_t *v)
{
	size_t i;

	*v = 0;
	for (i = 0; i < 8 && i < len; i++) {
		*v |= (uint64_t)(p[i] & 0x7f) << (7 * i);
		if ((p[i] & 0x80) == 0)
			return i + 1;
	}
	return 0;
}

/* 5.3: go through the OBUs to the first sequence header. */
static void
find_sequence(const uint8_t *p, size_t len, struct media_info *mi)
{
	size_t head, n;
	uint64_t size;
	uint8_t first;

	while (len > 0) {
		first = p[0];
		head = first & 0x04 ? 2 : 1;	/* obu_extension_flag */
		if (len < head)
			return;
		p += head;
		len -= head;
		size = len;
		if (first & 0x02) {		/* obu_has_size_field */
			n = read_leb128(p, len, &size);
			if (n == 0)
				return;
			p += n;
			len -= n;
		}
		if (size > len)
			size = len;
		if ((first >> 3 & 15) == OBU_SEQUENCE) {
			read_sequence(p, size, mi);
			return;
		}
		p += size;
		len -= size;
	}
}

void
av1_describe(const uint8_t *p, size_t len, struct media_info *mi)
{
	static const char *const names[8] = {
		"Main", "High", "Professional", "profile 3", "profile 4",
		"profile 5", "profile 6", "profile 7",
	};
	uint8_t level;

	if (len >= 2 && p[0] == TS_DESCRIPTOR && p[1] == RECORD_LEN) {
		p += 2;
		len -= 2;
	}
	if (len < RECORD_LEN || p[0] != MARKER)
		return;
	/* A.3: seq_level_idx 0 is 2.0, each four steps a major level. */
	level = p[1] & 0x1f;
	media_set_profile(mi, names[p[1] >> 5],
	    level == LEVEL_MAX ? 0 : 20 + level / 4 * 10u + level % 4);
	find_sequence(p + RECORD_LEN, len - RECORD_LEN, mi);
}
