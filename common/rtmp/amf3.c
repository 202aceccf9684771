/* SPDX-License-Identifier: ISC */
/*
 * amf3.c - step over AMF3 values, and read the scalar ones.
 * Every turn of every loop consumes a byte, and depth is bounded, so time is
 * linear in the input. Traits are remembered within one value only; refused
 * are externalizable classes, whose length nobody can know, and vectors and
 * dictionaries, which no RTMP client sends.
 */
#include "rtmp/amf3.h"

#include <string.h>

#include "rtmp/bytes.h"

#define TRAITS_MAX	32

enum amf3_marker {
	AMF3_UNDEFINED,
	AMF3_NULL,
	AMF3_FALSE,
	AMF3_TRUE,
	AMF3_INTEGER,
	AMF3_DOUBLE,
	AMF3_STRING,
	AMF3_XML_DOCUMENT,
	AMF3_DATE,
	AMF3_ARRAY,
	AMF3_OBJECT,
	AMF3_XML,
	AMF3_BYTES,
};

struct trait {
	uint32_t	 tr_members;
	bool		 tr_dynamic;
};

struct walk {
	struct amf_in	*wk_in;
	uint32_t	 wk_traits;
	struct trait	 wk_trait[TRAITS_MAX];
};

static bool	walk_value(struct walk *, int);

static size_t
left(const struct amf_in *in)
{
	return (size_t)(in->ai_end - in->ai_p);
}

static bool
get_marker(struct amf_in *in, uint8_t *marker)
{
	if (left(in) == 0)
		return false;
	*marker = *in->ai_p++;
	return true;
}

/* Variable length integer: the fourth byte gives all its eight bits. */
static bool
get_u29(struct amf_in *in, uint32_t *v)
{
	uint8_t	b;
	int	i;

	*v = 0;
	for (i = 0; i < 4; i++) {
		if (left(in) == 0)
			return false;
		b = *in->ai_p++;
		if (i == 3)
			*v = *v << 8 | b;
		else
			*v = *v << 7 | (b & 0x7f);
		if ((b & 0x80) == 0)
			break;
	}
	return true;
}

static bool
skip_bytes(struct amf_in *in, size_t n)
{
	if (left(in) < n)
		return false;
	in->ai_p += n;
	return true;
}

/* A length or reference, and the bytes if it is a length. */
static bool
get_bytes(struct amf_in *in, struct amf_str *s, bool *inlined)
{
	uint32_t	u;

	if (!get_u29(in, &u))
		return false;
	*inlined = u & 1;
	s->as_p = (const char *)in->ai_p;
	s->as_len = *inlined ? u >> 1 : 0;
	return skip_bytes(in, s->as_len);
}

static bool
skip_string(struct amf_in *in)
{
	struct amf_str	s;
	bool		inlined;

	return get_bytes(in, &s, &inlined);
}

enum rtmp_result
amf3_get_number(struct amf_in *in, double *d)
{
	uint64_t	bits;
	uint32_t	u;
	uint8_t		marker;

	if (!get_marker(in, &marker))
		return RTMP_BAD;
	if (marker == AMF3_INTEGER && get_u29(in, &u)) {
		*d = (int32_t)(u << 3) / 8;	/* 29 bits, signed */
		return RTMP_OK;
	}
	if (marker != AMF3_DOUBLE || left(in) < 8)
		return RTMP_BAD;
	bits = get_be64(in->ai_p);
	memcpy(d, &bits, sizeof(*d));
	in->ai_p += 8;
	return RTMP_OK;
}

enum rtmp_result
amf3_get_boolean(struct amf_in *in, bool *b)
{
	uint8_t	marker;

	if (!get_marker(in, &marker) ||
	    (marker != AMF3_FALSE && marker != AMF3_TRUE))
		return RTMP_BAD;
	*b = marker == AMF3_TRUE;
	return RTMP_OK;
}

enum rtmp_result
amf3_get_string(struct amf_in *in, struct amf_str *s)
{
	uint8_t	marker;
	bool	inlined;

	if (!get_marker(in, &marker) || marker != AMF3_STRING ||
	    !get_bytes(in, s, &inlined))
		return RTMP_BAD;
	return RTMP_OK;
}

/* Names and values up to an empty name, which is never a reference. */
static bool
walk_pairs(struct walk *wk, int depth)
{
	struct amf_str	key;
	bool		inlined;

	for (;;) {
		if (!get_bytes(wk->wk_in, &key, &inlined))
			return false;
		if (inlined && key.as_len == 0)
			return true;
		if (!walk_value(wk, depth))
			return false;
	}
}

static bool
walk_values(struct walk *wk, uint32_t count, int depth)
{
	if (count > left(wk->wk_in))
		return false;
	while (count-- > 0)
		if (!walk_value(wk, depth))
			return false;
	return true;
}

static bool
walk_array(struct walk *wk, int depth)
{
	uint32_t	u;

	if (!get_u29(wk->wk_in, &u))
		return false;
	if ((u & 1) == 0)
		return true;
	return walk_pairs(wk, depth) && walk_values(wk, u >> 1, depth);
}

/* `u` tells a class that was described before, or is described here. */
static bool
get_trait(struct walk *wk, uint32_t u, struct trait *tr)
{
	uint32_t	i;

	if ((u & 2) == 0) {
		if (u >> 2 >= wk->wk_traits)
			return false;
		*tr = wk->wk_trait[u >> 2];
		return true;
	}
	if (u & 4)
		return false;
	tr->tr_members = u >> 4;
	tr->tr_dynamic = u & 8;
	if (wk->wk_traits < TRAITS_MAX)
		wk->wk_trait[wk->wk_traits++] = *tr;
	if (!skip_string(wk->wk_in))
		return false;
	for (i = 0; i < tr->tr_members; i++)
		if (!skip_string(wk->wk_in))
			return false;
	return true;
}

static bool
walk_object(struct walk *wk, int depth)
{
	struct trait	tr;
	uint32_t	u;

	if (!get_u29(wk->wk_in, &u))
		return false;
	if ((u & 1) == 0)
		return true;
	return get_trait(wk, u, &tr) &&
	    walk_values(wk, tr.tr_members, depth) &&
	    (!tr.tr_dynamic || walk_pairs(wk, depth));
}

static bool
too_deep(struct amf_in *in)
{
	in->ai_deep = true;
	return false;
}

static bool
walk_value(struct walk *wk, int depth)
{
	uint32_t	u;
	uint8_t		marker;

	if (!get_marker(wk->wk_in, &marker))
		return false;
	switch (marker) {
	case AMF3_UNDEFINED:
	case AMF3_NULL:
	case AMF3_FALSE:
	case AMF3_TRUE:
		return true;
	case AMF3_INTEGER:
		return get_u29(wk->wk_in, &u);
	case AMF3_DOUBLE:
		return skip_bytes(wk->wk_in, 8);
	case AMF3_STRING:
	case AMF3_XML_DOCUMENT:
	case AMF3_XML:
	case AMF3_BYTES:
		return skip_string(wk->wk_in);
	case AMF3_DATE:
		return get_u29(wk->wk_in, &u) &&
		    skip_bytes(wk->wk_in, u & 1 ? 8 : 0);
	case AMF3_ARRAY:
	case AMF3_OBJECT:
		if (depth == 0)
			return too_deep(wk->wk_in);
		return marker == AMF3_ARRAY ? walk_array(wk, depth - 1) :
		    walk_object(wk, depth - 1);
	default:
		return false;
	}
}

enum rtmp_result
amf3_skip(struct amf_in *in, int depth)
{
	struct walk	wk = { .wk_in = in };

	return walk_value(&wk, depth) ? RTMP_OK : RTMP_BAD;
}
