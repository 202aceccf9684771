/* SPDX-License-Identifier: ISC */
/*
 * vp9.c - describe VP9 by its configuration record (VP Codec ISO Media File
 * Format Binding), which knows profile and level, and by a key frame (VP9
 * Bitstream Specification 6.2, 7.2), which knows the size.
 */
#include "media/sequence.h"

#include <stdio.h>

#include "media/bits.h"
#include "rtmp/bytes.h"

#define RECORD_LEN	8
#define BOX_V1		0x01000000	/* version 1, no flags */
#define FRAME_MARKER	2
#define SYNC_CODE	0x498342
#define CS_RGB		7

void
vp9_describe(const uint8_t *p, size_t len, struct media_info *mi)
{
	char name[16];

	/* As a record that would be a bit depth of 0: so it is a box. */
	if (len >= 4 && get_be32(p) == BOX_V1) {
		p += 4;
		len -= 4;
	}
	if (len < RECORD_LEN || p[0] > 3)
		return;
	snprintf(name, sizeof(name), "Profile %u", p[0]);
	media_set_profile(mi, name, p[1]);
}

static void
skip_color(struct bits *b, uint32_t profile)
{
	bool odd = (profile & 1) != 0;

	if (profile >= 2)
		bits_skip(b, 1);		/* ten_or_twelve_bit */
	if (bits_get(b, 3) != CS_RGB)
		bits_skip(b, odd ? 4 : 1);	/* range, subsampling */
	else
		bits_skip(b, odd ? 1 : 0);	/* reserved */
}

void
vp9_frame(const uint8_t *p, size_t len, struct media_info *mi)
{
	uint32_t profile, width, height;
	struct bits b;

	bits_open(&b, p, len);
	if (bits_get(&b, 2) != FRAME_MARKER)
		return;
	profile = bits_get(&b, 1);
	profile |= bits_get(&b, 1) << 1;
	if (profile == 3)
		bits_skip(&b, 1);		/* reserved */
	if (bits_get(&b, 2) != 0)		/* shown again; not a key frame */
		return;
	bits_skip(&b, 2);			/* shown; error resilient */
	if (bits_get(&b, 24) != SYNC_CODE)
		return;
	skip_color(&b, profile);
	width = bits_get(&b, 16) + 1;
	height = bits_get(&b, 16) + 1;
	if (bits_ok(&b))
		media_set_size(mi, width, height);
}
