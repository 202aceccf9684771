/* SPDX-License-Identifier: ISC */
/*
 * http.h - serve what a snapshot of the registry says.
 * One thread, no files, no sessions, no cookies; every connection answers one
 * request and is closed, within HTTP_TIME whatever its client does.
 */
#ifndef RTMPMETRICS_HTTP_H
#define RTMPMETRICS_HTTP_H

#include <stdint.h>

#define HTTP_TIME	10000	/* ms from accept to close */
#define HTTP_CONNECTIONS 64	/* at a time; others wait */
#define HTTP_PER_ADDRESS 16	/* others are closed */
#define HTTP_REQUEST	16384	/* bytes of its line and header */

struct http;

/* Serve on a listening socket, in the run directory that the process is in,
 * whoever asks for `name`, or, if that is NULL, for a name that host.h does not
 * know by another way than the loopback. NULL: out of memory or descriptors. */
struct http	*http_open(int fd, const char *name);

/* Becomes readable when there is something to do. */
int		 http_fd(const struct http *);
/* When there is something to do anyway, ms; UINT64_MAX: never. */
uint64_t	 http_deadline(const struct http *);
void		 http_run(struct http *);
void		 http_close(struct http *);

#endif
