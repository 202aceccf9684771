/* SPDX-License-Identifier: ISC */
/*
 * media.h - what an RTMP audio or video message holds: FLV tag headers,
 * legacy (FLV 10.1, E.4) and Enhanced RTMP v1 and v2.
 */
#ifndef MEDIA_MEDIA_H
#define MEDIA_MEDIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A codec is named by its FourCC, legacy ones by the FourCC of the same
 * codec, or by one of our own where there is none. */
#define MEDIA_FOURCC(a, b, c, d) \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d))

#define CODEC_AVC	MEDIA_FOURCC('a', 'v', 'c', '1')
#define CODEC_HEVC	MEDIA_FOURCC('h', 'v', 'c', '1')
#define CODEC_VVC	MEDIA_FOURCC('v', 'v', 'c', '1')
#define CODEC_AV1	MEDIA_FOURCC('a', 'v', '0', '1')
#define CODEC_VP9	MEDIA_FOURCC('v', 'p', '0', '9')
#define CODEC_VP8	MEDIA_FOURCC('v', 'p', '0', '8')
#define CODEC_H263	MEDIA_FOURCC('h', '2', '6', '3')
#define CODEC_SCREEN	MEDIA_FOURCC('f', 's', 'v', '1')
#define CODEC_SCREEN2	MEDIA_FOURCC('f', 's', 'v', '2')
#define CODEC_VP6	MEDIA_FOURCC('v', 'p', '6', 'f')
#define CODEC_VP6A	MEDIA_FOURCC('v', 'p', '6', 'a')
#define CODEC_AAC	MEDIA_FOURCC('m', 'p', '4', 'a')
#define CODEC_MP3	MEDIA_FOURCC('.', 'm', 'p', '3')
#define CODEC_OPUS	MEDIA_FOURCC('O', 'p', 'u', 's')
#define CODEC_FLAC	MEDIA_FOURCC('f', 'L', 'a', 'C')
#define CODEC_AC3	MEDIA_FOURCC('a', 'c', '-', '3')
#define CODEC_EAC3	MEDIA_FOURCC('e', 'c', '-', '3')
#define CODEC_PCM	MEDIA_FOURCC('l', 'p', 'c', 'm')
#define CODEC_ADPCM	MEDIA_FOURCC('s', 'w', 'f', 'a')
#define CODEC_NELLY	MEDIA_FOURCC('n', 'e', 'l', 'l')
#define CODEC_ALAW	MEDIA_FOURCC('a', 'l', 'a', 'w')
#define CODEC_ULAW	MEDIA_FOURCC('u', 'l', 'a', 'w')
#define CODEC_SPEEX	MEDIA_FOURCC('s', 'p', 'e', 'x')

enum media_kind { MEDIA_AUDIO = 1, MEDIA_VIDEO = 2 };

#define MEDIA_KEY	0x01	/* video frame that decodes by itself */
#define MEDIA_CONFIG	0x02	/* sequence header: cache the latest */
#define MEDIA_END	0x04	/* end of sequence: pass on, never cache */
#define MEDIA_EXTRA	0x08	/* colorInfo, channel map: cache as a config */
#define MEDIA_FRAME	0x10	/* coded media */
#define MEDIA_ENHANCED	0x20	/* signalled by FourCC */
#define MEDIA_MULTI	0x40	/* one of several tracks in this message */

struct media_tag {
	const uint8_t	*mt_body;	/* codec's own bytes, into the message */
	size_t		 mt_len;
	uint32_t	 mt_codec;	/* CODEC_… or a FourCC, 0 unknown */
	uint8_t		 mt_kind;	/* enum media_kind */
	uint8_t		 mt_flags;	/* MEDIA_… */
	uint8_t		 mt_track;	/* 0 is the default track */
	uint8_t		 mt_byte0;	/* the message's first byte */
	uint8_t		 mt_packet;	/* enhanced: PacketType within */
};

struct media_iter {
	const uint8_t	*it_p;
	const uint8_t	*it_end;
	struct media_tag it_tag;	/* what all tracks share */
	uint8_t		 it_multi;	/* AvMultitrackType + 1, 0 if none */
	uint8_t		 it_packet;	/* PacketType within */
	bool		 it_done;
};

/*
 * Walk the tracks of one message; most hold one. Empty, short and unknown
 * messages yield one tag with as much as is known (flags 0 if nothing is):
 * media_next() returns true at least once, false at the end. Never fails.
 */
void	media_open(struct media_iter *, enum media_kind, const void *data,
	    size_t len);
bool	media_next(struct media_iter *, struct media_tag *);

/*
 * Write the head of a message that holds this enhanced track alone (E-RTMP v2,
 * OneTrack), to be followed by mt_body. Returns its length.
 */
#define MEDIA_SINGLE_HEAD	7
size_t	media_single(const struct media_tag *, uint8_t out[MEDIA_SINGLE_HEAD]);

/* The field's name of a codec: "H.264", "AAC"; for an unknown FourCC those
 * four letters, for 0 "unknown". Static, or kept in `buf`. */
const char	*media_codec_name(uint32_t codec, char buf[8]);

/* What a sequence header, or a frame, tells. 0 or "" where it does not say. */
struct media_info {
	uint32_t	 mi_codec;
	uint32_t	 mi_width;	/* pixels, after cropping */
	uint32_t	 mi_height;
	uint32_t	 mi_fps;	/* frames per 1000 s */
	uint32_t	 mi_rate;	/* samples per second */
	uint32_t	 mi_channels;
	uint8_t		 mi_kind;
	uint8_t		 mi_track;
	char		 mi_profile[30]; /* "High 4.0", "Main 5.1", "LC" */
};

/*
 * Describe the track of a tag out of its sequence header (AVC, HEVC, AAC,
 * Opus, FLAC, AV1, VP9), a key frame (VP8, and the size of VP9), a frame (MP3,
 * AC-3, E-AC-3) or, for other legacy audio, its first byte.
 * Returns true if it learned anything beyond codec, kind and track, which are
 * always filled. Malformed headers are described as far as they were sound.
 */
bool	media_describe(const struct media_tag *, struct media_info *);

#endif
