/* SPDX-License-Identifier: ISC */
/*
 * netstream.c - the message streams of a connection and their roles.
 */
#include "conn.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "play.h"
#include "publish.h"
#include "sys/footprint.h"
#include "sys/log.h"
#include "sys/proc.h"

struct netstream *
netstream_init(struct conn *c)
{
	static HOT struct netstream first;
	struct netstream **last = &c->c_stream, *ns = &first;

	if (c->c_nstreams > 0)
		ns = calloc(1, sizeof(*ns));
	if (ns == NULL) {
		conn_end(c, "no-memory", NULL);
		return NULL;
	}
	while (*last != NULL)
		last = &(*last)->ns_next;
	*last = ns;
	ns->ns_slot = c->c_nstreams++;
	ns->ns_msid = c->c_nstreams;
	ns->ns_ring_fd = -1;
	return ns;
}

struct netstream *
netstream_create(struct conn *c)
{
	struct netstream *ns;

	FOREACH_STREAM(ns, c)
		if (!ns->ns_open)
			break;
	if (ns == NULL) {
		if (c->c_nstreams >= c->c_conf->cf_max_message_streams ||
		    (ns = netstream_init(c)) == NULL)
			return NULL;
	}
	ns->ns_open = true;
	return ns;
}

/* Some clients send publish and play on message stream 0. */
struct netstream *
netstream_find(struct conn *c, uint32_t msid)
{
	struct netstream *ns, *only = NULL;
	int open = 0;

	FOREACH_STREAM(ns, c) {
		if (!ns->ns_open)
			continue;
		if (ns->ns_msid == msid)
			return ns;
		only = ns;
		open++;
	}
	return msid == 0 && open == 1 ? only : NULL;
}

bool
netstream_any(const struct conn *c, enum session_role role)
{
	const struct netstream *ns;

	FOREACH_STREAM(ns, c)
		if (ns->ns_role == role)
			return true;
	return false;
}

bool
netstream_live(const struct conn *c)
{
	const struct netstream *ns;

	FOREACH_STREAM(ns, c)
		if (ns->ns_publish != NULL || play_streaming(ns))
			return true;
	return false;
}

void
netstream_title(struct conn *c)
{
	const struct netstream *ns;

	/* such names need no log_text(): see name_make() */
	FOREACH_STREAM(ns, c) {
		if (ns->ns_role == ROLE_PUBLISH) {
			proc_title("rtmpd: %s publish %s", c->c_host,
			    ns->ns_name);
			return;
		}
		if (ns->ns_role == ROLE_PLAY) {
			proc_title("rtmpd: %s play %s lag %" PRIu64 " ms",
			    c->c_host, ns->ns_name,
			    ns->ns_play != NULL ? ns->ns_play->pl_lag : 0);
			return;
		}
	}
	proc_title("rtmpd: %s", c->c_host);
}

void
netstream_begin(struct conn *c, struct netstream *ns, enum session_role role,
    const char *name)
{
	ns->ns_role = role;
	ns->ns_wish++;
	ns->ns_since = c->c_now;
	ns->ns_generation = 0;
	ns->ns_rate = ns->ns_rate_bytes = 0;
	ns->ns_first_frame = 0;
	memset(&ns->ns_counters, 0, sizeof(ns->ns_counters));
	strlcpy(ns->ns_name, name, sizeof(ns->ns_name));
	c->c_last_role = role;
	strlcpy(c->c_last_name, name, sizeof(c->c_last_name));
	netstream_title(c);
	hublink_report(c, ns);
}

void
netstream_leave(struct conn *c, struct netstream *ns)
{
	if (ns->ns_role == ROLE_NONE)
		return;
	if (ns->ns_publish != NULL && ns->ns_ring_fd != -1)
		close(ns->ns_ring_fd);
	publish_stop(c, ns);
	play_stop(ns);
	ns->ns_role = ROLE_NONE;
	ns->ns_wish++;
	ns->ns_name[0] = '\0';
	c->c_idle_since = c->c_now;
	netstream_title(c);
	hublink_report(c, ns);
}

void
netstream_kicked(struct conn *c)
{
	struct netstream *ns;

	FOREACH_STREAM(ns, c) {
		if (ns->ns_role != ROLE_PUBLISH)
			continue;
		output_status(c, ns->ns_msid, "error",
		    "NetStream.Publish.Denied", "Ended by an administrator",
		    ns->ns_name);
		netstream_leave(c, ns);
	}
}

static void
publish_ring(struct conn *c, struct netstream *ns,
    const struct hub_answer *a, int *fds)
{
	char name[LOG_TEXT_MAX], program[LOG_TEXT_MAX];

	if (ns->ns_publish != NULL)
		return;
	publish_start(c, ns, fds[0], a->ha_ring_size, a->ha_generation);
	if (ns->ns_publish == NULL)
		return;
	ns->ns_ring_fd = fds[1];
	ns->ns_handed = true;
	fds[1] = -1;
	conn_granted(c);
	hublink_registry(c);
	hublink_report(c, ns);
	output_event(c, RTMP_STREAM_BEGIN, ns->ns_msid);
	output_status(c, ns->ns_msid, "status", "NetStream.Publish.Start",
	    "Start publishing", ns->ns_name);
	log_info("publish stream=%s peer=%s program=%s generation=%" PRIu64,
	    log_text(ns->ns_name, name), c->c_peer,
	    log_text(c->c_program, program), a->ha_generation);
}

/* The hub does not grant the wish: tell why, and end as clients expect. */
static void
wish_refused(struct conn *c, struct netstream *ns, const struct hub_answer *a)
{
	bool publish = ns->ns_role == ROLE_PUBLISH;
	const char *code = publish ? "NetStream.Publish.Denied" :
	    "NetStream.Play.Failed";
	const char *description = a->ha_text;
	char name[LOG_TEXT_MAX], text[LOG_TEXT_MAX];

	if (a->ha_reason == HUB_BUSY) {
		code = "NetStream.Publish.BadName";
		description = "Already publishing";
	} else if (a->ha_reason == HUB_NOT_FOUND) {
		code = "NetStream.Play.StreamNotFound";
		description = "No such stream";
	}
	log_often("refused stream=%s peer=%s role=%s reason=%s detail=%s",
	    log_text(ns->ns_name, name), c->c_peer,
	    publish ? "publish" : "play", hub_reason_text(a->ha_reason),
	    log_text(a->ha_text, text));
	output_status(c, ns->ns_msid, "error", code, description, ns->ns_name);
	netstream_leave(c, ns);
	hublink_refused(c, a);
}

static void
publish_answer(struct conn *c, struct netstream *ns,
    const struct hub_answer *a, int *fds)
{
	if (a->ha_verdict == HUB_RING && fds[0] != -1)
		publish_ring(c, ns, a, fds);
	else if (a->ha_verdict == HUB_REFUSED)
		wish_refused(c, ns, a);
}

static void
play_answer(struct conn *c, struct netstream *ns, const struct hub_answer *a,
    int *fds)
{
	int fd = fds[0];

	if (a->ha_verdict == HUB_RING && fd != -1) {
		fds[0] = -1;
		play_ring(c, ns, fd, a->ha_generation);
	} else if (a->ha_verdict == HUB_IDLE)
		play_idle(c, ns);
	else if (a->ha_verdict == HUB_GONE)
		play_gone(c, ns);
	else if (a->ha_verdict == HUB_REFUSED)
		wish_refused(c, ns, a);
}

void
netstream_answer(struct conn *c, struct netstream *ns,
    const struct hub_answer *a, int *fds)
{
	ns->ns_entry = a->ha_stream;
	if (ns->ns_role == ROLE_PUBLISH)
		publish_answer(c, ns, a, fds);
	else
		play_answer(c, ns, a, fds);
}
