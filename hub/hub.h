/* SPDX-License-Identifier: ISC */
/*
 * hub.h - the hub: sole writer of the registry, judge of who may publish.
 * It never sees a byte of media and is on nobody's data path.
 *
 * A peer is a connected process; a session is one slot of a peer, with a role
 * at a stream; a stream has at most one publisher and any subscribers.
 */
#ifndef HUB_HUB_H
#define HUB_HUB_H

#include <sys/queue.h>
#include <sys/tree.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "attend.h"
#include "conf/conf.h"
#include "conf/hubmsg.h"
#include "shm/registry.h"
#include "shm/ring.h"
#include "shm/segment.h"
#include "sys/control.h"
#include "sys/log.h"
#include "view/snapshot.h"

struct peer;
struct stream;

struct session {
	TAILQ_ENTRY(session)	 s_link;	/* among a stream's subscribers */
	struct peer		*s_peer;
	struct stream		*s_stream;	/* NULL without a role */
	uint64_t		 s_generation;	/* of the ring last handed out */
	uint32_t		 s_entry;	/* in the registry */
	uint32_t		 s_wish;	/* of the latest report */
	uint16_t		 s_slot;
	bool			 s_deferred;	/* decided when grace ends */
	bool			 s_counted;	/* s_body has its counters */
	uint32_t		 s_errors;	/* hr_errors of the latest */
	struct session_body	 s_body;	/* as in the registry */
};
TAILQ_HEAD(session_list, session);

struct peer {
	TAILQ_ENTRY(peer)	 p_link;
	TAILQ_ENTRY(peer)	 p_closing_link;
	struct session		*p_session[HUB_SLOTS];
	int			 p_fd;
	int			 p_pidfd;
	pid_t			 p_pid;
	bool			 p_closing;	/* freed at the end of the turn */
	bool			 p_foreign;	/* of a user who is not ours */
	bool			 p_adopted;	/* not admitted by this hub */
	bool			 p_counted;	/* the next four are known */
	bool			 p_failed;	/* as in its latest report */
	uint32_t		 p_denied;
	uint64_t		 p_bytes_in;
	uint64_t		 p_bytes_out;
	uint64_t		 p_kill_at;	/* it was to end before, ms; 0 */
	char			 p_host[REGISTRY_TEXT];
};
TAILQ_HEAD(peer_list, peer);

/* A ring and what the hub keeps of it. */
struct grant {
	struct ring_reader	 g_map;		/* once its publisher made it */
	int			 g_fd;		/* read-only, -1 if no ring */
	uint64_t		 g_size;	/* data bytes */
	uint64_t		 g_generation;
	uint64_t		 g_since;	/* granted at, ms */
};

struct stream {
	RB_ENTRY(stream)	 t_link;
	struct session		*t_publisher;	/* was granted t_next */
	struct session		*t_successor;	/* waits for the above to end */
	uint64_t		 t_decide;	/* refuse it then, ms; 0 no more */
	struct session_list	 t_subscribers;
	uint32_t		 t_nsubscribers;
	bool			 t_live;	/* counted in h_live */
	uint32_t		 t_streaming;	/* counted in h_streaming */
	uint32_t		 t_entry;	/* in the registry */
	struct grant		 t_ring;	/* what subscribers read */
	struct grant		 t_next;	/* granted, not yet confirmed */
	uint64_t		 t_deadline;	/* end of linger, ms; 0 none */
	struct attendant	 t_recorder;
	struct stream_body	 t_body;	/* as in the registry */
};
RB_HEAD(stream_tree, stream);
RB_PROTOTYPE(stream_tree, stream, t_link, unused)

/* Indices of free entries of a registry table. */
struct slots {
	uint32_t	*sl_free;
	uint32_t	 sl_nfree;
};

struct hub {
	const struct conf_set	*h_set;		/* replaced by a reload */
	const struct conf	*h_conf;	/* what is not of a stream */
	int			 h_set_fd;	/* to be handed on */
	struct registry		 h_registry;
	struct snapshot		 h_before;	/* of the hub before, if any */
	struct peer_list	 h_peers;
	struct peer_list	 h_closing;	/* those of them to be freed */
	struct stream_tree	 h_streams;
	struct slots		 h_stream_slots;
	struct slots		 h_session_slots;
	uint64_t		 h_generation;	/* latest given to a ring */
	uint64_t		 h_ring_bytes;	/* reserved now */
	uint64_t		 h_now;		/* ms, of this turn */
	uint64_t		 h_grace;	/* ms: then all have reported; 0 */
	uint64_t		 h_stream_at;	/* no stream's deadline is sooner */
	uint64_t		 h_idle_since;	/* ms; 0 while there are peers */
	uint64_t		 h_idle_exit;	/* ms without peers; 0 never */
	uint64_t		 h_drain_by;	/* ms; 0 while not draining */
	uint64_t		 h_stop_by;	/* ms; 0 while not stopping */
	const char		*h_why;		/* it stops */
	bool			 h_standby;	/* a listener started us, */
	pid_t			 h_starter;	/* and this was its pid */
	bool			 h_replaced;	/* end now, for the next program */
	uint64_t		 h_accept_at;	/* paused until, ms; 0 if not */
	uint64_t		 h_kill_at;	/* look at p_kill_at then, ms; 0 */
	struct ratelimit	 h_paused;
	uint32_t		 h_npeers;
	uint32_t		 h_processors;	/* that connections may run on */
	uint64_t		 h_live;	/* streams with a publisher */
	uint64_t		 h_streaming;	/* their subscribers */
	uint32_t		 h_turns;	/* since deadlines were judged */
	struct attendant	 h_metrics;
	struct attendant_list	 h_due;		/* to be judged */
	uint64_t		 h_attend_at;	/* judge those then, ms */
	uint64_t		 h_spawned;	/* latest at_id */
	int			 h_spawner;	/* socket */
	int			 h_files;	/* descriptors for peers, rings */
	int			 h_listen;
	int			 h_epoll;
	int			 h_control;
	int			 h_registry_fd;	/* read-only */
	char			 h_registry_name[SEGMENT_NAME];
	gid_t			 h_group;	/* may see and steer, or none */
	int			 h_log[2];	/* log_pair() */
};

/* How it was started. */
struct hub_start {
	gid_t		 hs_group;	/* PRIV_NO_GROUP or control-group */
	uint64_t	 hs_idle_exit;	/* ms without peers, 0 never */
	uint32_t	 hs_lost;	/* hubs before it */
	int		 hs_spawner;	/* of spawner_fork() */
	bool		 hs_standby;	/* by a listener */
};

/* hub.c: set-up and the loop. hub_open() is fatal on failure; `set` is the
 * descriptor of conf_share(). */
void	hub_open(struct hub *, int set, const struct hub_start *);
void	hub_bind(struct hub *);
uint32_t hub_sessions(const struct conf *);	/* that there is room for */
int	hub_run(struct hub *);		/* returns the exit status */
void	hub_leave(struct hub *);	/* nobody finds us any more */

/* reload.c: go by this configuration from now on. -1 and errno. */
int	reload_take(struct hub *, int set);
void	reload_obey(struct hub *, const struct control *);

/* slots.c */
void	slots_init(struct slots *, uint32_t n);
bool	slots_take(struct slots *, uint32_t *index);
void	slots_give(struct slots *, uint32_t index);

/* peer.c: connected processes and their sessions. */
void	peer_accept(struct hub *);
void	peer_resume(struct hub *);	/* once h_accept_at has come */
void	peer_read(struct hub *, struct peer *);
void	peer_close(struct hub *, struct peer *);	/* later, in reap */
void	peer_reap(struct hub *);
void	peer_kill(const struct peer *);
/* About the whole connection. `more`: with HUB_LOG. */
void	peer_tell(struct hub *, struct peer *, enum hub_verdict,
	    enum hub_reason, bool more);
/* Answer a session; `fds` stay ours. A peer that cannot take it is closed. */
void	session_answer(struct hub *, struct session *, enum hub_verdict,
	    enum hub_reason, const char *text, const int *fds, int nfd);

/* stream.c: who publishes and who subscribes. `*fd` is a descriptor that came
 * with the report, or -1; set to -1 if it was taken. */
void	stream_report(struct hub *, struct session *,
	    const struct hub_report *, int *fd);
void	stream_leave(struct hub *, struct session *, bool clean);
void	stream_tick(struct hub *);	/* deadlines that have passed */
uint64_t stream_deadline(const struct hub *);	/* ms, UINT64_MAX none */
/* A stream has got a deadline. One that it loses may cost a look in vain. */
void	stream_look(struct hub *, uint64_t at);
/* NULL if there is none of this name. */
struct stream *stream_find(struct hub *, const char *name);
void	stream_wake_all(struct hub *);	/* after messages to subscribers */
void	stream_show(struct hub *, struct stream *);
/* load.c: its publisher or subscribers have become more or fewer. */
void	load_count(struct hub *, struct stream *);
void	load_show(struct hub *);	/* the hold, after a change */
void	stream_send_ring(struct hub *, struct stream *, struct session *);
void	stream_add_subscriber(struct hub *, struct stream *,
	    struct session *);
/* It is live under this publisher and this ring. */
void	stream_set_publisher(struct hub *, struct stream *,
	    struct session *, const struct grant *);
/* It is not granted what it wishes. */
void	stream_refuse(struct hub *, struct session *, enum hub_reason,
	    const char *text);

/* contest.c: this one wants to publish what somebody publishes already; and the
 * time for that one to end is over. */
void	contest_begin(struct hub *, struct stream *, struct session *);
void	contest_lost(struct hub *, struct stream *);

/* grant.c: rings. */
void	grant_init(struct grant *);
/* Make a ring and send it to the session. On failure the session has been
 * refused with the reason. */
bool	grant_make(struct hub *, struct grant *, struct session *);
/* Its publisher says it is a ring now: map it. NULL, or a static sentence. */
const char *grant_confirm(struct grant *);
/* Take over the ring that its publisher was granted by an earlier hub. NULL,
 * or a static sentence; `fd` is ours in any case. */
const char *grant_adopt(struct hub *, struct grant *, int fd,
	    uint64_t generation);
void	grant_drop(struct hub *, struct grant *);

/* adopt.c: those who were there before this hub. */
void	adopt_publisher(struct hub *, struct stream *, struct session *,
	    const struct hub_report *, int *fd);
void	adopt_subscriber(struct hub *, struct stream *, struct session *,
	    const struct hub_report *);

#endif
