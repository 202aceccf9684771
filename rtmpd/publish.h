/* SPDX-License-Identifier: ISC */
/*
 * publish.h - from the peer into the ring, waiting for nobody.
 */
#ifndef RTMPD_PUBLISH_H
#define RTMPD_PUBLISH_H

#include <stdint.h>

#include "rtmp/message.h"

struct conn;
struct hub_report;
struct netstream;

/* The hub granted a ring of `size` bytes: start. `fd` stays the caller's. */
void	publish_start(struct conn *, struct netstream *, int fd,
	    uint64_t size, uint64_t generation);
void	publish_stop(struct conn *, struct netstream *);

/* A media, data or aggregate message on this stream. */
void	publish_message(struct conn *, struct netstream *,
	    const struct rtmp_msg *);

/* Wake the subscribers if something is new and no hold is in force. */
void	publish_tick(struct conn *, struct netstream *);
/* When a held wake is due, ms; UINT64_MAX if none is held. */
uint64_t publish_due(const struct netstream *);
/* The peer need not be read before then, ms: this is the hold. */
uint64_t publish_nap(const struct netstream *);
/* When the latest media came, ms. */
uint64_t publish_active(const struct netstream *);

/* About once a second, with `elapsed` ms since the last time; and every
 * stats-interval, in the log. */
void	publish_measure(struct netstream *, uint64_t elapsed);
void	publish_stats(struct conn *, struct netstream *);
uint64_t publish_stats_due(const struct conn *, const struct netstream *);
/* Tracks, GOP and ring, for the hub. */
void	publish_describe(const struct netstream *, struct hub_report *);

#endif
