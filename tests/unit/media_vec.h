/* SPDX-License-Identifier: ISC */
/*
 * media_vec.h - vectors for the tests of common/media.
 * Bytes live in a block of exactly their size, so that the address sanitizer
 * sees a read past the end.
 */
#ifndef TESTS_MEDIA_VEC_H
#define TESTS_MEDIA_VEC_H

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A new block of the first `len` bytes; the caller frees it. */
static inline uint8_t *
vec_cut(const uint8_t *p, size_t len)
{
	uint8_t	*q = malloc(len);

	cr_assert(len == 0 || q != NULL);
	if (len > 0)
		memcpy(q, p, len);
	return q;
}

/* A new block of the bytes that `hex` spells; the caller frees it. */
static inline uint8_t *
vec_bytes(const char *hex, size_t *len)
{
	uint8_t	 all[1024];
	unsigned v;

	cr_assert(strlen(hex) % 2 == 0 && strlen(hex) / 2 <= sizeof(all),
	    "%zu digits: %s", strlen(hex), hex);
	for (*len = 0; hex[2 * *len] != '\0'; (*len)++) {
		cr_assert_eq(sscanf(hex + 2 * *len, "%2x", &v), 1, "%s", hex);
		all[*len] = (uint8_t)v;
	}
	return vec_cut(all, *len);
}

#endif
