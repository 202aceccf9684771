/* SPDX-License-Identifier: ISC */
/*
 * host.c - whom a request says that it asks.
 */
#include "host.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "conf/conf.h"

/* ":80" and ":" (RFC 3986, 3.2.3), or nothing. */
static bool
is_port(const char *text)
{
	return *text == '\0' ||
	    (*text == ':' && text[1 + strspn(text + 1, "0123456789")] == '\0');
}

static bool
is_six(const char *host)
{
	const char *end = strchr(host, ']');
	char text[INET6_ADDRSTRLEN];
	struct in6_addr six;
	size_t len;

	if (*host != '[' || end == NULL || !is_port(end + 1))
		return false;
	len = (size_t)(end - host - 1);
	if (len >= sizeof(text))
		return false;
	memcpy(text, host + 1, len);
	text[len] = '\0';
	return inet_pton(AF_INET6, text, &six) == 1;
}

bool
host_is_ours(const char *host, const char *name)
{
	size_t len = strcspn(host, ":");
	char text[CONF_NAME_MAX + 1];	/* with a dot at the end */
	struct in_addr four;

	if (*host == '[')
		return is_six(host);
	if (len >= sizeof(text) || !is_port(host + len))
		return false;
	memcpy(text, host, len);
	text[len] = '\0';
	if (inet_pton(AF_INET, text, &four) == 1)
		return true;
	if (len > 0 && text[len - 1] == '.')	/* of the root, as it is */
		text[len - 1] = '\0';
	return strcasecmp(text, "localhost") == 0 ||
	    (name != NULL && strcasecmp(text, name) == 0);
}

bool
host_is_local(const struct sockaddr *sa)
{
	const struct sockaddr_in *four = (const void *)sa;
	const struct sockaddr_in6 *six = (const void *)sa;

	return sa->sa_family == AF_INET6 ?
	    IN6_IS_ADDR_LOOPBACK(&six->sin6_addr) :
	    ntohl(four->sin_addr.s_addr) >> IN_CLASSA_NSHIFT ==
	    IN_LOOPBACKNET;
}
