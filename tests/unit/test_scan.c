/* SPDX-License-Identifier: ISC */
/*
 * test_scan.c - what is left of an FLV file, wherever a crash tore it.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "media/flv.h"
#include "recording/scan.h"

TestSuite(scan, .timeout = 30);

#define TAGS	6

/* onMetaData, a key frame, two others, audio, a key frame: H.264 and AAC. */
static const struct {
	uint8_t		 type;
	uint32_t	 ms;
	uint32_t	 len;
	uint8_t		 begin[2];
} tags[TAGS] = {
	{ 18, 0, 40, { 2, 0 } }, { 9, 0, 60, { 0x17, 1 } },
	{ 9, 40, 8, { 0x27, 1 } }, { 9, 80, 7, { 0x27, 1 } },
	{ 8, 85, 9, { 0xaf, 1 } }, { 9, 0x1000050, 300, { 0x17, 1 } },
};

static struct keyframes keys;
static uint8_t image[1024];
static size_t ends[TAGS];	/* of each tag */

static size_t
make(void)
{
	size_t at = FLV_HEADER;
	int i;

	flv_header(image, true, true);
	for (i = 0; i < TAGS; i++) {
		flv_tag_head(image + at, tags[i].type, tags[i].len,
		    tags[i].ms);
		at += FLV_TAG_HEAD;
		memcpy(image + at, tags[i].begin, 2);
		at += tags[i].len;
		flv_tag_tail(image + at, tags[i].len);
		ends[i] = at += FLV_TAG_TAIL;
	}
	return at;
}

static int
scan(size_t len, struct scan *sc)
{
	FILE *file = tmpfile();
	int result, saved;

	cr_assert_not_null(file);
	cr_assert_eq(write(fileno(file), image, len), (ssize_t)len);
	result = scan_file(fileno(file), sc, &keys);
	saved = errno;
	fclose(file);
	errno = saved;
	return result;
}

Test(scan, finds_end_time_metadata_and_key_frames)
{
	size_t size = make();
	struct scan sc;

	cr_assert_eq(scan(size, &sc), 0);
	cr_assert_eq(sc.sc_end, size);
	cr_assert_eq(sc.sc_last, 0x1000050);
	cr_assert_eq(sc.sc_meta, 40);
	cr_assert_eq(keys.kf_n, 2);
	cr_assert_eq(keys.kf_entry[0].kf_pos, ends[0]);
	cr_assert_eq(keys.kf_entry[1].kf_pos, ends[4]);
	cr_assert_eq(keys.kf_entry[1].kf_ms, 0x1000050);
}

Test(scan, torn_anywhere_what_counts_are_the_whole_tags_before)
{
	size_t size = make(), len, whole;
	struct scan sc;
	int i;

	for (len = FLV_HEADER; len < size; len++) {
		whole = FLV_HEADER;
		for (i = 0; i < TAGS && ends[i] <= len; i++)
			whole = ends[i];
		cr_assert_eq(scan(len, &sc), 0);
		cr_assert_eq(sc.sc_end, whole, "torn at %zu: %zu, not %zu",
		    len, (size_t)sc.sc_end, whole);
	}
}

Test(scan, zeros_that_a_loss_of_power_left_are_no_tags)
{
	size_t size = make();
	struct scan sc;

	memset(image + size, 0, 100);
	cr_assert_eq(scan(size + 100, &sc), 0);
	cr_assert_eq(sc.sc_end, size);
}

Test(scan, what_is_no_flv_file_is_told_apart)
{
	struct scan sc;

	make();
	cr_assert_eq(scan(FLV_HEADER - 1, &sc), -1);
	cr_assert_eq(errno, EBADMSG);
	memcpy(image, "RIFF", 4);
	cr_assert_eq(scan(100, &sc), -1);
	cr_assert_eq(errno, EBADMSG);
}
