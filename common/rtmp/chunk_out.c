/* SPDX-License-Identifier: ISC */
/*
 * chunk_out.c - cut messages into RTMP chunks.
 * Writes the extended timestamp truly and on every chunk that must have it.
 * Never begins a message with type 2 or 3, which peers read in different
 * ways. Allocates nothing; message data is looked at only to copy it.
 */
#include "rtmp/chunk.h"

#include <sys/param.h>

#include <string.h>

#include "rtmp/bytes.h"

#define EXTENDED	0xffffffu	/* in a 24-bit field: 32 bits follow */
#define LENGTH_MAX	0xffffffu

void
chunk_out_init(struct chunk_out *co)
{
	memset(co, 0, sizeof(*co));
	co->co_size = CHUNK_SIZE_DEFAULT;
}

size_t
chunk_out_first(struct chunk_out *co, const struct rtmp_msg *m,
    uint8_t hdr[CHUNK_HEADER_MAX])
{
	struct chunk_out_stream	*cs = &co->co_stream[m->rm_csid];
	uint32_t		 t = m->rm_ts - cs->cs_ts;
	size_t			 len = 8;
	uint8_t			 fmt = 1;

	if (!cs->cs_used || cs->cs_msid != m->rm_msid || (int32_t)t < 0) {
		fmt = 0;
		t = m->rm_ts;
		put_le32(hdr + len, m->rm_msid);
		len += 4;
	}
	hdr[0] = (uint8_t)(fmt << 6 | m->rm_csid);
	put_be24(hdr + 1, MIN(t, EXTENDED));
	put_be24(hdr + 4, m->rm_len);
	hdr[7] = m->rm_type;
	cs->cs_ext = 0;
	if (t >= EXTENDED) {
		cs->cs_ext = t;
		put_be32(hdr + len, t);
		len += 4;
	}
	cs->cs_ts = m->rm_ts;
	cs->cs_msid = m->rm_msid;
	cs->cs_used = 1;
	return len;
}

size_t
chunk_out_next(const struct chunk_out *co, uint32_t csid,
    uint8_t hdr[CHUNK_HEADER_MAX])
{
	uint32_t	ext = co->co_stream[csid].cs_ext;

	hdr[0] = (uint8_t)(3 << 6 | csid);
	if (ext == 0)
		return 1;
	put_be32(hdr + 1, ext);
	return 5;
}

size_t
chunk_out_message(struct chunk_out *co, const struct rtmp_msg *m,
    uint8_t *out, size_t size)
{
	struct chunk_out_stream	*cs = &co->co_stream[m->rm_csid], saved = *cs;
	uint8_t			 first[CHUNK_HEADER_MAX];
	uint8_t			 next[CHUNK_HEADER_MAX];
	size_t			 flen, nlen, more, n, done = 0;
	uint8_t			*p = out;

	flen = chunk_out_first(co, m, first);
	nlen = chunk_out_next(co, m->rm_csid, next);
	more = m->rm_len == 0 ? 0 : (m->rm_len - 1) / co->co_size;
	if (m->rm_len > LENGTH_MAX || flen + m->rm_len + more * nlen > size) {
		*cs = saved;
		return 0;
	}
	memcpy(p, first, flen);
	p += flen;
	while (done < m->rm_len) {
		if (done > 0) {
			memcpy(p, next, nlen);
			p += nlen;
		}
		n = MIN(co->co_size, m->rm_len - done);
		memcpy(p, m->rm_data + done, n);
		p += n;
		done += n;
	}
	return (size_t)(p - out);
}
