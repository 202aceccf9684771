/* SPDX-License-Identifier: ISC */
/*
 * hubdial.h - reach the hub.
 */
#ifndef CONF_HUBDIAL_H
#define CONF_HUBDIAL_H

/* All that were connected to a hub that ended come back within so many ms. */
#define HUB_SPREAD	500
#define HUB_AGAIN	100	/* ms between tries */

/*
 * Connect to the hub's socket at `path`. Never waits: a hub whose queue is full
 * is EAGAIN, to be tried again. Non-blocking, close-on-exec; -1 and errno.
 */
int	hub_dial(const char *path);

#endif
