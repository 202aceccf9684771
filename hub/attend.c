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
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
attend_look(struct hub *h)
{
	h->h_attend_at = 0;
}

uint64_t
attend_deadline(const struct hub *h)
{
	return h->h_grace == 0 && h->h_stop_by == 0 ? h->h_attend_at :
	    UINT64_MAX;
}

/* FNV-1a of all arguments. */
static uint64_t
fingerprint(const struct spawn_order *so)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	uint32_t i;

	for (i = 0; i < so->so_len; i++)
		hash = (hash ^ (uint8_t)so->so_text[i]) *
		    UINT64_C(0x100000001b3);
	return hash;
}

static void
add_number(struct spawn_order *so, const char *option, uint64_t n,
    const char *unit)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu%s", (unsigned long long)n, unit);
	spawn_add(so, option);
	spawn_add(so, text);
}

static void
add_sandbox(struct spawn_order *so, const struct conf *cf)
{
	if (cf->cf_sandbox == DENIED_LOG)
		spawn_add(so, "-L");
}

static void
add_limits(struct spawn_order *so, const struct conf *cf)
{
	if (cf->cf_record_segment != 0)
		add_number(so, "-s", cf->cf_record_segment, "ms");
	if (cf->cf_record_segment_bytes != 0)
		add_number(so, "-s", cf->cf_record_segment_bytes, "");
	add_number(so, "-y", cf->cf_record_sync, "ms");
	if (cf->cf_record_append)
		spawn_add(so, "-a");
}

/* The run directory is where the hub is. Ordered by hand where the
 * configuration says nothing, everything is recorded. */
static void
make_recorder(const struct conf *cf, struct spawn_order *so)
{
	static const char *const what[] = {
		[RECORD_OFF] = "all", [RECORD_ALL] = "all",
		[RECORD_VIDEO] = "video", [RECORD_AUDIO] = "audio",
	};

	spawn_init(so, ATTENDANT_RECORD);
	spawn_add(so, "-A");
	spawn_add(so, "-r");
	spawn_add(so, ".");
	spawn_add(so, "-d");
	spawn_add(so, cf->cf_record_dir);
	spawn_add(so, "-p");
	spawn_add(so, cf->cf_record_path);
	spawn_add(so, "-m");
	spawn_add(so, what[cf->cf_record]);
	add_sandbox(so, cf);
	add_limits(so, cf);
}

static void
make_metrics(const struct conf *cf, struct spawn_order *so)
{
	const struct conf_listen *cl = &cf->cf_metrics;
	char text[CONF_HOST_MAX + 16];

	snprintf(text, sizeof(text), strchr(cl->cl_host, ':') != NULL ?
	    "[%s]:%s" : cl->cl_host[0] != '\0' ? "%s:%s" : "%s%s",
	    cl->cl_host, cl->cl_port);
	spawn_init(so, ATTENDANT_METRICS);
	spawn_add(so, "-A");
	spawn_add(so, "-r");
	spawn_add(so, ".");
	spawn_add(so, "-l");
	spawn_add(so, text);
	if (cf->cf_metrics_host[0] != '\0') {
		spawn_add(so, "-n");
		spawn_add(so, cf->cf_metrics_host);
	}
	add_sandbox(so, cf);
}

static const struct conf *
conf_of(const struct hub *h, const struct stream *t)
{
	return conf_for(h->h_set, t->t_body.sb_name);
}

static void
make(const struct hub *h, const struct stream *t, struct spawn_order *so)
{
	if (t != NULL)
		make_recorder(conf_of(h, t), so);
	else
		make_metrics(h->h_conf, so);
}

/* Only what is published now is recorded. */
static bool
recorder_wanted(const struct hub *h, const struct stream *t)
{
	const struct conf *cf = conf_of(h, t);

	if (t->t_ring.g_fd == -1 || t->t_body.sb_state == STREAM_WAITING)
		return false;
	if (t->t_recorder.at_order != ORDER_NONE)
		return t->t_recorder.at_order == ORDER_START;
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
start(struct hub *h, struct stream *t, struct attendant *at)
{
	struct spawn_order so;

	make(h, t, &so);
	at->at_settings = fingerprint(&so);
	if (t != NULL && at->at_order != ORDER_START &&
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

/* Does it run with what is configured now? */
static bool
fits(const struct hub *h, const struct stream *t, const struct attendant *at)
{
	struct spawn_order so;

	make(h, t, &so);
	return fingerprint(&so) == at->at_settings;
}

/* Returns when to look at it again. */
static uint64_t
judge(struct hub *h, struct stream *t, struct attendant *at)
{
	bool want = wanted(h, t);

	if (at->at_session != NULL && (!want || !fits(h, t, at)))
		finish(h, at);
	if (!want || at->at_session != NULL || at->at_id != 0 ||
	    h->h_drain_by != 0)		/* nobody is admitted any more */
		return UINT64_MAX;
	if (h->h_now >= at->at_again)
		start(h, t, at);
	return at->at_id != 0 ? UINT64_MAX : at->at_again;
}

void
attend_tick(struct hub *h)
{
	struct stream *t;
	uint64_t at;

	if (h->h_now < attend_deadline(h))
		return;
	h->h_attend_at = judge(h, NULL, &h->h_metrics);
	RB_FOREACH(t, stream_tree, &h->h_streams) {
		at = judge(h, t, &t->t_recorder);
		if (at < h->h_attend_at)
			h->h_attend_at = at;
	}
}

static struct attendant *
find(struct hub *h, uint64_t id, struct stream **of)
{
	struct stream *t;

	*of = NULL;
	if (h->h_metrics.at_id == id)
		return &h->h_metrics;
	RB_FOREACH(t, stream_tree, &h->h_streams)
		if (t->t_recorder.at_id == id) {
			*of = t;
			return &t->t_recorder;
		}
	return NULL;
}

static void
log_died(const struct stream *t, const struct attendant *at, int pid)
{
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
ended(struct hub *h, struct stream *t, struct attendant *at, int pid)
{
	attend_look(h);
	if (at->at_told || !wanted(h, t)) {
		at->at_told = false;
		pardon(at);
		return;
	}
	if (h->h_now - at->at_since >= LONG)
		at->at_pause = 0;
	if (at->at_pause == 0 || at->at_status != at->at_cause)
		log_died(t, at, pid);
	at->at_cause = at->at_status;
	at->at_pause = longer(at->at_pause);
	at->at_again = h->h_now + at->at_pause;
	if (t != NULL && at->at_status != 0)	/* else somebody ended it */
		registry_add(&totals(h)->to_recording_errors, 1);
}

void
attend_arrived(struct hub *h, struct stream *t, struct session *s,
    bool adopted)
{
	struct attendant *at = t == NULL ? &h->h_metrics : &t->t_recorder;
	struct spawn_order so;

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
		make(h, t, &so);
		at->at_settings = fingerprint(&so);
		at->at_since = h->h_now;
		at->at_status = -1;
		if (t != NULL && conf_of(h, t)->cf_record == RECORD_OFF)
			at->at_order = ORDER_START;
	}
	attend_look(h);
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
		ended(h, t, at, (int)s->s_body.eb_pid);
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

	at->at_order = ORDER_NONE;
	at->at_told = at->at_session != NULL || at->at_id != 0;
	attend_look(h);
}

uint32_t
attend_idle(const struct hub *h)
{
	return h->h_metrics.at_session != NULL;
}

void
attend_reload(struct hub *h)
{
	struct stream *t;

	pardon(&h->h_metrics);
	RB_FOREACH(t, stream_tree, &h->h_streams)
		pardon(&t->t_recorder);
	attend_look(h);
}

/* An order that says what is so anyway is none that would outlive a change of
 * the configuration. */
static void
order(struct hub *h, struct stream *t, enum attend_order o)
{
	struct attendant *at = &t->t_recorder;
	bool on = o == ORDER_START;

	at->at_order = ORDER_NONE;
	if (recorder_wanted(h, t) != on)
		at->at_order = o;
	pardon(at);
	attend_look(h);
}

static void
answer(struct hub *h, const struct control *ct, const char *name,
    enum attend_order o)
{
	struct stream *t = stream_find(h, name);
	char text[LOG_TEXT_MAX];

	log_text(name, text);
	if (t == NULL || t->t_ring.g_fd == -1)
		control_answer(h->h_control, ct, false, "%s: nobody publishes",
		    text);
	else if (conf_of(h, t)->cf_record_dir[0] == '\0')
		control_answer(h->h_control, ct, false, "%s: no "
		    "record-directory is configured", text);
	else if (o == ORDER_STOP && !recorder_wanted(h, t))
		control_answer(h->h_control, ct, false, "%s: not recorded",
		    text);
	else {
		order(h, t, o);
		control_answer(h->h_control, ct, true, o == ORDER_START ?
		    "%s: recording" : "%s: recording ends", text);
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
 * that died. */
static void
lost(struct hub *h)
{
	log_warnx("spawner-died pid=%d", (int)getpid());
	h->h_replaced = true;
}

void
attend_read(struct hub *h)
{
	struct attendant *at;
	struct spawn_end se;
	struct stream *t;
	ssize_t n;

	while ((n = recv(h->h_spawner, &se, sizeof(se), MSG_DONTWAIT)) ==
	    (ssize_t)sizeof(se)) {
		if ((at = find(h, se.se_id, &t)) == NULL)
			continue;	/* its stream is no more */
		at->at_id = 0;
		at->at_status = se.se_status;
		if (at->at_session == NULL)
			ended(h, t, at, se.se_pid);
	}
	if (n != -1 || errno != EAGAIN)
		lost(h);
}
