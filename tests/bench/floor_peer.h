/* SPDX-License-Identifier: ISC */
/*
 * floor_peer.h - a connection of the floor: a publisher or a subscriber.
 */
#ifndef BENCH_FLOOR_PEER_H
#define BENCH_FLOOR_PEER_H

#include "wire.h"

struct stream;

struct floor {
	int	 fl_epoll;
	uint64_t fl_hold;		/* ns; 0: a send for each message */
	unsigned int fl_sets;		/* of processes; 0: there are none */
	uint8_t	*fl_scratch;
	struct peer *fl_dead;		/* freed between two polls */
};

struct peer {
	struct wire pe_wire;
	struct floor *pe_floor;
	struct stream *pe_stream;	/* or NULL */
	bool	 pe_publishes;
	unsigned int pe_index;		/* of a subscriber, in its stream */
	uint32_t pe_events;		/* as registered with epoll */
	uint8_t	*pe_body;		/* the message being received */
	uint32_t pe_cap;
	struct peer *pe_next;		/* in fl_dead */
};

/* Serve an accepted socket, which is closed if that is not possible. */
void	 peer_open(struct floor *fl, int fd);

/* What epoll says about it. */
void	 peer_event(struct peer *p, uint32_t events);

/* Send finished chunks to it. */
void	 peer_write(struct peer *p, const uint8_t *bytes, size_t len);

/* Free those that were closed. */
void	 peer_bury(struct floor *fl);

#endif
