/* SPDX-License-Identifier: ISC */
/*
 * publish.c - from the peer into the ring, waiting for nobody.
 *
 * Before each key frame of the main video track a join point is made: the
 * REPEAT set, then the frame. Without video, or while the camera is off, a
 * join point is made about once a second of audio. If a GOP outgrows half the
 * ring or GOP_MAX, a fresh set becomes the join point in its midst; who joins
 * there has audio and waits for the next key frame.
 *
 * The wake of the subscribers may be held back a little (merge.h): the hub says
 * in the registry how long. A publisher with few subscribers costs as much as
 * they do: it holds by not reading its peer.
 */
#include "publish.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "joins.h"
#include "media/media.h"
#include "recording/repeat.h"
#include "rtmp/command.h"
#include "shm/futex.h"
#include "shm/merge.h"
#include "shm/ring.h"
#include "sys/log.h"
#include "tracks.h"

#define GOP_MAX		30000	/* ms from a join point to the next */
#define AUDIO_GOP	1000	/* ms, where there is no video */
#define CAMERA_OFF	5000	/* ms without a video frame */
#define NO_TRACK	256
#define FEW		32	/* subscribers that may be woken at once */

struct publish {
	struct ring_writer	 pb_ring;
	struct repeat		 pb_repeat;
	struct tracks		 pb_tracks;
	struct joins		 pb_joins;
	bool			 pb_started;	/* a frame was written */
	int64_t			 pb_time;	/* latest timestamp, unwrapped */
	uint64_t		 pb_active;	/* latest media, ms */
	uint64_t		 pb_video;	/* latest video frame, ms */
	uint64_t		 pb_join;	/* newest join point, position */
	uint64_t		 pb_join_at;	/* and when, ms */
	struct merge		 pb_merge;
	uint64_t		 pb_nap;	/* until then leave the peer be, ms */
	uint32_t		 pb_hold;	/* of the wake, in force, ms */
	uint64_t		 pb_stats;	/* latest line of statistics, ms */
	struct counters		 pb_counted;	/* at that time */
	uint16_t		 pb_main;	/* video track that makes GOPs */
	bool			 pb_changed;	/* a configuration, since then */
};

void
publish_start(struct conn *c, struct netstream *ns, int fd, uint64_t size,
    uint64_t generation)
{
	struct publish *pb = calloc(1, sizeof(*pb));

	if (pb == NULL || ring_create(&pb->pb_ring, fd, size, generation)
	    == -1) {
		free(pb);
		conn_end(c, "ring", strerror(errno));
		return;
	}
	repeat_init(&pb->pb_repeat, size / 8);
	pb->pb_main = NO_TRACK;
	pb->pb_active = pb->pb_stats = c->c_now;
	ring_set_active(&pb->pb_ring, c->c_now);
	ns->ns_publish = pb;
	ns->ns_generation = generation;
}

void
publish_stop(struct conn *c, struct netstream *ns)
{
	struct publish *pb = ns->ns_publish;

	if (pb == NULL)
		return;
	publish_stats(c, ns);
	if (pb->pb_merge.mg_news != 0)
		ring_wake(&pb->pb_ring, FUTEX_ALL);
	ring_destroy(&pb->pb_ring);
	repeat_free(&pb->pb_repeat);
	free(pb);
	ns->ns_publish = NULL;
	ns->ns_generation = 0;
}

/* Extend a 32-bit timestamp to the nearest 64-bit one; steps back stay. */
static int64_t
unwrap(struct publish *pb, uint32_t ts)
{
	if (!pb->pb_started)
		pb->pb_time = ts;
	else
		pb->pb_time += (int32_t)(ts - (uint32_t)pb->pb_time);
	return pb->pb_time;
}

static uint64_t
write_record(struct publish *pb, struct shm_record *rec, const void *data,
    uint32_t len)
{
	rec->rec_length = len;
	merge_news(&pb->pb_merge);
	return ring_write(&pb->pb_ring, rec, data);
}

/* Write the REPEAT set, stamped like the frame it precedes. */
static void
write_join(struct publish *pb, struct shm_record *frame)
{
	const struct repeat_entry *re;
	struct shm_record rec;
	uint64_t pos;
	uint32_t i;

	pb->pb_join = UINT64_MAX;
	for (i = 0; i < pb->pb_repeat.rp_n; i++) {
		re = &pb->pb_repeat.rp_entry[i];
		rec = (struct shm_record){
			.rec_type = re->re_key.rk_type,
			.rec_flags = re->re_flags | RECORD_REPEAT |
			    (i == 0 ? RECORD_JOIN : 0),
			.rec_track = re->re_key.rk_track,
			.rec_time = frame->rec_time,
			.rec_arrival = frame->rec_arrival,
		};
		pos = write_record(pb, &rec, re->re_data, re->re_len);
		if (i == 0)
			pb->pb_join = pos;
	}
	if (pb->pb_repeat.rp_n == 0)
		frame->rec_flags |= RECORD_JOIN;
	pb->pb_join_at = frame->rec_arrival;
}

static bool
wants_join(const struct publish *pb, const struct shm_record *rec,
    uint32_t len, bool key)
{
	uint64_t now = rec->rec_arrival;
	uint64_t gop = pb->pb_ring.rw_head + len - pb->pb_join;

	if (!pb->pb_started || key || pb->pb_changed)
		return true;
	if (gop > pb->pb_ring.rw_size / 2 || now - pb->pb_join_at > GOP_MAX)
		return true;
	return rec->rec_type == RTMP_AUDIO &&
	    now - pb->pb_join_at >= AUDIO_GOP &&
	    (pb->pb_main == NO_TRACK || now - pb->pb_video > CAMERA_OFF);
}

static void
write_frame(struct publish *pb, struct shm_record *rec, const void *data,
    uint32_t len, bool key)
{
	bool join = wants_join(pb, rec, len, key);
	uint64_t pos;

	if (join)
		write_join(pb, rec);
	pos = write_record(pb, rec, data, len);
	pb->pb_started = true;
	pb->pb_changed = false;
	if (!join)
		return;
	if (pb->pb_join == UINT64_MAX)
		pb->pb_join = pos;
	ring_set_join(&pb->pb_ring, pb->pb_join);
	joins_add(&pb->pb_joins, pb->pb_join, rec->rec_arrival,
	    key || pb->pb_main == NO_TRACK);
}

static void
announce(struct conn *c, struct netstream *ns, const struct track *tr)
{
	char text[TRACKS_TEXT], name[LOG_TEXT_MAX];

	track_text(tr, text);
	log_info("codec stream=%s peer=%s %s", log_text(ns->ns_name, name),
	    c->c_peer, text);
}

static void
log_not_kept(const struct conn *c, uint32_t len)
{
	static struct ratelimit limit;

	if (ratelimit_pass(&limit, 5, 60000))
		log_warnx("config-not-kept peer=%s bytes=%" PRIu32, c->c_peer,
		    len);
}

/* The pictures so far were coded for another configuration: nobody may join
 * there any more. Other tracks go on at once under their new one. */
static void
keep_config(struct conn *c, struct publish *pb, const struct rtmp_msg *m,
    const struct media_tag *tag)
{
	bool is_main = tag->mt_kind == MEDIA_VIDEO &&
	    tag->mt_track == pb->pb_main;

	switch (repeat_config(&pb->pb_repeat, m, tag)) {
	case REPEAT_CHANGED:
		if (is_main && (tag->mt_flags & MEDIA_CONFIG) != 0)
			pb->pb_changed = true;
		break;
	case REPEAT_FULL:
		log_not_kept(c, m->rm_len);
		break;
	case REPEAT_KEPT:
		break;
	}
}

/* What the tracks of one message come to. */
struct summary {
	uint8_t	 sm_flags;	/* MEDIA_…, of all its tracks */
	uint8_t	 sm_track;	/* of the first */
	bool	 sm_key;	/* starts a GOP */
};

static void
examine(struct conn *c, struct netstream *ns, enum media_kind kind,
    const struct rtmp_msg *m, struct summary *sm)
{
	struct publish *pb = ns->ns_publish;
	const struct track *news;
	struct media_iter it;
	struct media_tag tag;
	bool first = true;

	memset(sm, 0, sizeof(*sm));
	media_open(&it, kind, m->rm_data, m->rm_len);
	while (media_next(&it, &tag)) {
		sm->sm_flags |= tag.mt_flags;
		if (first)
			sm->sm_track = tag.mt_track;
		first = false;
		if ((tag.mt_flags & (MEDIA_CONFIG | MEDIA_EXTRA)) != 0)
			keep_config(c, pb, m, &tag);
		if ((news = tracks_note(&pb->pb_tracks, &tag)) != NULL)
			announce(c, ns, news);
		if (kind != MEDIA_VIDEO || (tag.mt_flags & MEDIA_FRAME) == 0)
			continue;
		if (pb->pb_main == NO_TRACK || tag.mt_track < pb->pb_main)
			pb->pb_main = tag.mt_track;
		if (tag.mt_track == pb->pb_main &&
		    (tag.mt_flags & MEDIA_KEY) != 0)
			sm->sm_key = true;
	}
}

static void
count(struct netstream *ns, const struct rtmp_msg *m)
{
	struct counters *ct = &ns->ns_counters;

	if (m->rm_type == RTMP_VIDEO)
		ct->ct_video++;
	else if (m->rm_type == RTMP_AUDIO)
		ct->ct_audio++;
	else
		ct->ct_data++;
	ct->ct_media_bytes += m->rm_len;
}

static void
publish_media(struct conn *c, struct netstream *ns, const struct rtmp_msg *m)
{
	struct publish *pb = ns->ns_publish;
	bool video = m->rm_type == RTMP_VIDEO;
	struct shm_record rec = {
		.rec_type = m->rm_type, .rec_arrival = c->c_now,
	};
	struct summary sm;

	examine(c, ns, video ? MEDIA_VIDEO : MEDIA_AUDIO, m, &sm);
	rec.rec_time = unwrap(pb, m->rm_ts);
	rec.rec_track = sm.sm_track;
	if ((sm.sm_flags & (MEDIA_CONFIG | MEDIA_EXTRA)) != 0)
		rec.rec_flags |= RECORD_CONFIG;
	if ((sm.sm_flags & MEDIA_FRAME) == 0) {
		write_record(pb, &rec, m->rm_data, m->rm_len);
		return;
	}
	rec.rec_flags |= RECORD_FRAME;
	if (video && (sm.sm_flags & MEDIA_KEY) != 0)
		rec.rec_flags |= RECORD_KEY;
	write_frame(pb, &rec, m->rm_data, m->rm_len, sm.sm_key);
	if (video)
		pb->pb_video = c->c_now;
}

/* Marker and count of an ECMA array in place of an object's marker: players
 * look for tracks only in the former. What follows is alike. */
static uint8_t *
as_ecma_array(const uint8_t *body, uint32_t *len, size_t marker)
{
	static const uint8_t head[5] = { AMF_ECMA_ARRAY };
	uint8_t *out = malloc(*len + sizeof(head) - 1);

	if (out == NULL)
		return NULL;
	memcpy(out, body, marker);
	memcpy(out + marker, head, sizeof(head));
	memcpy(out + marker + sizeof(head), body + marker + 1,
	    *len - marker - 1);
	*len += (uint32_t)sizeof(head) - 1;
	return out;
}

static void
publish_metadata(struct conn *c, struct publish *pb, const uint8_t *body,
    uint32_t len, struct shm_record *rec)
{
	static const size_t marker = 3 + sizeof("onMetaData") - 1;
	struct repeat_key key = {
		.rk_type = RTMP_DATA, .rk_class = RECORD_METADATA,
	};
	uint8_t *copy = NULL;

	if (len > marker && body[marker] == AMF_OBJECT)
		copy = as_ecma_array(body, &len, marker);
	if (copy != NULL)
		body = copy;
	rec->rec_flags = RECORD_METADATA;
	if (repeat_store(&pb->pb_repeat, &key, RECORD_METADATA, body, len) ==
	    REPEAT_FULL)
		log_not_kept(c, len);
	write_record(pb, rec, body, len);
	free(copy);
}

static void
publish_data(struct conn *c, struct netstream *ns, const struct rtmp_msg *m)
{
	struct publish *pb = ns->ns_publish;
	struct repeat_key key = {
		.rk_type = RTMP_DATA, .rk_class = RECORD_METADATA,
	};
	struct shm_record rec = {
		.rec_type = RTMP_DATA, .rec_arrival = c->c_now,
	};
	size_t skip;
	enum data_kind kind = data_classify(m, &skip);

	rec.rec_time = unwrap(pb, m->rm_ts);
	switch (kind) {
	case DATA_METADATA:
		publish_metadata(c, pb, m->rm_data + skip,
		    m->rm_len - (uint32_t)skip, &rec);
		break;
	case DATA_CLEAR:
		repeat_drop(&pb->pb_repeat, &key);
		break;
	case DATA_OTHER:
		write_record(pb, &rec, m->rm_data + skip,
		    m->rm_len - (uint32_t)skip);
		break;
	}
}

void
publish_message(struct conn *c, struct netstream *ns,
    const struct rtmp_msg *m)
{
	struct publish *pb = ns->ns_publish;
	struct rtmp_msg sub;
	size_t off = 0;

	if (m->rm_type == RTMP_AGGREGATE) {
		while (c->c_end == NULL &&
		    aggregate_next(m, &off, &sub) == RTMP_OK)
			if (sub.rm_type != RTMP_AGGREGATE)
				publish_message(c, ns, &sub);
		return;
	}
	/* an object in onMetaData grows by four bytes on its way */
	if (m->rm_len + 4 > ring_record_max(pb->pb_ring.rw_size)) {
		conn_end(c, "message-too-big", "over a quarter of the ring");
		return;
	}
	if (m->rm_type == RTMP_AUDIO || m->rm_type == RTMP_VIDEO)
		publish_media(c, ns, m);
	else if (m->rm_type == RTMP_DATA || m->rm_type == RTMP_DATA_AMF3)
		publish_data(c, ns, m);
	else
		return;
	count(ns, m);
	pb->pb_active = c->c_now;
	ring_set_active(&pb->pb_ring, c->c_now);
}

void
publish_tick(struct conn *c, struct netstream *ns)
{
	struct publish *pb = ns->ns_publish;
	uint32_t ms, sets;

	if (pb->pb_merge.mg_news == 0)
		return;
	joins_trim(&pb->pb_joins, &pb->pb_ring);
	ms = registry_hold(&c->c_registry);
	if (ms != pb->pb_hold)
		ring_set_hold(&pb->pb_ring, pb->pb_hold = ms);
	if (registry_subscribers(&c->c_registry, ns->ns_entry) <= FEW) {
		pb->pb_nap = c->c_now + ms;
		ms = 0;
	}
	if ((sets = merge_turn(&pb->pb_merge, ms, c->c_now)) == 0)
		return;
	ns->ns_counters.ct_wakes++;
	ring_wake(&pb->pb_ring, sets);
}

uint64_t
publish_due(const struct netstream *ns)
{
	return merge_due(&ns->ns_publish->pb_merge);
}

uint64_t
publish_nap(const struct netstream *ns)
{
	return ns->ns_publish->pb_nap;
}

uint64_t
publish_active(const struct netstream *ns)
{
	return ns->ns_publish->pb_active;
}

void
publish_measure(struct netstream *ns, uint64_t elapsed)
{
	tracks_measure(&ns->ns_publish->pb_tracks, elapsed);
}

void
publish_describe(const struct netstream *ns, struct hub_report *r)
{
	const struct publish *pb = ns->ns_publish;

	tracks_export(&pb->pb_tracks, r->hr_track);
	r->hr_gop = pb->pb_joins.jo_gop;
	r->hr_ring_ms = (uint32_t)(pb->pb_active -
	    joins_oldest(&pb->pb_joins, pb->pb_active));
}

uint64_t
publish_stats_due(const struct conn *c, const struct netstream *ns)
{
	return ns->ns_publish->pb_stats + c->c_conf->cf_stats_interval;
}

void
publish_stats(struct conn *c, struct netstream *ns)
{
	struct publish *pb = ns->ns_publish;
	const struct counters *ct = &ns->ns_counters;
	uint64_t elapsed = c->c_now - pb->pb_stats;
	uint64_t bytes = ct->ct_media_bytes - pb->pb_counted.ct_media_bytes;
	char codecs[TRACKS_TEXT], name[LOG_TEXT_MAX];

	tracks_codecs(&pb->pb_tracks, codecs);
	log_info("stats stream=%s peer=%s packets=%" PRIu64 " video=%" PRIu64
	    " audio=%" PRIu64 " data=%" PRIu64 " bytes=%" PRIu64
	    " kbit/s=%" PRIu64 " codecs=%s duration=%" PRIu64 "s",
	    log_text(ns->ns_name, name), c->c_peer,
	    ct->ct_video + ct->ct_audio + ct->ct_data, ct->ct_video,
	    ct->ct_audio, ct->ct_data, ct->ct_media_bytes,
	    elapsed > 0 ? bytes * 8 / elapsed : 0, codecs,
	    (c->c_now - ns->ns_since) / 1000);
	pb->pb_counted = *ct;
	pb->pb_stats = c->c_now;
}
