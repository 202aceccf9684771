/* SPDX-License-Identifier: ISC */
/*
 * flv.c - FLV files: header and tags around RTMP messages.
 */
#include "media/flv.h"

#include <string.h>

#define AUDIO	0x04
#define VIDEO	0x01

static void
put24(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 16);
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)v;
}

void
flv_header(uint8_t out[FLV_HEADER], bool audio, bool video)
{
	static const uint8_t head[FLV_HEADER] = {
		'F', 'L', 'V', 1, 0, 0, 0, 0, 9,
	};

	memcpy(out, head, sizeof(head));
	out[4] = (uint8_t)((audio ? AUDIO : 0) | (video ? VIDEO : 0));
}

void
flv_tag_head(uint8_t out[FLV_TAG_HEAD], uint8_t type, uint32_t len,
    uint32_t ms)
{
	out[0] = type;
	put24(out + 1, len);
	put24(out + 4, ms);
	out[7] = (uint8_t)(ms >> 24);
	put24(out + 8, 0);
}

void
flv_tag_tail(uint8_t out[FLV_TAG_TAIL], uint32_t len)
{
	len += FLV_TAG_HEAD;
	out[0] = (uint8_t)(len >> 24);
	put24(out + 1, len);
}

uint32_t
flv_tag_length(const uint8_t head[FLV_TAG_HEAD])
{
	return (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
}

uint32_t
flv_tag_time(const uint8_t head[FLV_TAG_HEAD])
{
	return (uint32_t)head[7] << 24 | (uint32_t)head[4] << 16 |
	    (uint32_t)head[5] << 8 | head[6];
}
