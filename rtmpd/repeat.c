/* SPDX-License-Identifier: ISC */
/*
 * repeat.c - the set of records that makes a GOP stand alone.
 * Bounded in entries and bytes, so that a set always fits in the ring beside
 * the media it is for.
 */
#include "repeat.h"

#include <stdlib.h>
#include <string.h>

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

bool
repeat_store(struct repeat *rp, const struct repeat_key *key, uint8_t flags,
    const void *data, uint32_t len)
{
	struct repeat_entry *re = find(rp, key);
	uint8_t *copy;

	if (re != NULL && re->re_len == len &&
	    memcmp(re->re_data, data, len) == 0)
		return true;
	if (re == NULL && rp->rp_n == REPEAT_MAX)
		return false;
	copy = malloc(len > 0 ? len : 1);
	if (copy == NULL ||
	    rp->rp_bytes - (re != NULL ? re->re_len : 0) + len > rp->rp_max) {
		free(copy);
		repeat_drop(rp, key);
		return false;
	}
	if (re == NULL) {
		re = &rp->rp_entry[rp->rp_n++];
		memset(re, 0, sizeof(*re));
	}
	rp->rp_bytes += len - (uint64_t)re->re_len;
	free(re->re_data);
	re->re_key = *key;
	re->re_flags = flags;
	re->re_len = len;
	re->re_data = memcpy(copy, data, len);
	return true;
}
