/* SPDX-License-Identifier: ISC */
/*
 * fuzz_amf.c - AMF values by every way to read them, which must agree.
 * Input: a body of AMF0 values.
 */
#include "rtmp/amf.h"

#include "fuzz.h"

#define COPY_MAX	64

static const uint8_t *body_end;

static void
check_place(const struct amf_in *in, const uint8_t *least)
{
	FUZZ_CHECK(in->ai_end == body_end);
	FUZZ_CHECK(in->ai_p >= least && in->ai_p <= body_end);
}

/* In the body, and copied only where it is a C string that fits. */
static void
check_string(const struct amf_str *s, const uint8_t *least)
{
	const uint8_t *p = (const uint8_t *)s->as_p;
	char copy[COPY_MAX];
	size_t size;

	FUZZ_CHECK(p >= least && p <= body_end);
	FUZZ_CHECK(s->as_len <= (size_t)(body_end - p));
	(void)fuzz_hash(0, p, s->as_len);
	(void)amf_str_is(s, "onMetaData");
	for (size = 1; size <= COPY_MAX; size = 3 * size + 1) {
		if (amf_str_copy(s, copy, size) != RTMP_OK)
			continue;
		FUZZ_CHECK(strlen(copy) == s->as_len && s->as_len < size);
		FUZZ_CHECK(amf_str_is(s, copy));
	}
}

/* What was read can be written, and is the same when read again. */
static void
check_number(double d)
{
	uint8_t buf[9];
	struct amf_out out;
	struct amf_in in;
	double back;

	amf_out_init(&out, buf, sizeof(buf));
	amf_put_number(&out, d);
	FUZZ_CHECK(!out.ao_full && out.ao_len == sizeof(buf));
	amf_in_init(&in, buf, sizeof(buf));
	FUZZ_CHECK(amf_get_number(&in, &back) == RTMP_OK);
	FUZZ_CHECK(memcmp(&d, &back, sizeof(d)) == 0);
}

/*
 * A getter that succeeds stands where amf_skip() does; one that does not has
 * moved nothing. At most one fits.
 */
static void
check_getters(const struct amf_in *at, enum rtmp_result skipped,
    const struct amf_in *after)
{
	struct amf_in n = *at, b = *at, s = *at;
	enum rtmp_result rn, rb, rs;
	struct amf_str str;
	double number;
	bool boolean;

	rn = amf_get_number(&n, &number);
	rb = amf_get_boolean(&b, &boolean);
	rs = amf_get_string(&s, &str);
	FUZZ_CHECK(n.ai_p == (rn == RTMP_OK ? after->ai_p : at->ai_p));
	FUZZ_CHECK(b.ai_p == (rb == RTMP_OK ? after->ai_p : at->ai_p));
	FUZZ_CHECK(s.ai_p == (rs == RTMP_OK ? after->ai_p : at->ai_p));
	FUZZ_CHECK((rn == RTMP_OK) + (rb == RTMP_OK) + (rs == RTMP_OK) <=
	    (skipped == RTMP_OK));
	if (rn == RTMP_OK)
		check_number(number);
	if (rb == RTMP_OK)
		FUZZ_CHECK(boolean == true || boolean == false);
	if (rs == RTMP_OK)
		check_string(&str, at->ai_p);
}

/* Walk an object; where amf_skip() can, both end at one place. */
static void
check_walk(const struct amf_in *at, enum rtmp_result skipped,
    const struct amf_in *after)
{
	struct amf_in in = *at;
	const uint8_t *before;
	struct amf_str key;
	enum rtmp_result r;

	if (amf_enter_object(&in) != RTMP_OK) {
		FUZZ_CHECK(in.ai_p == at->ai_p);
		return;
	}
	for (;;) {
		before = in.ai_p;
		if ((r = amf_next_key(&in, &key)) != RTMP_OK)
			break;
		check_string(&key, before);
		FUZZ_CHECK(in.ai_p > before);
		if ((r = amf_skip(&in)) != RTMP_OK)
			break;
		check_place(&in, before);
	}
	FUZZ_CHECK(skipped != RTMP_OK ||
	    (r == RTMP_END && in.ai_p == after->ai_p));
}

/* With less depth allowed it is the same skip, or too deep. */
static void
check_depth(const struct amf_in *at, enum rtmp_result skipped,
    const struct amf_in *after)
{
	struct amf_in in = *at;

	in.ai_depth = 3;
	if (amf_skip(&in) == skipped) {
		FUZZ_CHECK(in.ai_p == after->ai_p);
		return;
	}
	FUZZ_CHECK(skipped == RTMP_OK && in.ai_deep && in.ai_p == at->ai_p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct amf_in in, at;
	enum rtmp_result r;

	body_end = data + size;
	amf_in_init(&in, data, size);
	do {
		at = in;
		r = amf_skip(&in);
		FUZZ_CHECK((r == RTMP_END) == (amf_peek(&at) == -1));
		FUZZ_CHECK((r == RTMP_OK) == (in.ai_p > at.ai_p));
		check_place(&in, at.ai_p);
		check_getters(&at, r, &in);
		check_walk(&at, r, &in);
		check_depth(&at, r, &in);
	} while (r == RTMP_OK);
	return 0;
}
