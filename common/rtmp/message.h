/* SPDX-License-Identifier: ISC */
/*
 * message.h - the RTMP message, its types and the control messages
 * (RTMP 1.0, 5.4, 6.1, 7.1).
 */
#ifndef RTMP_MESSAGE_H
#define RTMP_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "rtmp/result.h"

enum rtmp_type {
	RTMP_SET_CHUNK_SIZE = 1,
	RTMP_ABORT = 2,
	RTMP_ACK = 3,
	RTMP_USER_CONTROL = 4,
	RTMP_WINDOW_ACK_SIZE = 5,
	RTMP_PEER_BANDWIDTH = 6,
	RTMP_AUDIO = 8,
	RTMP_VIDEO = 9,
	RTMP_DATA_AMF3 = 15,
	RTMP_COMMAND_AMF3 = 17,
	RTMP_DATA = 18,
	RTMP_COMMAND = 20,
	RTMP_AGGREGATE = 22,
};

enum rtmp_event {
	RTMP_STREAM_BEGIN = 0,
	RTMP_STREAM_EOF = 1,
	RTMP_SET_BUFFER_LENGTH = 3,
	RTMP_PING_REQUEST = 6,
	RTMP_PING_RESPONSE = 7,
};

/* Who owns rm_data depends on who made the message; see each maker. */
struct rtmp_msg {
	const uint8_t	*rm_data;
	uint32_t	 rm_len;	/* bytes */
	uint32_t	 rm_ts;		/* ms, absolute, modulo 2^32 */
	uint32_t	 rm_msid;	/* message stream id */
	uint32_t	 rm_csid;	/* chunk stream id */
	uint8_t		 rm_type;	/* enum rtmp_type, or unknown */
};

#define CONTROL_MAX	16	/* no control message we send is longer */

/*
 * Bodies of control messages. Each writes at most CONTROL_MAX bytes to
 * `body` and returns how many.
 */
size_t	control_u32(uint8_t body[CONTROL_MAX], uint32_t v);	/* 1,2,3,5 */
size_t	control_peer_bandwidth(uint8_t body[CONTROL_MAX], uint32_t bytes);
size_t	control_event(uint8_t body[CONTROL_MAX], enum rtmp_event ev,
	    uint32_t value);

/*
 * Read them. RTMP_BAD if the body is too short. control_get_u32() is for
 * types 1, 2, 3, 5 and the first field of 6; control_get_event() is for
 * type 4: `*value` is the first 32-bit field, 0 if the event carries none.
 */
enum rtmp_result control_get_u32(const struct rtmp_msg *m, uint32_t *v);
enum rtmp_result control_get_event(const struct rtmp_msg *m, uint16_t *ev,
	    uint32_t *value);

/*
 * Walk an aggregate message (type 22, RTMP 1.0, 7.1.6): each call fills `sub`
 * with the next contained message. Start with *off = 0. `sub` points into
 * `agg`. RTMP_END at the end; a truncated last one ends the walk too.
 */
enum rtmp_result aggregate_next(const struct rtmp_msg *agg, size_t *off,
	    struct rtmp_msg *sub);

#endif
