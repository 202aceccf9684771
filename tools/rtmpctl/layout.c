/* SPDX-License-Identifier: ISC */
/*
 * layout.c - which columns fit into a line of top.
 * The first ones are the last to go. What is left over goes to the names, as
 * far as they need it, and then to the bars.
 */
#include "top.h"

#include <string.h>

#define NAME_MOST	40	/* columns for a name before there are bars */
#define BAR_LEAST	4
#define BAR_MOST	16

static int
line_width(const struct layout *la)
{
	int width = -1;		/* of the gap before the first */
	size_t i;

	for (i = 0; i < la->la_n; i++)
		width += 1 + la->la_column[i].lc_width;
	return width;
}

static void
take_columns(struct layout *la, const struct pane *pa, int width)
{
	struct layout_column *lc;
	size_t i;

	for (i = 0; i < pa->pa_ncolumns && la->la_n < LAYOUT_COLUMNS; i++) {
		if ((pa->pa_column[i].co_flags & COLUMN_TOP) == 0)
			continue;
		lc = &la->la_column[la->la_n++];
		lc->lc_column = &pa->pa_column[i];
		lc->lc_index = i;
		lc->lc_width = pa->pa_column[i].co_width;
		lc->lc_bar = 0;
	}
	while (la->la_n > 1 && line_width(la) > width)
		la->la_n--;
}

static int
widen_names(struct layout *la, int spare, int longest)
{
	size_t i;
	int more;

	for (i = 0; i < la->la_n; i++) {
		if ((la->la_column[i].lc_column->co_flags & COLUMN_WIDE) == 0)
			continue;
		more = (longest < NAME_MOST ? longest : NAME_MOST) -
		    la->la_column[i].lc_width;
		if (more > spare)
			more = spare;
		if (more <= 0)
			return spare;
		la->la_column[i].lc_width += more;
		return spare - more;
	}
	return spare;
}

static void
add_bars(struct layout *la, int spare)
{
	int n = 0, width;
	size_t i;

	for (i = 0; i < la->la_n; i++)
		n += (la->la_column[i].lc_column->co_flags & COLUMN_BAR) != 0;
	if (n == 0 || (width = spare / n - 1) < BAR_LEAST)
		return;
	if (width > BAR_MOST)
		width = BAR_MOST;
	for (i = 0; i < la->la_n; i++)
		if ((la->la_column[i].lc_column->co_flags & COLUMN_BAR) != 0)
			la->la_column[i].lc_bar = width;
}

void
layout_make(struct layout *la, const struct pane *pa, int width, int longest)
{
	int spare;

	memset(la, 0, sizeof(*la));
	take_columns(la, pa, width);
	spare = width - line_width(la);
	spare = widen_names(la, spare, longest);
	add_bars(la, spare);
}
