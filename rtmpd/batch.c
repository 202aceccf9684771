/* SPDX-License-Identifier: ISC */
/*
 * batch.c - several records in one sendmsg(2), straight out of the ring.
 *
 * A record is delivered whole or not at all. If the socket takes a part of
 * one, the rest is copied aside, and only then is it asked whether the ring
 * moved on meanwhile. Bytes that changed while the kernel read them end the
 * connection: it is never continued with garbage.
 */
#include "batch.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "rtmp/message.h"
#include "sys/footprint.h"

#define BATCH_RECORDS	64
#define BATCH_IOVS	(4 * BATCH_RECORDS)
#define BATCH_BYTES	(256 * 1024)
#define BATCH_HEADERS	(BATCH_IOVS * CHUNK_HEADER_MAX)

/* One record of a batch. */
struct item {
	uint64_t		 it_pos;
	struct cursor	 it_after;	/* once it is sent */
	struct chunk_out_stream	 it_state;	/* of its csid, before it */
	uint32_t		 it_csid;
	uint32_t		 it_len;	/* payload */
	uint8_t			 it_type;
	int			 it_iov;	/* first of its vectors */
	size_t			 it_bytes;	/* on the wire */
	uint8_t			 it_header[CHUNK_HEADER_MAX];	/* the first */
};

/* One at a time, and too large for a stack whose pages are paid per process.
 * Items are taken from the last on, so that a small batch lies in one page. */
struct batch {
	struct item	 b_item[BATCH_RECORDS];
	struct cursor b_cursor;
	int		 b_nitem;
	int		 b_niov;
	size_t		 b_nheader;
	size_t		 b_bytes;
	struct iovec	 b_iov[BATCH_IOVS];
	uint8_t		 b_header[BATCH_HEADERS];	/* but for the first */
};
_Static_assert(offsetof(struct batch, b_nitem) % 4096 < 4096 - 512, "spread");

static _Alignas(4096) struct batch batch;

static struct item *
item(int i)
{
	return &batch.b_item[BATCH_RECORDS - 1 - i];
}

/* Audio 4, video 6, data 7 for the first stream; the next ones follow. */
static uint32_t
csid(const struct netstream *ns, uint8_t type)
{
	uint32_t base = 4 + 8 * (uint32_t)ns->ns_slot;

	return type == RTMP_AUDIO ? base : type == RTMP_VIDEO ? base + 2 :
	    base + 3;
}

static void
add_iov(const void *p, size_t len)
{
	batch.b_iov[batch.b_niov].iov_base = (void *)p;
	batch.b_iov[batch.b_niov++].iov_len = len;
	batch.b_bytes += len;
}

static int
iovs_needed(const struct conn *c, uint32_t len)
{
	return len == 0 ? 1 :
	    (int)(2 * ((len + c->c_out.co_size - 1) / c->c_out.co_size));
}

/* Lay out one record as chunks: header, slice, header, slice… */
static void
add_record(struct conn *c, const struct netstream *ns,
    const struct ring_view *rv, uint32_t ts)
{
	struct item *it = item(batch.b_nitem++);
	struct rtmp_msg m = {
		.rm_type = rv->rv_rec.rec_type, .rm_ts = ts,
		.rm_len = rv->rv_rec.rec_length, .rm_msid = ns->ns_msid,
		.rm_csid = csid(ns, rv->rv_rec.rec_type),
	};
	uint8_t *h = batch.b_header + batch.b_nheader;
	uint32_t off = 0, n;
	size_t before = batch.b_bytes;

	it->it_pos = rv->rv_pos;
	it->it_csid = m.rm_csid;
	it->it_state = c->c_out.co_stream[m.rm_csid];
	it->it_type = m.rm_type;
	it->it_len = m.rm_len;
	it->it_iov = batch.b_niov;
	add_iov(it->it_header,
	    chunk_out_first(&c->c_out, &m, it->it_header));
	while (off < m.rm_len) {
		n = m.rm_len - off < c->c_out.co_size ? m.rm_len - off :
		    c->c_out.co_size;
		add_iov(rv->rv_payload + off, n);
		off += n;
		if (off == m.rm_len)
			break;
		n = (uint32_t)chunk_out_next(&c->c_out, m.rm_csid, h);
		add_iov(h, n);
		h += n;
	}
	batch.b_nheader = (size_t)(h - batch.b_header);
	it->it_bytes = batch.b_bytes - before;
	it->it_after = batch.b_cursor;
}

static void
count(struct netstream *ns, uint8_t type, uint32_t len)
{
	struct counters *ct = &ns->ns_counters;

	if (type == RTMP_VIDEO)
		ct->ct_video++;
	else if (type == RTMP_AUDIO)
		ct->ct_audio++;
	else
		ct->ct_data++;
	ct->ct_media_bytes += len;
}

/* So many chunks that they would not fit in a batch: copy it whole. */
static enum batch_result
send_copied(struct conn *c, struct netstream *ns, const struct ring_view *rv,
    uint32_t ts)
{
	struct rtmp_msg m = {
		.rm_type = rv->rv_rec.rec_type, .rm_ts = ts,
		.rm_len = rv->rv_rec.rec_length, .rm_msid = ns->ns_msid,
		.rm_csid = csid(ns, rv->rv_rec.rec_type),
	};
	uint8_t *copy = malloc(m.rm_len);

	if (copy == NULL) {
		conn_end(c, "no-memory", NULL);
		return BATCH_BROKEN;
	}
	memcpy(copy, rv->rv_payload, m.rm_len);
	if (ring_lapped(&ns->ns_play->pl_ring, rv->rv_pos, 0)) {
		free(copy);
		return BATCH_LAPPED;
	}
	m.rm_data = copy;
	output_media(c, &m);
	free(copy);
	ns->ns_play->pl_cursor = batch.b_cursor;
	count(ns, m.rm_type, m.rm_len);
	return output_flush(c) ? BATCH_SENT : BATCH_FULL;
}

/* Fill the batch. What ended it: RING_OK means that it is full. */
static enum ring_result
fill(struct conn *c, struct netstream *ns, enum batch_result *copied)
{
	struct play *pl = ns->ns_play;
	enum ring_result result;
	struct ring_view rv;
	uint32_t ts;

	batch.b_cursor = pl->pl_cursor;
	batch.b_nitem = batch.b_niov = 0;
	batch.b_nheader = batch.b_bytes = 0;
	while (batch.b_nitem < BATCH_RECORDS && batch.b_bytes < BATCH_BYTES) {
		result = ring_look(&pl->pl_ring, batch.b_cursor.cu_pos,
		    ring_margin(pl->pl_ring.rr_size), &rv);
		if (result != RING_OK)
			return result;
		if (batch.b_niov + iovs_needed(c, rv.rv_rec.rec_length) >
		    BATCH_IOVS && batch.b_nitem > 0)
			break;
		batch.b_cursor.cu_pos = rv.rv_next;
		if (!cursor_wants(&batch.b_cursor, &rv.rv_rec,
		    !pl->pl_no_audio, !pl->pl_no_video))
			continue;
		ts = (uint32_t)cursor_stamp(&batch.b_cursor, &rv.rv_rec);
		if (iovs_needed(c, rv.rv_rec.rec_length) > BATCH_IOVS) {
			*copied = send_copied(c, ns, &rv, ts);
			break;
		}
		add_record(c, ns, &rv, ts);
	}
	return RING_OK;
}

/* Undo the headers of items that the socket took nothing of. */
static void
take_back(struct conn *c, int from)
{
	int i;

	for (i = batch.b_nitem - 1; i >= from; i--)
		c->c_out.co_stream[item(i)->it_csid] = item(i)->it_state;
}

/* Keep what the socket did not take of item `n` of which it took `sent`. */
static bool
keep_rest(struct conn *c, int n, size_t sent)
{
	int i, end = n == batch.b_nitem - 1 ? batch.b_niov :
	    item(n + 1)->it_iov;
	const struct iovec *v;

	for (i = item(n)->it_iov; i < end; i++) {
		v = &batch.b_iov[i];
		if (sent >= v->iov_len) {
			sent -= v->iov_len;
			continue;
		}
		if (!output_keep(c, (const char *)v->iov_base + sent,
		    v->iov_len - sent))
			return false;
		sent = 0;
	}
	return true;
}

/* The socket took `sent` bytes: settle which records that were. */
static enum batch_result
settle(struct conn *c, struct netstream *ns, size_t sent)
{
	struct play *pl = ns->ns_play;
	const struct item *it;
	int i;

	for (i = 0; i < batch.b_nitem && sent > 0; i++) {
		it = item(i);
		if (sent < it->it_bytes && !keep_rest(c, i, sent))
			return BATCH_BROKEN;
		sent -= sent < it->it_bytes ? sent : it->it_bytes;
		count(ns, it->it_type, it->it_len);
		pl->pl_cursor = it->it_after;
	}
	take_back(c, i);
	if (i > 0 && ring_lapped(&pl->pl_ring, item(0)->it_pos, 0)) {
		conn_end(c, "lapped-in-send", NULL);
		return BATCH_BROKEN;
	}
	return c->c_blocked ? BATCH_FULL : BATCH_SENT;
}

static enum batch_result
send_batch(struct conn *c, struct netstream *ns)
{
	struct msghdr msg = {
		.msg_iov = batch.b_iov, .msg_iovlen = (size_t)batch.b_niov,
	};
	ssize_t n;

	n = sendmsg(c->c_fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)output_sent(c, n, batch.b_bytes);
	return settle(c, ns, n > 0 ? (size_t)n : 0);
}

enum batch_result
batch_send(struct conn *c, struct netstream *ns)
{
	enum batch_result copied = BATCH_EMPTY;
	enum ring_result result = fill(c, ns, &copied);

	if (copied != BATCH_EMPTY)
		return copied;
	if (batch.b_nitem > 0)
		return send_batch(c, ns);
	/* nothing but unwanted records, as far as it went */
	ns->ns_play->pl_cursor = batch.b_cursor;
	switch (result) {
	case RING_LAPPED:
		return BATCH_LAPPED;
	case RING_BROKEN:
		conn_end(c, "ring-broken", NULL);
		return BATCH_BROKEN;
	default:
		return BATCH_EMPTY;
	}
}

void
batch_trim(void)
{
	footprint_drop(&batch, sizeof(batch));
}
