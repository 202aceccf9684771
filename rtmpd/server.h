/* SPDX-License-Identifier: ISC */
/*
 * server.h - the two ways rtmpd is launched: listener and inetd.
 */
#ifndef RTMPD_SERVER_H
#define RTMPD_SERVER_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "conf/conf.h"
#include "sys/priv.h"
#include "sys/sandbox.h"

struct server {
	const struct conf_set *sv_set;	/* conf_map() of the next: replaced */
	const struct conf *sv_conf;	/* by a reload; its conf 0 */
	int		 sv_set_fd;	/* to be handed on */
	struct priv	 sv_priv;
	gid_t		 sv_group;	/* control-group, or PRIV_NO_GROUP */
	struct sandbox	 sv_sandbox;	/* of connections */
	char		*sv_program;	/* absolute path of rtmpd */
	const char	*sv_conf_path;	/* as given by -f, NULL if not */
	struct conf_listen sv_listen[CONF_LISTEN_MAX];	/* as given by -l */
	const char	*sv_listen_arg[CONF_LISTEN_MAX];
	uint32_t	 sv_nlisten;
	char		*sv_rundir;	/* absolute; we are in it */
	bool		 sv_foreground;
	bool		 sv_verbose;
};

/* Listen, fork for each connection, until a signal. Returns the exit status. */
int	listener_run(struct server *);

/* Is descriptor 0 a connected stream socket? 0, or the exit status. From then
 * on the log goes where it cannot reach the peer. */
int	inetd_open(void);
/* Serve that socket. Does not return. */
int	inetd_run(struct server *);

/* prepare.c */
#define SERVER_ERROR_MAX	(PATH_MAX + 256)
/*
 * Read the configuration, with the addresses of -l, as a sealed memory file.
 * Returns its descriptor, or -1 with a line in `error`.
 */
int	server_load(const struct server *, char error[SERVER_ERROR_MAX]);
/* Go by this one, conf_map() of its descriptor, and forget the one before. */
void	server_adopt(struct server *, const struct conf_set *, int set_fd);
/* Build the filter that connections enter; fatal on failure. */
void	server_prepare(struct server *);
/* Enter the listener's own. */
void	server_shut_in(const struct server *);

/* hubstart.c */
struct hub_wish {
	uint32_t hw_idle;	/* seconds without connections after which it
				 * leaves; 0: never, and it stands by where
				 * another hub runs */
	uint32_t hw_lost;	/* hubs before it */
	uint32_t hw_drain;	/* seconds to drain at once, or 0 */
};

/* Fork and execute rtmphub. Returns its pid, or -1 and errno. */
pid_t	hubstart_spawn(const struct server *, const struct hub_wish *);
/* How long to wait, ms, before a hub that died after `ran` ms is replaced: one
 * that ran at once; who fails at the start fails slower and slower, for the
 * log's sake. `before` is the latest such pause, 0 at first. */
uint32_t hubstart_pause(uint32_t before, uint64_t ran);
/* Connect to the hub of the run directory; start one, with a parent that
 * keeps it alive, if there is none. Returns the connection, or -1. */
int	hubstart_on_demand(const struct server *);
#endif
