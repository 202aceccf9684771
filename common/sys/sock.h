/* SPDX-License-Identifier: ISC */
/*
 * sock.h - TCP sockets and their names.
 */
#ifndef SYS_SOCK_H
#define SYS_SOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOCK_TEXT_MAX	64	/* "[v6 address]:port" with its NUL */

struct sockaddr_storage;

/*
 * Prepare a connected RTMP socket, before its first byte: no delay, keepalive
 * (a dead peer is noticed within two minutes), little unsent data in the
 * kernel, non-blocking. What a Unix socket does not know is passed over.
 */
void	sock_tune(int fd);

/*
 * Acknowledge at once what was just received. While a peer talks back and
 * forth with small packets its Nagle's algorithm waits for that, 40 ms each.
 * The kernel forgets it soon: call it after each receive.
 */
void	sock_quick_ack(int fd);

/* Is `fd` a connected stream socket? */
bool	sock_is_connected(int fd);

/*
 * The peer's address as text, "192.0.2.1:1935" or "[2001:db8::1]:1935", and
 * without the port. IPv4-mapped IPv6 is written as IPv4; "local" for a Unix
 * socket, "gone" if the peer has already reset the connection.
 */
void	sock_peer_text(int fd, char addr[SOCK_TEXT_MAX],
	    char host[SOCK_TEXT_MAX]);

/*
 * Open listening sockets on a numeric host ("" for every IPv4 and IPv6
 * address) and port. Returns how many descriptors were put in `fds`, or -1
 * and errno. Close-on-exec, non-blocking.
 */
int	sock_listen(const char *host, const char *port, int *fds, int max);

#endif
