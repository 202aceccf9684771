/* SPDX-License-Identifier: ISC */
/*
 * test_print.c - a configuration printed and read back is the same.
 */
#include "conf/print.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/keys.h"
#include "conf_text.h"

TestSuite(print, .timeout = 10);

static struct conf_set	set, again;

static char *
printed(const char *text)
{
	char	*out = NULL;
	size_t	 len;
	FILE	*to = open_memstream(&out, &len);

	cr_assert_not_null(to);
	load_set(&set, text);
	cr_assert_eq(conf_print(to, &set), 0);
	cr_assert_eq(fclose(to), 0);
	return out;
}

struct whole { char text[1400]; };

ParameterizedTestParameters(print, what_is_printed_reads_back_as_it_was)
{
	static struct whole	 v[] = {
		{ "" },
		{ "listen = { 1935, 127.0.0.1:1936, [::1]:1937 }\n"
		    "user = relay\nrun-directory = '/a b/${HOME}\\\"'\n"
		    "drain-url = \"rtmp://b/9 x\\\\ \\xc3\\xa9#\"\n"
		    "ring = 16M max-ring-memory = 3G max-message = 5000\n"
		    "max-lag = 1500ms linger = 0 takeover = 61s merge = 0\n"
		    "publish-timeout = 120s ping-interval = 2h\n"
		    "join = live sandbox = log idle-streams = no\n"
		    "allow-publish = { 192.0.2.1, 2001:db8::/32, ::/0 }\n"
		    "allow-play = 0.0.0.0/0 record = audio\n"
		    "record-path = \"%Y/%{app}/%%{x}.flv\"\n"
		    "record-segment = 90s record-append = yes\n"
		    "metrics-listen = [::1]:9728 metrics-host = a-1.b_\n"
		    "control-group = operators\n" },
		{ "listen = { \"[fe80::1% = {]:1\", [fe80::2%eth0]:2,\n"
		    "\"[fe80::1%\\x119\\t\\n\\x7f]:1\" }" },
		{ "metrics-listen = 9728 record-segment = 100M merge = auto\n" },
		{ "application a { record-segment = 1G }\n"
		    "application a/b { allow-play = ::1 join = live }\n"
		    "application c { }\nrecord-segment = 10m\n"
		    "application \"a$b'{\" { drain-url = x }\n"
		    "allow-play = { 192.0.2.1, 192.0.2.2 } linger = 7s" },
	};

	return cr_make_param_array(struct whole, v, N(v));
}

ParameterizedTest(struct whole *w, print, what_is_printed_reads_back_as_it_was,
    .timeout = 10)
{
	char	*text = printed(w->text);

	load_set(&again, text);
	cr_assert_eq(memcmp(&set, &again, CONF_SET_SIZE(set.cs_n)), 0, "%s",
	    text);
	free(text);
}

Test(print, every_key_that_has_a_value_is_printed)
{
	char	*text = printed(""), want[64];
	size_t	 i;

	for (i = 0; i < conf_nkeys; i++) {
		(void)snprintf(want, sizeof(want), "%s%s = ",
		    i == 0 ? "# " : "\n", conf_keys[i].ck_name);
		cr_assert_eq(strstr(text, want) != NULL,
		    i == 0 || conf_keys[i].ck_default != NULL, "%s in\n%s",
		    want, text);
	}
	cr_assert_not_null(strstr(text, "# listen = 1935\n"));
	free(text);
}

Test(print, of_a_block_there_is_only_what_differs)
{
	char		*text = printed("linger = 7s ring = 1M\n"
	    "application live { linger = 7s join = live "
	    "allow-play = { ::1, 192.0.2.0/24 } }");
	const char	*block = strstr(text, "\napplication ");

	cr_assert_str_eq(block, "\napplication \"live\" {\n\tjoin = live\n"
	    "\tallow-play = { ::1, 192.0.2.0/24 }\n}\n");
	free(text);
}

struct value { char text[64]; char key[20]; char want[48]; };

ParameterizedTestParameters(print, a_value_is_printed_in_its_largest_unit)
{
	static struct value	 v[] = {
		{ "ring = 1048576", "ring", "1M" },
		{ "ring = 131072", "ring", "128K" },
		{ "max-ring-memory = 1024G", "max-ring-memory", "1024G" },
		{ "max-message = 5000", "max-message", "5000" },
		{ "linger = 3600000ms", "linger", "1h" },
		{ "linger = 90s", "linger", "90s" },
		{ "linger = 120s", "linger", "2m" },
		{ "linger = 0s", "linger", "0" },
		{ "linger = 7ms", "linger", "7ms" },
		{ "merge = auto", "merge", "auto" },
		{ "merge = 0", "merge", "0" },
		{ "max-streams = 10", "max-streams", "10" },
		{ "record = all", "record", "all" },
		{ "idle-streams = off", "idle-streams", "false" },
		{ "user = relay", "user", "\"relay\"" },
		{ "record-segment = 10m", "record-segment", "10m" },
		{ "record-segment = 10M", "record-segment", "10M" },
		{ "listen = [::1]:99", "listen", "{ [::1]:99 }" },
		{ "metrics-listen = 99", "metrics-listen", "127.0.0.1:99" },
	};

	return cr_make_param_array(struct value, v, N(v));
}

ParameterizedTest(struct value *v, print, a_value_is_printed_in_its_largest_unit,
    .timeout = 10)
{
	char		 text[KEY_TEXT_MAX];
	struct conf	 cf;
	size_t		 i;

	load_good(&cf, v->text);
	for (i = 0; strcmp(conf_keys[i].ck_name, v->key) != 0; i++)
		cr_assert_lt(i, conf_nkeys);
	cr_assert(key_format(&cf, &conf_keys[i], text));
	cr_assert_str_eq(text, v->want);
}

/* The longest list there can be. */
Test(print, a_full_list_finds_room)
{
	char		 text[KEY_TEXT_MAX], line[128];
	char		*list = calloc(PREFIX_LIST_MAX, 64);
	struct conf	 cf;
	size_t		 i;
	int		 n;

	cr_assert_not_null(list);
	for (n = 0; n < PREFIX_LIST_MAX; n++) {
		(void)snprintf(line, sizeof(line), "allow-play %s "
		    "2001:db8:1111:2222:3333:4444:5555:%x00/127\n",
		    n == 0 ? "=" : "+=", 0x10 + n);
		strlcat(list, line, PREFIX_LIST_MAX * 64);
	}
	load_good(&cf, list);
	free(list);
	for (i = 0; strcmp(conf_keys[i].ck_name, "allow-play") != 0; i++)
		continue;
	cr_assert(key_format(&cf, &conf_keys[i], text));
	cr_assert_eq(text[strlen(text) - 1], '}');
}
