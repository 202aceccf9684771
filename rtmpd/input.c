/* SPDX-License-Identifier: ISC */
/*
 * input.c - bytes from the peer: handshake, chunks, control messages.
 * Media goes on to publish.c, commands to command.c.
 */
#include "conn.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "publish.h"
#include "rtmp/handshake.h"
#include "sys/log.h"

#define WINDOW_MIN	1024	/* acknowledge no more often than this */

/* Take `n` bytes off the front; keep the rest there. */
static void
consume(struct conn *c, size_t n)
{
	c->c_recv_len -= n;
	memmove(c->c_recv, c->c_recv + n, c->c_recv_len);
}

/* Take C0 and C1 off the front and answer. False: more is needed. */
static bool
hello(struct conn *c)
{
	uint8_t answer[HANDSHAKE_S0S1S2];
	const char *why = handshake_refuse(c->c_recv[0]);
	bool digest;

	if (why != NULL) {
		conn_end(c, "handshake", why);
		return false;
	}
	if (c->c_recv_len < HANDSHAKE_C0C1)
		return false;
	arc4random_buf(answer, sizeof(answer));
	digest = handshake_answer(c->c_recv, answer);
	log_debug("handshake peer=%s form=%s", c->c_peer,
	    digest ? "digest" : "simple");
	if (!output_keep(c, answer, sizeof(answer)))
		return false;
	consume(c, HANDSHAKE_C0C1);
	c->c_phase = CONN_ECHO;
	return true;
}

/* C2 is never checked: real clients send what they like. */
static bool
echo(struct conn *c)
{
	if (c->c_recv_len < HANDSHAKE_BLOCK)
		return false;
	consume(c, HANDSHAKE_BLOCK);
	c->c_phase = CONN_CONNECT;
	c->c_idle_since = c->c_now;
	return true;
}

static void
user_control(struct conn *c, const struct rtmp_msg *m)
{
	uint16_t event;
	uint32_t value;

	if (control_get_event(m, &event, &value) != RTMP_OK)
		return;
	log_debug("control peer=%s event=%u value=%u", c->c_peer, event,
	    value);
	if (event != RTMP_PING_REQUEST)
		return;
	if (!ratelimit_pass(&c->c_pings, c->c_conf->cf_max_pings, 1000))
		conn_end(c, "limit", "max-pings");
	else
		output_event(c, RTMP_PING_RESPONSE, value);
}

static void
window(struct conn *c, const struct rtmp_msg *m)
{
	uint32_t bytes;

	if (control_get_u32(m, &bytes) != RTMP_OK)
		return;
	log_debug("window peer=%s bytes=%u", c->c_peer, bytes);
	c->c_window = bytes < WINDOW_MIN ? WINDOW_MIN : bytes;
}

static void
media(struct conn *c, const struct rtmp_msg *m)
{
	struct netstream *ns = netstream_find(c, m->rm_msid);

	if (ns != NULL && ns->ns_publish != NULL)
		publish_message(c, ns, m);
}

static void
dispatch(struct conn *c, const struct rtmp_msg *m)
{
	switch (m->rm_type) {
	case RTMP_AUDIO:
	case RTMP_VIDEO:
	case RTMP_DATA:
	case RTMP_DATA_AMF3:
	case RTMP_AGGREGATE:
		media(c, m);
		break;
	case RTMP_COMMAND:
	case RTMP_COMMAND_AMF3:
		command_handle(c, m);
		break;
	case RTMP_USER_CONTROL:
		user_control(c, m);
		break;
	case RTMP_WINDOW_ACK_SIZE:
		window(c, m);
		break;
	default:	/* chunk.h has dealt with 1 and 2; the rest is ignored */
		break;
	}
}

static void
refuse(struct conn *c, const char *why)
{
	static const char *const limit[] = {
		[CHUNK_OVER_NONE] = NULL,
		[CHUNK_OVER_MESSAGE] = "max-message",
		[CHUNK_OVER_PARTIAL] = "max-partial",
		[CHUNK_OVER_STREAMS] = "max-chunk-streams",
	};
	const char *key = limit[chunk_in_over(c->c_in)];

	conn_end(c, key != NULL ? "limit" : "protocol",
	    key != NULL ? key : why);
}

/* Hand out every whole message, keep the tail. */
static void
messages(struct conn *c)
{
	size_t off = 0, used;
	enum rtmp_result result = RTMP_OK;
	struct rtmp_msg m;
	const char *why;

	while (c->c_end == NULL && result == RTMP_OK) {
		result = chunk_in_next(c->c_in, c->c_recv + off,
		    c->c_recv_len - off, &used, &m, &why);
		off += used;
		if (result == RTMP_OK)
			dispatch(c, &m);
	}
	if (result == RTMP_BAD)
		refuse(c, why);
	consume(c, off);
}

static void
acknowledge(struct conn *c)
{
	uint8_t body[CONTROL_MAX];

	if (c->c_window == 0 || c->c_bytes_in - c->c_acked < c->c_window)
		return;
	c->c_acked = c->c_bytes_in;
	output_control(c, RTMP_ACK, body,
	    control_u32(body, (uint32_t)c->c_bytes_in));
}

static void
parse(struct conn *c)
{
	if (c->c_phase == CONN_HELLO && !hello(c))
		return;
	if (c->c_phase == CONN_ECHO && !echo(c))
		return;
	messages(c);
	acknowledge(c);
}

/* At most `max` bytes. False: there are no more for now. */
static bool
read_some(struct conn *c, size_t max)
{
	size_t room = max - c->c_recv_len;
	ssize_t n = recv(c->c_fd, c->c_recv + c->c_recv_len, room,
	    MSG_DONTWAIT);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		c->c_eof = true;
		conn_end(c, n == 0 ? "peer-closed" : "peer-lost",
		    n == 0 ? NULL : strerror(errno));
		return false;
	}
	c->c_heard = c->c_now;
	c->c_pinged = 0;
	c->c_bytes_in += (uint64_t)n;
	c->c_recv_len += (size_t)n;
	if (!netstream_any(c, ROLE_PUBLISH))
		sock_quick_ack(c->c_fd);
	parse(c);
	return c->c_end == NULL && (size_t)n == room;
}

/* What parse() leaves is part of a handshake or of a header: it fits in
 * either. */
void
input_read(struct conn *c)
{
	size_t total = 0, max;

	do {
		max = netstream_any(c, ROLE_PUBLISH) ? CONN_RECV :
		    CONN_RECV_SMALL;
		total += max;
		c->c_more = read_some(c, max);
	} while (c->c_more && total < CONN_RECV);
}
