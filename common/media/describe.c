/* SPDX-License-Identifier: ISC */
/*
 * describe.c - say what a track holds, out of its sequence header or, for
 * codecs whose frames tell more, a frame. Legacy audio without a header is told
 * by its first byte, unless the frame knows better. Values that no stream can
 * have are left at 0 rather than repeated.
 */
#include "media/media.h"

#include <stdio.h>
#include <string.h>

#include "media/sequence.h"

#define MAX_SIDE	65536
#define MAX_FPS		1000

typedef void describe_fn(const uint8_t *, size_t, struct media_info *);

static const struct parser {
	uint32_t	 codec;
	describe_fn	*describe;
} headers[] = {
	{ CODEC_AVC,	avc_describe },
	{ CODEC_HEVC,	hevc_describe },
	{ CODEC_AV1,	av1_describe },
	{ CODEC_VP9,	vp9_describe },
	{ CODEC_AAC,	aac_describe },
	{ CODEC_OPUS,	opus_describe },
	{ CODEC_FLAC,	flac_describe },
	{ 0,		NULL },
}, frames[] = {
	{ CODEC_VP8,	vp8_frame },
	{ CODEC_VP9,	vp9_frame },
	{ CODEC_MP3,	mp3_frame },
	{ CODEC_AC3,	ac3_frame },
	{ CODEC_EAC3,	eac3_frame },
	{ 0,		NULL },
};

void
media_set_profile(struct media_info *mi, const char *name, uint32_t level10)
{
	if (level10 == 0)
		snprintf(mi->mi_profile, sizeof(mi->mi_profile), "%s", name);
	else
		snprintf(mi->mi_profile, sizeof(mi->mi_profile), "%s %u.%u",
		    name, (unsigned)level10 / 10, (unsigned)level10 % 10);
}

void
media_set_fps(struct media_info *mi, uint64_t num, uint64_t den)
{
	if (den == 0 || num / den > MAX_FPS)
		return;
	mi->mi_fps = (uint32_t)((num * 1000 + den / 2) / den);
}

void
media_set_size(struct media_info *mi, uint64_t width, uint64_t height)
{
	if (width == 0 || width > MAX_SIDE || height == 0 || height > MAX_SIDE)
		return;
	mi->mi_width = (uint32_t)width;
	mi->mi_height = (uint32_t)height;
}

/*
 * FLV 10.1, E.4.2.1: rate and stereo bits, which some formats set aside.
 * Formats 4, 5 and 6 share a codec, 2 and 14 likewise.
 */
static void
legacy_audio(uint8_t byte0, struct media_info *mi)
{
	static const uint32_t rates[4] = { 5512, 11025, 22050, 44100 };

	mi->mi_rate = rates[byte0 >> 2 & 3];
	mi->mi_channels = 1 + (byte0 & 1);
	switch (byte0 >> 4) {
	case 4:			/* Nellymoser 16 kHz mono */
	case 11:		/* Speex */
		mi->mi_rate = 16000;
		mi->mi_channels = 1;
		break;
	case 5:			/* Nellymoser 8 kHz mono */
		mi->mi_rate = 8000;
		mi->mi_channels = 1;
		break;
	case 6:			/* Nellymoser is mono by definition */
		mi->mi_channels = 1;
		break;
	case 7:			/* G.711 */
	case 8:
	case 14:		/* MP3 8 kHz */
		mi->mi_rate = 8000;
		break;
	}
}

static bool
learned(const struct media_info *mi)
{
	return mi->mi_width != 0 || mi->mi_height != 0 || mi->mi_fps != 0 ||
	    mi->mi_rate != 0 || mi->mi_channels != 0 ||
	    mi->mi_profile[0] != '\0';
}

static void
parse(const struct parser *by, const struct media_tag *t,
    struct media_info *mi)
{
	for (; by->describe != NULL; by++)
		if (by->codec == t->mt_codec)
			by->describe(t->mt_body, t->mt_len, mi);
}

static bool
is_legacy_audio(const struct media_tag *t)
{
	return t->mt_kind == MEDIA_AUDIO && t->mt_codec != 0 &&
	    t->mt_codec != CODEC_AAC && !(t->mt_flags & MEDIA_ENHANCED);
}

bool
media_describe(const struct media_tag *t, struct media_info *mi)
{
	memset(mi, 0, sizeof(*mi));
	mi->mi_codec = t->mt_codec;
	mi->mi_kind = t->mt_kind;
	mi->mi_track = t->mt_track;
	if (t->mt_flags & MEDIA_CONFIG)
		parse(headers, t, mi);
	else if (t->mt_flags & MEDIA_FRAME) {
		if (is_legacy_audio(t))
			legacy_audio(t->mt_byte0, mi);
		if (t->mt_kind == MEDIA_AUDIO || (t->mt_flags & MEDIA_KEY))
			parse(frames, t, mi);
	}
	return learned(mi);
}
