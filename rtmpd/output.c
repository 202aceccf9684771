/* SPDX-License-Identifier: ISC */
/*
 * output.c - answers to the peer.
 * They are queued and sent without blocking. A peer that does not read its
 * answers is closed once max-queue bytes of them wait.
 */
#include "conn.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CSID_CONTROL	2	/* RTMP 1.0, 5.4 */
#define CSID_COMMAND	3
#define CSID_STATUS	5

bool
output_sent(struct conn *c, long sent, size_t wanted)
{
	if (sent == -1 && errno == EINTR)
		return false;
	if (sent == -1 && errno != EAGAIN) {
		c->c_eof = true;
		conn_end(c, "peer-lost", strerror(errno));
		return false;
	}
	/* the time of standing still starts when it first blocks */
	if (sent > 0 || !c->c_blocked)
		c->c_progress = c->c_now;
	if (sent > 0)
		c->c_bytes_out += (uint64_t)sent;
	c->c_blocked = sent < (long)wanted;
	return sent > 0;
}

bool
output_flush(struct conn *c)
{
	struct outq *q = &c->c_outq;
	size_t left = q->oq_to - q->oq_from;
	ssize_t n;

	if (left == 0)
		return !c->c_blocked;
	n = send(c->c_fd, q->oq_buf + q->oq_from, left,
	    MSG_DONTWAIT | MSG_NOSIGNAL);
	if (output_sent(c, n, left))
		q->oq_from += (size_t)n;
	left = q->oq_to - q->oq_from;
	if (q->oq_answers > left)
		q->oq_answers = left;
	if (q->oq_from < q->oq_to)
		return false;
	free(q->oq_buf);
	memset(q, 0, sizeof(*q));
	return true;
}

/* Make room for `len` more bytes. */
static uint8_t *
grow(struct outq *q, size_t len)
{
	/* smaller ones malloc(3) would keep when they are freed */
	size_t size = q->oq_size != 0 ? q->oq_size : 2048;
	uint8_t *p;

	if (q->oq_from > 0) {
		memmove(q->oq_buf, q->oq_buf + q->oq_from,
		    q->oq_to - q->oq_from);
		q->oq_to -= q->oq_from;
		q->oq_from = 0;
	}
	while (size - q->oq_to < len)
		size *= 2;
	if (size > q->oq_size) {
		if ((p = realloc(q->oq_buf, size)) == NULL)
			return NULL;
		q->oq_buf = p;
		q->oq_size = size;
	}
	return q->oq_buf + q->oq_to;
}

bool
output_keep(struct conn *c, const void *data, size_t len)
{
	uint8_t *p = grow(&c->c_outq, len);

	if (p == NULL) {
		conn_end(c, "no-memory", NULL);
		return false;
	}
	memcpy(p, data, len);
	c->c_outq.oq_to += len;
	return true;
}

/* Longest encoding: the first header, and 5 bytes for each further chunk. */
static size_t
encoded_max(const struct conn *c, uint32_t len)
{
	return CHUNK_HEADER_MAX + len + 5 * ((size_t)len / c->c_out.co_size);
}

/* Returns how many bytes that made. */
static size_t
encode(struct conn *c, const struct rtmp_msg *m)
{
	size_t room = encoded_max(c, m->rm_len), n;
	uint8_t *p = grow(&c->c_outq, room);

	if (p == NULL) {
		conn_end(c, "no-memory", NULL);
		return 0;
	}
	n = chunk_out_message(&c->c_out, m, p, room);
	c->c_outq.oq_to += n;
	return n;
}

void
output_media(struct conn *c, const struct rtmp_msg *m)
{
	(void)encode(c, m);
}

void
output_message(struct conn *c, const struct rtmp_msg *m)
{
	c->c_outq.oq_answers += encode(c, m);
	if (c->c_outq.oq_answers > c->c_conf->cf_max_queue)
		conn_end(c, "limit", "max-queue");
}

void
output_control(struct conn *c, uint8_t type, const uint8_t *body, size_t len)
{
	struct rtmp_msg m = {
		.rm_type = type, .rm_csid = CSID_CONTROL,
		.rm_data = body, .rm_len = (uint32_t)len,
	};

	output_message(c, &m);
}

void
output_event(struct conn *c, enum rtmp_event event, uint32_t value)
{
	uint8_t body[CONTROL_MAX];

	output_control(c, RTMP_USER_CONTROL, body,
	    control_event(body, event, value));
}

void
output_status(struct conn *c, uint32_t msid, const char *level,
    const char *code, const char *description, const char *name)
{
	uint8_t body[REPLY_MAX];
	struct amf_out out;
	struct rtmp_msg m = {
		.rm_type = RTMP_COMMAND, .rm_csid = CSID_STATUS,
		.rm_msid = msid, .rm_data = body,
	};

	log_debug("status peer=%s msid=%u level=%s code=%s", c->c_peer, msid,
	    level, code);
	amf_out_init(&out, body, sizeof(body));
	reply_status(&out, level, code, description, name);
	m.rm_len = (uint32_t)out.ao_len;
	output_message(c, &m);
}
