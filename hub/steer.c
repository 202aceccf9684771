/* SPDX-License-Identifier: ISC */
/*
 * steer.c - orders about one connection: kick it, let it log more.
 * A connection is named by its pid, and as the publisher of a stream by that.
 */
#include "orders.h"

#include <stdlib.h>
#include <string.h>

#include "hub.h"
#include "sys/log.h"

#define KICK_GRACE	1000	/* ms to say goodbye, then it is killed */

/* What it does, or else its first session; NULL if it has none. */
static const struct session *
main_session(const struct peer *p)
{
	const struct session *s = p->p_session[0];
	int i;

	for (i = HUB_SLOTS - 1; i > 0; i--)
		if (p->p_session[i] != NULL &&
		    (s == NULL || s->s_body.eb_role == ROLE_NONE))
			s = p->p_session[i];
	return s;
}

static struct peer *
find_peer(const struct hub *h, const char *arg)
{
	const char *bad;
	struct peer *p;
	pid_t pid = (pid_t)strtonum(arg, 1, INT32_MAX, &bad);

	if (bad != NULL)
		return NULL;
	TAILQ_FOREACH(p, &h->h_peers, p_link)
		if (p->p_pid == pid && !p->p_closing &&
		    main_session(p) != NULL)
			return p;
	return NULL;
}

static const char *
role_text(const struct session *s)
{
	static const char *const text[] = {
		[ROLE_NONE] = "none", [ROLE_PUBLISH] = "publish",
		[ROLE_PLAY] = "play", [ROLE_RECORD] = "record",
		[ROLE_CAT] = "cat", [ROLE_METRICS] = "metrics",
	};

	return text[s->s_body.eb_role];
}

/* To all that it does; one that sleeps on a ring is woken. */
static void
kick(struct hub *h, const struct control *ct, struct peer *p)
{
	const struct session *s = main_session(p);
	char name[LOG_TEXT_MAX], peer[LOG_TEXT_MAX];

	log_text(s->s_body.eb_name, name);
	log_text(s->s_body.eb_peer, peer);
	log_info("kick pid=%d role=%s stream=%s peer=%s by=%d",
	    (int)p->p_pid, role_text(s), name, peer, (int)ct->ct_pid);
	control_answer(h->h_control, ct, true, "%d %s %.80s %.60s",
	    (int)p->p_pid, role_text(s), *s->s_body.eb_name != '\0' ?
	    s->s_body.eb_name : "-", s->s_body.eb_peer);
	p->p_kill_at = h->h_now + KICK_GRACE;
	if (h->h_kill_at == 0)
		h->h_kill_at = p->p_kill_at;
	peer_tell(h, p, HUB_CLOSE, HUB_KICKED, false);
	stream_wake_all(h);
}

static void
kick_publisher(struct hub *h, const struct control *ct, const char *name)
{
	const struct stream *t = stream_find(h, name);

	if (t == NULL)
		control_answer(h->h_control, ct, false, "no stream %s", name);
	else if (t->t_publisher == NULL)
		control_answer(h->h_control, ct, false, "nobody publishes %s",
		    name);
	else
		kick(h, ct, t->t_publisher->s_peer);
}

void
steer_kick(struct hub *h, const struct control *ct, const char *arg)
{
	struct peer *p;

	if (strchr(arg, '/') != NULL)
		kick_publisher(h, ct, arg);
	else if ((p = find_peer(h, arg)) != NULL)
		kick(h, ct, p);
	else
		control_answer(h->h_control, ct, false, "no session %s", arg);
}

static void
set_log(struct hub *h, const struct control *ct, const char *arg, bool more)
{
	struct peer *p = find_peer(h, arg);

	if (p == NULL) {
		control_answer(h->h_control, ct, false, "no session %s", arg);
		return;
	}
	peer_tell(h, p, HUB_LOG, HUB_OK, more);
	stream_wake_all(h);
	control_answer(h->h_control, ct, true, "%d logs %s", (int)p->p_pid,
	    more ? "more" : "as configured");
}

void
steer_log_debug(struct hub *h, const struct control *ct, const char *arg)
{
	set_log(h, ct, arg, true);
}

void
steer_log_info(struct hub *h, const struct control *ct, const char *arg)
{
	set_log(h, ct, arg, false);
}

/* Who is of another user cannot be killed, but is cut off. */
void
steer_tick(struct hub *h)
{
	struct peer *p;

	if (h->h_kill_at == 0 || h->h_now < h->h_kill_at)
		return;
	h->h_kill_at = 0;
	TAILQ_FOREACH(p, &h->h_peers, p_link) {
		if (p->p_kill_at == 0 || p->p_closing)
			continue;
		if (h->h_now >= p->p_kill_at) {
			log_info("kick-killed pid=%d", (int)p->p_pid);
			peer_kill(p);
			peer_close(h, p);
		} else if (h->h_kill_at == 0 || p->p_kill_at < h->h_kill_at)
			h->h_kill_at = p->p_kill_at;
	}
}
