/* SPDX-License-Identifier: ISC */
/*
 * futex.h - sleeping on a word of shared memory, futex(2).
 * The word may lie in a read-only mapping: neither call writes to it.
 */
#ifndef SHM_FUTEX_H
#define SHM_FUTEX_H

#include <linux/futex.h>
#include <sys/syscall.h>

#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#define FUTEX_ALL	UINT32_MAX	/* every set of sleepers */

/*
 * Sleep while *word == seen, in the sets of sleepers whose bits are in `sets`.
 * Returns 0 when woken; -1 with EAGAIN if it had changed already, EINTR on a
 * signal. There is no timeout, as that would arm a timer at each call: an
 * interval timer's signal bounds the sleep.
 */
static inline int
futex_wait(const _Atomic uint32_t *word, uint32_t seen, uint32_t sets)
{
	return (int)syscall(SYS_futex, word, FUTEX_WAIT_BITSET, seen, NULL,
	    NULL, sets);
}

/* The same until `until` of CLOCK_MONOTONIC, for readers so few that a timer at
 * each call does not matter; then ETIMEDOUT. */
static inline int
futex_wait_until(const _Atomic uint32_t *word, uint32_t seen, uint32_t sets,
    const struct timespec *until)
{
	return (int)syscall(SYS_futex, word, FUTEX_WAIT_BITSET, seen, until,
	    NULL, sets);
}

/* Wake everyone who sleeps on it in one of these sets, in any process. Who
 * sleeps by futex_waitv(2) is in all of them. */
static inline void
futex_wake(const _Atomic uint32_t *word, uint32_t sets)
{
	(void)syscall(SYS_futex, word, FUTEX_WAKE_BITSET, INT_MAX, NULL, NULL,
	    sets);
}

#endif
