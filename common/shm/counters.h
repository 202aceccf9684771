/* SPDX-License-Identifier: ISC */
/*
 * counters.h - what every session counts, declared once.
 * The registry, the messages to the hub, the log and rtmpd-shm(7) use the
 * same names; each sentence is the one in the man page.
 */
#ifndef SHM_COUNTERS_H
#define SHM_COUNTERS_H

#include <stdint.h>

#define SESSION_COUNTERS(X)						\
	X(bytes_in, "Bytes received from the peer.")			\
	X(bytes_out, "Bytes sent to the peer.")				\
	X(video, "Video messages relayed.")				\
	X(audio, "Audio messages relayed.")				\
	X(data, "Data messages relayed, metadata included.")		\
	X(media_bytes, "Payload bytes of the messages relayed.")	\
	X(joins, "Times it started at a join point.")			\
	X(lag_jumps, "Times it fell behind and jumped to a join point.") \
	X(lag, "Lag in milliseconds when last reported.")		\
	X(wakes, "Wake-ups fired or received.")

struct counters {
#define COUNTER_FIELD(name, sentence)	uint64_t ct_##name;
	SESSION_COUNTERS(COUNTER_FIELD)
#undef COUNTER_FIELD
};
_Static_assert(sizeof(struct counters) == 80, "resized");

#endif
