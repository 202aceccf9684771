/* SPDX-License-Identifier: ISC */
/*
 * hubmsg.h - what a connection and the hub say to each other.
 *
 * One Unix SOCK_SEQPACKET connection for each process, non-blocking on both
 * sides, one message a packet, fixed sizes. A connection states its whole
 * present in every report, so a lost one is replaced by the next, and a hub
 * that never saw the earlier ones understands it: a publisher's first report
 * to a new hub brings its ring along, as the descriptor for reading that the
 * grant came with. Who speaks is known from the socket's credentials, not from
 * the message.
 *
 * A connection serves up to HUB_SLOTS streams at a time, each in a slot of its
 * own; slot 0 also stands for the connection itself.
 *
 * The two may be of different releases. Within a version a message may grow at
 * its end, and verdicts and reasons may be added: who knows less takes what it
 * knows, who knows more takes what is missing for zero. Anything else is
 * another version, and those do not talk, but for the first 12 bytes of an
 * answer, which never change, so that HUB_CLOSE with HUB_VERSION is understood
 * for ever.
 */
#ifndef CONF_HUBMSG_H
#define CONF_HUBMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shm/counters.h"
#include "shm/growth.h"
#include "shm/registry.h"

#ifndef HUBMSG_VERSION
#define HUBMSG_VERSION	1u
#endif
#define HUB_SLOTS	8
#define HUB_NO_STREAM	UINT32_MAX

enum hubmsg_type {
	HUB_REPORT = 1,		/* to the hub: struct hub_report */
	HUB_ANSWER,		/* from the hub: struct hub_answer */
};

struct hub_head {
	uint32_t	 hh_format;	/* version and size of the message */
	uint16_t	 hh_type;	/* enum hubmsg_type */
	uint16_t	 hh_slot;
};

#define HUB_REPORT_MIN	976	/* bytes, the first of this version */
#define HUB_ANSWER_MIN	104
#define HUB_EXIT_UPGRADE 3	/* exit status of a hub: start the next */

#define HUBMSG_FORMAT(type)	(HUBMSG_VERSION << 16 | sizeof(type))

/* How it stands with one slot. */
struct hub_report {
	struct hub_head	 hr_head;
	uint16_t	 hr_role;	/* enum session_role, the wish */
	uint16_t	 hr_pad;
	uint32_t	 hr_wish;	/* counts the wishes of this slot */
	uint64_t	 hr_generation;	/* of the ring held, 0: none yet */
	uint64_t	 hr_since;	/* connected, seconds since the Epoch */
	uint64_t	 hr_rate;	/* bits per second */
	struct counters	 hr_counters;
	char		 hr_name[REGISTRY_NAME];	/* stream, "" if none */
	char		 hr_peer[REGISTRY_TEXT];	/* address and port */
	char		 hr_host[REGISTRY_TEXT];	/* address alone */
	char		 hr_program[REGISTRY_TEXT];	/* what it calls itself */
	struct shm_track hr_track[REGISTRY_TRACKS];	/* publisher only */
	uint32_t	 hr_gop;	/* publisher: as sb_gop */
	uint32_t	 hr_ring_ms;	/* publisher: as sb_ring_ms */
	uint32_t	 hr_first_frame; /* subscriber: as eb_first_frame */
	uint32_t	 hr_failed;	/* 1: ends before its handshake did */
	uint32_t	 hr_denied;	/* publishes that it refused itself */
	uint32_t	 hr_errors;	/* recorder: times it could not write */
	GROWN(hr_next)
};
_Static_assert(offsetof(struct hub_report, hr_wish) == 12, "moved");
_Static_assert(offsetof(struct hub_report, hr_generation) == 16, "moved");
_Static_assert(offsetof(struct hub_report, hr_counters) == 40, "moved");
_Static_assert(offsetof(struct hub_report, hr_name) == 120, "moved");
_Static_assert(offsetof(struct hub_report, hr_track) == 504, "moved");
_Static_assert(sizeof(struct hub_report) == 976 + GROWTH, "resized");

enum hub_verdict {
	HUB_WELCOME = 1,	/* registered; fds: registry, log socket */
	HUB_REFUSED,		/* not registered, or the wish is not granted */
	HUB_RING,		/* fds: the ring to read, or to write and read */
	HUB_KEEP,		/* a new hub knows you now; go on */
	HUB_IDLE,		/* no publisher now; wait */
	HUB_GONE,		/* the publisher has gone for good */
	HUB_CLOSE,		/* end this connection */
	HUB_RECONNECT,		/* ask the peer to come back elsewhere */
	HUB_LOG,		/* log more, or not: ha_verbose */
};

enum hub_reason {
	HUB_OK,
	HUB_BUSY,		/* someone else publishes this stream */
	HUB_NOT_FOUND,		/* no publisher, and idle-streams is off */
	HUB_NO_MEMORY,		/* ring memory: ha_text says which */
	HUB_LIMIT,		/* a limit: ha_text names it */
	HUB_SHUTDOWN,
	HUB_VERSION,		/* the hub does not speak this format */
	HUB_KICKED,		/* an order */
	HUB_FORBIDDEN,		/* not for this user */
};

struct hub_answer {
	struct hub_head	 ha_head;
	uint16_t	 ha_verdict;	/* enum hub_verdict */
	uint16_t	 ha_reason;	/* enum hub_reason */
	uint32_t	 ha_stream;	/* its slot in the registry */
	uint64_t	 ha_generation;	/* of the ring handed over */
	uint64_t	 ha_ring_size;	/* bytes of data */
	uint32_t	 ha_wish;	/* hr_wish of the report it answers */
	char		 ha_text[60];	/* for the log, "" if nothing to add */
	uint32_t	 ha_verbose;	/* HUB_LOG: 1 more, 0 as configured */
	uint32_t	 ha_pad;
	GROWN(ha_next)
};
_Static_assert(offsetof(struct hub_answer, ha_generation) == 16, "moved");
_Static_assert(offsetof(struct hub_answer, ha_text) == 36, "moved");
_Static_assert(sizeof(struct hub_answer) == 104 + GROWTH, "resized");

/*
 * Is this packet, `len` bytes long when it was sent, a report, or an answer, of
 * our version, with its strings ended and its enums in range? Everything else
 * in it is checked by whoever uses it. What its sender knows nothing of is set
 * to zero.
 */
bool	hub_report_valid(struct hub_report *, ssize_t len);
bool	hub_answer_valid(struct hub_answer *, ssize_t len);

/* One that is not: is it of another version? */
bool	hubmsg_is_alien(const struct hub_head *, ssize_t len);

/* The words of an enum hub_reason for logs: "busy", "limit", … */
const char *hub_reason_text(unsigned int reason);

#endif
