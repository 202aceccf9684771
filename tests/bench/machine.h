/* SPDX-License-Identifier: ISC */
/*
 * machine.h - how busy the machine and this process are: a run on a machine
 * without idle time says little about the server's latency.
 */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <stdint.h>

struct machine {
	uint64_t ma_idle, ma_total;	/* ticks of all processors */
	uint64_t ma_self;		/* ns used by this process */
	uint64_t ma_wall;		/* ns */
};

void	 machine_sample(struct machine *ma);

/* Percent between two samples: idle of all, used by this process of one. */
double	 machine_idle(const struct machine *from, const struct machine *to);
double	 machine_self(const struct machine *from, const struct machine *to);

#endif
