/* SPDX-License-Identifier: ISC */
/*
 * hist.h - latency histogram with a relative error below 2 percent.
 */
#ifndef BENCH_HIST_H
#define BENCH_HIST_H

#include <stdint.h>

#define HIST_SUB	64	/* buckets per power of two */
#define HIST_BUCKETS	(HIST_SUB * 48)

struct hist {
	uint64_t h_count;
	uint64_t h_max;			/* exact, ns */
	uint64_t h_bucket[HIST_BUCKETS];
};

/* Count one value in nanoseconds; values beyond 2^53 share the last bucket. */
void	 hist_add(struct hist *h, uint64_t ns);

/*
 * The value in ns that a share q (0 to 1) of all values does not exceed:
 * the upper edge of its bucket, at most h_max; 0 for an empty histogram.
 */
uint64_t hist_quantile(const struct hist *h, double q);

#endif
