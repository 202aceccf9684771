/* SPDX-License-Identifier: ISC */
/*
 * chunk.c - chunk reader and writer of the bench.
 * The reader hands payload on in place, slice by slice, and keeps only the
 * first bytes of a message. It is strict: what a lenient player would forgive
 * is an error here.
 */
#include "chunk.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"

#define EXTENDED	0xffffffu
#define LENGTH_MAX	(16u << 20)

static const size_t header_size[4] = { 11, 7, 3, 0 };

void
chunk_in_init(struct chunk_in *ci)
{
	memset(ci, 0, sizeof(*ci));
	ci->ci_size = 128;
}

void
chunk_in_free(struct chunk_in *ci)
{
	while (ci->ci_count > 0)
		free(ci->ci_msg[--ci->ci_count]);
	ci->ci_cur = NULL;
	ci->ci_left = 0;
}

static struct chunk_msg *
stream_find(struct chunk_in *ci, uint32_t csid)
{
	unsigned int i;

	for (i = 0; i < ci->ci_count; i++)
		if (ci->ci_msg[i]->cm_csid == csid)
			return ci->ci_msg[i];
	return NULL;
}

static struct chunk_msg *
stream_open(struct chunk_in *ci, uint32_t csid)
{
	struct chunk_msg *m;

	if (ci->ci_count == CHUNK_STREAMS) {
		ci->ci_error = "too many chunk streams";
		return NULL;
	}
	if ((m = calloc(1, sizeof(*m))) == NULL) {
		ci->ci_error = "out of memory";
		return NULL;
	}
	m->cm_csid = csid;
	ci->ci_msg[ci->ci_count++] = m;
	return m;
}

void
chunk_in_abort(struct chunk_in *ci, uint32_t csid)
{
	struct chunk_msg *m;

	if ((m = stream_find(ci, csid)) != NULL)
		m->cm_got = 0;
}

/* Length of the basic header; 0 if p is too short. */
static size_t
basic_header(const uint8_t *p, size_t len, uint32_t *csid)
{
	uint32_t low = p[0] & 0x3f;

	if (low >= 2) {
		*csid = low;
		return 1;
	}
	if (len < 2 + low)
		return 0;
	*csid = 64 + p[1] + (low == 1 ? (uint32_t)p[2] << 8 : 0);
	return 2 + low;
}

static const char *
header_fault(const struct chunk_msg *m, unsigned int fmt)
{
	if (m == NULL && fmt != 0)
		return "a chunk stream does not begin with type 0";
	if (m != NULL && m->cm_got != 0 && fmt != 3)
		return "a message header within a message";
	return NULL;
}

/* Take the fields of a header whose time field, extended or not, is time. */
static const char *
header_apply(struct chunk_msg *m, unsigned int fmt, const uint8_t *p,
    uint32_t time)
{
	if (fmt == 3) {
		if (m->cm_got == 0)
			m->cm_time += m->cm_delta;
		return NULL;
	}
	m->cm_delta = time;
	m->cm_time = fmt == 0 ? time : m->cm_time + time;
	if (fmt <= 1) {
		m->cm_len = get24(p + 3);
		m->cm_type = p[6];
	}
	if (fmt == 0)
		m->cm_msid = (uint32_t)p[10] << 24 | (uint32_t)p[9] << 16 |
		    (uint32_t)p[8] << 8 | p[7];
	return m->cm_len > LENGTH_MAX ? "message too long" : NULL;
}

/* One chunk header: bytes used, 0 when it is incomplete, -1 on error. */
static long
header_read(struct chunk_in *ci, const uint8_t *p, size_t len)
{
	unsigned int fmt = p[0] >> 6;
	struct chunk_msg *m;
	uint32_t csid, left, time = 0;
	size_t base, need;
	bool ext;

	if ((base = basic_header(p, len, &csid)) == 0)
		return 0;
	m = stream_find(ci, csid);
	if ((ci->ci_error = header_fault(m, fmt)) != NULL)
		return -1;
	need = base + header_size[fmt];
	if (len < need)
		return 0;
	if (fmt != 3)
		time = get24(p + base);
	ext = fmt == 3 ? m->cm_ext : time == EXTENDED;
	if (ext) {
		if (len < need + 4)
			return 0;
		time = get32(p + need);
		need += 4;
	}
	if (m == NULL && (m = stream_open(ci, csid)) == NULL)
		return -1;
	m->cm_ext = ext;
	ci->ci_error = header_apply(m, fmt, p + base, time);
	if (ci->ci_error != NULL)
		return -1;
	if (m->cm_got == 0)
		m->cm_bad = false;
	left = m->cm_len - m->cm_got;
	ci->ci_cur = m;
	ci->ci_left = left < ci->ci_size ? left : ci->ci_size;
	return (long)need;
}

static void
payload_take(struct chunk_in *ci, const uint8_t *p, size_t n,
    const struct chunk_sink *sink, void *arg)
{
	struct chunk_msg *m = ci->ci_cur;
	size_t keep;

	if (m->cm_got < CHUNK_HEAD) {
		keep = CHUNK_HEAD - m->cm_got;
		memcpy(m->cm_head + m->cm_got, p, keep < n ? keep : n);
	}
	sink->cs_slice(arg, m, m->cm_got, p, n);
	m->cm_got += (uint32_t)n;
	ci->ci_left -= (uint32_t)n;
}

long
chunk_in_feed(struct chunk_in *ci, const uint8_t *p, size_t len,
    const struct chunk_sink *sink, void *arg)
{
	struct chunk_msg *m;
	size_t n, used = 0;
	long header;

	while (used < len) {
		if (ci->ci_left == 0) {
			header = header_read(ci, p + used, len - used);
			if (header <= 0)
				return header < 0 ? -1 : (long)used;
			used += (size_t)header;
		}
		n = len - used < ci->ci_left ? len - used : ci->ci_left;
		if (n > 0)
			payload_take(ci, p + used, n, sink, arg);
		used += n;
		m = ci->ci_cur;
		if (ci->ci_left == 0 && m->cm_got == m->cm_len) {
			sink->cs_done(arg, m);
			m->cm_got = 0;
		}
	}
	return (long)used;
}

size_t
chunk_room(uint32_t len, uint32_t size)
{
	return len + (size_t)(len / size + 1) * 5 + CHUNK_HEADER;
}

size_t
chunk_put(struct chunk_out *co, uint8_t *out, uint32_t size, uint8_t type,
    uint32_t msid, uint32_t time, const uint8_t *body, uint32_t len)
{
	uint32_t field = co->co_used ? time - co->co_time : time;
	uint32_t done, n;
	uint8_t *p = out;

	*p++ = (uint8_t)(co->co_csid | (co->co_used ? 1u << 6 : 0));
	p = put24(p, field < EXTENDED ? field : EXTENDED);
	p = put24(p, len);
	*p++ = type;
	if (!co->co_used) {
		*p++ = (uint8_t)msid;
		*p++ = (uint8_t)(msid >> 8);
		*p++ = (uint8_t)(msid >> 16);
		*p++ = (uint8_t)(msid >> 24);
	}
	if (field >= EXTENDED)
		p = put32(p, field);
	for (done = 0; done < len; done += n) {
		if (done > 0) {
			*p++ = (uint8_t)(0xc0 | co->co_csid);
			if (field >= EXTENDED)
				p = put32(p, field);
		}
		n = len - done < size ? len - done : size;
		memcpy(p, body + done, n);
		p += n;
	}
	co->co_time = time;
	co->co_used = true;
	return (size_t)(p - out);
}
