/* SPDX-License-Identifier: ISC */
/*
 * flac.c - describe FLAC by its STREAMINFO block (RFC 9639 8.2).
 */
#include "media/sequence.h"

#include <stdio.h>
#include <string.h>

#include "rtmp/bytes.h"

#define INFO_LEN	34
#define INFO_USED	18	/* the rest counts and signs samples */

void
flac_describe(const uint8_t *p, size_t len, struct media_info *mi)
{
	char depth[16];
	uint32_t v;

	if (len >= 4 && memcmp(p, "fLaC", 4) == 0) {
		p += 4;
		len -= 4;
	}
	/* No bare STREAMINFO looks so: its block sizes would be wrong. */
	if (len >= 4 && (p[0] & 0x7f) == 0 && get_be24(p + 1) == INFO_LEN) {
		p += 4;
		len -= 4;
	}
	if (len < INFO_USED)
		return;
	v = get_be32(p + 10);		/* rate 20, channels 3, depth 5 bits */
	mi->mi_rate = v >> 12;
	mi->mi_channels = (v >> 9 & 7) + 1;
	snprintf(depth, sizeof(depth), "%u bit", (unsigned)(v >> 4 & 31) + 1);
	media_set_profile(mi, depth, 0);
}
