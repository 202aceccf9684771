/* SPDX-License-Identifier: ISC */
/*
 * test_name.c - names as FFmpeg 5.1, OBS and others were seen to send them.
 */
#include "rtmp/name.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

TestSuite(name, .timeout = 10);

struct vec {
	char	app[64];
	char	name[64];
	char	want[64];	/* "" : refused */
};

#define PARAMS(v) cr_make_param_array(struct vec, v, sizeof(v) / sizeof(v[0]))

static void
check(const struct vec *v)
{
	char		 out[STREAM_NAME_MAX];
	const char	*why = name_make(v->app, v->name, out);

	if (v->want[0] == '\0')
		cr_assert_not_null(why, "%s + %s gave %s", v->app, v->name,
		    out);
	else {
		cr_assert_null(why, "%s + %s: %s", v->app, v->name, why);
		cr_assert_str_eq(out, v->want);
	}
}

ParameterizedTestParameters(name, is_app_and_name_without_what_surrounds_them)
{
	static struct vec v[] = {
		{ "live", "room", "live/room" },
		{ "live", "room?token=a", "live/room" },
		{ "live?k=v", "x?t=1", "live/x" },
		{ "live?x=1/y", "room?y=2?z", "live/room" },
		{ "a/b", "c/d", "a/b/c/d" },
		{ "a", "b/c/d", "a/b/c/d" },
		{ "/live/", "/room/", "live/room" },
		{ "live//", "//room", "live/room" },
		{ "live/_definst_", "room", "live/room" },
		{ "live/_definst_/", "room", "live/room" },
		{ "live/_definst_?a=b", "room", "live/room" },
		{ "_definst_", "room", "_definst_/room" },
		{ "live", "mp4:room.mp4", "live/room.mp4" },
		{ "live", "flv:room", "live/room" },
		{ "live", "flv:/room", "live/room" },
		{ "live", "flv:flv:room", "live/flv:room" },
		{ "flv:live", "room", "flv:live/room" },
		{ "live", "...", "live/..." },
		{ "live", "a..b/.c", "live/a..b/.c" },
		{ "live", "caf\xc3\xa9", "live/caf\xc3\xa9" },
		{ "live", "\xf0\x9f\x8e\xa5", "live/\xf0\x9f\x8e\xa5" },
		{ "live", "a~!#$%&'()*+,-.:;<=>@[]^_`{|}",
		    "live/a~!#$%&'()*+,-.:;<=>@[]^_`{|}" },
	};

	return PARAMS(v);
}

ParameterizedTest(struct vec *v, name,
    is_app_and_name_without_what_surrounds_them, .timeout = 10)
{
	check(v);
}

ParameterizedTestParameters(name, is_refused_if_it_could_do_harm)
{
	static struct vec v[] = {
		{ "", "room", "" },
		{ "live", "", "" },
		{ "live", "?token=a", "" },
		{ "?a=b", "room", "" },
		{ "/", "room", "" },
		{ "live", "//", "" },
		{ "live", "flv:", "" },
		{ "live", "flv:/", "" },
		{ "/_definst_", "room?", "_definst_/room" },
		{ "live", "a//b", "" },
		{ "live//b", "a", "" },
		{ "live", "..", "" },
		{ "..", "room", "" },
		{ "live", ".", "" },
		{ "live", "a/../b", "" },
		{ "live/..", "b", "" },
		{ "live", "a/.", "" },
		{ "live", "a b", "" },
		{ "live", "a\tb", "" },
		{ "live", "a\nb", "" },
		{ "live", "a\x1b[2J", "" },
		{ "live", "a\x7f", "" },
		{ "live", "a\\b", "" },
		{ "live", "a\"b", "" },
		{ "li ve", "a", "" },
		{ "live", "\x80", "" },			/* no lead byte */
		{ "live", "a\xc3", "" },		/* cut off */
		{ "live", "a\xe2\x82", "" },
		{ "live", "a\xf0\x9f\x8e", "" },
		{ "live", "\xc0\xaf", "" },		/* overlong '/' */
		{ "live", "\xe0\x80\xaf", "" },
		{ "live", "\xc2\x85", "" },		/* control, NEL */
		{ "live", "\xed\xa0\x80", "" },		/* surrogate */
		{ "live", "\xf4\x90\x80\x80", "" },	/* above 10ffff */
		{ "live", "\xff\xff\xff\xff", "" },
	};

	return PARAMS(v);
}

ParameterizedTest(struct vec *v, name, is_refused_if_it_could_do_harm,
    .timeout = 10)
{
	check(v);
}

Test(name, may_be_as_long_as_its_buffer_and_no_longer)
{
	char	in[STREAM_NAME_MAX], out[STREAM_NAME_MAX + 1];

	out[STREAM_NAME_MAX] = 'x';
	memset(in, 'a', sizeof(in));
	in[STREAM_NAME_MAX - 1 - 5] = '\0';
	cr_assert_null(name_make("live", in, out));
	cr_assert_eq(strlen(out), STREAM_NAME_MAX - 1);
	in[STREAM_NAME_MAX - 1 - 5] = 'a';
	in[STREAM_NAME_MAX - 5] = '\0';
	cr_assert_not_null(name_make("live", in, out));
	cr_assert_eq(out[STREAM_NAME_MAX], 'x');
}
