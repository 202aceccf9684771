/* SPDX-License-Identifier: ISC */
/*
 * fuzz_command.c - bodies of commands, data, aggregate and control messages,
 * through everything that reads one; and answers made of what was read.
 * Input: message type (1), or 0 for text that answers are to be made of; room
 * for a name (1); the rest is the body.
 */
#include "rtmp/command.h"

#include <math.h>

#include "fuzz.h"

static void	check_message(const struct rtmp_msg *, size_t);

/* Whole AMF values up to the end, however long the text in it. */
static void
check_reply(struct amf_out *out)
{
	enum rtmp_result r;
	struct amf_in in;

	FUZZ_CHECK(!out->ao_full);
	amf_in_init(&in, out->ao_buf, out->ao_len);
	do
		r = amf_skip(&in);
	while (r == RTMP_OK);
	FUZZ_CHECK(r == RTMP_END);
	out->ao_len = 0;
}

static void
check_replies(const char *text, double number)
{
	uint8_t buf[REPLY_MAX];
	struct amf_out out;

	amf_out_init(&out, buf, sizeof(buf));
	reply_status(&out, "error", "NetStream.Play.Reset", text, text);
	check_reply(&out);
	reply_error(&out, number, "NetConnection.Call.Failed", text);
	check_reply(&out);
	reply_connect_rejected(&out, number, text, text);
	check_reply(&out);
	reply_fc(&out, "onFCPublish", "NetStream.Publish.Start", text);
	check_reply(&out);
	reply_connect(&out, number, number);
	check_reply(&out);
	reply_number(&out, number, number);
	check_reply(&out);
}

/* However long it is. */
static void
check_text(const uint8_t *p, size_t len)
{
	char *text = strndup(len == 0 ? "" : (const char *)p, len);

	FUZZ_NEED(text != NULL);
	check_replies(text, (double)len);
	free(text);
}

static void
check_connect(const struct command *c)
{
	struct command_connect cc;

	if (command_connect(c, &cc) != RTMP_OK)
		return;
	FUZZ_CHECK(strlen(cc.cc_app) < sizeof(cc.cc_app));
	FUZZ_CHECK(strlen(cc.cc_tcurl) < sizeof(cc.cc_tcurl));
	FUZZ_CHECK(strlen(cc.cc_flashver) < sizeof(cc.cc_flashver));
	FUZZ_CHECK(isfinite(cc.cc_encoding));
	check_replies(cc.cc_tcurl, cc.cc_encoding);
}

static void
check_arguments(const struct command *c, size_t room)
{
	char *name = malloc(room);
	enum rtmp_result r;
	double number;
	bool boolean;

	FUZZ_NEED(name != NULL);
	r = command_name(c, name, room);
	FUZZ_CHECK(r != RTMP_MORE);
	if (r == RTMP_OK) {
		FUZZ_CHECK(strlen(name) < room);
		check_replies(name, c->c_txn);
	}
	free(name);
	r = command_number(c, &number);
	FUZZ_CHECK(r != RTMP_MORE && (r != RTMP_OK || isfinite(number)));
	r = command_boolean(c, &boolean);
	FUZZ_CHECK(r != RTMP_MORE);
}

static void
check_command(const struct rtmp_msg *m, size_t room)
{
	struct command c;

	if (command_parse(m, &c) != RTMP_OK)
		return;
	FUZZ_CHECK(isfinite(c.c_txn));
	FUZZ_CHECK((const uint8_t *)c.c_name.as_p + c.c_name.as_len <=
	    m->rm_data + m->rm_len);
	check_connect(&c);
	check_arguments(&c, room);
}

/* What is passed on is a body, which is judged the same. */
static void
check_data(const struct rtmp_msg *m)
{
	struct rtmp_msg rest = *m;
	enum data_kind kind;
	size_t skip;

	kind = data_classify(m, &skip);
	FUZZ_CHECK(skip <= m->rm_len);
	rest.rm_data += skip;
	rest.rm_len -= (uint32_t)skip;
	rest.rm_type = RTMP_DATA;
	if (kind == DATA_METADATA) {
		FUZZ_CHECK(data_classify(&rest, &skip) == DATA_METADATA);
		FUZZ_CHECK(skip == 0);
	}
}

static void
check_aggregate(const struct rtmp_msg *m, size_t room)
{
	const uint8_t *least = m->rm_data;
	struct rtmp_msg sub;
	size_t off = 0, before = 0;

	while (aggregate_next(m, &off, &sub) == RTMP_OK) {
		FUZZ_CHECK(off > before);
		before = off;
		FUZZ_CHECK(sub.rm_type != RTMP_AGGREGATE);
		FUZZ_CHECK(sub.rm_data >= least);
		least = sub.rm_data + sub.rm_len;
		FUZZ_CHECK(least <= m->rm_data + m->rm_len);
		FUZZ_CHECK(sub.rm_msid == m->rm_msid);
		check_message(&sub, room);
	}
	FUZZ_CHECK(off == m->rm_len);
}

/* Deeper than some depth is deeper than any less. */
static void
check_depth(const struct rtmp_msg *m)
{
	bool deep = true, deeper;
	int depth;

	for (depth = 0; depth <= AMF_DEPTH_MAX; depth += 8, deep = deeper) {
		deeper = command_too_deep(m, depth);
		FUZZ_CHECK(deep || !deeper);
	}
}

static void
check_message(const struct rtmp_msg *m, size_t room)
{
	uint32_t v;
	uint16_t ev;

	check_depth(m);
	check_command(m, room);
	check_data(m);
	(void)control_get_u32(m, &v);
	(void)control_get_event(m, &ev, &v);
	if (m->rm_type == RTMP_AGGREGATE)
		check_aggregate(m, room);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	struct rtmp_msg m = { .rm_msid = 1, .rm_csid = 3, .rm_ts = 1000 };
	size_t room;

	m.rm_type = (uint8_t)fuzz_take(&in, 1);
	room = (size_t)fuzz_take(&in, 1) * 2 + 1;
	m.rm_data = in.fi_p;
	m.rm_len = (uint32_t)in.fi_left;
	check_message(&m, room);
	if (m.rm_type == 0)
		check_text(in.fi_p, in.fi_left);
	return 0;
}
