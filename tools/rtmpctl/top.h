/* SPDX-License-Identifier: ISC */
/*
 * top.h - the parts of `top`.
 */
#ifndef RTMPCTL_TOP_H
#define RTMPCTL_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "columns.h"
#include "command.h"
#include "sys/control.h"
#include "view/snapshot.h"

/* One of the two tables. */
struct pane {
	const struct column	*pa_column;
	size_t			 pa_ncolumns;
	size_t			 pa_sort;	/* column */
	bool			 pa_reverse;
	char			 pa_name[REGISTRY_NAME];  /* selected stream */
	uint32_t		 pa_pid;	/* or session */
	uint16_t		 pa_slot;
	size_t			 pa_at;		/* row selected */
	size_t			 pa_first;	/* row shown first */
};

struct top {
	const struct ctl	*tp_ctl;
	struct snapshot_source	*tp_source;
	struct snapshot		 tp_now;
	const char		*tp_why;	/* there is none; or NULL */
	struct pane		 tp_pane[2];	/* streams, sessions */
	bool			 tp_sessions;	/* the second one is shown */
	bool			 tp_help;
	struct row		*tp_row;	/* of the pane shown, sorted */
	size_t			 tp_nrows;
	char			 tp_asked[REGISTRY_NAME]; /* whom to kick */
	char			 tp_note[CONTROL_TEXT + 64];
};

struct pane *top_pane(struct top *);

/* rows.c: take a snapshot; sort it anew; move the selection. */
void	rows_refresh(struct top *);
void	rows_sort(struct top *);
void	rows_move(struct top *, long by);
/* Sort by the next column that is shown, or the one before. */
void	rows_next_column(struct top *, int by);
/* What kick takes for the row selected, "" if there is none. */
void	rows_selected(struct top *, char *who, size_t size);

/* layout.c: which columns fit into a line, how wide they and their bars are. */
#define LAYOUT_COLUMNS	16
struct layout {
	struct layout_column {
		const struct column	*lc_column;
		size_t			 lc_index;
		int			 lc_width;
		int			 lc_bar;	/* 0: none */
	}	la_column[LAYOUT_COLUMNS];
	size_t	la_n;
};
void	layout_make(struct layout *, const struct pane *, int width,
	    int longest);	/* text of the wide column */

/* screen.c: begin and end; draw all. */
int	screen_open(void);	/* an exit status, 0 it is open */
void	screen_close(void);
void	screen_draw(struct top *);
int	screen_page(void);	/* rows that a screen shows */

#endif
