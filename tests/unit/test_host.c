/* SPDX-License-Identifier: ISC */
/*
 * test_host.c - which names requests over the loopback may ask for.
 */
#include "tools/rtmpmetrics/host.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "sys/address.h"

#define N(v)	(sizeof(v) / sizeof((v)[0]))
#define NAME	"relay.example"

struct vec { char host[64]; bool ours; };

ParameterizedTestParameters(host, is_ours)
{
	static struct vec v[] = {
		/* addresses; browsers write the odd ones so */
		{ "127.0.0.1", true }, { "127.0.0.1:9728", true },
		{ "192.0.2.1", true }, { "127.0.0.1:", true },
		{ "[::1]", true }, { "[::1]:9728", true },
		{ "[2001:DB8::1]:1", true }, { "[::ffff:127.0.0.1]", true },
		{ "127.1", false }, { "2130706433", false },
		{ "127.0.0.1.", false }, { "127.0.0.1.evil.example", false },
		{ "::1", false }, { "[::1", false }, { "[::1]x", false },
		{ "[::1]:x", false }, { "[127.0.0.1]", false }, { "[]", false },
		{ "[0000:0000:0000:0000:0000:0000:0000:00000000000001]",
		    false },
		/* names */
		{ "localhost", true }, { "LocalHost:80", true },
		{ "localhost.", true }, { "localhost.:9728", true },
		{ "localhost..", false }, { "localhost.evil.example", false },
		{ "evil.localhost", false }, { "localhostx", false },
		{ "localhos", false },
		{ "relay.example", true }, { "RELAY.Example:9728", true },
		{ "relay.example.:9728", true }, { "relay", false },
		{ "relay.example.evil.example", false },
		{ "xrelay.example", false }, { "evil.example:9728", false },
		/* neither */
		{ "", false }, { ":", false }, { ".", false }, { ":80", false },
		{ "localhost:80:80", false }, { "localhost:x", false },
		{ "localhost:-1", false }, { "localhost, evil.example", false },
		{ "localhost ", false }, { "user@localhost", false },
		{ "http://localhost", false }, { "localhost/", false },
	};

	return cr_make_param_array(struct vec, v, N(v));
}

ParameterizedTest(struct vec *v, host, is_ours, .timeout = 10)
{
	cr_assert_eq(host_is_ours(v->host, NAME), v->ours, "%s", v->host);
}

Test(host, without_a_name_only_localhost_has_one, .timeout = 10)
{
	cr_assert(host_is_ours("localhost", NULL));
	cr_assert(!host_is_ours(NAME, NULL));
	cr_assert(!host_is_ours("", NULL));
}

Test(host, a_name_of_any_length_is_only_read, .timeout = 10)
{
	char longest[254], text[1024];

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	strlcpy(text, longest, sizeof(text));
	cr_assert(host_is_ours(text, longest));
	strlcat(text, ".", sizeof(text));
	cr_assert(host_is_ours(text, longest));
	strlcat(text, ":9728", sizeof(text));
	cr_assert(host_is_ours(text, longest));
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	cr_assert(!host_is_ours(text, longest));
}

struct from { char host[48]; bool local; };

ParameterizedTestParameters(host, is_local)
{
	static struct from v[] = {
		{ "127.0.0.1", true }, { "127.255.255.254", true },
		{ "126.255.255.255", false }, { "128.0.0.0", false },
		{ "192.0.2.1", false }, { "0.0.0.0", false },
		{ "::1", true }, { "::2", false }, { "::", false },
		{ "2001:db8::1", false },
	};

	return cr_make_param_array(struct from, v, N(v));
}

ParameterizedTest(struct from *v, host, is_local, .timeout = 10)
{
	union address a;

	cr_assert_eq(address_parse(&a, v->host, 1), 0);
	cr_assert_eq(host_is_local(&a.ad_any), v->local, "%s", v->host);
}
