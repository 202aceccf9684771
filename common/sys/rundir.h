/* SPDX-License-Identifier: ISC */
/*
 * rundir.h - the run directory: where the processes of one rtmpd meet.
 * Every process that uses it changes into it and names what it holds by these
 * relative paths, so neither the length of its path nor the rights on what
 * lies above it matter.
 */
#ifndef SYS_RUNDIR_H
#define SYS_RUNDIR_H

#include <stddef.h>
#include <sys/types.h>

#define RUNDIR_LOCK	"lock"		/* held by the hub while it lives */
#define RUNDIR_START	"start"		/* held while starting a hub on demand */
#define RUNDIR_PID	"rtmpd.pid"	/* locked by the listener */
#define RUNDIR_REGISTRY_NEW "registry.new"	/* while it is made */
#define RUNDIR_RTMPD	"rtmpd.ctl"	/* where the listener takes orders */
#define RUNDIR_RTMPHUB	"rtmphub.ctl"	/* where the hub does */
#define RUNDIR_REGISTRY	"registry"	/* link to the hub's registry */
#define RUNDIR_BOX	"box"		/* root directory of connections */
#define RUNDIR_HUB	"box/hub.sock"	/* the hub's socket */

struct priv;

/*
 * The path that rundir_enter() would use. Returns 0, or -1: too long.
 */
int	rundir_path(const char *path, const struct priv *, char *out,
	    size_t size);

/*
 * Create the run directory and its box if missing, see that nobody else could
 * have planted it, hand it to the user we shall become, and change into it.
 * `path` may be "": then /run/rtmpd as root, else $XDG_RUNTIME_DIR/rtmpd,
 * else a private directory under /tmp. Returns 0, or -1 with a line in `err`.
 * `used` receives the absolute path.
 */
int	rundir_enter(const char *path, const struct priv *, char *used,
	    size_t size, char *err, size_t errlen);

/*
 * Open a socket of ours there to a group, unless that is PRIV_NO_GROUP. Never
 * touches what anybody else may have put in its place. 0, or -1 and errno.
 */
int	rundir_share(const char *name, gid_t group);

#endif
