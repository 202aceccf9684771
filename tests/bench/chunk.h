/* SPDX-License-Identifier: ISC */
/*
 * chunk.h - the RTMP chunk stream, written a second time on purpose: the bench
 * must not share a fault with the relay it measures. Follows the specification
 * to the letter and does no I/O.
 */
#ifndef BENCH_CHUNK_H
#define BENCH_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHUNK_HEAD	512	/* first bytes of a message that are kept */
#define CHUNK_STREAMS	64	/* open chunk streams per connection */
#define CHUNK_HEADER	18	/* longest chunk header */

/* State of one chunk stream, and the message being received on it. */
struct chunk_msg {
	uint32_t cm_csid;
	uint32_t cm_time;		/* ms, absolute */
	uint32_t cm_delta;
	uint32_t cm_len;
	uint32_t cm_got;
	uint32_t cm_msid;
	uint8_t	 cm_type;
	bool	 cm_ext;		/* last header had an extended time */
	bool	 cm_bad;		/* receiver's; false at first */
	uint8_t	 cm_head[CHUNK_HEAD];
};

struct chunk_in {
	uint32_t ci_size;		/* the peer's chunk size */
	uint32_t ci_left;		/* payload bytes left in this chunk */
	struct chunk_msg *ci_cur;	/* receives them */
	struct chunk_msg *ci_msg[CHUNK_STREAMS];
	unsigned int ci_count;
	const char *ci_error;
};

/* What a reader of messages is told. */
struct chunk_sink {
	/* n payload bytes at p that begin at offset off of the message */
	void	(*cs_slice)(void *arg, struct chunk_msg *m, uint32_t off,
		    const uint8_t *p, size_t n);
	/* the message is complete; cm_head has its first CHUNK_HEAD bytes */
	void	(*cs_done)(void *arg, struct chunk_msg *m);
};

void	 chunk_in_init(struct chunk_in *ci);
void	 chunk_in_free(struct chunk_in *ci);

/*
 * Take bytes of the peer's chunk stream. Returns how many were used; the rest
 * (fewer than CHUNK_HEADER) must come first next time. -1: ci_error says why.
 */
long	 chunk_in_feed(struct chunk_in *ci, const uint8_t *p, size_t len,
	    const struct chunk_sink *sink, void *arg);

/* Drop the unfinished message of a chunk stream (message type 2). */
void	 chunk_in_abort(struct chunk_in *ci, uint32_t csid);

/* One direction of one chunk stream, for chunk_put(). */
struct chunk_out {
	uint32_t co_csid;		/* 2 to 63 */
	uint32_t co_time;
	bool	 co_used;
};

/* Bytes that chunk_put() needs at most for a body of len bytes. */
size_t	 chunk_room(uint32_t len, uint32_t size);

/*
 * Write a message as chunks of the given size: type 0 first, then type 1
 * deltas. Returns the bytes written to out.
 */
size_t	 chunk_put(struct chunk_out *co, uint8_t *out, uint32_t size,
	    uint8_t type, uint32_t msid, uint32_t time, const uint8_t *body,
	    uint32_t len);

#endif
