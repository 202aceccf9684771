/* SPDX-License-Identifier: ISC */
/*
 * inherit.c - what the hub before this one counted, and was told.
 * One that was killed, or made room for the next program, has left its
 * registry; one that left by itself has not. We hold the lock of the run
 * directory, so nobody writes there any more. What is found is believed as
 * far as it is a registry of the same version and of our user; of what is in
 * it only numbers are, each for itself.
 */
#include "inherit.h"

#include <errno.h>

#include "hub.h"
#include "sys/log.h"

void
inherit_read(struct hub *h)
{
	const char *why = snapshot_once(&h->h_before);

	if (why != NULL && errno != ENOENT)
		log_info("registry-ignored reason=\"%s\"", why);
}

static void
add_all(void *totals, const void *more, size_t bytes)
{
	_Atomic uint64_t *to = totals;
	const _Atomic uint64_t *from = more;
	size_t i;

	for (i = 0; i < bytes / sizeof(*to); i++)
		/* ours alone, a copy; orders nothing */
		registry_add(&to[i], atomic_load_explicit(&from[i],
		    memory_order_relaxed));
}

void
inherit_totals(struct hub *h)
{
	struct shm_registry *head = h->h_registry.rg_head;
	const struct snapshot *sn = &h->h_before;

	add_all(&head->rg_totals, &sn->sn_totals, sizeof(sn->sn_totals));
	add_all(&head->rg_histograms, &sn->sn_histograms,
	    sizeof(sn->sn_histograms));
}

void
inherit_stream(const struct hub *h, struct stream_body *sb)
{
	const struct snapshot_stream *was = snapshot_stream(&h->h_before,
	    sb->sb_name);

	if (was == NULL)
		return;
	sb->sb_bytes_out = was->ss_body.sb_bytes_out;
	sb->sb_lag_jumps = was->ss_body.sb_lag_jumps;
	if (was->ss_body.sb_order <= ORDER_STOP)
		sb->sb_order = was->ss_body.sb_order;
}

/* A pid may have been another's. */
const struct session_body *
inherit_session(const struct hub *h, const struct peer *p, uint16_t slot,
    uint64_t since)
{
	const struct session_body *was = snapshot_session(&h->h_before,
	    (uint32_t)p->p_pid, slot);

	return was != NULL && was->eb_since == since ? was : NULL;
}

void
inherit_forget(struct hub *h)
{
	snapshot_free(&h->h_before);
}
