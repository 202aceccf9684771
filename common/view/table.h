/* SPDX-License-Identifier: ISC */
/*
 * table.h - rows of text in columns as wide as they must be.
 */
#ifndef VIEW_TABLE_H
#define VIEW_TABLE_H

#include <stdbool.h>
#include <stdio.h>

struct table;

/* NULL without memory; what fails later for want of it, table_print() tells. */
struct table	*table_new(int columns);
/* Name a column, from the first on. */
void		 table_head(struct table *, const char *name, bool right);
/* The next cell, row by row; the text is escaped and copied. */
void		 table_cell(struct table *, const char *text);
/* Print all of it, each line cut at `width` columns unless that is 0. -1: it
 * is not whole, nothing is printed. */
int		 table_print(const struct table *, FILE *, int width);
void		 table_free(struct table *);

#endif
