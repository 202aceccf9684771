/* SPDX-License-Identifier: ISC */
/*
 * clock.h - milliseconds of CLOCK_MONOTONIC, the only time on the data path.
 * The clock is one for the whole machine, so values may cross processes.
 */
#ifndef SYS_CLOCK_H
#define SYS_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t
clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

#endif
