/* SPDX-License-Identifier: ISC */
/*
 * test_data.c - data messages told apart, as clients send them.
 */
#include "rtmp/command.h"

#include <criterion/criterion.h>

#include "rtmp_vec.h"

TestSuite(data, .timeout = 10);

#define SET_DATA_FRAME	"02000d 40736574446174614672616d65"
#define CLEAR_FRAME	"02000f 40636c656172446174614672616d65"
#define ON_METADATA	"02000a 6f6e4d65746144617461"
#define ON_TEXT		"020006 6f6e54657874"

static void
check_data(uint8_t type, const char *hex, enum data_kind want, size_t skip)
{
	struct rtmp_msg	m = message(type, hex);
	size_t		got = 99;

	cr_assert_eq(data_classify(&m, &got), want, "%s", hex);
	cr_assert_eq(got, skip, "%s: %zu", hex, got);
	discard(&m);
}

Test(data, knows_metadata_bare_wrapped_and_cleared)
{
	check_data(RTMP_DATA, "02000d40736574446174614672616d6502000a6f6e4d65"
	    "746144617461080000000100057769647468004000000000000000000009",
	    DATA_METADATA, 16);
	check_data(RTMP_DATA, ON_METADATA "05", DATA_METADATA, 0);
	check_data(RTMP_DATA_AMF3, "00" ON_METADATA, DATA_METADATA, 1);
	check_data(RTMP_DATA_AMF3, ON_METADATA, DATA_METADATA, 0);
	check_data(RTMP_DATA_AMF3, "00" SET_DATA_FRAME ON_METADATA,
	    DATA_METADATA, 17);
	/* the same as a long string, and as an AMF3 one */
	check_data(RTMP_DATA, "0c0000000d 40736574446174614672616d65"
	    ON_METADATA, DATA_METADATA, 18);
	check_data(RTMP_DATA_AMF3, "00 11061b 40736574446174614672616d65"
	    ON_METADATA, DATA_METADATA, 17);
	check_data(RTMP_DATA, CLEAR_FRAME ON_METADATA, DATA_CLEAR, 0);
	check_data(RTMP_DATA, CLEAR_FRAME, DATA_CLEAR, 0);
	check_data(RTMP_DATA_AMF3, "00" CLEAR_FRAME ON_METADATA, DATA_CLEAR,
	    1);
}

Test(data, passes_other_data_on)
{
	check_data(RTMP_DATA, ON_TEXT "05", DATA_OTHER, 0);
	check_data(RTMP_DATA_AMF3, "00" ON_TEXT, DATA_OTHER, 1);
	check_data(RTMP_DATA, SET_DATA_FRAME ON_TEXT, DATA_OTHER, 16);
	check_data(RTMP_DATA, CLEAR_FRAME ON_TEXT, DATA_OTHER, 0);
	check_data(RTMP_DATA, SET_DATA_FRAME, DATA_OTHER, 0);
	check_data(RTMP_DATA, SET_DATA_FRAME "05", DATA_OTHER, 0);
	check_data(RTMP_DATA, "", DATA_OTHER, 0);
	check_data(RTMP_DATA, "02ffff", DATA_OTHER, 0);
	check_data(RTMP_DATA, "00", DATA_OTHER, 0);
	check_data(RTMP_DATA_AMF3, "", DATA_OTHER, 0);
	check_data(RTMP_DATA_AMF3, "00", DATA_OTHER, 1);
}
