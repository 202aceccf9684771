/* SPDX-License-Identifier: ISC */
/*
 * subscriber.h - the crowd: all subscribers, in this process, on one epoll.
 */
#ifndef BENCH_SUBSCRIBER_H
#define BENCH_SUBSCRIBER_H

#include "hist.h"
#include "publisher.h"

struct crowd;

struct subscriber {
	struct rtmp sb_rtmp;
	struct crowd *sb_crowd;
	unsigned int sb_stream;
	bool	 sb_joins;		/* late, while the others watch */
	uint32_t sb_events;		/* as registered with epoll */
	bool	 sb_begun;		/* sb_next is known */
	uint64_t sb_next;		/* sequence number expected */
	uint64_t sb_window;		/* messages of the window received */
	uint64_t sb_last_ns;		/* the latest of them */
	uint64_t sb_video_ns;		/* first video message */
	uint64_t sb_key_ns;		/* first key frame */
};

/* The messages of a stream that are measured: from <= seq < to. */
struct window {
	uint64_t w_from, w_to;
};

struct crowd {
	const struct publisher_plan *c_plan;
	struct subscriber *c_sub;
	unsigned int c_count;		/* subscribers in all */
	unsigned int c_watchers;	/* these first ones are measured */
	unsigned int c_goal;		/* to be opened by now */
	unsigned int c_opened;		/* so far */
	unsigned int c_live;		/* have seen video */
	unsigned int c_failed;
	char	 c_error[WIRE_TEXT];	/* of the first that failed */
	int	 c_epoll;
	uint8_t	*c_scratch;
	uint64_t c_join_start, c_join_step;	/* the ramp, ns */
	unsigned int c_join_first;
	struct window *c_window;	/* one per stream */
	bool	 c_other;		/* the other descriptor is readable */
	struct hist c_latency;		/* of the window's messages */
	uint64_t c_gap;			/* longest between two of them, ns */
	uint64_t c_delivered;		/* marked messages since the start */
	uint64_t c_lost;		/* skipped, once a key frame was seen */
	uint64_t c_corrupt;
	uint64_t c_disorder;		/* older than what came before */
	uint64_t c_retimed;		/* timestamp differs from the sent */
};

/*
 * So many watchers for each stream, and so many joiners in all, who come later
 * and of whom only the beginning is measured. other is a descriptor to poll as
 * well, or -1.
 */
int	 crowd_init(struct crowd *c, const struct publisher_plan *pp,
	    unsigned int per_stream, unsigned int joiners, int other);
void	 crowd_close(struct crowd *c);

/* Begin to connect so many more, evenly over that time. */
void	 crowd_join(struct crowd *c, unsigned int count, uint64_t ns);

/* Poll, until the given time or until done() holds, if one is given. */
void	 crowd_run(struct crowd *c, uint64_t until,
	    bool (*done)(const struct crowd *));

/* For crowd_run(): all that were to connect have seen video or failed. */
bool	 crowd_joined(const struct crowd *c);
/* For crowd_run(): these have asked to play, or failed. */
bool	 crowd_asked(const struct crowd *c);
/* For crowd_run(): all watchers have received all of their window. */
bool	 crowd_drained(const struct crowd *c);
/* For crowd_run(): the other descriptor is readable. */
bool	 crowd_other(const struct crowd *c);

#endif
