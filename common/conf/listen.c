/* SPDX-License-Identifier: ISC */
/*
 * listen.c - where to listen: [address:]port.
 * Looks no name up, so that a start never waits for a name server. Whether
 * the address is this machine's is for bind(2) to say.
 */
#include "conf/conf.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
is_ipv4(const char *host)
{
	struct in_addr	 a;

	return inet_pton(AF_INET, host, &a) == 1;
}

/* The scope of a link-local address (%eth0) may be up only later. */
static bool
is_ipv6(const char *host)
{
	struct in6_addr	 a;
	char		 addr[INET6_ADDRSTRLEN];
	size_t		 len = strcspn(host, "%");
	size_t		 scope = strlen(host + len);

	if (len >= sizeof(addr) || scope == 1 || scope > IF_NAMESIZE)
		return false;
	memcpy(addr, host, len);
	addr[len] = '\0';
	return inet_pton(AF_INET6, addr, &a) == 1;
}

static const char *
set_port(struct conf_listen *cl, const char *text)
{
	const char	*errstr;
	long long	 port;

	port = strtonum(text, 1, 65535, &errstr);
	if (errstr != NULL || text[strspn(text, "0123456789")] != '\0')
		return "the port is not a number from 1 to 65535";
	(void)snprintf(cl->cl_port, sizeof(cl->cl_port), "%u", (unsigned)port);
	return NULL;
}

/* `host` is `len` bytes, without brackets. */
static const char *
set_host(struct conf_listen *cl, const char *host, size_t len, bool brackets)
{
	if (len < sizeof(cl->cl_host)) {
		memcpy(cl->cl_host, host, len);
		cl->cl_host[len] = '\0';
		if (brackets ? is_ipv6(cl->cl_host) : is_ipv4(cl->cl_host))
			return NULL;
	}
	if (!brackets && memchr(host, ':', len) != NULL)
		return "an IPv6 address needs brackets: [::1]:1935";
	return brackets ? "the address in brackets is not IPv6"
	    : "the address is not numeric";
}

const char *
conf_parse_listen(const char *text, struct conf_listen *out)
{
	struct conf_listen	 cl = { "", "" };
	const char		*port = text, *error = NULL, *end;

	if (*text == '[') {
		if ((end = strchr(text, ']')) == NULL)
			return "a bracket is not closed";
		if (end[1] != ':')
			return "a port is missing";
		error = set_host(&cl, text + 1, (size_t)(end - text - 1), true);
		port = end + 2;
	} else if ((end = strrchr(text, ':')) != NULL) {
		error = set_host(&cl, text, (size_t)(end - text), false);
		port = end + 1;
	} else if (is_ipv4(text))
		return "a port is missing";
	if (error == NULL)
		error = set_port(&cl, port);
	if (error == NULL)
		*out = cl;
	return error;
}
