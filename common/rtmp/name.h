/* SPDX-License-Identifier: ISC */
/*
 * name.h - what a stream may be called.
 */
#ifndef RTMP_NAME_H
#define RTMP_NAME_H

#include <stddef.h>

#define STREAM_NAME_MAX	192	/* app/name with its NUL, bytes */

/*
 * Make the one name of a stream, app/name, out of what a client sent: the
 * query is cut at the first '?', slashes at the ends are trimmed, a trailing
 * "/_definst_" and a leading "flv:" or "mp4:" go, and the two parts are joined
 * with '/', so that a/b + c and a + b/c agree. Printable ASCII and UTF-8
 * above it are allowed, except '\\', '"' and space; empty parts, "." and ".."
 * between slashes are not. Returns NULL and fills `out`, or a static sentence
 * that says what is wrong with it.
 */
const char	*name_make(const char *app, const char *name,
		    char out[STREAM_NAME_MAX]);

#endif
