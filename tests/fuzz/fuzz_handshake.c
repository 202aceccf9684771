/* SPDX-License-Identifier: ISC */
/*
 * fuzz_handshake.c - handshakes between our two sides, and with bytes that no
 * honest side sends.
 * Input: choices (1), how many bytes of S0 S1 S2 to damage (1), of each its
 * place (2) and what to add to it (1); the rest is C0 C1, then S0 S1 S2, as
 * far as it goes. A fuzzer cannot guess an HMAC, so the choices say who signs
 * what is there.
 */
#include "rtmp/handshake.h"

#include "fuzz.h"

#define HELLO		0x01	/* our client makes C0 C1 of the bytes */
#define SIGNED		0x02	/* and signs them */
#define ANSWERED	0x04	/* our server makes S0 S1 S2 */
#define DAMAGES		8

static uint8_t c0c1[HANDSHAKE_C0C1], s0s1s2[HANDSHAKE_S0S1S2];
static uint8_t c2[HANDSHAKE_BLOCK];

static void
check_refusals(uint8_t first)
{
	const char *why = handshake_refuse(first);

	FUZZ_CHECK((why == NULL) == (first == 3));
	FUZZ_CHECK(why == NULL || why[0] != '\0');
}

/* What a server says is right in form whatever it was sent. */
static bool
answer(void)
{
	bool digest = handshake_answer(c0c1, s0s1s2);
	const uint8_t *s1 = s0s1s2 + 1;

	FUZZ_CHECK(s0s1s2[0] == 3);
	FUZZ_CHECK(memcmp(s1, "\0\0\0\0", 4) == 0);
	FUZZ_CHECK(digest == (s1[4] >= 3));
	FUZZ_CHECK(digest || memcmp(s1 + HANDSHAKE_BLOCK, c0c1 + 1,
	    HANDSHAKE_BLOCK) == 0);
	return digest;
}

static bool
damage(struct fuzz_in *in, unsigned count)
{
	uint8_t before[sizeof(s0s1s2)];
	size_t at;

	memcpy(before, s0s1s2, sizeof(before));
	for (; count > 0; count--) {
		at = (size_t)fuzz_take(in, 2) % sizeof(s0s1s2);
		s0s1s2[at] = (uint8_t)(s0s1s2[at] + fuzz_take(in, 1));
	}
	return memcmp(before, s0s1s2, sizeof(before)) != 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size }, damages;
	unsigned choices = (unsigned)fuzz_take(&in, 1);
	unsigned ndamage = (unsigned)fuzz_take(&in, 1) % (DAMAGES + 1);
	uint8_t skip[3 * DAMAGES];
	enum rtmp_result r;
	const char *why;
	bool whole, digest = false;

	damages = in;
	fuzz_copy(&in, skip, 3 * ndamage);
	fuzz_copy(&in, c0c1, sizeof(c0c1));
	fuzz_copy(&in, s0s1s2, sizeof(s0s1s2));
	check_refusals(c0c1[0]);
	check_refusals(s0s1s2[0]);
	if (choices & HELLO) {
		handshake_hello(c0c1, choices & SIGNED);
		check_refusals(c0c1[0]);
	}
	if (choices & ANSWERED)
		digest = answer();
	FUZZ_CHECK(!(choices & HELLO) || !(choices & ANSWERED) ||
	    digest == ((choices & SIGNED) != 0));
	whole = (choices & ANSWERED) && !damage(&damages, ndamage);

	r = handshake_finish(c0c1, s0s1s2, c2, &why);
	FUZZ_CHECK(r == RTMP_OK || r == RTMP_BAD);
	FUZZ_CHECK((r == RTMP_OK) == (why == NULL));
	FUZZ_CHECK(!whole || r == RTMP_OK);
	(void)fuzz_hash(0, c2, sizeof(c2));
	return 0;
}
