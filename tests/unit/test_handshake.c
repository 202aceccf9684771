/* SPDX-License-Identifier: ISC */
/*
 * test_handshake.c - both sides of the handshake, against digests computed
 * independently with Python's hmac module, and against each other.
 */
#include "rtmp/handshake.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "hex.h"

#define BODY	(HANDSHAKE_BLOCK - 32)

TestSuite(handshake, .timeout = 10);

static uint8_t	c0c1[HANDSHAKE_C0C1], s0s1s2[HANDSHAKE_S0S1S2];
static uint8_t	c2[HANDSHAKE_BLOCK];
static uint8_t *const c1 = c0c1 + 1;
static uint8_t *const s1 = s0s1s2 + 1;
static uint8_t *const s2 = s0s1s2 + 1 + HANDSHAKE_BLOCK;

static void
fill(uint8_t *p, size_t n, unsigned factor, unsigned add)
{
	size_t	i;

	for (i = 0; i < n; i++)
		p[i] = (uint8_t)(factor * i + add);
}

/* C1 of a Flash-like client, unsigned as yet. */
static void
make_c1(void)
{
	fill(c1, HANDSHAKE_BLOCK, 7, 3);
	c0c1[0] = 3;
	unhex("00000000 09007c02", c1);
}

static void
make_s1s2(void)
{
	fill(s1, HANDSHAKE_BLOCK, 5, 1);
	memset(s2, 0, HANDSHAKE_BLOCK);
}

static bool
has(const uint8_t *p, const char *hex)
{
	uint8_t	want[64];

	return memcmp(p, want, unhex(hex, want)) == 0;
}

/* The key-first signature, which handshake_hello() never makes. */
static void
sign_c1(size_t layout)
{
	const uint8_t	*b = c1 + layout;
	size_t		 pos;
	uint8_t		 m[BODY];

	pos = layout + 4 + (size_t)(b[0] + b[1] + b[2] + b[3]) % 728;
	memcpy(m, c1, pos);
	memcpy(m + pos, c1 + pos + 32, BODY - pos);
	HMAC(EVP_sha256(), "Genuine Adobe Flash Player 001", 30, m, BODY,
	    c1 + pos, NULL);
}

Test(handshake, answers_a_digest_first_client_with_a_signed_s1_and_s2)
{
	make_c1();
	make_s1s2();
	unhex("612af37c38c4a1b74e5737fc4021ded17ed92a9431c19bc665cf421131bad8"
	    "a6", c1 + 290);
	cr_assert(handshake_answer(c0c1, s0s1s2));
	cr_assert_eq(s0s1s2[0], 3);
	cr_assert(has(s1, "00000000 04050001"));
	cr_assert(has(s1 + 206, "79f875ce5f19892dc8da64e012dea5ee470460fd8f3c"
	    "2004a75e6d859792fad2"));
	cr_assert(has(s2 + BODY, "8fcbe05e17e4fbaae96ce9267bc15cd1ca846b21f72"
	    "a546d1ce46c5641e2568d"));
}

Test(handshake, answers_a_key_first_client_in_the_same_layout)
{
	make_c1();
	make_s1s2();
	unhex("e6a7fbdda4aab503b4e693e92d6f18d9d4b89f3ef0e95fffe767a4830aa371"
	    "09", c1 + 942);
	cr_assert(handshake_answer(c0c1, s0s1s2));
	cr_assert(has(s1, "00000000 04050001"));
	cr_assert(has(s1 + 890, "3bb2ba8ef3edf044657044060b55b0ad89ec65ea80c9"
	    "13621688f1c19da34ae3"));
	cr_assert(has(s2 + BODY, "7b6d7bb61a83f57a0aa95b92180f55750114822f752"
	    "e3f47bbe37474778ed673"));
}

Test(handshake, finds_the_digest_at_each_of_its_728_places)
{
	static const size_t	layouts[] = { 8, 772 };
	size_t			l;
	unsigned		sum, i, left;

	for (l = 0; l < 2; l++) {
		for (sum = 0; sum <= 1020; sum++) {
			make_c1();
			for (i = 0, left = sum; i < 4; i++) {
				unsigned b = left < 255 ? left : 255;

				c1[layouts[l] + i] = (uint8_t)b;
				left -= b;
			}
			sign_c1(layouts[l]);
			cr_assert(handshake_answer(c0c1, s0s1s2),
			    "layout %zu sum %u", layouts[l], sum);
		}
	}
}

Test(handshake, answers_in_the_simple_form_if_one_bit_of_the_digest_is_wrong)
{
	unsigned	bit;

	for (bit = 0; bit < 256; bit++) {
		make_c1();
		sign_c1(8);
		c1[290 + bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_assert_not(handshake_answer(c0c1, s0s1s2));
		cr_assert(has(s1, "00000000 00000000"));
		cr_assert_arr_eq(s2, c1, HANDSHAKE_BLOCK);
	}
}

Test(handshake, answers_a_simple_client_with_a_copy_of_its_c1)
{
	fill(c0c1, HANDSHAKE_C0C1, 11, 5);
	c0c1[0] = 3;
	memset(c1 + 4, 0, 4);
	memset(s0s1s2, 0xff, sizeof(s0s1s2));
	cr_assert_not(handshake_answer(c0c1, s0s1s2));
	cr_assert_eq(s0s1s2[0], 3);
	cr_assert(has(s1, "00000000 00000000 ffffffff"));
	cr_assert_arr_eq(s2, c1, HANDSHAKE_BLOCK);
}

Test(handshake, says_hello_with_a_version_only_if_it_signs)
{
	fill(c0c1, HANDSHAKE_C0C1, 3, 1);
	handshake_hello(c0c1, false);
	cr_assert(has(c0c1, "03 00000000 00000000"));
	fill(c0c1, HANDSHAKE_C0C1, 3, 1);
	handshake_hello(c0c1, true);
	cr_assert(has(c0c1, "03 00000000 09007c02"));
}

/* Both sides of our own, by what each of them can do. */
static enum rtmp_result
meet(bool client, bool server, const char **why)
{
	fill(c0c1, HANDSHAKE_C0C1, 13, 7);
	fill(s0s1s2, HANDSHAKE_S0S1S2, 29, 3);
	memset(c2, 0, sizeof(c2));
	handshake_hello(c0c1, client);
	if (server)
		cr_assert_eq(handshake_answer(c0c1, s0s1s2), client);
	else {
		s0s1s2[0] = 3;
		memset(s1, 0, 8);
		memcpy(s2, c1, HANDSHAKE_BLOCK);
	}
	return handshake_finish(c0c1, s0s1s2, c2, why);
}

Test(handshake, ends_well_between_client_and_server_in_every_form)
{
	const char	*why;

	cr_assert_eq(meet(false, false, &why), RTMP_OK);
	cr_assert_arr_eq(c2, s1, HANDSHAKE_BLOCK);
	cr_assert_eq(meet(false, true, &why), RTMP_OK);
	cr_assert_arr_eq(c2, s1, HANDSHAKE_BLOCK);
	cr_assert_eq(meet(true, false, &why), RTMP_OK);
	cr_assert_arr_eq(c2, s1, HANDSHAKE_BLOCK);
	cr_assert_eq(meet(true, true, &why), RTMP_OK);
	cr_assert_neq(memcmp(c2, s1, HANDSHAKE_BLOCK), 0);
}

Test(handshake, signs_c2_with_the_digest_of_s1)
{
	const char	*why;

	fill(c0c1, HANDSHAKE_C0C1, 13, 7);
	handshake_hello(c0c1, true);
	make_s1s2();
	cr_assert(handshake_answer(c0c1, s0s1s2));
	memset(c2, 0, sizeof(c2));
	cr_assert_eq(handshake_finish(c0c1, s0s1s2, c2, &why), RTMP_OK);
	cr_assert(has(c2 + BODY, "5a50a2551013d096a2bad1ab0d53989fd89a061aa9b"
	    "c7f97c737caec084e5a40"));
}

Test(handshake, refuses_a_server_whose_signature_is_wrong)
{
	const char	*why = NULL;

	cr_assert_eq(meet(true, true, &why), RTMP_OK);
	s1[1000] ^= 1;
	cr_assert_eq(handshake_finish(c0c1, s0s1s2, c2, &why), RTMP_BAD);
	cr_assert_str_eq(why, "the server's digest is wrong");
	s1[1000] ^= 1;
	s2[0] ^= 1;
	cr_assert_eq(handshake_finish(c0c1, s0s1s2, c2, &why), RTMP_BAD);
	cr_assert_str_eq(why, "the server's signature is wrong");
	s2[0] ^= 1;
	s2[HANDSHAKE_BLOCK - 1] ^= 1;
	cr_assert_eq(handshake_finish(c0c1, s0s1s2, c2, &why), RTMP_BAD);
	s2[HANDSHAKE_BLOCK - 1] ^= 1;
	cr_assert_eq(handshake_finish(c0c1, s0s1s2, c2, &why), RTMP_OK);
}

Test(handshake, does_not_mind_a_strange_s2_from_a_server_that_does_not_sign)
{
	const char	*why;

	meet(true, false, &why);
	memset(s2, 0x55, HANDSHAKE_BLOCK);
	cr_assert_eq(handshake_finish(c0c1, s0s1s2, c2, &why), RTMP_OK);
}

Test(handshake, refuses_a_server_of_another_version)
{
	const char	*why = NULL;

	meet(false, true, &why);
	s0s1s2[0] = 6;
	cr_assert_eq(handshake_finish(c0c1, s0s1s2, c2, &why), RTMP_BAD);
	cr_assert_not_null(strstr(why, "RTMPE"));
}

struct first {
	uint8_t	byte;
	char	word[16];
};

ParameterizedTestParameters(handshake, names_what_the_first_byte_looks_like)
{
	static struct first v[] = {
		{ 0x06, "RTMPE" }, { 0x08, "RTMPE" }, { 0x09, "RTMPE" },
		{ 0x16, "TLS" }, { 'P', "HTTP" }, { 'G', "HTTP" },
		{ 0x00, "version" }, { 0xff, "version" },
	};

	return cr_make_param_array(struct first, v, sizeof(v) / sizeof(v[0]));
}

ParameterizedTest(struct first *f, handshake,
    names_what_the_first_byte_looks_like, .timeout = 10)
{
	cr_assert_null(handshake_refuse(3));
	cr_assert_not_null(handshake_refuse(f->byte));
	cr_assert_not_null(strstr(handshake_refuse(f->byte), f->word));
}
