/* SPDX-License-Identifier: ISC */
/*
 * url.c - rtmp://host[:port]/app/name, where host is a loopback address: the
 * bench has no business on a network.
 */
#include "rtmp.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
set_address(struct rtmp_target *t, const char *host, uint16_t port)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&t->t_addr;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&t->t_addr;

	if (strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		t->t_addrlen = sizeof(*in);
		return ntohl(in->sin_addr.s_addr) >> 24 == 127 ? 0 : -1;
	}
	if (strcmp(host, "[::1]") != 0)
		return -1;
	in6->sin6_family = AF_INET6;
	in6->sin6_addr = in6addr_loopback;
	in6->sin6_port = htons(port);
	t->t_addrlen = sizeof(*in6);
	return 0;
}

int
rtmp_parse_url(const char *url, struct rtmp_target *t, char *name, size_t size)
{
	char authority[WIRE_TEXT], *port;
	const char *app, *slash;
	const char *error = NULL;
	size_t len;

	memset(t, 0, sizeof(*t));
	if (strncmp(url, "rtmp://", 7) != 0 ||
	    (app = strchr(url + 7, '/')) == NULL ||
	    (slash = strrchr(url, '/')) == app || slash[1] == '\0')
		return -1;
	len = (size_t)(app - url - 7);
	if (len >= sizeof(authority) || strlen(url) >= sizeof(t->t_url))
		return -1;
	(void)strlcpy(authority, url + 7, len + 1);
	(void)strlcpy(t->t_url, url, (size_t)(slash - url) + 1);
	(void)strlcpy(t->t_app, app + 1, (size_t)(slash - app));
	if (strlcpy(name, slash + 1, size) >= size)
		return -1;
	len = 1935;
	port = strrchr(authority, ':');
	if (port != NULL && port[1] != '\0' && strchr(port, ']') == NULL) {
		*port++ = '\0';
		len = (size_t)strtonum(port, 1, 65535, &error);
	}
	return error == NULL ? set_address(t, authority, (uint16_t)len) : -1;
}
