/* SPDX-License-Identifier: ISC */
/*
 * address.c - numeric addresses and their texts.
 * Not by getaddrinfo(3) and getnameinfo(3): those bring name services along,
 * for which a static program loads libraries.
 */
#include "sys/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An interface, by its name or number; 0 and errno: there is none. */
static uint32_t
scope_of(const char *text)
{
	const char *bad;
	uint32_t scope = if_nametoindex(text);

	if (scope != 0)
		return scope;
	scope = (uint32_t)strtonum(text, 1, UINT32_MAX, &bad);
	if (bad != NULL)
		errno = ENODEV;
	return scope;
}

static int
parse_six(struct sockaddr_in6 *six, const char *host)
{
	char text[INET6_ADDRSTRLEN];
	size_t len = strcspn(host, "%");

	errno = EINVAL;
	if (len >= sizeof(text))
		return -1;
	memcpy(text, host, len);
	text[len] = '\0';
	if (inet_pton(AF_INET6, text, &six->sin6_addr) != 1)
		return -1;
	if (host[len] == '\0')
		return 0;
	six->sin6_scope_id = scope_of(host + len + 1);
	return six->sin6_scope_id != 0 ? 0 : -1;
}

int
address_parse(union address *ad, const char *host, uint16_t port)
{
	memset(ad, 0, sizeof(*ad));
	if (inet_pton(AF_INET, host, &ad->ad_four.sin_addr) == 1) {
		ad->ad_four.sin_family = AF_INET;
		ad->ad_four.sin_port = htons(port);
		return 0;
	}
	ad->ad_six.sin6_family = AF_INET6;
	ad->ad_six.sin6_port = htons(port);
	return parse_six(&ad->ad_six, host);
}

socklen_t
address_len(const union address *ad)
{
	return ad->ad_any.sa_family == AF_INET ? sizeof(ad->ad_four) :
	    sizeof(ad->ad_six);
}

/* Where the number alone does not tell which network is meant. */
static bool
is_scoped(const struct sockaddr_in6 *six)
{
	return IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr) ||
	    IN6_IS_ADDR_MC_LINKLOCAL(&six->sin6_addr);
}

static int
text_six(const struct sockaddr_in6 *six, char *host, size_t size)
{
	char name[IF_NAMESIZE];
	size_t len;

	if (inet_ntop(AF_INET6, &six->sin6_addr, host, (socklen_t)size) ==
	    NULL)
		return -1;
	if (six->sin6_scope_id == 0)
		return ntohs(six->sin6_port);
	if (!is_scoped(six) || if_indextoname(six->sin6_scope_id, name) == NULL)
		snprintf(name, sizeof(name), "%u", six->sin6_scope_id);
	len = strlen(host);
	if ((size_t)snprintf(host + len, size - len, "%%%s", name) >=
	    size - len)
		return -1;
	return ntohs(six->sin6_port);
}

int
address_text(const union address *ad, char *host, size_t size)
{
	const struct sockaddr_in6 *six = &ad->ad_six;
	const void *four = &ad->ad_four.sin_addr;
	in_port_t port = ad->ad_four.sin_port;

	if (ad->ad_any.sa_family == AF_INET6) {
		if (!IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
			return text_six(six, host, size);
		four = &six->sin6_addr.s6_addr[12];
		port = six->sin6_port;
	} else if (ad->ad_any.sa_family != AF_INET)
		return -1;
	return inet_ntop(AF_INET, four, host, (socklen_t)size) != NULL ?
	    ntohs(port) : -1;
}
