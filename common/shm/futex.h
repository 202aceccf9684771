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
#include <unistd.h>

/*
 * Sleep while *word == seen. Returns 0 when woken; -1 with EAGAIN if it had
 * changed already, EINTR on a signal. There is no timeout, as that would arm
 * a timer at each call: an interval timer's signal bounds the sleep.
 */
static inline int
futex_wait(const _Atomic uint32_t *word, uint32_t seen)
{
	return (int)syscall(SYS_futex, word, FUTEX_WAIT, seen, NULL, NULL, 0);
}

/* Wake everyone who sleeps on it, in any process. */
static inline void
futex_wake(const _Atomic uint32_t *word)
{
	(void)syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

#endif
