/* SPDX-License-Identifier: ISC */
/*
 * opus.c - describe Opus by its identification header (RFC 7845 5.1).
 * A sequence start without one is legal and tells nothing.
 */
#include "media/sequence.h"

#include <string.h>

#define HEADER_LEN	19

void
opus_describe(const uint8_t *p, size_t len, struct media_info *mi)
{
	/* The upper half of the version says whether we can read it. */
	if (len < HEADER_LEN || memcmp(p, "OpusHead", 8) != 0 ||
	    p[8] > 15 || p[9] == 0)
		return;
	mi->mi_channels = p[9];
	/* Decoders put out 48 kHz; the header's rate is the recording's. */
	mi->mi_rate = 48000;
}
