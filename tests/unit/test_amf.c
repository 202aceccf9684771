/* SPDX-License-Identifier: ISC */
/*
 * test_amf.c - AMF0 values (AMF0 specification, 2) in and out, and AMF3
 * values (AMF3 specification, 3) behind marker 11.
 */
#include "rtmp/amf.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"

TestSuite(amf, .timeout = 10);

/* A reader over an exact heap copy, so that a read past the end is seen. */
static uint8_t *
reader(struct amf_in *in, const void *data, size_t len)
{
	uint8_t	*p = malloc(len);

	if (p == NULL && len > 0)
		abort();
	memcpy(p, data, len);
	amf_in_init(in, p, len);
	return p;
}

/* One value: steps over it whole, over no part of it, and never moves. */
static void
check_skip(const char *hex)
{
	uint8_t		 bytes[512], *p;
	size_t		 len = unhex(hex, bytes), n;
	struct amf_in	 in;

	for (n = 0; n <= len; n++) {
		p = reader(&in, bytes, n);
		if (n == 0)
			cr_assert_eq(amf_skip(&in), RTMP_END);
		else if (n < len)
			cr_assert_eq(amf_skip(&in), RTMP_BAD, "%s %zu", hex,
			    n);
		else
			cr_assert_eq(amf_skip(&in), RTMP_OK, "%s", hex);
		cr_assert_eq(in.ai_p, n < len ? p : p + len);
		free(p);
	}
}

static void
check_bad(const char *hex)
{
	uint8_t		 bytes[512], *p;
	size_t		 len = unhex(hex, bytes);
	struct amf_in	 in;

	p = reader(&in, bytes, len);
	cr_assert_eq(amf_skip(&in), RTMP_BAD, "%s", hex);
	cr_assert_eq(in.ai_p, p);
	free(p);
}

Test(amf, steps_over_every_kind_of_amf0_value)
{
	check_skip("00 3ff0000000000000");
	check_skip("01 01");
	check_skip("02 0003 616263");
	check_skip("02 0000");
	check_skip("03 0001 61 05 0000 09");
	check_skip("03 000009");
	check_skip("05");
	check_skip("06");
	check_skip("07 0001");
	check_skip("08 00000000 0001 61 05 0000 09");
	check_skip("08 ffffffff 000009");		/* count is a hint */
	check_skip("0a 00000002 05 01 00");
	check_skip("0a 00000000");
	check_skip("0b 4270000000000000 0000");
	check_skip("0c 00000003 616263");
	check_skip("0d");
	check_skip("0f 00000003 3c612f");
	check_skip("10 0003 466f6f 0001 61 05 0000 09");
	check_skip("03 0000 05 0000 09");		/* an empty key */
}

Test(amf, refuses_reserved_and_unknown_kinds)
{
	check_bad("04");
	check_bad("09");
	check_bad("0e");
	check_bad("12");
	check_bad("ff");
	check_bad("03 0001 61 09 000009");
}

Test(amf, steps_over_every_kind_of_amf3_value)
{
	check_skip("11 00");
	check_skip("11 01");
	check_skip("11 02");
	check_skip("11 03");
	check_skip("11 04 7f");
	check_skip("11 04 ffffffff");
	check_skip("11 05 3ff0000000000000");
	check_skip("11 06 07 616263");
	check_skip("11 06 02");				/* by reference */
	check_skip("11 07 03 61");
	check_skip("11 0b 03 61");
	check_skip("11 0c 05 0102");
	check_skip("11 08 01 4270000000000000");
	check_skip("11 08 02");
	check_skip("11 09 05 01 03 02");		/* [true, false] */
	check_skip("11 09 03 03 61 04 01 01 03");	/* {a:1}, [true] */
	check_skip("11 09 02");
	check_skip("11 0a 02");
	check_skip("11 0a 0b 01 03 61 04 01 01");	/* dynamic {a:1} */
	check_skip("11 0a 23 01 03 61 03 62 01 01");	/* sealed a, b */
	/* [x, y] of one class: the second describes it by reference */
	check_skip("11 09 05 01 0a 13 01 03 61 03 0a 01 02");
}

Test(amf, refuses_what_amf3_cannot_be_measured_by)
{
	check_bad("11");
	check_bad("11 0a 07 03 41 01");		/* externalizable */
	check_bad("11 0a 01");			/* class never described */
	check_bad("11 0d 03 00 00000001");	/* vector */
	check_bad("11 11 01 00");		/* dictionary */
	check_bad("11 09 ffffffff 01");		/* 2^28 elements announced */
	check_bad("11 0a ffffffff 01");
	check_bad("11 06 ffffffff 61");
}

Test(amf, does_not_run_for_ever_over_a_huge_strict_array)
{
	check_bad("0a ffffffff");
	check_bad("0a ffffffff 05 05 05 05 05 05");
	check_bad("0a 00000003 0a ffffffff 0a ffffffff");
}

/* `n` containers in each other, `open` before and `close` behind. */
static enum rtmp_result
nest(const char *prefix, const char *open, const char *close, int n)
{
	uint8_t			 bytes[1024], *p;
	size_t			 len = unhex(prefix, bytes);
	struct amf_in		 in;
	enum rtmp_result	 r;
	int			 i;

	for (i = 0; i < n; i++)
		len += unhex(open, bytes + len);
	bytes[len++] = 0x01;	/* AMF0 boolean or AMF3 null */
	if (prefix[0] == '\0')
		bytes[len++] = 0x01;
	for (i = 0; i < n; i++)
		len += unhex(close, bytes + len);
	p = reader(&in, bytes, len);
	r = amf_skip(&in);
	free(p);
	return r;
}

Test(amf, goes_as_deep_as_allowed_and_no_deeper)
{
	int	n = AMF_DEPTH_MAX;

	cr_assert_eq(nest("", "03000161", "000009", n), RTMP_OK);
	cr_assert_eq(nest("", "03000161", "000009", n + 1), RTMP_BAD);
	cr_assert_eq(nest("", "08000000010001 61", "000009", n), RTMP_OK);
	cr_assert_eq(nest("", "08000000010001 61", "000009", n + 1), RTMP_BAD);
	cr_assert_eq(nest("", "10000141000161", "000009", n), RTMP_OK);
	cr_assert_eq(nest("", "10000141000161", "000009", n + 1), RTMP_BAD);
	cr_assert_eq(nest("", "0a00000001", "", n), RTMP_OK);
	cr_assert_eq(nest("", "0a00000001", "", n + 1), RTMP_BAD);
	cr_assert_eq(nest("11", "090301", "", n), RTMP_OK);
	cr_assert_eq(nest("11", "090301", "", n + 1), RTMP_BAD);
	cr_assert_eq(nest("11", "0a0b010361", "01", n), RTMP_OK);
	cr_assert_eq(nest("11", "0a0b010361", "01", n + 1), RTMP_BAD);
	/* one AMF0 array around them counts too */
	cr_assert_eq(nest("0a00000001 11", "090301", "", n - 1), RTMP_OK);
	cr_assert_eq(nest("0a00000001 11", "090301", "", n), RTMP_BAD);
}

/*
 * Issue: a nesting bomb ends other servers' processes. Cause: recursion as
 * deep as the message is long. Trigger: a megabyte of opened arrays.
 */
Test(amf, survives_a_nesting_bomb)
{
	static uint8_t	bomb[1 << 20];
	struct amf_in	in;
	size_t		i;

	for (i = 0; i + 5 <= sizeof(bomb); i += 5)
		memcpy(bomb + i, "\x0a\0\0\0\1", 5);
	amf_in_init(&in, bomb, sizeof(bomb));
	cr_assert_eq(amf_skip(&in), RTMP_BAD);
	bomb[0] = 0x11;
	for (i = 1; i + 3 <= sizeof(bomb); i += 3)
		memcpy(bomb + i, "\x09\x03\x01", 3);
	cr_assert_eq(amf_skip(&in), RTMP_BAD);
}

static double
number(const char *hex)
{
	uint8_t		 bytes[16], *p;
	size_t		 len = unhex(hex, bytes), n;
	struct amf_in	 in;
	double		 d = 0;

	for (n = 0; n <= len; n++) {
		p = reader(&in, bytes, n);
		cr_assert_eq(amf_get_number(&in, &d), n == 0 ? RTMP_END :
		    n < len ? RTMP_BAD : RTMP_OK, "%s %zu", hex, n);
		cr_assert_eq(in.ai_p, n < len ? p : p + len);
		free(p);
	}
	return d;
}

Test(amf, reads_numbers_of_both_versions)
{
	cr_assert_eq(number("00 4010000000000000"), 4);
	cr_assert_eq(number("00 c09f400000000000"), -2000);
	cr_assert(isnan(number("00 7ff8000000000000")));
	cr_assert(isinf(number("00 7ff0000000000000")));
	cr_assert_eq(number("11 05 4010000000000000"), 4);
	cr_assert_eq(number("11 04 00"), 0);
	cr_assert_eq(number("11 04 7f"), 127);
	cr_assert_eq(number("11 04 8100"), 128);
	cr_assert_eq(number("11 04 ff7f"), 16383);
	cr_assert_eq(number("11 04 818000"), 16384);
	cr_assert_eq(number("11 04 80c08000"), 2097152);
	cr_assert_eq(number("11 04 bfffffff"), 268435455);
	cr_assert_eq(number("11 04 c0808000"), -268435456);
	cr_assert_eq(number("11 04 ffffffff"), -1);
}

Test(amf, reads_booleans_of_both_versions)
{
	uint8_t		 bytes[8], *p;
	struct amf_in	 in;
	bool		 b = true;

	p = reader(&in, bytes, unhex("0100 0101 0102", bytes));
	cr_assert(amf_get_boolean(&in, &b) == RTMP_OK && !b);
	cr_assert(amf_get_boolean(&in, &b) == RTMP_OK && b);
	cr_assert(amf_get_boolean(&in, &b) == RTMP_OK && b);
	free(p);
	p = reader(&in, bytes, unhex("1102 1103 05 01", bytes));
	cr_assert(amf_get_boolean(&in, &b) == RTMP_OK && !b);
	cr_assert(amf_get_boolean(&in, &b) == RTMP_OK && b);
	cr_assert_eq(amf_get_boolean(&in, &b), RTMP_BAD);
	cr_assert_eq(amf_peek(&in), AMF_NULL);
	cr_assert_eq(amf_skip(&in), RTMP_OK);
	cr_assert_eq(amf_get_boolean(&in, &b), RTMP_BAD);
	free(p);
}

static void
check_string(const char *hex, const char *want)
{
	uint8_t		 bytes[64], *p;
	size_t		 len = unhex(hex, bytes), n;
	struct amf_in	 in;
	struct amf_str	 s;

	for (n = 0; n <= len; n++) {
		p = reader(&in, bytes, n);
		cr_assert_eq(amf_get_string(&in, &s), n == 0 ? RTMP_END :
		    n < len ? RTMP_BAD : RTMP_OK);
		if (n == len)
			cr_assert(amf_str_is(&s, want));
		else
			cr_assert_eq(in.ai_p, p);
		free(p);
	}
}

Test(amf, reads_strings_short_and_long_and_of_version_3)
{
	check_string("02 0003 616263", "abc");
	check_string("02 0000", "");
	check_string("0c 00000003 616263", "abc");
	check_string("11 06 07 616263", "abc");
	check_string("11 06 04", "");		/* a reference */
}

Test(amf, leaves_a_value_of_another_kind_alone)
{
	uint8_t		 bytes[16], *p;
	struct amf_in	 in;
	struct amf_str	 s;
	double		 d;

	p = reader(&in, bytes, unhex("0101 05", bytes));
	cr_assert_eq(amf_get_number(&in, &d), RTMP_BAD);
	cr_assert_eq(amf_get_string(&in, &s), RTMP_BAD);
	cr_assert_eq(amf_enter_object(&in), RTMP_BAD);
	cr_assert_eq(in.ai_p, p);
	cr_assert_eq(amf_skip(&in), RTMP_OK);
	cr_assert_eq(amf_peek(&in), AMF_NULL);
	cr_assert_eq(amf_skip(&in), RTMP_OK);
	cr_assert_eq(amf_peek(&in), -1);
	cr_assert_eq(amf_enter_object(&in), RTMP_END);
	free(p);
}

static void
check_walk(const char *open)
{
	uint8_t		 bytes[128], *p;
	size_t		 len, n, keys;
	struct amf_in	 in;
	struct amf_str	 key;

	len = unhex(open, bytes);
	len += unhex("0001 61 05 0002 6262 03 0001 63 05 000009 000009",
	    bytes + len);
	for (n = 0; n <= len; n++) {
		p = reader(&in, bytes, n);
		keys = 0;
		if (amf_enter_object(&in) == RTMP_OK)
			while (amf_next_key(&in, &key) == RTMP_OK) {
				cr_assert(amf_str_is(&key,
				    keys == 0 ? "a" : "bb"));
				if (amf_skip(&in) != RTMP_OK)
					break;
				keys++;
			}
		cr_assert_eq(amf_peek(&in) == -1 && keys == 2,
		    n == len || n == len - 3);
		free(p);
	}
}

Test(amf, walks_objects_typed_objects_and_ecma_arrays_alike)
{
	check_walk("03");
	check_walk("08 00000014");
	check_walk("08 00000000");
	check_walk("10 0003 466f6f");
}

Test(amf, ends_an_object_only_at_its_end_marker)
{
	uint8_t		 bytes[32], *p;
	struct amf_in	 in;
	struct amf_str	 key;

	p = reader(&in, bytes, unhex("03 000009 05", bytes));
	cr_assert_eq(amf_enter_object(&in), RTMP_OK);
	cr_assert_eq(amf_next_key(&in, &key), RTMP_END);
	cr_assert_eq(amf_peek(&in), AMF_NULL);
	free(p);
	p = reader(&in, bytes, unhex("03", bytes));
	cr_assert_eq(amf_enter_object(&in), RTMP_OK);
	cr_assert_eq(amf_next_key(&in, &key), RTMP_BAD);
	free(p);
}

Test(amf, reads_set_data_frame_as_encoders_send_it)
{
	uint8_t		 bytes[128], *p;
	size_t		 len;
	struct amf_in	 in;
	struct amf_str	 s;
	double		 d;

	len = unhex("02000d40736574446174614672616d6502000a6f6e4d657461446174"
	    "61080000000100057769647468004000000000000000000009", bytes);
	p = reader(&in, bytes, len);
	cr_assert_eq(amf_get_string(&in, &s), RTMP_OK);
	cr_assert(amf_str_is(&s, "@setDataFrame"));
	cr_assert_eq(in.ai_p, p + 16);
	cr_assert_eq(amf_get_string(&in, &s), RTMP_OK);
	cr_assert(amf_str_is(&s, "onMetaData"));
	cr_assert_eq(amf_enter_object(&in), RTMP_OK);
	cr_assert_eq(amf_next_key(&in, &s), RTMP_OK);
	cr_assert(amf_str_is(&s, "width"));
	cr_assert_eq(amf_get_number(&in, &d), RTMP_OK);
	cr_assert_eq(d, 2);
	cr_assert_eq(amf_next_key(&in, &s), RTMP_END);
	cr_assert_eq(amf_peek(&in), -1);
	free(p);
}

Test(amf, copies_a_string_only_if_it_fits_and_has_no_nul)
{
	struct amf_str	s = { "abc", 3 };
	char		out[4] = "xyz";

	cr_assert_eq(amf_str_copy(&s, out, 3), RTMP_BAD);
	cr_assert_str_eq(out, "xyz");
	cr_assert_eq(amf_str_copy(&s, out, 4), RTMP_OK);
	cr_assert_str_eq(out, "abc");
	s.as_p = "a\0c";
	cr_assert_eq(amf_str_copy(&s, out, 4), RTMP_BAD);
	cr_assert_not(amf_str_is(&s, "a"));
	s.as_len = 0;
	cr_assert_eq(amf_str_copy(&s, out, 1), RTMP_OK);
	cr_assert_eq(amf_str_copy(&s, out, 0), RTMP_BAD);
	cr_assert(amf_str_is(&s, ""));
}

static void
write_all(struct amf_out *o)
{
	amf_put_string(o, "abc");
	amf_put_number(o, -10);
	amf_put_boolean(o, true);
	amf_put_null(o);
	amf_put_object(o);
	amf_put_key(o, "k");
	amf_put_ecma_array(o, 1);
	amf_put_key(o, "l");
	amf_put_strict_array(o, 2);
	amf_put_boolean(o, false);
	amf_put_null(o);
	amf_put_end(o);
	amf_put_end(o);
}

Test(amf, writes_every_kind_and_never_more_than_fits)
{
	uint8_t		want[128], *buf;
	struct amf_out	o;
	size_t		len, n;

	len = unhex("02 0003 616263 00 c024000000000000 0101 05 03 0001 6b"
	    "08 00000001 0001 6c 0a 00000002 0100 05 000009 000009", want);
	for (n = 0; n <= len + 1; n++) {
		buf = malloc(n);
		amf_out_init(&o, buf, n);
		write_all(&o);
		cr_assert_eq(o.ao_full, n < len);
		cr_assert_leq(o.ao_len, n);
		cr_assert_eq(memcmp(buf, want, o.ao_len), 0);
		if (n >= len)
			cr_assert_eq(o.ao_len, len);
		free(buf);
	}
}

Test(amf, writes_a_long_string_when_a_short_one_cannot_hold_it)
{
	static char	 text[65537];
	static uint8_t	 buf[70000];
	struct amf_out	 o;
	struct amf_in	 in;
	struct amf_str	 s;

	memset(text, 'x', 65536);
	amf_out_init(&o, buf, sizeof(buf));
	amf_put_string(&o, text + 1);
	cr_assert_eq(o.ao_len, 3 + 65535);
	cr_assert_eq(buf[0], AMF_STRING);
	amf_out_init(&o, buf, sizeof(buf));
	amf_put_string(&o, text);
	cr_assert_eq(o.ao_len, 5 + 65536);
	amf_in_init(&in, buf, o.ao_len);
	cr_assert_eq(amf_get_string(&in, &s), RTMP_OK);
	cr_assert(amf_str_is(&s, text));
	amf_put_key(&o, text);
	cr_assert(o.ao_full);
}
