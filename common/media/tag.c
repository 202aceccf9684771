/* SPDX-License-Identifier: ISC */
/*
 * tag.c - read the FLV header of an audio or video message.
 * Understands legacy headers (FLV 10.1, E.4.2.1 and E.4.3.1, and the
 * community's codec ids 12 and 13) and Enhanced RTMP v1 and v2 with ModEx and
 * all three kinds of multitrack. Input is hostile: every length is checked
 * before use and each step consumes bytes. What is cut short or reserved is
 * handed on without a meaning, it is never refused.
 */
#include "media/media.h"

#include <string.h>

#include "rtmp/bytes.h"

#define FRAME_KEY	1
#define FRAME_GENERATED	4
#define FRAME_COMMAND	5

#define AUDIO_ID_EX	9
#define AUDIO_ID_AAC	10

#define VIDEO_EX	0x80

/* E-RTMP v2, VideoPacketType and AudioPacketType: the same up to 2. */
#define PACKET_CONFIG	0
#define PACKET_FRAMES	1
#define PACKET_END	2
#define PACKET_FRAMES_X	3	/* video: composition time 0, left out */
#define PACKET_EXTRA	4	/* video Metadata, audio MultichannelConfig */
#define VIDEO_TS_CONFIG	5
#define AUDIO_MULTI	5
#define VIDEO_MULTI	6
#define PACKET_MODEX	7

/* E-RTMP v2, AvMultitrackType. */
#define MULTI_ONE	0
#define MULTI_MANY	1
#define MULTI_CODECS	2

static const uint32_t video_ids[16] = {
	[2] = CODEC_H263, [3] = CODEC_SCREEN, [4] = CODEC_VP6,
	[5] = CODEC_VP6A, [6] = CODEC_SCREEN2, [7] = CODEC_AVC,
	[12] = CODEC_HEVC, [13] = CODEC_AV1,
};

static const uint32_t audio_ids[16] = {
	[0] = CODEC_PCM, [1] = CODEC_ADPCM, [2] = CODEC_MP3, [3] = CODEC_PCM,
	[4] = CODEC_NELLY, [5] = CODEC_NELLY, [6] = CODEC_NELLY,
	[7] = CODEC_ALAW, [8] = CODEC_ULAW, [10] = CODEC_AAC,
	[11] = CODEC_SPEEX, [14] = CODEC_MP3,
};

static size_t
left(const struct media_iter *it)
{
	return (size_t)(it->it_end - it->it_p);
}

static bool
take_u8(struct media_iter *it, uint8_t *v)
{
	if (left(it) < 1)
		return false;
	*v = *it->it_p++;
	return true;
}

static bool
take_fourcc(struct media_iter *it, uint32_t *v)
{
	if (left(it) < 4)
		return false;
	*v = get_be32(it->it_p);
	it->it_p += 4;
	return true;
}

static uint8_t
audio_flags(uint8_t packet)
{
	switch (packet) {
	case PACKET_CONFIG:
		return MEDIA_CONFIG;
	case PACKET_FRAMES:
		return MEDIA_FRAME;
	case PACKET_END:
		return MEDIA_END;
	case PACKET_EXTRA:
		return MEDIA_EXTRA;
	default:
		return 0;
	}
}

/* A sequence header says frame type 1 too, and yet nothing starts there. */
static uint8_t
video_flags(uint8_t frame, uint8_t packet)
{
	switch (packet) {
	case PACKET_CONFIG:
	case VIDEO_TS_CONFIG:
		return MEDIA_CONFIG;
	case PACKET_FRAMES:
	case PACKET_FRAMES_X:
		if (frame == FRAME_KEY || frame == FRAME_GENERATED)
			return MEDIA_FRAME | MEDIA_KEY;
		return MEDIA_FRAME;
	case PACKET_END:
		return MEDIA_END;
	case PACKET_EXTRA:
		return MEDIA_EXTRA;
	default:
		return 0;
	}
}

static uint8_t
video_frame(const struct media_iter *it)
{
	return it->it_tag.mt_byte0 >> 4 & 7;
}

/* E-RTMP v2, ExVideoTagBody: only these carry SI24 compositionTimeOffset. */
static size_t
composition_size(const struct media_iter *it, uint32_t codec)
{
	if (it->it_tag.mt_kind != MEDIA_VIDEO ||
	    it->it_packet != PACKET_FRAMES)
		return 0;
	if (codec != CODEC_AVC && codec != CODEC_HEVC && codec != CODEC_VVC)
		return 0;
	return 3;
}

/* Give a tag its meaning, now that packet type, codec and body are known. */
static void
finish(const struct media_iter *it, struct media_tag *t)
{
	size_t skip;

	if (t->mt_kind == MEDIA_VIDEO)
		t->mt_flags |= video_flags(video_frame(it), it->it_packet);
	else
		t->mt_flags |= audio_flags(it->it_packet);
	skip = composition_size(it, t->mt_codec);
	if (skip > t->mt_len)
		skip = t->mt_len;
	t->mt_body += skip;
	t->mt_len -= skip;
}

static void
body_is_rest(struct media_iter *it)
{
	it->it_tag.mt_body = it->it_p;
	it->it_tag.mt_len = left(it);
}

/*
 * E-RTMP v2, ModEx: blocks of size, data, and a byte whose low half is the
 * next packet type. What they say does not matter to a relay.
 */
static bool
skip_modex(struct media_iter *it)
{
	size_t size;
	uint8_t b;

	while (it->it_packet == PACKET_MODEX) {
		if (!take_u8(it, &b))
			return false;
		size = b + 1u;
		if (size == 256) {
			if (left(it) < 2)
				return false;
			size = get_be16(it->it_p) + 1u;
			it->it_p += 2;
		}
		if (left(it) < size)
			return false;
		it->it_p += size;
		if (!take_u8(it, &b))
			return false;
		it->it_packet = b & 0x0f;
	}
	return true;
}

/* Multitrack may not nest, and its type 3 and above are reserved. */
static void
open_multitrack(struct media_iter *it)
{
	uint8_t outer = it->it_packet, b, type;

	if (!take_u8(it, &b))
		return;
	type = b >> 4;
	it->it_packet = b & 0x0f;
	if (type > MULTI_CODECS || it->it_packet == outer)
		return;
	if (type != MULTI_ONE)
		it->it_tag.mt_flags |= MEDIA_MULTI;
	if (type != MULTI_CODECS && !take_fourcc(it, &it->it_tag.mt_codec))
		return;
	it->it_multi = type + 1;
}

static void
open_enhanced(struct media_iter *it)
{
	bool video = it->it_tag.mt_kind == MEDIA_VIDEO;

	it->it_tag.mt_flags = MEDIA_ENHANCED;
	it->it_packet = it->it_tag.mt_byte0 & 0x0f;
	if (!skip_modex(it))
		return;
	/* A command stands where the FourCC would, and has no body. */
	if (video && video_frame(it) == FRAME_COMMAND &&
	    it->it_packet != PACKET_EXTRA)
		return;
	if (it->it_packet == (video ? VIDEO_MULTI : AUDIO_MULTI)) {
		open_multitrack(it);
		return;
	}
	if (!take_fourcc(it, &it->it_tag.mt_codec))
		return;
	body_is_rest(it);
	finish(it, &it->it_tag);
	it->it_p = it->it_tag.mt_body;
}

/* FLV 10.1, E.4.3.1; ids 12 and 13 copied the layout of AVC. */
static void
open_video(struct media_iter *it)
{
	uint8_t frame = video_frame(it), packet;
	uint32_t codec = video_ids[it->it_tag.mt_byte0 & 0x0f];

	it->it_tag.mt_codec = codec;
	if (frame == FRAME_COMMAND)
		return;
	if (codec != CODEC_AVC && codec != CODEC_HEVC && codec != CODEC_AV1) {
		it->it_tag.mt_flags = video_flags(frame, PACKET_FRAMES);
		return;
	}
	if (!take_u8(it, &packet))
		return;
	if (packet <= PACKET_END)
		it->it_tag.mt_flags = video_flags(frame, packet);
	it->it_p += left(it) < 3 ? left(it) : 3;
}

/* FLV 10.1, E.4.2.1. */
static void
open_audio(struct media_iter *it)
{
	uint8_t packet;

	it->it_tag.mt_codec = audio_ids[it->it_tag.mt_byte0 >> 4];
	if (it->it_tag.mt_codec != CODEC_AAC) {
		it->it_tag.mt_flags = MEDIA_FRAME;
		return;
	}
	if (take_u8(it, &packet) && packet <= PACKET_FRAMES)
		it->it_tag.mt_flags = audio_flags(packet);
}

void
media_open(struct media_iter *it, enum media_kind kind, const void *data,
    size_t len)
{
	bool video = kind == MEDIA_VIDEO;

	memset(it, 0, sizeof(*it));
	it->it_tag.mt_kind = (uint8_t)kind;
	it->it_tag.mt_body = it->it_p = it->it_end = data;
	if (len == 0)
		return;
	it->it_end += len;
	take_u8(it, &it->it_tag.mt_byte0);
	if (video && (it->it_tag.mt_byte0 & VIDEO_EX))
		open_enhanced(it);
	else if (video)
		open_video(it);
	else if (it->it_tag.mt_byte0 >> 4 == AUDIO_ID_EX)
		open_enhanced(it);
	else
		open_audio(it);
	body_is_rest(it);
}

/* One track: [FourCC] id [size] body, as the multitrack type has it. */
static bool
take_track(struct media_iter *it, struct media_tag *t)
{
	size_t size;

	if (it->it_multi == MULTI_CODECS + 1 &&
	    !take_fourcc(it, &t->mt_codec))
		return false;
	if (!take_u8(it, &t->mt_track))
		return false;
	size = left(it);
	if (it->it_multi != MULTI_ONE + 1) {
		if (size < 3)
			return false;
		size = get_be24(it->it_p);
		it->it_p += 3;
		if (left(it) < size)
			return false;
	}
	t->mt_body = it->it_p;
	t->mt_len = size;
	it->it_p += size;
	finish(it, t);
	return true;
}

size_t
media_single(const struct media_tag *t, uint8_t out[MEDIA_SINGLE_HEAD])
{
	uint8_t multi = t->mt_kind == MEDIA_VIDEO ? VIDEO_MULTI : AUDIO_MULTI;

	out[0] = (uint8_t)((t->mt_byte0 & 0xf0) | multi);
	out[1] = (uint8_t)(MULTI_ONE << 4 | t->mt_packet);
	put_be32(out + 2, t->mt_codec);
	out[6] = t->mt_track;
	return MEDIA_SINGLE_HEAD;
}

bool
media_next(struct media_iter *it, struct media_tag *t)
{
	bool first = it->it_p == it->it_tag.mt_body;

	if (it->it_done)
		return false;
	*t = it->it_tag;
	t->mt_packet = it->it_packet;
	if (it->it_multi == 0) {
		it->it_done = true;
		return true;
	}
	if (take_track(it, t)) {
		it->it_done = left(it) == 0;
		return true;
	}
	it->it_done = true;
	return first;
}
