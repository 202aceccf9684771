/* SPDX-License-Identifier: ISC */
/*
 * sock.c - TCP sockets and their names.
 */
#include "sys/sock.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

static void
unmap_v4(struct sockaddr_storage *ss, socklen_t *len)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ss;
	struct sockaddr_in four = { .sin_family = AF_INET };

	if (ss->ss_family != AF_INET6 ||
	    !IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		return;
	four.sin_port = six->sin6_port;
	memcpy(&four.sin_addr, &six->sin6_addr.s6_addr[12], 4);
	memcpy(ss, &four, sizeof(four));
	*len = sizeof(four);
}

void
sock_peer_text(int fd, char addr[SOCK_TEXT_MAX], char host[SOCK_TEXT_MAX])
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	char port[8];

	strlcpy(addr, "gone", SOCK_TEXT_MAX);
	strlcpy(host, "gone", SOCK_TEXT_MAX);
	if (getpeername(fd, (struct sockaddr *)&ss, &len) == -1)
		return;
	strlcpy(addr, "local", SOCK_TEXT_MAX);
	strlcpy(host, "local", SOCK_TEXT_MAX);
	if (ss.ss_family != AF_INET && ss.ss_family != AF_INET6)
		return;
	unmap_v4(&ss, &len);
	if (getnameinfo((struct sockaddr *)&ss, len, host, SOCK_TEXT_MAX,
	    port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return;
	snprintf(addr, SOCK_TEXT_MAX,
	    ss.ss_family == AF_INET6 ? "[%.48s]:%s" : "%.48s:%s", host, port);
}

static int
listen_one(const struct addrinfo *ai)
{
	int fd, saved;

	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (fd == -1)
		return -1;
	set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (ai->ai_family == AF_INET6)
		set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
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
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
	};
	struct addrinfo *list, *ai;
	int fd, n = 0;

	if (getaddrinfo(*host != '\0' ? host : NULL, port, &hints, &list)
	    != 0) {
		errno = EINVAL;
		return -1;
	}
	for (ai = list; ai != NULL && n < max; ai = ai->ai_next) {
		fd = listen_one(ai);
		if (fd != -1)
			fds[n++] = fd;
		else if (errno != EAFNOSUPPORT)	/* a kernel without IPv6 */
			break;
	}
	if (ai != NULL && n == max)
		errno = E2BIG;
	freeaddrinfo(list);
	if (ai == NULL && n > 0)
		return n;
	while (n > 0)
		close(fds[--n]);
	return -1;
}
