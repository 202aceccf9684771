/* SPDX-License-Identifier: ISC */
/*
 * text.h - text of others, fit for a terminal.
 * Names of streams and programs come from the network. What could move the
 * cursor, change colours, the direction of writing or break a line is written
 * in octal, \033; letters of all scripts stay, as the locale allows.
 */
#ifndef VIEW_TEXT_H
#define VIEW_TEXT_H

#include <stddef.h>

#define VIEW_TEXT_MAX	1024	/* holds any text of the registry, escaped */

/* Escape; returns `out`. What does not fit is cut between characters. */
const char *text_safe(const char *in, char *out, size_t size);

/* The same whatever the locale is: only ASCII stays. */
const char *text_ascii(const char *in, char *out, size_t size);

/* How many columns of a terminal safe text takes. */
int	text_columns(const char *safe);

/* Bytes of it that fit into so many columns. */
size_t	text_fit(const char *safe, int columns);

#endif
