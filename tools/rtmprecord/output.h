/* SPDX-License-Identifier: ISC */
/*
 * output.h - one FLV file being written.
 * Holds whole tags only, whatever happens: what did not fit on the disk is cut
 * back to the last tag that did.
 */
#ifndef RTMPRECORD_OUTPUT_H
#define RTMPRECORD_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recording/meta.h"
#include "recording/path.h"

struct output {
	int		 ou_fd;		/* -1: none is open */
	int		 ou_dir;
	char		 ou_path[RECORD_PATH_MAX];
	uint8_t		*ou_buf;	/* tags that are yet to be written */
	size_t		 ou_size;
	size_t		 ou_len;
	uint64_t	 ou_pos;	/* bytes of the file without those */
	uint64_t	 ou_before;	/* bytes that it had when it was opened */
	uint32_t	 ou_first;	/* time that it goes on at, ms */
	uint32_t	 ou_last;	/* latest time in it, ms */
	uint32_t	 ou_safe;	/* the same without the buffer */
	uint64_t	 ou_begun;	/* our first frame ends there, 0 none */
	uint8_t		 ou_kinds;	/* FLV header: 4 audio, 1 video */
	bool		 ou_dirty;	/* written to since output_sync() */
	uint8_t		*ou_props;	/* onMetaData of the publisher */
	size_t		 ou_nprops;
	uint32_t	 ou_meta;	/* bytes reserved for ours, 0 none */
	struct keyframes ou_keys;
};

void	output_init(struct output *);

/*
 * Begin a file of that name beneath `dir`, or one with a number if it exists;
 * or, if `append`, go on with it behind its last whole tag. `props` is the
 * onMetaData of the publisher, copied. 0, or -1 and errno: nothing is open.
 */
int	output_open(struct output *, int dir, const char *path, bool append,
	    const void *props, size_t nprops);

struct output_tag {
	uint8_t		 ot_type;	/* RTMP message type */
	bool		 ot_frame;
	bool		 ot_key;	/* for the index */
	uint32_t	 ot_ms;
	const void	*ot_data;
	uint32_t	 ot_len;
};

/* Put a tag into the buffer. -1 and errno: no memory for it. */
int	output_put(struct output *, const struct output_tag *);

/* Write the buffer out. -1 and errno: it is full, cut and to be closed. */
int	output_flush(struct output *);

/* See that it survives a loss of power. -1 and errno; ENOENT: somebody has
 * removed it. */
int	output_sync(struct output *);

/* Bytes of the file, buffer included. */
uint64_t output_bytes(const struct output *);
/* Is a frame of ours in it, or on the way? */
bool	 output_has_frames(const struct output *);

/* Write duration, size and index into its onMetaData, and close it; a file
 * without a frame of ours is removed if it was new. -1 and errno: the former
 * failed, or the disk. */
int	output_close(struct output *);

#endif
