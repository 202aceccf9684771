/* SPDX-License-Identifier: ISC */
/*
 * units.c - read sizes, durations and numbers.
 * Digits, then one of a short list of units; no sign, no fraction, no space.
 * Saturates instead of overflowing.
 */
#include "conf/units.h"

#include <stdlib.h>
#include <string.h>

#define DIGITS	"0123456789"

struct unit {
	char		 u_name[3];
	long long	 u_factor;
};

static const struct unit sizes[] = {
	{ "",	1 },
	{ "K",	1LL << 10 },
	{ "M",	1LL << 20 },
	{ "G",	1LL << 30 },
	{ "",	0 },
};

static const struct unit durations[] = {
	{ "ms",	1 },
	{ "s",	1000 },
	{ "m",	60 * 1000 },
	{ "h",	3600 * 1000 },
	{ "",	0 },
};

/* The first `len` bytes of `text` are digits; times `factor`. */
static uint64_t
scaled(const char *text, size_t len, long long factor)
{
	char		 digits[20];
	const char	*errstr;
	long long	 n;

	if (len >= sizeof(digits))
		return UINT64_MAX;
	memcpy(digits, text, len);
	digits[len] = '\0';
	n = strtonum(digits, 0, INT64_MAX / factor, &errstr);
	if (errstr != NULL)
		return UINT64_MAX;
	return (uint64_t)(n * factor);
}

/* 0, or -1 if `text` is not a number with one of `units`. */
static int
read_unit(const char *text, const struct unit *units, uint64_t *value)
{
	size_t	 len = strspn(text, DIGITS);

	if (len == 0)
		return -1;
	for (; units->u_factor != 0; units++)
		if (strcmp(text + len, units->u_name) == 0) {
			*value = scaled(text, len, units->u_factor);
			return 0;
		}
	return -1;
}

const char *
unit_size(const char *text, uint64_t *value)
{
	if (read_unit(text, sizes, value) == -1)
		return "is not a size (bytes, or a number with K, M or G)";
	return NULL;
}

const char *
unit_duration(const char *text, uint64_t *value)
{
	uint64_t	 bare;

	if (unit_count(text, &bare) == NULL) {
		if (bare != 0)
			return "needs a unit: 3s, 500ms";
		*value = 0;
		return NULL;
	}
	if (read_unit(text, durations, value) == -1)
		return "is not a duration (a number with ms, s, m or h)";
	return NULL;
}

const char *
unit_count(const char *text, uint64_t *value)
{
	size_t	 len = strspn(text, DIGITS);

	if (len == 0 || text[len] != '\0')
		return "is not a number";
	*value = scaled(text, len, 1);
	return NULL;
}
