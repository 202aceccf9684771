/* SPDX-License-Identifier: ISC */
/*
 * test_address.c - numeric addresses and their texts.
 */
#include "sys/address.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#define N(a)	(sizeof(a) / sizeof((a)[0]))

TestSuite(address, .timeout = 10);

struct vec {
	char	 in[64];
	char	 out[64];
};

ParameterizedTestParameters(address, what_is_read_is_written_again)
{
	static struct vec v[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "0.0.0.0", "0.0.0.0" },
		{ "::", "::" },
		{ "2001:DB8:0::1", "2001:db8::1" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "fe80::1", "fe80::1" },
		{ "fe80::1%lo", "fe80::1%lo" },
		{ "fe80::1%1", "fe80::1%lo" },	/* always interface 1 */
		{ "fe80::1%4294967295", "fe80::1%4294967295" },
		{ "ff02::1%lo", "ff02::1%lo" },
		{ "2001:db8::1%lo", "2001:db8::1%1" },
	};

	return cr_make_param_array(struct vec, v, N(v));
}

ParameterizedTest(struct vec *v, address, what_is_read_is_written_again)
{
	char text[64];
	union address ad;

	cr_assert_eq(address_parse(&ad, v->in, 1935), 0, "%s: %s", v->in,
	    strerror(errno));
	cr_assert_eq(address_text(&ad, text, sizeof(text)), 1935);
	cr_assert_str_eq(text, v->out);
}

struct wrong {
	char	 text[64];
	int	 error;
};

ParameterizedTestParameters(address, what_is_no_address_is_refused)
{
	static struct wrong v[] = {
		{ "", EINVAL }, { "localhost", EINVAL }, { "1.2.3", EINVAL },
		{ "[::1]", EINVAL }, { ":::", EINVAL }, { "1::2::3", EINVAL },
		{ "192.0.2.1%lo", EINVAL },
		{ "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", EINVAL },
		{ "fe80::1%", ENODEV }, { "fe80::1%0", ENODEV },
		{ "fe80::1%4294967296", ENODEV },
		{ "fe80::1%none-such", ENODEV },
		{ "fe80::1%a-name-far-too-long-for-one", ENODEV },
	};

	return cr_make_param_array(struct wrong, v, N(v));
}

ParameterizedTest(struct wrong *v, address, what_is_no_address_is_refused)
{
	union address ad;

	cr_assert_eq(address_parse(&ad, v->text, 1935), -1);
	cr_assert_eq(errno, v->error, "%s: %s", v->text, strerror(errno));
}

Test(address, what_does_not_fit_is_refused)
{
	char text[16];
	union address ad;

	cr_assert_eq(address_parse(&ad, "fe80::1:2:3%lo", 1), 0);
	cr_assert_eq(address_text(&ad, text, sizeof("fe80::1:2:3%lo")), 1);
	cr_assert_eq(address_text(&ad, text, sizeof("fe80::1:2:3%lo") - 1), -1);
	cr_assert_eq(address_text(&ad, text, 4), -1);
	ad.ad_any.sa_family = AF_UNIX;
	cr_assert_eq(address_text(&ad, text, sizeof(text)), -1);
}
