/* SPDX-License-Identifier: ISC */
/*
 * test_media_hevc.c - H.265 decoder configuration records.
 * Made by x265 in ffmpeg 5.1 with the options given, taken out of an MP4 file
 * and rid of its SEI; the values wanted are those that its ffprobe printed, but
 * profiles are named as the standard does.
 */
#include "media/media.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "media_vec.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

TestSuite(hevc, .timeout = 10);

struct vec {
	char		 hex[832];
	uint32_t	 width;
	uint32_t	 height;
	uint32_t	 fps;
	char		 profile[30];
};

/* The record in a message: 1c 00 and a composition time of 0. */
static bool
describe(const uint8_t *record, size_t len, struct media_info *mi)
{
	struct media_iter it;
	struct media_tag t;
	uint8_t *p = malloc(len + 5);
	bool learned;

	cr_assert_not_null(p);
	memcpy(p, "\x1c\0\0\0", 5);
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
	cr_expect_eq(mi.mi_codec, CODEC_HEVC);
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

ParameterizedTestParameters(hevc, headers_of_x265_are_described)
{
	static struct vec v[] = {
		/* -s 1920x1080 -r 30000/1001 */
		{ "01016000000090000000000078f000fcfdf8f800000f03200001"
		    "001840010c01ffff016000000300900000030000030078959809"
		    "2100010029420101016000000300900000030000030078a003c0"
		    "8010e596566924caf01680800001f480003a9804220001000744"
		    "01c172b46240",
		    1920, 1080, 29970, "Main 4.0" },
		/* -s 1280x720 -r 25 -pix_fmt yuv420p10 */
		{ "0102200000009000000000005df000fcfdfafa00000f03200001"
		    "001840010c01ffff02200000030090000003000003005d959809"
		    "210001002b42010102200000030090000003000003005da00280"
		    "802d1365959a4932bc05a0200000030020000003032122000100"
		    "074401c172b46240",
		    1280, 720, 25000, "Main 10 3.1" },
		/* -s 854x482 -r 60 -pix_fmt yuv422p10 */
		{ "0104080000009d08000000005df000fcfefafa00000f03200001"
		    "001740010c01ffff0408000003009d0800000300005d95980921"
		    "0001002a4201010408000003009d0800000300005db006b201e9"
		    "d4ed96566924caf0168080000003008000001e04220001000744"
		    "01c172b46240",
		    854, 482, 60000, "Range Extensions 3.1" },
		/* -s 641x361 -r 24 -pix_fmt yuv444p12 */
		{ "0104080000009808000000003ff000fcfffcfc00000f03200001"
		    "001740010c01ffff040800000300980800000300003f95980921"
		    "00010031420101040800000300980800000300003f9000a2402e"
		    "38888294b2b3492657ff8b480b44b40400000300040000030060"
		    "2022000100084401c172860c4624",
		    641, 361, 24000, "Range Extensions 2.1" },
		/* -s 640x360 -r 50, scaling-list=default:temporal-layers=3 */
		{ "0101600000009000000000005af000fcfdf8f800000f03200001"
		    "001840010c01ffff01600000030090000003000003005a959809"
		    "210001002b42010101600000030090000003000003005aa00502"
		    "016965959a49395e02d010000003001000000303208022000100"
		    "074401c172b46240",
		    640, 360, 50000, "Main 3.0" },
		/* -s 1920x1080 -r 50, interlace=tff */
		{ "0101600000004000000000007bf000fcfdf8f800000f03200001"
		    "001840010c01ffff01600000030040000003000003007b959809"
		    "210001002a42010101600000030040000003000003007ba003c0"
		    "8010e596566924caf01686800000030080000019042200010007"
		    "4401c172b46240",
		    1920, 1080, 50000, "Main 4.1" },
		/* -s 1922x1082 -r 30 -preset veryslow */
		{ "01016000000090000000000078f000fcfdf8f800000f03200001"
		    "001940010c01ffff016000000300900000030000030078998a02"
		    "402100010032420101016000000300900000030000030078a003"
		    "c480110724996662a491bb5ffe43a04392d01000000300100000"
		    "0301e08022000100074401c172b66240",
		    1922, 1082, 30000, "Main 4.0" },
		/* -s 1366x770 -r 120, high-tier=1:hrd=1:overscan=crop */
		{ "01216000000090000000000099f000fcfdf8f800000f03200001"
		    "001840010c01ffff216000000300900000030000030099959809"
		    "2100010040420101216000000300900000030000030099a002ac"
		    "80309d4996566924cafff18101803f50902020fc000003000400"
		    "000301e184926a380003938700007270e222000100074401c172"
		    "b46240",
		    1366, 770, 120000, "Main 5.1" },
	};

	return cr_make_param_array(struct vec, v, N(v));
}

ParameterizedTest(struct vec *v, hevc, headers_of_x265_are_described,
    .timeout = 10)
{
	check(v);
	damage(v);
}

/*
 * Written by hand after ISO/IEC 23008-2 7.3.2.1 and 7.3.2.2.1 and read back
 * by ffmpeg's trace_headers: sub-layers with and without profile and level,
 * layer sets, scaling lists of all sizes, PCM, reference picture sets written
 * and predicted, long-term pictures, a display window, all of the VUI.
 */
ParameterizedTestParameters(hevc, every_part_before_the_timing_is_passed)
{
	static struct vec v[] = {
		/* timing in both: the SPS counts */
		{ "0101600000009000000000005df000fcfdf8f800000f03a00001"
		    "003640010c04ffff01600000030090000003000003005dd00001"
		    "600000030090000003000003003c3c95cae570dad400000fa400"
		    "03a98140a10001012e4201040160000003009000000300000300"
		    "5dd00001600000030090000003000003003c3ca003c0801107cb"
		    "96572b95e4912dab215590aac85475642ab215590a85ab215590"
		    "aac854d590aac855642ab215590aac855642ab215590aac85564"
		    "2ab215590eac855642ab215590aac855642ab215590aac855642"
		    "ab215590aac82d590aac855642ab215590aac855642ab215590a"
		    "ac855642ab215591841590aac855642ab215590aac855642ab21"
		    "5590aac855642ab215590e105642ab215590aac855642ab21559"
		    "0aac855642ab215590aac8556416105642ab215590aac855642a"
		    "b215590aac855642ab215590aac855646105642ab215590aac85"
		    "5642ab215590aac855642ab215590aac85564eef52b5afe991a5"
		    "22c4790bff00040003b5091009b63f00000303e900005dc008a2"
		    "000100074401c172b46240",
		    1920, 1080, 23976, "Main 3.1" },
		/* timing in the VPS only */
		{ "0101600000009000000000005df000fcfdf8f800000f03a00001"
		    "003640010c04ffff01600000030090000003000003005dd00001"
		    "600000030090000003000003003c3c95cae570dad400000fa400"
		    "03a98140a1000100334201040160000003009000000300000300"
		    "5dd00001600000030090000003000003003c3ca003c0801107cb"
		    "96572b95e49126a2a2000100074401c172b46240",
		    1920, 1080, 59940, "Main 3.1" },
		/* timing in neither, avgFrameRate 7671: rounded */
		{ "0101600000009000000000005df000fcfdf8f81df70f03a00001"
		    "001940010c00ffff01600000030090000003000003005d95c36b"
		    "44a10001001f42010001600000030090000003000003005da003"
		    "c0801107cb965792449a88a2000100074401c172b46240",
		    1920, 1080, 29965, "Main 3.1" },
	};

	return cr_make_param_array(struct vec, v, N(v));
}

ParameterizedTest(struct vec *v, hevc, every_part_before_the_timing_is_passed,
    .timeout = 10)
{
	check(v);
}

ParameterizedTestParameters(hevc, an_unsound_record_tells_what_it_can)
{
	static struct vec v[] = {
		{ "", 0, 0, 0, "" },
		{ "01", 0, 0, 0, "" },
		{ "02016000000090000000000078", 0, 0, 0, "" },
		{ "01016000000090000000000078", 0, 0, 0, "Main 4.0" },
		{ "00016000000090000000000078", 0, 0, 0, "Main 4.0" },
		{ "01216000000090000000000099", 0, 0, 0, "Main 5.1" },
		{ "0103600000009000000000001e", 0, 0, 0,
		    "Main Still Picture 1.0" },
		{ "01096000000090000000000078", 0, 0, 0,
		    "Screen Content 4.0" },
		{ "011f6000000090000000000078", 0, 0, 0, "profile 31 4.0" },
		{ "01006000000090000000000000", 0, 0, 0, "profile 0" },
		/* arrays announced that are not there */
		{ "01016000000090000000000078f000fcfdf8f800000fff", 0, 0, 0,
		    "Main 4.0" },
		{ "01016000000090000000000078f000fcfdf8f800000f03a1ffffffff",
		    0, 0, 0, "Main 4.0" },
		{ "01016000000090000000000078f000fcfdf8f800000f03a1ffff0000"
		    "0000000000000000", 0, 0, 0, "Main 4.0" },
		/* 65537 pixels wide: sound, but no such picture is */
		{ "0101600000009000000000005df000fcfdf8f800000f01a10001001d"
		    "42010101600000030090000003000003005da000080010010e59"
		    "492fe0", 0, 0, 0, "Main 3.1" },
		/* avgFrameRate alone: 25 * 256 */
		{ "01016000000090000000000078f000fcfdf8f819000f00", 0, 0,
		    25000, "Main 4.0" },
	};

	return cr_make_param_array(struct vec, v, N(v));
}

ParameterizedTest(struct vec *v, hevc, an_unsound_record_tells_what_it_can,
    .timeout = 10)
{
	check(v);
}
