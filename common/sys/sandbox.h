/* SPDX-License-Identifier: ISC */
/*
 * sandbox.h - which system calls a process may make, by its role.
 * A filter is built once, by whoever is going to fork, and entered without
 * further work by each process.
 */
#ifndef SYS_SANDBOX_H
#define SYS_SANDBOX_H

#include <stdbool.h>

#include <linux/filter.h>

enum sandbox_role {
	SANDBOX_LISTENER,	/* and the hub's keeper; children inherit it */
	SANDBOX_HUB,
	SANDBOX_CONNECTION,
	SANDBOX_RECORDER,
	SANDBOX_METRICS,	/* serves HTTP out of the registry */
};

/* A connection's peer has this descriptor: it is never connected again. */
#define SANDBOX_PEER_FD	3
#define SANDBOX_OOM_FD	4	/* the only one that write(2) is for: oom.h */
#define SANDBOX_FILES	32	/* descriptors: sockets, log, two rings a stream */

/*
 * What SANDBOX_METRICS has below this number stays there for good, and only
 * that is ever connected: Unix sockets made beforehand, so no connection that
 * it accepted can become one to elsewhere.
 */
#define SANDBOX_FIXED_FDS 16

struct sandbox {
	enum sandbox_role	 sb_role;
	struct sock_fprog	 sb_prog;
};

/*
 * Build the filter of a role. What it does not list kills the process, or, if
 * `only_log`, is noted in the kernel's log and allowed. Sanitizer builds only
 * ever log: their runtime makes calls of its own. 0, or -1 and errno.
 */
int	sandbox_build(struct sandbox *, enum sandbox_role, bool only_log);

/* Enter it for good; no_new_privs must be set (priv_drop() does). */
int	sandbox_enter(const struct sandbox *);

/* Free it; who entered it stays in. */
void	sandbox_free(struct sandbox *);

#endif
