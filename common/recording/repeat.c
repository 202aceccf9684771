/* SPDX-License-Identifier: ISC */
/*
 * repeat.c - the set of records that makes a GOP stand alone.
 * Bounded in entries and bytes, so that a set always fits in the ring beside
 * the media it is for.
 */
#include "recording/repeat.h"

#include <stdlib.h>
#include <string.h>

#include "shm/ring.h"

void
repeat_init(struct repeat *rp, uint64_t max)
{
	memset(rp, 0, sizeof(*rp));
	rp->rp_max = max;
}

void
repeat_free(struct repeat *rp)
{
	while (rp->rp_n > 0)
		free(rp->rp_entry[--rp->rp_n].re_data);
}

static struct repeat_entry *
find(struct repeat *rp, const struct repeat_key *key)
{
	struct repeat_entry *re;

	for (re = rp->rp_entry; re < rp->rp_entry + rp->rp_n; re++)
		if (re->re_key.rk_type == key->rk_type &&
		    re->re_key.rk_class == key->rk_class &&
		    re->re_key.rk_track == key->rk_track)
			return re;
	return NULL;
}

void
repeat_drop(struct repeat *rp, const struct repeat_key *key)
{
	struct repeat_entry *re = find(rp, key);

	if (re == NULL)
		return;
	rp->rp_bytes -= re->re_len;
	free(re->re_data);
	rp->rp_n--;
	memmove(re, re + 1,
	    (size_t)(rp->rp_entry + rp->rp_n - re) * sizeof(*re));
}

/* Metadata comes first, whenever it was sent. */
static struct repeat_entry *
add(struct repeat *rp, uint8_t flags)
{
	struct repeat_entry *re = &rp->rp_entry[rp->rp_n];

	if ((flags & RECORD_METADATA) != 0) {
		re = rp->rp_entry;
		memmove(re + 1, re, rp->rp_n * sizeof(*re));
	}
	rp->rp_n++;
	memset(re, 0, sizeof(*re));
	return re;
}

enum repeat_result
repeat_store(struct repeat *rp, const struct repeat_key *key, uint8_t flags,
    const void *data, uint32_t len)
{
	struct repeat_entry *re = find(rp, key);
	bool replaces = re != NULL;
	uint8_t *copy;

	if (replaces && re->re_len == len &&
	    memcmp(re->re_data, data, len) == 0)
		return REPEAT_KEPT;
	if (!replaces && rp->rp_n == REPEAT_MAX)
		return REPEAT_FULL;
	copy = malloc(len > 0 ? len : 1);
	if (copy == NULL ||
	    rp->rp_bytes - (replaces ? re->re_len : 0) + len > rp->rp_max) {
		free(copy);
		repeat_drop(rp, key);
		return REPEAT_FULL;
	}
	if (!replaces)
		re = add(rp, flags);
	rp->rp_bytes += len - (uint64_t)re->re_len;
	free(re->re_data);
	re->re_key = *key;
	re->re_flags = flags;
	re->re_len = len;
	re->re_data = memcpy(copy, data, len);
	return replaces ? REPEAT_CHANGED : REPEAT_KEPT;
}

static enum repeat_result
store_single(struct repeat *rp, const struct repeat_key *key,
    const struct media_tag *tag)
{
	uint8_t *message = malloc(MEDIA_SINGLE_HEAD + tag->mt_len);
	enum repeat_result result;
	size_t head;

	if (message == NULL)
		return REPEAT_FULL;
	head = media_single(tag, message);
	memcpy(message + head, tag->mt_body, tag->mt_len);
	result = repeat_store(rp, key, RECORD_CONFIG, message,
	    (uint32_t)(head + tag->mt_len));
	free(message);
	return result;
}

enum repeat_result
repeat_config(struct repeat *rp, const struct rtmp_msg *m,
    const struct media_tag *tag)
{
	struct repeat_key key = {
		.rk_type = m->rm_type,
		.rk_class = tag->mt_flags & (MEDIA_CONFIG | MEDIA_EXTRA),
		.rk_track = tag->mt_track,
	};

	if ((tag->mt_flags & MEDIA_MULTI) != 0)
		return store_single(rp, &key, tag);
	return repeat_store(rp, &key, RECORD_CONFIG, m->rm_data, m->rm_len);
}
