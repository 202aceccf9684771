/* SPDX-License-Identifier: ISC */
/*
 * flv.h - FLV files: header and tags around RTMP messages (FLV 10.1, E.2 to
 * E.4).
 */
#ifndef MEDIA_FLV_H
#define MEDIA_FLV_H

#include <stdbool.h>
#include <stdint.h>

#define FLV_HEADER	13	/* the size of no tag before it included */
#define FLV_TAG_HEAD	11
#define FLV_TAG_TAIL	4
#define FLV_TAG_MAX	0xffffffu	/* bytes of data */

void	flv_header(uint8_t out[FLV_HEADER], bool audio, bool video);

/* What stands before and after the data of a tag, `len` bytes at most
 * FLV_TAG_MAX. The type is that of the message. */
void	flv_tag_head(uint8_t out[FLV_TAG_HEAD], uint8_t type, uint32_t len,
	    uint32_t ms);
void	flv_tag_tail(uint8_t out[FLV_TAG_TAIL], uint32_t len);

/* Bytes of data of a tag. */
uint32_t flv_tag_length(const uint8_t head[FLV_TAG_HEAD]);
uint32_t flv_tag_time(const uint8_t head[FLV_TAG_HEAD]);

#endif
