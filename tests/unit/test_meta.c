/* SPDX-License-Identifier: ISC */
/*
 * test_meta.c - onMetaData of a recording, and the index in it.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "recording/meta.h"
#include "rtmp/amf.h"

TestSuite(meta, .timeout = 10);

static struct keyframes keys;

static size_t
publishers(uint8_t *buf, size_t size)
{
	struct amf_out out;

	amf_out_init(&out, buf, size);
	amf_put_string(&out, "onMetaData");
	amf_put_ecma_array(&out, 3);
	amf_put_key(&out, "width");
	amf_put_number(&out, 640);
	amf_put_key(&out, "duration");
	amf_put_number(&out, 99);
	amf_put_key(&out, "encoder");
	amf_put_string(&out, "test");
	amf_put_end(&out);
	return out.ao_len;
}

/* The value of a property, which must be there once. */
static struct amf_in
property(const uint8_t *message, size_t len, const char *name)
{
	struct amf_in in, found = { .ai_p = NULL };
	struct amf_str key;

	amf_in_init(&in, message, len);
	cr_assert_eq(amf_get_string(&in, &key), RTMP_OK);
	cr_assert(amf_str_is(&key, "onMetaData"));
	cr_assert_eq(amf_enter_object(&in), RTMP_OK);
	while (amf_next_key(&in, &key) == RTMP_OK) {
		if (amf_str_is(&key, name)) {
			cr_assert_null(found.ai_p, "%s is there twice", name);
			found = in;
		}
		cr_assert_eq(amf_skip(&in), RTMP_OK);
	}
	cr_assert_eq(amf_peek(&in), -1, "something behind the object");
	cr_assert_not_null(found.ai_p, "no %s", name);
	return found;
}

static double
number(const uint8_t *message, size_t len, const char *name)
{
	struct amf_in in = property(message, len, name);
	double value;

	cr_assert_eq(amf_get_number(&in, &value), RTMP_OK);
	return value;
}

/* How many entries the index has; the first and the last of one array. */
static uint32_t
array(const uint8_t *message, size_t len, const char *name, double *first,
    double *last)
{
	struct amf_in in = property(message, len, "keyframes");
	struct amf_str key;
	uint32_t n, i;

	cr_assert_eq(amf_enter_object(&in), RTMP_OK);
	while (amf_next_key(&in, &key) == RTMP_OK && !amf_str_is(&key, name))
		cr_assert_eq(amf_skip(&in), RTMP_OK);
	cr_assert_eq(in.ai_p[0], AMF_STRICT_ARRAY);
	n = (uint32_t)in.ai_p[1] << 24 | (uint32_t)in.ai_p[2] << 16 |
	    (uint32_t)in.ai_p[3] << 8 | in.ai_p[4];
	in.ai_p += 5;
	for (i = 0; i < n; i++) {
		cr_assert_eq(amf_get_number(&in, last), RTMP_OK);
		if (i == 0)
			*first = *last;
	}
	return n;
}

Test(meta, keeps_what_the_publisher_said_but_for_what_is_ours)
{
	uint8_t said[256], *message;
	struct meta me = {
		.me_data = said, .me_len = publishers(said, sizeof(said)),
		.me_duration = 12.5, .me_filesize = 1e6,
	};
	size_t size = meta_size(&me);

	message = malloc(size);
	keyframes_init(&keys);
	keyframes_add(&keys, 0, 100);
	keyframes_add(&keys, 2000, 5000);
	cr_assert_eq(meta_make(&me, &keys, message, size), 0);
	cr_assert_eq(number(message, size, "width"), 640);
	cr_assert_eq(number(message, size, "duration"), 12.5);
	cr_assert_eq(number(message, size, "filesize"), 1e6);
	(void)property(message, size, "encoder");
	free(message);
}

Test(meta, has_the_same_size_with_no_index_and_a_full_one)
{
	struct meta me = { .me_len = 0 };
	size_t size = meta_size(&me);
	uint8_t *message = malloc(size);
	double first, last;
	uint32_t i;

	keyframes_init(&keys);
	cr_assert_eq(meta_make(&me, &keys, message, size), 0);
	cr_assert_eq(array(message, size, "times", &first, &last), 0);
	for (i = 0; i < KEYFRAMES_MAX; i++)
		keyframes_add(&keys, i * 1000, 100 + i);
	cr_assert_eq(meta_make(&me, &keys, message, size), 0);
	cr_assert_eq(array(message, size, "times", &first, &last),
	    KEYFRAMES_MAX);
	cr_assert_eq(last, KEYFRAMES_MAX - 1);
	cr_assert_eq(array(message, size, "filepositions", &first, &last),
	    KEYFRAMES_MAX);
	cr_assert_eq(first, 100);
	free(message);
}

Test(meta, an_index_that_is_full_is_thinned_out_evenly)
{
	uint32_t i;

	keyframes_init(&keys);
	for (i = 0; i < 5 * KEYFRAMES_MAX; i++)
		keyframes_add(&keys, i * 10, i);
	cr_assert_leq(keys.kf_n, KEYFRAMES_MAX);
	cr_assert_gt(keys.kf_n, KEYFRAMES_MAX / 2);
	for (i = 0; i < keys.kf_n; i++)
		cr_assert_eq(keys.kf_entry[i].kf_pos, i * keys.kf_stride);
}

Test(meta, an_index_too_large_for_its_place_is_thinned_out_until_it_fits)
{
	struct meta me = { .me_len = 0 };
	size_t size = meta_size(&me) - 18 * KEYFRAMES_MAX + 100 * 18;
	uint8_t *message = malloc(size);
	double first, last;
	uint32_t i;

	keyframes_init(&keys);
	for (i = 0; i < 1000; i++)
		keyframes_add(&keys, i * 1000, i);
	cr_assert_eq(meta_make(&me, &keys, message, size), 0);
	cr_assert_eq(array(message, size, "times", &first, &last), 63);
	cr_assert_eq(last, 62 * 16);
	cr_assert_eq(meta_make(&me, &keys, message, 60), -1);
	free(message);
}

Test(meta, what_was_cut_off_the_file_is_not_in_the_index)
{
	keyframes_init(&keys);
	keyframes_add(&keys, 0, 100);
	keyframes_add(&keys, 1000, 200);
	keyframes_cut(&keys, 200);
	cr_assert_eq(keys.kf_n, 1);
	keyframes_cut(&keys, 201);
	cr_assert_eq(keys.kf_n, 1);
}
