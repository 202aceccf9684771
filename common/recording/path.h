/* SPDX-License-Identifier: ISC */
/*
 * path.h - what the file of a recording is called.
 */
#ifndef RECORDING_PATH_H
#define RECORDING_PATH_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define RECORD_PATH_MAX	1024	/* with its NUL */
#define RECORD_PART_MAX	240	/* bytes between two slashes */

/*
 * Fill in a pattern: %{app} and %{name}, what stands before and behind the last
 * slash of the stream's name, %{n}, the number of the segment, and what
 * strftime(3) knows. Names never add a directory: their slashes and control
 * characters become '_'. Whatever comes out lies beneath the directory: no part
 * is empty or begins with a dot, which becomes '_', and long ones are cut in
 * front of their suffix. 0, or -1 if it is longer than RECORD_PATH_MAX.
 */
int	record_path(const char *pattern, const char *stream, uint32_t n,
	    const struct tm *, char out[RECORD_PATH_MAX]);

/*
 * The same path once more, for a file of that name exists: "-1" and so on in
 * front of the suffix. -1 if it gets too long.
 */
int	record_path_again(const char *path, uint32_t again,
	    char out[RECORD_PATH_MAX]);

#endif
