/* SPDX-License-Identifier: ISC */
/*
 * vp8.c - describe VP8 by a key frame (RFC 6386 9.1); it has no sequence header.
 */
#include "media/sequence.h"

#include "rtmp/bytes.h"

#define HEAD_LEN	10
#define START_CODE	0x9d012a
#define SIDE		0x3fff		/* the rest is for scaling */

void
vp8_frame(const uint8_t *p, size_t len, struct media_info *mi)
{
	if (len < HEAD_LEN || (p[0] & 1) != 0 || get_be24(p + 3) != START_CODE)
		return;
	media_set_size(mi, ((unsigned)p[7] << 8 | p[6]) & SIDE,
	    ((unsigned)p[9] << 8 | p[8]) & SIDE);
}
