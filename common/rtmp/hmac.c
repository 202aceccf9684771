/* SPDX-License-Identifier: ISC */
/*
 * hmac.c - HMAC (RFC 2104, FIPS 198-1) over the SHA-256 of libmd, which every
 * process maps already, since libbsd needs it: a general library of
 * cryptography would cost each connection memory of its own. Allocates
 * nothing, opens nothing, keeps nothing.
 */
#include "rtmp/hmac.h"

#include <sha2.h>
#include <string.h>

#define IPAD	0x36
#define OPAD	0x5c

_Static_assert(HMAC_SHA256_LENGTH == SHA256_DIGEST_LENGTH, "digest");

/* K0: the key as one block of the hash. Only one that is longer is hashed. */
static void
fit_key(const void *key, size_t keylen, uint8_t block[SHA256_BLOCK_LENGTH])
{
	SHA2_CTX	ctx;

	memset(block, 0, SHA256_BLOCK_LENGTH);
	if (keylen <= SHA256_BLOCK_LENGTH) {
		if (keylen > 0)		/* NULL is a key of no bytes */
			memcpy(block, key, keylen);
		return;
	}
	SHA256Init(&ctx);
	SHA256Update(&ctx, key, keylen);
	SHA256Final(block, &ctx);
}

/* H((K0 xor pad) || data) */
static void
pass(const uint8_t block[SHA256_BLOCK_LENGTH], uint8_t pad, const void *data,
    size_t len, uint8_t out[SHA256_DIGEST_LENGTH])
{
	uint8_t		padded[SHA256_BLOCK_LENGTH];
	SHA2_CTX	ctx;
	size_t		i;

	for (i = 0; i < sizeof(padded); i++)
		padded[i] = block[i] ^ pad;
	SHA256Init(&ctx);
	SHA256Update(&ctx, padded, sizeof(padded));
	SHA256Update(&ctx, data, len);
	SHA256Final(out, &ctx);
}

void
hmac_sha256(const void *key, size_t keylen, const void *data, size_t len,
    uint8_t out[HMAC_SHA256_LENGTH])
{
	uint8_t	block[SHA256_BLOCK_LENGTH], inner[SHA256_DIGEST_LENGTH];

	fit_key(key, keylen, block);
	pass(block, IPAD, data, len, inner);
	pass(block, OPAD, inner, sizeof(inner), out);
}
