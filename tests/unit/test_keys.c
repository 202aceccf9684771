/* SPDX-License-Identifier: ISC */
/*
 * test_keys.c - the limits and spellings of every key.
 */
#include "conf/keys.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

#include "conf/hubmsg.h"
#include "conf_text.h"
#include "rtmp/command.h"

TestSuite(keys, .timeout = 10);

static const struct conf_key *
find_key(const char *name)
{
	size_t	 i;

	for (i = 0; i < conf_nkeys; i++)
		if (strcmp(conf_keys[i].ck_name, name) == 0)
			return &conf_keys[i];
	cr_assert_fail("no key %s", name);
	return NULL;
}

static uint64_t
number_of(const struct conf *cf, const char *name)
{
	const struct conf_key	*key = find_key(name);
	const char		*field = (const char *)cf + key->ck_offset;
	uint64_t		 wide;
	uint32_t		 narrow;

	if (key->ck_size == sizeof(wide)) {
		memcpy(&wide, field, sizeof(wide));
		return wide;
	}
	cr_assert_eq(key->ck_size, sizeof(narrow));
	memcpy(&narrow, field, sizeof(narrow));
	return narrow;
}

/* Defaults and limits, said a second time: the table is not its own proof. */
struct limits {
	char		 name[20];
	uint64_t	 def, min, max;
	char		 min_text[12], max_text[12];
	char		 below[12], above[12];	/* "" where nothing is below */
};

static const struct limits limits[] = {
	{ "ring", 8388608, 65536, 1073741824, "64K", "1G", "65535", "2G" },
	{ "max-ring-memory", 4294967296, 65536, 1099511627776, "64K", "1024G",
	    "63K", "1025G" },
	{ "max-lag", 5000, 100, 3600000, "100ms", "1h", "99ms", "3601s" },
	{ "merge", CONF_MERGE_AUTO, 0, 2000, "0", "2s", "", "2001ms" },
	{ "chunk-size", 65536, 128, 16777215, "128", "16777215", "127", "16M" },
	{ "linger", 3000, 0, 3600000, "0", "1h", "", "2h" },
	{ "takeover", 3000, 0, 3600000, "0", "1h", "", "61m" },
	{ "takeover-other", 10000, 0, 3600000, "0", "1h", "", "61m" },
	{ "handshake-timeout", 10000, 100, 3600000, "100ms", "1h", "0", "61m" },
	{ "command-timeout", 30000, 100, 3600000, "100ms", "1h", "0", "61m" },
	{ "publish-timeout", 60000, 100, 86400000, "100ms", "24h", "0", "25h" },
	{ "send-timeout", 30000, 100, 86400000, "100ms", "24h", "0", "25h" },
	{ "ping-interval", 60000, 100, 86400000, "100ms", "24h", "0", "25h" },
	{ "ping-timeout", 30000, 100, 86400000, "100ms", "24h", "0", "25h" },
	{ "stats-interval", 30000, 100, 86400000, "100ms", "24h", "0", "25h" },
	{ "hub-idle", 60000, 100, 86400000, "100ms", "24h", "0", "25h" },
	{ "drain-timeout", 60000, 0, 86400000, "0", "24h", "", "25h" },
	{ "max-connections", 4096, 1, 65536, "1", "65536", "0", "65537" },
	{ "max-per-address", 2048, 1, 65536, "1", "65536", "0", "65537" },
	{ "max-streams", 1024, 1, 65536, "1", "65536", "0", "65537" },
	{ "max-message", 16777216, 4096, 16777216, "4K", "16M", "4095",
	    "16777217" },
	{ "max-chunk-streams", 256, 8, 65598, "8", "65598", "7", "65599" },
	{ "max-partial", 16777216, 4096, 268435456, "4K", "256M", "4095",
	    "257M" },
	{ "max-message-streams", 8, 1, 8, "1", "8", "0", "9" },
	{ "max-command", 65536, 1024, 65536, "1K", "64K", "1023", "65537" },
	{ "max-amf-depth", 32, 4, 32, "4", "32", "3", "33" },
	{ "max-commands", 100, 16, 1000000, "16", "1000000", "15", "1000001" },
	{ "max-pings", 100, 1, 1000000, "1", "1000000", "0", "1000001" },
	{ "cpu-limit", 5000, 1000, 3600000, "1s", "1h", "999ms", "3601s" },
	{ "record-sync", 10000, 100, 3600000, "100ms", "1h", "99ms", "61m" },
	{ "max-queue", 262144, 4096, 67108864, "4K", "64M", "4095", "65M" },
};

ParameterizedTestParameters(keys, each_number_has_its_default_and_both_limits)
{
	return cr_make_param_array(struct limits, (struct limits *)limits,
	    N(limits));
}

ParameterizedTest(struct limits *l, keys,
    each_number_has_its_default_and_both_limits, .timeout = 10)
{
	struct conf	 cf;
	const char	*outside[] = { l->below, l->above };
	char		 text[64], want[128];
	size_t		 i;

	conf_init(&cf);
	cr_assert_eq(number_of(&cf, l->name), l->def);
	(void)snprintf(text, sizeof(text), "%s%s = %s\n",
	    strcmp(l->name, "max-ring-memory") == 0 ? "ring = 64K\n" : "",
	    l->name, l->min_text);
	load_good(&cf, text);
	cr_assert_eq(number_of(&cf, l->name), l->min);
	(void)snprintf(text, sizeof(text), "%s = %s\n", l->name, l->max_text);
	load_good(&cf, text);
	cr_assert_eq(number_of(&cf, l->name), l->max);
	for (i = 0; i < 2; i++) {
		if (*outside[i] == '\0')
			continue;
		(void)snprintf(text, sizeof(text), "\n%s = %s", l->name,
		    outside[i]);
		(void)snprintf(want, sizeof(want), ":2: %s: %s is not in "
		    "%s to %s", l->name, outside[i], l->min_text, l->max_text);
		load_bad(text, want);
	}
}

Test(keys, the_limits_above_cover_every_number_of_the_table)
{
	size_t	 i, n = 0;

	for (i = 0; i < conf_nkeys; i++)
		n += conf_keys[i].ck_min != NULL;
	cr_assert_eq(n, N(limits));
	for (i = 0; i < N(limits); i++)
		cr_assert_not_null(find_key(limits[i].name)->ck_max);
}

/* The table cannot include these: floors below know nothing of those above. */
Test(keys, what_the_source_bounds_the_keys_bound_too)
{
	struct conf	 cf;

	conf_init(&cf);
	cr_assert_eq(cf.cf_max_message_streams, HUB_SLOTS);
	cr_assert_eq(cf.cf_max_amf_depth, AMF_DEPTH_MAX);
	cr_assert_eq(cf.cf_max_command, COMMAND_MAX);
}

struct spelling { char text[48]; char key[20]; uint64_t want; };

ParameterizedTestParameters(keys, a_value_may_be_spelt_in_several_ways)
{
	static struct spelling	 v[] = {
		{ "ring = 16M", "ring", 16777216 },
		{ "ring=16M", "ring", 16777216 },
		{ "ring = \"16M\"", "ring", 16777216 },
		{ "ring = '16M'", "ring", 16777216 },
		{ "ring = 16384K # sixteen", "ring", 16777216 },
		{ "ring = 16777216", "ring", 16777216 },
		{ "ring\n=\n\t16M\r\n", "ring", 16777216 },
		{ "# ${HOME}\nring = 16M", "ring", 16777216 },
		{ "ring = # why\n 16M", "ring", 16777216 },
		{ "linger = 1s ring = 16M", "ring", 16777216 },
		{ "max-lag = 1500ms", "max-lag", 1500 },
		{ "max-lag = 2s", "max-lag", 2000 },
		{ "max-lag = 3m", "max-lag", 180000 },
		{ "max-lag = 1h", "max-lag", 3600000 },
		{ "linger = 0", "linger", 0 },
		{ "linger = 0s", "linger", 0 },
		{ "merge = auto", "merge", CONF_MERGE_AUTO },
		{ "merge = 0", "merge", 0 },
		{ "join = gop", "join", JOIN_GOP },
		{ "join = live", "join", JOIN_LIVE },
		{ "max-streams = 007", "max-streams", 7 },
	};

	return cr_make_param_array(struct spelling, v, N(v));
}

ParameterizedTest(struct spelling *v, keys,
    a_value_may_be_spelt_in_several_ways, .timeout = 10)
{
	struct conf	 cf;

	load_good(&cf, v->text);
	cr_assert_eq(number_of(&cf, v->key), v->want, "%s", v->text);
}

Test(keys, a_yes_or_no_has_three_spellings_each)
{
	static const char *const words[][2] = {
		{ "true", "false" }, { "yes", "no" }, { "on", "off" },
	};
	struct conf		 cf;
	char			 text[64];
	size_t			 i, j;

	for (i = 0; i < N(words); i++)
		for (j = 0; j < 2; j++) {
			(void)snprintf(text, sizeof(text),
			    "idle-streams = %s", words[i][j]);
			load_good(&cf, text);
			cr_assert_eq(cf.cf_idle_streams, j == 0);
		}
}

