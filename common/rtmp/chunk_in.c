/* SPDX-License-Identifier: ISC */
/*
 * chunk_in.c - reassemble RTMP chunks into messages.
 * Input is hostile. Memory grows with the bytes that arrive, never with a
 * length that is merely announced, and stays within the caller's limits.
 * Whatever is refused is refused for good. Does no I/O.
 */
#include "rtmp/chunk.h"

#include <sys/param.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "rtmp/bytes.h"

#define CSID_LAST	65599
#define CSID_LOW	64	/* ids below, which have a basic header of 1 byte */
#define FIRST_STREAMS	6	/* most peers use no more */
#define PAGE_STREAMS	256
#define PAGES		(CSID_LAST / PAGE_STREAMS + 1)
#define BUFFER_MIN	1024
#define EXTENDED	0xffffffu	/* in a 24-bit field: 32 bits follow */

struct in_stream {
	uint32_t	 is_csid;
	uint32_t	 is_ts;		/* of the latest message */
	uint32_t	 is_delta;	/* if type 3 begins a message */
	uint32_t	 is_ext;	/* extended field of latest header */
	uint32_t	 is_len;
	uint32_t	 is_msid;
	uint8_t		 is_type;
	bool		 is_extended;	/* is_ext was on the wire */
	bool		 is_open;	/* a message is begun and not whole */
	uint8_t		*is_buf;	/* its bytes so far */
	uint32_t	 is_got;
	uint32_t	 is_cap;
};

struct page {
	struct in_stream *pg_stream[PAGE_STREAMS];
};

struct chunk_in {
	struct chunk_limits ci_limits;
	uint32_t	 ci_size;	/* chunk size in force */
	uint32_t	 ci_streams;	/* how many ids are known */
	uint32_t	 ci_held;	/* bytes of all buffers and ci_done */
	uint32_t	 ci_left;	/* payload to come of ci_cur's chunk */
	struct in_stream *ci_cur;	/* within a chunk of it, else NULL */
	uint8_t		*ci_done;	/* buffer of the message handed out */
	uint32_t	 ci_done_cap;
	/*
	 * The peer repeats the extended field on type 3 headers: [0] on those
	 * that begin a message, [1] on those that continue one. OBS differs.
	 */
	bool		 ci_repeats[2];
	const char	*ci_bad;	/* why, once anything was refused */
	enum chunk_over	 ci_over;
	struct in_stream ci_first[FIRST_STREAMS];	/* those that came first */
	struct in_stream *ci_low[CSID_LOW];
	struct page	**ci_page;	/* PAGES of them, for other ids */
};

/* A header as read; it takes effect only when all of it is there. */
struct header {
	size_t		 h_len;
	uint8_t		 h_fmt;
	bool		 h_repeats;	/* type 3 with the extended field */
	struct in_stream *h_old;	/* NULL if the id is new */
	struct in_stream h_new;		/* what *h_old becomes */
};

static const size_t message_header[4] = { 11, 7, 3, 0 };

static enum rtmp_result
refuse(struct chunk_in *ci, const char *why)
{
	ci->ci_bad = why;
	return RTMP_BAD;
}

static enum rtmp_result
refuse_over(struct chunk_in *ci, enum chunk_over over, const char *why)
{
	ci->ci_over = over;
	return refuse(ci, why);
}

enum chunk_over
chunk_in_over(const struct chunk_in *ci)
{
	return ci->ci_over;
}

struct chunk_in *
chunk_in_new(const struct chunk_limits *limits)
{
	struct chunk_in	*ci;

	if ((ci = calloc(1, sizeof(*ci))) == NULL)
		return NULL;
	ci->ci_limits = *limits;
	ci->ci_size = CHUNK_SIZE_DEFAULT;
	return ci;
}

static void
stream_free(struct chunk_in *ci, struct in_stream *s)
{
	if (s == NULL)
		return;
	free(s->is_buf);
	if (s < ci->ci_first || s >= ci->ci_first + FIRST_STREAMS)
		free(s);
}

static void
page_free(struct chunk_in *ci, struct page *pg)
{
	size_t	i;

	for (i = 0; pg != NULL && i < PAGE_STREAMS; i++)
		stream_free(ci, pg->pg_stream[i]);
	free(pg);
}

void
chunk_in_free(struct chunk_in *ci)
{
	size_t	i;

	if (ci == NULL)
		return;
	for (i = 0; i < CSID_LOW; i++)
		stream_free(ci, ci->ci_low[i]);
	for (i = 0; ci->ci_page != NULL && i < PAGES; i++)
		page_free(ci, ci->ci_page[i]);
	free(ci->ci_page);
	free(ci->ci_done);
	free(ci);
}

static struct in_stream *
stream_find(const struct chunk_in *ci, uint32_t csid)
{
	const struct page	*pg;

	if (csid < CSID_LOW)
		return ci->ci_low[csid];
	if (csid > CSID_LAST || ci->ci_page == NULL)
		return NULL;
	pg = ci->ci_page[csid / PAGE_STREAMS];
	return pg == NULL ? NULL : pg->pg_stream[csid % PAGE_STREAMS];
}

/* Where the stream of that id is kept. NULL: out of memory. */
static struct in_stream **
stream_slot(struct chunk_in *ci, uint32_t csid)
{
	struct page	**pg;

	if (csid < CSID_LOW)
		return &ci->ci_low[csid];
	if (ci->ci_page == NULL && (ci->ci_page =
	    calloc(PAGES, sizeof(*ci->ci_page))) == NULL)
		return NULL;
	pg = &ci->ci_page[csid / PAGE_STREAMS];
	if (*pg == NULL && (*pg = calloc(1, sizeof(**pg))) == NULL)
		return NULL;
	return &(*pg)->pg_stream[csid % PAGE_STREAMS];
}

static struct in_stream *
stream_new(struct chunk_in *ci, uint32_t csid)
{
	struct in_stream	**slot, *s;

	if (ci->ci_streams >= ci->ci_limits.cl_streams) {
		refuse_over(ci, CHUNK_OVER_STREAMS, "too many chunk streams");
		return NULL;
	}
	if (ci->ci_streams < FIRST_STREAMS)
		s = &ci->ci_first[ci->ci_streams];
	else
		s = calloc(1, sizeof(*s));
	if (s == NULL || (slot = stream_slot(ci, csid)) == NULL) {
		stream_free(ci, s);
		refuse(ci, "out of memory");
		return NULL;
	}
	ci->ci_streams++;
	return *slot = s;
}

/* Length of the basic header (RTMP 1.0, 5.3.1.1), 0 if not all is there. */
static size_t
read_basic(const uint8_t *p, size_t n, uint32_t *csid)
{
	uint32_t	low;

	if (n == 0)
		return 0;
	low = p[0] & 0x3f;
	if (low > 1) {
		*csid = low;
		return 1;
	}
	if (n < 2 + low)
		return 0;
	*csid = 64 + p[1] + (low == 1 ? 256u * p[2] : 0);
	return 2 + low;
}

/* Types 0 to 2 (5.3.1.2). The caller has seen that the fixed part is there. */
static enum rtmp_result
read_fields(struct header *h, const uint8_t *p, size_t n)
{
	struct in_stream	*s = &h->h_new;
	size_t			 len = message_header[h->h_fmt];
	uint32_t		 t = get_be24(p);

	s->is_extended = t == EXTENDED;
	if (s->is_extended) {
		if (n < len + 4)
			return RTMP_MORE;
		t = get_be32(p + len);
		len += 4;
	}
	if (h->h_fmt < 2) {
		s->is_len = get_be24(p + 3);
		s->is_type = p[6];
	}
	if (h->h_fmt == 0)
		s->is_msid = get_le32(p + 7);
	s->is_ts = h->h_fmt == 0 ? t : s->is_ts + t;
	s->is_delta = s->is_ext = t;
	h->h_len += len;
	return RTMP_OK;
}

/*
 * Can these bytes begin the extended field of a type 3 header? Peers repeat
 * the field as it was, the message's time, 31 bits of either, or zeros.
 */
static bool
extended_matches(const struct in_stream *s, const uint8_t *p, size_t n)
{
	const uint32_t	known[] = {
		s->is_ext, s->is_ext & 0x7fffffff,
		s->is_ts, s->is_ts & 0x7fffffff, 0
	};
	uint8_t		b[4];
	size_t		i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		put_be32(b, known[i]);
		if (memcmp(b, p, n) == 0)
			return true;
	}
	return false;
}

/*
 * Type 3 (5.3.1.2.4). Some peers leave the extended field out, so what looks
 * like none of its forms is payload. The first byte that differs decides:
 * waiting for four could be waiting for more than the peer will send.
 */
static enum rtmp_result
read_type3(const struct chunk_in *ci, struct header *h, const uint8_t *p,
    size_t n)
{
	struct in_stream	*s = &h->h_new;

	if (!s->is_open)
		s->is_ts += s->is_delta;
	if (!s->is_extended)
		return RTMP_OK;
	if (!ci->ci_repeats[s->is_open] &&
	    !extended_matches(s, p, MIN(n, 4)))
		return RTMP_OK;
	if (n < 4)
		return RTMP_MORE;
	h->h_repeats = true;
	h->h_len += 4;
	return RTMP_OK;
}

static enum rtmp_result
read_header(struct chunk_in *ci, const uint8_t *p, size_t n, struct header *h)
{
	uint32_t	csid;

	memset(h, 0, sizeof(*h));
	if ((h->h_len = read_basic(p, n, &csid)) == 0)
		return RTMP_MORE;
	h->h_fmt = p[0] >> 6;
	h->h_old = stream_find(ci, csid);
	if (h->h_old != NULL)
		h->h_new = *h->h_old;
	else if (h->h_fmt > 1)
		return refuse(ci, "chunk header refers to one never sent");
	if (h->h_new.is_open && h->h_fmt != 3)
		return refuse(ci, "message begun within another one");
	h->h_new.is_csid = csid;

	p += h->h_len;
	n -= h->h_len;
	if (h->h_fmt == 3)
		return read_type3(ci, h, p, n);
	if (n < message_header[h->h_fmt])
		return RTMP_MORE;
	return read_fields(h, p, n);
}

/* Make a complete header the state of its stream: a chunk has begun. */
static enum rtmp_result
begin_chunk(struct chunk_in *ci, const struct header *h)
{
	struct in_stream	*s = h->h_old;

	if (h->h_new.is_len > ci->ci_limits.cl_message)
		return refuse_over(ci, CHUNK_OVER_MESSAGE,
		    "message over the length limit");
	if (s == NULL && (s = stream_new(ci, h->h_new.is_csid)) == NULL)
		return RTMP_BAD;
	if (h->h_repeats)
		ci->ci_repeats[h->h_new.is_open] = true;
	*s = h->h_new;
	s->is_open = true;
	ci->ci_cur = s;
	ci->ci_left = MIN(ci->ci_size, s->is_len - s->is_got);
	return RTMP_OK;
}

/* ci_held counts capacity, so is_cap <= ci_held <= cl_partial. */
static enum rtmp_result
make_room(struct chunk_in *ci, struct in_stream *s, uint32_t more)
{
	uint32_t	 need = s->is_got + more, cap;
	uint8_t		*buf;

	if (need <= s->is_cap)
		return RTMP_OK;
	cap = MAX(MAX(need, BUFFER_MIN), 2 * s->is_cap);
	cap = MIN(cap, s->is_len);
	cap = MIN(cap, s->is_cap + (ci->ci_limits.cl_partial - ci->ci_held));
	if (cap < need)
		return refuse_over(ci, CHUNK_OVER_PARTIAL,
		    "too much of unfinished messages");
	if ((buf = realloc(s->is_buf, cap)) == NULL)
		return refuse(ci, "out of memory");
	ci->ci_held += cap - s->is_cap;
	s->is_buf = buf;
	s->is_cap = cap;
	return RTMP_OK;
}

static enum rtmp_result
take_payload(struct chunk_in *ci, const uint8_t *p, size_t n, size_t *used)
{
	struct in_stream	*s = ci->ci_cur;
	uint32_t		 take = (uint32_t)MIN(n, ci->ci_left);

	if (take > 0) {
		if (make_room(ci, s, take) != RTMP_OK)
			return RTMP_BAD;
		memcpy(s->is_buf + s->is_got, p, take);
		s->is_got += take;
		ci->ci_left -= take;
		*used += take;
	}
	return ci->ci_left > 0 ? RTMP_MORE : RTMP_OK;
}

static void
stream_abort(struct chunk_in *ci, struct in_stream *s)
{
	ci->ci_held -= s->is_cap;
	free(s->is_buf);
	s->is_buf = NULL;
	s->is_got = s->is_cap = 0;
	s->is_open = false;
}

/* The messages that concern the chunk stream itself (5.4.1, 5.4.2). */
static enum rtmp_result
obey(struct chunk_in *ci, const struct rtmp_msg *m)
{
	struct in_stream	*s;
	uint32_t		 v;

	if (m->rm_type != RTMP_SET_CHUNK_SIZE && m->rm_type != RTMP_ABORT)
		return RTMP_OK;
	if (control_get_u32(m, &v) != RTMP_OK)
		return refuse(ci, "control message too short");
	if (m->rm_type == RTMP_ABORT) {
		if ((s = stream_find(ci, v)) != NULL)
			stream_abort(ci, s);
		return RTMP_OK;
	}
	if (v == 0 || v > 0x7fffffff)
		return refuse(ci, "chunk size out of range");
	ci->ci_size = MIN(v, CHUNK_SIZE_MAX);
	return RTMP_OK;
}

/* Hand out a whole message; the stream is ready for its next. */
static enum rtmp_result
deliver(struct chunk_in *ci, const uint8_t *data, struct rtmp_msg *m)
{
	struct in_stream	*s = ci->ci_cur;

	m->rm_data = data;
	m->rm_len = s->is_len;
	m->rm_ts = s->is_ts;
	m->rm_msid = s->is_msid;
	m->rm_csid = s->is_csid;
	m->rm_type = s->is_type;

	ci->ci_done = s->is_buf;
	ci->ci_done_cap = s->is_cap;
	s->is_buf = NULL;
	s->is_got = s->is_cap = 0;
	s->is_open = false;
	ci->ci_cur = NULL;
	return obey(ci, m);
}

static void
drop_delivered(struct chunk_in *ci)
{
	free(ci->ci_done);
	ci->ci_done = NULL;
	ci->ci_held -= ci->ci_done_cap;
	ci->ci_done_cap = 0;
}

static enum rtmp_result
next_message(struct chunk_in *ci, const uint8_t *buf, size_t len,
    size_t *used, struct rtmp_msg *m)
{
	struct in_stream	*s;
	struct header		 h;
	const uint8_t		*p;
	enum rtmp_result	 r;

	for (;;) {
		if (ci->ci_cur == NULL) {
			if ((r = read_header(ci, buf + *used, len - *used,
			    &h)) != RTMP_OK ||
			    (r = begin_chunk(ci, &h)) != RTMP_OK)
				return r;
			*used += h.h_len;
		}
		s = ci->ci_cur;
		p = buf + *used;
		if (ci->ci_left == s->is_len && ci->ci_left <= len - *used) {
			*used += s->is_len;
			return deliver(ci, p, m);
		}
		if ((r = take_payload(ci, p, len - *used, used)) != RTMP_OK)
			return r;
		if (s->is_got == s->is_len)
			return deliver(ci, s->is_buf, m);
		ci->ci_cur = NULL;
	}
}

enum rtmp_result
chunk_in_next(struct chunk_in *ci, const uint8_t *buf, size_t len,
    size_t *used, struct rtmp_msg *m, const char **why)
{
	enum rtmp_result	r = RTMP_BAD;

	*used = 0;
	drop_delivered(ci);
	if (ci->ci_bad == NULL && len == 0)
		return RTMP_MORE;
	if (ci->ci_bad == NULL)
		r = next_message(ci, buf, len, used, m);
	if (r == RTMP_BAD)
		*why = ci->ci_bad;
	return r;
}
