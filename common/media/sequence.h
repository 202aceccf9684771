/* SPDX-License-Identifier: ISC */
/*
 * sequence.h - between describe.c and the parsers of sequence headers, and of
 * frames where there is none, or it does not say all.
 * Each parser fills in what the header says and leaves the rest; it never
 * fails: where the header turns unsound, it stops.
 */
#ifndef MEDIA_SEQUENCE_H
#define MEDIA_SEQUENCE_H

#include "media/media.h"

/* AVCDecoderConfigurationRecord, ISO/IEC 14496-15 5.3.3.1.2. */
void	avc_describe(const uint8_t *, size_t, struct media_info *);
/* HEVCDecoderConfigurationRecord, ISO/IEC 14496-15 8.3.3.1.2. */
void	hevc_describe(const uint8_t *, size_t, struct media_info *);
/* AV1CodecConfigurationRecord, AV1 in ISOBMFF 2.3.3; or the descriptor of
 * AV1 in MPEG-2 TS 2.1, that packet type 5 carries. */
void	av1_describe(const uint8_t *, size_t, struct media_info *);
/* VPCodecConfigurationRecord, VP in ISOBMFF, with or without the version and
 * flags of its box. */
void	vp9_describe(const uint8_t *, size_t, struct media_info *);
/* AudioSpecificConfig, ISO/IEC 14496-3 1.6.2.1. */
void	aac_describe(const uint8_t *, size_t, struct media_info *);
/* Identification header, RFC 7845 5.1. */
void	opus_describe(const uint8_t *, size_t, struct media_info *);
/* STREAMINFO, RFC 9639 8.2, alone or after its block header and "fLaC". */
void	flac_describe(const uint8_t *, size_t, struct media_info *);

/* A key frame, and frames. */
void	vp8_frame(const uint8_t *, size_t, struct media_info *);
void	vp9_frame(const uint8_t *, size_t, struct media_info *);
void	mp3_frame(const uint8_t *, size_t, struct media_info *);
void	ac3_frame(const uint8_t *, size_t, struct media_info *);
void	eac3_frame(const uint8_t *, size_t, struct media_info *);

/* "name major.minor", name alone if level10 (ten times the level) is 0. */
void	media_set_profile(struct media_info *, const char *name,
	    uint32_t level10);
/* num / den frames a second; ignored if that is no rate of any camera. */
void	media_set_fps(struct media_info *, uint64_t num, uint64_t den);
/* Width and height, taken together or not at all; ignored if senseless. */
void	media_set_size(struct media_info *, uint64_t width, uint64_t height);

#endif
