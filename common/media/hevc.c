/* SPDX-License-Identifier: ISC */
/*
 * hevc.c - describe H.265 by its decoder configuration record.
 * Profile and level come from the record; size and frame rate from the
 * sequence parameter set; where that has no timing, from the video parameter
 * set, else from the record's average. All loops are bounded by limits of the
 * standard, and stop when the bits run out.
 */
#include "media/sequence.h"

#include <stdio.h>

#include "media/bits.h"
#include "rtmp/bytes.h"

#define RECORD_LEN	23
#define NAL_VPS		32
#define NAL_SPS		33
#define ASPECT_EXTENDED	255
#define MAX_SETS	64	/* num_short_term_ref_pic_sets */
#define MAX_PICS	16	/* in one set, 7.4.8 */
#define MAX_LONG_TERM	32	/* num_long_term_ref_pics_sps */
#define MAX_LAYER_SETS	1023

static void
set_profile(struct media_info *mi, uint8_t idc, uint8_t level)
{
	/* ISO/IEC 23008-2 A.3 */
	static const char *const names[] = {
		NULL, "Main", "Main 10", "Main Still Picture",
		"Range Extensions", "High Throughput", "Multiview Main",
		"Scalable Main", "3D Main", "Screen Content",
	};
	char number[16];

	idc &= 0x1f;
	if (idc > 0 && idc < sizeof(names) / sizeof(names[0])) {
		media_set_profile(mi, names[idc], level / 3);
		return;
	}
	snprintf(number, sizeof(number), "profile %u", idc);
	media_set_profile(mi, number, level / 3);
}

/* profile_tier_level( 1, layers_minus1 ), 7.3.3 */
static void
skip_profile(struct bits *b, unsigned layers_minus1)
{
	bool profile[8], level[8];
	unsigned i;

	bits_skip(b, 88 + 8);
	for (i = 0; i < layers_minus1; i++) {
		profile[i] = bits_get(b, 1);
		level[i] = bits_get(b, 1);
	}
	if (layers_minus1 > 0)
		bits_skip(b, 2 * (8 - layers_minus1));
	for (i = 0; i < layers_minus1; i++) {
		if (profile[i])
			bits_skip(b, 88);
		if (level[i])
			bits_skip(b, 8);
	}
}

/* Sizes of the picture buffer, for each sub-layer or for all at once. */
static void
skip_ordering(struct bits *b, unsigned layers_minus1)
{
	bits_skip_ue(b, bits_get(b, 1) ? 3 * (layers_minus1 + 1) : 3);
}

static void
read_timing(struct bits *b, struct media_info *mi)
{
	uint32_t units, scale;

	if (!bits_get(b, 1))
		return;
	units = bits_get(b, 32);
	scale = bits_get(b, 32);
	if (bits_ok(b))
		media_set_fps(mi, scale, units);
}

/* 7.3.2.1 */
static void
read_vps(const uint8_t *p, size_t len, struct media_info *mi)
{
	unsigned layers_minus1, max_id;
	uint32_t sets_minus1;
	struct bits b;

	bits_open_nal(&b, p, len);
	bits_skip(&b, 16 + 12);		/* NAL header, ids, flags, layers */
	layers_minus1 = bits_get(&b, 3);
	bits_skip(&b, 17);		/* nesting and sixteen reserved */
	skip_profile(&b, layers_minus1);
	skip_ordering(&b, layers_minus1);
	max_id = bits_get(&b, 6);
	sets_minus1 = bits_ue(&b);
	if (sets_minus1 > MAX_LAYER_SETS)
		return;
	bits_skip(&b, sets_minus1 * (max_id + 1));
	read_timing(&b, mi);
}

/* 7.4.3.2.1: SubWidthC and SubHeightC; returns chroma_format_idc. */
static void
read_size(struct bits *b, struct media_info *mi)
{
	uint64_t w, h, x = 0, y = 0;
	uint32_t chroma;

	chroma = bits_ue(b);
	if (chroma == 3)
		bits_skip(b, 1);	/* separate_colour_plane_flag */
	w = bits_ue(b);
	h = bits_ue(b);
	if (bits_get(b, 1)) {
		x = bits_ue(b);
		x += bits_ue(b);
		y = bits_ue(b);
		y += bits_ue(b);
	}
	x *= chroma == 1 || chroma == 2 ? 2 : 1;
	y *= chroma == 1 ? 2 : 1;
	if (bits_ok(b) && x < w && y < h)
		media_set_size(mi, w - x, h - y);
}

/* 7.3.4 */
static void
skip_scaling_lists(struct bits *b)
{
	unsigned size, matrix, coefs;

	for (size = 0; size < 4; size++) {
		coefs = size == 0 ? 16 : 64;
		for (matrix = 0; matrix < 6; matrix += size == 3 ? 3 : 1) {
			if (!bits_get(b, 1))
				bits_skip_ue(b, 1);
			else
				bits_skip_ue(b, coefs + (size > 1));
		}
	}
}

/*
 * st_ref_pic_set( idx ), 7.3.7. Its length hangs on the number of pictures of
 * the set before (7-61, 7-62); returns its own, or -1 if there are too many.
 */
static int
skip_ref_set(struct bits *b, unsigned idx, int before)
{
	uint32_t negative, positive;
	int i, n = 0;

	if (idx > 0 && bits_get(b, 1)) {
		bits_skip(b, 1);	/* delta_rps_sign */
		bits_skip_ue(b, 1);	/* abs_delta_rps_minus1 */
		for (i = 0; i <= before; i++)
			if (bits_get(b, 1) || bits_get(b, 1))
				n++;
		return n > MAX_PICS ? -1 : n;
	}
	negative = bits_ue(b);
	positive = bits_ue(b);
	if (negative > MAX_PICS || positive > MAX_PICS - negative)
		return -1;
	n = (int)(negative + positive);
	for (i = 0; i < n; i++) {
		bits_skip_ue(b, 1);
		bits_skip(b, 1);
	}
	return n;
}

/* Reference pictures; `lsb` is the length of a picture order count. */
static bool
skip_ref_sets(struct bits *b, unsigned lsb)
{
	uint32_t i, n;
	int pics = 0;

	n = bits_ue(b);
	if (n > MAX_SETS)
		return false;
	for (i = 0; i < n && pics >= 0; i++)
		pics = skip_ref_set(b, i, pics);
	if (pics < 0)
		return false;
	if (bits_get(b, 1)) {
		n = bits_ue(b);
		if (n > MAX_LONG_TERM)
			return false;
		bits_skip(b, n * (lsb + 1));
	}
	return bits_ok(b);
}

/* From bit depth up to the VUI, 7.3.2.2.1. */
static bool
skip_coding(struct bits *b, unsigned layers_minus1)
{
	uint32_t lsb;

	bits_skip_ue(b, 2);		/* bit depths */
	lsb = bits_ue(b) + 4;
	if (lsb > 16)
		return false;
	skip_ordering(b, layers_minus1);
	bits_skip_ue(b, 6);		/* block sizes and depths */
	if (bits_get(b, 1) && bits_get(b, 1))
		skip_scaling_lists(b);
	bits_skip(b, 2);		/* amp and sao */
	if (bits_get(b, 1)) {		/* pcm_enabled_flag */
		bits_skip(b, 8);
		bits_skip_ue(b, 2);
		bits_skip(b, 1);
	}
	if (!skip_ref_sets(b, lsb))
		return false;
	bits_skip(b, 2);		/* temporal mvp, intra smoothing */
	return bits_ok(b);
}

/* E.2.1, up to the timing */
static void
read_vui(struct bits *b, struct media_info *mi)
{
	if (bits_get(b, 1) && bits_get(b, 8) == ASPECT_EXTENDED)
		bits_skip(b, 32);
	if (bits_get(b, 1))
		bits_skip(b, 1);	/* overscan_appropriate_flag */
	if (bits_get(b, 1)) {
		bits_skip(b, 4);	/* video_format and range */
		if (bits_get(b, 1))
			bits_skip(b, 24);
	}
	if (bits_get(b, 1))
		bits_skip_ue(b, 2);	/* chroma_sample_loc */
	bits_skip(b, 3);		/* neutral chroma, fields */
	if (bits_get(b, 1))
		bits_skip_ue(b, 4);	/* default display window */
	read_timing(b, mi);
}

/* 7.3.2.2.1 */
static void
read_sps(const uint8_t *p, size_t len, struct media_info *mi)
{
	unsigned layers_minus1;
	struct bits b;

	bits_open_nal(&b, p, len);
	bits_skip(&b, 16 + 4);		/* NAL header, VPS id */
	layers_minus1 = bits_get(&b, 3);
	bits_skip(&b, 1);		/* nesting */
	skip_profile(&b, layers_minus1);
	bits_skip_ue(&b, 1);		/* SPS id */
	read_size(&b, mi);
	if (skip_coding(&b, layers_minus1) && bits_get(&b, 1))
		read_vui(&b, mi);
}

struct sets {
	const uint8_t	*p[2];		/* the first VPS and SPS */
	size_t		 len[2];
};

/* ISO/IEC 14496-15 8.3.3.1.2: arrays of NAL units, by type. */
static void
find_sets(const uint8_t *p, const uint8_t *end, struct sets *s)
{
	unsigned type, count, arrays;
	size_t size;

	for (arrays = *p++; arrays > 0 && end - p >= 3; arrays--) {
		type = (*p & 0x3fu) - NAL_VPS;
		count = get_be16(p + 1);
		p += 3;
		for (; count > 0 && end - p >= 2; count--) {
			size = get_be16(p);
			p += 2;
			if (size > (size_t)(end - p))
				size = (size_t)(end - p);
			if (type < 2 && s->p[type] == NULL) {
				s->p[type] = p;
				s->len[type] = size;
			}
			p += size;
		}
	}
}

void
hevc_describe(const uint8_t *p, size_t len, struct media_info *mi)
{
	struct sets s = { { NULL, NULL }, { 0, 0 } };

	/* Some senders number the record 0, as its drafts did. */
	if (len < 13 || p[0] > 1)
		return;
	set_profile(mi, p[1], p[12]);
	if (len < RECORD_LEN)
		return;
	find_sets(p + RECORD_LEN - 1, p + len, &s);
	if (s.p[1] != NULL)
		read_sps(s.p[1], s.len[1], mi);
	if (mi->mi_fps == 0 && s.p[0] != NULL)
		read_vps(s.p[0], s.len[0], mi);
	if (mi->mi_fps == 0)		/* avgFrameRate, per 256 seconds */
		media_set_fps(mi, get_be16(p + 19), 256);
}
