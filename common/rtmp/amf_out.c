/* SPDX-License-Identifier: ISC */
/*
 * amf_out.c - write AMF0 values into a buffer of the caller's.
 * A value that does not fit is left out whole, and everything after it, and
 * ao_full tells. Nesting is the caller's business.
 */
#include "rtmp/amf.h"

#include <string.h>

#include "rtmp/bytes.h"

void
amf_out_init(struct amf_out *o, void *buf, size_t size)
{
	o->ao_buf = buf;
	o->ao_size = size;
	o->ao_len = 0;
	o->ao_full = false;
}

/* Room for a head of `n` bytes and a body; NULL if there is not so much. */
static uint8_t *
reserve(struct amf_out *o, size_t n, size_t body)
{
	uint8_t	*p = o->ao_buf + o->ao_len;

	if (o->ao_full || o->ao_size - o->ao_len < n ||
	    o->ao_size - o->ao_len - n < body) {
		o->ao_full = true;
		return NULL;
	}
	o->ao_len += n + body;
	return p;
}

static void
put_marker(struct amf_out *o, enum amf_marker marker)
{
	uint8_t	*p;

	if ((p = reserve(o, 1, 0)) != NULL)
		p[0] = (uint8_t)marker;
}

static void
put_counted(struct amf_out *o, enum amf_marker marker, uint32_t count)
{
	uint8_t	*p;

	if ((p = reserve(o, 5, 0)) == NULL)
		return;
	p[0] = (uint8_t)marker;
	put_be32(p + 1, count);
}

void
amf_put_number(struct amf_out *o, double d)
{
	uint64_t	 bits;
	uint8_t		*p;

	if ((p = reserve(o, 9, 0)) == NULL)
		return;
	memcpy(&bits, &d, sizeof(bits));
	p[0] = AMF_NUMBER;
	put_be64(p + 1, bits);
}

void
amf_put_boolean(struct amf_out *o, bool b)
{
	uint8_t	*p;

	if ((p = reserve(o, 2, 0)) == NULL)
		return;
	p[0] = AMF_BOOLEAN;
	p[1] = b;
}

void
amf_put_string(struct amf_out *o, const char *s)
{
	size_t	 len = strlen(s), head = len > UINT16_MAX ? 5 : 3;
	uint8_t	*p;

	if (len > UINT32_MAX || (p = reserve(o, head, len)) == NULL) {
		o->ao_full = true;
		return;
	}
	p[0] = head == 3 ? AMF_STRING : AMF_LONG_STRING;
	if (head == 3)
		put_be16(p + 1, (uint32_t)len);
	else
		put_be32(p + 1, (uint32_t)len);
	memcpy(p + head, s, len);
}

void
amf_put_null(struct amf_out *o)
{
	put_marker(o, AMF_NULL);
}

void
amf_put_object(struct amf_out *o)
{
	put_marker(o, AMF_OBJECT);
}

void
amf_put_ecma_array(struct amf_out *o, uint32_t count)
{
	put_counted(o, AMF_ECMA_ARRAY, count);
}

void
amf_put_strict_array(struct amf_out *o, uint32_t count)
{
	put_counted(o, AMF_STRICT_ARRAY, count);
}

void
amf_put_key(struct amf_out *o, const char *key)
{
	size_t	 len = strlen(key);
	uint8_t	*p;

	if (len > UINT16_MAX || (p = reserve(o, 2, len)) == NULL) {
		o->ao_full = true;
		return;
	}
	put_be16(p, (uint32_t)len);
	memcpy(p + 2, key, len);
}

void
amf_put_end(struct amf_out *o)
{
	uint8_t	*p;

	if ((p = reserve(o, 3, 0)) == NULL)
		return;
	put_be16(p, 0);
	p[2] = AMF_OBJECT_END;
}
