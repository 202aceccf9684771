/* SPDX-License-Identifier: ISC */
/*
 * fuzz_prefix.c - addresses and prefixes of addresses.
 * Input: a prefix, a NUL, a host.
 */
#include "conf/prefix.h"

#include "fuzz.h"

/* Nothing is set beyond the bits that count. */
static void
check_prefix(const struct prefix *px)
{
	unsigned i;

	FUZZ_CHECK(px->px_bytes == 4 || px->px_bytes == 16);
	FUZZ_CHECK(px->px_bits <= 8 * px->px_bytes);
	for (i = px->px_bits; i < 8 * sizeof(px->px_addr); i++)
		FUZZ_CHECK((px->px_addr[i / 8] & 0x80 >> i % 8) == 0);
}

/* An address is on a list of itself; what is on a list begins as it says. */
static void
check_list(const struct prefix *px, const char *text, const char *host)
{
	static struct prefix_list list;
	struct prefix whole;

	list.pl_n = 0;
	FUZZ_CHECK(prefix_list_has(&list, host));
	list.pl_n = 1;
	list.pl_prefix[0] = *px;
	if (strchr(text, '/') == NULL)
		FUZZ_CHECK(prefix_list_has(&list, text));
	if (prefix_list_has(&list, host) && strchr(host, '/') == NULL &&
	    prefix_parse(host, &whole) == NULL)
		FUZZ_CHECK(memcmp(whole.px_addr, px->px_addr,
		    px->px_bits / 8) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data, *why;
	size_t len = size == 0 ? 0 : strnlen(bytes, size);
	size_t skip = len < size ? len + 1 : len;
	char *text = strndup(size == 0 ? "" : bytes, len);
	char *host = strndup(size == 0 ? "" : bytes + skip, size - skip);
	struct prefix px;

	FUZZ_NEED(text != NULL && host != NULL);
	if ((why = prefix_parse(text, &px)) == NULL) {
		check_prefix(&px);
		check_list(&px, text, host);
	} else
		FUZZ_CHECK(why[0] != '\0');
	free(host);
	free(text);
	return 0;
}
