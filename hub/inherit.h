/* SPDX-License-Identifier: ISC */
/*
 * inherit.h - what the hub before this one counted and was told by hand, so
 * that both hold on.
 */
#ifndef HUB_INHERIT_H
#define HUB_INHERIT_H

#include <stdint.h>

struct hub;
struct peer;
struct session_body;
struct stream_body;

/* Read what it has left, before our registry takes its place. */
void	inherit_read(struct hub *);
/* The totals of our registry, which nobody has seen yet, go on. */
void	inherit_totals(struct hub *);
/* So do those of a stream that comes to be under this name, and an order to
 * record it or not. */
void	inherit_stream(const struct hub *, struct stream_body *);
/* What that hub last counted of this session; NULL if it is not known. */
const struct session_body *inherit_session(const struct hub *,
	    const struct peer *, uint16_t slot, uint64_t since);
/* All who were there before us have reported. */
void	inherit_forget(struct hub *);

#endif
