/* SPDX-License-Identifier: ISC */
/*
 * cursor.h - where a reader stands in the rings of a stream, which records it
 * wants, and when they happened on its own time line.
 *
 * Who is in step takes every record but the repeated ones; who joins takes the
 * REPEAT set of a join point, and video from a key frame on. Times go on over
 * the rings of several publishers. Nothing in a ring is trusted: times may be
 * any number at all.
 */
#ifndef SHM_CURSOR_H
#define SHM_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/ring.h"

enum cursor_mode {
	CURSOR_STEP,	/* in step: REPEAT records are old news */
	CURSOR_HEADERS,	/* at a join point: the REPEAT set is wanted */
	CURSOR_SEEK,	/* waits for a join point */
};

/* Everything that taking a record changes, so that it can be undone. */
struct cursor {
	uint64_t	 cu_pos;	/* next record to look at */
	enum cursor_mode cu_mode;
	bool		 cu_need_key;	/* video only from a key frame on */
	bool		 cu_rebase;	/* the next frame sets cu_offset */
	bool		 cu_taken;	/* something was taken ever */
	int64_t		 cu_offset;	/* added to timestamps */
	int64_t		 cu_time;	/* latest of the reader, highest so far */
	uint64_t	 cu_arrival;	/* of that record, ms */
};

/* Is the record wanted, given that media of its kind is? Moves the state on in
 * either case; cu_pos is the caller's. */
bool	cursor_wants(struct cursor *, const struct shm_record *,
	    bool wants_audio, bool wants_video);

/* The time of a record that is taken, in ms of the reader. */
int64_t	cursor_stamp(struct cursor *, const struct shm_record *);

/* Stand at the first record of a ring just attached. */
void	cursor_start(struct cursor *);
/* Stand at `join`, a join point, and take its REPEAT set. */
void	cursor_join(struct cursor *, uint64_t join);

/* To the newest join point if it lies ahead: the bytes that were skipped, else
 * 0. */
uint64_t cursor_jump(struct cursor *, const struct ring_reader *);

/* The position is of no use any more and no join point lies ahead: to the next
 * that comes. */
void	cursor_seek(struct cursor *, const struct ring_reader *);

/* The ring that was left as gone is back: its publisher had only not been heard
 * of. On from where we were, with the headers of a join point ahead of that. */
void	cursor_return(struct cursor *, const struct ring_reader *);

#endif
