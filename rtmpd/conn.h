/* SPDX-License-Identifier: ISC */
/*
 * conn.h - the connection process: one peer, and what it publishes or plays.
 * The whole process is one struct conn; nothing here outlives it.
 */
#ifndef RTMPD_CONN_H
#define RTMPD_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "conf/hubmsg.h"
#include "rtmp/chunk.h"
#include "rtmp/command.h"
#include "rtmp/message.h"
#include "rtmp/name.h"
#include "shm/registry.h"
#include "sys/log.h"
#include "sys/sock.h"

#define CONN_RECV	65536	/* one recv(2) takes at most this */
#define CONN_RECV_SMALL	2048	/* the same where the peer does not publish */

struct publish;
struct play;

enum conn_phase {
	CONN_HELLO,		/* waits for C0 and C1 */
	CONN_ECHO,		/* waits for C2 */
	CONN_CONNECT,		/* waits for the command connect */
	CONN_READY,
};

/* Bytes on their way to the peer; media is appended only when it is empty,
 * apart from the rest of a record that the socket took a part of. */
struct outq {
	uint8_t		*oq_buf;	/* allocated while not empty */
	size_t		 oq_size;
	size_t		 oq_from;	/* first byte not yet sent */
	size_t		 oq_to;
	size_t		 oq_answers;	/* of these, answers at the most */
};

/* A message stream (RTMP 1.0, 7.2.1.3), and a slot towards the hub. */
struct netstream {
	struct netstream *ns_next;
	bool		 ns_open;	/* createStream made it */
	uint16_t	 ns_slot;
	uint32_t	 ns_msid;
	uint32_t	 ns_wish;	/* answers to earlier wishes are void */
	enum session_role ns_role;
	uint32_t	 ns_entry;	/* of the stream in the registry */
	uint64_t	 ns_generation;	/* of the ring held */
	int			 ns_ring_fd;	/* publisher: for the next hub */
	bool			 ns_handed;	/* this hub has it */
	uint64_t	 ns_since;	/* in this role, ms */
	uint64_t	 ns_rate;	/* bits per second, of the latest report */
	uint64_t	 ns_rate_bytes;	/* media bytes at the latest report */
	uint32_t	 ns_first_frame; /* as hr_first_frame */
	struct publish	*ns_publish;	/* once granted */
	struct play	*ns_play;
	struct counters	 ns_counters;
	char		 ns_name[STREAM_NAME_MAX];
};

struct conn {
	const struct conf_set	*c_set;
	const struct conf	*c_conf;	/* of its application */
	int			 c_fd;		/* the peer */
	int			 c_hub;		/* the hub, -1 while there is none */
	uint64_t		 c_hub_at;	/* then look for the next, ms */
	uint64_t		 c_hub_lost;	/* latest sign of one, ms */
	bool			 c_welcome;	/* it has answered */
	bool			 c_may_reconnect; /* if asked to: capsEx */
	int			 c_log;		/* log socket, -1 none yet */
	int			 c_oom;		/* oom_open(), until granted */
	bool			 c_log_is_hubs;	/* it comes with each welcome */
	enum conn_phase		 c_phase;
	bool			 c_blocked;	/* the socket is full */
	bool			 c_eof;		/* the peer is gone */
	bool			 c_granted;	/* published or played once */
	bool			 c_verbose;	/* logs more, as configured */
	uint32_t		 c_denied;	/* publishes by allow-publish */
	const char		*c_end;		/* why it ends; NULL: it does not */
	const char		*c_detail;	/* more about that, or NULL */

	struct chunk_in		*c_in;
	struct chunk_out	 c_out;
	struct outq		 c_outq;
	size_t			 c_recv_len;
	bool			 c_more;	/* in the socket, for all we know */

	uint64_t		 c_now;		/* ms, of this turn */
	uint64_t		 c_started;
	uint64_t		 c_started_wall; /* seconds since the Epoch */
	uint64_t		 c_looked;	/* latest look at the sockets */
	uint64_t		 c_armed;	/* the look that put the timer off */
	uint64_t		 c_heard;	/* latest byte from the peer */
	uint64_t		 c_progress;	/* latest byte the peer took */
	uint64_t		 c_idle_since;	/* without a role, ms */
	uint64_t		 c_pinged;	/* ping not answered, 0 none */
	uint64_t		 c_reported;	/* latest report to the hub */
	uint64_t		 c_titled;	/* latest lag in the title */
	uint64_t		 c_trim_at;	/* give back memory then, ms */

	uint32_t		 c_sleepers;	/* merge_set() of this process */
	uint64_t		 c_bytes_in;
	uint64_t		 c_bytes_out;
	uint64_t		 c_acked;	/* bytes_in at our latest ack */
	uint32_t		 c_window;	/* the peer wants acks so often */
	struct ratelimit	 c_commands;
	struct ratelimit	 c_pings;	/* those of the peer */

	uint16_t		 c_nstreams;	/* in use ever */
	enum session_role	 c_last_role;	/* for the log */
	char			 c_last_name[STREAM_NAME_MAX];
	struct registry_view	 c_registry;	/* while it publishes */
	int			 c_registry_fd;
	char			 c_peer[SOCK_TEXT_MAX];
	char			 c_host[SOCK_TEXT_MAX];
	char			*c_app;		/* of connect, NULL before */
	char			 c_program[REGISTRY_TEXT];

	struct netstream	*c_stream;	/* c_nstreams, the first on */
	uint8_t			 c_recv[CONN_RECV];	/* mostly not touched */
};
_Static_assert(offsetof(struct conn, c_recv) <= 4096 - CONN_RECV_SMALL,
    "more than a page of one that plays");

#define FOREACH_STREAM(ns, c) \
	for ((ns) = (c)->c_stream; (ns) != NULL; (ns) = (ns)->ns_next)

/* conn.c: where standalone and inetd meet. Serves the connected descriptor
 * `fd`, registered over `hub` (hublink_connect(), -1 if it failed), and never
 * returns. `log` is where lines go, -1: where the hub says. */
struct server;
void	conn_serve(const struct server *, int fd, int hub, int log)
	    __attribute__((noreturn));
/* End at the end of this turn; the first reason given stays. `detail` may be
 * NULL; both are static. */
void	conn_end(struct conn *, const char *reason, const char *detail);
/* The peer publishes or plays: it may take what time it needs. */
void	conn_granted(struct conn *);

/* session.c: the loop. */
void	session_run(struct conn *);

/* input.c: bytes from the peer. */
void	input_read(struct conn *);

/* command.c: what the peer asks for. */
void	command_handle(struct conn *, const struct rtmp_msg *);
/* Ask the peer to connect anew (Enhanced RTMP v2, reconnect request), if it is
 * one that can. */
void	command_reconnect(struct conn *);

/* output.c: answers to the peer, and a media message that is copied whole. */
void	output_message(struct conn *, const struct rtmp_msg *);
void	output_media(struct conn *, const struct rtmp_msg *);
void	output_control(struct conn *, uint8_t type, const uint8_t *body,
	    size_t len);
void	output_event(struct conn *, enum rtmp_event, uint32_t value);
void	output_status(struct conn *, uint32_t msid, const char *level,
	    const char *code, const char *description, const char *name);
/* Keep `len` bytes for later, behind what is queued; false: no memory. */
bool	output_keep(struct conn *, const void *data, size_t len);
/* Send what is queued. True if nothing is left and the socket may take more. */
bool	output_flush(struct conn *);
/* After a send(2) of either kind: count it and note whether it blocked. */
bool	output_sent(struct conn *, long sent, size_t wanted);

/* hublink.c: the connection to the hub. */
/* Connect, trying again for up to `patience` ms. -1 and errno. */
int	hublink_connect(uint32_t patience);
/* State the present of one slot. */
void	hublink_report(struct conn *, struct netstream *);
/* The same of all slots, for the last time: what was counted to the end. */
void	hublink_last_report(struct conn *);
void	hublink_read(struct conn *);
/* Without a hub: look for the next one if it is time, and report. */
void	hublink_retry(struct conn *);
/* The hub is of another version; there will be no further one. */
bool	hublink_forsaken(const struct conn *);
/* It has welcomed us, or none will. */
bool	hublink_settled(const struct conn *);
/* From now on the root directory is the box. */
void	hublink_chrooted(void);
bool	hublink_register(struct conn *);
/* Map the registry if it is not: who publishes reads it. */
void	hublink_registry(struct conn *);
/* End because the hub said no. */
void	hublink_refused(struct conn *, const struct hub_answer *);

/* netstream.c: streams of this connection. The first slot is there from the
 * start: the hub knows a connection without a stream by it. NULL: no memory,
 * and conn_end() was called. */
struct netstream *netstream_init(struct conn *);
struct netstream *netstream_create(struct conn *);
struct netstream *netstream_find(struct conn *, uint32_t msid);
void	netstream_begin(struct conn *, struct netstream *, enum session_role,
	    const char *name);
/* Leave the role; the stream stays open. */
void	netstream_leave(struct conn *, struct netstream *);
/* By an order: tell the peer what it publishes no more. */
void	netstream_kicked(struct conn *);
/* Descriptors that are taken are set to -1. */
void	netstream_answer(struct conn *, struct netstream *,
	    const struct hub_answer *, int *fds);
bool	netstream_any(const struct conn *, enum session_role);
/* Is any of them publishing, or playing what someone publishes? */
bool	netstream_live(const struct conn *);
void	netstream_title(struct conn *);

#endif
