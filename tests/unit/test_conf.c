/* SPDX-License-Identifier: ISC */
/*
 * test_conf.c - rtmpd.conf(5): every key, every error, every kind of file.
 * Run from the root of the source tree, where etc/rtmpd.conf is.
 */
#include "conf/conf.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/keys.h"
#include "conf_text.h"

#define SAMPLE	"etc/rtmpd.conf"

TestSuite(conf, .timeout = 10);

Test(conf, every_key_lands_in_its_own_field)
{
	struct conf	 cf;

	load_good(&cf,
	    "listen = { 1935, \"127.0.0.1:1936\", [::1]:1937 }\n"
	    "user = relay\nrun-directory = /var/run/relay\n"
	    "ring = 16M\nmax-ring-memory = 2G\n"
	    "max-lag = 101ms\nlinger = 102ms\ntakeover = 103ms\n"
	    "takeover-other = 104ms\njoin = live\nsandbox = log\nidle-streams = false\n"
	    "merge = 105ms\nchunk-size = 4096\nhandshake-timeout = 106ms\n"
	    "command-timeout = 107ms\npublish-timeout = 108ms\n"
	    "send-timeout = 109ms\nping-interval = 110ms\n"
	    "ping-timeout = 111ms\nstats-interval = 112ms\n"
	    "hub-idle = 113ms\nmax-connections = 114\n"
	    "max-per-address = 115\nmax-streams = 116\n"
	    "max-message = 1M\nmax-chunk-streams = 117\nmax-queue = 8K\n"
	    "max-partial = 2M\nmax-message-streams = 7\n"
	    "max-command = 3K\nmax-amf-depth = 11\nmax-commands = 118\n"
	    "max-pings = 119\ncpu-limit = 120s\n"
	    "drain-timeout = 121ms\ndrain-url = \"rtmp://b/live\"\n"
	    "allow-publish = { 192.0.2.1, 2001:db8::/32 }\n"
	    "allow-play = 198.51.100.0/24\nallow-play += 127.0.0.1\n"
	    "record = video\nrecord-directory = /srv/tapes\n"
	    "record-path = \"%Y/%{app}/%{n}.flv\"\nrecord-segment = 10m\n"
	    "record-append = true\nrecord-sync = 122ms\n"
	    "metrics-listen = 9728\nmetrics-host = relay.example\n"
	    "control-group = operators\n");
	cr_assert_eq(cf.cf_nlisten, 3);
	cr_assert_str_eq(cf.cf_listen[0].cl_host, "");
	cr_assert_str_eq(cf.cf_listen[0].cl_port, "1935");
	cr_assert_str_eq(cf.cf_listen[1].cl_host, "127.0.0.1");
	cr_assert_str_eq(cf.cf_listen[1].cl_port, "1936");
	cr_assert_str_eq(cf.cf_listen[2].cl_host, "::1");
	cr_assert_str_eq(cf.cf_listen[2].cl_port, "1937");
	cr_assert_str_eq(cf.cf_user, "relay");
	cr_assert_str_eq(cf.cf_rundir, "/var/run/relay");
	cr_assert_eq(cf.cf_ring, 16 << 20);
	cr_assert_eq(cf.cf_max_ring_memory, 2ULL << 30);
	cr_assert_eq(cf.cf_max_lag, 101);
	cr_assert_eq(cf.cf_linger, 102);
	cr_assert_eq(cf.cf_takeover, 103);
	cr_assert_eq(cf.cf_takeover_other, 104);
	cr_assert_eq(cf.cf_join, JOIN_LIVE);
	cr_assert_eq(cf.cf_sandbox, DENIED_LOG);
	cr_assert_eq(cf.cf_idle_streams, false);
	cr_assert_eq(cf.cf_merge, 105);
	cr_assert_eq(cf.cf_chunk_size, 4096);
	cr_assert_eq(cf.cf_handshake_timeout, 106);
	cr_assert_eq(cf.cf_command_timeout, 107);
	cr_assert_eq(cf.cf_publish_timeout, 108);
	cr_assert_eq(cf.cf_send_timeout, 109);
	cr_assert_eq(cf.cf_ping_interval, 110);
	cr_assert_eq(cf.cf_ping_timeout, 111);
	cr_assert_eq(cf.cf_stats_interval, 112);
	cr_assert_eq(cf.cf_hub_idle, 113);
	cr_assert_eq(cf.cf_max_connections, 114);
	cr_assert_eq(cf.cf_max_per_address, 115);
	cr_assert_eq(cf.cf_max_streams, 116);
	cr_assert_eq(cf.cf_max_message, 1 << 20);
	cr_assert_eq(cf.cf_max_chunk_streams, 117);
	cr_assert_eq(cf.cf_max_queue, 8192);
	cr_assert_eq(cf.cf_max_partial, 2 << 20);
	cr_assert_eq(cf.cf_max_message_streams, 7);
	cr_assert_eq(cf.cf_max_command, 3072);
	cr_assert_eq(cf.cf_max_amf_depth, 11);
	cr_assert_eq(cf.cf_max_commands, 118);
	cr_assert_eq(cf.cf_max_pings, 119);
	cr_assert_eq(cf.cf_cpu_limit, 120000);
	cr_assert_eq(cf.cf_drain_timeout, 121);
	cr_assert_str_eq(cf.cf_drain_url, "rtmp://b/live");
	cr_assert_eq(cf.cf_allow_publish.pl_n, 2);
	cr_assert_eq(cf.cf_allow_publish.pl_prefix[1].px_bits, 32);
	cr_assert_eq(cf.cf_allow_play.pl_n, 2);
	cr_assert_eq(cf.cf_allow_play.pl_prefix[0].px_bits, 24);
	cr_assert_eq(cf.cf_record, RECORD_VIDEO);
	cr_assert_str_eq(cf.cf_record_dir, "/srv/tapes");
	cr_assert_str_eq(cf.cf_record_path, "%Y/%{app}/%{n}.flv");
	cr_assert_eq(cf.cf_record_segment, 600000);
	cr_assert_eq(cf.cf_record_segment_bytes, 0);
	cr_assert_eq(cf.cf_record_append, true);
	cr_assert_eq(cf.cf_record_sync, 122);
	cr_assert_str_eq(cf.cf_metrics.cl_host, "127.0.0.1");
	cr_assert_str_eq(cf.cf_metrics.cl_port, "9728");
	cr_assert_str_eq(cf.cf_control_group, "operators");
	cr_assert_str_eq(cf.cf_metrics_host, "relay.example");
	cr_assert_eq(conf_nkeys, 48, "a new key belongs in this test");
}

Test(conf, without_a_file_everything_is_at_its_default)
{
	struct conf	 cf, loaded;

	memset(&cf, 0xa5, sizeof(cf));
	conf_init(&cf);
	cr_assert_eq(cf.cf_nlisten, 0);
	cr_assert_str_eq(cf.cf_user, "");
	cr_assert_str_eq(cf.cf_rundir, "");
	cr_assert_eq(cf.cf_join, JOIN_GOP);
	cr_assert_eq(cf.cf_idle_streams, true);
	load_good(&loaded, "");
	cr_assert_eq(memcmp(&cf, &loaded, sizeof(cf)), 0);
	load_good(&loaded, " # nothing\n\n");
	cr_assert_eq(memcmp(&cf, &loaded, sizeof(cf)), 0);
}

/* What is left out of a second file is at its default, not as before. */
Test(conf, a_file_is_read_over_the_defaults)
{
	struct conf	 cf;

	load_good(&cf, "linger = 9s");
	load_good(&cf, "max-lag = 1s");
	cr_assert_eq(cf.cf_linger, 3000);
	cr_assert_eq(cf.cf_max_lag, 1000);
}

struct fault { char text[80]; char want[128]; };

ParameterizedTestParameters(conf, an_error_names_its_line_and_key)
{
	static struct fault	 v[] = {
		{ "ring = lots", ":1: ring: \"lots\" is not a size "
		    "(bytes, or a number with K, M or G)" },
		{ "ring = 16k", ":1: ring: \"16k\" is not a size "
		    "(bytes, or a number with K, M or G)" },
		{ "ring = -1", ":1: ring: \"-1\" is not a size "
		    "(bytes, or a number with K, M or G)" },
		{ "ring = \"1M \"", ":1: ring: \"1M \" is not a size "
		    "(bytes, or a number with K, M or G)" },
		{ "ring = \"\"", ":1: ring: \"\" is not a size "
		    "(bytes, or a number with K, M or G)" },
		{ "\n# c\n\nring = 3M # c\n",
		    ":4: ring: 3M is not a power of two" },
		{ "ring = 65537", ":1: ring: 65537 is not a power of two" },
		{ "ring = 18446744073709551616",
		    ":1: ring: 18446744073709551616 is not in 64K to 1G" },
		{ "ring = 17179869184G",
		    ":1: ring: 17179869184G is not in 64K to 1G" },
		{ "max-lag = 5", ":1: max-lag: \"5\" needs a unit: 3s, 500ms" },
		{ "max-lag = 1.5s", ":1: max-lag: \"1.5s\" is not a duration "
		    "(a number with ms, s, m or h)" },
		{ "max-lag = 5S", ":1: max-lag: \"5S\" is not a duration "
		    "(a number with ms, s, m or h)" },
		{ "merge = 40", ":1: merge: \"40\" needs a unit: 3s, 500ms, "
		    "or auto" },
		{ "max-streams = 1K", ":1: max-streams: \"1K\" is not a "
		    "number" },
		{ "join = now", ":1: join: \"now\" is not one of gop|live" },
		{ "join = go", ":1: join: \"go\" is not one of gop|live" },
		{ "join = gop|live",
		    ":1: join: \"gop|live\" is not one of gop|live" },
		{ "idle-streams = 2",
		    ":1: idle-streams: \"2\" is not true or false" },
		{ "user = \"\"", ":1: user: the value is empty" },
		{ "user = a23456789b23456789c23456789d23456",
		    ":1: user: longer than 32 bytes" },
		{ "run-directory = run/rtmpd", ":1: run-directory: "
		    "\"run/rtmpd\" does not begin with /" },
		{ "listen = {\n 1935,\n x }\n", ":3: listen: \"x\": the port "
		    "is not a number from 1 to 65535" },
		{ "listen = {1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,\n17}",
		    ":2: listen: more than 16 addresses" },
		{ "listen = { }", ":1: a list is empty" },
		{ "listen = { # none\n}", ":2: a list is empty" },
		{ "max-lag = 1s\nallow-play = { 127.0.0.1,\n 10.0.0.1/8 }",
		    ":3: allow-play: \"10.0.0.1/8\": the address goes on "
		    "behind the prefix" },
		{ "allow-publish = localhost", ":1: allow-publish: "
		    "\"localhost\": not a numeric address" },
		{ "cpu-limit = 1500ms",
		    ":1: cpu-limit: 1500ms is not in whole seconds" },
		{ "ring =\n\n 3M", ":3: ring: 3M is not a power of two" },
		{ "ring = 3M\nlinger = x", ":1: ring: 3M is not a power of "
		    "two" },
		{ "ring = 1M\nring = 2M\n", ":2: ring: given twice" },
		{ "listen = 1\nlisten = { 2 }", ":2: listen: given twice" },
		{ "record-path = /x.flv",
		    ":1: record-path: \"/x.flv\" begins with /" },
		{ "record-path = a/../x.flv", ":1: record-path: "
		    "\"a/../x.flv\" has a part . or .." },
		{ "record-path = a/", ":1: record-path: \"a/\" ends with /" },
		{ "record-directory = tapes", ":1: record-directory: "
		    "\"tapes\" does not begin with /" },
		{ "record-segment = soon", ":1: record-segment: \"soon\" is "
		    "neither a duration nor a size: 10m, 100M" },
		{ "record-segment = 100", ":1: record-segment: 100 is not in "
		    "64K to 1024G" },
		{ "record-segment = 999ms", ":1: record-segment: 999ms is not "
		    "in 1s to 24h" },
		{ "metrics-listen = localhost:1", ":1: metrics-listen: "
		    "\"localhost:1\": the address is not numeric" },
		{ "metrics-host = relay.example:9728", ":1: metrics-host: "
		    "\"relay.example:9728\" is not the name of a host" },
		{ "record-path = %Q.flv", ":1: record-path: \"%Q.flv\" has a "
		    "% that begins neither %{app}, %{name} or %{n} nor a "
		    "conversion of strftime(3)" },
		{ "drain-url = \"rtmp://a\\x0ab\"", ":1: drain-url: "
		    "\"rtmp://a\\nb\" has a control character" },
		{ "listen = 1\nlisten += :1\nlisten += 2\nlisten += 1",
		    ":2: listen: \":1\": the address is not numeric" },
		{ "listen = { 1,\n 0.0.0.0:1, 1 }",
		    ":2: listen: \"1\": given twice" },
		{ "ring = 1M\nmax-ring-memory = 512K\n",
		    ":2: ring: 1M is more than max-ring-memory, 512K" },
		{ "max-ring-memory = 7M\n\n",
		    ":1: ring: 8M is more than max-ring-memory, 7M" },
		{ "application a {\n ring = 1G\n}\nlinger = 1s\n"
		    "max-ring-memory = 8M",
		    ":5: ring: 1G is more than max-ring-memory, 8M" },
		{ "max-ring-memory = 8M\napplication a {\n ring = 16M\n}",
		    ":3: ring: 16M is more than max-ring-memory, 8M" },
		{ "metrics-host = relay.example.", ":1: metrics-host: "
		    "\"relay.example.\" is not the name of a host" },
	};

	return cr_make_param_array(struct fault, v, N(v));
}

ParameterizedTest(struct fault *f, conf, an_error_names_its_line_and_key,
    .timeout = 10)
{
	load_bad(f->text, f->want);
}

Test(conf, a_list_may_be_one_value_or_grow)
{
	struct conf	 cf;

	load_good(&cf, "listen = 1935");
	cr_assert_eq(cf.cf_nlisten, 1);
	load_good(&cf, "listen = { 1, 2, }\nlisten += { 3 }\nlisten += 4");
	cr_assert_eq(cf.cf_nlisten, 4);
	cr_assert_str_eq(cf.cf_listen[3].cl_port, "4");
}

Test(conf, a_file_that_cannot_be_read_is_an_error)
{
	static struct conf_set	 cf, before;
	char			 err[128];

	cr_assert_eq(conf_load(&cf, "/nonexistent/rtmpd.conf", err,
	    sizeof(err)), -1);
	cr_assert_str_eq(err,
	    "/nonexistent/rtmpd.conf: No such file or directory");
	cr_assert_eq(conf_load(&cf, "/tmp", err, sizeof(err)), -1);
	cr_assert_str_eq(err, "/tmp: Is a directory");
	cr_assert_eq(conf_load(&cf, "~/rtmpd.conf", err, sizeof(err)), -1);
	cr_assert_str_eq(err, "~/rtmpd.conf: No such file or directory");
	cr_assert_eq(conf_load(&cf, "/dev/zero", err, sizeof(err)), -1);
	cr_assert_str_eq(err, "/dev/zero: file too large");
	cr_assert_eq(conf_load(&cf, "/tmp", err, 6), -1);
	cr_assert_str_eq(err, "/tmp:");
	cr_assert_eq(memcmp(&cf, &before, sizeof(cf)), 0);
}


/* The lines "#key = value" of the sample, with the '#' taken away. */
static char *
read_sample(void)
{
	FILE	*fp;
	char	*text, *p;
	size_t	 len;

	cr_assert_not_null(fp = fopen(SAMPLE, "r"), SAMPLE);
	cr_assert_not_null(text = calloc(1, 65536));
	len = fread(text, 1, 65535, fp);
	cr_assert_eq(ferror(fp), 0);
	cr_assert_eq(fclose(fp), 0);
	cr_assert_lt(len, 65535);
	for (p = text; (p = strchr(p, '#')) != NULL; p++)
		if ((p == text || p[-1] == '\n') && p[1] >= 'a' && p[1] <= 'z')
			*p = ' ';
	return text;
}

Test(conf, the_sample_loads_and_changes_nothing)
{
	static struct conf_set	 sample;
	struct conf		 cf;
	char			 err[512];

	conf_init(&cf);
	cr_assert_eq(conf_load(&sample, SAMPLE, err, sizeof(err)), 0, "%s",
	    err);
	cr_assert_eq(sample.cs_n, 1);
	cr_assert_eq(memcmp(&cf, &sample.cs_conf[0], sizeof(cf)), 0);
}

Test(conf, the_sample_has_every_key_at_its_default)
{
	struct conf	 cf, sample;
	char		*text = read_sample(), want[64], quoted[64];
	size_t		 i;

	for (i = 0; i < conf_nkeys; i++) {
		(void)snprintf(want, sizeof(want), "\n %s = %s",
		    conf_keys[i].ck_name, conf_keys[i].ck_default != NULL ?
		    conf_keys[i].ck_default : "");
		(void)snprintf(quoted, sizeof(quoted), "\n %s = \"%s",
		    conf_keys[i].ck_name, conf_keys[i].ck_default != NULL ?
		    conf_keys[i].ck_default : "");
		cr_assert(strstr(text, want) != NULL ||
		    strstr(text, quoted) != NULL, "no%s", want);
	}
	load_good(&sample, text);
	free(text);
	cr_assert_eq(sample.cf_nlisten, 1);
	cr_assert_str_eq(sample.cf_listen[0].cl_host, "");
	cr_assert_str_eq(sample.cf_listen[0].cl_port, "1935");
	conf_init(&cf);
	sample.cf_nlisten = 0;
	memset(sample.cf_listen, 0, sizeof(sample.cf_listen));
	memset(sample.cf_user, 0, sizeof(sample.cf_user));
	memset(sample.cf_rundir, 0, sizeof(sample.cf_rundir));
	memset(sample.cf_drain_url, 0, sizeof(sample.cf_drain_url));
	memset(sample.cf_control_group, 0, sizeof(sample.cf_control_group));
	cr_assert_str_eq(sample.cf_metrics.cl_port, "9728");
	memset(&sample.cf_metrics, 0, sizeof(sample.cf_metrics));
	memset(sample.cf_metrics_host, 0, sizeof(sample.cf_metrics_host));
	cr_assert_eq(sample.cf_allow_publish.pl_n, 4);
	memset(&sample.cf_allow_publish, 0, sizeof(sample.cf_allow_publish));
	memset(&sample.cf_allow_play, 0, sizeof(sample.cf_allow_play));
	cr_assert_eq(memcmp(&cf, &sample, sizeof(cf)), 0);
}
