/* SPDX-License-Identifier: ISC */
/*
 * mp3.c - describe MP3 by the header of a frame (ISO/IEC 11172-3 2.4.1.3,
 * 13818-3 2.4.1.3, and MPEG 2.5 as decoders know it).
 */
#include "media/sequence.h"

#include "rtmp/bytes.h"

#define SYNC		0x7ff
#define LAYER_3		1
#define MONO		3

void
mp3_frame(const uint8_t *p, size_t len, struct media_info *mi)
{
	static const uint32_t rates[4] = { 44100, 48000, 32000, 0 };
	static const uint8_t halved[4] = { 2, 0, 1, 0 };
	uint32_t h, version;

	if (len < 4)
		return;
	h = get_be32(p);	/* sync 11, version 2, layer 2, no CRC 1, ... */
	version = h >> 19 & 3;
	if (h >> 21 != SYNC || version == 1 || (h >> 17 & 3) != LAYER_3 ||
	    rates[h >> 10 & 3] == 0)
		return;
	mi->mi_rate = rates[h >> 10 & 3] >> halved[version];
	mi->mi_channels = (h >> 6 & 3) == MONO ? 1 : 2;
}
