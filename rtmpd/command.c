/* SPDX-License-Identifier: ISC */
/*
 * command.c - what the peer asks for (RTMP 1.0, 7.2).
 * Whatever real clients wait for is answered; what is unknown is answered
 * with an error and survived.
 */
#include "conn.h"

#include <string.h>

#include "play.h"
#include "publish.h"
#include "sys/log.h"

#define CSID_COMMAND	3
#define WINDOW_SIZE	2500000	/* what we ask the peer to acknowledge by */

static void
send_reply(struct conn *c, uint32_t msid, const struct amf_out *out)
{
	struct rtmp_msg m = {
		.rm_type = RTMP_COMMAND, .rm_csid = CSID_COMMAND,
		.rm_msid = msid, .rm_data = out->ao_buf,
		.rm_len = (uint32_t)out->ao_len,
	};

	if (out->ao_full)
		panic("reply of over %zu bytes", out->ao_size);
	output_message(c, &m);
}

/* _result or _error with nothing to say, where the peer waits for one. */
static void
answer_null(struct conn *c, const struct command *cmd)
{
	uint8_t body[REPLY_MAX];
	struct amf_out out;

	if (cmd->c_txn == 0)
		return;
	amf_out_init(&out, body, sizeof(body));
	reply_null(&out, cmd->c_txn);
	send_reply(c, 0, &out);
}

static void
answer_number(struct conn *c, const struct command *cmd, double value)
{
	uint8_t body[REPLY_MAX];
	struct amf_out out;

	if (cmd->c_txn == 0)
		return;
	amf_out_init(&out, body, sizeof(body));
	reply_number(&out, cmd->c_txn, value);
	send_reply(c, 0, &out);
}

static void
answer_error(struct conn *c, const struct command *cmd, const char *code,
    const char *description)
{
	uint8_t body[REPLY_MAX];
	struct amf_out out;

	if (cmd->c_txn == 0)
		return;
	amf_out_init(&out, body, sizeof(body));
	reply_error(&out, cmd->c_txn, code, description);
	send_reply(c, 0, &out);
}

static void
send_greeting(struct conn *c)
{
	uint8_t body[CONTROL_MAX];

	output_control(c, RTMP_WINDOW_ACK_SIZE, body,
	    control_u32(body, WINDOW_SIZE));
	output_control(c, RTMP_PEER_BANDWIDTH, body,
	    control_peer_bandwidth(body, WINDOW_SIZE));
	output_control(c, RTMP_SET_CHUNK_SIZE, body,
	    control_u32(body, c->c_conf->cf_chunk_size));
	c->c_out.co_size = c->c_conf->cf_chunk_size;
}

static void
do_connect(struct conn *c, const struct command *cmd)
{
	struct command_connect args;
	uint8_t body[REPLY_MAX];
	char app[LOG_TEXT_MAX], program[LOG_TEXT_MAX];
	struct amf_out out;

	if (c->c_phase == CONN_READY) {
		answer_error(c, cmd, "NetConnection.Connect.Failed",
		    "Already connected");
		return;
	}
	amf_out_init(&out, body, sizeof(body));
	if (command_connect(cmd, &args) != RTMP_OK) {
		reply_connect_rejected(&out, cmd->c_txn,
		    "NetConnection.Connect.Rejected", "Malformed connect");
		send_reply(c, 0, &out);
		conn_end(c, "protocol", "malformed connect");
		return;
	}
	/* no query in the log: it holds secrets */
	args.cc_app[strcspn(args.cc_app, "?")] = '\0';
	if ((c->c_app = strdup(args.cc_app)) == NULL) {
		conn_end(c, "no-memory", NULL);
		return;
	}
	c->c_conf = conf_for(c->c_set, c->c_app + strspn(c->c_app, "/"));
	strlcpy(c->c_program, args.cc_flashver, sizeof(c->c_program));
	send_greeting(c);
	reply_connect(&out, cmd->c_txn, args.cc_encoding);
	send_reply(c, 0, &out);
	c->c_phase = CONN_READY;
	c->c_may_reconnect = (args.cc_caps & CAPS_RECONNECT) != 0;
	log_often("connect peer=%s app=%s program=%s", c->c_peer,
	    log_text(c->c_app, app), log_text(c->c_program, program));
}

void
command_reconnect(struct conn *c)
{
	uint8_t body[REPLY_MAX];
	struct amf_out out;

	if (!c->c_may_reconnect)
		return;
	amf_out_init(&out, body, sizeof(body));
	reply_reconnect(&out, c->c_conf->cf_drain_url);
	send_reply(c, 0, &out);
	log_info("reconnect-request peer=%s", c->c_peer);
}

/* A limit of the configuration: name it to both sides, and end. */
static void
over_limit(struct conn *c, const struct command *cmd, const char *key)
{
	answer_error(c, cmd, "NetConnection.Call.Failed", key);
	conn_end(c, "limit", key);
}

static void
do_create_stream(struct conn *c, const struct command *cmd)
{
	struct netstream *ns = netstream_create(c);

	if (ns == NULL)
		over_limit(c, cmd, "max-message-streams");
	else
		answer_number(c, cmd, ns->ns_msid);
}

/* Refuse a publish or play: tell why, and end as clients expect. */
static void
refuse(struct conn *c, uint32_t msid, const char *code, const char *why)
{
	output_status(c, msid, "error", code, why, NULL);
	conn_end(c, "refused", why);
}

/*
 * The stream that publish or play is about, with its name. NULL: refused.
 */
static struct netstream *
wish(struct conn *c, const struct rtmp_msg *m, const struct command *cmd,
    const char *code, char name[STREAM_NAME_MAX])
{
	struct netstream *ns = netstream_find(c, m->rm_msid);
	char text[COMMAND_TEXT], app[LOG_TEXT_MAX], safe[LOG_TEXT_MAX];
	const char *why = "no stream name";
	enum rtmp_result r;

	if (ns == NULL) {
		refuse(c, m->rm_msid, code, "no such message stream");
		return NULL;
	}
	if ((r = command_name(cmd, text, sizeof(text))) == RTMP_OK)
		why = name_make(c->c_app, text, name);
	else {
		text[0] = '\0';
		if (r == RTMP_BAD)
			why = "the name is too long, or has a NUL in it";
	}
	if (why == NULL) {
		/* as the hub sees it, which knows only the name */
		c->c_conf = conf_for(c->c_set, name);
		return ns;
	}
	text[strcspn(text, "?")] = '\0';
	log_often("refused peer=%s role=%s app=%s name=%s reason=name",
	    c->c_peer, cmd->c_id == CMD_PUBLISH ? "publish" : "play",
	    log_text(c->c_app, app), log_text(text, safe));
	refuse(c, ns->ns_msid, code, why);
	return NULL;
}

/* Is the peer on the list that `key`, allow-publish or allow-play, is? */
static bool
allowed(struct conn *c, const struct netstream *ns,
    const struct prefix_list *pl, const char *key, const char *code,
    const char *name)
{
	char text[LOG_TEXT_MAX];

	if (prefix_list_has(pl, c->c_host))
		return true;
	log_often("refused stream=%s peer=%s role=%s reason=denied detail=%s",
	    log_text(name, text), c->c_peer, key + strlen("allow-"), key);
	output_status(c, ns->ns_msid, "error", code,
	    "Not allowed from this address", name);
	conn_end(c, "limit", key);
	return false;
}

static void
do_publish(struct conn *c, const struct rtmp_msg *m,
    const struct command *cmd)
{
	struct netstream *ns = netstream_find(c, m->rm_msid);
	char name[STREAM_NAME_MAX];
	bool on;

	if (command_boolean(cmd, &on) == RTMP_OK && !on) {
		if (ns != NULL)
			netstream_leave(c, ns);
		return;
	}
	ns = wish(c, m, cmd, "NetStream.Publish.BadName", name);
	if (ns == NULL)
		return;
	if (ns->ns_role != ROLE_NONE) {
		refuse(c, ns->ns_msid, "NetStream.Publish.BadName",
		    "the message stream is in use");
		return;
	}
	if (allowed(c, ns, &c->c_conf->cf_allow_publish, "allow-publish",
	    "NetStream.Publish.Denied", name))
		netstream_begin(c, ns, ROLE_PUBLISH, name);
	else
		c->c_denied++;
}

static void
do_play(struct conn *c, const struct rtmp_msg *m, const struct command *cmd)
{
	char name[STREAM_NAME_MAX];
	struct netstream *ns;

	ns = wish(c, m, cmd, "NetStream.Play.Failed", name);
	if (ns == NULL)
		return;
	if (ns->ns_role == ROLE_PUBLISH) {
		refuse(c, ns->ns_msid, "NetStream.Play.Failed",
		    "the message stream is publishing");
		return;
	}
	if (!allowed(c, ns, &c->c_conf->cf_allow_play, "allow-play",
	    "NetStream.Play.Failed", name))
		return;
	netstream_leave(c, ns);
	netstream_begin(c, ns, ROLE_PLAY, name);
}

static void
do_delete_stream(struct conn *c, const struct rtmp_msg *m,
    const struct command *cmd)
{
	struct netstream *ns;
	double msid;

	if (command_number(cmd, &msid) != RTMP_OK ||
	    !(msid >= 0 && msid <= UINT32_MAX))
		msid = m->rm_msid;
	ns = netstream_find(c, (uint32_t)msid);
	if (ns == NULL)
		return;
	netstream_leave(c, ns);
	ns->ns_open = false;
}

static void
do_close_stream(struct conn *c, const struct rtmp_msg *m)
{
	struct netstream *ns = netstream_find(c, m->rm_msid);

	if (ns != NULL)
		netstream_leave(c, ns);
}

/* Names a stream rather than a message stream: unpublish the one so called. */
static void
do_fc_unpublish(struct conn *c, const struct command *cmd)
{
	char text[COMMAND_TEXT], name[STREAM_NAME_MAX];
	struct netstream *ns;

	answer_null(c, cmd);
	if (command_name(cmd, text, sizeof(text)) != RTMP_OK ||
	    name_make(c->c_app, text, name) != NULL)
		return;
	FOREACH_STREAM(ns, c)
		if (ns->ns_role == ROLE_PUBLISH &&
		    strcmp(ns->ns_name, name) == 0) {
			output_status(c, ns->ns_msid, "status",
			    "NetStream.Unpublish.Success", "Stop publishing",
			    name);
			netstream_leave(c, ns);
		}
}

static void
do_fc_publish(struct conn *c, const struct command *cmd, const char *callback)
{
	uint8_t body[REPLY_MAX];
	struct amf_out out;
	char text[COMMAND_TEXT];

	answer_null(c, cmd);
	if (command_name(cmd, text, sizeof(text)) != RTMP_OK)
		return;
	amf_out_init(&out, body, sizeof(body));
	reply_fc(&out, callback, "NetStream.Publish.Start", text);
	send_reply(c, 0, &out);
}

static void
do_pause(struct conn *c, const struct rtmp_msg *m, const struct command *cmd)
{
	struct netstream *ns = netstream_find(c, m->rm_msid);
	bool on;

	answer_null(c, cmd);
	if (ns != NULL && command_boolean(cmd, &on) == RTMP_OK)
		play_pause(c, ns, on);
}

static void
do_receive(struct conn *c, const struct rtmp_msg *m,
    const struct command *cmd, uint8_t type)
{
	struct netstream *ns = netstream_find(c, m->rm_msid);
	bool on;

	if (ns != NULL && command_boolean(cmd, &on) == RTMP_OK)
		play_receive(c, ns, type, on);
}

/* There is nothing to seek in; level "error" would end ffmpeg. */
static void
do_seek(struct conn *c, const struct rtmp_msg *m, const struct command *cmd)
{
	answer_null(c, cmd);
	output_status(c, m->rm_msid, "status", "NetStream.Seek.Failed",
	    "The stream is live", NULL);
}

static void
do_unknown(struct conn *c, const struct command *cmd)
{
	answer_error(c, cmd, "NetConnection.Call.Failed", "Unknown command");
}

static void
ready(struct conn *c, const struct rtmp_msg *m, const struct command *cmd)
{
	switch (cmd->c_id) {
	case CMD_CREATE_STREAM:
		do_create_stream(c, cmd);
		break;
	case CMD_PUBLISH:
		do_publish(c, m, cmd);
		break;
	case CMD_PLAY:
	case CMD_PLAY2:
		do_play(c, m, cmd);
		break;
	case CMD_CLOSE_STREAM:
		do_close_stream(c, m);
		break;
	case CMD_DELETE_STREAM:
		do_delete_stream(c, m, cmd);
		break;
	case CMD_FC_PUBLISH:
		do_fc_publish(c, cmd, "onFCPublish");
		break;
	case CMD_FC_SUBSCRIBE:
		do_fc_publish(c, cmd, "onFCSubscribe");
		break;
	case CMD_FC_UNPUBLISH:
		do_fc_unpublish(c, cmd);
		break;
	case CMD_RELEASE_STREAM:
	case CMD_CHECK_BW:
		answer_null(c, cmd);
		break;
	case CMD_PAUSE:
		do_pause(c, m, cmd);
		break;
	case CMD_SEEK:
		do_seek(c, m, cmd);
		break;
	case CMD_RECEIVE_AUDIO:
		do_receive(c, m, cmd, RTMP_AUDIO);
		break;
	case CMD_RECEIVE_VIDEO:
		do_receive(c, m, cmd, RTMP_VIDEO);
		break;
	case CMD_GET_STREAM_LENGTH:
		answer_number(c, cmd, 0);	/* live has none */
		break;
	case CMD_RESULT:
		break;
	default:
		do_unknown(c, cmd);
		break;
	}
}

/* The limit that a command is over, NULL if it is within all. */
static const char *
limit_of(struct conn *c, const struct rtmp_msg *m)
{
	const struct conf *cf = c->c_conf;

	if (!ratelimit_pass(&c->c_commands, cf->cf_max_commands, 1000))
		return "max-commands";
	if (m->rm_len > cf->cf_max_command)
		return "max-command";
	if (command_too_deep(m, (int)cf->cf_max_amf_depth))
		return "max-amf-depth";
	return NULL;
}

void
command_handle(struct conn *c, const struct rtmp_msg *m)
{
	const char *limit = limit_of(c, m);
	struct command cmd;
	char name[COMMAND_TEXT], safe[LOG_TEXT_MAX];

	if (command_parse(m, &cmd) != RTMP_OK) {
		conn_end(c, limit != NULL ? "limit" : "protocol",
		    limit != NULL ? limit : "malformed command");
		return;
	}
	if (limit != NULL) {
		over_limit(c, &cmd, limit);
		return;
	}
	if (log_is_verbose() &&
	    amf_str_copy(&cmd.c_name, name, sizeof(name)) == RTMP_OK)
		log_debug("command peer=%s name=%s txn=%g msid=%u", c->c_peer,
		    log_text(name, safe), cmd.c_txn, m->rm_msid);
	if (cmd.c_id == CMD_CONNECT)
		do_connect(c, &cmd);
	else if (c->c_phase == CONN_READY)
		ready(c, m, &cmd);
	else
		conn_end(c, "protocol", "command before connect");
}
