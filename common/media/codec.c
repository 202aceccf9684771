/* SPDX-License-Identifier: ISC */
/*
 * codec.c - the names codecs go by.
 * An unknown FourCC comes from a peer: what is not printable ASCII shows as a
 * dot, so the name is fit for a log.
 */
#include "media/media.h"

#define NITEMS(a)	(sizeof(a) / sizeof((a)[0]))

static const struct {
	uint32_t	 codec;
	const char	*name;
} names[] = {
	{ 0,		 "unknown" },
	{ CODEC_AVC,	 "H.264" },
	{ CODEC_HEVC,	 "H.265" },
	{ CODEC_VVC,	 "VVC" },
	{ CODEC_AV1,	 "AV1" },
	{ CODEC_VP9,	 "VP9" },
	{ CODEC_VP8,	 "VP8" },
	{ CODEC_H263,	 "H.263" },
	{ CODEC_SCREEN,	 "Screen" },
	{ CODEC_SCREEN2, "Screen 2" },
	{ CODEC_VP6,	 "VP6" },
	{ CODEC_VP6A,	 "VP6 alpha" },
	{ CODEC_AAC,	 "AAC" },
	{ CODEC_MP3,	 "MP3" },
	{ CODEC_OPUS,	 "Opus" },
	{ CODEC_FLAC,	 "FLAC" },
	{ CODEC_AC3,	 "AC-3" },
	{ CODEC_EAC3,	 "E-AC-3" },
	{ CODEC_PCM,	 "PCM" },
	{ CODEC_ADPCM,	 "ADPCM" },
	{ CODEC_NELLY,	 "Nellymoser" },
	{ CODEC_ALAW,	 "G.711 A-law" },
	{ CODEC_ULAW,	 "G.711 mu-law" },
	{ CODEC_SPEEX,	 "Speex" },
};

const char *
media_codec_name(uint32_t codec, char buf[8])
{
	size_t i;
	uint8_t c;

	for (i = 0; i < NITEMS(names); i++)
		if (names[i].codec == codec)
			return names[i].name;
	for (i = 0; i < 4; i++) {
		c = (uint8_t)(codec >> (24 - 8 * i));
		buf[i] = c >= ' ' && c <= '~' ? (char)c : '.';
	}
	buf[4] = '\0';
	return buf;
}
