/* SPDX-License-Identifier: ISC */
/*
 * rtmp.c - the bench's RTMP client: the dialogue of commands up to a stream
 * that is published or played.
 */
#include "rtmp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "command.h"
#include "media.h"
#include "now.h"

#define OUR_CHUNK	4096

static void
send_command(struct rtmp *r, uint32_t msid, const struct command *c)
{
	wire_control(&r->r_wire, COMMAND_AMF0, msid, c->c_body, c->c_len);
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
	return wire_queue(&r->r_wire, co, type, r->r_wire.w_msid, time, body,
	    len);
}

void
rtmp_delete(struct rtmp *r)
{
	struct command c;

	command_delete(&c, r->r_wire.w_msid);
	send_command(r, 0, &c);
}

static void
on_shook(void *owner)
{
	struct rtmp *r = owner;
	struct command c;

	wire_set_chunk(&r->r_wire, OUR_CHUNK);
	command_connect(&c, r->r_target->t_app, r->r_target->t_url);
	send_command(r, 0, &c);
	r->r_state = RTMP_CONNECT;
}

static void
got_result(struct rtmp *r, const struct chunk_msg *m, size_t len)
{
	struct command c;

	if (r->r_state == RTMP_CONNECT) {
		command_create(&c);
		send_command(r, 0, &c);
		r->r_state = RTMP_CREATE;
		return;
	}
	if (r->r_state != RTMP_CREATE ||
	    !command_number(m->cm_head, len, &r->r_wire.w_msid))
		return;
	if (r->r_publish)
		command_publish(&c, r->r_name);
	else
		command_play(&c, r->r_name);
	send_command(r, r->r_wire.w_msid, &c);
	r->r_state = RTMP_START;
}

static void
on_command(void *owner, const struct chunk_msg *m, size_t len)
{
	struct rtmp *r = owner;
	char level[16], code[64];

	if (command_is(m->cm_head, len, "_result")) {
		got_result(r, m, len);
		return;
	}
	command_info(m->cm_head, len, "level", level, sizeof(level));
	command_info(m->cm_head, len, "code", code, sizeof(code));
	if (command_is(m->cm_head, len, "_error") ||
	    strcmp(level, "error") == 0)
		(void)wire_fail(&r->r_wire, "refused: %s", code);
	else if (command_is(m->cm_head, len, "onStatus") &&
	    r->r_state == RTMP_START &&
	    (strcmp(code, "NetStream.Play.Start") == 0 ||
	    strcmp(code, "NetStream.Publish.Start") == 0))
		r->r_state = RTMP_LIVE;
}

int
rtmp_open(struct rtmp *r, const struct rtmp_target *t, const char *name,
    bool publish)
{
	static const struct wire_owner does = { on_shook, on_command };
	int fd, one = 1;

	r->r_target = t;
	r->r_publish = publish;
	r->r_put[RTMP_CONTROL_OUT].co_csid = 5;
	r->r_put[RTMP_AUDIO_OUT].co_csid = 4;
	r->r_put[RTMP_VIDEO_OUT].co_csid = 6;
	(void)strlcpy(r->r_name, name, sizeof(r->r_name));
	fd = socket(t->t_addr.ss_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	wire_init(&r->r_wire, fd, false, &does, r);
	r->r_wire.w_keep = publish;
	if (fd == -1 || wire_greet(&r->r_wire) == -1)
		return -1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	r->r_connect_ns = now_ns();
	if (connect(fd, (const struct sockaddr *)&t->t_addr,
	    t->t_addrlen) == -1 && errno != EINPROGRESS)
		return -1;
	return 0;
}
