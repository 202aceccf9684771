/* SPDX-License-Identifier: ISC */
/*
 * floor_peer.c - the server's side of the dialogue, as far as a publisher or a
 * subscriber of one stream needs it. Metadata is not passed on.
 */
#include "floor_peer.h"

#include <sys/epoll.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "floor_stream.h"
#include "now.h"

static void
peer_close(struct peer *p)
{
	struct stream *st = p->pe_stream;

	if (p->pe_wire.w_fd == -1)
		return;
	/* a process that has the socket too would keep it polled */
	(void)epoll_ctl(p->pe_floor->fl_epoll, EPOLL_CTL_DEL, p->pe_wire.w_fd,
	    NULL);
	wire_close(&p->pe_wire);
	p->pe_stream = NULL;
	if (st != NULL && p->pe_publishes) {
		st->st_publisher = NULL;
		stream_rewind(st);
	} else if (st != NULL)
		stream_leave(st, p);
	p->pe_next = p->pe_floor->fl_dead;
	p->pe_floor->fl_dead = p;
}

void
peer_bury(struct floor *fl)
{
	struct peer *p;

	while ((p = fl->fl_dead) != NULL) {
		fl->fl_dead = p->pe_next;
		free(p->pe_body);
		free(p);
	}
}

/* Poll for writing while something waits; closes p if it has failed. */
static void
peer_settle(struct peer *p)
{
	struct epoll_event ev = { .data.ptr = p };
	int op = p->pe_events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

	ev.events = EPOLLIN | (wire_pending(&p->pe_wire) ? EPOLLOUT : 0);
	if (!p->pe_wire.w_failed && ev.events != p->pe_events &&
	    epoll_ctl(p->pe_floor->fl_epoll, op, p->pe_wire.w_fd, &ev) == -1)
		(void)wire_fail(&p->pe_wire, "epoll_ctl");
	p->pe_events = ev.events;
	if (p->pe_wire.w_failed)
		peer_close(p);
}

static void
on_slice(void *arg, struct chunk_msg *m, uint32_t off, const uint8_t *bytes,
    size_t n)
{
	struct peer *p = arg;
	uint8_t *body;

	if (m->cm_len > p->pe_cap) {
		if ((body = realloc(p->pe_body, m->cm_len)) == NULL) {
			(void)wire_fail(&p->pe_wire, "out of memory");
			return;
		}
		p->pe_body = body;
		p->pe_cap = m->cm_len;
	}
	memcpy(p->pe_body + off, bytes, n);
}

static void
on_done(void *arg, struct chunk_msg *m)
{
	struct peer *p = arg;

	if (p->pe_wire.w_failed || !p->pe_publishes)
		return;
	if (stream_append(p->pe_stream, m->cm_type, m->cm_time, p->pe_body,
	    m->cm_len) == -1)
		(void)wire_fail(&p->pe_wire, "out of memory");
	else if (p->pe_floor->fl_hold == 0)
		stream_flush(p->pe_stream, p->pe_wire.w_recv_ns);
}

static void
on_shook(void *owner)
{
	struct peer *p = owner;

	wire_set_chunk(&p->pe_wire, STREAM_CHUNK);
}

static void
answer(struct peer *p, uint32_t msid, const struct command *c)
{
	wire_control(&p->pe_wire, COMMAND_AMF0, msid, c->c_body, c->c_len);
}

static void
begin_publish(struct peer *p, struct stream *st)
{
	struct command c;

	if (st->st_publisher != NULL) {
		(void)wire_fail(&p->pe_wire, "the stream has a publisher");
		return;
	}
	st->st_publisher = p;
	p->pe_stream = st;
	p->pe_publishes = true;
	command_status(&c, "NetStream.Publish.Start");
	answer(p, STREAM_MSID, &c);
}

static void
begin_play(struct peer *p, struct stream *st)
{
	struct command c;

	command_status(&c, "NetStream.Play.Start");
	answer(p, STREAM_MSID, &c);
	if (stream_join(st, p) == -1)
		(void)wire_fail(&p->pe_wire, "out of memory");
	else if (p->pe_floor->fl_sets > 0)
		(void)wire_fail(&p->pe_wire, "a process of its own has it");
	else
		p->pe_stream = st;
}

static void
begin_stream(struct peer *p, const struct chunk_msg *m, size_t len,
    void (*begin)(struct peer *, struct stream *))
{
	char name[WIRE_TEXT];
	struct stream *st;

	if (p->pe_stream != NULL ||
	    !command_stream(m->cm_head, len, name, sizeof(name)))
		(void)wire_fail(&p->pe_wire, "not a stream that can be had");
	else if ((st = stream_get(name, p->pe_floor->fl_sets)) == NULL)
		(void)wire_fail(&p->pe_wire, "out of memory");
	else
		begin(p, st);
}

static void
on_command(void *owner, const struct chunk_msg *m, size_t len)
{
	struct peer *p = owner;
	const uint8_t *cmd = m->cm_head;
	struct command c;

	if (command_is(cmd, len, "connect")) {
		command_connected(&c, command_txn(cmd, len));
		answer(p, 0, &c);
	} else if (command_is(cmd, len, "createStream")) {
		command_created(&c, command_txn(cmd, len), STREAM_MSID);
		answer(p, 0, &c);
	} else if (command_is(cmd, len, "publish"))
		begin_stream(p, m, len, begin_publish);
	else if (command_is(cmd, len, "play"))
		begin_stream(p, m, len, begin_play);
	else if (command_is(cmd, len, "deleteStream"))
		(void)wire_fail(&p->pe_wire, "the peer has finished");
}

void
peer_open(struct floor *fl, int fd)
{
	static const struct chunk_sink sink = { on_slice, on_done };
	static const struct wire_owner does = { on_shook, on_command };
	struct peer *p;
	int one = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if ((p = calloc(1, sizeof(*p))) == NULL) {
		(void)close(fd);
		return;
	}
	p->pe_floor = fl;
	wire_init(&p->pe_wire, fd, true, &does, p);
	p->pe_wire.w_msid = STREAM_MSID;
	p->pe_wire.w_media = &sink;
	p->pe_wire.w_arg = p;
	peer_settle(p);
}

void
peer_event(struct peer *p, uint32_t events)
{
	if (p->pe_wire.w_fd == -1)
		return;
	if ((events & ~(uint32_t)EPOLLOUT) != 0)
		(void)wire_receive(&p->pe_wire, p->pe_floor->fl_scratch);
	if ((events & EPOLLOUT) != 0 && !p->pe_wire.w_failed)
		(void)wire_flush(&p->pe_wire);
	peer_settle(p);
}

void
peer_write(struct peer *p, const uint8_t *bytes, size_t len)
{
	(void)wire_write(&p->pe_wire, bytes, len);
	if (p->pe_wire.w_failed || wire_pending(&p->pe_wire))
		peer_settle(p);
}
