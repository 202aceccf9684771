/* SPDX-License-Identifier: ISC */
/*
 * test_reply.c - answers (RTMP 1.0, 7.2), against bytes computed
 * independently, and read back.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "hex.h"
#include "rtmp/chunk.h"
#include "rtmp/command.h"

TestSuite(reply, .timeout = 10);

static uint8_t		buf[REPLY_MAX];
static struct amf_out	out;

static void
fresh(void)
{
	amf_out_init(&out, buf, sizeof(buf));
}

static void
check(const char *hex)
{
	uint8_t	want[REPLY_MAX];
	size_t	len = unhex(hex, want);

	cr_assert_not(out.ao_full);
	cr_assert_eq(out.ao_len, len);
	cr_assert_arr_eq(buf, want, len);
}

Test(reply, to_create_stream_is_what_clients_expect_on_the_wire)
{
	struct chunk_out	co;
	struct rtmp_msg		m = { .rm_data = buf, .rm_csid = 3,
	    .rm_type = RTMP_COMMAND };
	uint8_t			wire[128], want[128];
	size_t			len;

	fresh();
	reply_number(&out, 4, 1);
	m.rm_len = (uint32_t)out.ao_len;
	chunk_out_init(&co);
	len = unhex("0300000000001d14000000000200075f726573756c74004010000000"
	    "00000005003ff0000000000000", want);
	cr_assert_eq(chunk_out_message(&co, &m, wire, sizeof(wire)), len);
	cr_assert_arr_eq(wire, want, len);
}

Test(reply, a_reconnect_request_may_name_another_place)
{
	fresh();
	reply_reconnect(&out, "");
	cr_assert_not(out.ao_full);
	cr_assert_null(memmem(buf, out.ao_len, "tcUrl", 5));
	cr_assert_not_null(memmem(buf, out.ao_len,
	    "NetConnection.Connect.ReconnectRequest", 38));
	fresh();
	reply_reconnect(&out, "/other");
	cr_assert_not_null(memmem(buf, out.ao_len, "\0\5tcUrl\2\0\6/other",
	    16));
}

Test(reply, on_status_is_what_clients_expect)
{
	fresh();
	reply_status(&out, "status", "NetStream.Publish.Start", "ok", NULL);
	check("0200086f6e537461747573000000000000000000050300056c6576656c0200"
	    "067374617475730004636f64650200174e657453747265616d2e5075626c6973"
	    "682e5374617274000b6465736372697074696f6e0200026f6b000009");
}

Test(reply, on_status_names_the_stream_if_told)
{
	fresh();
	reply_status(&out, "error", "C", "D", "live/room");
	check("020008 6f6e537461747573 000000000000000000 05 03"
	    "0005 6c6576656c 020005 6572726f72 0004 636f6465 020001 43"
	    "000b 6465736372697074696f6e 020001 44"
	    "0007 64657461696c73 020009 6c6976652f726f6f6d 000009");
}

Test(reply, may_be_nothing_but_null)
{
	fresh();
	reply_null(&out, 4);
	check("020007 5f726573756c74 004010000000000000 05");
}

Test(reply, of_error_carries_code_and_description)
{
	static const char	want[] = "020006 5f6572726f72"
				    "004010000000000000 05 03"
				    "0005 6c6576656c 020005 6572726f72"
				    "0004 636f6465 020001 43"
				    "000b 6465736372697074696f6e 020001 44"
				    "000009";

	fresh();
	reply_error(&out, 4, "C", "D");
	check(want);
	fresh();
	reply_connect_rejected(&out, 4, "C", "D");
	check(want);
}

Test(reply, on_fc_publish_has_code_and_description)
{
	fresh();
	reply_fc(&out, "onFCPublish", "C", "D");
	check("02000b 6f6e46435075626c697368 000000000000000000 05 03"
	    "0004 636f6465 020001 43 000b 6465736372697074696f6e 020001 44"
	    "000009");
}

Test(reply, sample_access_is_two_times_true)
{
	fresh();
	data_sample_access(&out);
	check("020011 7c52746d7053616d706c65416363657373 0101 0101");
}

static void
expect_key(struct amf_in *in, const char *key)
{
	struct amf_str	s;

	cr_assert_eq(amf_next_key(in, &s), RTMP_OK);
	cr_assert(amf_str_is(&s, key), "wanted %s", key);
}

static void
expect_string(struct amf_in *in, const char *want)
{
	struct amf_str	s;

	cr_assert_eq(amf_get_string(in, &s), RTMP_OK);
	cr_assert(amf_str_is(&s, want), "wanted %s", want);
}

static void
expect_number(struct amf_in *in, double want)
{
	double	d;

	cr_assert_eq(amf_get_number(in, &d), RTMP_OK);
	cr_assert_eq(d, want);
}

static void
expect_end(struct amf_in *in)
{
	struct amf_str	s;

	cr_assert_eq(amf_next_key(in, &s), RTMP_END);
}

static void
expect_forward_map(struct amf_in *in, const char *key)
{
	expect_key(in, key);
	cr_assert_eq(amf_enter_object(in), RTMP_OK);
	expect_key(in, "*");
	expect_number(in, 4);
	expect_end(in);
}

/* Two objects, the second with the code: GStreamer takes no other order. */
Test(reply, to_connect_has_properties_first_and_information_second)
{
	struct amf_in	in;
	uint8_t		list[16];
	size_t		len = unhex("0a 00000001 020001 2a", list);

	fresh();
	reply_connect(&out, 1, 0);
	cr_assert_not(out.ao_full);
	amf_in_init(&in, buf, out.ao_len);
	expect_string(&in, "_result");
	expect_number(&in, 1);
	cr_assert_eq(amf_enter_object(&in), RTMP_OK);
	expect_key(&in, "fmsVer");
	expect_string(&in, "FMS/3,0,1,123");
	expect_key(&in, "capabilities");
	expect_number(&in, 31);
	expect_key(&in, "fourCcList");
	cr_assert_arr_eq(in.ai_p, list, len);
	cr_assert_eq(amf_skip(&in), RTMP_OK);
	expect_forward_map(&in, "videoFourCcInfoMap");
	expect_forward_map(&in, "audioFourCcInfoMap");
	expect_key(&in, "capsEx");
	expect_number(&in, 1 + 2 + 4 + 8);
	expect_end(&in);
	cr_assert_eq(amf_enter_object(&in), RTMP_OK);
	expect_key(&in, "level");
	expect_string(&in, "status");
	expect_key(&in, "code");
	expect_string(&in, "NetConnection.Connect.Success");
	expect_key(&in, "description");
	expect_string(&in, "Connection succeeded.");
	expect_key(&in, "objectEncoding");
	expect_number(&in, 0);
	expect_end(&in);
	cr_assert_eq(amf_peek(&in), -1);
}

/* The plain connect reply, 171 bytes, which other servers send. */
Test(reply, of_other_servers_to_connect_can_be_read)
{
	uint8_t		bytes[256];
	struct rtmp_msg	m = { .rm_data = bytes, .rm_type = RTMP_COMMAND };
	struct command	c;
	struct amf_in	in;

	m.rm_len = (uint32_t)unhex("0200075f726573756c74003ff0000000000000030"
	    "006666d7356657202000d464d532f332c302c312c313233000c6361706162696"
	    "c697469657300403f0000000000000000090300056c6576656c0200067374617"
	    "475730004636f646502001d4e6574436f6e6e656374696f6e2e436f6e6e65637"
	    "42e53756363657373000b6465736372697074696f6e0200026f6b000e6f626a6"
	    "56374456e636f64696e67000000000000000000000009", bytes);
	cr_assert_eq(m.rm_len, 171);
	cr_assert_eq(command_parse(&m, &c), RTMP_OK);
	cr_assert_eq(c.c_id, CMD_RESULT);
	cr_assert_eq(c.c_txn, 1);
	in = c.c_args;
	cr_assert_eq(amf_skip(&in), RTMP_OK);
	cr_assert_eq(amf_enter_object(&in), RTMP_OK);
	expect_key(&in, "level");
	expect_string(&in, "status");
	expect_key(&in, "code");
	expect_string(&in, "NetConnection.Connect.Success");
}

Test(reply, cuts_long_text_so_that_every_reply_fits)
{
	static char	text[4096];
	struct amf_in	in;
	struct amf_str	s;

	memset(text, 'x', sizeof(text) - 1);
	fresh();
	reply_status(&out, text, text, text, text);
	cr_assert_not(out.ao_full);
	fresh();
	reply_connect(&out, 1, 0);
	cr_assert_not(out.ao_full);
	fresh();
	reply_error(&out, 1, text, text);
	cr_assert_not(out.ao_full);
	amf_in_init(&in, buf, out.ao_len);
	expect_string(&in, "_error");
	expect_number(&in, 1);
	cr_assert_eq(amf_skip(&in), RTMP_OK);
	cr_assert_eq(amf_enter_object(&in), RTMP_OK);
	expect_key(&in, "level");
	expect_string(&in, "error");
	expect_key(&in, "code");
	cr_assert_eq(amf_get_string(&in, &s), RTMP_OK);
	cr_assert_eq(s.as_len, REPLY_TEXT - 1);
}

Test(reply, does_not_cut_a_character_in_two)
{
	static char	text[1024];
	struct amf_in	in;
	struct amf_str	s;
	size_t		i;

	for (i = 0; i + 3 < sizeof(text); i += 3)
		memcpy(text + i, "\xe2\x82\xac", 3);
	fresh();
	reply_fc(&out, "f", "c", text);
	amf_in_init(&in, buf, out.ao_len);
	for (i = 0; i < 3; i++)
		cr_assert_eq(amf_skip(&in), RTMP_OK);
	cr_assert_eq(amf_enter_object(&in), RTMP_OK);
	expect_key(&in, "code");
	expect_string(&in, "c");
	expect_key(&in, "description");
	cr_assert_eq(amf_get_string(&in, &s), RTMP_OK);
	cr_assert_eq(s.as_len, 510);
}
