/* SPDX-License-Identifier: ISC */
/*
 * test_message.c - control messages (RTMP 1.0, 5.4, 7.1.7) and aggregates
 * (7.1.6).
 */
#include "rtmp/message.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"

/* Audio at +0 with sub-time 100, video with 123; computed independently. */
#define AGGREGATE \
	"0800000300006400000000af01aa0000000e" \
	"0900000600007b000000002701000000bb00000011"

TestSuite(message, .timeout = 10);

/* On the heap at its exact size, so that a read past the end is seen. */
static struct rtmp_msg
message(uint8_t type, const char *hex, size_t len)
{
	uint8_t		bytes[256], *p;
	struct rtmp_msg	m = { .rm_type = type };

	unhex(hex, bytes);
	if ((p = malloc(len)) == NULL)
		abort();
	memcpy(p, bytes, len);
	m.rm_data = p;
	m.rm_len = (uint32_t)len;
	return m;
}

static void
discard(struct rtmp_msg *m)
{
	free((void *)(uintptr_t)m->rm_data);
}

static void
check_body(const uint8_t *body, size_t len, const char *hex)
{
	uint8_t	want[CONTROL_MAX];

	cr_assert_eq(len, unhex(hex, want));
	cr_assert_arr_eq(body, want, len);
}

Test(message, writes_control_bodies_as_the_specification_has_them)
{
	uint8_t	b[CONTROL_MAX];

	check_body(b, control_u32(b, 4096), "00001000");
	check_body(b, control_peer_bandwidth(b, 2500000), "002625a0 02");
	check_body(b, control_event(b, RTMP_STREAM_BEGIN, 1), "0000 00000001");
	check_body(b, control_event(b, RTMP_PING_REQUEST, 0x12345678),
	    "0006 12345678");
	check_body(b, control_event(b, RTMP_PING_RESPONSE, 0x12345678),
	    "0007 12345678");
}

Test(message, reads_a_number_that_is_all_there)
{
	struct rtmp_msg	m;
	uint32_t	v = 7;
	size_t		n;

	for (n = 0; n <= 5; n++) {
		m = message(RTMP_PEER_BANDWIDTH, "002625a002", n);
		cr_assert_eq(control_get_u32(&m, &v),
		    n < 4 ? RTMP_BAD : RTMP_OK);
		cr_assert_eq(v, n < 4 ? 7 : 2500000);
		discard(&m);
	}
}

Test(message, reads_an_event_with_or_without_a_value)
{
	struct rtmp_msg	m;
	uint16_t	ev;
	uint32_t	v;
	size_t		n;

	for (n = 0; n <= 10; n++) {
		m = message(RTMP_USER_CONTROL, "0003 00000001 00000bb8", n);
		v = 99;
		if (n < 2 || (n > 2 && n < 6))
			cr_assert_eq(control_get_event(&m, &ev, &v), RTMP_BAD);
		else {
			cr_assert_eq(control_get_event(&m, &ev, &v), RTMP_OK);
			cr_assert_eq(ev, RTMP_SET_BUFFER_LENGTH);
			cr_assert_eq(v, n == 2 ? 0 : 1);
		}
		discard(&m);
	}
}

static void
check_sub(const struct rtmp_msg *sub, uint8_t type, uint32_t ts,
    const char *hex)
{
	uint8_t	want[64];
	size_t	len = unhex(hex, want);

	cr_assert_eq(sub->rm_type, type);
	cr_assert_eq(sub->rm_ts, ts);
	cr_assert_eq(sub->rm_msid, 5);
	cr_assert_eq(sub->rm_csid, 4);
	cr_assert_eq(sub->rm_len, len);
	cr_assert_arr_eq(sub->rm_data, want, len);
}

Test(message, takes_an_aggregate_apart_and_stops_where_it_is_cut_off)
{
	struct rtmp_msg	agg, sub;
	size_t		n, off, len = strlen(AGGREGATE) / 2;

	for (n = 0; n <= len; n++) {
		agg = message(RTMP_AGGREGATE, AGGREGATE, n);
		agg.rm_ts = 5000;
		agg.rm_msid = 5;
		agg.rm_csid = 4;
		off = 0;
		if (n >= 14) {
			cr_assert_eq(aggregate_next(&agg, &off, &sub),
			    RTMP_OK);
			check_sub(&sub, RTMP_AUDIO, 5000, "af01aa");
		}
		if (n >= 35) {
			cr_assert_eq(aggregate_next(&agg, &off, &sub),
			    RTMP_OK);
			check_sub(&sub, RTMP_VIDEO, 5023, "2701000000bb");
		}
		cr_assert_eq(aggregate_next(&agg, &off, &sub), RTMP_END);
		cr_assert_eq(aggregate_next(&agg, &off, &sub), RTMP_END);
		discard(&agg);
	}
}

Test(message, reads_the_high_byte_of_an_aggregates_times_and_wraps)
{
	struct rtmp_msg	agg, sub;
	size_t		off = 0;

	agg = message(RTMP_AGGREGATE, "08000000 fffff0 7f 000000 0000000b"
	    "08000000 000010 80 000000 0000000b", 30);
	agg.rm_ts = 0xfffffff8;
	cr_assert_eq(aggregate_next(&agg, &off, &sub), RTMP_OK);
	cr_assert_eq(sub.rm_ts, 0xfffffff8);
	cr_assert_eq(sub.rm_len, 0);
	cr_assert_eq(aggregate_next(&agg, &off, &sub), RTMP_OK);
	cr_assert_eq(sub.rm_ts, 0x18);
	cr_assert_eq(aggregate_next(&agg, &off, &sub), RTMP_END);
	discard(&agg);
}

Test(message, steps_over_an_aggregate_within_an_aggregate)
{
	struct rtmp_msg	agg, sub;
	size_t		off = 0;

	agg = message(RTMP_AGGREGATE, "16000001 000000 00 000000 aa 0000000c"
	    "08000001 000003 00 000000 bb 0000000c", 32);
	cr_assert_eq(aggregate_next(&agg, &off, &sub), RTMP_OK);
	cr_assert_eq(sub.rm_type, RTMP_AUDIO);
	cr_assert_eq(sub.rm_ts, 3);
	cr_assert_eq(aggregate_next(&agg, &off, &sub), RTMP_END);
	discard(&agg);
}
