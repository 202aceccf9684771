/* SPDX-License-Identifier: ISC */
/*
 * amf_in.c - read AMF0 values.
 * Every length is checked before it is used, announced counts are believed
 * no further than the bytes that are there, and depth is bounded. Whatever
 * is not RTMP_OK leaves the reader where it was, but for the end of an
 * object, which is consumed. Allocates nothing.
 */
#include "rtmp/amf.h"

#include <string.h>

#include "rtmp/amf3.h"
#include "rtmp/bytes.h"

static bool	skip_value(struct amf_in *, int);

static size_t
left(const struct amf_in *in)
{
	return (size_t)(in->ai_end - in->ai_p);
}

static bool
skip_bytes(struct amf_in *in, size_t n)
{
	if (left(in) < n)
		return false;
	in->ai_p += n;
	return true;
}

/* A string behind a length of `width` bytes. */
static bool
get_counted(struct amf_in *in, size_t width, struct amf_str *s)
{
	if (left(in) < width)
		return false;
	s->as_len = width == 2 ? get_be16(in->ai_p) : get_be32(in->ai_p);
	in->ai_p += width;
	s->as_p = (const char *)in->ai_p;
	return skip_bytes(in, s->as_len);
}

static bool
skip_counted(struct amf_in *in, size_t width)
{
	struct amf_str	s;

	return get_counted(in, width, &s);
}

void
amf_in_init(struct amf_in *in, const void *data, size_t len)
{
	in->ai_p = data;
	in->ai_end = in->ai_p + len;
	in->ai_depth = AMF_DEPTH_MAX;
	in->ai_deep = false;
}

int
amf_peek(const struct amf_in *in)
{
	return in->ai_p == in->ai_end ? -1 : *in->ai_p;
}

enum rtmp_result
amf_get_number(struct amf_in *in, double *d)
{
	struct amf_in	 at = *in;
	uint64_t	 bits;

	if (left(&at) == 0)
		return RTMP_END;
	switch (*at.ai_p++) {
	case AMF_NUMBER:
		if (left(&at) < 8)
			return RTMP_BAD;
		bits = get_be64(at.ai_p);
		memcpy(d, &bits, sizeof(*d));
		at.ai_p += 8;
		break;
	case AMF_AMF3:
		if (amf3_get_number(&at, d) == RTMP_OK)
			break;
		/* FALLTHROUGH */
	default:
		return RTMP_BAD;
	}
	*in = at;
	return RTMP_OK;
}

enum rtmp_result
amf_get_boolean(struct amf_in *in, bool *b)
{
	struct amf_in	 at = *in;

	if (left(&at) == 0)
		return RTMP_END;
	switch (*at.ai_p++) {
	case AMF_BOOLEAN:
		if (left(&at) < 1)
			return RTMP_BAD;
		*b = *at.ai_p++ != 0;
		break;
	case AMF_AMF3:
		if (amf3_get_boolean(&at, b) == RTMP_OK)
			break;
		/* FALLTHROUGH */
	default:
		return RTMP_BAD;
	}
	*in = at;
	return RTMP_OK;
}

enum rtmp_result
amf_get_string(struct amf_in *in, struct amf_str *s)
{
	struct amf_in	 at = *in;
	struct amf_str	 got;
	bool		 ok;

	if (left(&at) == 0)
		return RTMP_END;
	switch (*at.ai_p++) {
	case AMF_STRING:
		ok = get_counted(&at, 2, &got);
		break;
	case AMF_LONG_STRING:
		ok = get_counted(&at, 4, &got);
		break;
	case AMF_AMF3:
		ok = amf3_get_string(&at, &got) == RTMP_OK;
		break;
	default:
		ok = false;
	}
	if (!ok)
		return RTMP_BAD;
	*s = got;
	*in = at;
	return RTMP_OK;
}

enum rtmp_result
amf_enter_object(struct amf_in *in)
{
	struct amf_in	 at = *in;
	bool		 ok;

	if (left(&at) == 0)
		return RTMP_END;
	switch (*at.ai_p++) {
	case AMF_OBJECT:
		ok = true;
		break;
	case AMF_ECMA_ARRAY:
		ok = skip_bytes(&at, 4);	/* a count; OBS says 20 */
		break;
	case AMF_TYPED_OBJECT:
		ok = skip_counted(&at, 2);
		break;
	default:
		ok = false;
	}
	if (!ok)
		return RTMP_BAD;
	*in = at;
	return RTMP_OK;
}

enum rtmp_result
amf_next_key(struct amf_in *in, struct amf_str *key)
{
	struct amf_in	 at = *in;
	struct amf_str	 got;

	/* A value or the end marker must follow. */
	if (!get_counted(&at, 2, &got) || left(&at) == 0)
		return RTMP_BAD;
	if (got.as_len == 0 && amf_peek(&at) == AMF_OBJECT_END) {
		in->ai_p = at.ai_p + 1;
		return RTMP_END;
	}
	*key = got;
	*in = at;
	return RTMP_OK;
}

static bool
skip_object(struct amf_in *in, int depth)
{
	struct amf_str		key;
	enum rtmp_result	r;

	while ((r = amf_next_key(in, &key)) == RTMP_OK)
		if (!skip_value(in, depth))
			return false;
	return r == RTMP_END;
}

static bool
skip_strict_array(struct amf_in *in, int depth)
{
	uint32_t	n;

	if (left(in) < 4)
		return false;
	n = get_be32(in->ai_p);
	in->ai_p += 4;
	if (n > left(in))
		return false;	/* each value takes a byte at least */
	while (n-- > 0)
		if (!skip_value(in, depth))
			return false;
	return true;
}

static bool
skip_container(struct amf_in *in, int depth)
{
	if (depth == 0) {
		in->ai_deep = true;
		return false;
	}
	if (*in->ai_p == AMF_STRICT_ARRAY) {
		in->ai_p++;
		return skip_strict_array(in, depth - 1);
	}
	return amf_enter_object(in) == RTMP_OK && skip_object(in, depth - 1);
}

/* May leave `in` anywhere if it fails. */
static bool
skip_value(struct amf_in *in, int depth)
{
	switch (amf_peek(in)) {
	case AMF_NULL:
	case AMF_UNDEFINED:
	case AMF_UNSUPPORTED:
		return skip_bytes(in, 1);
	case AMF_BOOLEAN:
		return skip_bytes(in, 2);
	case AMF_REFERENCE:
		return skip_bytes(in, 3);
	case AMF_NUMBER:
		return skip_bytes(in, 9);
	case AMF_DATE:
		return skip_bytes(in, 11);
	case AMF_STRING:
		return skip_bytes(in, 1) && skip_counted(in, 2);
	case AMF_LONG_STRING:
	case AMF_XML:
		return skip_bytes(in, 1) && skip_counted(in, 4);
	case AMF_OBJECT:
	case AMF_ECMA_ARRAY:
	case AMF_TYPED_OBJECT:
	case AMF_STRICT_ARRAY:
		return skip_container(in, depth);
	case AMF_AMF3:
		return skip_bytes(in, 1) && amf3_skip(in, depth) == RTMP_OK;
	default:
		return false;
	}
}

enum rtmp_result
amf_skip(struct amf_in *in)
{
	struct amf_in	at = *in;

	if (left(&at) == 0)
		return RTMP_END;
	if (!skip_value(&at, in->ai_depth)) {
		in->ai_deep = at.ai_deep;
		return RTMP_BAD;
	}
	*in = at;
	return RTMP_OK;
}

bool
amf_str_is(const struct amf_str *s, const char *want)
{
	return s->as_len == strlen(want) &&
	    memcmp(s->as_p, want, s->as_len) == 0;
}

enum rtmp_result
amf_str_copy(const struct amf_str *s, char *out, size_t size)
{
	if (s->as_len >= size || memchr(s->as_p, '\0', s->as_len) != NULL)
		return RTMP_BAD;
	memcpy(out, s->as_p, s->as_len);
	out[s->as_len] = '\0';
	return RTMP_OK;
}
