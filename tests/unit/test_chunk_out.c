/* SPDX-License-Identifier: ISC */
/*
 * test_chunk_out.c - chunks written (RTMP 1.0, 5.3), against bytes computed
 * independently and against our own reader.
 */
#include "rtmp/chunk.h"

#include <sys/param.h>

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "rtmp/bytes.h"

TestSuite(chunk_out, .timeout = 10);

static struct rtmp_msg
message(uint32_t csid, uint8_t type, uint32_t msid, uint32_t ts,
    const char *hex)
{
	static uint8_t	data[512];
	struct rtmp_msg	m = { .rm_data = data, .rm_csid = csid,
	    .rm_type = type, .rm_msid = msid, .rm_ts = ts };

	m.rm_len = (uint32_t)unhex(hex, data);
	return m;
}

/* The message is written so, and into no byte less. */
static void
check(struct chunk_out *co, struct rtmp_msg m, const char *hex)
{
	uint8_t			 want[512], *out;
	size_t			 len = unhex(hex, want), n;
	struct chunk_out	 before = *co;

	for (n = 0; n < len; n++) {
		out = malloc(n);
		cr_assert_eq(chunk_out_message(co, &m, out, n), 0);
		cr_assert_eq(memcmp(co, &before, sizeof(before)), 0);
		free(out);
	}
	out = malloc(len);
	cr_assert_eq(chunk_out_message(co, &m, out, len), len);
	cr_assert_arr_eq(out, want, len);
	free(out);
}

Test(chunk_out, writes_control_messages)
{
	struct chunk_out	co;

	chunk_out_init(&co);
	check(&co, message(2, RTMP_SET_CHUNK_SIZE, 0, 0, "00001000"),
	    "02000000000004010000000000001000");
	chunk_out_init(&co);
	check(&co, message(2, RTMP_PEER_BANDWIDTH, 0, 0, "002625a002"),
	    "020000000000050600000000002625a002");
	chunk_out_init(&co);
	check(&co, message(2, RTMP_USER_CONTROL, 0, 0, "000000000001"),
	    "020000000000060400000000000000000001");
	check(&co, message(2, RTMP_USER_CONTROL, 0, 0, "000612345678"),
	    "42000000 000006 04 000612345678");
}

Test(chunk_out, cuts_a_message_at_the_chunk_size)
{
	struct chunk_out	co;

	chunk_out_init(&co);
	check(&co, message(3, RTMP_COMMAND, 0, 0,
	    "0200075f726573756c74003ff0000000000000030006666d735665720200"
	    "0d464d532f332c302c312c313233000c6361706162696c69746965730040"
	    "3f0000000000000000090300056c6576656c020006737461747573000463"
	    "6f646502001d4e6574436f6e6e656374696f6e2e436f6e6e6563742e5375"
	    "6363657373000b6465736372697074696f6e0200026f6b000e6f626a6563"
	    "74456e636f64696e67000000000000000000000009"),
	    "030000000000ab14000000000200075f726573756c74003ff00000000000"
	    "00030006666d7356657202000d464d532f332c302c312c313233000c6361"
	    "706162696c697469657300403f0000000000000000090300056c6576656c"
	    "0200067374617475730004636f646502001d4e6574436f6e6e656374696f"
	    "6e2e436f6e6e6563742e53756363657373000b64c365736372697074696f"
	    "6e0200026f6b000e6f626a656374456e636f64696e670000000000000000"
	    "00000009");
}

Test(chunk_out, repeats_the_extended_timestamp_on_every_chunk)
{
	struct chunk_out	co;

	chunk_out_init(&co);
	co.co_size = 4;
	check(&co, message(6, RTMP_VIDEO, 1, 16777216, "2701000000aabb"),
	    "06ffffff00000709010000000100000027010000c60100000000aabb");
	check(&co, message(6, RTMP_VIDEO, 1, 16777217, "a1a2a3a4a5"),
	    "46000001 000005 09 a1a2a3a4 c6 a5");
	check(&co, message(6, RTMP_VIDEO, 1, 16777218, "a1a2a3a4a5a6a7a8"),
	    "46000001 000008 09 a1a2a3a4 c6 a5a6a7a8");
}

Test(chunk_out, extends_a_time_from_ffffff_on_and_no_earlier)
{
	struct chunk_out	co;

	chunk_out_init(&co);
	check(&co, message(4, RTMP_AUDIO, 1, 0xfffffe, "aa"),
	    "04fffffe 000001 08 01000000 aa");
	chunk_out_init(&co);
	check(&co, message(4, RTMP_AUDIO, 1, 0xffffff, "aa"),
	    "04ffffff 000001 08 01000000 00ffffff aa");
	chunk_out_init(&co);
	check(&co, message(4, RTMP_AUDIO, 1, 5, "aa"),
	    "04000005 000001 08 01000000 aa");
	check(&co, message(4, RTMP_AUDIO, 1, 5 + 0xfffffe, "bb"),
	    "44fffffe 000001 08 bb");
	check(&co, message(4, RTMP_AUDIO, 1, 5 + 0xfffffe + 0xffffff, "cc"),
	    "44ffffff 000001 08 00ffffff cc");
}

Test(chunk_out, begins_anew_when_time_goes_back_or_the_stream_differs)
{
	struct chunk_out	co;

	chunk_out_init(&co);
	check(&co, message(4, RTMP_AUDIO, 1, 1000, "aa"),
	    "040003e8 000001 08 01000000 aa");
	check(&co, message(4, RTMP_VIDEO, 1, 1000, "bb"),
	    "44000000 000001 09 bb");
	check(&co, message(4, RTMP_VIDEO, 1, 990, "cc"),
	    "040003de 000001 09 01000000 cc");
	check(&co, message(4, RTMP_VIDEO, 0x01020304, 991, "dd"),
	    "040003df 000001 09 04030201 dd");
	check(&co, message(5, RTMP_VIDEO, 0x01020304, 992, "ee"),
	    "050003e0 000001 09 04030201 ee");
}

Test(chunk_out, goes_on_with_deltas_when_time_wraps)
{
	struct chunk_out	co;

	chunk_out_init(&co);
	check(&co, message(4, RTMP_AUDIO, 1, 0xfffffff6, ""),
	    "04ffffff 000000 08 01000000 fffffff6");
	check(&co, message(4, RTMP_AUDIO, 1, 0, ""), "4400000a 000000 08");
	check(&co, message(4, RTMP_AUDIO, 1, 0x7fffffff, ""),
	    "44ffffff 000000 08 7fffffff");
	check(&co, message(4, RTMP_AUDIO, 1, 0x80000000, ""),
	    "44000001 000000 08");
}

Test(chunk_out, writes_an_empty_message_as_a_header)
{
	struct chunk_out	co;

	chunk_out_init(&co);
	check(&co, message(4, RTMP_AUDIO, 1, 0, ""),
	    "04000000 000000 08 01000000");
}

Test(chunk_out, refuses_a_length_that_24_bits_cannot_hold)
{
	struct chunk_out	 co, before;
	struct rtmp_msg		 m = message(4, RTMP_VIDEO, 1, 0, "");
	size_t			 size = 0x1000000 + 64;
	uint8_t			*out = malloc(size), *data;

	chunk_out_init(&co);
	co.co_size = 0xffffff;
	before = co;
	m.rm_data = data = calloc(1, 0x1000000);
	m.rm_len = 0x1000000;
	cr_assert_eq(chunk_out_message(&co, &m, out, size), 0);
	cr_assert_eq(memcmp(&co, &before, sizeof(co)), 0);
	m.rm_len = 0xffffff;
	cr_assert_eq(chunk_out_message(&co, &m, out, size), 12 + 0xffffff);
	free(data);
	free(out);
}

/*
 * Round trip: several chunk streams write their messages at once, chunk by
 * chunk in random order, while the chunk size changes.
 */
#define LANES	5
#define LONGEST	3000

struct lane {
	struct rtmp_msg	 l_msg;
	uint8_t		 l_data[LONGEST];
	uint32_t	 l_done;
	bool		 l_open;
};

struct trip {
	struct chunk_out  t_out;
	struct chunk_in	 *t_in;
	struct lane	  t_lane[LANES];
	uint8_t		  t_wire[8 * 65536];
	size_t		  t_len, t_off;
	uint32_t	  t_random;
	int		  t_made, t_met;
};

static uint32_t
random_below(struct trip *t, uint32_t n)
{
	t->t_random = t->t_random * 1664525 + 1013904223;
	return (t->t_random >> 8) % n;
}

static uint32_t
random_step(struct trip *t)
{
	switch (random_below(t, 12)) {
	case 0:
		return 0xfffffe + random_below(t, 3);
	case 1:
		return 0x7fffffff;
	case 2:
		return 0u - random_below(t, 5000);
	case 3:
		return 0x80000000 + random_below(t, 3);
	default:
		return random_below(t, 40);
	}
}

static void
begin(struct trip *t, struct lane *l)
{
	struct rtmp_msg	*m = &l->l_msg;
	uint32_t	 i;

	m->rm_csid = (uint32_t)(3 + (l - t->t_lane));
	m->rm_type = random_below(t, 2) ? RTMP_AUDIO : RTMP_VIDEO;
	m->rm_msid = 1 + (random_below(t, 8) == 0);
	m->rm_ts += random_step(t);
	m->rm_len = random_below(t, random_below(t, 3) ? 200 : LONGEST);
	for (i = 0; i < m->rm_len; i++)
		l->l_data[i] = (uint8_t)random_below(t, 256);
	l->l_done = 0;
	l->l_open = true;
}

/* Take the next message off the wire and know it again. */
static void
meet(struct trip *t, const struct rtmp_msg *m)
{
	struct lane	*l;

	if (m->rm_type == RTMP_SET_CHUNK_SIZE)
		return;
	l = &t->t_lane[m->rm_csid - 3];
	cr_assert(l->l_open);
	cr_assert_eq(l->l_done, m->rm_len);
	cr_assert_eq(l->l_msg.rm_ts, m->rm_ts);
	cr_assert_eq(l->l_msg.rm_msid, m->rm_msid);
	cr_assert_eq(l->l_msg.rm_type, m->rm_type);
	cr_assert_eq(l->l_msg.rm_len, m->rm_len);
	cr_assert_eq(memcmp(l->l_data, m->rm_data, m->rm_len), 0);
	l->l_open = false;
	t->t_met++;
}

/* Read up to the end of what was written, in pieces. */
static void
read_wire(struct trip *t)
{
	enum rtmp_result	 r;
	struct rtmp_msg		 m;
	const char		*why = "";
	size_t			 avail = t->t_off, used;

	while (avail < t->t_len) {
		avail += 1 + random_below(t, random_below(t, 2) ? 20 : 4000);
		avail = MIN(avail, t->t_len);
		do {
			r = chunk_in_next(t->t_in, t->t_wire + t->t_off,
			    avail - t->t_off, &used, &m, &why);
			cr_assert_neq(r, RTMP_BAD, "%s", why);
			t->t_off += used;
			if (r == RTMP_OK)
				meet(t, &m);
		} while (r == RTMP_OK);
	}
	cr_assert_eq(t->t_off, t->t_len);
	t->t_off = t->t_len = 0;
}

static void
change_size(struct trip *t)
{
	static const uint32_t	sizes[] = { 1, 2, 127, 128, 129, 4096, 65536 };
	struct rtmp_msg		m = { .rm_csid = 2, .rm_len = 4,
	    .rm_type = RTMP_SET_CHUNK_SIZE };
	uint8_t			body[4];
	uint32_t		size = sizes[random_below(t, 7)];

	put_be32(body, size);
	m.rm_data = body;
	t->t_len += chunk_out_message(&t->t_out, &m, t->t_wire + t->t_len,
	    sizeof(t->t_wire) - t->t_len);
	t->t_out.co_size = size;
}

static void
write_chunk(struct trip *t, struct lane *l)
{
	uint8_t	 hdr[CHUNK_HEADER_MAX], *p = t->t_wire + t->t_len;
	size_t	 n;

	if (!l->l_open) {
		begin(t, l);
		t->t_made++;
		n = chunk_out_first(&t->t_out, &l->l_msg, hdr);
	} else
		n = chunk_out_next(&t->t_out, l->l_msg.rm_csid, hdr);
	memcpy(p, hdr, n);
	p += n;
	n = MIN(t->t_out.co_size, l->l_msg.rm_len - l->l_done);
	memcpy(p, l->l_data + l->l_done, n);
	l->l_done += (uint32_t)n;
	t->t_len = (size_t)(p + n - t->t_wire);
}

/*
 * Read when a message is whole, so that a lane holds what must come out; up
 * to then the chunks of all lanes lie mixed on the wire.
 */
Test(chunk_out, is_read_back_whatever_the_size_the_time_and_the_order)
{
	static const struct chunk_limits limits = { 65536, 1 << 20, 16 };
	static struct trip	 t = { .t_random = 20240229 };
	struct lane		*l;

	chunk_out_init(&t.t_out);
	t.t_in = chunk_in_new(&limits);
	while (t.t_made < 6000) {
		if (random_below(&t, 50) == 0)
			change_size(&t);
		l = &t.t_lane[random_below(&t, LANES)];
		write_chunk(&t, l);
		if (l->l_done == l->l_msg.rm_len)
			read_wire(&t);
	}
	cr_assert_geq(t.t_met, 6000 - LANES);
	chunk_in_free(t.t_in);
}
