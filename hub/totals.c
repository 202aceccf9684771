/* SPDX-License-Identifier: ISC */
/*
 * totals.c - what the hub counts for the whole relay.
 * A report says how far a connection's own counters are; what they grew by
 * since the report before is added, also if that was to an earlier hub. Where
 * that cannot be known, the first report of a connection that an earlier hub
 * admitted counts nothing. Counters that fall have begun anew.
 */
#include "totals.h"

#include "hub.h"
#include "inherit.h"

static const uint16_t bounds[HISTOGRAM_BUCKETS - 1] = HISTOGRAM_BOUNDS;

static struct totals *
totals(struct hub *h)
{
	return &h->h_registry.rg_head->rg_totals;
}

static void
observe(struct histogram *hi, uint64_t ms)
{
	int i = 0;

	while (i < HISTOGRAM_BUCKETS - 1 && ms > bounds[i])
		i++;
	registry_add(&hi->hi_bucket[i], 1);
	registry_add(&hi->hi_sum, ms);
}

static uint64_t
growth(uint64_t before, uint64_t now)
{
	return now >= before ? now - before : now;
}

/* An earlier hub admitted who says that it has relayed something, and whom
 * that hub knew. */
void
totals_admitted(struct hub *h, struct peer *p, const struct hub_report *r)
{
	p->p_adopted = r->hr_generation != 0 ||
	    r->hr_counters.ct_bytes_in != 0 ||
	    inherit_session(h, p, r->hr_head.hh_slot, r->hr_since) != NULL;
	if (!p->p_adopted && r->hr_role <= ROLE_PLAY)
		registry_add(&totals(h)->to_connections, 1);
}

/* From where the hub before had counted. The slot that reported last knows. */
static void
count_on(const struct hub *h, struct peer *p, const struct hub_report *r)
{
	const struct session_body *was;
	uint16_t slot;

	for (slot = 0; slot < HUB_SLOTS; slot++) {
		was = inherit_session(h, p, slot, r->hr_since);
		if (was == NULL || was->eb_counters.ct_bytes_in < p->p_bytes_in)
			continue;
		p->p_counted = true;
		p->p_bytes_in = was->eb_counters.ct_bytes_in;
		p->p_bytes_out = was->eb_counters.ct_bytes_out;
		p->p_denied = r->hr_denied;
		p->p_failed = r->hr_failed != 0;
	}
}

/* Bytes are of the connection, whichever of its slots reports them. */
static void
count_peer(struct hub *h, struct peer *p, const struct hub_report *r)
{
	const struct counters *ct = &r->hr_counters;

	if (!p->p_counted)
		count_on(h, p, r);
	if (p->p_counted) {
		registry_add(&totals(h)->to_bytes_received,
		    growth(p->p_bytes_in, ct->ct_bytes_in));
		registry_add(&totals(h)->to_bytes_sent,
		    growth(p->p_bytes_out, ct->ct_bytes_out));
		registry_add(&totals(h)->to_refused_address,
		    growth(p->p_denied, r->hr_denied));
		registry_add(&totals(h)->to_handshake_failures,
		    growth(p->p_failed, r->hr_failed != 0));
	}
	p->p_counted = true;
	p->p_bytes_in = ct->ct_bytes_in;
	p->p_bytes_out = ct->ct_bytes_out;
	p->p_denied = r->hr_denied;
	p->p_failed = r->hr_failed != 0;
}

static void
count_in(struct hub *h, const struct counters *d)
{
	registry_add(&totals(h)->to_video_in, d->ct_video);
	registry_add(&totals(h)->to_audio_in, d->ct_audio);
	registry_add(&totals(h)->to_data_in, d->ct_data);
}

static void
count_out(struct hub *h, struct stream *t, const struct counters *d)
{
	registry_add(&totals(h)->to_video_out, d->ct_video);
	registry_add(&totals(h)->to_audio_out, d->ct_audio);
	registry_add(&totals(h)->to_data_out, d->ct_data);
	registry_add(&totals(h)->to_joins, d->ct_joins);
	registry_add(&totals(h)->to_lag_jumps, d->ct_lag_jumps);
	if (t == NULL)
		return;
	t->t_body.sb_bytes_out += d->ct_media_bytes;
	t->t_body.sb_lag_jumps += d->ct_lag_jumps;
}

static bool
anew(const struct counters *before, const struct counters *now)
{
	return now->ct_video < before->ct_video ||
	    now->ct_audio < before->ct_audio ||
	    now->ct_data < before->ct_data ||
	    now->ct_media_bytes < before->ct_media_bytes ||
	    now->ct_joins < before->ct_joins ||
	    now->ct_lag_jumps < before->ct_lag_jumps;
}

static struct counters
subtract(const struct counters *now, const struct counters *before)
{
	return (struct counters){
		.ct_video = now->ct_video - before->ct_video,
		.ct_audio = now->ct_audio - before->ct_audio,
		.ct_data = now->ct_data - before->ct_data,
		.ct_media_bytes = now->ct_media_bytes - before->ct_media_bytes,
		.ct_joins = now->ct_joins - before->ct_joins,
		.ct_lag_jumps = now->ct_lag_jumps - before->ct_lag_jumps,
	};
}

/* What was counted in a role is still told as the slot leaves it. */
static void
count_session(struct hub *h, struct stream *t, const struct session_body *was,
    const struct hub_report *r)
{
	const struct counters *before = &was->eb_counters;
	unsigned int role = was->eb_role;
	struct counters grown;

	if (anew(before, &r->hr_counters)) {
		grown = r->hr_counters;
		role = r->hr_role;
		t = NULL;
	} else
		grown = subtract(&r->hr_counters, before);
	if (role == ROLE_PUBLISH)
		count_in(h, &grown);
	else if (role == ROLE_PLAY)
		count_out(h, t, &grown);
}

static void
observe_session(struct hub *h, const struct session_body *was,
    const struct hub_report *r)
{
	struct histograms *hg = &h->h_registry.rg_head->rg_histograms;

	if (r->hr_role != ROLE_PLAY || was->eb_role != ROLE_PLAY ||
	    r->hr_generation == 0)
		return;
	observe(&hg->hg_lag, r->hr_counters.ct_lag);
	if (r->hr_first_frame != 0 && was->eb_first_frame == 0)
		observe(&hg->hg_first_frame, r->hr_first_frame - 1);
}

/* What this session had counted when it was last asked, NULL if that is not
 * known. */
static const struct session_body *
last_known(const struct hub *h, const struct session *s, uint64_t since)
{
	if (s->s_counted || !s->s_peer->p_adopted)
		return &s->s_body;
	return inherit_session(h, s->s_peer, s->s_slot, since);
}

void
totals_report(struct hub *h, struct session *s, const struct hub_report *r)
{
	const struct session_body *was = last_known(h, s, r->hr_since);

	count_peer(h, s->s_peer, r);
	if (was != NULL) {
		count_session(h, s->s_stream, was, r);
		observe_session(h, was, r);
	}
	s->s_counted = true;
}

void
totals_refused(struct hub *h, unsigned int role, enum hub_reason reason)
{
	struct totals *to = totals(h);

	if (role == ROLE_PLAY)
		registry_add(&to->to_play_refused, 1);
	else if (role != ROLE_PUBLISH)
		return;
	else if (reason == HUB_BUSY)
		registry_add(&to->to_refused_busy, 1);
	else if (reason == HUB_NO_MEMORY)
		registry_add(&to->to_refused_memory, 1);
	else
		registry_add(&to->to_refused_limit, 1);
}
