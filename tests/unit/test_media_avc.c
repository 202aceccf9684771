/* SPDX-License-Identifier: ISC */
/*
 * test_media_avc.c - H.264 decoder configuration records.
 * Made by x264 in ffmpeg 5.1 with the options given, taken out of an
 * MP4 file; the values wanted are those that its ffprobe printed,
 * but profiles are named as the standard does.
 */
#include "media/media.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "media_vec.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

TestSuite(avc, .timeout = 10);

struct vec {
	char		 hex[256];
	uint32_t	 width;
	uint32_t	 height;
	uint32_t	 fps;
	char		 profile[30];
};

/* The record in a message: 17 00 and a composition time of 0. */
static bool
describe(const uint8_t *record, size_t len, struct media_info *mi)
{
	struct media_iter it;
	struct media_tag t;
	uint8_t *p = malloc(len + 5);
	bool learned;

	cr_assert_not_null(p);
	memcpy(p, "\x17\0\0\0", 5);
	if (len > 0)
		memcpy(p + 5, record, len);
	media_open(&it, MEDIA_VIDEO, p, len + 5);
	cr_assert(media_next(&it, &t));
	learned = media_describe(&t, mi);
	free(p);
	return learned;
}

static void
check(const struct vec *v)
{
	struct media_info mi;
	size_t len;
	uint8_t *p = vec_bytes(v->hex, &len);

	cr_expect_eq(describe(p, len, &mi), v->profile[0] != '\0');
	cr_expect_eq(mi.mi_codec, CODEC_AVC);
	cr_expect_eq(mi.mi_width, v->width, "%u", mi.mi_width);
	cr_expect_eq(mi.mi_height, v->height, "%u", mi.mi_height);
	cr_expect_eq(mi.mi_fps, v->fps, "%u", mi.mi_fps);
	cr_expect_str_eq(mi.mi_profile, v->profile, "%s", mi.mi_profile);
	free(p);
}

/*
 * Cut anywhere, a header tells a value or nothing, but never another value.
 * Each bit flipped, it may tell what it likes, inside its bounds.
 */
static void
damage(const struct vec *v)
{
	struct media_info mi;
	size_t len, n;
	uint8_t *p = vec_bytes(v->hex, &len);

	for (n = 0; n < len; n++) {
		(void)describe(p, n, &mi);
		cr_expect(mi.mi_width == 0 || mi.mi_width == v->width);
		cr_expect(mi.mi_height == 0 || mi.mi_height == v->height);
		cr_expect(mi.mi_fps == 0 || mi.mi_fps == v->fps, "%zu: %u",
		    n, mi.mi_fps);
		cr_expect(mi.mi_profile[0] == '\0' ||
		    strcmp(mi.mi_profile, v->profile) == 0);
	}
	for (n = 0; n < len * 8; n++) {
		p[n / 8] ^= (uint8_t)(1 << n % 8);
		(void)describe(p, len, &mi);
		p[n / 8] ^= (uint8_t)(1 << n % 8);
		cr_expect(mi.mi_width <= 65536 && mi.mi_height <= 65536);
		cr_expect((mi.mi_width == 0) == (mi.mi_height == 0));
		cr_expect(mi.mi_fps <= 1001000);
		cr_expect(memchr(mi.mi_profile, '\0',
		    sizeof(mi.mi_profile)) != NULL);
	}
	free(p);
}

ParameterizedTestParameters(avc, headers_of_x264_are_described)
{
	static struct vec v[] = {
		/* -s 1920x1080 -r 30000/1001 */
		{ "01640028ffe1001967640028acd940780227e5c04400000fa400"
		    "03a9803c60c65801000668ebe3cb22c0fdf8f800",
		    1920, 1080, 29970, "High 4.0" },
		/* -s 1280x720 -r 25 -profile:v baseline */
		{ "0142c01fffe100196742c01fd9005005bb011000000300100000"
		    "030320f183248001000568cb83cb20",
		    1280, 720, 25000, "Constrained Baseline 3.1" },
		/* -s 1280x720 -r 60 -profile:v main */
		{ "014d4020ffe10019674d4020eca02802dd808800000300080000"
		    "0303c078c18cb001000568ebe3cb20",
		    1280, 720, 60000, "Main 3.2" },
		/* -s 1920x1080 -r 25 -flags +ildct+ilme, interlaced */
		{ "01640028ffe1001a67640028acd94078044fde02200000030020"
		    "00000643e2c5b2c001000668fba3cb22c0fdf8f800",
		    1920, 1080, 25000, "High 4.0" },
		/* -s 854x482 -r 60 -pix_fmt yuv422p10 */
		{ "017a001fffe1001b677a001fb6cd940d83fe68fc044000000300"
		    "4000001e03c60c658001000668ebe3cb22c0fefafa00",
		    854, 482, 60000, "High 4:2:2 3.1" },
		/* -s 641x361 -r 50 -pix_fmt yuv444p */
		{ "01f4001fffe1002067f4001f919b281485fc2111ff8672867088"
		    "0000030008000003032078c18cb001000668ebe3c44844fff8f8"
		    "00",
		    641, 361, 50000, "High 4:4:4 Predictive 3.1" },
		/* -s 1440x1080 -r 50 -pix_fmt yuv420p10, keyint=1 */
		{ "016e102affe10018676e102aa6cb80b4044fcb80880000030008"
		    "00000303202001000568ee0f2c8bfdfafa00",
		    1440, 1080, 50000, "High 10 Intra 4.2" },
		/* -s 640x360 -r 24, cqm=jvt: scaling lists */
		{ "0164001effe1001a6764001eacd940a02ff97011000003000100"
		    "000300300f162d9601000768ebe3cb3002c0fdf8f800",
		    640, 360, 24000, "High 3.0" },
		/* -s 318x238 -r 12 -pix_fmt gray */
		{ "0164000cffe1001e6764000cf3650507fbbffc1dc0165db20000"
		    "03000200000300301e28532c01000668ebe3cb22c0fcf8f800",
		    318, 238, 12000, "High 1.2" },
		/* libx264rgb, -s 300x200 -r 30 */
		{ "01f4000dffe1002267f4000d919b282637cb13ff8010000db702"
		    "020040000003004000000f03c50a658001000668ebe3cb22c0ff"
		    "f8f800",
		    300, 200, 30000, "High 4:4:4 Predictive 1.3" },
		/* -s 176x144 -r 15 -profile:v baseline -level 1b */
		{ "0142d00bffe100166742d00bd902c4ec10400000030040000007"
		    "83c4899201000568cb83cb20",
		    176, 144, 15000, "Constrained Baseline 1b" },
		/* -s 3840x2160 -r 60 -aspect 2:1, nal-hrd=cbr, bt2020 */
		{ "0142c034ffe1002d6742c034da00f0010fbff000900086a12201"
		    "28000003000800000303c3240000989680004c4b7269403c60ca"
		    "8001000468ce3c80",
		    3840, 2160, 60000, "Constrained Baseline 5.2" },
	};

	return cr_make_param_array(struct vec, v, N(v));
}

ParameterizedTest(struct vec *v, avc, headers_of_x264_are_described,
    .timeout = 10)
{
	check(v);
	damage(v);
}

/*
 * Written by hand after ISO/IEC 14496-10 7.3.2.1.1 and read back by ffmpeg's
 * trace_headers: scaling lists written, empty and left out, picture order
 * type 1 with a cycle of five, fields, 4:2:2 cropped by 3, all of the VUI.
 */
ParameterizedTestParameters(avc, every_part_before_the_timing_is_passed)
{
	static struct vec v[] = {
		{ "017a001fffe10058677a001fbd98a2acc5156628ab313145598a"
		    "2acc515668453145598a2acc5156628ab3145598a2acc5156628"
		    "ab3145598a2acc5156628ab314554390c57442016849f93ff004"
		    "0002de5050606f0000030001000003003284",
		    720, 570, 25000, "High 4:2:2 3.1" },
		/* 4:4:4 has twelve scaling lists, and crops by 1 */
		{ "01f4001fffe1006a67f4001f91b3145598a2acc51566098a2acc"
		    "5156628ab313145598a2acc5156628ab3145598a2acc5156628a"
		    "b3145598a2acc5156628ab3145498a2acc5156628ab3145598a2"
		    "acc5156628ab3145598a2acc5156628ab3145598a2bb40a0ff22"
		    "70800001f480005dc042",
		    317, 237, 23976, "High 4:4:4 Predictive 3.1" },
		/* the same in separate planes */
		{ "01f4001fffe1006a67f4001f93b3145598a2acc51566098a2acc"
		    "5156628ab313145598a2acc5156628ab3145598a2acc5156628a"
		    "b3145598a2acc5156628ab3145498a2acc5156628ab3145598a2"
		    "acc5156628ab3145598a2acc5156628ab3145598a2bb40a0ff22"
		    "70800001f480005dc042",
		    317, 237, 23976, "High 4:4:4 Predictive 3.1" },
	};

	return cr_make_param_array(struct vec, v, N(v));
}

ParameterizedTest(struct vec *v, avc, every_part_before_the_timing_is_passed,
    .timeout = 10)
{
	check(v);
	damage(v);
}

ParameterizedTestParameters(avc, an_unsound_record_tells_what_it_can)
{
	static struct vec v[] = {
		{ "", 0, 0, 0, "" },
		{ "01", 0, 0, 0, "" },
		{ "0064001fffe100", 0, 0, 0, "" },	/* not version 1 */
		{ "01640029", 0, 0, 0, "High 4.1" },
		{ "01640029ffe0", 0, 0, 0, "High 4.1" },	/* no SPS */
		{ "01640029ffe0010068", 0, 0, 0, "High 4.1" },
		{ "01640029ffe1ffff67", 0, 0, 0, "High 4.1" },
		{ "01640029ffe10000", 0, 0, 0, "High 4.1" },
		/* the names of A.2: constraint sets and levels 1b */
		{ "0142000a", 0, 0, 0, "Baseline 1.0" },
		{ "01424009", 0, 0, 0, "Constrained Baseline 1b" },
		{ "014d100b", 0, 0, 0, "Main 1b" },
		{ "0164100b", 0, 0, 0, "High 1.1" },
		{ "01640009", 0, 0, 0, "High 1b" },
		{ "01581020", 0, 0, 0, "Extended 3.2" },
		{ "017a1032", 0, 0, 0, "High 4:2:2 Intra 5.0" },
		{ "01f41032", 0, 0, 0, "High 4:4:4 Intra 5.0" },
		{ "012c003e", 0, 0, 0, "CAVLC 4:4:4 Intra 6.2" },
		{ "016300ff", 0, 0, 0, "profile 99 25.5" },
		{ "01640000", 0, 0, 0, "High" },
		/* the first NAL unit is a PPS; has the forbidden bit */
		{ "01640028ffe1001968640028acd940780227e5c04400000fa40003a9"
		    "803c60c658", 0, 0, 0, "High 4.0" },
		{ "01640028ffe10019e7640028acd940780227e5c04400000fa40003a9"
		    "803c60c658", 0, 0, 0, "High 4.0" },
	};

	return cr_make_param_array(struct vec, v, N(v));
}

ParameterizedTest(struct vec *v, avc, an_unsound_record_tells_what_it_can,
    .timeout = 10)
{
	check(v);
}
