/* SPDX-License-Identifier: ISC */
/*
 * avc.c - describe H.264 by its decoder configuration record.
 * Profile and level come from the record itself; size and frame rate from the
 * first sequence parameter set, up to the timing in its VUI. All loops are
 * bounded by limits of the standard.
 */
#include "media/sequence.h"

#include <stdio.h>

#include "media/bits.h"
#include "rtmp/bytes.h"

#define NAL_SPS		7
#define SET1		0x40	/* constraint_set1_flag, in its byte */
#define SET3		0x10
#define ASPECT_EXTENDED	255
#define MAX_MBS		4096	/* along one side; level 6.2 allows 1055 */
#define MAX_CYCLE	255	/* num_ref_frames_in_pic_order_cnt_cycle */

/* ISO/IEC 14496-10 Annex A, G and H. */
static const struct {
	uint8_t		 idc;
	const char	*name;
	const char	*intra;		/* under constraint_set3_flag */
} profiles[] = {
	{ 44,	"CAVLC 4:4:4 Intra",	NULL },
	{ 66,	"Baseline",		NULL },
	{ 77,	"Main",			NULL },
	{ 83,	"Scalable Baseline",	NULL },
	{ 86,	"Scalable High",	NULL },
	{ 88,	"Extended",		NULL },
	{ 100,	"High",			NULL },
	{ 110,	"High 10",		"High 10 Intra" },
	{ 118,	"Multiview High",	NULL },
	{ 122,	"High 4:2:2",		"High 4:2:2 Intra" },
	{ 128,	"Stereo High",		NULL },
	{ 244,	"High 4:4:4 Predictive", "High 4:4:4 Intra" },
};

static void
set_profile(struct media_info *mi, uint8_t idc, uint8_t sets, uint8_t level)
{
	char number[16], with_level[24];
	const char *name = NULL;
	size_t i;

	for (i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		if (profiles[i].idc != idc)
			continue;
		name = profiles[i].name;
		if ((sets & SET3) && profiles[i].intra != NULL)
			name = profiles[i].intra;
	}
	if (idc == 66 && (sets & SET1))
		name = "Constrained Baseline";
	if (name == NULL) {
		snprintf(number, sizeof(number), "profile %u", idc);
		name = number;
	}
	/* A.3.1 and A.3.2: level 1b is 9, or 11 with set3 where that is free */
	if (level == 9 || (level == 11 && (sets & SET3) &&
	    (idc == 66 || idc == 77 || idc == 88))) {
		snprintf(with_level, sizeof(with_level), "%s 1b", name);
		media_set_profile(mi, with_level, 0);
	} else
		media_set_profile(mi, name, level);
}

/* 7.3.2.1.1.1 */
static void
skip_scaling_list(struct bits *b, unsigned size)
{
	int32_t last = 8, next = 8;
	unsigned j;

	for (j = 0; j < size && next != 0 && bits_ok(b); j++) {
		next = (last + bits_se(b) % 256 + 256) % 256;
		if (next != 0)
			last = next;
	}
}

static bool
has_chroma(uint32_t profile)
{
	switch (profile) {
	case 44: case 83: case 86: case 100: case 110: case 118: case 122:
	case 128: case 134: case 135: case 138: case 139: case 244:
		return true;
	default:
		return false;
	}
}

/* The part of 7.3.2.1.1 for high profiles; returns chroma_format_idc. */
static uint32_t
read_chroma(struct bits *b)
{
	unsigned i, lists;
	uint32_t format;

	format = bits_ue(b);
	if (format == 3)
		bits_skip(b, 1);	/* separate planes crop alike */
	bits_skip_ue(b, 2);		/* bit depths */
	bits_skip(b, 1);		/* qpprime_y_zero_transform_bypass */
	if (bits_get(b, 1)) {
		lists = format == 3 ? 12 : 8;
		for (i = 0; i < lists && bits_ok(b); i++)
			if (bits_get(b, 1))
				skip_scaling_list(b, i < 6 ? 16 : 64);
	}
	return format;
}

static void
skip_frame_order(struct bits *b)
{
	uint32_t type, n;

	bits_skip_ue(b, 1);		/* log2_max_frame_num_minus4 */
	type = bits_ue(b);
	if (type == 0)
		bits_skip_ue(b, 1);
	else if (type == 1) {
		bits_skip(b, 1);
		bits_skip_ue(b, 2);	/* se(v) is as long as ue(v) */
		n = bits_ue(b);
		bits_skip_ue(b, n > MAX_CYCLE ? MAX_CYCLE : n);
	}
	bits_skip_ue(b, 1);		/* max_num_ref_frames */
	bits_skip(b, 1);		/* gaps allowed */
}

/* 7.4.2.1.1: CropUnitX and CropUnitY; returns false at an unsound size. */
static bool
read_size(struct bits *b, uint32_t chroma, struct media_info *mi)
{
	uint64_t w, h, x = 0, y = 0;
	uint32_t fields;

	w = (uint64_t)bits_ue(b) + 1;
	h = (uint64_t)bits_ue(b) + 1;
	fields = 2 - bits_get(b, 1);	/* 2 - frame_mbs_only_flag */
	if (fields == 2)
		bits_skip(b, 1);	/* mb_adaptive_frame_field_flag */
	bits_skip(b, 1);		/* direct_8x8_inference_flag */
	if (bits_get(b, 1)) {
		x = bits_ue(b);
		x += bits_ue(b);
		y = bits_ue(b);
		y += bits_ue(b);
	}
	x *= chroma == 1 || chroma == 2 ? 2 : 1;
	y *= (chroma == 1 ? 2 : 1) * fields;
	if (!bits_ok(b) || w > MAX_MBS || h > MAX_MBS)
		return false;
	w *= 16;
	h *= 16 * fields;
	if (x >= w || y >= h)
		return false;
	media_set_size(mi, w - x, h - y);
	return true;
}

/* E.1.1, up to the timing. Time is counted in fields: E.2.1. */
static void
read_vui(struct bits *b, struct media_info *mi)
{
	uint32_t units, scale;

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
	if (!bits_get(b, 1))
		return;
	units = bits_get(b, 32);
	scale = bits_get(b, 32);
	if (bits_ok(b))
		media_set_fps(mi, scale, (uint64_t)units * 2);
}

/* 7.3.2.1.1 */
static void
read_sps(const uint8_t *p, size_t len, struct media_info *mi)
{
	uint32_t profile, chroma = 1;
	struct bits b;

	bits_open_nal(&b, p, len);
	if ((bits_get(&b, 8) & 0x9f) != NAL_SPS)
		return;
	profile = bits_get(&b, 8);
	bits_skip(&b, 16);		/* constraint sets and level */
	bits_skip_ue(&b, 1);		/* seq_parameter_set_id */
	if (has_chroma(profile))
		chroma = read_chroma(&b);
	skip_frame_order(&b);
	if (read_size(&b, chroma, mi) && bits_get(&b, 1))
		read_vui(&b, mi);
}

void
avc_describe(const uint8_t *p, size_t len, struct media_info *mi)
{
	size_t size;

	if (len < 4 || p[0] != 1)
		return;
	set_profile(mi, p[1], p[2], p[3]);
	if (len < 8 || (p[5] & 0x1f) == 0)
		return;
	size = get_be16(p + 6);
	if (size > len - 8)
		size = len - 8;
	read_sps(p + 8, size, mi);
}
