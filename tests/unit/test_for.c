/* SPDX-License-Identifier: ISC */
/*
 * test_for.c - application blocks, and what holds for which stream.
 */
#include "conf/conf.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

#include "conf_text.h"

TestSuite(for, .timeout = 10);

static struct conf_set	set;

Test(for, a_block_holds_for_its_application_and_nothing_else)
{
	load_set(&set, "max-lag = 2s\n"
	    "application live { linger = 9s join = live }\n"
	    "application \"live/eu\" {\n\tlinger = 8s\n}\n"
	    "application vod { }\n");
	cr_assert_eq(set.cs_n, 4);
	cr_assert_str_eq(conf_for(&set, "live")->cf_app, "live");
	cr_assert_str_eq(conf_for(&set, "live/a")->cf_app, "live");
	cr_assert_str_eq(conf_for(&set, "live/eu")->cf_app, "live/eu");
	cr_assert_str_eq(conf_for(&set, "live/eu/a")->cf_app, "live/eu");
	cr_assert_str_eq(conf_for(&set, "live/europe")->cf_app, "live");
	cr_assert_str_eq(conf_for(&set, "vod/x")->cf_app, "vod");
	cr_assert_eq(conf_for(&set, "lively/a"), &set.cs_conf[0]);
	cr_assert_eq(conf_for(&set, "liv"), &set.cs_conf[0]);
	cr_assert_eq(conf_for(&set, "a/live"), &set.cs_conf[0]);
	cr_assert_eq(conf_for(&set, ""), &set.cs_conf[0]);
	cr_assert_eq(conf_for(&set, "live/a")->cf_linger, 9000);
	cr_assert_eq(conf_for(&set, "live/eu/a")->cf_linger, 8000);
	cr_assert_eq(conf_for(&set, "live/eu/a")->cf_join, JOIN_GOP);
	cr_assert_eq(set.cs_conf[0].cf_linger, 3000);
	cr_assert_eq(set.cs_conf[0].cf_join, JOIN_GOP);
	cr_assert_eq(conf_for(&set, "vod/x")->cf_max_lag, 2000);
}

Test(for, a_block_inherits_what_stands_before_and_after_it)
{
	const struct conf	*cf;

	load_set(&set, "max-lag = 2s allow-play = { 192.0.2.1, 192.0.2.2 }\n"
	    "allow-publish = 192.0.2.3 record-segment = 5m\n"
	    "application live {\n takeover = 0\n"
	    " allow-play = 198.51.100.1 record-segment = 1M\n}\n"
	    "linger = 7s\nlisten = 1999\nmax-streams = 5\n");
	cf = conf_for(&set, "live/a");
	cr_assert_eq(cf->cf_max_lag, 2000);
	cr_assert_eq(cf->cf_linger, 7000);
	cr_assert_eq(cf->cf_takeover, 0);
	cr_assert_eq(cf->cf_max_streams, 5);
	cr_assert_eq(cf->cf_nlisten, 1);
	cr_assert_eq(cf->cf_allow_publish.pl_n, 1);
	cr_assert_eq(cf->cf_allow_play.pl_n, 1, "a list replaces the other");
	cr_assert(prefix_list_has(&cf->cf_allow_play, "198.51.100.1"));
	cr_assert_eq(cf->cf_record_segment, 0);
	cr_assert_eq(cf->cf_record_segment_bytes, 1 << 20);
	cr_assert_eq(set.cs_conf[0].cf_allow_play.pl_n, 2);
	cr_assert_eq(set.cs_conf[0].cf_record_segment, 300000);
}

struct fault { char text[96]; char want[112]; };

ParameterizedTestParameters(for, an_error_in_a_block_has_its_place)
{
	static struct fault	 v[] = {
		{ "application live {\n\n join = now\n}",
		    ":3: join: \"now\" is not one of gop|live" },
		{ "application live {\n listen = 1935\n}",
		    ":2: listen: not for one application alone" },
		{ "application live {\n user = x }",
		    ":2: user: not for one application alone" },
		{ "application live {\n max-streams = 1 }",
		    ":2: max-streams: not for one application alone" },
		{ "application live {\n tea = x }",
		    ":2: no such option 'tea'" },
		{ "application live {\n ring = 1M\n ring = 1M\n}",
		    ":3: ring: given twice" },
		{ "application live { }\napplication live { }",
		    ":2: found duplicate title 'live'" },
		{ "application { }", ":1: missing title for section "
		    "'application'" },
		{ "application = live", ":1: missing title for section "
		    "'application'" },
		{ "application \"\" { }", ":1: application \"\": the name has "
		    "an empty part" },
		{ "application /live { }", ":1: application \"/live\": the "
		    "name has an empty part" },
		{ "application live/ { ring = 1M }", ":1: application "
		    "\"live/\": the name has an empty part" },
		{ "application a/../b { }", ":1: application \"a/../b\": the "
		    "name has a part . or .." },
		{ "application \"a b\" { }", ":1: application \"a b\": the "
		    "name has a character that no application has" },
		{ "\napplication live {\n join = gop\n",
		    ":2: a brace is not closed" },
		{ "application live { allow-play = { ::1 }\n",
		    ":1: a brace is not closed" },
		{ "application live { } }", ":1: unexpected closing brace" },
		{ "application live {\n application x { }\n}",
		    ":2: no such option 'application'" },
	};

	return cr_make_param_array(struct fault, v, N(v));
}

ParameterizedTest(struct fault *f, for, an_error_in_a_block_has_its_place,
    .timeout = 10)
{
	load_bad(f->text, f->want);
}

Test(for, there_is_room_for_63_blocks_and_a_name_of_63_bytes)
{
	char	 text[64 * 48] = "", name[65], want[160];
	int	 i;

	for (i = 0; i < CONF_APPS; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "application a%d { linger = %ds }\n", i, i);
	load_set(&set, text);
	cr_assert_eq(conf_for(&set, "a62/x")->cf_linger, 62000);
	strlcat(text, "application b { }\n", sizeof(text));
	load_bad(text, ":64: application \"b\": more than 63 of them");

	memset(name, 'x', sizeof(name));
	name[63] = '\0';
	(void)snprintf(text, sizeof(text), "application %s { }", name);
	load_set(&set, text);
	cr_assert_str_eq(set.cs_conf[1].cf_app, name);
	name[63] = 'x';
	name[64] = '\0';
	(void)snprintf(text, sizeof(text), "application %s { }", name);
	(void)snprintf(want, sizeof(want), ":1: application \"%s\": the name "
	    "is longer than 63 bytes", name);
	load_bad(text, want);
}
