/* SPDX-License-Identifier: ISC */
/*
 * test_listen.c - every form of [address:]port, and what is none.
 */
#include "conf/conf.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#define N(a)	(sizeof(a) / sizeof((a)[0]))

struct good { char text[80]; char host[64]; char port[6]; };

ParameterizedTestParameters(listen, address_and_port_are_told_apart)
{
	static struct good	 v[] = {
		{ "1935", "", "1935" },
		{ "1", "", "1" },
		{ "65535", "", "65535" },
		{ "01935", "", "1935" },
		{ "127.0.0.1:1935", "127.0.0.1", "1935" },
		{ "0.0.0.0:80", "0.0.0.0", "80" },
		{ "[::]:1935", "::", "1935" },
		{ "[::1]:1", "::1", "1" },
		{ "[fe80::1%eth0]:1935", "fe80::1%eth0", "1935" },
		{ "[::ffff:192.0.2.1]:1935", "::ffff:192.0.2.1", "1935" },
	};

	return cr_make_param_array(struct good, v, N(v));
}

ParameterizedTest(struct good *v, listen, address_and_port_are_told_apart,
    .timeout = 10)
{
	struct conf_listen	 cl;

	cr_assert_null(conf_parse_listen(v->text, &cl), "%s", v->text);
	cr_assert_str_eq(cl.cl_host, v->host);
	cr_assert_str_eq(cl.cl_port, v->port);
}

struct bad { char text[80]; char want[64]; };

#define PORT	"the port is not a number from 1 to 65535"
#define NAME	"the address is not numeric"
#define IPV6	"the address in brackets is not IPv6"

ParameterizedTestParameters(listen, anything_else_is_refused_with_a_reason)
{
	static struct bad	 v[] = {
		{ "", PORT }, { "0", PORT }, { "65536", PORT },
		{ "-1", PORT }, { "+1", PORT }, { " 1", PORT },
		{ "1935 ", PORT }, { "rtmp", PORT },
		{ "99999999999999999999", PORT },
		{ "127.0.0.1:", PORT }, { "127.0.0.1:x", PORT },
		{ "[::1]:", PORT }, { "[::1]:0", PORT },
		{ "localhost:1935", NAME }, { ":1935", NAME },
		{ "*:1935", NAME }, { "127.1:1935", NAME },
		{ "300.0.0.1:1935", NAME },
		{ "::1:1935", "an IPv6 address needs brackets: [::1]:1935" },
		{ "[127.0.0.1]:1935", IPV6 }, { "[]:1935", IPV6 },
		{ "[::g]:1935", IPV6 }, { "[fe80::1%]:1935", IPV6 },
		{ "[fe80::1%a234567890123456]:1935", IPV6 },
		{ "[00000000000000000000000000000000000000000000000]:1",
		    IPV6 },
		{ "[00000000000000000000000000000000000000000000000000000"
		    "00000000000000000]:1", IPV6 },
		{ "[::1", "a bracket is not closed" },
		{ "[::1]", "a port is missing" },
		{ "[::1]1935", "a port is missing" },
		{ "127.0.0.1", "a port is missing" },
	};

	return cr_make_param_array(struct bad, v, N(v));
}

ParameterizedTest(struct bad *v, listen,
    anything_else_is_refused_with_a_reason, .timeout = 10)
{
	struct conf_listen	 cl = { "kept", "kept" };
	const char		*error = conf_parse_listen(v->text, &cl);

	cr_assert_not_null(error, "%s", v->text);
	cr_assert_str_eq(error, v->want, "%s: %s", v->text, error);
	cr_assert_str_eq(cl.cl_host, "kept");
	cr_assert_str_eq(cl.cl_port, "kept");
}
