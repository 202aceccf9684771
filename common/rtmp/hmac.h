/* SPDX-License-Identifier: ISC */
/*
 * hmac.h - HMAC-SHA256, the keyed digest of the handshake.
 */
#ifndef RTMP_HMAC_H
#define RTMP_HMAC_H

#include <stddef.h>
#include <stdint.h>

#define HMAC_SHA256_LENGTH	32

/*
 * Sign `len` bytes of data with a key of any length, zero included. Cannot
 * fail. `out` is written last, so it may overlap what is read.
 * (RFC 2104, section 2; FIPS 198-1, section 4)
 *
 * For keys that everybody knows, as Flash's are: nothing is wiped.
 */
void	hmac_sha256(const void *key, size_t keylen, const void *data,
	    size_t len, uint8_t out[HMAC_SHA256_LENGTH]);

#endif
