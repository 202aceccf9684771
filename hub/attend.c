/* SPDX-License-Identifier: ISC */
/*
 * attend.c - which attendants there shall be, and that they are there.
 *
 * The spawner starts them. One that runs connects to us like any other local
 * program, and to the next hub after us: an attendant is known by its role and
 * its stream, whoever started it. It is gone when its connection has ended and
 * the spawner, if that started it, has reaped it.
 */
#include "hub.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "launch.h"
#include "spawner.h"
#include "sys/log.h"

#define PAUSE_MIN	100	/* ms before one that failed is started again */
#define PAUSE_MAX	30000
#define LONG		60000	/* ms of life after which all is forgiven */

static struct totals *
totals(struct hub *h)
{
	return &h->h_registry.rg_head->rg_totals;
}

void
attend_look(struct hub *h, struct attendant *at)
{
	if (!at->at_due)
		TAILQ_INSERT_TAIL(&h->h_due, at, at_link);
	at->at_due = true;
	h->h_attend_at = 0;
}

void
attend_forget(struct hub *h, struct attendant *at)
{
	if (at->at_due)
		TAILQ_REMOVE(&h->h_due, at, at_link);
	at->at_due = false;
}

void
attend_init(struct hub *h)
{
	TAILQ_INIT(&h->h_due);
	attend_look(h, &h->h_metrics);
}

uint64_t
attend_deadline(const struct hub *h)
{
	return h->h_grace == 0 && h->h_stop_by == 0 ? h->h_attend_at :
	    UINT64_MAX;
}

static const struct conf *
conf_of(const struct hub *h, const struct stream *t)
{
	return conf_for(h->h_set, t->t_body.sb_name);
}

static void
make(const struct conf_set *set, const struct stream *t,
    struct spawn_order *so)
{
	if (t != NULL)
		launch_recorder(conf_for(set, t->t_body.sb_name), so);
	else
		launch_metrics(&set->cs_conf[0], so);
}

/* Only what is published now is recorded. */
static bool
recorder_wanted(const struct hub *h, const struct stream *t)
{
	const struct conf *cf = conf_of(h, t);
	uint32_t order = t->t_body.sb_order;

	if (t->t_ring.g_fd == -1 || t->t_body.sb_state == STREAM_WAITING)
		return false;
	if (order != ORDER_NONE)
		return order == ORDER_START;
	return cf->cf_record != RECORD_OFF && cf->cf_record_dir[0] != '\0';
}

static bool
wanted(const struct hub *h, const struct stream *t)
{
	if (h->h_stop_by != 0)
		return false;
	return t != NULL ? recorder_wanted(h, t) :
	    h->h_conf->cf_metrics.cl_port[0] != '\0';
}

static uint32_t
longer(uint32_t pause)
{
	return pause == 0 ? PAUSE_MIN :
	    2 * pause < PAUSE_MAX ? 2 * pause : PAUSE_MAX;
}

/* A recorder that comes first to a ring begins with the oldest that is in
 * it: all that was published since. */
static void
start(struct hub *h, struct attendant *at)
{
	const struct stream *t = at->at_stream;
	struct spawn_order so;

	make(h->h_set, t, &so);
	at->at_stale = false;
	if (t != NULL && t->t_body.sb_order != ORDER_START &&
	    at->at_ring != t->t_ring.g_generation)
		spawn_add(&so, "-b");
	if (t != NULL) {
		spawn_add(&so, "--");
		spawn_add(&so, t->t_body.sb_name);
	}
	so.so_id = ++h->h_spawned;
	at->at_since = h->h_now;
	if (send(h->h_spawner, &so, sizeof(so), MSG_DONTWAIT | MSG_NOSIGNAL)
	    == -1) {
		at->at_pause = longer(at->at_pause);
		at->at_again = h->h_now + at->at_pause;
		return;
	}
	at->at_id = so.so_id;
	at->at_told = false;
}

static void
finish(struct hub *h, struct attendant *at)
{
	if (at->at_session == NULL || at->at_told)
		return;
	at->at_told = true;
	session_answer(h, at->at_session, HUB_CLOSE, HUB_KICKED, "", NULL, 0);
}

/* False: there is nothing to do for it until something changes. */
static bool
judge(struct hub *h, struct attendant *at)
{
	bool want = wanted(h, at->at_stream);

	if (at->at_session != NULL && (!want || at->at_stale))
		finish(h, at);
	if (!want || at->at_session != NULL || at->at_id != 0 ||
	    h->h_spawner == -1 ||
	    h->h_drain_by != 0)		/* nobody is admitted any more */
		return false;
	if (h->h_now >= at->at_again)
		start(h, at);
	return at->at_id == 0;
}

void
attend_tick(struct hub *h)
{
	struct attendant *at, *next;

	if (h->h_now < attend_deadline(h))
		return;
	h->h_attend_at = UINT64_MAX;
	TAILQ_FOREACH_SAFE(at, &h->h_due, at_link, next)
		if (!judge(h, at))
			attend_forget(h, at);
		else if (at->at_again < h->h_attend_at)
			h->h_attend_at = at->at_again;
}

static struct attendant *
find(struct hub *h, uint64_t id)
{
	struct stream *t;

	if (h->h_metrics.at_id == id)
		return &h->h_metrics;
	RB_FOREACH(t, stream_tree, &h->h_streams)
		if (t->t_recorder.at_id == id)
			return &t->t_recorder;
	return NULL;
}

static void
log_died(const struct attendant *at, int pid)
{
	const struct stream *t = at->at_stream;
	char name[LOG_TEXT_MAX];

	log_warnx("attendant-died program=%s stream=%s pid=%d %s=%d",
	    spawner_program(t == NULL ? ATTENDANT_METRICS : ATTENDANT_RECORD),
	    t == NULL ? "-" : log_text(t->t_body.sb_name, name), pid,
	    WIFSIGNALED(at->at_status) ? "signal" : "status",
	    WIFSIGNALED(at->at_status) ? WTERMSIG(at->at_status) :
	    at->at_status == -1 ? -1 : WEXITSTATUS(at->at_status));
}

static void
pardon(struct attendant *at)
{
	at->at_pause = 0;
	at->at_again = 0;
}

/* Nothing of it is left. One that was not told to end will come again, after
 * a pause; the cause is logged when it is another than before. */
static void
ended(struct hub *h, struct attendant *at, int pid)
{
	attend_look(h, at);
	if (at->at_told || !wanted(h, at->at_stream)) {
		at->at_told = false;
		pardon(at);
		return;
	}
	if (h->h_now - at->at_since >= LONG)
		at->at_pause = 0;
	if (at->at_pause == 0 || at->at_status != at->at_cause)
		log_died(at, pid);
	at->at_cause = at->at_status;
	at->at_pause = longer(at->at_pause);
	at->at_again = h->h_now + at->at_pause;
	/* else somebody ended it */
	if (at->at_stream != NULL && at->at_status != 0)
		registry_add(&totals(h)->to_recording_errors, 1);
}

void
attend_arrived(struct hub *h, struct stream *t, struct session *s,
    bool adopted)
{
	struct attendant *at = t == NULL ? &h->h_metrics : &t->t_recorder;

	if (at->at_session != NULL) {	/* one is enough */
		session_answer(h, s, HUB_CLOSE, HUB_BUSY, "", NULL, 0);
		return;
	}
	at->at_session = s;
	at->at_told = false;
	if (t == NULL) {
		if (h->h_npeers == 1)
			h->h_idle_since = h->h_now;
	} else {
		at->at_ring = s->s_generation;
		stream_show(h, t);
		if (!adopted)
			registry_add(&totals(h)->to_recordings, 1);
	}
	if (at->at_id == 0) {		/* an earlier hub started it */
		at->at_stale = false;
		at->at_since = h->h_now;
		at->at_status = -1;
	}
	attend_look(h, at);
}

void
attend_left(struct hub *h, struct stream *t, struct session *s)
{
	struct attendant *at = t == NULL ? &h->h_metrics : &t->t_recorder;

	if (at->at_session != s)
		return;
	at->at_session = NULL;
	if (t != NULL)
		at->at_ring = s->s_generation;
	if (at->at_id == 0)
		ended(h, at, (int)s->s_body.eb_pid);
}

void
attend_report(struct hub *h, struct session *s, const struct hub_report *r)
{
	bool first = s->s_body.eb_role != ROLE_RECORD;

	if (r->hr_role != ROLE_RECORD)
		return;
	if (r->hr_errors > s->s_errors && !(first && r->hr_generation != 0))
		registry_add(&totals(h)->to_recording_errors,
		    r->hr_errors - s->s_errors);
	s->s_errors = r->hr_errors;
}

void
attend_gone(struct hub *h, struct stream *t)
{
	struct attendant *at = &t->t_recorder;

	t->t_body.sb_order = ORDER_NONE;
	at->at_told = at->at_session != NULL || at->at_id != 0;
	attend_look(h, at);
}

uint32_t
attend_idle(const struct hub *h)
{
	return h->h_metrics.at_session != NULL;
}

static bool
alike(const struct spawn_order *a, const struct spawn_order *b)
{
	return a->so_len == b->so_len &&
	    memcmp(a->so_text, b->so_text, a->so_len) == 0;
}

/* One that an earlier hub started has, for all we know, what is in force. */
static void
refresh(struct hub *h, struct attendant *at, const struct conf_set *next)
{
	struct spawn_order before, after;

	make(h->h_set, at->at_stream, &before);
	make(next, at->at_stream, &after);
	at->at_stale |= !alike(&before, &after);
	pardon(at);
	attend_look(h, at);
}

void
attend_reload(struct hub *h, const struct conf_set *next)
{
	struct stream *t;

	refresh(h, &h->h_metrics, next);
	RB_FOREACH(t, stream_tree, &h->h_streams)
		refresh(h, &t->t_recorder, next);
}

/* An order that says what is so anyway is none that would outlive a change of
 * the configuration. The next hub finds it in our registry. */
static void
order(struct hub *h, struct stream *t, enum record_order o)
{
	bool on = o == ORDER_START;

	t->t_body.sb_order = ORDER_NONE;
	if (recorder_wanted(h, t) != on)
		t->t_body.sb_order = o;
	stream_show(h, t);
	pardon(&t->t_recorder);
	attend_look(h, &t->t_recorder);
}

static void
answer(struct hub *h, const struct control *ct, const char *name,
    enum record_order o)
{
	struct stream *t = stream_find(h, name);

	if (t == NULL || t->t_ring.g_fd == -1)
		control_answer(h->h_control, ct, false, "%s: nobody publishes",
		    name);
	else if (conf_of(h, t)->cf_record_dir[0] == '\0')
		control_answer(h->h_control, ct, false, "%s: no "
		    "record-directory is configured", name);
	else if (o == ORDER_STOP && !recorder_wanted(h, t))
		control_answer(h->h_control, ct, false, "%s: not recorded",
		    name);
	else {
		order(h, t, o);
		control_answer(h->h_control, ct, true, o == ORDER_START ?
		    "%s: recording" : "%s: recording ends", name);
	}
}

bool
attend_order(struct hub *h, const struct control *ct)
{
	static const char begin[] = "record start ", end[] = "record stop ";

	if (strncmp(ct->ct_order, begin, sizeof(begin) - 1) == 0)
		answer(h, ct, ct->ct_order + sizeof(begin) - 1, ORDER_START);
	else if (strncmp(ct->ct_order, end, sizeof(end) - 1) == 0)
		answer(h, ct, ct->ct_order + sizeof(end) - 1, ORDER_STOP);
	else
		return false;
	return true;
}

/* Without it no attendant can be started: this hub is of no more use than one
 * that died, unless nobody is there who would start another. */
static void
lost(struct hub *h)
{
	bool last = h->h_standby && getppid() != h->h_starter;

	log_warnx("spawner-died pid=%d next=%s", (int)getpid(),
	    last ? "none" : "another-hub");
	close(h->h_spawner);		/* epoll forgets it */
	h->h_spawner = -1;
	h->h_replaced = !last;
}

void
attend_read(struct hub *h)
{
	struct attendant *at;
	struct spawn_end se;
	ssize_t n;

	while ((n = recv(h->h_spawner, &se, sizeof(se), MSG_DONTWAIT)) ==
	    (ssize_t)sizeof(se)) {
		if ((at = find(h, se.se_id)) == NULL)
			continue;	/* its stream is no more */
		at->at_id = 0;
		at->at_status = se.se_status;
		if (at->at_session == NULL)
			ended(h, at, se.se_pid);
	}
	if (n != -1 || errno != EAGAIN)
		lost(h);
}
