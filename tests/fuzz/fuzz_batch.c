/* SPDX-License-Identifier: ISC */
/*
 * fuzz_batch.c - the connection process sends out of a ring that nobody
 * honest wrote, to a peer that takes it in any portions.
 * What it puts on the wire must be a chunk stream that our own reader takes,
 * made of the media in that ring, record by record in their order.
 * Input: where to start (1), chunk size (1), the subscriber's state (1), bytes
 * that the peer takes at a time (2); then the ring, as ring_image.h has it.
 */
#include <sys/socket.h>

#include <unistd.h>

#include "../../rtmpd/batch.h"
#include "../../rtmpd/conn.h"
#include "ring_image.h"

#define TURNS_MAX	4096
#define SEND_BUFFER	1	/* the least that the system grants */
#define MARGIN		(IMAGE_SIZE / 8)	/* as batch.c has it */

static struct conn conn;
static struct play play;
static struct chunk_in *reader;
static uint8_t wire[2 * 65536];
static size_t wire_len;
static uint64_t received;

/* Where the records may be that are yet to arrive, and if with their times. */
static uint64_t expected;
static bool own_times;

/* conn.c without its process. */
void
conn_end(struct conn *c, const char *reason, const char *detail)
{
	FUZZ_CHECK(reason != NULL);
	if (c->c_end != NULL)
		return;
	c->c_end = reason;
	c->c_detail = detail;
}

static bool
is_record(const struct rtmp_msg *m, const struct ring_view *rv)
{
	const struct shm_record *rec = &rv->rv_rec;

	return m->rm_type == rec->rec_type && m->rm_len == rec->rec_length &&
	    memcmp(m->rm_data, rv->rv_payload, m->rm_len) == 0 &&
	    (!own_times || m->rm_ts == (uint32_t)rec->rec_time ||
	    (m->rm_ts == 0 && (rec->rec_flags & RECORD_METADATA)));
}

/* The ring holds still here, so every message is a record further on. */
static void
check_message(const struct rtmp_msg *m)
{
	struct ring_view rv;

	FUZZ_CHECK(m->rm_type == RTMP_AUDIO || m->rm_type == RTMP_VIDEO ||
	    m->rm_type == RTMP_DATA || m->rm_type == RTMP_DATA_AMF3);
	do {
		FUZZ_CHECK(ring_look(&play.pl_ring, expected, MARGIN, &rv) ==
		    RING_OK);
		expected = rv.rv_next;
	} while (!is_record(m, &rv));
	received++;
}

/* All messages that have arrived. */
static void
parse(void)
{
	enum rtmp_result r;
	const char *why;
	struct rtmp_msg m;
	size_t used;

	do {
		r = chunk_in_next(reader, wire, wire_len, &used, &m, &why);
		FUZZ_CHECK(r == RTMP_OK || r == RTMP_MORE);
		if (r == RTMP_OK)
			check_message(&m);
		memmove(wire, wire + used, wire_len - used);
		wire_len -= used;
	} while (r == RTMP_OK);
}

/* The peer takes up to `portion` bytes. */
static void
peer_takes(int fd, size_t portion)
{
	ssize_t n = recv(fd, wire + wire_len, portion, MSG_DONTWAIT);

	if (n > 0)
		wire_len += (size_t)n;
	conn.c_blocked = false;
	parse();
}

/* As play_pump() has it, but with an end. */
static void
pump(struct netstream *ns, int fd, size_t portion)
{
	enum batch_result result = BATCH_SENT;
	int turns, jumps = 0;

	for (turns = 0; turns < TURNS_MAX && conn.c_end == NULL; turns++) {
		peer_takes(fd, portion);
		if (!output_flush(&conn))
			continue;
		if (result == BATCH_EMPTY || jumps > 4)
			break;
		result = batch_send(&conn, ns);
		FUZZ_CHECK((result == BATCH_BROKEN) == (conn.c_end != NULL));
		if (result == BATCH_LAPPED) {
			jumps++;
			play.pl_cursor.cu_pos = ring_head(&play.pl_ring);
			play.pl_cursor.cu_mode = CURSOR_SEEK;
		}
	}
}

/* What was counted as sent has arrived, whole, once the queue is empty. */
static void
settle(const struct netstream *ns, int fd)
{
	const struct counters *ct = &ns->ns_counters;

	do {
		(void)output_flush(&conn);
		peer_takes(fd, 65536);
	} while (conn.c_end == NULL && conn.c_outq.oq_to > 0);
	if (conn.c_end != NULL)
		return;
	FUZZ_CHECK(wire_len == 0);
	FUZZ_CHECK(received == ct->ct_video + ct->ct_audio + ct->ct_data);
}

static void
set_state(unsigned where, unsigned state)
{
	struct cursor *cu = &play.pl_cursor;
	uint64_t head = ring_head(&play.pl_ring);

	cu->cu_mode = (enum cursor_mode)(state % 3);
	cu->cu_need_key = state & 4;
	cu->cu_rebase = cu->cu_taken = state & 8;
	cu->cu_time = state & 8 ? 5000 : 0;
	play.pl_no_audio = state & 16;
	play.pl_no_video = state & 32;
	cu->cu_pos = where % 2 == 0 ? ring_join(&play.pl_ring) :
	    head - 8 * (uint64_t)(where / 2);
	expected = cu->cu_pos;
	own_times = !cu->cu_rebase;
}

static struct netstream *
open_conn(int fd, uint32_t chunk, unsigned slot)
{
	static const struct chunk_limits limits = { 0xffffff, 0x4000000, 64 };
	static struct netstream stream[HUB_SLOTS];
	struct netstream *ns = &stream[slot];

	memset(&conn, 0, sizeof(conn));
	memset(&play, 0, sizeof(play));
	memset(stream, 0, sizeof(stream));
	chunk_out_init(&conn.c_out);
	conn.c_out.co_size = chunk;
	conn.c_fd = fd;
	ns->ns_slot = (uint16_t)slot;
	ns->ns_msid = 1;
	ns->ns_play = &play;
	FUZZ_NEED((reader = chunk_in_new(&limits)) != NULL);
	wire_len = received = 0;
	return ns;
}

/* The reader learns the chunk size as any peer does. */
static void
say_chunk_size(void)
{
	uint8_t body[CONTROL_MAX];
	struct rtmp_msg m = {
		.rm_type = RTMP_SET_CHUNK_SIZE, .rm_csid = 2, .rm_data = body,
	};
	struct chunk_out out;
	const char *why;
	size_t used;

	m.rm_len = (uint32_t)control_u32(body, conn.c_out.co_size);
	chunk_out_init(&out);
	wire_len = chunk_out_message(&out, &m, wire, sizeof(wire));
	FUZZ_CHECK(chunk_in_next(reader, wire, wire_len, &used, &m, &why) ==
	    RTMP_OK && used == wire_len);
	wire_len = 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t sizes[] = { 65536, 128, 4096, 16777215, 1000 };
	struct fuzz_in in = { data, size };
	unsigned where = (unsigned)fuzz_take(&in, 1);
	uint32_t chunk = sizes[fuzz_take(&in, 1) % 5];
	unsigned state = (unsigned)fuzz_take(&in, 1);
	size_t portion = (size_t)fuzz_take(&in, 2) + 1;
	int fds[2], least = SEND_BUFFER;
	struct ring_image image;
	struct netstream *ns;

	ring_image_open(&image, &in);
	FUZZ_NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	(void)setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &least, sizeof(least));
	ns = open_conn(fds[0], chunk, state >> 6);
	play.pl_ring = image.ri_reader;
	say_chunk_size();
	set_state(where, state);
	pump(ns, fds[1], portion);
	settle(ns, fds[1]);
	chunk_in_free(reader);
	free(conn.c_outq.oq_buf);
	close(fds[0]);
	close(fds[1]);
	ring_image_close(&image);
	return 0;
}
