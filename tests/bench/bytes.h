/* SPDX-License-Identifier: ISC */
/*
 * bytes.h - numbers on the wire, most significant byte first.
 */
#ifndef BENCH_BYTES_H
#define BENCH_BYTES_H

#include <stdint.h>

static inline uint32_t
get24(const uint8_t *p)
{
	return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static inline uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | get24(p + 1);
}

/* The writers return where the next byte goes. */
static inline uint8_t *
put24(uint8_t *p, uint32_t v)
{
	*p++ = (uint8_t)(v >> 16);
	*p++ = (uint8_t)(v >> 8);
	*p++ = (uint8_t)v;
	return p;
}

static inline uint8_t *
put32(uint8_t *p, uint32_t v)
{
	*p++ = (uint8_t)(v >> 24);
	return put24(p, v);
}

#endif
