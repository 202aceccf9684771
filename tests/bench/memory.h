/* SPDX-License-Identifier: ISC */
/*
 * memory.h - memory of the server: proportional set sizes of its processes.
 */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include <sys/types.h>

#include <stdint.h>

enum memory_kind {			/* by process title */
	MEMORY_SUBSCRIBER,		/* " play " */
	MEMORY_PUBLISHER,		/* " publish " */
	MEMORY_HUB,			/* "hub" */
	MEMORY_REST,			/* listener, workers */
	MEMORY_KINDS
};

struct memory {
	unsigned int me_count[MEMORY_KINDS];
	uint64_t me_pss[MEMORY_KINDS];	/* bytes, summed */
	uint64_t me_median;		/* bytes, of subscriber processes */
	uint64_t me_total;		/* bytes, of the whole tree */
	unsigned int me_unreadable;	/* processes left out */
};

/* -1 if the root is gone. Slow: the kernel walks all page tables. */
int	 memory_tree(pid_t root, struct memory *me);

#endif
