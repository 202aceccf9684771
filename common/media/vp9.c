/* SPDX-License-Identifier: ISC */
/*
 * vp9.c - describe VP9 by its configuration record (VP Codec ISO Media File
 * Format Binding). It knows profile and level; the size is in the frames.
 */
#include "media/sequence.h"

#include <stdio.h>

#include "rtmp/bytes.h"

#define RECORD_LEN	8
#define BOX_V1		0x01000000	/* version 1, no flags */

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
