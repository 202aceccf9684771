/* SPDX-License-Identifier: ISC */
/*
 * subscriber.c - play a stream on many connections and check each message.
 * Light, because it shares the machine with the server: one recv(2) into a
 * large buffer per wake, payload compared in place, one clock read per recv.
 */
#include "subscriber.h"

#include <sys/epoll.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "media.h"
#include "now.h"

#define EVENTS		256
#define OPEN_BURST	32	/* connects between two polls */

static void
on_slice(void *arg, struct chunk_msg *m, uint32_t off, const uint8_t *p,
    size_t n)
{
	(void)arg;
	if (m->cm_bad || off + n <= MEDIA_SHAPE + MEDIA_MARK ||
	    media_is_config(m->cm_type, m->cm_head, CHUNK_HEAD))
		return;
	if (!media_check(m->cm_head, off, p, n))
		m->cm_bad = true;
}

static bool
config_intact(const struct chunk_msg *m)
{
	const uint8_t *want;
	size_t len;

	want = m->cm_type == MEDIA_VIDEO ? media_avc_config(&len) :
	    media_aac_config(&len);
	return m->cm_len == len && memcmp(m->cm_head, want, len) == 0;
}

/* Place a message in its stream's order; false if it came late or twice. */
static bool
in_order(struct subscriber *sb, uint64_t seq)
{
	if (sb->sb_begun && seq < sb->sb_next) {
		sb->sb_crowd->c_disorder++;
		return false;
	}
	/* before the first key frame a server may hold video back */
	if (sb->sb_begun && sb->sb_key_ns != 0)
		sb->sb_crowd->c_lost += seq - sb->sb_next;
	sb->sb_begun = true;
	sb->sb_next = seq + 1;
	return true;
}

static void
count_message(struct subscriber *sb, const struct chunk_msg *m,
    const struct media_mark *mark)
{
	struct crowd *c = sb->sb_crowd;
	const struct window *w = &c->c_window[sb->sb_stream];
	uint64_t now = sb->sb_rtmp.r_wire.w_recv_ns;

	if (!in_order(sb, mark->mm_seq))
		return;
	c->c_delivered++;
	if (m->cm_time != mark->mm_time)
		c->c_retimed++;
	if (sb->sb_joins || mark->mm_seq < w->w_from || mark->mm_seq >= w->w_to)
		return;
	if (sb->sb_window++ > 0 && now - sb->sb_last_ns > c->c_gap)
		c->c_gap = now - sb->sb_last_ns;
	sb->sb_last_ns = now;
	hist_add(&c->c_latency, now > mark->mm_sent ? now - mark->mm_sent : 0);
}

static void
note_video(struct subscriber *sb, const struct chunk_msg *m)
{
	if (m->cm_type != MEDIA_VIDEO || sb->sb_video_ns != 0)
		return;
	sb->sb_video_ns = sb->sb_rtmp.r_wire.w_recv_ns;
	sb->sb_crowd->c_live++;
}

static void
on_done(void *arg, struct chunk_msg *m)
{
	struct subscriber *sb = arg;
	size_t len = m->cm_len < CHUNK_HEAD ? m->cm_len : CHUNK_HEAD;
	struct media_mark mark;

	if (len == 0)			/* silence, says Flash */
		return;
	note_video(sb, m);
	if (media_is_config(m->cm_type, m->cm_head, len)) {
		if (!config_intact(m))
			sb->sb_crowd->c_corrupt++;
		return;
	}
	if (m->cm_bad || !media_read(&mark, m->cm_type, m->cm_head, len,
	    m->cm_len) || mark.mm_stream != sb->sb_stream) {
		sb->sb_crowd->c_corrupt++;
		return;
	}
	count_message(sb, m, &mark);
	if (sb->sb_key_ns == 0 && media_is_key(m->cm_type, m->cm_head, len))
		sb->sb_key_ns = sb->sb_rtmp.r_wire.w_recv_ns;
}

static void
subscriber_fail(struct subscriber *sb, const char *why)
{
	struct crowd *c = sb->sb_crowd;

	if (c->c_failed++ == 0)
		(void)strlcpy(c->c_error, why, sizeof(c->c_error));
	if (sb->sb_video_ns != 0)
		c->c_live--;
	wire_close(&sb->sb_rtmp.r_wire);
}

static void
subscriber_watch(struct subscriber *sb, int op)
{
	struct epoll_event ev = { .data.ptr = sb };
	struct wire *w = &sb->sb_rtmp.r_wire;

	ev.events = EPOLLIN | (wire_pending(w) ? EPOLLOUT : 0);
	if (op == EPOLL_CTL_MOD && ev.events == sb->sb_events)
		return;
	sb->sb_events = ev.events;
	if (epoll_ctl(sb->sb_crowd->c_epoll, op, w->w_fd, &ev) == -1)
		subscriber_fail(sb, strerror(errno));
}

static void
subscriber_open(struct crowd *c, unsigned int i)
{
	static const struct chunk_sink sink = { on_slice, on_done };
	struct subscriber *sb = &c->c_sub[i];
	char name[WIRE_TEXT];

	sb->sb_stream = i % c->c_plan->pp_streams;
	sb->sb_rtmp.r_wire.w_media = &sink;
	sb->sb_rtmp.r_wire.w_arg = sb;
	publisher_name(c->c_plan, sb->sb_stream, name, sizeof(name));
	if (rtmp_open(&sb->sb_rtmp, c->c_plan->pp_target, name, false) == -1)
		subscriber_fail(sb, strerror(errno));
	else
		subscriber_watch(sb, EPOLL_CTL_ADD);
}

static void
subscriber_event(struct subscriber *sb, uint32_t events)
{
	struct wire *w = &sb->sb_rtmp.r_wire;

	if (((events & ~(uint32_t)EPOLLOUT) != 0 &&
	    wire_receive(w, sb->sb_crowd->c_scratch) == -1) ||
	    ((events & EPOLLOUT) != 0 && wire_flush(w) == -1)) {
		subscriber_fail(sb, w->w_error);
		return;
	}
	subscriber_watch(sb, EPOLL_CTL_MOD);
}

int
crowd_init(struct crowd *c, const struct publisher_plan *pp,
    unsigned int per_stream, unsigned int joiners, int other)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	unsigned int i;

	memset(c, 0, sizeof(*c));
	c->c_plan = pp;
	c->c_watchers = per_stream * pp->pp_streams;
	c->c_count = c->c_watchers + joiners;
	c->c_sub = calloc(c->c_count, sizeof(*c->c_sub));
	c->c_window = calloc(pp->pp_streams, sizeof(*c->c_window));
	c->c_scratch = malloc(WIRE_SCRATCH);
	c->c_epoll = epoll_create1(EPOLL_CLOEXEC);
	if (c->c_sub == NULL || c->c_window == NULL || c->c_scratch == NULL ||
	    c->c_epoll == -1)
		return -1;
	for (i = 0; i < c->c_count; i++) {
		c->c_sub[i].sb_crowd = c;
		c->c_sub[i].sb_joins = i >= c->c_watchers;
		c->c_sub[i].sb_rtmp.r_wire.w_fd = -1;
	}
	return other == -1 ? 0 :
	    epoll_ctl(c->c_epoll, EPOLL_CTL_ADD, other, &ev);
}

void
crowd_close(struct crowd *c)
{
	unsigned int i;

	for (i = 0; i < c->c_opened; i++)
		wire_close(&c->c_sub[i].sb_rtmp.r_wire);
	free(c->c_sub);
	free(c->c_window);
	free(c->c_scratch);
	(void)close(c->c_epoll);
}

void
crowd_join(struct crowd *c, unsigned int count, uint64_t ns)
{
	c->c_join_first = c->c_opened;
	c->c_join_start = now_ns();
	c->c_join_step = count == 0 ? 0 : ns / count;
	c->c_goal = c->c_opened + count;
}

static uint64_t
open_due(const struct crowd *c)
{
	if (c->c_opened == c->c_goal)
		return UINT64_MAX;
	return c->c_join_start +
	    c->c_join_step * (c->c_opened - c->c_join_first);
}

static int
wait_ms(const struct crowd *c, uint64_t now, uint64_t until)
{
	uint64_t due = open_due(c);

	if (due < until)
		until = due;
	if (until <= now)
		return 0;
	return until - now > NS_PER_S ? 1000 :
	    (int)((until - now + NS_PER_MS - 1) / NS_PER_MS);
}

static void
crowd_step(struct crowd *c, uint64_t now, uint64_t until)
{
	struct epoll_event ev[EVENTS];
	struct subscriber *sb;
	int i, n;

	for (i = 0; i < OPEN_BURST && open_due(c) <= now; i++)
		subscriber_open(c, c->c_opened++);
	n = epoll_wait(c->c_epoll, ev, EVENTS, wait_ms(c, now, until));
	for (i = 0; i < n; i++) {
		if ((sb = ev[i].data.ptr) == NULL)
			c->c_other = true;
		else
			subscriber_event(sb, ev[i].events);
	}
}

void
crowd_run(struct crowd *c, uint64_t until, bool (*done)(const struct crowd *))
{
	uint64_t now;

	while ((now = now_ns()) < until && (done == NULL || !done(c)))
		crowd_step(c, now, until);
}

bool
crowd_joined(const struct crowd *c)
{
	return c->c_opened == c->c_goal &&
	    c->c_live + c->c_failed >= c->c_goal;
}

bool
crowd_asked(const struct crowd *c)
{
	const struct rtmp *r;
	unsigned int i;

	for (i = 0; i < c->c_opened; i++) {
		r = &c->c_sub[i].sb_rtmp;
		if (r->r_wire.w_fd != -1 && (r->r_state < RTMP_START ||
		    wire_pending(&r->r_wire)))
			return false;
	}
	return c->c_opened == c->c_goal;
}

bool
crowd_drained(const struct crowd *c)
{
	const struct subscriber *sb;
	unsigned int i;

	for (i = 0; i < c->c_watchers; i++) {
		sb = &c->c_sub[i];
		if (sb->sb_rtmp.r_wire.w_fd != -1 &&
		    sb->sb_next < c->c_window[sb->sb_stream].w_to)
			return false;
	}
	return true;
}

bool
crowd_other(const struct crowd *c)
{
	return c->c_other;
}
