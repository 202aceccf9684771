/* SPDX-License-Identifier: ISC */
/*
 * sampler.h - a process that watches the server's processor time, so that
 * walking /proc does not delay the subscribers.
 */
#ifndef BENCH_SAMPLER_H
#define BENCH_SAMPLER_H

#include <sys/types.h>

#include <stdint.h>

struct sampler {
	pid_t	 sm_pid;
	int	 sm_fd;			/* readable when an answer is there */
};

/* Fork; it watches the tree of root until sampler_stop(). */
int	 sampler_start(struct sampler *sm, pid_t root);

/* Ask for a sample, and later take the answer, in ns; -1 if there is none. */
int	 sampler_ask(const struct sampler *sm);
int	 sampler_answer(const struct sampler *sm, uint64_t *ns);

void	 sampler_stop(struct sampler *sm);

#endif
