/* SPDX-License-Identifier: ISC */
/*
 * table.c - rows of text in columns as wide as they must be.
 */
#include "view/table.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "view/text.h"

#define GAP		2	/* columns between columns */
#define FIRST_ROOM	64	/* cells */

struct table {
	char	**ta_cell;	/* the heads are the first row */
	size_t	  ta_n;
	size_t	  ta_room;
	size_t	  ta_columns;
	bool	 *ta_right;
	int	 *ta_width;
	bool	  ta_failed;	/* a cell is missing */
};

struct table *
table_new(int columns)
{
	struct table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->ta_columns = (size_t)columns;
	t->ta_right = calloc(t->ta_columns, sizeof(*t->ta_right));
	t->ta_width = calloc(t->ta_columns, sizeof(*t->ta_width));
	if (t->ta_right != NULL && t->ta_width != NULL)
		return t;
	table_free(t);
	return NULL;
}

static bool
make_room(struct table *t)
{
	size_t room = t->ta_room == 0 ? FIRST_ROOM : 2 * t->ta_room;
	char **more;

	if (t->ta_n < t->ta_room)
		return true;
	more = reallocarray(t->ta_cell, room, sizeof(*more));
	if (more == NULL)
		return false;
	t->ta_cell = more;
	t->ta_room = room;
	return true;
}

void
table_cell(struct table *t, const char *text)
{
	char safe[VIEW_TEXT_MAX];
	int *width = &t->ta_width[t->ta_n % t->ta_columns];
	int columns = text_columns(text_safe(text, safe, sizeof(safe)));

	if (!make_room(t) || (t->ta_cell[t->ta_n] = strdup(safe)) == NULL) {
		t->ta_failed = true;
		return;
	}
	t->ta_n++;
	if (columns > *width)
		*width = columns;
}

void
table_head(struct table *t, const char *name, bool right)
{
	t->ta_right[t->ta_n] = right;
	table_cell(t, name);
}

static void
pad(FILE *to, int columns)
{
	if (columns > 0)
		fprintf(to, "%*s", columns, "");
}

/* Print one cell where `left` columns are left. The last one is not filled up
 * with spaces. */
static int
print_cell(const struct table *t, size_t at, FILE *to, int left)
{
	size_t column = at % t->ta_columns;
	const char *text = t->ta_cell[at];
	int before = column == 0 ? 0 : GAP, fill;

	fill = t->ta_width[column] - text_columns(text);
	if (t->ta_right[column])
		before += fill;
	if (before >= left)
		return 0;
	left -= before;
	pad(to, before);
	fwrite(text, 1, text_fit(text, left), to);
	left -= text_columns(text);
	if (!t->ta_right[column] && column + 1 < t->ta_columns && left > 0) {
		pad(to, fill < left ? fill : left);
		left -= fill;
	}
	return left > 0 ? left : 0;
}

int
table_print(const struct table *t, FILE *to, int width)
{
	size_t i;
	int left = 0;

	if (t->ta_failed)
		return -1;
	for (i = 0; i < t->ta_n; i++) {
		if (i % t->ta_columns == 0)
			left = width != 0 ? width : INT_MAX;
		left = print_cell(t, i, to, left);
		if ((i + 1) % t->ta_columns == 0)
			fputc('\n', to);
	}
	return 0;
}

void
table_free(struct table *t)
{
	size_t i;

	if (t == NULL)
		return;
	for (i = 0; i < t->ta_n; i++)
		free(t->ta_cell[i]);
	free(t->ta_cell);
	free(t->ta_right);
	free(t->ta_width);
	free(t);
}
