/* SPDX-License-Identifier: ISC */
/*
 * fuzz.h - what every fuzz target is made of.
 * A target is one function that takes bytes and ends the process if what it
 * tests breaks a promise. The bytes lie in a block of exactly their size.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Called by libFuzzer, AFL++ or main.c; always returns 0. */
int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* assert(3) that no -DNDEBUG takes away. */
#define FUZZ_CHECK(promise) do {					\
	if (!(promise)) {						\
		fprintf(stderr, "%s:%d: broken: %s\n", __FILE__,	\
		    __LINE__, #promise);				\
		abort();						\
	}								\
} while (0)

/* The environment failed, not what is tested. */
#define FUZZ_NEED(call) do {						\
	if (!(call)) {							\
		perror(#call);						\
		exit(1);						\
	}								\
} while (0)

/* Choices a target takes out of its input; past the end all are 0. */
struct fuzz_in {
	const uint8_t	*fi_p;
	size_t		 fi_left;
};

static inline uint64_t
fuzz_take(struct fuzz_in *in, unsigned bytes)
{
	uint64_t v = 0;

	for (; bytes > 0 && in->fi_left > 0; bytes--, in->fi_left--)
		v = v << 8 | *in->fi_p++;
	return v;
}

/* As much as there is of `size` bytes; the rest of `to` is zeros. */
static inline void
fuzz_copy(struct fuzz_in *in, void *to, size_t size)
{
	size_t n = in->fi_left < size ? in->fi_left : size;

	memset(to, 0, size);
	if (n > 0)
		memcpy(to, in->fi_p, n);
	in->fi_p += n;
	in->fi_left -= n;
}

/* A block of exactly `size` bytes, for the address sanitizer to guard. */
static inline uint8_t *
fuzz_block(const void *p, size_t size)
{
	uint8_t *q = malloc(size);

	FUZZ_NEED(size == 0 || q != NULL);
	if (size > 0)
		memcpy(q, p, size);
	return q;
}

/* FNV-1a: reads every byte, and tells messages apart. */
static inline uint64_t
fuzz_hash(uint64_t h, const void *data, size_t size)
{
	const uint8_t *p = data;
	size_t i;

	for (i = 0; i < size; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	return h;
}

#endif
