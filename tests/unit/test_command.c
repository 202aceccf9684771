/* SPDX-License-Identifier: ISC */
/*
 * test_command.c - commands as clients send them (RTMP 1.0, 7.2); the connect
 * objects were captured from ffmpeg 5.1.
 */
#include "rtmp/command.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "rtmp_vec.h"

TestSuite(command, .timeout = 10);

#define FFMPEG_PUBLISH \
	"020007636f6e6e656374003ff00000000000000300036170700200046c697665" \
	"00047479706502000a6e6f6e707269766174650008666c617368566572020024" \
	"464d4c452f332e302028636f6d70617469626c653b204c61766635392e32372e" \
	"313030290005746355726c02001b72746d703a2f2f3132372e302e302e313a33" \
	"343335352f6c697665000009"
#define FFMPEG_PLAY \
	"020007636f6e6e656374003ff00000000000000300036170700200046c697665" \
	"0008666c61736856657202000d4c4e5820392c302c3132342c32000574635572" \
	"6c02001b72746d703a2f2f3132372e302e302e313a36303435332f6c69766500" \
	"04667061640100000c6361706162696c697469657300402e0000000000000" \
	"00b617564696f436f646563730040afce0000000000000b766964656f436f64" \
	"65637300406f800000000000000d766964656f46756e6374696f6e003ff0000" \
	"000000000000009"

#define NUMBER_4	"00 4010000000000000"

static void
check_connect(const char *hex, const char *tcurl, const char *flashver)
{
	struct rtmp_msg		m = message(RTMP_COMMAND, hex);
	struct command		c;
	struct command_connect	cc;

	cr_assert_eq(command_parse(&m, &c), RTMP_OK);
	cr_assert_eq(c.c_id, CMD_CONNECT);
	cr_assert_eq(c.c_txn, 1);
	cr_assert_eq(command_connect(&c, &cc), RTMP_OK);
	cr_assert_str_eq(cc.cc_app, "live");
	cr_assert_str_eq(cc.cc_tcurl, tcurl);
	cr_assert_str_eq(cc.cc_flashver, flashver);
	cr_assert_eq(cc.cc_encoding, 0);
	cr_assert_eq(cc.cc_caps, 0);
	discard(&m);
}

Test(command, reads_connect_as_ffmpeg_sends_it)
{
	check_connect(FFMPEG_PUBLISH, "rtmp://127.0.0.1:34355/live",
	    "FMLE/3.0 (compatible; Lavf59.27.100)");
	check_connect(FFMPEG_PLAY, "rtmp://127.0.0.1:60453/live",
	    "LNX 9,0,124,2");
}

Test(command, reads_no_connect_that_is_cut_off_anywhere)
{
	uint8_t			bytes[512];
	size_t			len = unhex(FFMPEG_PLAY, bytes), n;
	struct rtmp_msg		m;
	struct command		c;
	struct command_connect	cc;

	for (n = 0; n < len; n++) {
		m = bytes_message(RTMP_COMMAND, bytes, n);
		if (command_parse(&m, &c) == RTMP_OK)
			cr_assert_eq(command_connect(&c, &cc), RTMP_BAD);
		discard(&m);
	}
}

static struct rtmp_msg
connect_message(void (*fields)(struct amf_out *))
{
	uint8_t		buf[2 * COMMAND_TEXT];
	struct amf_out	o;

	amf_out_init(&o, buf, sizeof(buf));
	amf_put_string(&o, "connect");
	amf_put_number(&o, 1);
	amf_put_object(&o);
	fields(&o);
	amf_put_end(&o);
	cr_assert_not(o.ao_full);
	return bytes_message(RTMP_COMMAND, buf, o.ao_len);
}

static enum rtmp_result
connect_with(void (*fields)(struct amf_out *), struct command_connect *cc)
{
	struct rtmp_msg		m = connect_message(fields);
	struct command		c;
	enum rtmp_result	r;

	cr_assert_eq(command_parse(&m, &c), RTMP_OK);
	r = command_connect(&c, cc);
	discard(&m);
	return r;
}

static void
odd_fields(struct amf_out *o)
{
	amf_put_key(o, "tcurl");
	amf_put_string(o, "'rtmp://h/live'");
	amf_put_key(o, "fourCcList");
	amf_put_strict_array(o, 2);
	amf_put_string(o, "av01");
	amf_put_string(o, "*");
	amf_put_key(o, "videoFourCcInfoMap");
	amf_put_object(o);
	amf_put_key(o, "app");
	amf_put_string(o, "not this one");
	amf_put_end(o);
	amf_put_key(o, "flashVer");
	amf_put_number(o, 9);
	amf_put_key(o, "objectEncoding");
	amf_put_number(o, 3);
	amf_put_key(o, "capsEx");
	amf_put_number(o, 15);
}

Test(command, reads_connect_as_odd_clients_send_it)
{
	struct command_connect	cc;

	cr_assert_eq(connect_with(odd_fields, &cc), RTMP_OK);
	cr_assert_str_eq(cc.cc_app, "");
	cr_assert_str_eq(cc.cc_tcurl, "rtmp://h/live");
	cr_assert_str_eq(cc.cc_flashver, "");
	cr_assert_eq(cc.cc_encoding, 3);
	cr_assert_eq(cc.cc_caps, 15);
}

static void
mad_numbers(struct amf_out *o)
{
	amf_put_key(o, "objectEncoding");
	amf_put_number(o, (double)NAN);
	amf_put_key(o, "capsEx");
	amf_put_number(o, -1);
	amf_put_key(o, "tcUrl");
	amf_put_string(o, "''");
}

static void
huge_number(struct amf_out *o)
{
	amf_put_key(o, "capsEx");
	amf_put_number(o, 1e300);
}

static void
no_number(struct amf_out *o)
{
	amf_put_key(o, "capsEx");
	amf_put_string(o, "15");
}

Test(command, counts_numbers_that_are_none_as_zero)
{
	struct command_connect	cc;

	cr_assert_eq(connect_with(mad_numbers, &cc), RTMP_OK);
	cr_assert_eq(cc.cc_encoding, 0);
	cr_assert_eq(cc.cc_caps, 0);
	cr_assert_str_eq(cc.cc_tcurl, "");
	cr_assert_eq(connect_with(huge_number, &cc), RTMP_OK);
	cr_assert_eq(cc.cc_caps, 0);
	cr_assert_eq(connect_with(no_number, &cc), RTMP_OK);
	cr_assert_eq(cc.cc_caps, 0);
}

static size_t	app_length;

static void
long_app(struct amf_out *o)
{
	char	app[COMMAND_TEXT + 1];

	memset(app, 'a', sizeof(app));
	app[app_length] = '\0';
	amf_put_key(o, "app");
	amf_put_string(o, app);
}

Test(command, refuses_connect_with_too_long_a_text_or_without_an_object)
{
	struct command_connect	cc;
	struct command		c;
	struct rtmp_msg		m;

	app_length = COMMAND_TEXT - 1;
	cr_assert_eq(connect_with(long_app, &cc), RTMP_OK);
	cr_assert_eq(strlen(cc.cc_app), COMMAND_TEXT - 1);
	app_length = COMMAND_TEXT;
	cr_assert_eq(connect_with(long_app, &cc), RTMP_BAD);
	m = message(RTMP_COMMAND, "020007636f6e6e656374 003ff0000000000000"
	    "05");
	cr_assert_eq(command_parse(&m, &c), RTMP_OK);
	cr_assert_eq(command_connect(&c, &cc), RTMP_BAD);
	discard(&m);
	/* an app with a NUL in it */
	m = message(RTMP_COMMAND, "020007636f6e6e656374 003ff0000000000000"
	    "03 0003617070 0200026100 000009");
	cr_assert_eq(command_parse(&m, &c), RTMP_OK);
	cr_assert_eq(command_connect(&c, &cc), RTMP_BAD);
	discard(&m);
}

static void
check_create(uint8_t type, const char *hex)
{
	struct rtmp_msg	m = message(type, hex);
	struct command	c;

	cr_assert_eq(command_parse(&m, &c), RTMP_OK, "%s", hex);
	cr_assert_eq(c.c_id, CMD_CREATE_STREAM);
	cr_assert(amf_str_is(&c.c_name, "createStream"));
	cr_assert_eq(c.c_txn, 4);
	cr_assert_eq(amf_peek(&c.c_args), AMF_NULL);
	discard(&m);
}

Test(command, reads_commands_with_and_without_the_format_byte)
{
	check_create(RTMP_COMMAND_AMF3,
	    "0002000c63726561746553747265616d00401000000000000005");
	check_create(RTMP_COMMAND_AMF3,
	    "02000c63726561746553747265616d 00401000000000000005");
	check_create(RTMP_COMMAND,
	    "02000c63726561746553747265616d 00401000000000000005");
	check_create(RTMP_COMMAND_AMF3,
	    "00 110619 63726561746553747265616d 110404 05");
}

static double
txn(const char *hex, enum rtmp_result want)
{
	struct rtmp_msg	m = message(RTMP_COMMAND, hex);
	struct command	c;

	c.c_txn = -1;
	cr_assert_eq(command_parse(&m, &c), want, "%s", hex);
	discard(&m);
	return want == RTMP_OK ? c.c_txn : 0;
}

Test(command, counts_a_missing_or_strange_transaction_as_zero)
{
	cr_assert_eq(txn("020001 61", RTMP_OK), 0);
	cr_assert_eq(txn("020001 61 05", RTMP_OK), 0);
	cr_assert_eq(txn("020001 61 020001 31 05", RTMP_OK), 0);
	cr_assert_eq(txn("020001 61 00 7ff8000000000000 05", RTMP_OK), 0);
	cr_assert_eq(txn("020001 61 00 7ff0000000000000 05", RTMP_OK), 0);
	cr_assert_eq(txn("020001 61" NUMBER_4, RTMP_OK), 4);
	txn("020001 61 00 40", RTMP_BAD);
	txn("020002 61", RTMP_BAD);
	txn("", RTMP_BAD);
	txn("05", RTMP_BAD);
	txn("00 020001 61", RTMP_BAD);	/* that byte belongs to type 17 */
}

Test(command, is_read_from_types_20_and_17_only_and_not_if_too_long)
{
	static uint8_t	body[COMMAND_MAX + 1] = "\x02\0\1a";
	struct rtmp_msg	m = { .rm_data = body, .rm_len = 4 };
	struct command	c;

	m.rm_type = RTMP_DATA;
	cr_assert_eq(command_parse(&m, &c), RTMP_BAD);
	m.rm_type = RTMP_COMMAND;
	cr_assert_eq(command_parse(&m, &c), RTMP_OK);
	m.rm_len = COMMAND_MAX;
	cr_assert_eq(command_parse(&m, &c), RTMP_OK);
	m.rm_len = COMMAND_MAX + 1;
	cr_assert_eq(command_parse(&m, &c), RTMP_BAD);
}

static enum command_id
id_of(const char *name)
{
	uint8_t		buf[64];
	struct amf_out	o;
	struct rtmp_msg	m = { .rm_type = RTMP_COMMAND, .rm_data = buf };
	struct command	c;

	amf_out_init(&o, buf, sizeof(buf));
	amf_put_string(&o, name);
	m.rm_len = (uint32_t)o.ao_len;
	cr_assert_eq(command_parse(&m, &c), RTMP_OK);
	return c.c_id;
}

Test(command, is_known_by_its_exact_name)
{
	cr_assert_eq(id_of("connect"), CMD_CONNECT);
	cr_assert_eq(id_of("createStream"), CMD_CREATE_STREAM);
	cr_assert_eq(id_of("releaseStream"), CMD_RELEASE_STREAM);
	cr_assert_eq(id_of("FCPublish"), CMD_FC_PUBLISH);
	cr_assert_eq(id_of("FCUnpublish"), CMD_FC_UNPUBLISH);
	cr_assert_eq(id_of("FCSubscribe"), CMD_FC_SUBSCRIBE);
	cr_assert_eq(id_of("publish"), CMD_PUBLISH);
	cr_assert_eq(id_of("play"), CMD_PLAY);
	cr_assert_eq(id_of("play2"), CMD_PLAY2);
	cr_assert_eq(id_of("closeStream"), CMD_CLOSE_STREAM);
	cr_assert_eq(id_of("deleteStream"), CMD_DELETE_STREAM);
	cr_assert_eq(id_of("pause"), CMD_PAUSE);
	cr_assert_eq(id_of("seek"), CMD_SEEK);
	cr_assert_eq(id_of("receiveAudio"), CMD_RECEIVE_AUDIO);
	cr_assert_eq(id_of("receiveVideo"), CMD_RECEIVE_VIDEO);
	cr_assert_eq(id_of("getStreamLength"), CMD_GET_STREAM_LENGTH);
	cr_assert_eq(id_of("_checkbw"), CMD_CHECK_BW);
	cr_assert_eq(id_of("_result"), CMD_RESULT);
	cr_assert_eq(id_of("_error"), CMD_RESULT);
	cr_assert_eq(id_of("Play"), CMD_UNKNOWN);
	cr_assert_eq(id_of("play3"), CMD_UNKNOWN);
	cr_assert_eq(id_of(""), CMD_UNKNOWN);
}

/* Command `name` with transaction 4 and these bytes behind it. */
static struct command
command_of(struct rtmp_msg *m, const char *name, const char *args)
{
	uint8_t		buf[512];
	struct amf_out	o;
	struct command	c;

	amf_out_init(&o, buf, sizeof(buf));
	amf_put_string(&o, name);
	amf_put_number(&o, 4);
	*m = bytes_message(RTMP_COMMAND, buf,
	    o.ao_len + unhex(args, buf + o.ao_len));
	cr_assert_eq(command_parse(m, &c), RTMP_OK);
	return c;
}

static void
check_name(const char *name, const char *args, enum rtmp_result want,
    const char *text)
{
	struct rtmp_msg	m;
	struct command	c = command_of(&m, name, args);
	char		out[5] = "";

	cr_assert_eq(command_name(&c, out, sizeof(out)), want, "%s %s", name,
	    args);
	cr_assert_str_eq(out, text);
	discard(&m);
}

Test(command, has_a_name_if_its_first_argument_is_a_string)
{
	check_name("publish", "05 020004 726f6f6d 020004 6c697665", RTMP_OK,
	    "room");
	check_name("play", "05 020004 726f6f6d 00 c09f400000000000", RTMP_OK,
	    "room");
	check_name("FCPublish", "06 020004 726f6f6d", RTMP_OK, "room");
	check_name("play", "03 000009 020004 726f6f6d", RTMP_OK, "room");
	check_name("play", "05 0c00000004 726f6f6d", RTMP_OK, "room");
	check_name("play", "05 1106 09 726f6f6d", RTMP_OK, "room");
	check_name("publish", "05 020000", RTMP_OK, "");
	check_name("publish", "05 0100", RTMP_END, "");
	check_name("publish", "05", RTMP_END, "");
	check_name("publish", "", RTMP_END, "");
	check_name("publish", "05 020005 726f6f6d73", RTMP_BAD, "");
	check_name("publish", "05 020004 726f6f", RTMP_BAD, "");
	check_name("publish", "05 020002 6100", RTMP_BAD, "");
	check_name("publish", "0a ffffffff", RTMP_BAD, "");
}

Test(command, play2_has_its_name_in_an_object)
{
	check_name("play2", "05 03 0003 6c656e 00 0000000000000000"
	    "000a 73747265616d4e616d65 020004 726f6f6d 000009", RTMP_OK,
	    "room");
	check_name("play2", "05 03 000a 73747265616d4e616d65 05 000009",
	    RTMP_END, "");
	check_name("play2", "05 03 000009", RTMP_END, "");
	check_name("play2", "05 020004 726f6f6d", RTMP_END, "");
	check_name("play2", "05", RTMP_END, "");
	check_name("play2", "05 03 0001 61", RTMP_BAD, "");
	check_name("play2", "05 03 0001 61 02ffff", RTMP_BAD, "");
}

static void
check_number(const char *args, enum rtmp_result want, double value)
{
	struct rtmp_msg	m;
	struct command	c = command_of(&m, "deleteStream", args);
	double		d = -7;

	cr_assert_eq(command_number(&c, &d), want, "%s", args);
	cr_assert_eq(d, value);
	discard(&m);
}

/* GStreamer's deleteStream names the stream instead of numbering it. */
Test(command, has_a_number_if_its_first_argument_is_one)
{
	check_number("05" NUMBER_4, RTMP_OK, 4);
	check_number("05 110404", RTMP_OK, 4);
	check_number("05 020004 726f6f6d", RTMP_END, -7);
	check_number("05 00 7ff8000000000000", RTMP_END, -7);
	check_number("05", RTMP_END, -7);
	check_number("", RTMP_END, -7);
	check_number("05 00 40", RTMP_BAD, -7);
}

static void
check_boolean(const char *args, enum rtmp_result want, bool value)
{
	struct rtmp_msg	m;
	struct command	c = command_of(&m, "pause", args);
	bool		b = !value;

	cr_assert_eq(command_boolean(&c, &b), want, "%s", args);
	cr_assert_eq(b, want == RTMP_OK ? value : !value);
	discard(&m);
}

Test(command, has_a_boolean_if_its_first_argument_is_one)
{
	check_boolean("05 0101" NUMBER_4, RTMP_OK, true);
	check_boolean("05 0100", RTMP_OK, false);
	check_boolean("05 1103", RTMP_OK, true);
	check_boolean("05" NUMBER_4, RTMP_END, true);
	check_boolean("05", RTMP_END, true);
	check_boolean("05 01", RTMP_BAD, true);
}
