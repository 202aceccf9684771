/* SPDX-License-Identifier: ISC */
/*
 * sock.c - TCP sockets and their names.
 */
#include "sys/sock.h"

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/address.h"

#define LISTEN_BACKLOG	1024
#define NOTSENT_LOWAT	(256 * 1024)	/* a key frame goes whole */

static void
set_int(int fd, int level, int option, int value)
{
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

void
sock_tune(int fd)
{
	set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
	set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, 15);
	set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
	set_int(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOTSENT_LOWAT);
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
}

void
sock_quick_ack(int fd)
{
	set_int(fd, IPPROTO_TCP, TCP_QUICKACK, 1);
}

bool
sock_is_connected(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(int);
	int type;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == -1 ||
	    type != SOCK_STREAM)
		return false;
	len = sizeof(ss);
	return getpeername(fd, (struct sockaddr *)&ss, &len) == 0;
}

void
sock_peer_text(int fd, char addr[SOCK_TEXT_MAX], char host[SOCK_TEXT_MAX])
{
	union address peer;
	socklen_t len = sizeof(peer);
	int port;

	strlcpy(addr, "gone", SOCK_TEXT_MAX);
	strlcpy(host, "gone", SOCK_TEXT_MAX);
	if (getpeername(fd, &peer.ad_any, &len) == -1)
		return;
	if ((port = address_text(&peer, host, SOCK_TEXT_MAX)) == -1) {
		strlcpy(addr, "local", SOCK_TEXT_MAX);
		strlcpy(host, "local", SOCK_TEXT_MAX);
		return;
	}
	snprintf(addr, SOCK_TEXT_MAX,
	    strchr(host, ':') != NULL ? "[%.48s]:%d" : "%.48s:%d", host, port);
}

static int
listen_one(const union address *at)
{
	int family = at->ad_any.sa_family, fd, saved;

	fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (family == AF_INET6)
		set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (bind(fd, &at->ad_any, address_len(at)) == 0 &&
	    listen(fd, LISTEN_BACKLOG) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int
sock_listen(const char *host, const char *port, int *fds, int max)
{
	static const char *const every[] = { "0.0.0.0", "::" };
	const char *const *at = *host != '\0' ? &host : every;
	const char *const *end = at + (*host != '\0' ? 1 : 2);
	union address ad;
	const char *bad;
	uint16_t number = (uint16_t)strtonum(port, 0, UINT16_MAX, &bad);
	int n = 0, saved;

	if (bad != NULL) {
		errno = EINVAL;
		return -1;
	}
	for (; at < end; at++) {
		errno = E2BIG;
		if (n == max || address_parse(&ad, *at, number) == -1)
			break;
		fds[n] = listen_one(&ad);
		if (fds[n] != -1)
			n++;
		else if (errno != EAFNOSUPPORT)	/* a kernel without IPv6 */
			break;
	}
	if (at == end && n > 0)
		return n;
	saved = errno;
	while (n > 0)
		close(fds[--n]);
	errno = saved;
	return -1;
}
