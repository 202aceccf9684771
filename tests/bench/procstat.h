/* SPDX-License-Identifier: ISC */
/*
 * procstat.h - processor time of a process and all its descendants, by /proc.
 */
#ifndef BENCH_PROCSTAT_H
#define BENCH_PROCSTAT_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

struct proc {
	pid_t	 pr_pid, pr_ppid;
	uint64_t pr_born;		/* start time: tells reused numbers */
	uint64_t pr_own;		/* ns used by the process itself */
	uint64_t pr_reaped;		/* ns of children it has waited for */
};

struct proctree {
	pid_t	 pt_root;
	struct proc *pt_proc;		/* as last seen, by number */
	size_t	 pt_count;
	uint64_t pt_lost;		/* ns of those that nobody waited for */
};

/*
 * Look at the tree again. Stores the nanoseconds used since the root was
 * born, in user and system mode, by all that are or were in it. Descendants
 * that ended are found with their parent if it waited for them, else as last
 * seen. -1 if the root is gone.
 */
int	 proctree_sample(struct proctree *pt, uint64_t *ns);
void	 proctree_free(struct proctree *pt);

#endif
