/* SPDX-License-Identifier: ISC */
/*
 * rtmp_vec.h - RTMP messages of test vectors.
 */
#ifndef TESTS_RTMP_VEC_H
#define TESTS_RTMP_VEC_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "rtmp/message.h"

/* On the heap at its exact size, so that a read past the end is seen. */
static inline struct rtmp_msg
bytes_message(uint8_t type, const void *data, size_t len)
{
	struct rtmp_msg	 m = { .rm_type = type, .rm_len = (uint32_t)len };
	uint8_t		*p = malloc(len);

	memcpy(p, data, len);
	m.rm_data = p;
	return m;
}

static inline struct rtmp_msg
message(uint8_t type, const char *hex)
{
	uint8_t	bytes[1024];

	return bytes_message(type, bytes, unhex(hex, bytes));
}

static inline void
discard(struct rtmp_msg *m)
{
	free((void *)(uintptr_t)m->rm_data);
}

#endif
