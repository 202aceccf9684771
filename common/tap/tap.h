/* SPDX-License-Identifier: ISC */
/*
 * tap.h - read a live stream from its ring, as a local program.
 * Attaches through the hub of the run directory that the process is in, by no
 * RTMP. Obeys the rules of any subscriber: the publisher waits for nobody, who
 * falls behind goes on at a join point ahead, and is told so. Outlives the hub.
 */
#ifndef TAP_TAP_H
#define TAP_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/registry.h"

struct tap;

enum tap_from {
	TAP_NEWEST,		/* the newest join point */
	TAP_OLDEST,		/* the oldest join point still in the ring */
};

struct tap_wish {
	const char		*tw_name;	/* app/name */
	enum session_role	 tw_role;	/* ROLE_RECORD or ROLE_CAT */
	enum tap_from		 tw_from;	/* in the first ring */
	const char		*tw_program;	/* what it calls itself */
	bool			 tw_log;	/* log to where the hub says */
};

enum tap_event {
	TAP_TIMEOUT,	/* nothing for so long */
	TAP_RECORD,	/* a record; those of a join point come after TAP_SKIPPED
			 * and TAP_STARTED, and repeated ones nowhere else */
	TAP_WAITING,	/* nobody publishes; the hub knows that we wait */
	TAP_STARTED,	/* attached to the ring of a publisher */
	TAP_SKIPPED,	/* fell behind: goes on at a join point, tr_skipped */
	TAP_GONE,	/* all of a publisher was read and it has gone; the
			 * next one, should it come, brings TAP_STARTED */
	TAP_REFUSED,	/* the hub said no, or ends us: tap_reason() */
	TAP_NO_HUB,	/* there is none, and nothing more to read */
};

/* Valid until the next tap_next(). */
struct tap_record {
	const uint8_t	*tr_data;	/* our own copy of the payload */
	uint32_t	 tr_len;
	uint8_t		 tr_type;	/* RTMP message type */
	uint8_t		 tr_flags;	/* RECORD_… of ring.h */
	uint8_t		 tr_track;
	int64_t		 tr_time;	/* ms; goes on over publishers */
	uint64_t	 tr_arrival;	/* CLOCK_MONOTONIC, ms */
	uint64_t	 tr_skipped;	/* TAP_SKIPPED: bytes, */
	uint64_t	 tr_skipped_ms;	/* and ms by arrival */
};

/* Connect to the hub, `patience` ms at most, and state the wish. NULL and
 * errno: ENOENT or ECONNREFUSED where there is no hub. */
struct tap	*tap_open(const struct tap_wish *, uint32_t patience);
void		 tap_close(struct tap *);

/* What comes next, within `timeout` ms; -1 for ever. A signal ends the wait
 * as a timeout does. */
enum tap_event	 tap_next(struct tap *, int timeout, struct tap_record *);

/* Lag in ms: the age of the oldest record not yet read. */
uint64_t	 tap_lag(const struct tap *);
/* Why TAP_REFUSED: enum hub_reason, and the hub's words for it. */
unsigned int	 tap_reason(const struct tap *, const char **text);

/* A recorder: how often it could not write, for the next report. */
void		 tap_set_errors(struct tap *, uint32_t errors);

#endif
