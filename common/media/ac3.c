/* SPDX-License-Identifier: ISC */
/*
 * ac3.c - describe AC-3 and E-AC-3 by the head of a frame (ETSI TS 102 366 4.3,
 * E.1.2). The channels are those of the first substream.
 */
#include "media/sequence.h"

#include "media/bits.h"

#define SYNC		0x0b77
#define BSID_AC3	10	/* the last; 9 and 10 have lower rates */
#define BSID_EAC3	16

static const uint32_t rates[4] = { 48000, 44100, 32000, 0 };

static uint32_t
channels(uint32_t acmod, uint32_t lfe)
{
	static const uint8_t full[8] = { 2, 1, 2, 3, 3, 4, 4, 5 };

	return full[acmod] + lfe;
}

void
ac3_frame(const uint8_t *p, size_t len, struct media_info *mi)
{
	uint32_t rate, bsid, acmod, lfe;
	struct bits b;

	bits_open(&b, p, len);
	if (bits_get(&b, 16) != SYNC)
		return;
	bits_skip(&b, 16);			/* crc1 */
	rate = rates[bits_get(&b, 2)];
	bits_skip(&b, 6);			/* frmsizecod */
	bsid = bits_get(&b, 5);
	bits_skip(&b, 3);			/* bsmod */
	acmod = bits_get(&b, 3);
	if ((acmod & 1) != 0 && acmod != 1)
		bits_skip(&b, 2);		/* cmixlev */
	if ((acmod & 4) != 0)
		bits_skip(&b, 2);		/* surmixlev */
	if (acmod == 2)
		bits_skip(&b, 2);		/* dsurmod */
	lfe = bits_get(&b, 1);
	if (!bits_ok(&b) || bsid > BSID_AC3 || rate == 0)
		return;
	mi->mi_rate = bsid > 8 ? rate >> (bsid - 8) : rate;
	mi->mi_channels = channels(acmod, lfe);
}

void
eac3_frame(const uint8_t *p, size_t len, struct media_info *mi)
{
	uint32_t rate, bsid, acmod, lfe, low;
	struct bits b;

	bits_open(&b, p, len);
	if (bits_get(&b, 16) != SYNC)
		return;
	bits_skip(&b, 16);			/* strmtyp to frmsiz */
	rate = rates[bits_get(&b, 2)];
	low = bits_get(&b, 2);			/* fscod2, or numblkscod */
	if (rate == 0)
		rate = rates[low] / 2;
	acmod = bits_get(&b, 3);
	lfe = bits_get(&b, 1);
	bsid = bits_get(&b, 5);
	if (!bits_ok(&b) || bsid <= BSID_AC3 || bsid > BSID_EAC3 || rate == 0)
		return;
	mi->mi_rate = rate;
	mi->mi_channels = channels(acmod, lfe);
}
