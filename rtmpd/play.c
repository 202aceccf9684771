/* SPDX-License-Identifier: ISC */
/*
 * play.c - where a subscriber stands in the ring, and what it is told.
 * A subscriber that falls behind jumps forward to the newest join point, audio
 * and video together, never back.
 */
#include "play.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch.h"
#include "conn.h"
#include "rtmp/command.h"
#include "sys/footprint.h"
#include "sys/log.h"
#include "sys/probe.h"

#define CSID_DATA	7
#define LAG_LINES	5	/* lines of lag logged in each LAG_PERIOD */
#define LAG_PERIOD	60000

/* For most connections the only one: not a page of heap for it. */
static HOT struct play	single;
static HOT bool		single_taken;

static struct play *
make(struct conn *c, struct netstream *ns)
{
	struct play *pl = ns->ns_play;

	if (pl != NULL)
		return pl;
	if (!single_taken) {
		single_taken = true;
		pl = memset(&single, 0, sizeof(single));
	} else if ((pl = calloc(1, sizeof(*pl))) == NULL) {
		conn_end(c, "no-memory", NULL);
		return NULL;
	}
	pl->pl_next = -1;
	ns->ns_play = pl;
	return pl;
}

static void
send_sample_access(struct conn *c, uint32_t msid)
{
	uint8_t body[64];
	struct amf_out out;
	struct rtmp_msg m = {
		.rm_type = RTMP_DATA, .rm_csid = CSID_DATA, .rm_msid = msid,
		.rm_data = body,
	};

	amf_out_init(&out, body, sizeof(body));
	data_sample_access(&out);
	m.rm_len = (uint32_t)out.ao_len;
	output_message(c, &m);
}

static void
say_start(struct conn *c, struct netstream *ns)
{
	char name[LOG_TEXT_MAX];

	if (ns->ns_play->pl_started)
		return;
	ns->ns_play->pl_started = true;
	conn_granted(c);
	output_event(c, RTMP_STREAM_BEGIN, ns->ns_msid);
	output_status(c, ns->ns_msid, "status", "NetStream.Play.Reset",
	    "Playing and resetting", ns->ns_name);
	output_status(c, ns->ns_msid, "status", "NetStream.Play.Start",
	    "Started playing", ns->ns_name);
	send_sample_access(c, ns->ns_msid);
	log_info("play stream=%s peer=%s after=%" PRIu64 "ms",
	    log_text(ns->ns_name, name), c->c_peer, c->c_now - c->c_started);
}

void
play_idle(struct conn *c, struct netstream *ns)
{
	struct play *pl = make(c, ns);

	if (pl == NULL)
		return;
	pl->pl_waited = true;
	say_start(c, ns);
}

void
play_say_end(struct conn *c, struct netstream *ns)
{
	if (ns->ns_play == NULL || !ns->ns_play->pl_started)
		return;
	output_status(c, ns->ns_msid, "status",
	    "NetStream.Play.UnpublishNotify", "The stream is now unpublished",
	    ns->ns_name);
	output_event(c, RTMP_STREAM_EOF, ns->ns_msid);
}

/* Where to start in a ring just attached. Who was there before its publisher
 * gets all of it from the first record on. */
static void
set_start(struct conn *c, struct play *pl)
{
	struct cursor *cu = &pl->pl_cursor;
	uint64_t join = ring_join(&pl->pl_ring);

	cursor_start(cu);
	if (pl->pl_waited && !ring_lapped(&pl->pl_ring, 0, 0))
		return;
	if (c->c_conf->cf_join == JOIN_LIVE && !pl->pl_waited)
		cursor_seek(cu, &pl->pl_ring);
	else if (join != RING_NO_JOIN)
		cursor_join(cu, join);
}

static void
attach(struct conn *c, struct netstream *ns, int fd, uint64_t generation)
{
	struct play *pl = ns->ns_play;
	const char *why;

	probe_ring(fd);
	why = ring_attach(&pl->pl_ring, fd);
	close(fd);
	if (why != NULL) {
		conn_end(c, "ring", why);
		return;
	}
	pl->pl_generation = ns->ns_generation = generation;
	if (generation == pl->pl_left)
		cursor_return(&pl->pl_cursor, &pl->pl_ring);
	else
		set_start(c, pl);
	ns->ns_counters.ct_joins++;
	pl->pl_gone = false;
	if (pl->pl_started) {
		output_event(c, RTMP_STREAM_BEGIN, ns->ns_msid);
		output_status(c, ns->ns_msid, "status",
		    "NetStream.Play.PublishNotify",
		    "The stream is now published", ns->ns_name);
	}
	say_start(c, ns);
	hublink_report(c, ns);
	log_debug("join peer=%s generation=%" PRIu64 " position=%" PRIu64,
	    c->c_peer, generation, pl->pl_cursor.cu_pos);
}

void
play_ring(struct conn *c, struct netstream *ns, int fd, uint64_t generation)
{
	struct play *pl = make(c, ns);

	if (pl == NULL || generation == pl->pl_generation) {
		close(fd);
		if (pl != NULL)
			pl->pl_gone = false;
		return;
	}
	if (pl->pl_ring.rr_ring == NULL) {
		attach(c, ns, fd, generation);
		return;
	}
	if (pl->pl_next != -1)
		close(pl->pl_next);
	pl->pl_next = fd;
	pl->pl_next_generation = generation;
}

void
play_gone(struct conn *c, struct netstream *ns)
{
	struct play *pl = make(c, ns);

	if (pl == NULL)
		return;
	pl->pl_gone = true;
	play_pump(c, ns);
}

void
play_without_hub(struct conn *c, struct netstream *ns)
{
	uint64_t active;

	if (!play_streaming(ns))
		return;
	active = ring_active(&ns->ns_play->pl_ring);
	if (c->c_now >= active + c->c_conf->cf_linger)
		play_gone(c, ns);
}

void
play_stop(struct netstream *ns)
{
	struct play *pl = ns->ns_play;

	if (pl == NULL)
		return;
	ring_detach(&pl->pl_ring);
	if (pl->pl_next != -1)
		close(pl->pl_next);
	if (pl == &single)
		single_taken = false;
	else
		free(pl);
	ns->ns_play = NULL;
	ns->ns_generation = 0;
}

static void
log_jump(const struct conn *c, const struct netstream *ns, const char *why,
    uint64_t skipped)
{
	static struct ratelimit limit;
	char name[LOG_TEXT_MAX];
	uint32_t missed = limit.rl_missed;

	if (!ratelimit_pass(&limit, LAG_LINES, LAG_PERIOD))
		return;
	limit.rl_missed = 0;
	log_info("lag stream=%s peer=%s reason=%s lag=%" PRIu64 "ms skipped=%"
	    PRIu64 " jumps=%" PRIu64 " unlogged=%" PRIu32,
	    log_text(ns->ns_name, name), c->c_peer, why, ns->ns_play->pl_lag,
	    skipped, ns->ns_counters.ct_lag_jumps, missed);
}

/* To the newest join point if it lies ahead. */
static bool
jump(struct conn *c, struct netstream *ns, const char *why)
{
	struct play *pl = ns->ns_play;
	uint64_t skipped = cursor_jump(&pl->pl_cursor, &pl->pl_ring);

	if (skipped == 0)
		return false;
	ns->ns_counters.ct_lag_jumps++;
	log_debug("jump peer=%s reason=%s skipped=%" PRIu64, c->c_peer, why,
	    skipped);
	log_jump(c, ns, why, skipped);
	return true;
}

/* The cursor is of no use any more: to the newest join point ahead, else to
 * the next that comes, either way with its REPEAT set. */
static void
rejoin(struct conn *c, struct netstream *ns, const char *why)
{
	struct play *pl = ns->ns_play;

	if (!jump(c, ns, why))
		cursor_seek(&pl->pl_cursor, &pl->pl_ring);
}

void
play_pause(struct conn *c, struct netstream *ns, bool on)
{
	struct play *pl = ns->ns_play;

	if (pl == NULL)
		return;
	output_status(c, ns->ns_msid, "status", on ? "NetStream.Pause.Notify" :
	    "NetStream.Unpause.Notify", on ? "Paused" : "Unpaused",
	    ns->ns_name);
	if (pl->pl_paused && !on && pl->pl_ring.rr_ring != NULL)
		rejoin(c, ns, "unpause");
	pl->pl_paused = on;
}

void
play_receive(struct conn *c, struct netstream *ns, uint8_t type, bool on)
{
	struct play *pl = ns->ns_play;
	bool *off;

	if (pl == NULL)
		return;
	off = type == RTMP_AUDIO ? &pl->pl_no_audio : &pl->pl_no_video;
	if (*off != on)
		return;			/* it is so already */
	*off = !on;
	if (!on)
		return;
	if (type == RTMP_VIDEO)
		pl->pl_cursor.cu_need_key = true;
	output_status(c, ns->ns_msid, "status", "NetStream.Seek.Notify",
	    "Seeking", ns->ns_name);
	output_status(c, ns->ns_msid, "status", "NetStream.Play.Start",
	    "Started playing", ns->ns_name);
}

/* When the oldest record not yet sent arrived; now, if there is none. */
static uint64_t
oldest(const struct conn *c, const struct play *pl)
{
	const struct cursor *cu = &pl->pl_cursor;
	struct ring_view rv;

	switch (ring_look(&pl->pl_ring, cu->cu_pos, 0, &rv)) {
	case RING_OK:
		return rv.rv_rec.rec_arrival;
	case RING_LAPPED:	/* nobody knows; it followed the one before */
		return cu->cu_taken ? cu->cu_arrival : c->c_now;
	default:
		return c->c_now;
	}
}

void
play_measure(const struct conn *c, struct netstream *ns)
{
	struct play *pl = ns->ns_play;
	uint64_t since = c->c_now;

	if (pl->pl_ring.rr_ring != NULL && !pl->pl_paused)
		since = oldest(c, pl);
	pl->pl_lag = since < c->c_now ? c->c_now - since : 0;
}

static void
check_lag(struct conn *c, struct netstream *ns)
{
	struct play *pl = ns->ns_play;

	play_measure(c, ns);
	if (pl->pl_lag > c->c_conf->cf_max_lag &&
	    pl->pl_cursor.cu_mode == CURSOR_STEP)
		(void)jump(c, ns, "max-lag");
}

/* Is there anything behind this ring? */
static bool
may_go_on(const struct play *pl)
{
	return pl->pl_next != -1 || pl->pl_gone;
}

/* The ring is drained. True: there is another to go on with. */
static bool
next_ring(struct conn *c, struct netstream *ns)
{
	struct play *pl = ns->ns_play;
	int fd = pl->pl_next;

	if (!may_go_on(pl))
		return false;
	ring_detach(&pl->pl_ring);
	pl->pl_waited = true;
	if (fd != -1) {
		pl->pl_next = -1;
		attach(c, ns, fd, pl->pl_next_generation);
		return c->c_end == NULL;
	}
	pl->pl_gone = false;
	pl->pl_left = pl->pl_generation;
	pl->pl_generation = ns->ns_generation = 0;
	pl->pl_lag = 0;
	play_say_end(c, ns);
	if (!c->c_conf->cf_idle_streams)
		conn_end(c, "unpublished", NULL);
	return false;
}

/* Something of a stream that was live has been sent: how soon was that? */
static void
note_first(const struct conn *c, struct netstream *ns)
{
	const struct play *pl = ns->ns_play;

	if (ns->ns_first_frame == 0 && pl->pl_cursor.cu_taken && !pl->pl_waited)
		ns->ns_first_frame = (uint32_t)(c->c_now - ns->ns_since) + 1;
}

void
play_pump(struct conn *c, struct netstream *ns)
{
	struct play *pl = ns->ns_play;
	enum batch_result result;

	while (c->c_end == NULL && pl != NULL) {
		if (pl->pl_ring.rr_ring == NULL) {
			if (pl->pl_gone)
				(void)next_ring(c, ns);
			return;
		}
		pl->pl_word = ring_wake_word(&pl->pl_ring);
		if (!output_flush(c))
			return;
		if (pl->pl_paused) {	/* it wants no more of this ring */
			if (!next_ring(c, ns))
				return;
			continue;
		}
		check_lag(c, ns);
		result = batch_send(c, ns);
		note_first(c, ns);
		switch (result) {
		case BATCH_SENT:
			ring_page_in(&pl->pl_ring, pl->pl_cursor.cu_pos);
			if (ring_head(&pl->pl_ring) == pl->pl_cursor.cu_pos &&
			    !may_go_on(pl))
				return;
			break;
		case BATCH_LAPPED:
			rejoin(c, ns, "lapped");
			break;
		case BATCH_EMPTY:
			if (!next_ring(c, ns))
				return;
			break;
		case BATCH_FULL:
		case BATCH_BROKEN:
			return;
		}
	}
}

bool
play_streaming(const struct netstream *ns)
{
	return ns->ns_play != NULL && ns->ns_play->pl_ring.rr_ring != NULL;
}

bool
play_woken(const struct netstream *ns)
{
	const struct play *pl = ns->ns_play;

	return ring_wake_word(&pl->pl_ring) != pl->pl_word;
}

bool
play_overdue(const struct conn *c, struct netstream *ns)
{
	struct play *pl = ns->ns_play;

	pl->pl_word = ring_wake_word(&pl->pl_ring);
	play_measure(c, ns);
	return pl->pl_lag >= ring_hold(&pl->pl_ring);
}
