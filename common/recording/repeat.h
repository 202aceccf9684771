/* SPDX-License-Identifier: ISC */
/*
 * repeat.h - what a newcomer needs before its first frame: the latest
 * metadata and every track's sequence header, written again at each join
 * point.
 */
#ifndef RECORDING_REPEAT_H
#define RECORDING_REPEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/media.h"
#include "rtmp/message.h"

#define REPEAT_MAX	32	/* entries: metadata, configs of all tracks */

/* What an entry replaces: the one of the same type, class and track. */
struct repeat_key {
	uint8_t		 rk_type;	/* RTMP message type */
	uint8_t		 rk_class;	/* RECORD_METADATA, RECORD_CONFIG; 0 */
	uint8_t		 rk_track;
};

struct repeat_entry {
	struct repeat_key re_key;
	uint8_t		 re_flags;	/* RECORD_… of the record */
	uint32_t	 re_len;
	uint8_t		*re_data;
};

struct repeat {
	struct repeat_entry rp_entry[REPEAT_MAX];	/* in wire order */
	uint32_t	 rp_n;
	uint64_t	 rp_bytes;
	uint64_t	 rp_max;	/* bytes it may hold in all */
};

void	repeat_init(struct repeat *, uint64_t max);
void	repeat_free(struct repeat *);

enum repeat_result {
	REPEAT_KEPT,
	REPEAT_CHANGED,		/* in place of another content */
	REPEAT_FULL,		/* not kept: too many, or too large */
};

/* Keep a copy in place of the entry it replaces. If it does not fit the older
 * one is dropped all the same, since it is no longer true. */
enum repeat_result repeat_store(struct repeat *, const struct repeat_key *,
	    uint8_t flags, const void *data, uint32_t len);
/* The same for the configuration of one track of a media message. One track of
 * several is kept as a message of its own. */
enum repeat_result repeat_config(struct repeat *, const struct rtmp_msg *,
	    const struct media_tag *);
void	repeat_drop(struct repeat *, const struct repeat_key *);

#endif
