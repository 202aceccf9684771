/* SPDX-License-Identifier: ISC */
/*
 * cgroup.h - what the kernel charges a control group with, version 1 or 2:
 * exact for processes that have ended too.
 */
#ifndef BENCH_CGROUP_H
#define BENCH_CGROUP_H

#include <stdint.h>

struct charge {				/* bytes */
	uint64_t ch_all;		/* with the two below */
	uint64_t ch_socket;		/* socket buffers, where they count */
	uint64_t ch_shared;		/* shared memory: tmpfs, memfd */
};

/* Memory charged to a directory of the memory controller; -1 if unknown. */
int	 cgroup_memory(const char *dir, struct charge *ch);

/* Processor time by a directory of cpuacct, or version 2; -1 if unknown. */
int	 cgroup_cpu(const char *dir, uint64_t *ns);

#endif
