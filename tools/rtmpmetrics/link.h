/* SPDX-License-Identifier: ISC */
/*
 * link.h - the connection to the hub that wants this process to be there.
 * By it a hub knows that the metrics are served, and ends us; we log by way of
 * it. Metrics come from the registry, which outlives both.
 */
#ifndef RTMPMETRICS_LINK_H
#define RTMPMETRICS_LINK_H

#include <stdbool.h>
#include <stdint.h>

struct link {
	int		 li_fd;		/* -1: not connected */
	int		 li_log;	/* -1: none yet */
	int		 li_next;	/* the next socket to use */
	bool		 li_welcome;	/* by this hub */
	uint64_t	 li_since;	/* started, seconds since the Epoch */
	uint64_t	 li_lost;	/* ms */
	uint64_t	 li_at;		/* the next thing to do, ms */
	const char	*li_end;	/* why this process shall end */
	bool		 li_failed;	/* and that is a failure */
};

/* Make the sockets for this hub and those after it, which SANDBOX_METRICS
 * needs on the lowest numbers. Nothing is open but 0, 1 and 2. */
void	link_init(struct link *);

/* Connect and wait until the hub has given us its log. 0, or -1: nobody there
 * wants us. */
int	link_open(struct link *);

/* Do what is due. */
void	link_tick(struct link *, bool readable);

#endif
