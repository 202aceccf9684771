/* SPDX-License-Identifier: ISC */
/*
 * chunk_feed.h - bytes fed to the reader of chunks as they arrive.
 */
#ifndef TESTS_CHUNK_FEED_H
#define TESTS_CHUNK_FEED_H

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rtmp/chunk.h"

#define BIG	(1u << 24)

static const struct chunk_limits roomy = { BIG, 2 * BIG, 64 };

struct feed {
	struct chunk_in	*f_ci;
	const uint8_t	*f_data;
	size_t		 f_off;		/* consumed */
	size_t		 f_avail;	/* arrived */
	const char	*f_why;
	char		 f_log[4096];	/* the messages as text */
};

static inline void
feed_log(struct feed *f, const struct rtmp_msg *m)
{
	size_t		n = strlen(f->f_log);
	uint32_t	i;

	n += (size_t)snprintf(f->f_log + n, sizeof(f->f_log) - n,
	    "c%u m%u t%u @%u ", m->rm_csid, m->rm_msid, m->rm_type, m->rm_ts);
	for (i = 0; i < m->rm_len && n + 4 < sizeof(f->f_log); i++)
		n += (size_t)snprintf(f->f_log + n, sizeof(f->f_log) - n,
		    "%02x", m->rm_data[i]);
	snprintf(f->f_log + n, sizeof(f->f_log) - n, ";");
}

/*
 * Offer what has arrived, in a heap copy of its exact size that is gone as
 * soon as the message was looked at.
 */
static inline enum rtmp_result
feed_run(struct feed *f)
{
	enum rtmp_result	 r;
	struct rtmp_msg		 m;
	uint8_t			*copy;
	size_t			 used, len;

	do {
		len = f->f_avail - f->f_off;
		copy = malloc(len);
		memcpy(copy, f->f_data + f->f_off, len);
		r = chunk_in_next(f->f_ci, copy, len, &used, &m, &f->f_why);
		cr_assert_leq(used, len);
		if (r == RTMP_MORE)
			cr_assert_lt(len - used, CHUNK_HEADER_MAX);
		if (r == RTMP_OK)
			feed_log(f, &m);
		free(copy);
		f->f_off += used;
	} while (r == RTMP_OK);
	return r;
}

static inline struct feed
feed_new(const uint8_t *data, const struct chunk_limits *limits)
{
	struct feed	f = { .f_data = data };

	f.f_ci = chunk_in_new(limits);
	cr_assert_not_null(f.f_ci);
	return f;
}

#endif
