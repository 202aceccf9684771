/* SPDX-License-Identifier: ISC */
/*
 * registry.h - the registry: which streams and sessions there are.
 * Written by one hub alone, read by anyone it hands the descriptor to, without
 * locks: each entry lies under a sequence count of its own. A new hub makes a
 * new registry. rtmpd-shm(7) describes it in full.
 *
 * Within a version header and entries may grow at their end, and reader and
 * hub may be of different releases: sizes are those of the header, not of
 * these structs, and what an older hub does not know reads as zero.
 */
#ifndef SHM_REGISTRY_H
#define SHM_REGISTRY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/counters.h"
#include "shm/growth.h"
#include "shm/totals.h"

#define REGISTRY_MAGIC	0x73696765u		/* "egis" */
#define REGISTRY_VERSION 1u
#define REGISTRY_TRACKS	8
#define REGISTRY_HOLD_MAX 2000	/* ms, of rg_hold */
#define REGISTRY_NAME	192	/* stream name with its NUL */
#define REGISTRY_TEXT	64	/* peer, program, with their NUL */

/* Bytes of header and entries in the first release of this version. */
#define REGISTRY_HEADER_MIN	512
#define REGISTRY_STREAM_MIN	928
#define REGISTRY_SESSION_MIN	440

/* [I] written once, before rg_magic; [H] by the hub all along. */
struct shm_registry {
	_Atomic uint32_t rg_magic;	/* [I] stored last */
	uint32_t	 rg_format;	/* [I] version and struct size */
	uint64_t	 rg_generation;	/* [I] of the hub, larger is newer */
	uint32_t	 rg_pid;	/* [I] the hub's */
	uint32_t	 rg_nstreams;	/* [I] entries in the stream table */
	uint32_t	 rg_nsessions;	/* [I] entries in the session table */
	uint32_t	 rg_stream_size;  /* [I] bytes of a stream entry */
	uint32_t	 rg_session_size; /* [I] bytes of a session entry */
	uint32_t	 rg_restarts;	/* [I] hubs lost before this one */
	uint64_t	 rg_started;	/* [I] seconds since the Epoch */
	uint64_t	 rg_pad1[2];
	_Alignas(64)
	_Atomic uint64_t rg_ring_bytes;	/* [H] reserved for rings now */
	_Atomic uint64_t rg_hold;	/* [H] of the wake of subscribers, ms */
	struct totals	 rg_totals;	/* [H] */
	struct histograms rg_histograms; /* [H] */
	_Atomic uint64_t rg_updated;	/* [H] its latest turn, ms of
					 * CLOCK_MONOTONIC */
	GROWN(rg_next)
};
_Static_assert(offsetof(struct shm_registry, rg_generation) == 8, "moved");
_Static_assert(offsetof(struct shm_registry, rg_pid) == 16, "moved");
_Static_assert(offsetof(struct shm_registry, rg_nstreams) == 20, "moved");
_Static_assert(offsetof(struct shm_registry, rg_nsessions) == 24, "moved");
_Static_assert(offsetof(struct shm_registry, rg_stream_size) == 28, "moved");
_Static_assert(offsetof(struct shm_registry, rg_session_size) == 32, "moved");
_Static_assert(offsetof(struct shm_registry, rg_started) == 40, "moved");
_Static_assert(offsetof(struct shm_registry, rg_ring_bytes) == 64, "moved");
_Static_assert(offsetof(struct shm_registry, rg_hold) == 72, "moved");
_Static_assert(offsetof(struct shm_registry, rg_totals) == 80, "moved");
_Static_assert(offsetof(struct shm_registry, rg_updated) == 456, "moved");
_Static_assert(sizeof(struct shm_registry) == REGISTRY_HEADER_MIN + GROWTH,
    "resized");

#define REGISTRY_FORMAT	(REGISTRY_VERSION << 16 | sizeof(struct shm_registry))

/* What is known of one track of a stream. */
struct shm_track {
	uint32_t	 tk_codec;	/* FourCC */
	uint8_t		 tk_kind;	/* RTMP type: 8 audio, 9 video; 0 none */
	uint8_t		 tk_track;
	uint16_t	 tk_channels;
	uint32_t	 tk_width;	/* pixels */
	uint32_t	 tk_height;
	uint32_t	 tk_fps;	/* frames per 1000 s */
	uint32_t	 tk_rate;	/* samples per second */
	char		 tk_profile[32];
};
_Static_assert(sizeof(struct shm_track) == 56, "resized");

enum stream_state {
	STREAM_FREE,		/* entry not in use */
	STREAM_WAITING,		/* subscribers, no publisher */
	STREAM_LIVE,
	STREAM_LOST,		/* publisher gone without a word; lingers */
};

/* Whether to record it, whatever the configuration says. */
enum record_order { ORDER_NONE, ORDER_START, ORDER_STOP };

/* The body of an entry: what its sequence count covers. */
struct stream_body {
	uint32_t	 sb_state;	/* enum stream_state */
	uint32_t	 sb_pid;	/* publisher process, 0 if none */
	uint64_t	 sb_generation;	/* of its ring */
	uint64_t	 sb_ring_size;	/* bytes */
	uint64_t	 sb_since;	/* start of publishing, seconds (Epoch) */
	uint64_t	 sb_rate;	/* media received, bits per second */
	struct counters	 sb_counters;	/* the publisher's */
	char		 sb_name[REGISTRY_NAME];
	char		 sb_peer[REGISTRY_TEXT];
	char		 sb_program[REGISTRY_TEXT];
	struct shm_track sb_track[REGISTRY_TRACKS];
	uint64_t	 sb_bytes_out;	/* media sent to subscribers, ever */
	uint64_t	 sb_lag_jumps;	/* of its subscribers, ever */
	uint32_t	 sb_gop;	/* latest whole GOP, ms; 0 unknown */
	uint32_t	 sb_ring_ms;	/* what the ring holds, ms */
	uint32_t	 sb_recorders;	/* attendants that record it */
	uint32_t	 sb_order;	/* enum record_order, by hand */
	GROWN(sb_next)
};
_Static_assert(sizeof(struct stream_body) == 920 + GROWTH, "resized");

struct shm_stream {
	_Atomic uint32_t st_seq;	/* [H] odd while being written */
	_Atomic uint32_t st_subscribers; /* [H] outside the count */
	struct stream_body st_body;	/* [H] */
};
_Static_assert(sizeof(struct shm_stream) == 928 + GROWTH, "resized");

enum session_role {
	ROLE_NONE,
	ROLE_PUBLISH,
	ROLE_PLAY,
	ROLE_RECORD,		/* attendant: writes the stream to files */
	ROLE_CAT,		/* a local program that reads the stream */
	ROLE_METRICS,		/* attendant of the relay, not of a stream */
};

struct session_body {
	uint32_t	 eb_pid;	/* 0: entry not in use */
	uint16_t	 eb_role;	/* enum session_role */
	uint16_t	 eb_slot;	/* which of the connection's streams */
	uint64_t	 eb_since;	/* connected, seconds since the Epoch */
	uint64_t	 eb_rate;	/* media relayed, bits per second */
	struct counters	 eb_counters;
	char		 eb_name[REGISTRY_NAME];
	char		 eb_peer[REGISTRY_TEXT];
	char		 eb_program[REGISTRY_TEXT];
	uint32_t	 eb_first_frame; /* ms from play to it, plus 1; 0 none */
	uint32_t	 eb_pad;
	GROWN(eb_next)
};
_Static_assert(sizeof(struct session_body) == 432 + GROWTH, "resized");

struct shm_session {
	_Atomic uint32_t se_seq;	/* [H] odd while being written */
	uint32_t	 se_pad;
	struct session_body se_body;	/* [H] */
};
_Static_assert(sizeof(struct shm_session) == 440 + GROWTH, "resized");

/* Bytes of a registry with these tables. */
size_t	registry_size(uint32_t nstreams, uint32_t nsessions);

/* The hub's side. */
struct registry {
	struct shm_registry	*rg_head;
	struct shm_stream	*rg_stream;
	struct shm_session	*rg_session;
	size_t			 rg_bytes;
};

/* Map the zeroed object `fd` and make a registry of it. 0, or -1 and errno. */
int	registry_create(struct registry *, int fd, uint32_t nstreams,
	    uint32_t nsessions, uint64_t generation);
void	registry_put_stream(struct registry *, uint32_t slot,
	    const struct stream_body *);
void	registry_put_session(struct registry *, uint32_t slot,
	    const struct session_body *);
void	registry_set_subscribers(struct registry *, uint32_t slot,
	    uint32_t n);
void	registry_add(_Atomic uint64_t *total, uint64_t n);
void	registry_set_hold(struct registry *, uint32_t ms);
void	registry_touch(struct registry *, uint64_t now);

/* The readers' side: nothing in it is trusted beyond what attach checked. */
struct registry_view {
	const struct shm_registry	*rv_head;
	size_t				 rv_bytes;
	struct registry_table {
		const char		*rt_first;
		uint32_t		 rt_n;
		uint32_t		 rt_size;	/* bytes of an entry */
	}				 rv_streams, rv_sessions;
};

/* Map a registry read-only. NULL, or a static sentence why not. */
const char *registry_attach(struct registry_view *, int fd);
void	registry_detach(struct registry_view *);

/*
 * Copy an entry. False: still being written after a bounded number of tries,
 * or no such slot. Strings are made to end with a NUL.
 */
bool	registry_get_stream(const struct registry_view *, uint32_t slot,
	    struct stream_body *);
bool	registry_get_session(const struct registry_view *, uint32_t slot,
	    struct session_body *);
/* How long publishers shall hold the wake, ms; 0 if no registry is attached. */
uint32_t registry_hold(const struct registry_view *);
/* 0 for a slot that does not exist. */
uint32_t registry_subscribers(const struct registry_view *, uint32_t slot);

#endif
