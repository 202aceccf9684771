/* SPDX-License-Identifier: ISC */
/*
 * test_media_describe.c - what audio tracks, AV1 and VP9 say of themselves,
 * and what no track says. Headers were made with ffmpeg 5.1 where not noted
 * otherwise; the values wanted are those that its ffprobe printed.
 */
#include "media/media.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "media_vec.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

#define AV01	"90" "61763031"
#define VP09	"90" "76703039"
#define OPUS	"90" "4f707573"
#define FLAC	"90" "664c6143"
#define VP08	"91" "76703038"
#define VP09KEY	"91" "76703039"
#define MP3	"91" "2e6d7033"
#define AC3	"91" "61632d33"
#define EAC3	"91" "65632d33"
#define OPUSHEAD "4f70757348656164"

TestSuite(describe, .timeout = 10);

static bool
describe(enum media_kind kind, const uint8_t *p, size_t len,
    struct media_info *mi)
{
	struct media_iter it;
	struct media_tag t;

	media_open(&it, kind, p, len);
	cr_assert(media_next(&it, &t));
	return media_describe(&t, mi);
}

static void
describe_hex(enum media_kind kind, const char *hex, struct media_info *mi)
{
	size_t len;
	uint8_t *p = vec_bytes(hex, &len);

	(void)describe(kind, p, len, mi);
	free(p);
}

struct audio {
	char		 hex[128];
	uint32_t	 rate;
	uint32_t	 channels;
	char		 profile[30];
};

static void
check_audio(const struct audio *v)
{
	struct media_info mi;

	describe_hex(MEDIA_AUDIO, v->hex, &mi);
	cr_expect_eq(mi.mi_rate, v->rate, "%s: %u", v->hex, mi.mi_rate);
	cr_expect_eq(mi.mi_channels, v->channels, "%s: %u", v->hex,
	    mi.mi_channels);
	cr_expect_str_eq(mi.mi_profile, v->profile, "%s", v->hex);
	cr_expect_eq(mi.mi_kind, MEDIA_AUDIO);
	cr_expect_eq(mi.mi_width, 0);
	cr_expect_eq(mi.mi_fps, 0);
}

/* FLV 10.1, E.4.2.1: SoundRate and SoundType, and formats that fix them. */
ParameterizedTestParameters(describe, legacy_audio_is_told_by_its_first_byte)
{
	static struct audio v[] = {
		{ "2fff", 44100, 2, "" },	/* MP3 */
		{ "2aff", 22050, 1, "" },
		{ "26ff", 11025, 1, "" },
		{ "e2ff", 8000, 1, "" },	/* MP3 8 kHz */
		{ "b6ff", 16000, 1, "" },	/* Speex */
		{ "bfff", 16000, 1, "" },
		{ "72ff", 8000, 1, "" },	/* A-law */
		{ "8fff", 8000, 2, "" },	/* mu-law */
		{ "42ff", 16000, 1, "" },	/* Nellymoser */
		{ "5fff", 8000, 1, "" },
		{ "6bff", 22050, 1, "" },
		{ "3fff", 44100, 2, "" },	/* PCM */
		{ "01ff", 5512, 2, "" },
		{ "1aff", 22050, 1, "" },	/* ADPCM */
		{ "ffff", 0, 0, "" },		/* device specific */
		{ "af01ff", 0, 0, "" },		/* AAC says AF whatever it is */
		{ "91" "2e6d7033" "ff", 0, 0, "" },	/* enhanced MP3 */
	};

	return cr_make_param_array(struct audio, v, N(v));
}

ParameterizedTest(struct audio *v, describe,
    legacy_audio_is_told_by_its_first_byte, .timeout = 10)
{
	check_audio(v);
}

/*
 * The first four are by ffmpeg's encoder; the rest by hand after ISO/IEC
 * 14496-3 1.6.2.1, rates read back by ffprobe. HE-AAC cannot be encoded by
 * what Debian packages.
 */
ParameterizedTestParameters(describe, aac_is_described)
{
	static struct audio v[] = {
		{ "af00" "119056e500", 48000, 2, "LC" },
		{ "af00" "120856e500", 44100, 1, "LC" },
		{ "af00" "11b056e500", 48000, 6, "LC" },
		{ "af00" "139056e500", 22050, 2, "LC" },
		{ "90" "6d703461" "1190", 48000, 2, "LC" },
		/* extension before the core: 22050 to 44100; mono to stereo */
		{ "af00" "2b920800", 44100, 2, "HE-AAC" },
		{ "af00" "eb8a0800", 44100, 2, "HE-AACv2" },
		/* extension after the core, 0x2b7 and 0x548: 24000 to 48000 */
		{ "af00" "131056e598", 48000, 2, "HE-AAC" },
		{ "af00" "130856e59d4880", 48000, 2, "HE-AACv2" },
		{ "af00" "130856e59d4800", 48000, 1, "HE-AAC" },
		/* no extension to be seen: what an old decoder makes of it */
		{ "af00" "1310", 24000, 2, "LC" },
		/* rate index 15: 44100 and 96001 in 24 bits */
		{ "af00" "1780562210", 44100, 2, "LC" },
		{ "af00" "1780bb80b8", 96001, 8, "LC" },
		/* channel configuration 7, 11, 12, 14 and 0 with its element */
		{ "af00" "11b8", 48000, 8, "LC" },
		{ "af00" "11d8", 48000, 7, "LC" },
		{ "af00" "11e0", 48000, 8, "LC" },
		{ "af00" "11f0", 48000, 8, "LC" },
		{ "af00" "12000508450001194c0000", 44100, 8, "LC" },
		{ "af00" "1200", 44100, 0, "LC" },
		{ "af00" "0990", 48000, 2, "Main" },
		{ "af00" "2190", 48000, 2, "LTP" },
		{ "af00" "b99000", 48000, 2, "LD" },
		{ "af00" "f8e840", 44100, 2, "ELD" },
		{ "af00" "f9464000", 48000, 2, "xHE-AAC" },
		{ "af00" "f8264000", 48000, 2, "object type 33" },
		/* reserved rate index 13, and nothing */
		{ "af00" "1690", 0, 2, "LC" },
		{ "af00", 0, 0, "" },
		{ "af00" "11", 0, 0, "LC" },
	};

	return cr_make_param_array(struct audio, v, N(v));
}

ParameterizedTest(struct audio *v, describe, aac_is_described, .timeout = 10)
{
	check_audio(v);
}

/* RFC 7845 5.1 and RFC 9639 8.2. */
ParameterizedTestParameters(describe, opus_and_flac_are_described)
{
	static struct audio v[] = {
		/* libopus, 48 kHz stereo; 16 kHz mono in, 48 kHz out */
		{ OPUS OPUSHEAD "0102380180bb0000000000", 48000, 2, "" },
		{ OPUS OPUSHEAD "01013801803e0000000000", 48000, 1, "" },
		{ OPUS, 0, 0, "" },
		{ OPUS OPUSHEAD "0102380180bb00000000", 0, 0, "" },
		{ OPUS OPUSHEAD "1102380180bb0000000000", 0, 0, "" },
		{ OPUS OPUSHEAD "0100380180bb0000000000", 0, 0, "" },
		/* STREAMINFO as in a file, after "fLaC" only, alone */
		{ FLAC "664c6143" "00000022" "1200120000046d0005080ac442f0"
		    "000033ae36567c6137e8d578c431ed191fd85ff5",
		    44100, 2, "16 bit" },
		{ FLAC "664c6143" "1200120000046d0005080ac442f0"
		    "000033ae36567c6137e8d578c431ed191fd85ff5",
		    44100, 2, "16 bit" },
		/* -ar 96000 -ac 6 -sample_fmt s32 */
		{ FLAC "200020000004b00008a817700b70000070805ed184c835458f44"
		    "0be780b4e93dc968", 96000, 6, "24 bit" },
		{ FLAC "664c6143", 0, 0, "" },
		{ FLAC "200020000004b00008a817700b700000", 0, 0, "" },
	};

	return cr_make_param_array(struct audio, v, N(v));
}

ParameterizedTest(struct audio *v, describe, opus_and_flac_are_described,
    .timeout = 10)
{
	check_audio(v);
}

/* First frames by libmp3lame and ffmpeg's ac3 and eac3; the last of each is by
 * hand. A legacy tag that says 44100 is corrected by its frame. */
ParameterizedTestParameters(describe, frames_of_audio_without_a_header_tell)
{
	static struct audio v[] = {
		{ MP3 "fffb54c4048209d0", 48000, 1, "" },
		{ MP3 "fffb92643e08f37c", 44100, 2, "" },
		{ MP3 "fffb78642f88f3c3", 32000, 2, "" },
		{ MP3 "fff344c40914e93e", 24000, 1, "" },
		{ MP3 "fff382644f17d1b7", 22050, 2, "" },
		{ MP3 "ffe322c41118e99a", 11025, 1, "" },
		{ "2f" "fffb943508f2b807", 48000, 2, "" },
		{ "2e" "fffb54c4048209d0", 48000, 1, "" },
		{ "2f" "494433", 44100, 2, "" },	/* an ID3 tag */
		{ MP3 "fffb5c", 0, 0, "" },
		{ MP3 "fffb5cc4", 0, 0, "" },		/* reserved rate, */
		{ MP3 "ffeb54c4", 0, 0, "" },		/* version, */
		{ MP3 "fffd54c4", 0, 0, "" },		/* layer 2 */
		{ MP3 "7ffb54c4", 0, 0, "" },
		{ AC3 "0b77480d0c402f84", 48000, 1, "" },
		{ AC3 "0b77c2ea544043e1", 44100, 2, "" },
		{ AC3 "0b77047e9a406be1", 32000, 3, "" },
		{ AC3 "0b771d1e1c40cbe1", 48000, 4, "" },
		{ AC3 "0b7790a31e40eaf8", 48000, 5, "" },
		{ AC3 "0b77b50b1e40ebf8", 48000, 6, "" },
		{ AC3 "0b77b50b1e48ebf8", 24000, 6, "" },	/* bsid 9 */
		{ AC3 "0b77b50bde40ebf8", 0, 0, "" },
		{ AC3 "0b77b50b1e58ebf8", 0, 0, "" },
		{ AC3 "770bb50b1e40ebf8", 0, 0, "" },
		{ EAC3 "0b7700bf3287c000", 48000, 1, "" },
		{ EAC3 "0b7701a07487c000", 44100, 2, "" },
		{ EAC3 "0b7703bfb687c000", 32000, 3, "" },
		{ EAC3 "0b7702ff3c87c000", 48000, 4, "" },
		{ EAC3 "0b77037f3e87c000", 48000, 5, "" },
		{ EAC3 "0b77037f3f87c000", 48000, 6, "" },
		{ EAC3 "0b77037fdf87c000", 22050, 6, "" },	/* fscod2 */
		{ EAC3 "0b77037fff87c000", 0, 0, "" },
		{ EAC3 "0b77b50b1e40ebf8", 0, 0, "" },	/* AC-3 */
	};

	return cr_make_param_array(struct audio, v, N(v));
}

ParameterizedTest(struct audio *v, describe,
    frames_of_audio_without_a_header_tell, .timeout = 10)
{
	check_audio(v);
}

struct video {
	char		 hex[128];
	uint32_t	 width;
	uint32_t	 height;
	uint32_t	 fps;
	char		 profile[30];
};

static void
check_video(const struct video *v)
{
	struct media_info mi;

	describe_hex(MEDIA_VIDEO, v->hex, &mi);
	cr_expect_eq(mi.mi_width, v->width, "%s: %u", v->hex, mi.mi_width);
	cr_expect_eq(mi.mi_height, v->height, "%s: %u", v->hex, mi.mi_height);
	cr_expect_eq(mi.mi_fps, v->fps, "%s: %u", v->hex, mi.mi_fps);
	cr_expect_str_eq(mi.mi_profile, v->profile, "%s", v->hex);
	cr_expect_eq(mi.mi_kind, MEDIA_VIDEO);
	cr_expect_eq(mi.mi_rate, 0);
}

/* Only a header with equal_picture_interval knows its rate, AV1 5.5.3. */
ParameterizedTestParameters(describe, av1_is_described)
{
	static struct video v[] = {
		/* libaom, -s 1280x720 -r 25 */
		{ AV01 "81050c000a0b0000002d4cffb3ccaf9004",
		    1280, 720, 0, "Main 3.1" },
		/* the same by legacy codec id 13 */
		{ "1d00000000" "81050c000a0b0000002d4cffb3ccaf9004",
		    1280, 720, 0, "Main 3.1" },
		/* libsvtav1, -s 1920x1080 -pix_fmt yuv420p10 */
		{ AV01 "81084c000a0b00000042abbfc3700be101",
		    1920, 1080, 0, "Main 4.0" },
		/* libaom, -s 642x362 -pix_fmt yuv444p */
		{ AV01 "812400000a0b20000024c5036936be4080",
		    642, 362, 0, "High 3.0" },
		/* librav1e, -s 320x240: level 31 is none */
		{ AV01 "811f0c000a0e000000fa1e7fde210a88101010a0",
		    320, 240, 0, "Main" },
		/* libaom, -s 320x240 -r 25, timing-info=constant */
		{ AV01 "81000c000a14040000000400000067400000bc3cffbcdaf90040",
		    320, 240, 25000, "Main 2.0" },
		/* timing-info=model: a decoder model, no equal interval */
		{ AV01 "81000c000a1e0400000fa40001d4c17800001f4a530000035f91"
		    "5f90bc3d07c4daf90040", 322, 242, 0, "Main 2.0" },
		/* an OBU to pass over (temporal delimiter) before it */
		{ AV01 "81050c00" "1200" "0a0b0000002d4cffb3ccaf9004",
		    1280, 720, 0, "Main 3.1" },
		/* extension byte, and no size: to the end */
		{ AV01 "81050c00" "0c00" "0000002d4cffb3ccaf9004",
		    1280, 720, 0, "Main 3.1" },
		/* no sequence header; a descriptor of MPEG-2 TS (packet 5) */
		{ AV01 "81050c00", 0, 0, 0, "Main 3.1" },
		{ "95" "61763031" "800481050c00", 0, 0, 0, "Main 3.1" },
		{ AV01 "81050c", 0, 0, 0, "" },
		{ AV01 "01050c00", 0, 0, 0, "" },
		/* an OBU whose size never ends */
		{ AV01 "81050c000a8080808080808080808080", 0, 0, 0,
		    "Main 3.1" },
	};

	return cr_make_param_array(struct video, v, N(v));
}

ParameterizedTest(struct video *v, describe, av1_is_described, .timeout = 10)
{
	check_video(v);
}

/* libvpx-vp9, yuv420p 1280x720 and yuv420p10 640x360, muxed into MP4. */
ParameterizedTestParameters(describe, vp9_is_described)
{
	static struct video v[] = {
		{ VP09 "01000000" "001f820202020000", 0, 0, 0,
		    "Profile 0 3.1" },
		{ VP09 "001f820202020000", 0, 0, 0, "Profile 0 3.1" },
		{ VP09 "0215a20202020000", 0, 0, 0, "Profile 2 2.1" },
		{ VP09 "0200a20202020000", 0, 0, 0, "Profile 2" },
		{ VP09 "001f8202020200", 0, 0, 0, "" },
		{ VP09 "041f820202020000", 0, 0, 0, "" },
		{ VP09, 0, 0, 0, "" },
	};

	return cr_make_param_array(struct video, v, N(v));
}

ParameterizedTest(struct video *v, describe, vp9_is_described, .timeout = 10)
{
	check_video(v);
}

/* First frames by libvpx: pixel formats of all profiles; then by hand. */
ParameterizedTestParameters(describe, key_frames_of_vp8_and_vp9_tell_their_size)
{
	static struct video v[] = {
		{ VP08 "10ae009d012a8002680100870885", 640, 360, 0, "" },
		{ VP08 "d098029d012a82073a0405070885", 1922, 1082, 0, "" },
		{ VP08 "d098029d012a82473a8405070885", 1922, 1082, 0, "" },
		{ VP08 "11ae009d012a8002680100870885", 0, 0, 0, "" },
		{ VP08 "10ae009d012b8002680100870885", 0, 0, 0, "" },
		{ VP08 "10ae009d012a0000680100870885", 0, 0, 0, "" },
		{ "a1" "76703038" "10ae009d012a8002680100870885",
		    0, 0, 0, "" },			/* not a key frame */
		{ VP09KEY "824983420027f01676063824", 640, 360, 0, "" },
		{ VP09KEY "824983420078104396063824", 1922, 1082, 0, "" },
		{ VP09KEY "a24983420004fe02cec0c704", 640, 360, 0, "" },
		{ VP09KEY "924983420013f80b3b031c12", 640, 360, 0, "" },
		{ VP09KEY "b124c1a100013f80b3b031c1", 640, 360, 0, "" },
		{ VP09KEY "a2498342e027f01676063824", 640, 360, 0, "" },
		{ VP09KEY "864983420027f01676063824", 0, 0, 0, "" },
		{ VP09KEY "884983420027f01676063824", 0, 0, 0, "" },
		{ VP09KEY "424983420027f01676063824", 0, 0, 0, "" },
		{ VP09KEY "824983430027f01676063824", 0, 0, 0, "" },
		{ VP09KEY "824983420027f0", 0, 0, 0, "" },
	};

	return cr_make_param_array(struct video, v, N(v));
}

ParameterizedTest(struct video *v, describe,
    key_frames_of_vp8_and_vp9_tell_their_size, .timeout = 10)
{
	check_video(v);
}

Test(describe, codec_kind_and_track_are_filled_even_if_nothing_was_learned)
{
	static const uint8_t in[] = { 0x96, 0x01, 'a', 'v', '0', '1', 3, 9 };
	struct media_info mi;

	memset(&mi, 0xff, sizeof(mi));
	cr_assert_not(describe(MEDIA_VIDEO, in, sizeof(in), &mi));
	cr_assert_eq(mi.mi_codec, CODEC_AV1);
	cr_assert_eq(mi.mi_kind, MEDIA_VIDEO);
	cr_assert_eq(mi.mi_track, 3);
	cr_assert_eq(mi.mi_width, 0);
	cr_assert_str_eq(mi.mi_profile, "");
	cr_assert_not(describe(MEDIA_AUDIO, NULL, 0, &mi));
	cr_assert_eq(mi.mi_codec, 0);
	cr_assert_eq(mi.mi_kind, MEDIA_AUDIO);
}

Test(describe, anything_learned_is_told)
{
	static const uint8_t aac[] = { 0xaf, 0, 0x11, 0x90 };
	static const uint8_t frame[] = { 0xaf, 1, 0x11, 0x90 };
	struct media_info mi;

	cr_assert(describe(MEDIA_AUDIO, aac, sizeof(aac), &mi));
	cr_assert_not(describe(MEDIA_AUDIO, frame, sizeof(frame), &mi));
	cr_assert_not(describe(MEDIA_AUDIO, aac, 2, &mi));
}

Test(describe, each_track_of_a_multitrack_message_is_described)
{
	/* AAC LC 48 kHz stereo on track 0, 44.1 kHz mono on track 5 */
	static const uint8_t in[] = {
		0x95, 0x10, 'm', 'p', '4', 'a',
		0, 0, 0, 2, 0x11, 0x90, 5, 0, 0, 2, 0x12, 0x08,
	};
	struct media_iter it;
	struct media_info mi;
	struct media_tag t;

	media_open(&it, MEDIA_AUDIO, in, sizeof(in));
	cr_assert(media_next(&it, &t) && media_describe(&t, &mi));
	cr_assert(mi.mi_track == 0 && mi.mi_rate == 48000);
	cr_assert(media_next(&it, &t) && media_describe(&t, &mi));
	cr_assert(mi.mi_track == 5 && mi.mi_rate == 44100);
	cr_assert_eq(mi.mi_channels, 1);
}

/* Headers of every codec, each cut at every length. */
ParameterizedTestParameters(describe, a_cut_header_is_no_harm)
{
	static struct audio v[] = {
		{ "af00130856e59d4880", 0, 0, "" },
		{ "af001780562210", 0, 0, "" },
		{ "af0012000508450001194c0000", 0, 0, "" },
		{ OPUS OPUSHEAD "0102380180bb0000000000", 0, 0, "" },
		{ FLAC "664c6143" "00000022" "1200120000046d0005080ac442f0"
		    "000033ae36567c6137e8d578c431ed191fd85ff5", 0, 0, "" },
		{ AV01 "81000c000a14040000000400000067400000bc3cffbcdaf90040",
		    0, 0, "" },
		{ AV01 "811f0c000a0e000000fa1e7fde210a88101010a0", 0, 0, "" },
		{ VP09 "01000000" "001f820202020000", 0, 0, "" },
		{ VP09KEY "b124c1a100013f80b3b031c1", 0, 0, "" },
		{ VP08 "10ae009d012a8002680100870885", 0, 0, "" },
		{ MP3 "fffb54c4", 0, 0, "" },
		{ AC3 "0b77b50b1e40ebf8", 0, 0, "" },
		{ EAC3 "0b77037fdf87c000", 0, 0, "" },
	};

	return cr_make_param_array(struct audio, v, N(v));
}

ParameterizedTest(struct audio *v, describe, a_cut_header_is_no_harm,
    .timeout = 10)
{
	struct media_info full, mi;
	size_t len, n;
	uint8_t *all = vec_bytes(v->hex, &len), *p;
	enum media_kind kind;

	for (kind = MEDIA_AUDIO; kind <= MEDIA_VIDEO; kind++) {
		(void)describe(kind, all, len, &full);
		for (n = 0; n < len; n++) {
			p = vec_cut(all, n);
			(void)describe(kind, p, n, &mi);
			/* a size or rate of pictures is whole or not there */
			cr_expect(mi.mi_width == 0 ||
			    mi.mi_width == full.mi_width);
			cr_expect(mi.mi_fps == 0 || mi.mi_fps == full.mi_fps);
			free(p);
		}
	}
	free(all);
}
