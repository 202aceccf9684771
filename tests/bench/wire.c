/* SPDX-License-Identifier: ISC */
/*
 * wire.c - handshake, chunks and control messages of either end. Media payload
 * is passed on in place, without a copy.
 */
#include "wire.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "command.h"
#include "media.h"
#include "now.h"

#define BLOCK		1536		/* bytes of C1, S1, C2 and S2 */
#define HANDSHAKE	(1 + 2 * BLOCK)

enum { SET_CHUNK = 1, ABORT = 2, ACK = 3, USER = 4, WINDOW = 5 };

int
wire_fail(struct wire *w, const char *fmt, ...)
{
	va_list ap;

	if (!w->w_failed) {
		va_start(ap, fmt);
		(void)vsnprintf(w->w_error, sizeof(w->w_error), fmt, ap);
		va_end(ap);
		w->w_failed = true;
	}
	return -1;
}

static int
out_reserve(struct wire *w, size_t len)
{
	size_t cap = w->w_outcap != 0 ? w->w_outcap : 4096;
	uint8_t *p;

	if (len > WIRE_BACKLOG - w->w_outlen)
		return wire_fail(w, "the peer does not read");
	while (cap < w->w_outlen + len)
		cap *= 2;
	if (cap == w->w_outcap)
		return 0;
	if ((p = realloc(w->w_out, cap)) == NULL)
		return wire_fail(w, "out of memory");
	w->w_out = p;
	w->w_outcap = cap;
	return 0;
}

int
wire_put(struct wire *w, const void *p, size_t len)
{
	if (out_reserve(w, len) == -1)
		return -1;
	memcpy(w->w_out + w->w_outlen, p, len);
	w->w_outlen += len;
	return 0;
}

/* Bytes that the socket took, 0 if it takes none now, -1 on failure. */
static ssize_t
send_some(struct wire *w, const uint8_t *p, size_t len)
{
	ssize_t n;

	n = send(w->w_fd, p, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n == -1) {
		if (errno == EAGAIN || errno == EINTR || errno == ENOTCONN)
			return 0;
		return wire_fail(w, "send: %s", strerror(errno));
	}
	return n;
}

int
wire_flush(struct wire *w)
{
	ssize_t n;

	if (w->w_outlen == 0)
		return 0;
	if ((n = send_some(w, w->w_out, w->w_outlen)) == -1)
		return -1;
	w->w_outlen -= (size_t)n;
	memmove(w->w_out, w->w_out + n, w->w_outlen);
	if (w->w_outlen == 0 && !w->w_keep) {
		/* thousands of subscribers queue next to nothing again */
		free(w->w_out);
		w->w_out = NULL;
		w->w_outcap = 0;
	}
	return 0;
}

int
wire_write(struct wire *w, const uint8_t *p, size_t len)
{
	ssize_t n = 0;

	if (w->w_outlen == 0 && (n = send_some(w, p, len)) == -1)
		return -1;
	return (size_t)n == len ? 0 : wire_put(w, p + n, len - (size_t)n);
}

int
wire_queue(struct wire *w, struct chunk_out *co, uint8_t type, uint32_t msid,
    uint32_t time, const uint8_t *body, uint32_t len)
{
	if (out_reserve(w, chunk_room(len, w->w_chunk)) == -1)
		return -1;
	w->w_outlen += chunk_put(co, w->w_out + w->w_outlen, w->w_chunk, type,
	    msid, time, body, len);
	return 0;
}

void
wire_control(struct wire *w, uint8_t type, uint32_t msid, const uint8_t *body,
    uint32_t len)
{
	struct chunk_out co = { .co_csid = type >= COMMAND_AMF3 ? 3 : 2 };

	(void)wire_queue(w, &co, type, msid, 0, body, len);
}

void
wire_set_chunk(struct wire *w, uint32_t size)
{
	uint8_t body[4];

	(void)put32(body, size);
	wire_control(w, SET_CHUNK, 0, body, sizeof(body));
	w->w_chunk = size;
}

static void
got_control(struct wire *w, const struct chunk_msg *m)
{
	uint32_t v = get32(m->cm_head);
	uint8_t pong[6];

	if (m->cm_len < 4)
		(void)wire_fail(w, "short control message %u", m->cm_type);
	else if (m->cm_type == SET_CHUNK && (v == 0 || v >> 31 != 0))
		(void)wire_fail(w, "chunk size %u", v);
	else if (m->cm_type == SET_CHUNK)
		w->w_in.ci_size = v;
	else if (m->cm_type == ABORT)
		chunk_in_abort(&w->w_in, v);
	else if (m->cm_type == WINDOW)
		w->w_window = v;
	else if (m->cm_type == USER && v >> 16 == 6 && m->cm_len >= 6) {
		memcpy(pong, m->cm_head, sizeof(pong));
		pong[1] = 7;
		wire_control(w, USER, 0, pong, sizeof(pong));
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
	struct wire *w = arg;

	if (is_media(m) && w->w_media != NULL)
		w->w_media->cs_slice(w->w_arg, m, off, p, n);
}

static void
on_done(void *arg, struct chunk_msg *m)
{
	struct wire *w = arg;
	size_t len = m->cm_len < CHUNK_HEAD ? m->cm_len : CHUNK_HEAD;

	if (is_media(m)) {
		if (m->cm_msid != w->w_msid)
			(void)wire_fail(w, "media for stream id %u",
			    m->cm_msid);
		else if (w->w_media != NULL)
			w->w_media->cs_done(w->w_arg, m);
	} else if (m->cm_type < MEDIA_AUDIO && m->cm_type != ACK)
		got_control(w, m);
	else if (m->cm_type == COMMAND_AMF0)
		w->w_does->wo_command(w->w_owner, m, len);
}

/*
 * Take handshake bytes: the version, then C1 or S1, which is sent back as S2
 * or C2, then what the peer sends back.
 */
static int
shake(struct wire *w, const uint8_t *p, size_t len, size_t *used)
{
	size_t n, at;

	for (*used = 0; *used < len && w->w_shook < HANDSHAKE; *used += n) {
		at = w->w_shook;
		n = at == 0 ? 1 : (at <= BLOCK ? 1 + BLOCK : HANDSHAKE) - at;
		if (n > len - *used)
			n = len - *used;
		if (at == 0) {
			w->w_shook_ns = w->w_recv_ns;
			if (p[0] != 3)
				return wire_fail(w, "RTMP version %u", p[0]);
			if (w->w_server && wire_greet(w) == -1)
				return -1;
		} else if (at <= BLOCK && wire_put(w, p + *used, n) == -1)
			return -1;
		w->w_shook += n;
	}
	if (w->w_shook == HANDSHAKE)
		w->w_does->wo_shook(w->w_owner);
	return 0;
}

static int
consume(struct wire *w, const uint8_t *p, size_t len)
{
	static const struct chunk_sink sink = { on_slice, on_done };
	size_t used = 0;
	long n;

	if (w->w_shook < HANDSHAKE && shake(w, p, len, &used) == -1)
		return -1;
	if (w->w_shook < HANDSHAKE)
		return 0;
	n = chunk_in_feed(&w->w_in, p + used, len - used, &sink, w);
	if (n == -1)
		return wire_fail(w, "%s", w->w_in.ci_error);
	used += (size_t)n;
	w->w_stashed = len - used;
	memcpy(w->w_stash, p + used, w->w_stashed);
	return w->w_failed ? -1 : 0;
}

static void
acknowledge(struct wire *w)
{
	uint8_t count[4];

	if (w->w_window == 0 || w->w_received - w->w_acked < w->w_window)
		return;
	(void)put32(count, (uint32_t)w->w_received);
	wire_control(w, ACK, 0, count, sizeof(count));
	w->w_acked = w->w_received;
}

int
wire_receive(struct wire *w, uint8_t *scratch)
{
	size_t stashed = w->w_stashed;
	ssize_t n;

	/* what is left of the last read goes right before this one */
	memcpy(scratch + CHUNK_HEADER - stashed, w->w_stash, stashed);
	n = recv(w->w_fd, scratch + CHUNK_HEADER, WIRE_SCRATCH - CHUNK_HEADER,
	    MSG_DONTWAIT);
	w->w_recv_ns = now_ns();
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return wire_fail(w, "%s",
		    n == 0 ? "closed by the peer" : strerror(errno));
	w->w_received += (uint64_t)n;
	if (consume(w, scratch + CHUNK_HEADER - stashed,
	    stashed + (size_t)n) == -1)
		return -1;
	acknowledge(w);
	return wire_flush(w);
}

int
wire_greet(struct wire *w)
{
	uint8_t c[1 + BLOCK];

	arc4random_buf(c, sizeof(c));
	c[0] = 3;
	memset(c + 1, 0, 8);
	return wire_put(w, c, sizeof(c));
}

void
wire_init(struct wire *w, int fd, bool server, const struct wire_owner *does,
    void *owner)
{
	w->w_fd = fd;
	w->w_server = server;
	w->w_chunk = 128;
	w->w_does = does;
	w->w_owner = owner;
	chunk_in_init(&w->w_in);
}

void
wire_close(struct wire *w)
{
	if (w->w_fd != -1)
		(void)close(w->w_fd);
	w->w_fd = -1;
	chunk_in_free(&w->w_in);
	free(w->w_out);
	w->w_out = NULL;
	w->w_outlen = w->w_outcap = 0;
}
