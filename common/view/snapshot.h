/* SPDX-License-Identifier: ISC */
/*
 * snapshot.h - what the registry says at one moment, for those who show it.
 * Taken read-only out of shared memory, without the hub, so it works while the
 * hub hangs.
 */
#ifndef VIEW_SNAPSHOT_H
#define VIEW_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/registry.h"

struct snapshot_stream {
	struct stream_body	 ss_body;
	uint32_t		 ss_subscribers;
	uint64_t		 ss_rate_out;	/* to all of them, bits per second */
};

/* A copy of the totals, as plain numbers in the order of RELAY_TOTALS. */
struct snapshot {
	uint32_t		 sn_hub;	/* pid of the hub that wrote it */
	bool			 sn_hub_alive;	/* it still runs */
	uint32_t		 sn_restarts;
	uint32_t		 sn_max_streams;	/* that there is room for */
	uint32_t		 sn_max_sessions;
	uint64_t		 sn_started;	/* seconds since the Epoch */
	uint64_t		 sn_now;	/* the same, of this snapshot */
	uint64_t		 sn_age;	/* of what the hub wrote, ms */
	uint64_t		 sn_generation;
	uint64_t		 sn_ring_bytes;
	uint32_t		 sn_hold;	/* ms */
	struct totals		 sn_totals;
	struct histograms	 sn_histograms;
	size_t			 sn_nstreams;	/* by name */
	struct snapshot_stream	*sn_stream;
	size_t			 sn_nsessions;	/* by pid, slot */
	struct session_body	*sn_session;
	uint32_t		 sn_in_flux;	/* entries that could not be read */
};

#define SNAPSHOT_STALE	3000	/* ms; sessions report every second */

/* The registry of the run directory that the process is in, attached anew
 * whenever another hub has made another. Opening waits a moment for a relay
 * that is just starting. */
struct snapshot_source;

struct snapshot_source *snapshot_open(void);
void	snapshot_close(struct snapshot_source *);

/*
 * Take one; what it holds is freed by snapshot_free(). NULL, or a sentence why
 * there is none (no relay runs here, not allowed, …); errno says which.
 */
const char *snapshot_take(struct snapshot_source *, struct snapshot *);
void	snapshot_free(struct snapshot *);

/* The same, of the registry that is there now or not at all. */
const char *snapshot_once(struct snapshot *);

/* NULL if there is none of this name. */
struct snapshot_stream *snapshot_stream(const struct snapshot *,
	    const char *name);
const struct session_body *snapshot_session(const struct snapshot *,
	    uint32_t pid, uint16_t slot);

/* The hub has died, or should have written something for SNAPSHOT_STALE. */
bool	snapshot_stale(const struct snapshot *);

#endif
