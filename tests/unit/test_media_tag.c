/* SPDX-License-Identifier: ISC */
/*
 * test_media_tag.c - headers of audio and video messages: FLV 10.1 (E.4.2.1,
 * E.4.3.1) and Enhanced RTMP v1 and v2.
 */
#include "media/media.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "media_vec.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

#define A	MEDIA_AUDIO
#define V	MEDIA_VIDEO
#define KEY	(MEDIA_FRAME | MEDIA_KEY)
#define FRAME	MEDIA_FRAME
#define CONFIG	MEDIA_CONFIG
#define END	MEDIA_END
#define EXTRA	MEDIA_EXTRA
#define EX	MEDIA_ENHANCED
#define MULTI	(MEDIA_ENHANCED | MEDIA_MULTI)

#define AV01	"61763031"
#define AVC1	"61766331"
#define HVC1	"68766331"
#define VVC1	"76766331"
#define VP09	"76703039"
#define VP08	"76703038"
#define MP4A	"6d703461"
#define OPUS	"4f707573"
#define AC_3	"61632d33"

TestSuite(tag, .timeout = 10);

/* A message with one track. */
struct one {
	char		 hex[48];
	enum media_kind	 kind;
	uint32_t	 codec;
	unsigned	 flags;
	char		 body[24];
	unsigned	 track;
};

static void
check_body(const struct media_tag *t, const char *body)
{
	size_t len;
	uint8_t *want = vec_bytes(body, &len);

	cr_expect_eq(t->mt_len, len, "%zu bytes, not %s", t->mt_len, body);
	if (t->mt_len == len)
		cr_expect_eq(memcmp(t->mt_body, want, len), 0, "%s", body);
	free(want);
}

static void
check_one(const struct one *v)
{
	struct media_iter it;
	struct media_tag t;
	size_t len;
	uint8_t *p = vec_bytes(v->hex, &len);

	media_open(&it, v->kind, p, len);
	cr_assert(media_next(&it, &t));
	cr_expect_eq(t.mt_kind, v->kind, "%s", v->hex);
	cr_expect_eq(t.mt_codec, v->codec, "%s: %08x", v->hex, t.mt_codec);
	cr_expect_eq(t.mt_flags, v->flags, "%s: %02x", v->hex, t.mt_flags);
	cr_expect_eq(t.mt_track, v->track, "%s: %u", v->hex, t.mt_track);
	cr_expect_eq(t.mt_byte0, len > 0 ? p[0] : 0);
	check_body(&t, v->body);
	cr_expect_not(media_next(&it, &t));
	cr_expect_not(media_next(&it, &t));
	free(p);
}

/* FLV 10.1, E.4.3.1; ids 12 and 13 are laid out as AVC. */
ParameterizedTestParameters(tag, legacy_video_is_understood)
{
	static struct one v[] = {
		{ "170000000001640028", V, CODEC_AVC, CONFIG, "01640028", 0 },
		{ "1701000050aabb", V, CODEC_AVC, KEY, "aabb", 0 },
		{ "2701fffff6aabb", V, CODEC_AVC, FRAME, "aabb", 0 },
		{ "3701000000aa", V, CODEC_AVC, FRAME, "aa", 0 },
		{ "4701000000aa", V, CODEC_AVC, KEY, "aa", 0 },
		{ "1702000000", V, CODEC_AVC, END, "", 0 },
		{ "2700000000aa", V, CODEC_AVC, CONFIG, "aa", 0 },
		{ "1703000000aa", V, CODEC_AVC, 0, "aa", 0 },
		{ "1705000000aa", V, CODEC_AVC, 0, "aa", 0 },
		{ "5700", V, CODEC_AVC, 0, "00", 0 },
		{ "5701000000aa", V, CODEC_AVC, 0, "01000000aa", 0 },
		{ "1c000000000101", V, CODEC_HEVC, CONFIG, "0101", 0 },
		{ "1c01000021aa", V, CODEC_HEVC, KEY, "aa", 0 },
		{ "2c01000021aa", V, CODEC_HEVC, FRAME, "aa", 0 },
		{ "1c02000000", V, CODEC_HEVC, END, "", 0 },
		{ "1d0000000081", V, CODEC_AV1, CONFIG, "81", 0 },
		{ "1d01000000aa", V, CODEC_AV1, KEY, "aa", 0 },
		{ "12aabb", V, CODEC_H263, KEY, "aabb", 0 },
		{ "2200", V, CODEC_H263, FRAME, "00", 0 },
		{ "13aa", V, CODEC_SCREEN, KEY, "aa", 0 },
		{ "2400", V, CODEC_VP6, FRAME, "00", 0 },
		{ "1500", V, CODEC_VP6A, KEY, "00", 0 },
		{ "2600", V, CODEC_SCREEN2, FRAME, "00", 0 },
		{ "5200", V, CODEC_H263, 0, "00", 0 },
		{ "18aa", V, 0, KEY, "aa", 0 },
		{ "2faa", V, 0, FRAME, "aa", 0 },
	};

	return cr_make_param_array(struct one, v, N(v));
}

ParameterizedTest(struct one *v, tag, legacy_video_is_understood,
    .timeout = 10)
{
	check_one(v);
}

/* FLV 10.1, E.4.2.1. */
ParameterizedTestParameters(tag, legacy_audio_is_understood)
{
	static struct one v[] = {
		{ "af001190", A, CODEC_AAC, CONFIG, "1190", 0 },
		{ "af012114", A, CODEC_AAC, FRAME, "2114", 0 },
		{ "af02aa", A, CODEC_AAC, 0, "aa", 0 },
		{ "a004aa", A, CODEC_AAC, 0, "aa", 0 },
		{ "0faa", A, CODEC_PCM, FRAME, "aa", 0 },
		{ "1faa", A, CODEC_ADPCM, FRAME, "aa", 0 },
		{ "2ffffb", A, CODEC_MP3, FRAME, "fffb", 0 },
		{ "3faa", A, CODEC_PCM, FRAME, "aa", 0 },
		{ "40aa", A, CODEC_NELLY, FRAME, "aa", 0 },
		{ "50aa", A, CODEC_NELLY, FRAME, "aa", 0 },
		{ "60aa", A, CODEC_NELLY, FRAME, "aa", 0 },
		{ "72aa", A, CODEC_ALAW, FRAME, "aa", 0 },
		{ "82aa", A, CODEC_ULAW, FRAME, "aa", 0 },
		{ "b2aa", A, CODEC_SPEEX, FRAME, "aa", 0 },
		{ "e2aa", A, CODEC_MP3, FRAME, "aa", 0 },
		{ "c0aa", A, 0, FRAME, "aa", 0 },
		{ "ffaa", A, 0, FRAME, "aa", 0 },
		{ "2f", A, CODEC_MP3, FRAME, "", 0 },
	};

	return cr_make_param_array(struct one, v, N(v));
}

ParameterizedTest(struct one *v, tag, legacy_audio_is_understood,
    .timeout = 10)
{
	check_one(v);
}

/* E-RTMP v2, "Enhanced Video" and "Enhanced Audio". */
ParameterizedTestParameters(tag, enhanced_headers_are_understood)
{
	static struct one v[] = {
		{ "90" AV01 "8105", V, CODEC_AV1, EX | CONFIG, "8105", 0 },
		{ "95" AV01 "8004", V, CODEC_AV1, EX | CONFIG, "8004", 0 },
		{ "91" AV01 "0a0b0c0d", V, CODEC_AV1, EX | KEY,
		    "0a0b0c0d", 0 },
		{ "a1" VP09 "aabbcc", V, CODEC_VP9, EX | FRAME, "aabbcc", 0 },
		{ "c1" VP08 "aabbcc", V, CODEC_VP8, EX | KEY, "aabbcc", 0 },
		{ "b1" HVC1 "000050aa", V, CODEC_HEVC, EX | FRAME, "aa", 0 },
		{ "91" HVC1 "000050aa", V, CODEC_HEVC, EX | KEY, "aa", 0 },
		{ "91" AVC1 "fffff6aa", V, CODEC_AVC, EX | KEY, "aa", 0 },
		{ "a1" VVC1 "000000aa", V, CODEC_VVC, EX | FRAME, "aa", 0 },
		{ "93" HVC1 "000050aa", V, CODEC_HEVC, EX | KEY,
		    "000050aa", 0 },
		{ "90" HVC1 "010160", V, CODEC_HEVC, EX | CONFIG,
		    "010160", 0 },
		{ "92" HVC1, V, CODEC_HEVC, EX | END, "", 0 },
		{ "84" HVC1 "0200", V, CODEC_HEVC, EX | EXTRA, "0200", 0 },
		{ "d4" HVC1 "0200", V, CODEC_HEVC, EX | EXTRA, "0200", 0 },
		{ "98" HVC1 "aa", V, CODEC_HEVC, EX, "aa", 0 },
		{ "9f" HVC1 "aa", V, CODEC_HEVC, EX, "aa", 0 },
		/* frame type 5: a command byte, no FourCC */
		{ "d100", V, 0, EX, "00", 0 },
		{ "d0" AVC1, V, 0, EX, AVC1, 0 },
		{ "91" "78787878" "aa", V, 0x78787878, EX | KEY, "aa", 0 },
		{ "90" MP4A "1190", A, CODEC_AAC, EX | CONFIG, "1190", 0 },
		{ "91" MP4A "aabbcc", A, CODEC_AAC, EX | FRAME, "aabbcc", 0 },
		{ "90" OPUS, A, CODEC_OPUS, EX | CONFIG, "", 0 },
		{ "92" OPUS, A, CODEC_OPUS, EX | END, "", 0 },
		{ "94" OPUS "01020003", A, CODEC_OPUS, EX | EXTRA,
		    "01020003", 0 },
		{ "91" AC_3 "0b77", A, CODEC_AC3, EX | FRAME, "0b77", 0 },
		{ "93" OPUS "aa", A, CODEC_OPUS, EX, "aa", 0 },
		/* 6 is multitrack in video only, 5 in audio only */
		{ "96" OPUS "aa", A, CODEC_OPUS, EX, "aa", 0 },
	};

	return cr_make_param_array(struct one, v, N(v));
}

ParameterizedTest(struct one *v, tag, enhanced_headers_are_understood,
    .timeout = 10)
{
	check_one(v);
}

/* E-RTMP v2, "ModEx", and OneTrack of AvMultitrackType. */
ParameterizedTestParameters(tag, modex_and_one_track_are_understood)
{
	static struct one v[] = {
		/* nanosecond offset 1000, then av01 inter frames */
		{ "a7020003e801" AV01 "0a0b", V, CODEC_AV1, EX | FRAME,
		    "0a0b", 0 },
		{ "97020003e807000003" HVC1 "aa", V, CODEC_HEVC, EX | KEY,
		    "aa", 0 },
		{ "97020003e800" AV01 "81", V, CODEC_AV1, EX | CONFIG,
		    "81", 0 },
		{ "97020003e801" OPUS "aa", A, CODEC_OPUS, EX | FRAME,
		    "aa", 0 },
		{ "d7020003e80100", V, 0, EX, "00", 0 },
		{ "a6036876633101000000020203", V, CODEC_HEVC, EX | FRAME,
		    "000000020203", 1 },
		{ "9600" AVC1 "02" "0164", V, CODEC_AVC, EX | CONFIG,
		    "0164", 2 },
		{ "9601" AVC1 "02" "000050aa", V, CODEC_AVC, EX | KEY,
		    "aa", 2 },
		{ "9602" AVC1 "02", V, CODEC_AVC, EX | END, "", 2 },
		{ "8604" AVC1 "ff" "0200", V, CODEC_AVC, EX | EXTRA,
		    "0200", 255 },
		{ "d604" AVC1 "02" "0200", V, 0, EX, "04" AVC1 "020200", 0 },
		{ "9500" MP4A "01" "1190", A, CODEC_AAC, EX | CONFIG,
		    "1190", 1 },
		{ "9501" MP4A "01" "aabbcc", A, CODEC_AAC, EX | FRAME,
		    "aabbcc", 1 },
		{ "97020003e8059503" MP4A, A, 0, EX, "03" MP4A, 0 },
		{ "97020003e80501" MP4A "07aa", A, CODEC_AAC, EX | FRAME,
		    "aa", 7 },
	};

	return cr_make_param_array(struct one, v, N(v));
}

ParameterizedTest(struct one *v, tag, modex_and_one_track_are_understood,
    .timeout = 10)
{
	check_one(v);
}

Test(tag, a_modex_size_of_256_stands_for_a_longer_one)
{
	uint8_t in[1 + 3 + 300 + 1 + 4 + 1] = { 0x97, 0xff, 0x01, 0x2b };
	struct media_iter it;
	struct media_tag t;

	memcpy(in + 304, "\x01" "av01" "\xaa", 6);
	media_open(&it, MEDIA_VIDEO, in, sizeof(in));
	cr_assert(media_next(&it, &t));
	cr_expect_eq(t.mt_codec, CODEC_AV1);
	cr_expect_eq(t.mt_flags, EX | KEY);
	cr_expect_eq(t.mt_len, 1);
	cr_expect_eq(t.mt_body, in + 309);
	cr_expect_not(media_next(&it, &t));
}

/* What is cut short or reserved yields one tag with as much as is known. */
ParameterizedTestParameters(tag, short_messages_mean_what_is_there)
{
	static struct one v[] = {
		{ "", V, 0, 0, "", 0 },
		{ "", A, 0, 0, "", 0 },
		{ "17", V, CODEC_AVC, 0, "", 0 },
		{ "1701", V, CODEC_AVC, KEY, "", 0 },
		{ "17010000", V, CODEC_AVC, KEY, "", 0 },
		{ "1700", V, CODEC_AVC, CONFIG, "", 0 },
		{ "1c", V, CODEC_HEVC, 0, "", 0 },
		{ "af", A, CODEC_AAC, 0, "", 0 },
		{ "af01", A, CODEC_AAC, FRAME, "", 0 },
		{ "91", V, 0, EX, "", 0 },
		{ "91617630", V, 0, EX, "617630", 0 },
		{ "91" AVC1 "0000", V, CODEC_AVC, EX | KEY, "", 0 },
		{ "90", A, 0, EX, "", 0 },
		{ "97", V, 0, EX, "", 0 },
		{ "9702", V, 0, EX, "", 0 },
		{ "97020003e8", V, 0, EX, "", 0 },
		{ "97020003", V, 0, EX, "0003", 0 },
		{ "97ff", V, 0, EX, "", 0 },
		{ "97ffffff00", V, 0, EX, "00", 0 },
		{ "97ff00", V, 0, EX, "00", 0 },
		{ "96", V, 0, EX, "", 0 },
		{ "9611", V, 0, MULTI, "", 0 },
		{ "9611617663", V, 0, MULTI, "617663", 0 },
		{ "9611" AVC1, V, CODEC_AVC, MULTI, "", 0 },
		/* a track whose size cannot be: the rest, opaque */
		{ "9611" AVC1 "03", V, CODEC_AVC, MULTI, "03", 3 },
		{ "9611" AVC1 "030000", V, CODEC_AVC, MULTI, "030000", 3 },
		{ "9611" AVC1 "03000005aabbccdd", V, CODEC_AVC, MULTI,
		    "03000005aabbccdd", 3 },
		{ "9621", V, 0, MULTI, "", 0 },
		{ "9621617663", V, 0, MULTI, "617663", 0 },
		{ "9601" AVC1, V, CODEC_AVC, EX, "", 0 },
		/* nested, and a reserved AvMultitrackType */
		{ "9606" AVC1 "01aa", V, 0, EX, AVC1 "01aa", 0 },
		{ "9505" MP4A "01aa", A, 0, EX, MP4A "01aa", 0 },
		{ "9631" AVC1 "01aa", V, 0, EX, AVC1 "01aa", 0 },
	};

	return cr_make_param_array(struct one, v, N(v));
}

ParameterizedTest(struct one *v, tag, short_messages_mean_what_is_there,
    .timeout = 10)
{
	check_one(v);
}

/* A message with up to three sound tracks. */
struct many {
	char		 hex[96];
	enum media_kind	 kind;
	unsigned	 n;
	struct {
		uint32_t	 codec;
		unsigned	 flags;
		unsigned	 track;
		char		 body[16];
	} t[3];
};

/* E-RTMP v2, AvMultitrackType ManyTracks and ManyTracksManyCodecs. */
ParameterizedTestParameters(tag, tracks_come_one_by_one)
{
	static struct many v[] = {
		{ "96116176633100000005000050aabb01000004000000cc", V, 2, {
		    { CODEC_AVC, MULTI | KEY, 0, "aabb" },
		    { CODEC_AVC, MULTI | KEY, 1, "cc" } } },
		{ "9610" HVC1 "000000020101" "020000010a", V, 2, {
		    { CODEC_HEVC, MULTI | CONFIG, 0, "0101" },
		    { CODEC_HEVC, MULTI | CONFIG, 2, "0a" } } },
		{ "a621" AVC1 "00000004000000aa" AV01 "01000002bbcc"
		    VP09 "02000001dd", V, 3, {
		    { CODEC_AVC, MULTI | FRAME, 0, "aa" },
		    { CODEC_AV1, MULTI | FRAME, 1, "bbcc" },
		    { CODEC_VP9, MULTI | FRAME, 2, "dd" } } },
		{ "9623" AVC1 "00000004000000aa", V, 1, {
		    { CODEC_AVC, MULTI | KEY, 0, "000000aa" } } },
		{ "9612" AVC1 "00000000" "01000000", V, 2, {
		    { CODEC_AVC, MULTI | END, 0, "" },
		    { CODEC_AVC, MULTI | END, 1, "" } } },
		{ "9511" OPUS "00000001aa" "01000002bbcc", A, 2, {
		    { CODEC_OPUS, MULTI | FRAME, 0, "aa" },
		    { CODEC_OPUS, MULTI | FRAME, 1, "bbcc" } } },
		{ "9520" OPUS "00000000" MP4A "010000021190", A, 2, {
		    { CODEC_OPUS, MULTI | CONFIG, 0, "" },
		    { CODEC_AAC, MULTI | CONFIG, 1, "1190" } } },
		/* composition time does not fit the track's size */
		{ "9611" AVC1 "00000002aabb" "01000001cc", V, 2, {
		    { CODEC_AVC, MULTI | KEY, 0, "" },
		    { CODEC_AVC, MULTI | KEY, 1, "" } } },
		/* the second goes past the end; the third is half there */
		{ "9611" AVC1 "00000004000000aa" "01000009000000", V, 1, {
		    { CODEC_AVC, MULTI | KEY, 0, "aa" } } },
		{ "9511" OPUS "00000001aa" "01000001bb" "0200", A, 2, {
		    { CODEC_OPUS, MULTI | FRAME, 0, "aa" },
		    { CODEC_OPUS, MULTI | FRAME, 1, "bb" } } },
		{ "9521" OPUS "00000001aa" "6d70", A, 1, {
		    { CODEC_OPUS, MULTI | FRAME, 0, "aa" } } },
		{ "9511" OPUS "00000001aa" "01ffffff", A, 1, {
		    { CODEC_OPUS, MULTI | FRAME, 0, "aa" } } },
	};

	return cr_make_param_array(struct many, v, N(v));
}

ParameterizedTest(struct many *v, tag, tracks_come_one_by_one, .timeout = 10)
{
	struct media_iter it;
	struct media_tag t;
	size_t len;
	unsigned i;
	uint8_t *p = vec_bytes(v->hex, &len);

	media_open(&it, v->kind, p, len);
	for (i = 0; i < v->n; i++) {
		cr_assert(media_next(&it, &t), "%s: only %u", v->hex, i);
		cr_expect_eq(t.mt_codec, v->t[i].codec, "%s: %u", v->hex, i);
		cr_expect_eq(t.mt_flags, v->t[i].flags, "%s: %u", v->hex, i);
		cr_expect_eq(t.mt_track, v->t[i].track, "%s: %u", v->hex, i);
		cr_expect_eq(t.mt_byte0, p[0]);
		check_body(&t, v->t[i].body);
	}
	cr_expect_not(media_next(&it, &t), "%s", v->hex);
	cr_expect_not(media_next(&it, &t), "%s", v->hex);
	free(p);
}

static void
walk(enum media_kind kind, const uint8_t *p, size_t len)
{
	struct media_iter it;
	struct media_tag t;
	size_t n = 0;

	media_open(&it, kind, p, len);
	for (; media_next(&it, &t); n++) {
		cr_assert(t.mt_body == NULL || (t.mt_body >= p &&
		    t.mt_body + t.mt_len <= p + len));
		cr_assert(!(t.mt_flags & MEDIA_KEY) ||
		    (t.mt_flags & MEDIA_FRAME));
		cr_assert(!(t.mt_flags & MEDIA_CONFIG) ||
		    !(t.mt_flags & MEDIA_FRAME));
	}
	cr_assert(n >= 1 && n <= len / 4 + 1, "%zu tags in %zu", n, len);
}

/* Every two first bytes there are, with more and more of what follows. */
Test(tag, any_two_bytes_stay_inside_the_message, .timeout = 60)
{
	static const char rest[] = AVC1 "00000002aabb" AV01 "01000001cc";
	uint8_t *all, *p;
	size_t full, len;
	unsigned i;

	all = vec_bytes(rest, &full);
	for (len = 0; len <= full; len += 3) {
		p = malloc(len + 2);
		cr_assert_not_null(p);
		memcpy(p + 2, all, len);
		for (i = 0; i < 0x10000; i++) {
			p[0] = (uint8_t)(i >> 8);
			p[1] = (uint8_t)i;
			walk(MEDIA_VIDEO, p, len + 2);
			walk(MEDIA_AUDIO, p, len + 2);
		}
		free(p);
	}
	free(all);
}

Test(tag, every_truncation_of_a_multitrack_message_is_walked)
{
	static const char hex[] = "97020003e806" "21" AVC1 "00000004000000aa"
	    AV01 "01000002bbcc" VP09 "02000001dd";
	uint8_t *all, *p;
	size_t full, len;

	all = vec_bytes(hex, &full);
	for (len = 0; len <= full; len++) {
		p = vec_cut(all, len);
		walk(MEDIA_VIDEO, p, len);
		walk(MEDIA_AUDIO, p, len);
		free(p);
	}
	free(all);
}

Test(tag, a_null_message_of_no_length_is_one_empty_tag)
{
	struct media_iter it;
	struct media_tag t;

	media_open(&it, MEDIA_VIDEO, NULL, 0);
	cr_assert(media_next(&it, &t));
	cr_assert_eq(t.mt_flags, 0);
	cr_assert_eq(t.mt_len, 0);
	cr_assert_not(media_next(&it, &t));
}

struct name {
	uint32_t	 codec;
	char		 name[16];
};

ParameterizedTestParameters(tag, codecs_have_the_names_of_the_field)
{
	static struct name v[] = {
		{ CODEC_AVC, "H.264" }, { CODEC_HEVC, "H.265" },
		{ CODEC_AV1, "AV1" }, { CODEC_VP9, "VP9" },
		{ CODEC_VP8, "VP8" }, { CODEC_VVC, "VVC" },
		{ CODEC_AAC, "AAC" }, { CODEC_MP3, "MP3" },
		{ CODEC_OPUS, "Opus" }, { CODEC_FLAC, "FLAC" },
		{ CODEC_AC3, "AC-3" }, { CODEC_EAC3, "E-AC-3" },
		{ CODEC_SPEEX, "Speex" }, { CODEC_ALAW, "G.711 A-law" },
		{ CODEC_ULAW, "G.711 mu-law" }, { 0, "unknown" },
		{ MEDIA_FOURCC('d', 'v', 'h', '1'), "dvh1" },
		{ MEDIA_FOURCC('a', '\n', 0x1b, 0xff), "a..." },
		{ MEDIA_FOURCC('m', 'p', '4', ' '), "mp4 " },
	};

	return cr_make_param_array(struct name, v, N(v));
}

ParameterizedTest(struct name *v, tag, codecs_have_the_names_of_the_field,
    .timeout = 10)
{
	char buf[8];

	cr_expect_str_eq(media_codec_name(v->codec, buf), v->name);
}
