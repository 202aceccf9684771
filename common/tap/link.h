/* SPDX-License-Identifier: ISC */
/*
 * link.h - a tap's connection to the hub, which comes back after each hub.
 */
#ifndef TAP_LINK_H
#define TAP_LINK_H

#include "conf/hubmsg.h"
#include "sys/fdpass.h"

struct link {
	int		 lk_fd;		/* -1: there is no hub now */
	uint64_t	 lk_again;	/* then look for the next, ms */
	uint64_t	 lk_lost;	/* latest sign of one, ms */
	bool		 lk_log;	/* lines of log go where the hub says */
	int		 lk_log_fd;	/* or -1 */
	struct hub_report lk_report;	/* the present, as it is told */
};

enum link_event {
	LINK_NOTHING,	/* for now */
	LINK_ANSWER,	/* to the wish: the caller takes or closes `fds` */
	LINK_CLOSED,	/* the hub ends us */
};

/* Ready to be connected: nobody is reached yet. */
void	link_init(struct link *, const char *name, enum session_role,
	    const char *program, bool log);
void	link_close(struct link *);

/* Look for a hub if there is none and it is time; 0, or -1 and errno while
 * there is none. */
int	link_retry(struct link *, uint64_t now);
/* State the present. */
void	link_report(struct link *, uint64_t now);
/* One message of the hub, without waiting. */
enum link_event link_read(struct link *, uint64_t now, struct hub_answer *,
	    int fds[FDPASS_MAX]);

#endif
