/* SPDX-License-Identifier: ISC */
/*
 * chunk.h - the RTMP chunk stream, in and out (RTMP 1.0, 5.3).
 */
#ifndef RTMP_CHUNK_H
#define RTMP_CHUNK_H

#include <stddef.h>
#include <stdint.h>

#include "rtmp/message.h"
#include "rtmp/result.h"

#define CHUNK_SIZE_DEFAULT	128	/* until a type 1 message says other */
#define CHUNK_SIZE_MAX		0xffffffu
#define CHUNK_HEADER_MAX	18	/* 3 basic + 11 message + 4 extended */

struct chunk_limits {
	uint32_t	 cl_message;	/* longest message, bytes */
	uint32_t	 cl_partial;	/* bytes of unfinished messages in all */
	uint32_t	 cl_streams;	/* chunk stream ids in use */
};

/* Which of them was passed. */
enum chunk_over {
	CHUNK_OVER_NONE, CHUNK_OVER_MESSAGE, CHUNK_OVER_PARTIAL,
	CHUNK_OVER_STREAMS
};

struct chunk_in;

/* NULL if out of memory. Freed by chunk_in_free(), which accepts NULL. */
struct chunk_in	*chunk_in_new(const struct chunk_limits *);
void		 chunk_in_free(struct chunk_in *);

/*
 * Take bytes from `buf` until a message is whole. `*used` is always set: keep
 * buf[*used..len) and offer it again in front of what comes next. RTMP_OK:
 * `m` is a message whose data stays valid until the next call or until the
 * caller changes `buf`, whichever is first: a message that lies in one chunk
 * is not copied. RTMP_MORE: nothing whole yet. RTMP_BAD: `*why` is a static
 * sentence. Set Chunk Size and Abort are obeyed here, and handed out too.
 * Never allocates more than the limits in all.
 */
enum rtmp_result chunk_in_next(struct chunk_in *, const uint8_t *buf,
		    size_t len, size_t *used, struct rtmp_msg *m,
		    const char **why);

/* After RTMP_BAD: was it one of the limits? */
enum chunk_over	 chunk_in_over(const struct chunk_in *);

/* Output: chunk stream ids 2 to 63, so every basic header is one byte. */
#define CHUNK_OUT_CSIDS	64

struct chunk_out_stream {
	uint32_t	 cs_ts;		/* of the latest message */
	uint32_t	 cs_msid;
	uint32_t	 cs_ext;	/* extended field of the latest header */
	uint8_t		 cs_used;	/* nonzero after the first message */
};

struct chunk_out {
	uint32_t		 co_size;	/* chunk size in force */
	struct chunk_out_stream	 co_stream[CHUNK_OUT_CSIDS];
};

void	chunk_out_init(struct chunk_out *);

/*
 * Write the header of the first chunk of `m` (rm_data is not looked at) and
 * return its length. Type 0 if the chunk stream is fresh, the message stream
 * differs or time goes backwards, else type 1. The state moves on at once; to
 * take a header back, save co_stream[csid] before and restore it.
 */
size_t	chunk_out_first(struct chunk_out *, const struct rtmp_msg *m,
	    uint8_t hdr[CHUNK_HEADER_MAX]);

/* The same for each further chunk of that message (type 3). */
size_t	chunk_out_next(const struct chunk_out *, uint32_t csid,
	    uint8_t hdr[CHUNK_HEADER_MAX]);

/*
 * Encode a whole message, headers and data, into `out`. Returns its length,
 * or 0 and no change of state if it does not fit in `size`.
 */
size_t	chunk_out_message(struct chunk_out *, const struct rtmp_msg *m,
	    uint8_t *out, size_t size);

#endif
