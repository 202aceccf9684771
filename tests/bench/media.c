/* SPDX-License-Identifier: ISC */
/*
 * media.c - synthetic messages and their verification.
 * The pattern is a slice of one table of pseudo-random bytes, so checking it
 * costs a memcmp(3); a byte moved, lost or taken from another message shows.
 */
#include "media.h"

#include <string.h>

#include "bytes.h"

#define MAGIC		0x62656e63u	/* "benc" */
#define TABLE		65536u
#define PATTERN		(MEDIA_SHAPE + MEDIA_MARK)

static uint8_t table[TABLE];

/* AVC sequence header: avcC of a 1280x720 constrained baseline stream. */
static const uint8_t avc_config[] = {
	0x17, 0x00, 0x00, 0x00, 0x00,
	0x01, 0x42, 0xc0, 0x1f, 0xff, 0xe1, 0x00, 0x19,
	0x67, 0x42, 0xc0, 0x1f, 0xd9, 0x00, 0x50, 0x05, 0xbb, 0x01, 0x10,
	0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0xc0, 0xf1,
	0x83, 0x24, 0x80,
	0x01, 0x00, 0x05,
	0x68, 0xcb, 0x83, 0xcb, 0x20,
};

/* AudioSpecificConfig: AAC-LC, 44100 Hz, stereo. */
static const uint8_t aac_config[] = { 0xaf, 0x00, 0x12, 0x10 };

static void
put64(uint8_t *p, uint64_t v)
{
	(void)put32(p, (uint32_t)(v >> 32));
	(void)put32(p + 4, (uint32_t)v);
}

static uint64_t
get64(const uint8_t *p)
{
	return (uint64_t)get32(p) << 32 | get32(p + 4);
}

void
media_init(void)
{
	uint32_t x = 2463534242u;	/* xorshift32, Marsaglia 2003 */
	unsigned int i;

	for (i = 0; i < TABLE; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		table[i] = (uint8_t)(x >> 8);
	}
}

static uint32_t
mark_sum(const uint8_t *p, size_t len)
{
	uint32_t h = 2166136261u;	/* FNV-1a */
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ p[i]) * 16777619u;
	return h;
}

/* Where in the table the pattern of the message with this mark begins. */
static uint32_t
pattern_start(const uint8_t *mark)
{
	return get32(mark + 32);
}

static void
put_shape(uint8_t *p, uint8_t type, bool key, uint32_t len)
{
	static const uint8_t audio[MEDIA_SHAPE] = {
		0xaf, 0x01, 0x21, 0x1b, 0x94, 0xa5, 0x64, 0xae, 0xb3, 0x6c
	};

	if (type == MEDIA_AUDIO) {
		memcpy(p, audio, sizeof(audio));
		return;
	}
	p[0] = key ? 0x17 : 0x27;
	p[1] = 1;			/* NAL units */
	p[2] = p[3] = p[4] = 0;		/* composition time */
	(void)put32(p + 5, len - 9);		/* one NAL unit */
	p[9] = key ? 0x65 : 0x41;
}

void
media_plan(struct media_plan *mp, uint64_t bits)
{
	uint64_t audio, unit, video;

	audio = bits >= 512000 ? 128000 : bits / 8;
	video = (bits - audio) / 8 * MEDIA_GOP_S;
	unit = video / (MEDIA_FPS * MEDIA_GOP_S - 1 + 8);
	audio = audio / 8 / MEDIA_AUDIO_PS;
	if (unit < MEDIA_MIN)
		unit = MEDIA_MIN;
	mp->mp_inter = (uint32_t)unit;
	mp->mp_key = (uint32_t)(unit * 8 < MEDIA_MAX ? unit * 8 : MEDIA_MAX);
	mp->mp_audio = (uint32_t)(audio > MEDIA_MIN ? audio : MEDIA_MIN);
}

const uint8_t *
media_avc_config(size_t *len)
{
	*len = sizeof(avc_config);
	return avc_config;
}

const uint8_t *
media_aac_config(size_t *len)
{
	*len = sizeof(aac_config);
	return aac_config;
}

void
media_write(uint8_t *buf, uint8_t type, bool key, const struct media_mark *mark)
{
	uint8_t *m = buf + MEDIA_SHAPE;
	uint32_t at, n, off;

	put_shape(buf, type, key, mark->mm_len);
	(void)put32(m, MAGIC);
	(void)put32(m + 4, mark->mm_stream);
	put64(m + 8, mark->mm_seq);
	put64(m + 16, mark->mm_sent);
	(void)put32(m + 24, mark->mm_time);
	(void)put32(m + 28, mark->mm_len);
	(void)put32(m + 32, mark_sum(m, 32));
	at = pattern_start(m);
	for (off = PATTERN; off < mark->mm_len; off += n) {
		n = TABLE - (at + off) % TABLE;
		if (n > mark->mm_len - off)
			n = mark->mm_len - off;
		memcpy(buf + off, table + (at + off) % TABLE, n);
	}
}

bool
media_is_config(uint8_t type, const uint8_t *p, size_t len)
{
	if (len < 2 || p[1] != 0)
		return false;
	return type == MEDIA_VIDEO ? (p[0] & 0x0f) == 7 : p[0] >> 4 == 10;
}

bool
media_is_key(uint8_t type, const uint8_t *p, size_t len)
{
	return type == MEDIA_VIDEO && len >= 2 && p[0] == 0x17 && p[1] == 1;
}

bool
media_read(struct media_mark *mark, uint8_t type, const uint8_t *p,
    size_t len, uint32_t msglen)
{
	const uint8_t *m = p + MEDIA_SHAPE;
	uint8_t shape[MEDIA_SHAPE];

	if (len < PATTERN || get32(m) != MAGIC ||
	    get32(m + 32) != mark_sum(m, 32))
		return false;
	mark->mm_stream = get32(m + 4);
	mark->mm_seq = get64(m + 8);
	mark->mm_sent = get64(m + 16);
	mark->mm_time = get32(m + 24);
	mark->mm_len = get32(m + 28);
	put_shape(shape, type, p[0] == 0x17, msglen);
	return mark->mm_len == msglen && memcmp(shape, p, MEDIA_SHAPE) == 0;
}

bool
media_check(const uint8_t *head, uint32_t off, const uint8_t *p, size_t n)
{
	uint32_t at = pattern_start(head + MEDIA_SHAPE);
	size_t part;

	if (off < PATTERN) {
		part = PATTERN - off < n ? PATTERN - off : n;
		p += part;
		n -= part;
		off = PATTERN;
	}
	for (; n > 0; n -= part, p += part, off += (uint32_t)part) {
		part = TABLE - (at + off) % TABLE;
		if (part > n)
			part = n;
		if (memcmp(p, table + (at + off) % TABLE, part) != 0)
			return false;
	}
	return true;
}
