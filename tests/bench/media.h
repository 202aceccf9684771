/* SPDX-License-Identifier: ISC */
/*
 * media.h - synthetic H.264/AAC messages that carry a mark (who, which, when)
 * and a pattern that follows from the mark, so that a receiver can check every
 * byte without keeping what was sent.
 *
 * A message: 10 bytes in the shape of the codec, the mark, the pattern.
 */
#ifndef BENCH_MEDIA_H
#define BENCH_MEDIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEDIA_AUDIO	8		/* RTMP message types */
#define MEDIA_VIDEO	9

#define MEDIA_FPS	30
#define MEDIA_AUDIO_PS	43
#define MEDIA_GOP_S	2
#define MEDIA_PER_S	(MEDIA_FPS + MEDIA_AUDIO_PS)

#define MEDIA_SHAPE	10		/* bytes of codec header */
#define MEDIA_MARK	36
#define MEDIA_MIN	(MEDIA_SHAPE + MEDIA_MARK + 18)
#define MEDIA_MAX	(16u << 20)

struct media_plan {			/* message sizes in bytes */
	uint32_t mp_key;
	uint32_t mp_inter;
	uint32_t mp_audio;
};

struct media_mark {
	uint32_t mm_stream;
	uint32_t mm_time;		/* RTMP timestamp, ms */
	uint32_t mm_len;		/* of the whole message */
	uint64_t mm_seq;		/* audio and video counted together */
	uint64_t mm_sent;		/* CLOCK_MONOTONIC, ns */
};

/* Build the pattern; before all else, in every process. */
void	 media_init(void);

/* Sizes for a stream of that many bits a second; a key frame weighs eight. */
void	 media_plan(struct media_plan *mp, uint64_t bits);

/* Sequence headers as RTMP payload; the length is stored in *len. */
const uint8_t *media_avc_config(size_t *len);
const uint8_t *media_aac_config(size_t *len);

/* Write mark->mm_len bytes of a message of that type to buf. */
void	 media_write(uint8_t *buf, uint8_t type, bool key,
	    const struct media_mark *mark);

/* A sequence header: not a frame, bears no mark. */
bool	 media_is_config(uint8_t type, const uint8_t *p, size_t len);
bool	 media_is_key(uint8_t type, const uint8_t *p, size_t len);

/*
 * Read the mark from the first bytes of a message whose announced length is
 * msglen. False if shape, mark or length are not what media_write() wrote.
 */
bool	 media_read(struct media_mark *mark, uint8_t type, const uint8_t *p,
	    size_t len, uint32_t msglen);

/*
 * Check n bytes of pattern found at offset off of the message that starts
 * with head (at least MEDIA_SHAPE + MEDIA_MARK bytes). Bytes before the
 * pattern are skipped: media_read() checks those.
 */
bool	 media_check(const uint8_t *head, uint32_t off, const uint8_t *p,
	    size_t n);

#endif
