/* SPDX-License-Identifier: ISC */
/*
 * test_flv.c - what stands around messages in an FLV file, byte for byte.
 */
#include "media/flv.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(flv, .timeout = 10);

static void
is_header(bool audio, bool video, uint8_t flags)
{
	const uint8_t want[FLV_HEADER] = {
		'F', 'L', 'V', 1, flags, 0, 0, 0, 9, 0, 0, 0, 0,
	};
	uint8_t out[FLV_HEADER];

	memset(out, 0xee, sizeof(out));
	flv_header(out, audio, video);
	cr_assert_arr_eq(out, want, sizeof(want));
}

Test(flv, the_header_says_which_kinds_there_are)
{
	is_header(false, false, 0x00);
	is_header(false, true, 0x01);
	is_header(true, false, 0x04);
	is_header(true, true, 0x05);
}

static void
is_tag_head(uint8_t type, uint32_t len, uint32_t ms,
    const uint8_t want[FLV_TAG_HEAD])
{
	uint8_t out[FLV_TAG_HEAD];

	memset(out, 0xee, sizeof(out));
	flv_tag_head(out, type, len, ms);
	cr_assert_arr_eq(out, want, FLV_TAG_HEAD);
	cr_assert_eq(flv_tag_length(out), len);
	cr_assert_eq(flv_tag_time(out), ms);
}

/* The highest byte of the time comes after the other three. */
Test(flv, the_head_of_a_tag)
{
	is_tag_head(9, 0x010203, 0x0a0b0c0d, (const uint8_t[]){
	    9, 1, 2, 3, 0x0b, 0x0c, 0x0d, 0x0a, 0, 0, 0 });
	is_tag_head(8, 0, 0, (const uint8_t[]){
	    8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 });
	is_tag_head(18, FLV_TAG_MAX, 0x00ffffff, (const uint8_t[]){
	    18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0 });
}

/* 2^24 ms are four hours and a half, 2^31 ms 24 days. A time before 0 is one
 * shortly before 2^32. */
Test(flv, times_that_do_not_fit_three_bytes)
{
	is_tag_head(9, 1, 0x01000000, (const uint8_t[]){
	    9, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0 });
	is_tag_head(9, 1, 0x80000001, (const uint8_t[]){
	    9, 0, 0, 1, 0, 0, 1, 0x80, 0, 0, 0 });
	is_tag_head(9, 1, (uint32_t)INT64_C(-40), (const uint8_t[]){
	    9, 0, 0, 1, 0xff, 0xff, 0xd8, 0xff, 0, 0, 0 });
	is_tag_head(9, 1, (uint32_t)INT64_C(0x100000005), (const uint8_t[]){
	    9, 0, 0, 1, 0, 0, 5, 0, 0, 0, 0 });
}

static void
is_tag_tail(uint32_t len, const uint8_t want[FLV_TAG_TAIL])
{
	uint8_t out[FLV_TAG_TAIL];

	memset(out, 0xee, sizeof(out));
	flv_tag_tail(out, len);
	cr_assert_arr_eq(out, want, FLV_TAG_TAIL);
}

/* The size of a whole tag, which may need all four bytes. */
Test(flv, the_tail_of_a_tag)
{
	is_tag_tail(0, (const uint8_t[]){ 0, 0, 0, 11 });
	is_tag_tail(0x010203, (const uint8_t[]){ 0, 1, 2, 14 });
	is_tag_tail(FLV_TAG_MAX, (const uint8_t[]){ 1, 0, 0, 10 });
}
