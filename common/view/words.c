/* SPDX-License-Identifier: ISC */
/*
 * words.c - what the numbers of the registry are called.
 */
#include "view/words.h"

#include <stddef.h>

#include "shm/registry.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

static const char *
word(const char *const *words, size_t n, uint32_t i)
{
	return i < n && words[i] != NULL ? words[i] : "unknown";
}

const char *
word_of_state(uint32_t state)
{
	static const char *const words[] = {
		[STREAM_FREE] = "free",
		[STREAM_WAITING] = "waiting",
		[STREAM_LIVE] = "live",
		[STREAM_LOST] = "lost",
	};

	return word(words, N(words), state);
}

const char *
word_of_role(uint32_t role)
{
	static const char *const words[] = {
		[ROLE_NONE] = "none",
		[ROLE_PUBLISH] = "publish",
		[ROLE_PLAY] = "play",
		[ROLE_RECORD] = "record",
		[ROLE_CAT] = "cat",
		[ROLE_METRICS] = "metrics",
	};

	return word(words, N(words), role);
}
