/* SPDX-License-Identifier: ISC */
/*
 * rtmp.c - the bench's RTMP client: handshake, session commands, control
 * messages. Media payload is passed on in place, without a copy.
 */
#include "rtmp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "media.h"
#include "now.h"

#define BLOCK		1536		/* bytes of C1, S1, C2 and S2 */
#define HANDSHAKE	(1 + 2 * BLOCK)
#define OUR_CHUNK	4096

enum { SET_CHUNK = 1, ABORT = 2, ACK = 3, USER = 4, WINDOW = 5,
    COMMAND3 = 17, DATA = 18, COMMAND0 = 20 };

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static void
put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static int __attribute__((format(printf, 2, 3)))
fail(struct rtmp *r, const char *fmt, ...)
{
	va_list ap;

	if (r->r_state != RTMP_FAILED) {
		va_start(ap, fmt);
		(void)vsnprintf(r->r_error, sizeof(r->r_error), fmt, ap);
		va_end(ap);
		r->r_state = RTMP_FAILED;
	}
	return -1;
}

static int
out_reserve(struct rtmp *r, size_t len)
{
	size_t cap = r->r_outcap != 0 ? r->r_outcap : 4096;
	uint8_t *p;

	if (len > RTMP_BACKLOG - r->r_outlen)
		return fail(r, "the server does not read");
	while (cap < r->r_outlen + len)
		cap *= 2;
	if (cap == r->r_outcap)
		return 0;
	if ((p = realloc(r->r_out, cap)) == NULL)
		return fail(r, "out of memory");
	r->r_out = p;
	r->r_outcap = cap;
	return 0;
}

static int
out_put(struct rtmp *r, const void *p, size_t len)
{
	if (out_reserve(r, len) == -1)
		return -1;
	memcpy(r->r_out + r->r_outlen, p, len);
	r->r_outlen += len;
	return 0;
}

int
rtmp_flush(struct rtmp *r)
{
	ssize_t n;

	if (r->r_outlen == 0)
		return 0;
	n = send(r->r_fd, r->r_out, r->r_outlen, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n == -1) {
		if (errno == EAGAIN || errno == EINTR || errno == ENOTCONN)
			return 0;
		return fail(r, "send: %s", strerror(errno));
	}
	r->r_outlen -= (size_t)n;
	memmove(r->r_out, r->r_out + n, r->r_outlen);
	if (r->r_outlen == 0 && !r->r_publish) {
		/* thousands of subscribers send next to nothing again */
		free(r->r_out);
		r->r_out = NULL;
		r->r_outcap = 0;
	}
	return 0;
}

static int
queue(struct rtmp *r, struct chunk_out *co, uint8_t type, uint32_t msid,
    uint32_t time, const uint8_t *body, uint32_t len)
{
	if (out_reserve(r, chunk_room(len, r->r_chunk)) == -1)
		return -1;
	r->r_outlen += chunk_put(co, r->r_out + r->r_outlen, r->r_chunk, type,
	    msid, time, body, len);
	return 0;
}

/* Commands and control messages always go with a full header. */
static void
queue_control(struct rtmp *r, uint8_t type, uint32_t msid,
    const uint8_t *body, uint32_t len)
{
	struct chunk_out co = { .co_csid = type >= COMMAND3 ? 3 : 2 };

	(void)queue(r, &co, type, msid, 0, body, len);
}

static void
queue_command(struct rtmp *r, uint32_t msid, const struct command *c)
{
	queue_control(r, COMMAND0, msid, c->c_body, c->c_len);
}

int
rtmp_send(struct rtmp *r, uint8_t type, uint32_t time, const uint8_t *body,
    uint32_t len)
{
	struct chunk_out *co = &r->r_put[RTMP_CONTROL_OUT];

	if (type == MEDIA_AUDIO)
		co = &r->r_put[RTMP_AUDIO_OUT];
	else if (type == MEDIA_VIDEO)
		co = &r->r_put[RTMP_VIDEO_OUT];
	return queue(r, co, type, r->r_msid, time, body, len);
}

void
rtmp_delete(struct rtmp *r)
{
	struct command c;

	command_delete(&c, r->r_msid);
	queue_command(r, 0, &c);
}

static void
send_connect(struct rtmp *r)
{
	struct command c;
	uint8_t size[4];

	put32(size, OUR_CHUNK);
	queue_control(r, SET_CHUNK, 0, size, sizeof(size));
	r->r_chunk = OUR_CHUNK;
	command_connect(&c, r->r_target->t_app, r->r_target->t_url);
	queue_command(r, 0, &c);
	r->r_state = RTMP_CONNECT;
}

static void
got_result(struct rtmp *r, const struct chunk_msg *m, size_t len)
{
	struct command c;

	if (r->r_state == RTMP_CONNECT) {
		command_create(&c);
		queue_command(r, 0, &c);
		r->r_state = RTMP_CREATE;
		return;
	}
	if (r->r_state != RTMP_CREATE ||
	    !command_number(m->cm_head, len, &r->r_msid))
		return;
	if (r->r_publish)
		command_publish(&c, r->r_name);
	else
		command_play(&c, r->r_name);
	queue_command(r, r->r_msid, &c);
	r->r_state = RTMP_START;
}

static void
got_command(struct rtmp *r, const struct chunk_msg *m, size_t len)
{
	char level[16], code[64];

	if (command_is(m->cm_head, len, "_result")) {
		got_result(r, m, len);
		return;
	}
	command_info(m->cm_head, len, "level", level, sizeof(level));
	command_info(m->cm_head, len, "code", code, sizeof(code));
	if (command_is(m->cm_head, len, "_error") ||
	    strcmp(level, "error") == 0)
		(void)fail(r, "refused: %s", code);
	else if (command_is(m->cm_head, len, "onStatus") &&
	    r->r_state == RTMP_START &&
	    (strcmp(code, "NetStream.Play.Start") == 0 ||
	    strcmp(code, "NetStream.Publish.Start") == 0))
		r->r_state = RTMP_LIVE;
}

static void
got_control(struct rtmp *r, const struct chunk_msg *m)
{
	uint32_t v = get32(m->cm_head);
	uint8_t pong[6];

	if (m->cm_len < 4)
		(void)fail(r, "short control message %u", m->cm_type);
	else if (m->cm_type == SET_CHUNK && (v == 0 || v >> 31 != 0))
		(void)fail(r, "chunk size %u", v);
	else if (m->cm_type == SET_CHUNK)
		r->r_in.ci_size = v;
	else if (m->cm_type == ABORT)
		chunk_in_abort(&r->r_in, v);
	else if (m->cm_type == WINDOW)
		r->r_window = v;
	else if (m->cm_type == USER && v >> 16 == 6 && m->cm_len >= 6) {
		memcpy(pong, m->cm_head, sizeof(pong));
		pong[1] = 7;
		queue_control(r, USER, 0, pong, sizeof(pong));
	}
}

static bool
is_media(const struct chunk_msg *m)
{
	return m->cm_type == MEDIA_AUDIO || m->cm_type == MEDIA_VIDEO;
}

static void
on_slice(void *arg, struct chunk_msg *m, uint32_t off, const uint8_t *p,
    size_t n)
{
	struct rtmp *r = arg;

	if (is_media(m) && r->r_media != NULL)
		r->r_media->cs_slice(r->r_arg, m, off, p, n);
}

static void
on_done(void *arg, struct chunk_msg *m)
{
	struct rtmp *r = arg;
	size_t len = m->cm_len < CHUNK_HEAD ? m->cm_len : CHUNK_HEAD;

	if (is_media(m)) {
		if (m->cm_msid != r->r_msid)
			(void)fail(r, "media for stream id %u", m->cm_msid);
		else if (r->r_media != NULL)
			r->r_media->cs_done(r->r_arg, m);
	} else if (m->cm_type < MEDIA_AUDIO && m->cm_type != ACK)
		got_control(r, m);
	else if (m->cm_type == COMMAND0)
		got_command(r, m, len);
}

/* Take handshake bytes: S0, then S1, which is sent back as C2, then S2. */
static int
shake(struct rtmp *r, const uint8_t *p, size_t len, size_t *used)
{
	size_t n, at;

	for (*used = 0; *used < len && r->r_shook < HANDSHAKE; *used += n) {
		at = r->r_shook;
		n = at == 0 ? 1 : (at <= BLOCK ? 1 + BLOCK : HANDSHAKE) - at;
		if (n > len - *used)
			n = len - *used;
		if (at == 0) {
			r->r_s0_ns = r->r_recv_ns;
			if (p[0] != 3)
				return fail(r, "RTMP version %u", p[0]);
		} else if (at <= BLOCK && out_put(r, p + *used, n) == -1)
			return -1;
		r->r_shook += n;
	}
	if (r->r_shook == HANDSHAKE)
		send_connect(r);
	return 0;
}

static int
consume(struct rtmp *r, const uint8_t *p, size_t len)
{
	static const struct chunk_sink sink = { on_slice, on_done };
	size_t used = 0;
	long n;

	if (r->r_state == RTMP_HANDSHAKE && shake(r, p, len, &used) == -1)
		return -1;
	if (r->r_state == RTMP_HANDSHAKE)
		return 0;
	n = chunk_in_feed(&r->r_in, p + used, len - used, &sink, r);
	if (n == -1)
		return fail(r, "%s", r->r_in.ci_error);
	used += (size_t)n;
	r->r_stashed = len - used;
	memcpy(r->r_stash, p + used, r->r_stashed);
	return r->r_state == RTMP_FAILED ? -1 : 0;
}

static void
acknowledge(struct rtmp *r)
{
	uint8_t count[4];

	if (r->r_window == 0 || r->r_received - r->r_acked < r->r_window)
		return;
	put32(count, (uint32_t)r->r_received);
	queue_control(r, ACK, 0, count, sizeof(count));
	r->r_acked = r->r_received;
}

int
rtmp_receive(struct rtmp *r, uint8_t *scratch)
{
	size_t stashed = r->r_stashed;
	ssize_t n;

	/* what is left of the last read goes right before this one */
	memcpy(scratch + CHUNK_HEADER - stashed, r->r_stash, stashed);
	n = recv(r->r_fd, scratch + CHUNK_HEADER, RTMP_SCRATCH - CHUNK_HEADER,
	    MSG_DONTWAIT);
	r->r_recv_ns = now_ns();
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return fail(r, "%s",
		    n == 0 ? "closed by the server" : strerror(errno));
	r->r_received += (uint64_t)n;
	if (consume(r, scratch + CHUNK_HEADER - stashed,
	    stashed + (size_t)n) == -1)
		return -1;
	acknowledge(r);
	return rtmp_flush(r);
}

/* Queue C0 and C1. */
static int
greet(struct rtmp *r)
{
	uint8_t c[1 + BLOCK];

	arc4random_buf(c, sizeof(c));
	c[0] = 3;
	memset(c + 1, 0, 8);
	return out_put(r, c, sizeof(c));
}

int
rtmp_open(struct rtmp *r, const struct rtmp_target *t, const char *name,
    bool publish)
{
	int one = 1;

	r->r_target = t;
	r->r_publish = publish;
	r->r_chunk = 128;
	r->r_put[RTMP_CONTROL_OUT].co_csid = 5;
	r->r_put[RTMP_AUDIO_OUT].co_csid = 4;
	r->r_put[RTMP_VIDEO_OUT].co_csid = 6;
	(void)strlcpy(r->r_name, name, sizeof(r->r_name));
	chunk_in_init(&r->r_in);
	r->r_fd = socket(t->t_addr.ss_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (r->r_fd == -1 || greet(r) == -1)
		return -1;
	(void)setsockopt(r->r_fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	r->r_connect_ns = now_ns();
	if (connect(r->r_fd, (const struct sockaddr *)&t->t_addr,
	    t->t_addrlen) == -1 && errno != EINPROGRESS)
		return -1;
	return 0;
}

void
rtmp_close(struct rtmp *r)
{
	if (r->r_fd != -1)
		(void)close(r->r_fd);
	r->r_fd = -1;
	chunk_in_free(&r->r_in);
	free(r->r_out);
	r->r_out = NULL;
	r->r_outlen = r->r_outcap = 0;
}
