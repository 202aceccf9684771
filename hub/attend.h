/* SPDX-License-Identifier: ISC */
/*
 * attend.h - which attendants there shall be: a recorder for each live stream
 * that is to be recorded, the metrics server. They are supervised: one that
 * ends while it is wanted is started again, after a pause that grows.
 */
#ifndef HUB_ATTEND_H
#define HUB_ATTEND_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

struct conf_set;
struct control;
struct hub;
struct hub_report;
struct session;
struct stream;

struct attendant {
	TAILQ_ENTRY(attendant) at_link;	/* of those to be judged */
	struct stream	*at_stream;	/* NULL: of the relay */
	struct session	*at_session;	/* it is connected, else NULL */
	uint64_t	 at_id;		/* what the spawner runs, 0 nothing */
	uint64_t	 at_since;	/* started, ms */
	uint64_t	 at_again;	/* not to be started before, ms */
	uint32_t	 at_pause;	/* the latest, ms; 0 none yet */
	int32_t		 at_status;	/* of waitpid(2), -1 not known */
	int32_t		 at_cause;	/* the at_status that was logged */
	bool		 at_due;	/* it is to be judged */
	bool		 at_told;	/* it is to end */
	bool		 at_stale;	/* it runs with other settings */
	uint64_t	 at_ring;	/* latest that a recorder held */
};
TAILQ_HEAD(attendant_list, attendant);

void	 attend_init(struct hub *);
/* What has changed concerns this one: judge it at the end of this turn, or
 * once those who were there before this hub have reported. */
void	 attend_look(struct hub *, struct attendant *);
/* It ceases to exist with its stream. */
void	 attend_forget(struct hub *, struct attendant *);
/* Start and end whoever is to be. */
void	 attend_tick(struct hub *);
uint64_t attend_deadline(const struct hub *);	/* ms, UINT64_MAX none */

/* A session has become an attendant's, or ends. `t` is NULL unless it is at a
 * stream. */
void	 attend_arrived(struct hub *, struct stream *, struct session *,
	    bool adopted);
void	 attend_left(struct hub *, struct stream *, struct session *);
/* A recorder reports: count what it could not write since the last time, or
 * since an earlier hub did. */
void	 attend_report(struct hub *, struct session *,
	    const struct hub_report *);
/* Its publisher has gone for good: the recorder ends by itself. */
void	 attend_gone(struct hub *, struct stream *);

/* Peers that are there for the relay alone, and keep nothing from ending. */
uint32_t attend_idle(const struct hub *);

/* What the spawner says. */
void	 attend_read(struct hub *);

/* "record start NAME" or "record stop NAME". False: another order. */
bool	 attend_order(struct hub *, const struct control *);

/* This configuration will be in force at once: end those whose settings it
 * changes, or who are not wanted any more, and start what it asks for. */
void	 attend_reload(struct hub *, const struct conf_set *next);

#endif
