/* SPDX-License-Identifier: ISC */
/*
 * test_prefix.c - addresses and prefixes: what is one, and who is on a list.
 */
#include "conf/prefix.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#define N(a)	(sizeof(a) / sizeof((a)[0]))

TestSuite(prefix, .timeout = 10);

#define FAMILY	"not a numeric address"
#define BITS4	"the length of the prefix is not 0 to 32"
#define BITS6	"the length of the prefix is not 0 to 128"
#define BEHIND	"the address goes on behind the prefix"
#define MAPPED	"an IPv4 address is written as IPv4"

struct fault { char text[64]; char want[64]; };

ParameterizedTestParameters(prefix, what_is_no_prefix_is_refused_with_a_reason)
{
	static struct fault	 v[] = {
		{ "", FAMILY }, { "localhost", FAMILY }, { "/8", FAMILY },
		{ "1.2.3", FAMILY }, { "1.2.3.256", FAMILY },
		{ "1.2.3.4.5/8", FAMILY }, { " 1.2.3.4", FAMILY },
		{ "1.2.3.4:1935", FAMILY }, { "[::1]", FAMILY },
		{ "fe80::1%eth0", FAMILY }, { "1:2:3:4:5:6:7:8:9", FAMILY },
		{ "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb",
		    FAMILY },
		{ "10.0.0.0/33", BITS4 }, { "10.0.0.0/", BITS4 },
		{ "10.0.0.0/-1", BITS4 }, { "10.0.0.0/+8", BITS4 },
		{ "10.0.0.0/ 8", BITS4 }, { "10.0.0.0/8/8", BITS4 },
		{ "10.0.0.0/255.0.0.0", BITS4 },
		{ "10.0.0.0/99999999999999999999", BITS4 },
		{ "2001:db8::/129", BITS6 }, { "2001:db8::/x", BITS6 },
		{ "10.0.0.1/8", BEHIND }, { "10.0.0.1/31", BEHIND },
		{ "1.0.0.0/0", BEHIND }, { "2001:db8::1/64", BEHIND },
		{ "2001:db9::/31", BEHIND },
		{ "::ffff:192.0.2.1", MAPPED }, { "::ffff:0:0/96", MAPPED },
	};

	return cr_make_param_array(struct fault, v, N(v));
}

ParameterizedTest(struct fault *f, prefix,
    what_is_no_prefix_is_refused_with_a_reason)
{
	struct prefix	 px, before;
	const char	*why;

	memset(&px, 0xa5, sizeof(px));
	before = px;
	why = prefix_parse(f->text, &px);
	cr_assert_not_null(why, "%s", f->text);
	cr_assert_str_eq(why, f->want, "%s: %s", f->text, why);
	cr_assert_eq(memcmp(&px, &before, sizeof(px)), 0);
}

struct match { char prefix[48]; char host[64]; bool want; };

ParameterizedTestParameters(prefix, a_host_is_on_the_list_if_its_bits_agree)
{
	static struct match	 v[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.0", false },
		{ "192.0.2.1/32", "192.0.2.1", true },
		{ "192.0.2.0/24", "192.0.2.255", true },
		{ "192.0.2.0/24", "192.0.3.0", false },
		{ "192.0.2.128/25", "192.0.2.128", true },
		{ "192.0.2.128/25", "192.0.2.127", false },
		{ "10.0.0.0/9", "10.127.255.255", true },
		{ "10.0.0.0/9", "10.128.0.0", false },
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "::1", false },
		{ "::/0", "2001:db8::1", true },
		{ "::/0", "127.0.0.1", false },
		{ "2001:db8::/32", "2001:db8:ffff::1", true },
		{ "2001:db8::/32", "2001:db9::", false },
		{ "2001:db8::/31", "2001:db9::", true },
		{ "fe80::/10", "fe80::1%eth0", true },
		{ "fe80::1", "fe80::1%a-very-long-name-of-an-interface", true },
		{ "::1", "::1", true },
		{ "::1", "::2", false },
		{ "0.0.0.0/0", "local", false },
		{ "0.0.0.0/0", "", false },
	};

	return cr_make_param_array(struct match, v, N(v));
}

ParameterizedTest(struct match *m, prefix,
    a_host_is_on_the_list_if_its_bits_agree)
{
	static struct prefix_list	 pl;

	cr_assert_null(prefix_parse("203.0.113.77", &pl.pl_prefix[0]));
	cr_assert_null(prefix_parse(m->prefix, &pl.pl_prefix[1]));
	pl.pl_n = 2;
	cr_assert_eq(prefix_list_has(&pl, m->host), m->want, "%s in %s",
	    m->host, m->prefix);
}

Test(prefix, everyone_is_on_an_empty_list)
{
	static const struct prefix_list	 empty;

	cr_assert(prefix_list_has(&empty, "192.0.2.1"));
	cr_assert(prefix_list_has(&empty, "2001:db8::1"));
	cr_assert(prefix_list_has(&empty, "local"));
}
