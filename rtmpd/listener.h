/* SPDX-License-Identifier: ISC */
/*
 * listener.h - the listener's state, which outlives its program.
 */
#ifndef RTMPD_LISTENER_H
#define RTMPD_LISTENER_H

#include "server.h"
#include "sys/control.h"
#include "sys/log.h"

#define LISTENER_CHILDREN 65536	/* the most that max-connections can be */
#define LISTEN_MAX	(2 * CONF_LISTEN_MAX)	/* IPv4 and IPv6 of each */

struct listening {
	int			 li_fd;
	struct conf_listen	 li_at;
};

struct listener {
	struct server	*l_server;
	int		 l_pidfile;	/* locked */
	int		 l_control;
	struct listening l_listen[LISTEN_MAX];
	int		 l_nlisten;
	int		 l_signal;
	int		 l_log[2];
	uint32_t	 l_nchild;
	pid_t		 l_hub;		/* 0: none runs */
	uint64_t	 l_hub_at;	/* when to start one, ms */
	uint64_t	 l_hub_since;	/* when the latest was, ms */
	uint32_t	 l_hub_pause;	/* before the next, ms */
	uint32_t	 l_hubs_lost;	/* so far */
	uint64_t	 l_accept_at;	/* paused until, ms */
	uint64_t	 l_drain_by;	/* 0 while not draining */
	uint64_t	 l_stop_by;	/* 0 while not stopping */
	int		 l_last_hub;	/* pidfd of the hub that is to end, or -1 */
	pid_t		 l_trial;	/* of the next program, 0: none */
	uint64_t	 l_trial_by;	/* then it is killed, ms */
	int		 l_paper;	/* what it is to sign */
	struct control	 l_asked;	/* who asked for the upgrade */
	struct ratelimit l_refused;
	struct ratelimit l_paused;
	pid_t		 l_child[LISTENER_CHILDREN];	/* connections */
};

/*
 * listening.c: listen at the addresses of the configuration and nowhere else,
 * where we do already with the same sockets. 0, or -1 with a line in `error`:
 * then nothing has changed.
 */
int	listening_change(struct listener *, const struct conf *, char *error,
	    size_t size);
void	listening_open(struct listener *);	/* fatal on failure */
void	listening_close(struct listener *);

/*
 * instance.c: one listener a run directory; fatal where another one runs. A
 * start that fails before instance_ready() leaves nothing there; who goes on with
 * it in a process that was forked is to say so.
 */
void	instance_claim(struct listener *);
void	instance_forked(void);
void	instance_ready(const struct listener *);

/* listener.c: all zero. In a mapping of its own, for connections to unmap: what
 * the listener writes later would leave them a page each as it was. */
struct listener *listener_new(void);
/* Kill the hub, whoever started it, like one that crashes: there is one way to
 * lose a hub, and it is in use all the time. Ours is then started anew. */
void	listener_replace_hub(struct listener *);
/* Or a standby, where another runs. It drains if we do. */
void	listener_start_hub(struct listener *);
/* Its place in l_child, l_nchild if it is none of ours. */
uint32_t listener_child(const struct listener *, pid_t);

/* reload.c: go by the configuration as it stands now, if it is good. `ct` is
 * answered. */
void	reload(struct listener *, const struct control *);

/* orders.c */
void	orders_take(struct listener *);	/* those that wait */
void	orders_tick(struct listener *);	/* the end of a drain */
/* Tell every subscriber that its stream ends; l_stop_by is then set. */
void	orders_stop(struct listener *, const char *why);
/* Take no more connections, stop when the last one has ended or in time. */
void	orders_drain(struct listener *);

/*
 * upgrade.c: the program is replaced by the one that stands in its place now.
 *
 * The new program is tried first: executed with -n, it reads what would be
 * handed to it and does all of a start that may fail, without consequences. If
 * it is content, it is executed in place: same pid, same children, same
 * descriptors.
 */

/* Try the next program. `ct` is answered in the end. */
void	upgrade_begin(struct listener *, const struct control *);
/* The trial ended; returns if there is no upgrade. */
void	upgrade_decide(struct listener *, int status);
/* Kill a trial that takes too long, */
void	upgrade_tick(struct listener *);
/* or is not needed any more. */
void	upgrade_abandon(const struct listener *);
/* Were we executed so? */
bool	upgrade_handed(void);
/* In the trial: what would be handed to us, can we go on with it? Fatal if not;
 * from then on the log goes to the listener that tries us. `*paper` is to be
 * signed when all else is tried too. */
struct listener *upgrade_try(int *paper);
void	upgrade_sign(int paper);
/* Take over what the program before us left. Fatal on failure. */
void	upgrade_take(struct listener *);
/* Tell who asked, and the log. */
void	upgrade_done(struct listener *);

/* trial.c: the rest of the trial, in the run directory. Fatal on failure. */
void	trial_run(struct listener *, struct server *, int paper);

#endif
