/* SPDX-License-Identifier: ISC */
/*
 * test_hmac.c - HMAC-SHA256 against the vectors of RFC 4231 and, at every
 * length of key and data around the block of the hash, against OpenSSL.
 */
#include "rtmp/hmac.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"

#define LENGTHS	200	/* three blocks of 64 bytes, and some */

TestSuite(hmac, .timeout = 10);

struct vec {
	char	key[32];	/* repeated up to its length */
	size_t	keylen;
	char	data[160];	/* repeated likewise */
	size_t	len;
	char	mac[65];	/* the fifth is cut to 128 bits */
};

static void
repeat(const char *pattern, uint8_t *p, size_t len)
{
	size_t	i, n = strlen(pattern);

	for (i = 0; i < len; i++)
		p[i] = (uint8_t)pattern[i % n];
}

ParameterizedTestParameters(hmac, gives_what_rfc_4231_gives)
{
	/* RFC 4231, 4.2 to 4.8 */
	static struct vec v[] = {
		{ "\x0b", 20, "Hi There", 8,
		    "b0344c61d8db38535ca8afceaf0bf12b"
		    "881dc200c9833da726e9376c2e32cff7" },
		{ "Jefe", 4, "what do ya want for nothing?", 28,
		    "5bdcc146bf60754e6a042426089575c7"
		    "5a003f089d2739839dec58b964ec3843" },
		{ "\xaa", 20, "\xdd", 50,
		    "773ea91e36800e46854db8ebd09181a7"
		    "2959098b3ef8c122d9635514ced565fe" },
		{ "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d"
		    "\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19", 25,
		    "\xcd", 50,
		    "82558a389a443c0ea4cc819899f2083a"
		    "85f0faa3e578f8077a2e3ff46729665b" },
		{ "\x0c", 20, "Test With Truncation", 20,
		    "a3b6167473100ee06e0c796c2955552b" },
		{ "\xaa", 131, "Test Using Larger Than Block-Size Key - "
		    "Hash Key First", 54,
		    "60e431591ee0b67f0d8a26aacbf5b77f"
		    "8e0bc6213728c5140546040f0ee37f54" },
		{ "\xaa", 131, "This is a test using a larger than block-size "
		    "key and a larger than block-size data. The key needs to "
		    "be hashed before being used by the HMAC algorithm.", 152,
		    "9b09ffa71b942fcb27635fbcd5b0e944"
		    "bfdc63644f0713938a7f51535c3a35e2" },
	};

	return cr_make_param_array(struct vec, v, sizeof(v) / sizeof(v[0]));
}

ParameterizedTest(struct vec *v, hmac, gives_what_rfc_4231_gives,
    .timeout = 10)
{
	uint8_t	key[LENGTHS], data[LENGTHS], mac[HMAC_SHA256_LENGTH];
	uint8_t	want[HMAC_SHA256_LENGTH];

	repeat(v->key, key, v->keylen);
	repeat(v->data, data, v->len);
	hmac_sha256(key, v->keylen, data, v->len, mac);
	cr_assert_arr_eq(mac, want, unhex(v->mac, want), "%s", v->mac);
}

static void
fill(uint8_t *p, size_t n)
{
	while (n-- > 0)
		*p++ = (uint8_t)random();
}

/* Exact allocations, for AddressSanitizer to guard their ends. */
static void
compare(size_t keylen, size_t len)
{
	uint8_t	*key = malloc(keylen), *data = malloc(len);
	uint8_t	 mac[HMAC_SHA256_LENGTH], want[HMAC_SHA256_LENGTH];

	fill(key, keylen);
	fill(data, len);
	hmac_sha256(key, keylen, data, len, mac);
	cr_assert_not_null(HMAC(EVP_sha256(), key, (int)keylen, data, len,
	    want, NULL));
	cr_assert_arr_eq(mac, want, sizeof(want), "key of %zu, data of %zu",
	    keylen, len);
	free(key);
	free(data);
}

Test(hmac, agrees_with_openssl_at_every_length_of_key_and_data)
{
	size_t	keylen, len;

	for (keylen = 0; keylen <= LENGTHS; keylen++)
		for (len = 0; len <= LENGTHS; len += 1 + keylen % 3)
			compare(keylen, len);
}

/* The lengths of the handshake: short and full keys, a digest, a block. */
Test(hmac, agrees_with_openssl_at_the_lengths_of_the_handshake)
{
	static const size_t	keys[] = { 30, 32, 36, 62, 68 };
	static const size_t	data[] = { 32, 1504 };
	size_t			i, j;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		for (j = 0; j < sizeof(data) / sizeof(data[0]); j++)
			compare(keys[i], data[j]);
}

Test(hmac, signs_nothing_with_nothing)
{
	uint8_t	mac[HMAC_SHA256_LENGTH], want[HMAC_SHA256_LENGTH];

	hmac_sha256(NULL, 0, NULL, 0, mac);
	cr_assert_not_null(HMAC(EVP_sha256(), "", 0, (const uint8_t *)"", 0,
	    want, NULL));
	cr_assert_arr_eq(mac, want, sizeof(want));
}

Test(hmac, may_write_over_the_key_and_the_data)
{
	uint8_t	buf[80], mac[HMAC_SHA256_LENGTH];

	fill(buf, sizeof(buf));
	hmac_sha256(buf, sizeof(buf), buf, sizeof(buf), mac);
	hmac_sha256(buf, sizeof(buf), buf, sizeof(buf), buf);
	cr_assert_arr_eq(buf, mac, sizeof(mac));
}
