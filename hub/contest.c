/* SPDX-License-Identifier: ISC */
/*
 * contest.c - someone else wants to publish a stream.
 * A second publisher is refused, unless the first has been silent for
 * `takeover`: that one is killed and the second waits until its end was seen.
 * The refusal comes a moment late: an encoder that reconnects may be faster than
 * the news of its end.
 */
#include "hub.h"

#include <string.h>

#include "sys/log.h"

#define CONTEST_GRACE	300	/* ms before a second publisher is refused */

static uint64_t
silent_for(const struct hub *h, const struct stream *t)
{
	uint64_t active = t->t_next.g_since;

	if (t->t_next.g_fd == -1) {
		active = ring_active(&t->t_ring.g_map);
		if (active < t->t_ring.g_since)
			active = t->t_ring.g_since;
	}
	return h->h_now > active ? h->h_now - active : 0;
}

/* The first publisher is silent: end it. */
static void
takeover(struct hub *h, struct stream *t, uint64_t silent)
{
	const struct session *s = t->t_successor;
	char name[LOG_TEXT_MAX], peer[LOG_TEXT_MAX], from[LOG_TEXT_MAX];

	log_info("takeover stream=%s peer=%s pid=%d from=%s ended=%d "
	    "silent=%llums", log_text(t->t_body.sb_name, name),
	    log_text(s->s_body.eb_peer, peer), (int)s->s_peer->p_pid,
	    log_text(t->t_body.sb_peer, from),
	    (int)t->t_publisher->s_peer->p_pid, (unsigned long long)silent);
	registry_add(&h->h_registry.rg_head->rg_totals.to_takeovers, 1);
	t->t_decide = 0;
	peer_kill(t->t_publisher->s_peer);
}

/* Someone publishes already. */
void
contest_begin(struct hub *h, struct stream *t, struct session *s)
{
	const struct peer *first = t->t_publisher->s_peer;
	const struct conf *cf = conf_for(h->h_set, t->t_body.sb_name);
	bool same = strcmp(first->p_host, s->s_peer->p_host) == 0;
	uint64_t silent = silent_for(h, t);

	if (t->t_successor != NULL || first == s->s_peer) {
		stream_refuse(h, s, HUB_BUSY, "");
		return;
	}
	t->t_successor = s;
	t->t_decide = h->h_now + CONTEST_GRACE;
	if (silent >= (same ? cf->cf_takeover : cf->cf_takeover_other))
		takeover(h, t, silent);
	else
		stream_look(h, t->t_decide);
}

/* The first publisher is still there. */
void
contest_lost(struct hub *h, struct stream *t)
{
	struct session *s = t->t_successor;

	t->t_successor = NULL;
	t->t_decide = 0;
	stream_refuse(h, s, HUB_BUSY, "");
}
