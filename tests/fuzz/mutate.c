/* SPDX-License-Identifier: ISC */
/*
 * mutate.c - flips, odd numbers, inserts, deletes, copies and splices.
 * Knows nothing of what it changes. It is no match for a fuzzer that sees
 * coverage, but needs nothing besides a C compiler.
 */
#include "mutate.h"

#include <string.h>

#define CHANGES_MAX	6
#define RUN_MAX		32	/* bytes inserted, deleted or copied */

struct input {
	uint8_t	*in_p;
	size_t	 in_len;
	size_t	 in_max;
};

/* splitmix64 */
static uint64_t
next(uint64_t *state)
{
	uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

size_t
mutate_random(uint64_t *state, size_t n)
{
	return (size_t)(next(state) % n);
}

/* Open a gap of `n` bytes at `at`, or less if there is no room for it. */
static size_t
gap(struct input *in, size_t at, size_t n)
{
	if (n > in->in_max - in->in_len)
		n = in->in_max - in->in_len;
	memmove(in->in_p + at + n, in->in_p + at, in->in_len - at);
	in->in_len += n;
	return n;
}

static void
insert(uint64_t *state, struct input *in)
{
	size_t at = mutate_random(state, in->in_len + 1);
	size_t n = gap(in, at, 1 + mutate_random(state, RUN_MAX));
	uint8_t fill = (uint8_t)next(state);
	size_t i;

	for (i = 0; i < n; i++)
		in->in_p[at + i] = next(state) & 1 ? fill :
		    (uint8_t)next(state);
}

static void
delete(uint64_t *state, struct input *in)
{
	size_t at = mutate_random(state, in->in_len);
	size_t n = 1 + mutate_random(state, RUN_MAX);

	if (n > in->in_len - at)
		n = in->in_len - at;
	memmove(in->in_p + at, in->in_p + at + n, in->in_len - at - n);
	in->in_len -= n;
}

/* Bytes of the input itself, over others. */
static void
copy(uint64_t *state, struct input *in)
{
	size_t from = mutate_random(state, in->in_len);
	size_t to = mutate_random(state, in->in_len);
	size_t n = 1 + mutate_random(state, RUN_MAX);

	if (n > in->in_len - (from > to ? from : to))
		n = in->in_len - (from > to ? from : to);
	memmove(in->in_p + to, in->in_p + from, n);
}

/* Where lengths and counts turn over, in 1 to 8 bytes of either order. */
static void
number(uint64_t *state, struct input *in)
{
	static const uint64_t odd[] = {
		0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff,
		0x10000, 0xfffffe, 0xffffff, 0x7fffffff, 0x80000000,
		0xffffffff, 0x100000000, INT64_MAX, (uint64_t)INT64_MAX + 1,
		UINT64_MAX - 7, UINT64_MAX,
	};
	uint64_t v = odd[mutate_random(state, sizeof(odd) / sizeof(odd[0]))];
	size_t bytes = (size_t)1 << mutate_random(state, 4), i, at;
	int little = next(state) & 1;

	if (bytes > in->in_len)
		bytes = in->in_len;
	at = mutate_random(state, in->in_len - bytes + 1);
	for (i = 0; i < bytes; i++)
		in->in_p[at + i] =
		    (uint8_t)(v >> 8 * (little ? i : bytes - 1 - i));
}

/* The end of another entry in place of ours. */
static void
splice(uint64_t *state, const struct corpus *co, struct input *in)
{
	size_t other, size = 0, from, n;

	if (co->co_count > 0) {
		other = mutate_random(state, co->co_count);
		size = co->co_size[other];
	}
	if (size == 0)
		return;
	from = mutate_random(state, size);
	in->in_len = mutate_random(state, in->in_len + 1);
	n = gap(in, in->in_len, size - from);
	memcpy(in->in_p + in->in_len - n, co->co_data[other] + from, n);
}

static void
change(uint64_t *state, const struct corpus *co, struct input *in)
{
	size_t kind = mutate_random(state, 8);

	if (in->in_len == 0)
		kind = 0;
	switch (kind) {
	case 0:
		insert(state, in);
		break;
	case 1:
		delete(state, in);
		break;
	case 2:
		copy(state, in);
		break;
	case 3:
		number(state, in);
		break;
	case 4:
		splice(state, co, in);
		break;
	case 5:
		in->in_p[mutate_random(state, in->in_len)] =
		    (uint8_t)next(state);
		break;
	default:
		in->in_p[mutate_random(state, in->in_len)] ^=
		    (uint8_t)(1u << mutate_random(state, 8));
	}
}

size_t
mutate(uint64_t *state, const struct corpus *co, uint8_t *out, size_t max)
{
	struct input in = { .in_p = out, .in_max = max };
	size_t i;

	if (co->co_count > 0) {
		i = mutate_random(state, co->co_count);
		in.in_len = co->co_size[i] < max ? co->co_size[i] : max;
		memcpy(out, co->co_data[i], in.in_len);
	}
	for (i = 1 + mutate_random(state, CHANGES_MAX); i > 0; i--)
		change(state, co, &in);
	return in.in_len;
}
