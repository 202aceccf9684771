/* SPDX-License-Identifier: ISC */
/*
 * play.h - out of the ring to the peer.
 */
#ifndef RTMPD_PLAY_H
#define RTMPD_PLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/cursor.h"
#include "shm/ring.h"

struct conn;
struct netstream;

struct play {
	struct ring_reader	 pl_ring;	/* rr_ring NULL: waiting */
	struct cursor		 pl_cursor;
	uint32_t		 pl_word;	/* wake word at the latest pump */
	uint64_t		 pl_generation;
	uint64_t		 pl_left;	/* of the ring left as gone */
	int			 pl_next;	/* the successor's ring, or -1 */
	uint64_t		 pl_next_generation;
	bool			 pl_started;	/* Play.Start was sent */
	bool			 pl_waited;	/* it was there before the ring */
	bool			 pl_gone;	/* publisher gone: drain, say so */
	bool			 pl_paused;	/* the peer wants nothing now */
	bool			 pl_no_audio;	/* receiveAudio(false) */
	bool			 pl_no_video;
	uint64_t		 pl_lag;	/* ms, when last looked at */
};

/* The hub's answers to the wish to play. `fd` becomes ours. */
void	play_idle(struct conn *, struct netstream *);
void	play_ring(struct conn *, struct netstream *, int fd,
	    uint64_t generation);
void	play_gone(struct conn *, struct netstream *);
void	play_stop(struct netstream *);
/* No hub will tell: has the publisher been silent for `linger`? Then it has
 * gone. */
void	play_without_hub(struct conn *, struct netstream *);

/* The peer stops for a while; goes on at the newest join point. */
void	play_pause(struct conn *, struct netstream *, bool on);
/* The peer wants messages of `type` (RTMP_AUDIO, RTMP_VIDEO), or not; told
 * when they start again (RTMP 1.0, 7.2.2.4 and 7.2.2.5). */
void	play_receive(struct conn *, struct netstream *, uint8_t type, bool on);

/* The server ends this: say so to the peer. */
void	play_say_end(struct conn *, struct netstream *);

/*
 * Send what is due until nothing is or the socket is full. Goes on to the
 * successor's ring, or says that the publisher has gone, when the ring is
 * drained.
 */
void	play_pump(struct conn *, struct netstream *);

/* Bring pl_lag up to date: the age of the oldest record not yet sent. While the
 * socket is full nobody else does. */
void	play_measure(const struct conn *, struct netstream *);

/* Is it attached to a ring that may bring more? */
bool	play_streaming(const struct netstream *);
/* Has its publisher woken us since the latest pump? */
bool	play_woken(const struct netstream *);
/* Does it owe us one: has something waited in the ring for as long as the hold?
 * It may have died. If not, it has not woken us: a ring's word moves for each
 * set of sleepers. */
bool	play_overdue(const struct conn *, struct netstream *);

#endif
