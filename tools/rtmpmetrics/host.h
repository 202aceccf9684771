/* SPDX-License-Identifier: ISC */
/*
 * host.h - whom a request says that it asks.
 * A web page whose name was made to point here (DNS rebinding) has its visitor's
 * browser ask us under that name, and may read the answer. Under an address, or
 * a name that is ours, no such page is asked for.
 */
#ifndef RTMPMETRICS_HOST_H
#define RTMPMETRICS_HOST_H

#include <sys/socket.h>

#include <stdbool.h>

/*
 * Is the value of a header Host (RFC 9110, 7.2) an address, or localhost, or
 * `name`, NULL: none? With a port or without.
 */
bool	host_is_ours(const char *host, const char *name);

/* Does the peer of this address speak by way of the loopback? */
bool	host_is_local(const struct sockaddr *);

#endif
