/* SPDX-License-Identifier: ISC */
/*
 * prefix.h - addresses and prefixes, and lists of them.
 */
#ifndef CONF_PREFIX_H
#define CONF_PREFIX_H

#include <stdbool.h>
#include <stdint.h>

#define PREFIX_LIST_MAX	128

struct prefix {
	uint8_t		 px_addr[16];	/* the rest is 0 */
	uint8_t		 px_bytes;	/* of the address: 4 or 16 */
	uint8_t		 px_bits;	/* that must agree */
};

struct prefix_list {
	uint32_t	 pl_n;
	struct prefix	 pl_prefix[PREFIX_LIST_MAX];
};

/*
 * Parse "192.0.2.1", "192.0.2.0/24" or "2001:db8::/32". NULL, or a static
 * sentence that says what is wrong.
 */
const char *prefix_parse(const char *text, struct prefix *);

/*
 * Is this host, a numeric address as sock_peer_text() writes it, on the list?
 * A scope ("%eth0") is not looked at. An empty list has everyone on it; what
 * is no address is on no other.
 */
bool	prefix_list_has(const struct prefix_list *, const char *host);

#endif
