/* SPDX-License-Identifier: ISC */
/*
 * test_source.c - what is no key and value, what is left as it is, and what
 * libconfuse would have done with it.
 */
#include "conf/source.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

#include "conf_text.h"

TestSuite(source, .timeout = 10);

struct fault { char text[64]; char want[96]; };

ParameterizedTestParameters(source, what_is_not_key_and_value_is_refused)
{
	static struct fault	 v[] = {
		{ "\nbitrate = 3", ":2: no such option 'bitrate'" },
		{ "Ring = 1M", ":1: no such option 'Ring'" },
		{ "include(\"/etc/passwd\")", ":1: no such option 'include'" },
		{ "\"\" = 1", ":1: syntax error" },
		{ "\"a\\nb\" = 1", ":1: no such option 'a\\nb'" },
		{ "ring|x = 1", ":1: no sub-section title/index for 'ring'" },
		{ "ring\n\n# c\n", ":1: premature end of file" },
		{ "\nring =", ":2: premature end of file" },
		{ "ring\nlinger = 3s",
		    ":2: missing equal sign after option 'ring'" },
		{ "ring = {1M}", ":1: unexpected token '{'" },
		{ "ring += 1M",
		    ":1: attempt to append to non-list option 'ring'" },
		{ "ring = 1M 2M", ":1: no such option '2M'" },
		{ "= 1", ":1: unexpected token '='" },
		{ "\n}", ":2: unexpected closing brace" },
		{ "ring = \"\\999\"", ":1: bad escape sequence '\\\\999'" },
		{ "\nuser = \"a\nb\"", ":2: a quote is not closed on its "
		    "line" },
		{ "user = 'a", ":1: a quote is not closed on its line" },
		{ "user = \"a\\\"", ":1: a quote is not closed on its line" },
		{ "// c", ":1: a comment begins with #" },
		{ "\nuser = a /* c */", ":2: a comment begins with #" },
		{ "user = a*", ":1: * and + need quotes" },
		{ "user = a+b", ":1: * and + need quotes" },
		{ "user = ${HOME}",
		    ":1: environment variables are not expanded: ${" },
		{ "\nuser = \"${HOME}\"",
		    ":2: environment variables are not expanded: ${" },
		{ "user = \"#\\\\${HOME}\"",
		    ":1: environment variables are not expanded: ${" },
	};

	return cr_make_param_array(struct fault, v, N(v));
}

ParameterizedTest(struct fault *f, source, what_is_not_key_and_value_is_refused,
    .timeout = 10)
{
	load_bad(f->text, f->want);
}

Test(source, text_in_quotes_is_taken_as_it_is)
{
	struct conf	 cf;

	cr_assert_eq(setenv("HOME", "/expanded", 1), 0);
	load_good(&cf, "run-directory = '/a/${HOME}' user = \"a#b\\\\\" # c");
	cr_assert_str_eq(cf.cf_rundir, "/a/${HOME}");
	cr_assert_str_eq(cf.cf_user, "a#b\\");
	load_good(&cf, "run-directory = \"/a/\\${HOME}\"");
	cr_assert_str_eq(cf.cf_rundir, "/a/${HOME}");
	load_good(&cf, "run-directory = /a//b user = "
	    "a23456789b23456789c23456789d2345");
	cr_assert_str_eq(cf.cf_rundir, "/a//b");
	cr_assert_eq(strlen(cf.cf_user), sizeof(cf.cf_user) - 1);
	load_good(&cf, "run-directory = \"/a+b/*\"");
	cr_assert_str_eq(cf.cf_rundir, "/a+b/*");
}

Test(source, the_mark_that_some_editors_begin_with_is_passed_over)
{
	struct conf	 cf;

	load_good(&cf, "\xef\xbb\xbfuser = a\r\nring = 1M\r\n");
	cr_assert_str_eq(cf.cf_user, "a");
	cr_assert_eq(cf.cf_ring, 1 << 20);
	load_bad("\xef\xbb\xbfsuser = a", ":1: no such option 'suser'");
}

Test(source, a_nul_byte_is_refused)
{
	static struct conf_set	 cf;
	char			 err[128];

	cr_assert_eq(load_bytes(&cf, "\nring\0= 1M", 10, err, sizeof(err)),
	    -1);
	cr_assert_str_eq(err, ":2: a NUL byte");
	cr_assert_eq(load_bytes(&cf, "user = \"a\0\"", 11, err, sizeof(err)),
	    -1);
	cr_assert_str_eq(err, ":1: a NUL byte");
}

/* libconfuse's scanner is global: an error must not leave it in a string. */
Test(source, a_good_file_loads_after_a_bad_one)
{
	struct conf	 cf;

	load_bad("ring = \"\\999", ":1: a quote is not closed on its line");
	load_bad("ring = \"\\999\" # \"", ":1: bad escape sequence '\\\\999'");
	load_good(&cf, "ring = 1M");
	cr_assert_eq(cf.cf_ring, 1 << 20);
}
