/* SPDX-License-Identifier: ISC */
/*
 * columns.h - the columns that streams and sessions are shown in, by `show`
 * and by `top`, each told once.
 */
#ifndef RTMPCTL_COLUMNS_H
#define RTMPCTL_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "view/format.h"
#include "view/snapshot.h"

/* A stream or a session, the other one NULL. */
struct row {
	const struct snapshot		*ro_sn;
	const struct snapshot_stream	*ro_stream;
	const struct session_body	*ro_session;
};

#define COLUMN_RIGHT	0x01	/* numbers */
#define COLUMN_TOP	0x02	/* shown by top */
#define COLUMN_BAR	0x04	/* there with a bar */
#define COLUMN_LAG	0x08	/* there with a colour */
#define COLUMN_WIDE	0x10	/* there takes what is left of the line */

struct column {
	const char	*co_name;
	unsigned int	 co_flags;
	uint8_t		 co_width;	/* columns of a terminal, for top */
	void		(*co_text)(const struct row *, char *buf, size_t);
	uint64_t	(*co_key)(const struct row *);	/* NULL: by text */
	/* of view/format.h: the key as text, where there is no co_text */
	const char	*(*co_form)(uint64_t, char buf[FORMAT_MAX]);
};

extern const struct column stream_columns[];
extern const size_t stream_ncolumns;
extern const struct column session_columns[];
extern const size_t session_ncolumns;

/* What stands in a column of a row. */
void	column_text(const struct column *, const struct row *, char *buf,
	    size_t size);

/* A track in a few words: "H.264 High 3.1 1280x720 25fps". */
void	track_text(const struct shm_track *, char *buf, size_t size);

/* Seconds since then, 0 if that lies ahead or is not known. */
uint64_t row_seconds(const struct row *, uint64_t since);

#endif
