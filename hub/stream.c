/* SPDX-License-Identifier: ISC */
/*
 * stream.c - who publishes and who subscribes.
 *
 *	WAITING		subscribers, no publisher
 *	LIVE		a publisher was granted the stream
 *	LOST		it vanished without a word; `linger` runs
 *
 * Subscribers hear of a ring only when its publisher confirmed it, of its end
 * when the publisher left cleanly or linger ran out. Of a second publisher
 * contest.c knows.
 */
#include "hub.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "inherit.h"
#include "shm/futex.h"
#include "sys/log.h"
#include "totals.h"

static int
compare(const struct stream *a, const struct stream *b)
{
	return strcmp(a->t_body.sb_name, b->t_body.sb_name);
}

RB_GENERATE(stream_tree, stream, t_link, compare)

void
stream_show(struct hub *h, struct stream *t)
{
	registry_put_stream(&h->h_registry, t->t_entry, &t->t_body);
	registry_set_subscribers(&h->h_registry, t->t_entry,
	    t->t_nsubscribers);
	load_count(h, t);
}

struct stream *
stream_find(struct hub *h, const char *name)
{
	struct stream key;

	strlcpy(key.t_body.sb_name, name, sizeof(key.t_body.sb_name));
	return RB_FIND(stream_tree, &h->h_streams, &key);
}

/* For newcomers: adopted ones come with their stream. */
static bool
may_begin(const struct hub *h)
{
	return h->h_registry.rg_head->rg_nstreams -
	    h->h_stream_slots.sl_nfree < h->h_conf->cf_max_streams;
}

static struct stream *
stream_make(struct hub *h, const char *name)
{
	struct stream *t = calloc(1, sizeof(*t));

	if (t == NULL || !slots_take(&h->h_stream_slots, &t->t_entry)) {
		free(t);
		return NULL;
	}
	strlcpy(t->t_body.sb_name, name, sizeof(t->t_body.sb_name));
	inherit_stream(h, &t->t_body);
	t->t_body.sb_state = STREAM_WAITING;
	t->t_recorder.at_stream = t;
	grant_init(&t->t_ring);
	grant_init(&t->t_next);
	TAILQ_INIT(&t->t_subscribers);
	RB_INSERT(stream_tree, &h->h_streams, t);
	return t;
}

static void
stream_free_unused(struct hub *h, struct stream *t)
{
	if (!TAILQ_EMPTY(&t->t_subscribers) || t->t_publisher != NULL ||
	    t->t_successor != NULL || t->t_body.sb_state == STREAM_LOST)
		return;
	RB_REMOVE(stream_tree, &h->h_streams, t);
	memset(&t->t_body, 0, sizeof(t->t_body));
	stream_show(h, t);
	slots_give(&h->h_stream_slots, t->t_entry);
	attend_forget(h, &t->t_recorder);
	free(t);
}

/* Subscribers sleep on the ring's futex: make them look at their sockets. */
static void
wake(const struct grant *g)
{
	if (g->g_map.rr_ring != NULL)
		futex_wake(&g->g_map.rr_ring->sr_wake, FUTEX_ALL);
}

void
stream_wake_all(struct hub *h)
{
	struct stream *t;

	RB_FOREACH(t, stream_tree, &h->h_streams)
		wake(&t->t_ring);
}

/* A refused session is back at the start; it may wish again. */
static void
forget_wish(struct hub *h, struct session *s, enum hub_reason reason)
{
	totals_refused(h, s->s_body.eb_role, reason);
	s->s_stream = NULL;
	s->s_body.eb_role = ROLE_NONE;
}

void
stream_refuse(struct hub *h, struct session *s, enum hub_reason reason,
    const char *text)
{
	forget_wish(h, s, reason);
	session_answer(h, s, HUB_REFUSED, reason, text, NULL, 0);
}

static void
forget_publisher(struct stream *t)
{
	struct stream_body *sb = &t->t_body;

	sb->sb_pid = 0;
	sb->sb_generation = sb->sb_ring_size = 0;
	sb->sb_rate = sb->sb_since = 0;
	sb->sb_peer[0] = sb->sb_program[0] = '\0';
	memset(&sb->sb_counters, 0, sizeof(sb->sb_counters));
	memset(sb->sb_track, 0, sizeof(sb->sb_track));
	sb->sb_gop = sb->sb_ring_ms = 0;
}

/* The publisher is gone for good. May free the stream. */
static void
stream_gone(struct hub *h, struct stream *t)
{
	char name[LOG_TEXT_MAX];
	struct session *s;

	log_often("gone stream=%s subscribers=%u",
	    log_text(t->t_body.sb_name, name), t->t_nsubscribers);
	t->t_deadline = 0;
	t->t_body.sb_state = STREAM_WAITING;
	forget_publisher(t);
	attend_gone(h, t);
	TAILQ_FOREACH(s, &t->t_subscribers, s_link) {
		s->s_generation = 0;	/* should its publisher come after all */
		session_answer(h, s, HUB_GONE, HUB_OK, "", NULL, 0);
	}
	wake(&t->t_ring);
	grant_drop(h, &t->t_ring);
	stream_show(h, t);
	stream_free_unused(h, t);
}

void
stream_set_publisher(struct hub *h, struct stream *t, struct session *s,
    const struct grant *g)
{
	t->t_publisher = s;
	t->t_deadline = 0;
	t->t_body.sb_state = STREAM_LIVE;
	t->t_body.sb_pid = (uint32_t)s->s_peer->p_pid;
	t->t_body.sb_since = (uint64_t)time(NULL);
	t->t_body.sb_generation = g->g_generation;
	t->t_body.sb_ring_size = g->g_size;
	memcpy(t->t_body.sb_peer, s->s_body.eb_peer,
	    sizeof(t->t_body.sb_peer));
	memcpy(t->t_body.sb_program, s->s_body.eb_program,
	    sizeof(t->t_body.sb_program));
	stream_show(h, t);
}

static bool
publish_grant(struct hub *h, struct stream *t, struct session *s)
{
	if (!grant_make(h, &t->t_next, s)) {
		forget_wish(h, s, HUB_NO_MEMORY);
		return false;
	}
	stream_set_publisher(h, t, s, &t->t_next);
	return true;
}

void
stream_send_ring(struct hub *h, struct stream *t, struct session *s)
{
	s->s_generation = t->t_ring.g_generation;
	session_answer(h, s, HUB_RING, HUB_OK, "", &t->t_ring.g_fd, 1);
}

/* The publisher made the ring: subscribers may have it. */
static void
publish_confirm(struct hub *h, struct stream *t)
{
	const char *why = grant_confirm(&t->t_next);
	struct grant old = t->t_ring;
	struct session *s;

	if (why != NULL) {
		log_warnx("ring-refused pid=%d reason=\"%s\"",
		    (int)t->t_publisher->s_peer->p_pid, why);
		peer_kill(t->t_publisher->s_peer);
		return;
	}
	t->t_ring = t->t_next;
	grant_init(&t->t_next);
	attend_look(h, &t->t_recorder);
	TAILQ_FOREACH(s, &t->t_subscribers, s_link)
		stream_send_ring(h, t, s);
	wake(&old);
	grant_drop(h, &old);
}

/* A hub that replaced one decides nothing until all could have reported. */
static bool
deferred(const struct hub *h, const struct stream *t, struct session *s)
{
	s->s_deferred = h->h_grace != 0 &&
	    (t == NULL || t->t_publisher == NULL);
	return s->s_deferred;
}

static void
publish_want(struct hub *h, struct session *s)
{
	struct stream *t = stream_find(h, s->s_body.eb_name);

	if (deferred(h, t, s))
		return;
	if (t == NULL && may_begin(h))
		t = stream_make(h, s->s_body.eb_name);
	if (t == NULL) {
		stream_refuse(h, s, HUB_LIMIT, "max-streams");
		return;
	}
	s->s_stream = t;
	s->s_generation = 0;
	if (t->t_publisher != NULL)
		contest_begin(h, t, s);
	else if (!publish_grant(h, t, s))
		stream_free_unused(h, t);
}

/* Streams that wait for a publisher leave room for those that have one. */
static bool
may_wait(struct hub *h)
{
	uint32_t waiting = 0;
	struct stream *t;

	RB_FOREACH(t, stream_tree, &h->h_streams)
		waiting += t->t_body.sb_state == STREAM_WAITING;
	return waiting < (h->h_conf->cf_max_streams + 1) / 2;
}

static struct stream *
stream_await(struct hub *h, const char *name)
{
	return may_begin(h) && may_wait(h) ? stream_make(h, name) : NULL;
}

/* Attendants and local readers take part like subscribers, but are none. */
static void
count_reader(struct stream *t, const struct session *s, int by)
{
	if (s->s_body.eb_role == ROLE_PLAY)
		t->t_nsubscribers += (uint32_t)by;
	else if (s->s_body.eb_role == ROLE_RECORD)
		t->t_body.sb_recorders += (uint32_t)by;
}

void
stream_add_subscriber(struct hub *h, struct stream *t, struct session *s)
{
	s->s_stream = t;
	TAILQ_INSERT_TAIL(&t->t_subscribers, s, s_link);
	count_reader(t, s, 1);
	if (s->s_body.eb_role == ROLE_RECORD)
		attend_arrived(h, t, s, s->s_generation != 0);
	stream_show(h, t);
}

static void
play_want(struct hub *h, struct session *s)
{
	struct stream *t = stream_find(h, s->s_body.eb_name);
	bool ready = t != NULL && t->t_publisher != NULL &&
	    t->t_ring.g_fd != -1 && t->t_next.g_fd == -1;

	if (deferred(h, t, s))
		return;
	if (!ready && s->s_body.eb_role == ROLE_PLAY &&
	    !conf_for(h->h_set, s->s_body.eb_name)->cf_idle_streams &&
	    (t == NULL || t->t_body.sb_state == STREAM_WAITING)) {
		stream_refuse(h, s, HUB_NOT_FOUND, "");
		return;
	}
	if (t == NULL && (t = stream_await(h, s->s_body.eb_name)) == NULL) {
		stream_refuse(h, s, HUB_LIMIT, "max-streams");
		return;
	}
	s->s_generation = 0;
	stream_add_subscriber(h, t, s);
	if (ready)
		stream_send_ring(h, t, s);
	else
		session_answer(h, s, HUB_IDLE, HUB_OK, "", NULL, 0);
}

static void
publish_update(struct hub *h, struct session *s, const struct hub_report *r)
{
	struct stream *t = s->s_stream;

	if (t->t_publisher != s)
		return;			/* a successor that waits */
	if (t->t_next.g_fd != -1 && r->hr_generation == t->t_next.g_generation)
		publish_confirm(h, t);
	t->t_body.sb_rate = r->hr_rate;
	t->t_body.sb_counters = r->hr_counters;
	if (r->hr_generation != 0) {	/* else it has ended already */
		memcpy(t->t_body.sb_track, r->hr_track,
		    sizeof(t->t_body.sb_track));
		t->t_body.sb_gop = r->hr_gop;
		t->t_body.sb_ring_ms = r->hr_ring_ms;
	}
	stream_show(h, t);
}

/* It holds a ring that this hub did not hand out. */
static void
adopt(struct hub *h, struct session *s, const struct hub_report *r, int *fd)
{
	struct stream *t = stream_find(h, r->hr_name);

	if (t == NULL && (t = stream_make(h, r->hr_name)) == NULL) {
		stream_refuse(h, s, HUB_LIMIT, "max-streams");
		return;
	}
	if (r->hr_role == ROLE_PUBLISH)
		adopt_publisher(h, t, s, r, fd);
	else
		adopt_subscriber(h, t, s, r);
	stream_free_unused(h, t);
}

static void
want(struct hub *h, struct session *s)
{
	if (s->s_body.eb_role == ROLE_PUBLISH)
		publish_want(h, s);
	else if (s->s_body.eb_role == ROLE_METRICS)
		attend_arrived(h, NULL, s, false);
	else if (s->s_body.eb_role != ROLE_NONE)
		play_want(h, s);
}

/* The session's body says what it wants; its stream what it has. */
void
stream_report(struct hub *h, struct session *s, const struct hub_report *r,
    int *fd)
{
	struct stream *t = s->s_stream;

	if (r->hr_role == ROLE_METRICS && h->h_metrics.at_session == s)
		return;
	if (t != NULL && s->s_body.eb_role == r->hr_role &&
	    strcmp(t->t_body.sb_name, r->hr_name) == 0) {
		if (r->hr_role == ROLE_PUBLISH)
			publish_update(h, s, r);
		return;
	}
	stream_leave(h, s, true);
	s->s_body.eb_role = r->hr_role;
	memcpy(s->s_body.eb_name, r->hr_name, sizeof(s->s_body.eb_name));
	s->s_deferred = false;
	if (r->hr_role != ROLE_NONE && r->hr_generation != 0)
		adopt(h, s, r, fd);
	else
		want(h, s);
}

/* All who were there before this hub have had time to report. */
static void
end_grace(struct hub *h)
{
	struct peer *p;
	int i;

	h->h_grace = 0;
	TAILQ_FOREACH(p, &h->h_peers, p_link)
		for (i = 0; i < HUB_SLOTS; i++)
			if (p->p_session[i] != NULL &&
			    p->p_session[i]->s_deferred)
				want(h, p->p_session[i]);
	inherit_forget(h);
}

static void
publisher_left(struct hub *h, struct stream *t, bool clean)
{
	struct session *next = t->t_successor;
	uint32_t linger = conf_for(h->h_set, t->t_body.sb_name)->cf_linger;

	t->t_publisher = t->t_successor = NULL;
	t->t_decide = 0;
	grant_drop(h, &t->t_next);
	if (next != NULL && publish_grant(h, t, next))
		return;
	if (clean || linger == 0) {
		stream_gone(h, t);
		return;
	}
	t->t_body.sb_state = STREAM_LOST;
	t->t_body.sb_pid = 0;
	t->t_deadline = h->h_now + linger;
	stream_look(h, t->t_deadline);
	stream_show(h, t);
}

void
stream_leave(struct hub *h, struct session *s, bool clean)
{
	struct stream *t = s->s_stream;

	if (s->s_body.eb_role == ROLE_RECORD || t == NULL)
		attend_left(h, t, s);
	if (t == NULL)
		return;
	s->s_stream = NULL;
	if (t->t_publisher == s) {
		publisher_left(h, t, clean);
		return;
	}
	if (t->t_successor == s) {
		t->t_successor = NULL;
		t->t_decide = 0;
		return;
	}
	TAILQ_REMOVE(&t->t_subscribers, s, s_link);
	count_reader(t, s, -1);
	stream_show(h, t);
	stream_free_unused(h, t);
}

void
stream_look(struct hub *h, uint64_t at)
{
	if (at < h->h_stream_at)
		h->h_stream_at = at;
}

void
stream_tick(struct hub *h)
{
	struct stream *t, *next;

	if (h->h_grace != 0 && h->h_now >= h->h_grace)
		end_grace(h);
	if (h->h_now < h->h_stream_at)
		return;
	h->h_stream_at = UINT64_MAX;
	RB_FOREACH_SAFE(t, stream_tree, &h->h_streams, next) {
		if (t->t_decide != 0 && h->h_now >= t->t_decide)
			contest_lost(h, t);
		if (t->t_decide != 0)
			stream_look(h, t->t_decide);
		if (t->t_deadline != 0 && h->h_now < t->t_deadline)
			stream_look(h, t->t_deadline);
		else if (t->t_deadline != 0)
			stream_gone(h, t);
	}
}

uint64_t
stream_deadline(const struct hub *h)
{
	return h->h_grace != 0 && h->h_grace < h->h_stream_at ? h->h_grace :
	    h->h_stream_at;
}
