/* SPDX-License-Identifier: ISC */
/*
 * load.c - how much there is to relay, which decides how long publishers hold
 * the wake of their subscribers.
 */
#include "hub.h"

#include "shm/merge.h"

void
load_count(struct hub *h, struct stream *t)
{
	bool live = t->t_publisher != NULL;
	uint32_t streaming = live ? t->t_nsubscribers : 0;

	h->h_live += (uint64_t)live - t->t_live;
	h->h_streaming += (uint64_t)streaming - t->t_streaming;
	t->t_live = live;
	t->t_streaming = streaming;
	load_show(h);
}

void
load_show(struct hub *h)
{
	const struct conf *cf = h->h_conf;

	registry_set_hold(&h->h_registry, cf->cf_merge != CONF_MERGE_AUTO ?
	    cf->cf_merge :
	    merge_auto(h->h_live, h->h_streaming, h->h_processors));
}
