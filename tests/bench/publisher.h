/* SPDX-License-Identifier: ISC */
/*
 * publisher.h - one process that publishes all streams, apart from the
 * subscribers so that receiving does not delay sending.
 */
#ifndef BENCH_PUBLISHER_H
#define BENCH_PUBLISHER_H

#include <sys/types.h>

#include "rtmp.h"

#define PUBLISHER_STREAMS	1000	/* at most */

/* Shared by both processes; written by the publisher only. */
struct publisher_shared {
	char		 ps_error[2 * WIRE_TEXT];
	_Atomic uint64_t ps_late;	/* ns behind schedule, at worst */
	_Atomic uint64_t ps_sent[PUBLISHER_STREAMS];	/* messages */
};

struct publisher {
	pid_t	 p_pid;
	int	 p_fd;			/* ends when either process does */
	struct publisher_shared *p_shared;
};

struct publisher_plan {
	const struct rtmp_target *pp_target;
	const char *pp_name;
	unsigned int pp_streams;
	uint64_t pp_bits;		/* per second and stream */
	uint32_t pp_time;		/* first RTMP timestamp */
};

/* The name of stream number i: the plain name if there is only one. */
void	 publisher_name(const struct publisher_plan *pp, unsigned int i,
	    char *name, size_t size);

/* Fork; returns when all streams are on the air, or -1 with ps_error set. */
int	 publisher_start(struct publisher *p, const struct publisher_plan *pp);

/* False once the publisher has failed; ps_error says why. */
bool	 publisher_alive(const struct publisher *p);

/* Let it delete its streams and wait for its end. */
void	 publisher_stop(struct publisher *p);

#endif
