/* SPDX-License-Identifier: ISC */
/*
 * fuzz_media.c - audio and video messages, track by track, and the sequence
 * header of each codec.
 * Input: codec (1), for the body as its sequence header or frame; the rest is
 * a message, read as audio and as video.
 */
#include "media/media.h"

#include "fuzz.h"

#define SIDE_MAX	65536
#define FPS_MAX		(1000 * 1000 + 999)

static void
check_text(const char *s, size_t size)
{
	FUZZ_CHECK(memchr(s, '\0', size) != NULL);
	for (; *s != '\0'; s++)
		FUZZ_CHECK(*s >= ' ' && *s <= '~');
}

static void
check_describe(const struct media_tag *t)
{
	struct media_info mi;
	bool learned;

	memset(&mi, 0xa5, sizeof(mi));
	learned = media_describe(t, &mi);
	FUZZ_CHECK(mi.mi_codec == t->mt_codec && mi.mi_kind == t->mt_kind &&
	    mi.mi_track == t->mt_track);
	check_text(mi.mi_profile, sizeof(mi.mi_profile));
	FUZZ_CHECK(mi.mi_width <= SIDE_MAX && mi.mi_height <= SIDE_MAX);
	FUZZ_CHECK((mi.mi_width == 0) == (mi.mi_height == 0));
	FUZZ_CHECK(mi.mi_fps <= FPS_MAX);
	FUZZ_CHECK(learned == (mi.mi_width != 0 || mi.mi_fps != 0 ||
	    mi.mi_rate != 0 || mi.mi_channels != 0 ||
	    mi.mi_profile[0] != '\0'));
}

static void
check_tag(const struct media_tag *t, const uint8_t *data, size_t size)
{
	char buf[8];
	const char *name = media_codec_name(t->mt_codec, buf);

	check_text(name, strlen(name) + 1);
	if (size == 0) {
		FUZZ_CHECK(t->mt_len == 0 && t->mt_flags == 0);
	} else {
		FUZZ_CHECK(t->mt_byte0 == data[0]);
		FUZZ_CHECK(t->mt_body >= data && t->mt_body <= data + size);
		FUZZ_CHECK(t->mt_len <= (size_t)(data + size - t->mt_body));
	}
	(void)fuzz_hash(0, t->mt_body, t->mt_len);
	FUZZ_CHECK(!(t->mt_flags & MEDIA_KEY) || (t->mt_flags & MEDIA_FRAME));
	FUZZ_CHECK(!(t->mt_flags & MEDIA_KEY) || t->mt_kind == MEDIA_VIDEO);
	check_describe(t);
}

static void
check_message(enum media_kind kind, const uint8_t *data, size_t size)
{
	const uint8_t *least = data;
	struct media_iter it;
	struct media_tag t;
	size_t n = 0;

	media_open(&it, kind, data, size);
	while (media_next(&it, &t)) {
		FUZZ_CHECK(++n <= size + 1);
		FUZZ_CHECK(t.mt_kind == kind);
		check_tag(&t, data, size);
		FUZZ_CHECK(n == 1 || (t.mt_body >= least &&
		    (t.mt_flags & MEDIA_MULTI)));
		least = t.mt_body + t.mt_len;
	}
	FUZZ_CHECK(n >= 1);
	FUZZ_CHECK(!media_next(&it, &t));
}

static const struct {
	uint32_t codec;
	uint8_t kind;
	uint8_t flags;
} bodies[] = {
	{ CODEC_AVC, MEDIA_VIDEO, MEDIA_CONFIG },
	{ CODEC_HEVC, MEDIA_VIDEO, MEDIA_CONFIG },
	{ CODEC_AV1, MEDIA_VIDEO, MEDIA_CONFIG },
	{ CODEC_VP9, MEDIA_VIDEO, MEDIA_CONFIG },
	{ CODEC_AAC, MEDIA_AUDIO, MEDIA_CONFIG },
	{ CODEC_OPUS, MEDIA_AUDIO, MEDIA_CONFIG },
	{ CODEC_FLAC, MEDIA_AUDIO, MEDIA_CONFIG },
	{ CODEC_VVC, MEDIA_VIDEO, MEDIA_CONFIG },
	{ CODEC_VP8, MEDIA_VIDEO, MEDIA_FRAME | MEDIA_KEY },
	{ CODEC_VP9, MEDIA_VIDEO, MEDIA_FRAME | MEDIA_KEY },
	{ CODEC_MP3, MEDIA_AUDIO, MEDIA_FRAME | MEDIA_ENHANCED },
	{ CODEC_AC3, MEDIA_AUDIO, MEDIA_FRAME | MEDIA_ENHANCED },
	{ CODEC_EAC3, MEDIA_AUDIO, MEDIA_FRAME | MEDIA_ENHANCED },
};

static void
check_body(unsigned choice, const uint8_t *data, size_t size)
{
	size_t i = choice % (sizeof(bodies) / sizeof(bodies[0]));
	struct media_tag t = {
		.mt_body = data, .mt_len = size,
		.mt_codec = bodies[i].codec, .mt_kind = bodies[i].kind,
		.mt_flags = bodies[i].flags,
	};

	check_describe(&t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	unsigned choice = (unsigned)fuzz_take(&in, 1);

	check_message(MEDIA_AUDIO, in.fi_p, in.fi_left);
	check_message(MEDIA_VIDEO, in.fi_p, in.fi_left);
	check_body(choice, in.fi_p, in.fi_left);
	return 0;
}
