/* SPDX-License-Identifier: ISC */
/*
 * handshake.c - answer and begin the RTMP handshake, simple or digest.
 * Every C1 gets an answer its sender can accept; S1 carries a version only
 * together with a valid digest, because FFmpeg then checks it. Makes no
 * random bytes, does no I/O, refuses RTMPE.
 */
#include "rtmp/handshake.h"

#include <stddef.h>
#include <string.h>

#include "rtmp/hmac.h"

#define VERSION		3
#define DIGEST		HMAC_SHA256_LENGTH
#define BODY		(HANDSHAKE_BLOCK - DIGEST)	/* what is signed */
#define POSITIONS	728	/* a digest starts at one of so many bytes */

/* Where in the block the four bytes lie that tell the digest's place. */
#define DIGEST_FIRST	8
#define KEY_FIRST	772

/* The short keys, without the shared tail, sign blocks 1, the full ones 2. */
#define FP_SHORT	30
#define FMS_SHORT	36
#define KEY_TAIL \
	"\xf0\xee\xc2\x4a\x80\x68\xbe\xe8\x2e\x00\xd0\xd1\x02\x9e\x7e\x57" \
	"\x6e\xec\x5d\x2d\x29\x80\x6f\xab\x93\xb8\xe6\x36\xcf\xeb\x31\xae"

static const char fp_key[] = "Genuine Adobe Flash Player 001" KEY_TAIL;
static const char fms_key[] = "Genuine Adobe Flash Media Server 001" KEY_TAIL;

_Static_assert(sizeof(fp_key) - 1 == FP_SHORT + DIGEST, "key");
_Static_assert(sizeof(fms_key) - 1 == FMS_SHORT + DIGEST, "key");

static const uint8_t client_version[4] = { 0x09, 0x00, 0x7c, 0x02 };
static const uint8_t server_version[4] = { 0x04, 0x05, 0x00, 0x01 };
static const uint8_t no_version[4];

static size_t
digest_pos(const uint8_t *block, size_t layout)
{
	const uint8_t	*b = block + layout;

	return layout + 4 + (size_t)(b[0] + b[1] + b[2] + b[3]) % POSITIONS;
}

/* The digest a block should carry at `pos`, which it does not cover. */
static void
block_digest(const uint8_t *block, size_t pos, const char *key, size_t keylen,
    uint8_t out[DIGEST])
{
	uint8_t	body[BODY];

	memcpy(body, block, pos);
	memcpy(body + pos, block + pos + DIGEST, BODY - pos);
	hmac_sha256(key, keylen, body, sizeof(body), out);
}

/* The layout in which the block is validly signed, 0 if in neither. */
static size_t
block_layout(const uint8_t *block, const char *key, size_t keylen)
{
	static const size_t	layouts[] = { DIGEST_FIRST, KEY_FIRST };
	uint8_t			want[DIGEST];
	size_t			i, pos;

	if (memcmp(block + 4, no_version, 4) == 0)
		return 0;
	for (i = 0; i < 2; i++) {
		pos = digest_pos(block, layouts[i]);
		block_digest(block, pos, key, keylen, want);
		if (memcmp(block + pos, want, DIGEST) == 0)
			return layouts[i];
	}
	return 0;
}

/* Sign a first block in place. Only the digest bytes change. */
static void
block_sign(uint8_t *block, size_t layout, const char *key, size_t keylen)
{
	size_t	pos = digest_pos(block, layout);
	uint8_t	digest[DIGEST];

	block_digest(block, pos, key, keylen, digest);
	memcpy(block + pos, digest, DIGEST);
}

/* The signature at the end of a second block that answers `digest`. */
static void
answer_signature(const uint8_t *block, const char *key, size_t keylen,
    const uint8_t *digest, uint8_t out[DIGEST])
{
	uint8_t	once[DIGEST];

	hmac_sha256(key, keylen, digest, DIGEST, once);
	hmac_sha256(once, DIGEST, block, BODY, out);
}

const char *
handshake_refuse(uint8_t first)
{
	switch (first) {
	case VERSION:
		return NULL;
	case 0x06:
	case 0x08:
	case 0x09:
		return "encrypted RTMP (RTMPE) is not supported";
	case 0x16:
		return "a TLS hello where plain RTMP is spoken";
	case 'D':
	case 'G':
	case 'H':
	case 'O':
	case 'P':
		return "an HTTP request (RTMPT?) where RTMP is spoken";
	default:
		return "not RTMP version 3";
	}
}

static void
answer_signed(const uint8_t *c1, size_t layout, uint8_t *s1, uint8_t *s2)
{
	const uint8_t	*digest = c1 + digest_pos(c1, layout);

	memcpy(s1 + 4, server_version, 4);
	block_sign(s1, layout, fms_key, FMS_SHORT);
	answer_signature(s2, fms_key, sizeof(fms_key) - 1, digest, s2 + BODY);
}

bool
handshake_answer(const uint8_t in[HANDSHAKE_C0C1],
    uint8_t out[HANDSHAKE_S0S1S2])
{
	const uint8_t	*c1 = in + 1;
	uint8_t		*s1 = out + 1, *s2 = s1 + HANDSHAKE_BLOCK;
	size_t		 layout;

	out[0] = VERSION;
	memset(s1, 0, 4);
	layout = block_layout(c1, fp_key, FP_SHORT);
	if (layout != 0) {
		answer_signed(c1, layout, s1, s2);
		return true;
	}
	memcpy(s1 + 4, no_version, 4);
	memcpy(s2, c1, HANDSHAKE_BLOCK);
	return false;
}

void
handshake_hello(uint8_t out[HANDSHAKE_C0C1], bool digest)
{
	uint8_t	*c1 = out + 1;

	out[0] = VERSION;
	memset(c1, 0, 4);
	memcpy(c1 + 4, digest ? client_version : no_version, 4);
	if (digest)
		block_sign(c1, DIGEST_FIRST, fp_key, FP_SHORT);
}

/* Both sides sign: check S1 and S2, then sign C2. */
static const char *
finish_signed(const uint8_t *digest, const uint8_t *s1, const uint8_t *s2,
    uint8_t *c2)
{
	uint8_t	want[DIGEST];
	size_t	layout;

	layout = block_layout(s1, fms_key, FMS_SHORT);
	if (layout == 0)
		return "the server's digest is wrong";
	answer_signature(s2, fms_key, sizeof(fms_key) - 1, digest, want);
	if (memcmp(s2 + BODY, want, DIGEST) != 0)
		return "the server's signature is wrong";
	answer_signature(c2, fp_key, sizeof(fp_key) - 1,
	    s1 + digest_pos(s1, layout), c2 + BODY);
	return NULL;
}

enum rtmp_result
handshake_finish(const uint8_t c0c1[HANDSHAKE_C0C1],
    const uint8_t s0s1s2[HANDSHAKE_S0S1S2], uint8_t c2[HANDSHAKE_BLOCK],
    const char **why)
{
	const uint8_t	*c1 = c0c1 + 1, *s1 = s0s1s2 + 1;
	size_t		 layout;

	if ((*why = handshake_refuse(s0s1s2[0])) != NULL)
		return RTMP_BAD;
	layout = block_layout(c1, fp_key, FP_SHORT);
	/* Flash Media Server 3 was the first to sign. */
	if (layout == 0 || s1[4] < 3) {
		memcpy(c2, s1, HANDSHAKE_BLOCK);
		return RTMP_OK;
	}
	*why = finish_signed(c1 + digest_pos(c1, layout), s1,
	    s1 + HANDSHAKE_BLOCK, c2);
	return *why == NULL ? RTMP_OK : RTMP_BAD;
}
