/* SPDX-License-Identifier: ISC */
/*
 * fdpass.h - packets with descriptors over a Unix SOCK_SEQPACKET socket.
 */
#ifndef SYS_FDPASS_H
#define SYS_FDPASS_H

#include <stddef.h>
#include <sys/types.h>

#define FDPASS_MAX	2	/* descriptors in one packet */

/*
 * Send `len` bytes and `nfd` descriptors as one packet, never blocking, never
 * raising SIGPIPE. Returns 0, or -1 and errno. The descriptors stay open here.
 */
int	fdpass_send(int sock, const void *data, size_t len, const int *fds,
	    int nfd);

/*
 * Receive one packet, never blocking. Descriptors arrive close-on-exec and
 * are the caller's; slots without one are -1. Returns the packet's length, of
 * which what exceeds `size` is lost, 0 at the end, -1 and errno. A packet that
 * came with more descriptors than FDPASS_MAX is EMSGSIZE; one whose descriptors
 * this process has no room for is EMFILE. Of neither anything is kept.
 */
ssize_t	fdpass_recv(int sock, void *data, size_t size, int fds[FDPASS_MAX]);

#endif
