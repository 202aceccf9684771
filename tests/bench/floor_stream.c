/* SPDX-License-Identifier: ISC */
/*
 * floor_stream.c - chunk each message once, send the bytes to everyone.
 * Whose socket takes less than it is given gets the rest from a queue of its
 * own; whose queue grows too long is closed.
 */
#include "floor_stream.h"

#include <stdlib.h>
#include <string.h>

#include "floor_forked.h"
#include "floor_peer.h"
#include "media.h"
#include "now.h"

static const uint8_t track_type[STREAM_TRACKS] = { MEDIA_AUDIO, MEDIA_VIDEO };
static struct stream *streams;

struct stream *
stream_get(const char *name, unsigned int sets)
{
	struct stream *st;

	for (st = streams; st != NULL; st = st->st_next)
		if (strcmp(st->st_name, name) == 0)
			return st;
	if ((st = calloc(1, sizeof(*st))) == NULL)
		return NULL;
	if (sets > 0 && (st->st_forked = forked_new(sets)) == NULL) {
		free(st);
		return NULL;
	}
	(void)strlcpy(st->st_name, name, sizeof(st->st_name));
	stream_rewind(st);
	st->st_next = streams;
	streams = st;
	return st;
}

void
stream_rewind(struct stream *st)
{
	int i;

	stream_flush(st, now_ns());
	if (st->st_forked == NULL)
		st->st_len = st->st_sent = 0;
	st->st_begin = st->st_len;
	st->st_key = 0;
	for (i = 0; i < STREAM_TRACKS; i++) {
		st->st_config_len[i] = 0;
		/* as if begun: who joins is sent a type 0 header before */
		st->st_put[i].co_csid = i == STREAM_AUDIO ? 4 : 6;
		st->st_put[i].co_used = true;
	}
	memcpy(st->st_put_first, st->st_put, sizeof(st->st_put));
}

/*
 * The sequence headers, each at the time at which its chunk stream stands when
 * the tape begins, so that the deltas on the tape are right. Where there is
 * none it is a message without content.
 */
static int
send_config(struct stream *st, struct wire *w)
{
	struct chunk_out co;
	int i;

	for (i = 0; i < STREAM_TRACKS; i++) {
		co = st->st_put_first[i];
		co.co_used = false;
		if (wire_queue(w, &co, track_type[i], STREAM_MSID, co.co_time,
		    st->st_config[i], st->st_config_len[i]) == -1)
			return -1;
	}
	return 0;
}

static int
add_subscriber(struct stream *st, struct peer *p)
{
	unsigned int room = st->st_room == 0 ? 16 : st->st_room * 2;
	struct peer **sub;

	if (st->st_count == st->st_room) {
		sub = reallocarray(st->st_sub, room, sizeof(struct peer *));
		if (sub == NULL)
			return -1;
		st->st_sub = sub;
		st->st_room = room;
	}
	if (st->st_sent > 0 &&
	    wire_put(&p->pe_wire, st->st_tape, st->st_sent) == -1)
		return -1;
	p->pe_index = st->st_count;
	st->st_sub[st->st_count++] = p;
	return 0;
}

int
stream_join(struct stream *st, struct peer *p)
{
	if (send_config(st, &p->pe_wire) == -1)
		return -1;
	if (st->st_forked != NULL)
		return forked_start(st->st_forked, &p->pe_wire, st->st_begin);
	return add_subscriber(st, p);
}

void
stream_leave(struct stream *st, struct peer *p)
{
	struct peer *last = st->st_sub[--st->st_count];

	st->st_sub[p->pe_index] = last;
	last->pe_index = p->pe_index;
}

static int
tape_reserve(struct stream *st, size_t len)
{
	size_t cap = st->st_cap != 0 ? st->st_cap : 65536;
	uint8_t *tape;

	while (cap < st->st_len + len)
		cap *= 2;
	if (cap == st->st_cap)
		return 0;
	if ((tape = realloc(st->st_tape, cap)) == NULL)
		return -1;
	st->st_tape = tape;
	st->st_cap = cap;
	return 0;
}

/* Room for len bytes at the end of the tape, or NULL. */
static uint8_t *
tape_room(struct stream *st, size_t len)
{
	if (st->st_forked != NULL)
		return forked_room(st->st_forked, len);
	return tape_reserve(st, len) == -1 ? NULL : st->st_tape + st->st_len;
}

int
stream_append(struct stream *st, uint8_t type, uint32_t time,
    const uint8_t *body, uint32_t len)
{
	int track = type == MEDIA_AUDIO ? STREAM_AUDIO : STREAM_VIDEO;
	uint8_t *room;
	size_t n;

	if ((room = tape_room(st, chunk_room(len, STREAM_CHUNK))) == NULL)
		return -1;
	if (media_is_config(type, body, len) && len <= STREAM_CONFIG) {
		memcpy(st->st_config[track], body, len);
		st->st_config_len[track] = len;
	}
	if (media_is_key(type, body, len)) {
		st->st_key = st->st_len;
		memcpy(st->st_put_key, st->st_put, sizeof(st->st_put));
	}
	n = chunk_put(&st->st_put[track], room, STREAM_CHUNK, type, STREAM_MSID,
	    time, body, len);
	st->st_len += n;
	if (st->st_forked != NULL)
		forked_append(st->st_forked, n);
	return 0;
}

/* Nobody needs what was before the key frame any more. */
static void
tape_cut(struct stream *st)
{
	if (st->st_forked != NULL)
		st->st_begin = st->st_key;
	else {
		st->st_len -= st->st_key;
		memmove(st->st_tape, st->st_tape + st->st_key, st->st_len);
	}
	st->st_key = 0;
	memcpy(st->st_put_first, st->st_put_key, sizeof(st->st_put_key));
}

static void
send_new(struct stream *st)
{
	unsigned int i;

	/* backwards: who fails is replaced by one who has been served */
	for (i = st->st_count; i-- > 0;)
		peer_write(st->st_sub[i], st->st_tape + st->st_sent,
		    st->st_len - st->st_sent);
}

void
stream_flush(struct stream *st, uint64_t now)
{
	st->st_flushed = now;
	if (st->st_len == st->st_sent)
		return;
	if (st->st_forked == NULL)
		send_new(st);
	if (st->st_key > 0)
		tape_cut(st);
	st->st_sent = st->st_forked != NULL ? forked_wake(st->st_forked) :
	    st->st_len;
}

uint64_t
stream_tick(uint64_t now, uint64_t hold)
{
	uint64_t next = UINT64_MAX;
	struct stream *st;

	for (st = streams; st != NULL; st = st->st_next) {
		if (st->st_len != st->st_sent && now - st->st_flushed >= hold)
			stream_flush(st, now);
		/* also after that: the other sets have their turns */
		if (st->st_len != st->st_sent && st->st_flushed + hold < next)
			next = st->st_flushed + hold;
	}
	return next;
}
