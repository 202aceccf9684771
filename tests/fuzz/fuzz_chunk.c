/* SPDX-License-Identifier: ISC */
/*
 * fuzz_chunk.c - the same bytes, offered whole, in pieces, and one by one,
 * must make the same messages.
 * Input: longest message (1), bytes of unfinished messages (1), chunk streams
 * (1), how to cut (2); the rest is a chunk stream.
 */
#include "fuzz.h"
#include "mutate.h"
#include "rtmp/chunk.h"

#define BUFFER_FIRST	1024	/* what a chunk stream may hold beyond need */
#define SINGLE_MAX	512	/* longer streams are not fed byte by byte */

/* Messages by their hashes. */
struct seen {
	uint64_t	*sn_hash;
	size_t		 sn_count;
	size_t		 sn_room;
	const char	*sn_why;	/* refused at last, or NULL */
	enum chunk_over	 sn_over;
};

static struct chunk_limits limits;

static void
see(struct seen *sn, const struct rtmp_msg *m)
{
	uint64_t h = m->rm_type;

	FUZZ_CHECK(m->rm_len <= limits.cl_message);
	h = fuzz_hash(h, &m->rm_len, sizeof(m->rm_len));
	h = fuzz_hash(h, &m->rm_ts, sizeof(m->rm_ts));
	h = fuzz_hash(h, &m->rm_msid, sizeof(m->rm_msid));
	h = fuzz_hash(h, &m->rm_csid, sizeof(m->rm_csid));
	h = fuzz_hash(h, m->rm_data, m->rm_len);
	if (sn->sn_count == sn->sn_room) {
		sn->sn_room = 2 * sn->sn_room + 16;
		sn->sn_hash = reallocarray(sn->sn_hash, sn->sn_room,
		    sizeof(sn->sn_hash[0]));
		FUZZ_NEED(sn->sn_hash != NULL);
	}
	sn->sn_hash[sn->sn_count++] = h;
}

/* All messages in a piece; returns how many bytes they took. */
static size_t
drain(struct chunk_in *ci, const uint8_t *p, size_t len, struct seen *sn)
{
	uint8_t *block = fuzz_block(p, len);
	size_t used, done = 0;
	enum rtmp_result r;
	struct rtmp_msg m;

	do {
		r = chunk_in_next(ci, block + done, len - done, &used, &m,
		    &sn->sn_why);
		FUZZ_CHECK(used <= len - done);
		done += used;
		if (r == RTMP_OK)
			see(sn, &m);
	} while (r == RTMP_OK);
	FUZZ_CHECK(r == RTMP_MORE || r == RTMP_BAD);
	FUZZ_CHECK((r == RTMP_BAD) == (sn->sn_why != NULL));
	/* what is left is less than a header, or it would have been taken */
	FUZZ_CHECK(r == RTMP_BAD || len - done < CHUNK_HEADER_MAX);
	free(block);
	return done;
}

/* Refused is refused for good, and for the same reason. */
static void
refused_again(struct chunk_in *ci, const char *why)
{
	static const uint8_t ping[] = {
		2, 0, 0, 0, 0, 0, 4, 3, 0, 0, 0, 0, 0, 0, 0, 1,
	};
	const char *again = NULL;
	struct rtmp_msg m;
	size_t used;

	FUZZ_CHECK(chunk_in_next(ci, ping, sizeof(ping), &used, &m, &again) ==
	    RTMP_BAD);
	FUZZ_CHECK(again == why && used == 0);
}

/* Pieces of up to `piece` bytes by chance; 0 is all at once. */
static struct seen
feed(const uint8_t *p, size_t len, size_t piece, uint64_t chance)
{
	struct chunk_in *ci = chunk_in_new(&limits);
	struct seen sn = { NULL, 0, 0, NULL, CHUNK_OVER_NONE };
	size_t done = 0, there = 0;

	FUZZ_NEED(ci != NULL);
	while (there < len && sn.sn_why == NULL) {
		there += piece == 0 ? len : 1 + mutate_random(&chance, piece);
		if (there > len)
			there = len;
		done += drain(ci, p + done, there - done, &sn);
	}
	if (sn.sn_why != NULL)
		refused_again(ci, sn.sn_why);
	sn.sn_over = chunk_in_over(ci);
	FUZZ_CHECK(sn.sn_over == CHUNK_OVER_NONE || sn.sn_why != NULL);
	chunk_in_free(ci);
	return sn;
}

/*
 * How much is held hangs on how bytes arrive: what lies whole in one piece is
 * never copied. So one way may be refused for what is unfinished before the
 * other is, and then only what both made is alike. With plenty allowed that
 * never happens.
 */
static void
compare(const struct seen *a, const struct seen *b, bool plenty)
{
	size_t n = a->sn_count < b->sn_count ? a->sn_count : b->sn_count;

	FUZZ_CHECK(n == 0 ||
	    memcmp(a->sn_hash, b->sn_hash, n * sizeof(a->sn_hash[0])) == 0);
	if (a->sn_over == CHUNK_OVER_PARTIAL ||
	    b->sn_over == CHUNK_OVER_PARTIAL) {
		FUZZ_CHECK(!plenty);
		return;
	}
	FUZZ_CHECK(a->sn_count == b->sn_count);
	FUZZ_CHECK(a->sn_why == b->sn_why && a->sn_over == b->sn_over);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t message[] = { 0xffffff, 4096, 64, 1, 0 };
	static const uint32_t partial[] = { 0x4000000, 65536, 2048, 16, 0 };
	static const uint32_t streams[] = { 256, 65598, 8, 2, 1, 0 };
	struct fuzz_in in = { data, size };
	struct seen whole, other;
	uint64_t cut;
	bool plenty;

	limits.cl_message = message[fuzz_take(&in, 1) % 5];
	limits.cl_partial = partial[fuzz_take(&in, 1) % 5];
	limits.cl_streams = streams[fuzz_take(&in, 1) % 6];
	cut = fuzz_take(&in, 2);
	plenty = limits.cl_partial >= 4 * in.fi_left +
	    BUFFER_FIRST * (uint64_t)limits.cl_streams;

	whole = feed(in.fi_p, in.fi_left, 0, 0);
	other = feed(in.fi_p, in.fi_left, 1 + cut % 200, cut);
	compare(&whole, &other, plenty);
	free(other.sn_hash);
	if (in.fi_left <= SINGLE_MAX) {
		other = feed(in.fi_p, in.fi_left, 1, 0);
		compare(&whole, &other, plenty);
		free(other.sn_hash);
	}
	free(whole.sn_hash);
	return 0;
}
