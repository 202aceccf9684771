/* SPDX-License-Identifier: ISC */
/*
 * hex.h - test vectors written as hexadecimal text.
 */
#ifndef TESTS_HEX_H
#define TESTS_HEX_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Spaces are skipped; returns how many bytes were written to `out`. */
static inline size_t
unhex(const char *text, void *out)
{
	static const char	 digits[] = "0123456789abcdef";
	uint8_t			*p = out;
	unsigned		 high = 0, v;
	size_t			 n = 0;

	for (; *text != '\0'; text++) {
		if (*text == ' ')
			continue;
		v = (unsigned)(strchr(digits, *text) - digits);
		if (n % 2 == 0)
			high = v;
		else
			p[n / 2] = (uint8_t)(high << 4 | v);
		n++;
	}
	return n / 2;
}

#endif
