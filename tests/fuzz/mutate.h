/* SPDX-License-Identifier: ISC */
/*
 * mutate.h - change an input a little, in the same way for the same seed.
 */
#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/* A corpus in memory. */
struct corpus {
	uint8_t	**co_data;
	size_t	 *co_size;
	size_t	  co_count;
};

/* A number below `n`, which is not 0; moves the state on. */
size_t	mutate_random(uint64_t *state, size_t n);

/*
 * Fill `out` with a changed entry of the corpus, which may be empty. Returns
 * its length, at most `max`.
 */
size_t	mutate(uint64_t *state, const struct corpus *, uint8_t *out,
	    size_t max);

#endif
