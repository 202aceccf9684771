/* SPDX-License-Identifier: ISC */
/*
 * aac.c - describe AAC by its AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1).
 * Spectral band replication and parametric stereo are seen where they are
 * signalled, before or after the core's configuration; rate and channels are
 * those a decoder puts out.
 */
#include "media/sequence.h"

#include <stdio.h>

#include "media/bits.h"

#define AOT_SBR		5
#define AOT_SCALABLE	6
#define AOT_ER_FIRST	17	/* error resilient types */
#define AOT_ER_SCALABLE	20
#define AOT_ER_BSAC	22
#define AOT_ER_LD	23
#define AOT_PS		29
#define AOT_ESCAPE	31
#define RATE_EXPLICIT	15
#define SYNC_SBR	0x2b7
#define SYNC_PS		0x548

struct asc {
	uint32_t	 type;		/* of the core */
	uint32_t	 rate;
	uint32_t	 ext_rate;
	uint32_t	 config;	/* channelConfiguration */
	uint32_t	 channels;
	bool		 sbr;
	bool		 ps;
};

static uint32_t
read_type(struct bits *b)
{
	uint32_t type = bits_get(b, 5);

	return type == AOT_ESCAPE ? 32 + bits_get(b, 6) : type;
}

/* Table 1.18 */
static uint32_t
read_rate(struct bits *b)
{
	static const uint32_t rates[16] = {
		96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050,
		16000, 12000, 11025, 8000, 7350,
	};
	uint32_t i = bits_get(b, 4);

	if (!bits_ok(b))
		return 0;
	return i == RATE_EXPLICIT ? bits_get(b, 24) : rates[i];
}

/* Channels of n elements, each a tag and, if `pairs`, one or two channels. */
static uint32_t
read_elements(struct bits *b, uint32_t n, bool pairs)
{
	uint32_t channels = n;

	while (n-- > 0) {
		if (pairs)
			channels += bits_get(b, 1);
		bits_skip(b, 4);
	}
	return channels;
}

/* program_config_element, 4.4.1.1: the channels in words. */
static void
read_program(struct bits *b, struct asc *a)
{
	uint32_t front, side, back, lfe, channels;

	bits_skip(b, 4 + 2 + 4);	/* tag, type, rate */
	front = bits_get(b, 4);
	side = bits_get(b, 4);
	back = bits_get(b, 4);
	lfe = bits_get(b, 2);
	bits_skip(b, 3 + 4);		/* data and coupling elements */
	if (bits_get(b, 1))
		bits_skip(b, 4);	/* mono mixdown */
	if (bits_get(b, 1))
		bits_skip(b, 4);	/* stereo mixdown */
	if (bits_get(b, 1))
		bits_skip(b, 3);	/* matrix mixdown */
	channels = read_elements(b, front + side + back, true);
	channels += read_elements(b, lfe, false);
	if (bits_ok(b))
		a->channels = channels;
}

/* GASpecificConfig, 4.4.1; false where what follows cannot be found. */
static bool
read_general(struct bits *b, struct asc *a)
{
	bool extension;

	bits_skip(b, 1);		/* frameLengthFlag */
	if (bits_get(b, 1))
		bits_skip(b, 14);	/* coreCoderDelay */
	extension = bits_get(b, 1);
	if (a->config == 0) {
		read_program(b, a);
		return false;		/* a comment of any length follows */
	}
	if (a->type == AOT_SCALABLE || a->type == AOT_ER_SCALABLE)
		bits_skip(b, 3);	/* layerNr */
	if (extension) {
		if (a->type == AOT_ER_BSAC)
			bits_skip(b, 5 + 11);
		else if (a->type >= AOT_ER_FIRST)
			bits_skip(b, 3);
		bits_skip(b, 1);	/* extensionFlag3 */
	}
	if (a->type >= AOT_ER_FIRST && bits_get(b, 2) > 1)
		return false;		/* ErrorProtectionSpecificConfig */
	return bits_ok(b);
}

static bool
is_general(uint32_t type)
{
	return (type >= 1 && type <= 7 && type != AOT_SBR) || type == 17 ||
	    (type >= 19 && type <= AOT_ER_LD);
}

/* Backward compatible signalling: extensions after everything else. */
static void
read_sync_extension(struct bits *b, struct asc *a)
{
	uint32_t rate;

	if (bits_left(b) < 16 || bits_get(b, 11) != SYNC_SBR ||
	    read_type(b) != AOT_SBR || bits_get(b, 1) == 0)
		return;
	rate = read_rate(b);
	if (!bits_ok(b))
		return;
	a->sbr = true;
	a->ext_rate = rate;
	if (bits_left(b) >= 12 && bits_get(b, 11) == SYNC_PS)
		a->ps = bits_get(b, 1);
}

static void
read_config(struct bits *b, struct asc *a)
{
	/* Table 1.19 */
	static const uint8_t channels[16] = {
		0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8, 0,
	};

	a->type = read_type(b);
	a->rate = read_rate(b);
	a->config = bits_get(b, 4);
	a->channels = channels[a->config];
	if (a->type == AOT_SBR || a->type == AOT_PS) {
		a->ps = a->type == AOT_PS;
		a->sbr = true;
		a->ext_rate = read_rate(b);
		a->type = read_type(b);
		if (a->type == AOT_ER_BSAC)
			bits_skip(b, 4);
	}
	if (is_general(a->type) && read_general(b, a) && !a->sbr)
		read_sync_extension(b, a);
}

static void
set_profile(struct media_info *mi, const struct asc *a)
{
	/* Table 1.17 */
	static const char *const names[] = {
		[1] = "Main", [2] = "LC", [3] = "SSR", [4] = "LTP",
		[6] = "Scalable", [17] = "ER LC", [19] = "ER LTP",
		[20] = "ER Scalable", [22] = "ER BSAC", [23] = "LD",
		[39] = "ELD", [42] = "xHE-AAC",
	};
	char number[24];

	if (a->ps)
		media_set_profile(mi, "HE-AACv2", 0);
	else if (a->sbr)
		media_set_profile(mi, "HE-AAC", 0);
	else if (a->type < sizeof(names) / sizeof(names[0]) &&
	    names[a->type] != NULL)
		media_set_profile(mi, names[a->type], 0);
	else if (a->type != 0) {
		snprintf(number, sizeof(number), "object type %u",
		    (unsigned)a->type);
		media_set_profile(mi, number, 0);
	}
}

void
aac_describe(const uint8_t *p, size_t len, struct media_info *mi)
{
	struct asc a = { .type = 0 };
	struct bits b;

	bits_open(&b, p, len);
	read_config(&b, &a);
	set_profile(mi, &a);
	mi->mi_rate = a.sbr && a.ext_rate != 0 ? a.ext_rate : a.rate;
	/* Parametric stereo makes two channels out of one. */
	mi->mi_channels = a.ps && a.channels == 1 ? 2 : a.channels;
}
