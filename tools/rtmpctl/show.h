/* SPDX-License-Identifier: ISC */
/*
 * show.h - the parts of `show`.
 */
#ifndef RTMPCTL_SHOW_H
#define RTMPCTL_SHOW_H

#include <jansson.h>

#include "columns.h"
#include "view/snapshot.h"

struct table;

/* Print it and give it up. */
void	show_json(json_t *);

/* Exit without memory. */
struct table *show_table(int columns);
void	show_finish(struct table *, int width);	/* print and free it */

/* Print a table of streams, or sessions: of all, or of those of `name`. */
void	show_stream_table(const struct snapshot *);
void	show_session_table(const struct snapshot *, const char *name);

/* detail.c: all that is known. */
void	detail_stream(const struct snapshot *, const struct snapshot_stream *);
void	detail_hub(const struct snapshot *);

#endif
