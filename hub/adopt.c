/* SPDX-License-Identifier: ISC */
/*
 * adopt.c - those who were there before this hub.
 *
 * A hub that replaces one starts with an empty registry. Connections report
 * what they hold, in any order; what they say is believed as far as it fits
 * together. Of two publishers of one stream the later generation stays.
 */
#include "hub.h"

#include <string.h>

#include "sys/log.h"

static void
end(struct hub *h, struct session *s, const char *why)
{
	char name[LOG_TEXT_MAX];

	log_warnx("not-adopted stream=%s pid=%d reason=\"%s\"",
	    log_text(s->s_body.eb_name, name), (int)s->s_peer->p_pid, why);
	peer_kill(s->s_peer);
	peer_close(h, s->s_peer);
}

void
adopt_publisher(struct hub *h, struct stream *t, struct session *s,
    const struct hub_report *r, int *fd)
{
	struct session *sub;
	struct grant ring;
	const char *why;
	int taken = *fd;

	*fd = -1;
	why = grant_adopt(h, &ring, taken, r->hr_generation);
	if (why == NULL && t->t_publisher != NULL &&
	    t->t_body.sb_generation >= r->hr_generation) {
		grant_drop(h, &ring);
		why = "another publisher is there";
	}
	if (why != NULL) {
		end(h, s, why);
		return;
	}
	if (t->t_publisher != NULL) {
		t->t_publisher->s_stream = NULL;
		end(h, t->t_publisher, "a later publisher is there");
	}
	grant_drop(h, &t->t_next);
	grant_drop(h, &t->t_ring);
	t->t_ring = ring;
	s->s_stream = t;
	s->s_generation = ring.g_generation;
	stream_set_publisher(h, t, s, &t->t_ring);
	attend_look(h, &t->t_recorder);
	t->t_body.sb_since = r->hr_since;
	session_answer(h, s, HUB_KEEP, HUB_OK, "", NULL, 0);
	TAILQ_FOREACH(sub, &t->t_subscribers, s_link)
		if (sub->s_generation != ring.g_generation)
			stream_send_ring(h, t, sub);
}

void
adopt_subscriber(struct hub *h, struct stream *t, struct session *s,
    const struct hub_report *r)
{
	s->s_generation = r->hr_generation;
	if (t->t_publisher == NULL && t->t_body.sb_state == STREAM_WAITING) {
		/* its publisher has yet to report, or is lost */
		t->t_body.sb_state = STREAM_LOST;
		t->t_deadline = h->h_now +
		    conf_for(h->h_set, t->t_body.sb_name)->cf_linger;
		if (t->t_deadline < h->h_grace)
			t->t_deadline = h->h_grace;
		stream_look(h, t->t_deadline);
	}
	stream_add_subscriber(h, t, s);
	if (t->t_ring.g_fd != -1 &&
	    t->t_ring.g_generation != r->hr_generation)
		stream_send_ring(h, t, s);
	else
		session_answer(h, s, HUB_KEEP, HUB_OK, "", NULL, 0);
}
