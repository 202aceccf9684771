/* SPDX-License-Identifier: ISC */
/*
 * meta.c - onMetaData of a recording.
 * Players find a time by the two arrays of "keyframes". Properties of the
 * publisher are copied as they are, but for those that are ours to say.
 */
#include "recording/meta.h"

#include <stdbool.h>
#include <string.h>

#include "rtmp/amf.h"

#define ENTRY		18	/* bytes of a key frame in both arrays */
#define FILLER		13	/* bytes of an empty filler: key, head */

void
keyframes_init(struct keyframes *kf)
{
	kf->kf_n = kf->kf_seen = 0;
	kf->kf_stride = 1;
}

static void
thin(struct keyframes *kf)
{
	uint32_t i;

	for (i = 0; 2 * i < kf->kf_n; i++)
		kf->kf_entry[i] = kf->kf_entry[2 * i];
	kf->kf_n = i;
	kf->kf_stride *= 2;
}

void
keyframes_add(struct keyframes *kf, uint32_t ms, uint64_t pos)
{
	if (kf->kf_n > 0 && ++kf->kf_seen < kf->kf_stride)
		return;
	if (kf->kf_n == KEYFRAMES_MAX)	/* even: this one is still in step */
		thin(kf);
	kf->kf_entry[kf->kf_n].kf_ms = ms;
	kf->kf_entry[kf->kf_n].kf_pos = pos;
	kf->kf_n++;
	kf->kf_seen = 0;
}

void
keyframes_cut(struct keyframes *kf, uint64_t end)
{
	while (kf->kf_n > 0 && kf->kf_entry[kf->kf_n - 1].kf_pos >= end)
		kf->kf_n--;
}

static bool
is_ours(const struct amf_str *key)
{
	static const char *const ours[] = {
		"duration", "filesize", "keyframes", "filler",
	};
	size_t i;

	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (amf_str_is(key, ours[i]))
			return true;
	return false;
}

static void
put_raw(struct amf_out *out, const void *data, size_t len)
{
	if (out->ao_full || len > out->ao_size - out->ao_len) {
		out->ao_full = true;
		return;
	}
	memcpy(out->ao_buf + out->ao_len, data, len);
	out->ao_len += len;
}

/* Properties that can be read, up to the first that cannot. */
static void
copy_properties(const struct meta *me, struct amf_out *out)
{
	struct amf_str name, key;
	struct amf_in in;
	const uint8_t *begin;

	amf_in_init(&in, me->me_data, me->me_len);
	if (me->me_len == 0 || me->me_len > META_KEPT_MAX ||
	    amf_get_string(&in, &name) != RTMP_OK ||
	    amf_enter_object(&in) != RTMP_OK)
		return;
	for (;;) {
		begin = in.ai_p;
		if (amf_next_key(&in, &key) != RTMP_OK ||
		    amf_skip(&in) != RTMP_OK)
			return;
		if (!is_ours(&key))
			put_raw(out, begin, (size_t)(in.ai_p - begin));
	}
}

static void
put_index(const struct keyframes *kf, uint32_t step, struct amf_out *out)
{
	uint32_t n = (kf->kf_n + step - 1) / step, i;

	amf_put_key(out, "keyframes");
	amf_put_object(out);
	amf_put_key(out, "times");
	amf_put_strict_array(out, n);
	for (i = 0; i < kf->kf_n; i += step)
		amf_put_number(out, kf->kf_entry[i].kf_ms / 1000.0);
	amf_put_key(out, "filepositions");
	amf_put_strict_array(out, n);
	for (i = 0; i < kf->kf_n; i += step)
		amf_put_number(out, (double)kf->kf_entry[i].kf_pos);
	amf_put_end(out);
}

/* Nulls in an array: a byte each, and players read over them. FFmpeg knows
 * neither long strings nor strings that are long. */
static void
put_filler(struct amf_out *out, size_t len)
{
	amf_put_key(out, "filler");
	amf_put_strict_array(out, (uint32_t)len);
	if (out->ao_full || len > out->ao_size - out->ao_len) {
		out->ao_full = true;
		return;
	}
	memset(out->ao_buf + out->ao_len, AMF_NULL, len);
	out->ao_len += len;
}

static void
put_all(const struct meta *me, const struct keyframes *kf, uint32_t step,
    struct amf_out *out)
{
	amf_put_string(out, "onMetaData");
	amf_put_ecma_array(out, 0);
	amf_put_key(out, "duration");
	amf_put_number(out, me->me_duration);
	amf_put_key(out, "filesize");
	amf_put_number(out, me->me_filesize);
	copy_properties(me, out);
	put_index(kf, step, out);
}

size_t
meta_size(const struct meta *me)
{
	static const struct keyframes none;
	static uint8_t buf[META_KEPT_MAX + 1024];
	struct amf_out out;

	amf_out_init(&out, buf, sizeof(buf));
	put_all(me, &none, 1, &out);
	return out.ao_len + ENTRY * KEYFRAMES_MAX + FILLER + 3;
}

int
meta_make(const struct meta *me, const struct keyframes *kf, uint8_t *out,
    size_t size)
{
	uint32_t step;
	struct amf_out ao;

	for (step = 1; step <= 2 * KEYFRAMES_MAX; step *= 2) {
		amf_out_init(&ao, out, size);
		put_all(me, kf, step, &ao);
		if (ao.ao_full || size - ao.ao_len < FILLER + 3)
			continue;
		put_filler(&ao, size - ao.ao_len - FILLER - 3);
		amf_put_end(&ao);
		return 0;
	}
	return -1;
}
