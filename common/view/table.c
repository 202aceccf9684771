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

/* Print a cell whose column begins at `start`, in a line that is printed up to
 * `at` and ends at `end`; returns how far it is printed then. Spaces come
 * before a text, never at the end. */
static int
print_cell(const struct table *t, size_t cell, FILE *to, int start, int at,
    int end)
{
	size_t column = cell % t->ta_columns;
	const char *text = t->ta_cell[cell];
	int columns = text_columns(text);

	if (t->ta_right[column])
		start += t->ta_width[column] - columns;
	if (columns == 0 || start >= end)
		return at;
	fprintf(to, "%*s", start - at, "");
	fwrite(text, 1, text_fit(text, end - start), to);
	return start + columns;
}

int
table_print(const struct table *t, FILE *to, int width)
{
	int start = 0, at = 0;
	size_t i;

	if (t->ta_failed)
		return -1;
	for (i = 0; i < t->ta_n; i++) {
		at = print_cell(t, i, to, start, at,
		    width != 0 ? width : INT_MAX);
		start += t->ta_width[i % t->ta_columns] + GAP;
		if ((i + 1) % t->ta_columns != 0)
			continue;
		fputc('\n', to);
		start = at = 0;
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
