/* SPDX-License-Identifier: ISC */
/*
 * hist.c - latency histogram: a bucket for each of the 64 steps within each
 * power of two, so that adding is a few instructions and takes no memory.
 */
#include "hist.h"

static unsigned int
bucket_of(uint64_t ns)
{
	unsigned int index, shift;

	if (ns < HIST_SUB)
		return (unsigned int)ns;
	shift = 63 - (unsigned int)__builtin_clzll(ns) - 6;
	index = (shift + 1) * HIST_SUB +
	    (unsigned int)((ns >> shift) - HIST_SUB);
	return index < HIST_BUCKETS ? index : HIST_BUCKETS - 1;
}

static uint64_t
bucket_end(unsigned int index)
{
	unsigned int shift;

	if (index < HIST_SUB)
		return index;
	shift = index / HIST_SUB - 1;
	return ((uint64_t)(HIST_SUB + index % HIST_SUB + 1) << shift) - 1;
}

void
hist_add(struct hist *h, uint64_t ns)
{
	h->h_count++;
	h->h_bucket[bucket_of(ns)]++;
	if (ns > h->h_max)
		h->h_max = ns;
}

uint64_t
hist_quantile(const struct hist *h, double q)
{
	uint64_t want, seen = 0;
	unsigned int i;

	want = (uint64_t)(q * (double)h->h_count + 0.999999);
	for (i = 0; i < HIST_BUCKETS; i++) {
		seen += h->h_bucket[i];
		if (seen >= want && seen > 0)
			return bucket_end(i) < h->h_max ?
			    bucket_end(i) : h->h_max;
	}
	return h->h_max;
}
