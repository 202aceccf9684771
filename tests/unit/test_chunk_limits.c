/* SPDX-License-Identifier: ISC */
/*
 * test_chunk_limits.c - what the reader of chunks refuses, and what many
 * chunk streams cost it.
 */
#include "rtmp/chunk.h"

#include <criterion/criterion.h>
#include <string.h>

#include "chunk_feed.h"
#include "hex.h"
#include "rtmp/bytes.h"

TestSuite(chunk_limits, .timeout = 10);

static enum rtmp_result
feed_hex(const struct chunk_limits *limits, const char *hex, const char **why)
{
	static uint8_t		data[65536];
	struct feed		f = feed_new(data, limits);
	enum rtmp_result	r;

	f.f_avail = unhex(hex, data);
	r = feed_run(&f);
	*why = f.f_why;
	chunk_in_free(f.f_ci);
	return r;
}

Test(chunk_limits, refuses_a_message_over_the_limit_at_its_header)
{
	static const struct chunk_limits small = { 100, 1000, 8 };
	const char	*why;

	cr_assert_eq(feed_hex(&small, "04000000 000064 08 01000000", &why),
	    RTMP_MORE);
	cr_assert_eq(feed_hex(&small, "04000000 000065 08 01000000", &why),
	    RTMP_BAD);
	cr_assert_not_null(strstr(why, "length limit"));
}

Test(chunk_limits, refuses_too_many_chunk_streams)
{
	static const struct chunk_limits two = { 100, 1000, 2 };
	const char	*why;

	cr_assert_eq(feed_hex(&two, "04000000 000000 08 01000000"
	    "05000000 000000 08 01000000 c4c5c4c5", &why), RTMP_MORE);
	cr_assert_eq(feed_hex(&two, "04000000 000000 08 01000000"
	    "05000000 000000 08 01000000 06000000 000000 08 01000000", &why),
	    RTMP_BAD);
	cr_assert_not_null(strstr(why, "chunk streams"));
}

/* First chunks of `n` messages on as many ids, each of `announced` bytes. */
static enum rtmp_result
partials(const struct chunk_limits *limits, int n, uint32_t announced,
    const char **why)
{
	static uint8_t		data[64 * 140];
	struct feed		f = feed_new(data, limits);
	enum rtmp_result	r;
	uint8_t			*p = data;
	int			i;

	for (i = 0; i < n; i++, p += 128) {
		p += unhex("04000000 000000 08 01000000", p);
		p[-12] = (uint8_t)(3 + i);
		put_be24(p - 8, announced);
	}
	f.f_avail = (size_t)(p - data);
	r = feed_run(&f);
	*why = f.f_why;
	chunk_in_free(f.f_ci);
	return r;
}

Test(chunk_limits, refuses_too_much_of_unfinished_messages)
{
	struct chunk_limits	 limits = { BIG, 16384, 64 };
	const char		*why;

	/* an announced length alone costs nothing */
	cr_assert_eq(partials(&limits, 16, BIG - 1, &why), RTMP_MORE);
	cr_assert_eq(partials(&limits, 60, BIG - 1, &why), RTMP_BAD);
	cr_assert_not_null(strstr(why, "unfinished"));
	/* one message may fill the limit to the last byte */
	limits.cl_partial = 129;
	cr_assert_eq(partials(&limits, 1, 129, &why), RTMP_MORE);
	limits.cl_partial = 128;
	cr_assert_eq(partials(&limits, 1, 129, &why), RTMP_MORE);
	limits.cl_partial = 127;
	cr_assert_eq(partials(&limits, 1, 129, &why), RTMP_BAD);
}

Test(chunk_limits, gives_the_room_of_finished_and_aborted_messages_back)
{
	static const struct chunk_limits tight = { 200, 200, 8 };
	uint8_t		 data[600] = { 0 };
	struct feed	 f = feed_new(data, &tight);
	int		 i;

	for (i = 0; i < 1000; i++) {
		memset(data, 0, sizeof(data));
		unhex("04000000 0000c8 08 01000000", data);
		data[140] = 0xc4;
		unhex("05000000 0000c8 08 01000000", data + 213);
		unhex("02000000 000004 02 00000000 00000005", data + 353);
		f.f_off = 0;
		f.f_avail = 369;
		f.f_log[0] = '\0';
		cr_assert_eq(feed_run(&f), RTMP_MORE, "%s", f.f_why);
		cr_assert_eq(f.f_off, 369);
	}
	chunk_in_free(f.f_ci);
}

Test(chunk_limits, never_recovers_from_what_it_refused)
{
	uint8_t		data[64];
	size_t		used, len;
	struct chunk_in	*ci = chunk_in_new(&roomy);
	struct rtmp_msg	m;
	const char	*why = NULL, *again = NULL;

	len = unhex("c4 04000000 000001 08 01000000 aa", data);
	cr_assert_eq(chunk_in_next(ci, data, len, &used, &m, &why), RTMP_BAD);
	cr_assert_not_null(why);
	cr_assert_eq(chunk_in_next(ci, data + 1, len - 1, &used, &m, &again),
	    RTMP_BAD);
	cr_assert_eq(used, 0);
	cr_assert_eq(why, again);
	chunk_in_free(ci);
	chunk_in_free(NULL);
}

/* All 65598 ids, three rounds: a search through a list would time out. */
Test(chunk_limits, finds_its_streams_fast_however_many_there_are)
{
	static const struct chunk_limits many = { 100, 1000, 65598 };
	struct chunk_in		*ci = chunk_in_new(&many);
	struct rtmp_msg		 m;
	const char		*why;
	uint8_t			 data[16];
	size_t			 used, len;
	uint32_t		 csid, round;

	for (round = 0; round < 3; round++) {
		for (csid = 65599; csid >= 64; csid--) {
			len = 3 + unhex("000000 000001 08 01000000 aa",
			    data + 3);
			data[0] = 1;
			data[1] = (uint8_t)(csid - 64);
			data[2] = (uint8_t)((csid - 64) >> 8);
			cr_assert_eq(chunk_in_next(ci, data, len, &used, &m,
			    &why), RTMP_OK);
			cr_assert_eq(m.rm_csid, csid);
		}
	}
	chunk_in_free(ci);
}
