/* SPDX-License-Identifier: ISC */
/*
 * prefix.c - addresses and prefixes, and lists of them.
 * IPv4 and IPv6 are apart: ::/0 has no IPv4 address in it. What could never
 * match, or could be a slip, is refused: bits behind the prefix, and IPv4
 * addresses in IPv6 form, as which no peer is seen.
 */
#include "conf/prefix.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESS_MAX	INET6_ADDRSTRLEN

/* The first `len` bytes of `text` as an address. */
static bool
parse_address(const char *text, size_t len, struct prefix *px)
{
	char	 addr[ADDRESS_MAX];

	if (len >= sizeof(addr))
		return false;
	memcpy(addr, text, len);
	addr[len] = '\0';
	memset(px, 0, sizeof(*px));
	px->px_bytes = 4;
	if (inet_pton(AF_INET, addr, px->px_addr) != 1) {
		px->px_bytes = 16;
		if (inet_pton(AF_INET6, addr, px->px_addr) != 1)
			return false;
	}
	px->px_bits = (uint8_t)(8 * px->px_bytes);
	return true;
}

static bool
is_mapped_ipv4(const struct prefix *px)
{
	static const uint8_t	 head[12] = { [10] = 0xff, [11] = 0xff };

	return px->px_bytes == 16 &&
	    memcmp(px->px_addr, head, sizeof(head)) == 0;
}

/* Do the first `bits` of two addresses agree? */
static bool
agree(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned	 rest = bits % 8;

	if (memcmp(a, b, bits / 8) != 0)
		return false;
	return rest == 0 || (a[bits / 8] ^ b[bits / 8]) >> (8 - rest) == 0;
}

static bool
has_more_bits(const struct prefix *px)
{
	uint8_t		 cut[16];
	unsigned	 i;

	memcpy(cut, px->px_addr, sizeof(cut));
	for (i = px->px_bits; i < 8u * px->px_bytes; i++)
		cut[i / 8] &= (uint8_t)~(0x80 >> i % 8);
	return memcmp(cut, px->px_addr, sizeof(cut)) != 0;
}

const char *
prefix_parse(const char *text, struct prefix *out)
{
	size_t		 len = strcspn(text, "/");
	struct prefix	 px;
	const char	*errstr;

	if (!parse_address(text, len, &px))
		return "not a numeric address";
	if (is_mapped_ipv4(&px))
		return "an IPv4 address is written as IPv4";
	if (text[len] == '/') {
		text += len + 1;
		px.px_bits = (uint8_t)strtonum(text, 0, px.px_bits, &errstr);
		if (errstr != NULL || text[strspn(text, "0123456789")] != '\0')
			return px.px_bytes == 4 ?
			    "the length of the prefix is not 0 to 32" :
			    "the length of the prefix is not 0 to 128";
		if (has_more_bits(&px))
			return "the address goes on behind the prefix";
	}
	*out = px;
	return NULL;
}

bool
prefix_list_has(const struct prefix_list *pl, const char *host)
{
	const struct prefix	*px;
	struct prefix		 peer;

	if (pl->pl_n == 0)
		return true;
	if (!parse_address(host, strcspn(host, "%"), &peer))
		return false;
	for (px = pl->pl_prefix; px < pl->pl_prefix + pl->pl_n; px++)
		if (px->px_bytes == peer.px_bytes &&
		    agree(px->px_addr, peer.px_addr, px->px_bits))
			return true;
	return false;
}
