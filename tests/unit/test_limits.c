/* SPDX-License-Identifier: ISC */
/*
 * test_limits.c - whoever passes a limit of the chunk stream or of commands
 * is told which one it was.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "hex.h"
#include "rtmp/chunk.h"
#include "rtmp/command.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

TestSuite(limits, .timeout = 10);

struct over { char hex[160]; size_t zeros; enum chunk_over want; };

ParameterizedTestParameters(limits, the_chunk_reader_tells_which_it_was)
{
	static struct over	 v[] = {
		/* 257 bytes announced */
		{ "04000000 000101 08 01000000", 0, CHUNK_OVER_MESSAGE },
		/* 256, of which a chunk comes */
		{ "04000000 000100 08 01000000", 128, CHUNK_OVER_NONE },
		/* four streams; the fifth */
		{ "03000000 000000 08 01000000 04000000 000000 08 01000000"
		    "05000000 000000 08 01000000 06000000 000000 08 01000000",
		    0, CHUNK_OVER_NONE },
		{ "03000000 000000 08 01000000 04000000 000000 08 01000000"
		    "05000000 000000 08 01000000 06000000 000000 08 01000000"
		    "07000000 000000 08 01000000", 0, CHUNK_OVER_STREAMS },
		/* malformed, which is no limit */
		{ "c4", 0, CHUNK_OVER_NONE },
	};

	return cr_make_param_array(struct over, v, N(v));
}

static enum rtmp_result
read_all(struct chunk_in *ci, const uint8_t *p, size_t len)
{
	enum rtmp_result	 r;
	struct rtmp_msg		 m;
	const char		*why;
	size_t			 used;

	do {
		r = chunk_in_next(ci, p, len, &used, &m, &why);
		p += used;
		len -= used;
	} while (r == RTMP_OK);
	return r;
}

ParameterizedTest(struct over *v, limits, the_chunk_reader_tells_which_it_was)
{
	static const struct chunk_limits	 limits = { 256, 300, 4 };
	struct chunk_in	*ci = chunk_in_new(&limits);
	uint8_t		 data[512] = { 0 };
	size_t		 len = unhex(v->hex, data) + v->zeros;

	cr_assert_not_null(ci);
	(void)read_all(ci, data, len);
	cr_assert_eq(chunk_in_over(ci), v->want, "%s", v->hex);
	chunk_in_free(ci);
}

Test(limits, unfinished_messages_on_two_chunk_streams_are_one_sum)
{
	static const struct chunk_limits	 limits = { 256, 200, 4 };
	struct chunk_in	*ci = chunk_in_new(&limits);
	uint8_t		 data[512] = { 0 };

	cr_assert_not_null(ci);
	cr_assert_eq(unhex("04000000 000100 08 01000000", data), 12);
	cr_assert_eq(unhex("05000000 000100 08 01000000", data + 140), 12);
	cr_assert_eq(read_all(ci, data, 140), RTMP_MORE);
	cr_assert_eq(chunk_in_over(ci), CHUNK_OVER_NONE);
	cr_assert_eq(read_all(ci, data + 140, 140), RTMP_BAD);
	cr_assert_eq(chunk_in_over(ci), CHUNK_OVER_PARTIAL);
	chunk_in_free(ci);
}

struct deep { char hex[128]; int depth; bool want; };

ParameterizedTestParameters(limits, a_command_is_too_deep_by_its_deepest_value)
{
	static struct deep	 v[] = {
		{ "020001 61 00 3ff0000000000000 05", 0, false },
		{ "020001 61 00 3ff0000000000000 03 000009", 0, true },
		{ "020001 61 00 3ff0000000000000 03 000009", 1, false },
		{ "020001 61 00 3ff0000000000000 05 03 0001 61 03 000009"
		    "000009", 1, true },
		{ "020001 61 00 3ff0000000000000 05 03 0001 61 03 000009"
		    "000009", 2, false },
		{ "020001 61 0a 00000001 0a 00000000", 1, true },
		{ "020001 61 11 09 03 01 09 01 01", 1, true },
		{ "020001 61 11 0a 0b 01 03 61 0a 0b 01 01 01", 1, true },
		{ "020001 61 11 0a 0b 01 03 61 0a 0b 01 01 01", 2, false },
		/* the walk ends at what is malformed, which is not deep */
		{ "020001 61 0e 03 000009", 0, false },
		{ "020001 61 03 0001", 1, false },
		{ "", 0, false },
	};

	return cr_make_param_array(struct deep, v, N(v));
}

ParameterizedTest(struct deep *v, limits,
    a_command_is_too_deep_by_its_deepest_value)
{
	uint8_t		 data[128];
	struct rtmp_msg	 m = { .rm_type = RTMP_COMMAND, .rm_data = data };

	m.rm_len = (uint32_t)unhex(v->hex, data);
	cr_assert_eq(command_too_deep(&m, v->depth), v->want, "%s", v->hex);
}
