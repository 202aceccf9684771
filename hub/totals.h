/* SPDX-License-Identifier: ISC */
/*
 * totals.h - what the hub counts for the whole relay.
 */
#ifndef HUB_TOTALS_H
#define HUB_TOTALS_H

#include "conf/hubmsg.h"

struct hub;
struct peer;
struct session;

/* This is the first report of a peer. */
void	totals_admitted(struct hub *, struct peer *, const struct hub_report *);
/* A session reports, which its s_body does not say yet. */
void	totals_report(struct hub *, struct session *,
	    const struct hub_report *);
/* A wish for this role is refused. */
void	totals_refused(struct hub *, unsigned int role, enum hub_reason);

#endif
