/* SPDX-License-Identifier: ISC */
/*
 * meta.h - onMetaData of a recording: what its publisher said, and what is
 * known once the file is complete: duration, filesize, and where the key frames
 * are. Its place is reserved when a file begins and filled in when it ends.
 */
#ifndef RECORDING_META_H
#define RECORDING_META_H

#include <stddef.h>
#include <stdint.h>

#define KEYFRAMES_MAX	2048	/* in one index */
#define META_KEPT_MAX	65536	/* bytes of publisher's properties kept */

/* Each stride-th key frame; full, it is thinned out to every other. */
struct keyframes {
	uint32_t	 kf_n;
	uint32_t	 kf_stride;
	uint32_t	 kf_seen;	/* since the last that was taken */
	struct keyframe {
		uint32_t	 kf_ms;
		uint64_t	 kf_pos;	/* of its tag */
	}		 kf_entry[KEYFRAMES_MAX];
};

void	keyframes_init(struct keyframes *);
void	keyframes_add(struct keyframes *, uint32_t ms, uint64_t pos);
/* Forget those from `end` on: the file was cut there. */
void	keyframes_cut(struct keyframes *, uint64_t end);

struct meta {
	const uint8_t	*me_data;	/* the publisher's onMetaData message */
	size_t		 me_len;	/* 0: there was none */
	double		 me_duration;	/* s */
	double		 me_filesize;	/* bytes */
};

/* Bytes to reserve for it, whatever the index will come to. */
size_t	meta_size(const struct meta *);

/*
 * Make a message of exactly `size` bytes, filled up by a property "filler". An
 * index that does not fit is thinned out until it does. -1: `size` is too
 * small even without one.
 */
int	meta_make(const struct meta *, const struct keyframes *, uint8_t *out,
	    size_t size);

#endif
