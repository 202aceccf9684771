/* SPDX-License-Identifier: ISC */
/*
 * floor_stream.h - a stream of the floor: its tape of chunks, the same bytes
 * for every subscriber, from the latest key frame on.
 */
#ifndef BENCH_FLOOR_STREAM_H
#define BENCH_FLOOR_STREAM_H

#include "wire.h"

#define STREAM_CHUNK	65536		/* our chunk size, for all */
#define STREAM_MSID	1
#define STREAM_CONFIG	512		/* longest sequence header */

enum { STREAM_AUDIO, STREAM_VIDEO, STREAM_TRACKS };

struct forked;
struct peer;

struct stream {
	struct stream *st_next;
	char	 st_name[WIRE_TEXT];
	struct peer *st_publisher;	/* or NULL */
	struct forked *st_forked;	/* has tape and subscribers; or NULL */
	struct peer **st_sub;
	unsigned int st_count, st_room;
	uint8_t	 st_config[STREAM_TRACKS][STREAM_CONFIG];
	uint32_t st_config_len[STREAM_TRACKS];
	uint8_t	*st_tape;
	size_t	 st_cap, st_len;
	size_t	 st_begin;		/* who joins is sent all from here */
	size_t	 st_sent;		/* all are sent or queued up to here */
	size_t	 st_key;		/* a group begins here; 0: none since */
	/* the chunk streams at the end, at st_key and at the beginning */
	struct chunk_out st_put[STREAM_TRACKS];
	struct chunk_out st_put_key[STREAM_TRACKS];
	struct chunk_out st_put_first[STREAM_TRACKS];
	uint64_t st_flushed;		/* ns */
};

/*
 * The stream of that name, made if there is none, with a process for each
 * subscriber if they are in sets; NULL: out of memory.
 */
struct stream *stream_get(const char *name, unsigned int sets);

/* Send what it is now, from the key frame on, then all that comes; or -1. */
int	 stream_join(struct stream *st, struct peer *p);
void	 stream_leave(struct stream *st, struct peer *p);

/* Append a message of type 8 or 9 to the tape; -1 if out of memory. */
int	 stream_append(struct stream *st, uint8_t type, uint32_t time,
	    const uint8_t *body, uint32_t len);

/* One send for each subscriber, of all that is new; or wake the next set. */
void	 stream_flush(struct stream *st, uint64_t now);

/* Flush the streams held for that long; returns when the next is due, ns. */
uint64_t stream_tick(uint64_t now, uint64_t hold);

/* The publisher is gone: the next begins with an empty tape. */
void	 stream_rewind(struct stream *st);

#endif
