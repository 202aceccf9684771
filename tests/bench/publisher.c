/* SPDX-License-Identifier: ISC */
/*
 * publisher.c - the publishing process: a timer per due message, one
 * connection per stream. Messages are stamped when they are handed to send(2).
 */
#include "publisher.h"

#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "media.h"
#include "now.h"

#define START_MS	10000		/* to get all streams on the air */
#define EVENTS		64

struct feed {
	struct rtmp f_rtmp;
	uint32_t f_events;		/* as registered with epoll */
	uint64_t f_start;		/* ns; time of video frame 0 */
	uint64_t f_video, f_audio;	/* index of the next of each */
};

struct station {
	const struct publisher_plan *s_plan;
	struct publisher_shared *s_shared;
	struct media_plan s_media;
	struct feed *s_feed;
	int	 s_parent, s_epoll, s_timer;
	bool	 s_on;			/* all streams were granted */
	uint8_t	*s_body, *s_scratch;
};

void
publisher_name(const struct publisher_plan *pp, unsigned int i, char *name,
    size_t size)
{
	if (pp->pp_streams == 1)
		(void)strlcpy(name, pp->pp_name, size);
	else
		(void)snprintf(name, size, "%s%u", pp->pp_name, i);
}

static void __attribute__((noreturn))
give_up(struct station *s, const char *what, const char *why)
{
	(void)snprintf(s->s_shared->ps_error, sizeof(s->s_shared->ps_error),
	    "%s: %s", what, why);
	_exit(1);
}

static void
watch(struct station *s, int fd, int op, uint32_t events, void *ptr)
{
	struct epoll_event ev = { .events = events, .data.ptr = ptr };

	if (epoll_ctl(s->s_epoll, op, fd, &ev) == -1)
		give_up(s, "epoll_ctl", strerror(errno));
}

static void
feed_push(struct station *s, struct feed *f)
{
	uint32_t events;

	if (wire_flush(&f->f_rtmp.r_wire) == -1)
		give_up(s, f->f_rtmp.r_name, f->f_rtmp.r_wire.w_error);
	events = EPOLLIN | (wire_pending(&f->f_rtmp.r_wire) ? EPOLLOUT : 0);
	if (events == f->f_events)
		return;
	watch(s, f->f_rtmp.r_wire.w_fd, EPOLL_CTL_MOD, events, f);
	f->f_events = events;
}

static uint64_t
video_due(const struct feed *f)
{
	return f->f_start + f->f_video * NS_PER_S / MEDIA_FPS;
}

static uint64_t
audio_due(const struct feed *f)
{
	return f->f_start + f->f_audio * NS_PER_S / MEDIA_AUDIO_PS;
}

static void
feed_headers(struct station *s, struct feed *f)
{
	const uint8_t *p;
	struct command c;
	size_t len;

	command_metadata(&c, s->s_plan->pp_bits);
	(void)rtmp_send(&f->f_rtmp, COMMAND_DATA, s->s_plan->pp_time, c.c_body,
	    c.c_len);
	p = media_avc_config(&len);
	(void)rtmp_send(&f->f_rtmp, MEDIA_VIDEO, s->s_plan->pp_time, p,
	    (uint32_t)len);
	p = media_aac_config(&len);
	(void)rtmp_send(&f->f_rtmp, MEDIA_AUDIO, s->s_plan->pp_time, p,
	    (uint32_t)len);
}

/* Send the one message of type that is due. */
static void
feed_send(struct station *s, struct feed *f, uint8_t type)
{
	bool video = type == MEDIA_VIDEO;
	bool key = video && f->f_video % (MEDIA_FPS * MEDIA_GOP_S) == 0;
	uint64_t due = video ? video_due(f) : audio_due(f);
	unsigned int i = (unsigned int)(f - s->s_feed);
	struct media_mark mark = { .mm_stream = i };

	mark.mm_len = !video ? s->s_media.mp_audio :
	    key ? s->s_media.mp_key : s->s_media.mp_inter;
	mark.mm_time = s->s_plan->pp_time +
	    (uint32_t)((due - f->f_start) / NS_PER_MS);
	mark.mm_seq = atomic_load_explicit(&s->s_shared->ps_sent[i],
	    memory_order_relaxed);
	mark.mm_sent = now_ns();
	if (mark.mm_sent - due > atomic_load_explicit(&s->s_shared->ps_late,
	    memory_order_relaxed))
		atomic_store_explicit(&s->s_shared->ps_late,
		    mark.mm_sent - due, memory_order_relaxed);
	media_write(s->s_body, type, key, &mark);
	/* before the send: nobody may receive what was not counted yet */
	atomic_store_explicit(&s->s_shared->ps_sent[i], mark.mm_seq + 1,
	    memory_order_release);
	if (rtmp_send(&f->f_rtmp, type, mark.mm_time, s->s_body,
	    mark.mm_len) == -1)
		give_up(s, f->f_rtmp.r_name, f->f_rtmp.r_wire.w_error);
	if (video)
		f->f_video++;
	else
		f->f_audio++;
	feed_push(s, f);
}

static void
set_timer(struct station *s, uint64_t when)
{
	struct itimerspec it = { .it_value = {
	    .tv_sec = (time_t)(when / NS_PER_S),
	    .tv_nsec = (long)(when % NS_PER_S) } };

	(void)timerfd_settime(s->s_timer, TFD_TIMER_ABSTIME, &it, NULL);
}

/* Send all that is due and set the timer for what comes next. */
static void
broadcast(struct station *s)
{
	uint64_t next = UINT64_MAX, due, now = now_ns();
	unsigned int i;
	struct feed *f;

	for (i = 0; i < s->s_plan->pp_streams; i++) {
		f = &s->s_feed[i];
		for (;;) {
			bool audio = audio_due(f) < video_due(f);

			due = audio ? audio_due(f) : video_due(f);
			if (due > now)
				break;
			feed_send(s, f, audio ? MEDIA_AUDIO : MEDIA_VIDEO);
		}
		if (due < next)
			next = due;
	}
	set_timer(s, next);
}

/* All granted: spread the streams over a frame's time and begin. */
static void
go_on_air(struct station *s)
{
	uint64_t start = now_ns() + 20 * NS_PER_MS;
	unsigned int i;
	struct feed *f;

	for (i = 0; i < s->s_plan->pp_streams; i++) {
		f = &s->s_feed[i];
		if (f->f_rtmp.r_state != RTMP_LIVE)
			return;
	}
	s->s_on = true;
	for (i = 0; i < s->s_plan->pp_streams; i++) {
		f = &s->s_feed[i];
		f->f_start = start + i * (NS_PER_S / MEDIA_FPS) /
		    s->s_plan->pp_streams;
		feed_headers(s, f);
		feed_push(s, f);
	}
	set_timer(s, start);
	if (write(s->s_parent, "", 1) != 1)
		_exit(1);
}

static void
sign_off(struct station *s)
{
	unsigned int i;

	for (i = 0; i < s->s_plan->pp_streams; i++) {
		rtmp_delete(&s->s_feed[i].f_rtmp);
		(void)wire_flush(&s->s_feed[i].f_rtmp.r_wire);
		wire_close(&s->s_feed[i].f_rtmp.r_wire);
	}
	_exit(0);
}

static void
on_event(struct station *s, const struct epoll_event *ev)
{
	struct feed *f = ev->data.ptr;
	uint64_t ticks;

	if (ev->data.ptr == &s->s_parent)
		sign_off(s);
	if (ev->data.ptr == &s->s_timer) {
		if (read(s->s_timer, &ticks, sizeof(ticks)) > 0)
			broadcast(s);
		return;
	}
	if ((ev->events & ~(uint32_t)EPOLLOUT) != 0 &&
	    wire_receive(&f->f_rtmp.r_wire, s->s_scratch) == -1)
		give_up(s, f->f_rtmp.r_name, f->f_rtmp.r_wire.w_error);
	feed_push(s, f);
	if (!s->s_on)
		go_on_air(s);
}

static void
station_open(struct station *s)
{
	const struct publisher_plan *pp = s->s_plan;
	char name[WIRE_TEXT];
	struct feed *f;
	unsigned int i;

	s->s_feed = calloc(pp->pp_streams, sizeof(*s->s_feed));
	s->s_scratch = malloc(WIRE_SCRATCH);
	s->s_body = malloc(MEDIA_MAX);
	s->s_epoll = epoll_create1(EPOLL_CLOEXEC);
	s->s_timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (s->s_feed == NULL || s->s_scratch == NULL || s->s_body == NULL ||
	    s->s_epoll == -1 || s->s_timer == -1)
		give_up(s, "publisher", strerror(errno));
	media_plan(&s->s_media, pp->pp_bits);
	watch(s, s->s_parent, EPOLL_CTL_ADD, EPOLLIN, &s->s_parent);
	watch(s, s->s_timer, EPOLL_CTL_ADD, EPOLLIN, &s->s_timer);
	for (i = 0; i < pp->pp_streams; i++) {
		f = &s->s_feed[i];
		publisher_name(pp, i, name, sizeof(name));
		if (rtmp_open(&f->f_rtmp, pp->pp_target, name, true) == -1)
			give_up(s, "connect", strerror(errno));
		f->f_events = EPOLLIN | EPOLLOUT;
		watch(s, f->f_rtmp.r_wire.w_fd, EPOLL_CTL_ADD, f->f_events,
		    f);
	}
}

static void __attribute__((noreturn))
station_run(struct station *s)
{
	struct epoll_event ev[EVENTS];
	int i, n;

	station_open(s);
	for (;;) {
		n = epoll_wait(s->s_epoll, ev, EVENTS, -1);
		if (n == -1 && errno != EINTR)
			give_up(s, "epoll_wait", strerror(errno));
		for (i = 0; i < n; i++)
			on_event(s, &ev[i]);
	}
}

static int
await_start(struct publisher *p)
{
	struct pollfd pfd = { .fd = p->p_fd, .events = POLLIN };
	char c;

	if (poll(&pfd, 1, START_MS) == 1 && read(p->p_fd, &c, 1) == 1)
		return 0;
	if (p->p_shared->ps_error[0] == '\0')
		(void)strlcpy(p->p_shared->ps_error, "publishing was not "
		    "granted in time", sizeof(p->p_shared->ps_error));
	return -1;
}

int
publisher_start(struct publisher *p, const struct publisher_plan *pp)
{
	struct station s = { .s_plan = pp };
	int pair[2];

	p->p_shared = mmap(NULL, sizeof(*p->p_shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p->p_shared == MAP_FAILED ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1 ||
	    (p->p_pid = fork()) == -1)
		return -1;
	if (p->p_pid == 0) {
		(void)close(pair[0]);
		s.s_shared = p->p_shared;
		s.s_parent = pair[1];
		station_run(&s);
	}
	(void)close(pair[1]);
	p->p_fd = pair[0];
	return await_start(p);
}

bool
publisher_alive(const struct publisher *p)
{
	char c;

	return recv(p->p_fd, &c, 1, MSG_DONTWAIT | MSG_PEEK) == -1;
}

void
publisher_stop(struct publisher *p)
{
	(void)close(p->p_fd);
	(void)waitpid(p->p_pid, NULL, 0);
}
