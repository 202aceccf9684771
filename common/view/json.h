/* SPDX-License-Identifier: ISC */
/*
 * json.h - a snapshot as JSON, for scripts and for the page.
 * The names and units of the members are those of rtmpctl(8), and stay.
 * Each function returns a new reference, or NULL without memory.
 */
#ifndef VIEW_JSON_H
#define VIEW_JSON_H

#include <jansson.h>

#include "view/snapshot.h"

json_t	*view_json_streams(const struct snapshot *);	/* array */
json_t	*view_json_stream(const struct snapshot *,
	    const struct snapshot_stream *);
json_t	*view_json_sessions(const struct snapshot *);	/* array */
json_t	*view_json_hub(const struct snapshot *);

/* An object with all of them: "hub", "streams", "sessions". */
json_t	*view_json(const struct snapshot *);

#endif
