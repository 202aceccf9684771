/* SPDX-License-Identifier: ISC */
/*
 * source.h - the text of a configuration file, made fit for libconfuse.
 */
#ifndef CONF_SOURCE_H
#define CONF_SOURCE_H

#include <stddef.h>

#define SOURCE_MAX	(1024 * 1024)	/* bytes of a file */

/*
 * Read a whole file. Returns memory to free(3) and its length, or NULL and a
 * static phrase in `error`.
 */
char	*source_read(const char *path, size_t *len, const char **error);

/*
 * Overwrite comments with spaces, cut white space from the end, and refuse
 * what libconfuse would do unasked. Returns NULL, or a static phrase and its
 * line in `line`.
 */
const char *source_prepare(char *text, size_t *len, int *line);

#endif
