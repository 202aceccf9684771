/* SPDX-License-Identifier: ISC */
/*
 * command.c - read the commands and the names of data messages.
 * Takes what real clients send: arguments of another kind than expected
 * count as absent, surplus ones are ignored. Refuses what is malformed, too
 * long, or text with a NUL in it. Copies only what it returns as C strings.
 */
#include "rtmp/command.h"

#include <math.h>
#include <string.h>

static const struct {
	const char	*ct_name;
	enum command_id	 ct_id;
} commands[] = {
	{ "connect",		CMD_CONNECT },
	{ "createStream",	CMD_CREATE_STREAM },
	{ "releaseStream",	CMD_RELEASE_STREAM },
	{ "FCPublish",		CMD_FC_PUBLISH },
	{ "FCUnpublish",	CMD_FC_UNPUBLISH },
	{ "FCSubscribe",	CMD_FC_SUBSCRIBE },
	{ "publish",		CMD_PUBLISH },
	{ "play",		CMD_PLAY },
	{ "play2",		CMD_PLAY2 },
	{ "closeStream",	CMD_CLOSE_STREAM },
	{ "deleteStream",	CMD_DELETE_STREAM },
	{ "pause",		CMD_PAUSE },
	{ "seek",		CMD_SEEK },
	{ "receiveAudio",	CMD_RECEIVE_AUDIO },
	{ "receiveVideo",	CMD_RECEIVE_VIDEO },
	{ "getStreamLength",	CMD_GET_STREAM_LENGTH },
	{ "_checkbw",		CMD_CHECK_BW },
	{ "_result",		CMD_RESULT },
	{ "_error",		CMD_RESULT },
};

static enum command_id
command_lookup(const struct amf_str *name)
{
	size_t	i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (amf_str_is(name, commands[i].ct_name))
			return commands[i].ct_id;
	return CMD_UNKNOWN;
}

/*
 * Types 15 and 17 put a format byte 0 before the body. It cannot be mistaken
 * for the body's first marker, since that belongs to a string.
 */
static size_t
format_byte(const struct rtmp_msg *m)
{
	if (m->rm_type != RTMP_DATA_AMF3 && m->rm_type != RTMP_COMMAND_AMF3)
		return 0;
	return m->rm_len > 0 && m->rm_data[0] == 0 ? 1 : 0;
}

static void
body_init(struct amf_in *in, const struct rtmp_msg *m)
{
	size_t	skip = format_byte(m);

	amf_in_init(in, m->rm_data + skip, m->rm_len - skip);
}

bool
command_too_deep(const struct rtmp_msg *m, int depth)
{
	struct amf_in	in;

	body_init(&in, m);
	in.ai_depth = depth;
	while (amf_skip(&in) == RTMP_OK)
		continue;
	return in.ai_deep;
}

enum rtmp_result
command_parse(const struct rtmp_msg *m, struct command *c)
{
	if (m->rm_type != RTMP_COMMAND && m->rm_type != RTMP_COMMAND_AMF3)
		return RTMP_BAD;
	if (m->rm_len > COMMAND_MAX)
		return RTMP_BAD;
	body_init(&c->c_args, m);
	if (amf_get_string(&c->c_args, &c->c_name) != RTMP_OK)
		return RTMP_BAD;
	c->c_id = command_lookup(&c->c_name);
	switch (amf_get_number(&c->c_args, &c->c_txn)) {
	case RTMP_OK:
		if (!isfinite(c->c_txn))
			c->c_txn = 0;
		return RTMP_OK;
	case RTMP_END:
		c->c_txn = 0;
		return RTMP_OK;
	default:
		c->c_txn = 0;
		return amf_skip(&c->c_args);
	}
}

/* A number if there is one here, else 0; the value is consumed. */
static enum rtmp_result
number_or_zero(struct amf_in *in, double *d)
{
	if (amf_get_number(in, d) == RTMP_OK) {
		if (!isfinite(*d))
			*d = 0;
		return RTMP_OK;
	}
	*d = 0;
	return amf_skip(in) == RTMP_OK ? RTMP_OK : RTMP_BAD;
}

/* Text if there is some here, else ""; the value is consumed. */
static enum rtmp_result
text_or_empty(struct amf_in *in, char out[COMMAND_TEXT])
{
	struct amf_str	s;

	out[0] = '\0';
	if (amf_get_string(in, &s) == RTMP_OK)
		return amf_str_copy(&s, out, COMMAND_TEXT);
	return amf_skip(in) == RTMP_OK ? RTMP_OK : RTMP_BAD;
}

/* gortmplib's clients put the URL between apostrophes. */
static void
trim_quotes(char *s)
{
	size_t	skip = strspn(s, "'"), len = strlen(s + skip);

	while (len > 0 && s[skip + len - 1] == '\'')
		len--;
	memmove(s, s + skip, len);
	s[len] = '\0';
}

static enum rtmp_result
connect_field(struct amf_in *in, const struct amf_str *key,
    struct command_connect *cc)
{
	enum rtmp_result	r;
	double			d;

	if (amf_str_is(key, "app"))
		return text_or_empty(in, cc->cc_app);
	if (amf_str_is(key, "flashVer"))
		return text_or_empty(in, cc->cc_flashver);
	if (amf_str_is(key, "tcUrl") || amf_str_is(key, "tcurl")) {
		r = text_or_empty(in, cc->cc_tcurl);
		trim_quotes(cc->cc_tcurl);
		return r;
	}
	if (amf_str_is(key, "objectEncoding"))
		return number_or_zero(in, &cc->cc_encoding);
	if (amf_str_is(key, "capsEx")) {
		r = number_or_zero(in, &d);
		cc->cc_caps = d >= 0 && d <= UINT32_MAX ? (uint32_t)d : 0;
		return r;
	}
	return amf_skip(in) == RTMP_OK ? RTMP_OK : RTMP_BAD;
}

enum rtmp_result
command_connect(const struct command *c, struct command_connect *cc)
{
	struct amf_in		in = c->c_args;
	struct amf_str		key;
	enum rtmp_result	r;

	memset(cc, 0, sizeof(*cc));
	if (amf_enter_object(&in) != RTMP_OK)
		return RTMP_BAD;
	while ((r = amf_next_key(&in, &key)) == RTMP_OK)
		if (connect_field(&in, &key, cc) != RTMP_OK)
			return RTMP_BAD;
	return r == RTMP_END ? RTMP_OK : r;
}

/* To the first argument behind the command object. */
static enum rtmp_result
first_argument(const struct command *c, struct amf_in *in)
{
	enum rtmp_result	r;

	*in = c->c_args;
	if ((r = amf_skip(in)) != RTMP_OK)
		return r;
	return amf_peek(in) == -1 ? RTMP_END : RTMP_OK;
}

/* What a getter's RTMP_BAD means: another kind is as good as absent. */
static enum rtmp_result
absent_or_bad(struct amf_in in)
{
	return amf_skip(&in) == RTMP_BAD ? RTMP_BAD : RTMP_END;
}

/* Stand at the streamName of the object play2 has for an argument. */
static enum rtmp_result
find_stream_name(struct amf_in *in)
{
	struct amf_str		key;
	enum rtmp_result	r;

	if (amf_enter_object(in) != RTMP_OK)
		return absent_or_bad(*in);
	while ((r = amf_next_key(in, &key)) == RTMP_OK) {
		if (amf_str_is(&key, "streamName"))
			return RTMP_OK;
		if (amf_skip(in) != RTMP_OK)
			return RTMP_BAD;
	}
	return r;
}

enum rtmp_result
command_name(const struct command *c, char *out, size_t size)
{
	struct amf_in		in;
	struct amf_str		s;
	enum rtmp_result	r;

	if ((r = first_argument(c, &in)) != RTMP_OK)
		return r;
	if (c->c_id == CMD_PLAY2 && (r = find_stream_name(&in)) != RTMP_OK)
		return r;
	if (amf_get_string(&in, &s) != RTMP_OK)
		return absent_or_bad(in);
	return amf_str_copy(&s, out, size);
}

enum rtmp_result
command_number(const struct command *c, double *d)
{
	struct amf_in		in;
	enum rtmp_result	r;
	double			got;

	if ((r = first_argument(c, &in)) != RTMP_OK)
		return r;
	if (amf_get_number(&in, &got) != RTMP_OK)
		return absent_or_bad(in);
	if (!isfinite(got))
		return RTMP_END;
	*d = got;
	return RTMP_OK;
}

enum rtmp_result
command_boolean(const struct command *c, bool *b)
{
	struct amf_in		in;
	enum rtmp_result	r;

	if ((r = first_argument(c, &in)) != RTMP_OK)
		return r;
	if (amf_get_boolean(&in, b) != RTMP_OK)
		return absent_or_bad(in);
	return RTMP_OK;
}

enum data_kind
data_classify(const struct rtmp_msg *m, size_t *skip)
{
	struct amf_in	in, wrapped;
	struct amf_str	name;
	bool		clear;

	*skip = format_byte(m);
	body_init(&in, m);
	if (amf_get_string(&in, &name) != RTMP_OK)
		return DATA_OTHER;
	if (amf_str_is(&name, "onMetaData"))
		return DATA_METADATA;
	clear = amf_str_is(&name, "@clearDataFrame");
	if (!clear && !amf_str_is(&name, "@setDataFrame"))
		return DATA_OTHER;
	wrapped = in;
	if (amf_get_string(&in, &name) != RTMP_OK)
		return clear && amf_peek(&in) == -1 ? DATA_CLEAR : DATA_OTHER;
	if (!clear)
		*skip = (size_t)(wrapped.ai_p - m->rm_data);
	if (!amf_str_is(&name, "onMetaData"))
		return DATA_OTHER;
	return clear ? DATA_CLEAR : DATA_METADATA;
}
