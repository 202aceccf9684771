/* SPDX-License-Identifier: ISC */
/*
 * test_bits.c - the bit reader: order, Exp-Golomb, emulation prevention, and
 * what happens at the end.
 */
#include "media/bits.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "media_vec.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

TestSuite(bits, .timeout = 10);

Test(bits, most_significant_bit_comes_first)
{
	static const uint8_t in[] = { 0xa5, 0x0f };
	struct bits b;

	bits_open(&b, in, sizeof(in));
	cr_assert_eq(bits_left(&b), 16);
	cr_assert_eq(bits_get(&b, 1), 1);
	cr_assert_eq(bits_get(&b, 3), 2);
	cr_assert_eq(bits_get(&b, 8), 0x50);
	cr_assert_eq(bits_left(&b), 4);
	cr_assert_eq(bits_get(&b, 0), 0);
	cr_assert_eq(bits_get(&b, 4), 15);
	cr_assert_eq(bits_left(&b), 0);
	cr_assert(bits_ok(&b));
}

Test(bits, thirty_two_bits_fit_in_one_read_across_bytes)
{
	static const uint8_t in[] = { 0x8f, 0xff, 0xff, 0xff, 0xf0 };
	struct bits b;

	bits_open(&b, in, sizeof(in));
	bits_skip(&b, 4);
	cr_assert_eq(bits_get(&b, 32), 0xffffffff);
	cr_assert_eq(bits_get(&b, 4), 0);
	cr_assert(bits_ok(&b));
}

Test(bits, a_skip_may_be_longer_than_a_read)
{
	uint8_t in[20] = { 0 };
	struct bits b;

	in[12] = 0x01;
	bits_open(&b, in, sizeof(in));
	bits_skip(&b, 12 * 8 + 7);
	cr_assert_eq(bits_get(&b, 1), 1);
	cr_assert_eq(bits_left(&b), 7 * 8);
	bits_skip(&b, 7 * 8 + 1);
	cr_assert_not(bits_ok(&b));
}

Test(bits, a_read_past_the_end_gives_zero_from_then_on)
{
	static const uint8_t in[] = { 0xff };
	struct bits b;

	bits_open(&b, in, sizeof(in));
	cr_assert_eq(bits_get(&b, 9), 0);
	cr_assert_not(bits_ok(&b));
	cr_assert_eq(bits_get(&b, 1), 0);
	cr_assert_eq(bits_ue(&b), 0);
	cr_assert_eq(bits_se(&b), 0);
	cr_assert_eq(bits_left(&b), 0);
}

Test(bits, nothing_at_all_is_the_end_at_once)
{
	struct bits b;

	bits_open(&b, NULL, 0);
	cr_assert(bits_ok(&b));
	cr_assert_eq(bits_left(&b), 0);
	cr_assert_eq(bits_get(&b, 0), 0);
	cr_assert(bits_ok(&b));
	cr_assert_eq(bits_get(&b, 1), 0);
	cr_assert_not(bits_ok(&b));
}

struct golomb {
	char		 hex[24];
	uint32_t	 ue;
	int32_t		 se;
	bool		 ok;
};

/* ISO/IEC 14496-10 tables 9-2 and 9-3; the rest by the formula of 9.1. */
ParameterizedTestParameters(bits, exp_golomb_codes_are_read)
{
	static struct golomb v[] = {
		{ "80", 0, 0, true },
		{ "40", 1, 1, true },
		{ "60", 2, -1, true },
		{ "20", 3, 2, true },
		{ "28", 4, -2, true },
		{ "30", 5, 3, true },
		{ "38", 6, -3, true },
		{ "10", 7, 4, true },
		{ "12", 8, -4, true },
		{ "14", 9, 5, true },
		{ "0080", 255, 128, false },		/* 7 bits missing */
		{ "008080", 256, -128, true },
		/* the largest with 30 zeros, the least and largest with 31 */
		{ "00000003fffffff8", 0x7ffffffe, -0x3fffffff, true },
		{ "0000000100000000", 0x7fffffff, 0x40000000, true },
		{ "00000001ffffffff", 0xfffffffe, -0x7fffffff, true },
		{ "00000001fffffffd", 0xfffffffd, 0x7fffffff, true },
		{ "00000000ffffffffff", 0, 0, false },	/* 32 zeros */
		{ "000000000000000000", 0, 0, false },
		{ "00000001ffffff", 0, 0, false },
		{ "", 0, 0, false },
		{ "00", 0, 0, false },
	};

	return cr_make_param_array(struct golomb, v, N(v));
}

ParameterizedTest(struct golomb *v, bits, exp_golomb_codes_are_read,
    .timeout = 10)
{
	struct bits b;
	size_t len;
	uint8_t *p = vec_bytes(v->hex, &len);

	bits_open(&b, p, len);
	cr_expect_eq(bits_ue(&b), v->ok ? v->ue : 0);
	cr_expect_eq(bits_ok(&b), v->ok);
	bits_open(&b, p, len);
	cr_expect_eq(bits_se(&b), v->ok ? v->se : 0);
	cr_expect_eq(bits_ok(&b), v->ok);
	free(p);
}

Test(bits, codes_follow_each_other_without_padding)
{
	/* 1 010 011 00100 00101 00110 00111 0001000 and two bits */
	static const uint8_t in[] = { 0xa6, 0x42, 0x98, 0xe2, 0x00 };
	struct bits b;
	uint32_t i;

	bits_open(&b, in, sizeof(in));
	for (i = 0; i < 8; i++)
		cr_expect_eq(bits_ue(&b), i);
	cr_assert(bits_ok(&b));
	bits_open(&b, in, sizeof(in));
	bits_skip_ue(&b, 7);
	cr_assert_eq(bits_ue(&b), 7);
	bits_skip_ue(&b, 1000000000);
	cr_assert_not(bits_ok(&b));
}

struct escape {
	char	 in[24];
	char	 out[24];
};

/* ISO/IEC 14496-10 7.3.1 and 7.4.1.1. */
ParameterizedTestParameters(bits, emulation_prevention_bytes_are_dropped)
{
	static struct escape v[] = {
		{ "000003", "0000" },
		{ "00000300", "000000" },
		{ "00000301", "000001" },
		{ "00000303", "000003" },
		{ "0000030000030000", "000000000000" },
		{ "0000030003", "00000003" },
		{ "ff00000300000301", "ff0000000001" },
		{ "000300000003", "0003000000" },
		{ "0003", "0003" },
		{ "030303", "030303" },
		{ "00ff0003", "00ff0003" },
		{ "00000003", "000000" },	/* not legal, no crash */
	};

	return cr_make_param_array(struct escape, v, N(v));
}

ParameterizedTest(struct escape *v, bits,
    emulation_prevention_bytes_are_dropped, .timeout = 10)
{
	size_t len, want, i;
	uint8_t *p = vec_bytes(v->in, &len), *q = vec_bytes(v->out, &want);
	struct bits b;

	bits_open_nal(&b, p, len);
	for (i = 0; i < want; i++)
		cr_expect_eq(bits_get(&b, 8), q[i], "byte %zu", i);
	cr_expect(bits_ok(&b));
	bits_get(&b, 1);
	cr_expect_not(bits_ok(&b));
	free(p);
	free(q);
}

Test(bits, plain_bytes_keep_what_looks_like_emulation_prevention)
{
	static const uint8_t in[] = { 0, 0, 3, 1 };
	struct bits b;

	bits_open(&b, in, sizeof(in));
	cr_assert_eq(bits_get(&b, 32), 0x00000301);
	bits_open_nal(&b, in, sizeof(in));
	cr_assert_eq(bits_get(&b, 24), 0x000001);
}

Test(bits, a_code_may_lie_across_an_emulation_prevention_byte)
{
	/* 23 zeros, a one, 23 bits and one more */
	static const uint8_t in[] = { 0, 0, 3, 1, 0, 0, 3, 2 };
	struct bits b;

	bits_open_nal(&b, in, sizeof(in));
	cr_assert_eq(bits_ue(&b), (1u << 23) - 1 + 1);
	cr_assert(bits_ok(&b));
	cr_assert_eq(bits_get(&b, 1), 0);
}
