/* SPDX-License-Identifier: ISC */
/*
 * json.c - a snapshot as JSON.
 * What is not known is null. Text that a peer sent and that is no UTF-8
 * becomes ASCII, what is none of it in octal.
 */
#include "view/json.h"

#include "media/media.h"
#include "view/text.h"
#include "view/words.h"

#define TYPE_AUDIO	8	/* RTMP message types, in tk_kind */
#define TYPE_VIDEO	9

static json_t *
text(const char *s)
{
	json_t *value = json_string(s);
	char escaped[VIEW_TEXT_MAX];

	if (value != NULL)
		return value;
	return json_string(text_ascii(s, escaped, sizeof(escaped)));
}

static json_t *
text_or_null(const char *s)
{
	return *s != '\0' ? text(s) : json_null();
}

static json_t *
number(uint64_t n)
{
	return json_integer(n <= INT64_MAX ? (json_int_t)n : INT64_MAX);
}

static json_t *
number_or_null(uint64_t n)
{
	return n != 0 ? number(n) : json_null();
}

static uint64_t
seconds_since(const struct snapshot *sn, uint64_t since)
{
	return since != 0 && since < sn->sn_now ? sn->sn_now - since : 0;
}

static json_t *
messages(const struct counters *ct)
{
	return json_pack("{s:o, s:o, s:o}",
	    "video", number(ct->ct_video),
	    "audio", number(ct->ct_audio),
	    "data", number(ct->ct_data));
}

static json_t *
track(const struct shm_track *tk)
{
	json_t *fps = tk->tk_fps != 0 ? json_real(tk->tk_fps / 1000.0) :
	    json_null();
	char buf[8];
	json_t *o;

	o = json_pack("{s:i, s:s, s:o, s:o}",
	    "track", (int)tk->tk_track,
	    "kind", tk->tk_kind == TYPE_VIDEO ? "video" : "audio",
	    "codec", text(media_codec_name(tk->tk_codec, buf)),
	    "profile", text_or_null(tk->tk_profile));
	if (tk->tk_kind == TYPE_VIDEO) {
		json_object_set_new(o, "width", number_or_null(tk->tk_width));
		json_object_set_new(o, "height",
		    number_or_null(tk->tk_height));
		json_object_set_new(o, "fps", fps);
		return o;
	}
	json_decref(fps);
	json_object_set_new(o, "sample_rate", number_or_null(tk->tk_rate));
	json_object_set_new(o, "channels", number_or_null(tk->tk_channels));
	return o;
}

static json_t *
tracks(const struct stream_body *sb)
{
	json_t *a = json_array();
	int i;

	for (i = 0; i < REGISTRY_TRACKS; i++)
		if (sb->sb_track[i].tk_kind == TYPE_VIDEO ||
		    sb->sb_track[i].tk_kind == TYPE_AUDIO)
			json_array_append_new(a, track(&sb->sb_track[i]));
	return a;
}

static json_t *
publisher(const struct stream_body *sb)
{
	if (sb->sb_pid == 0)
		return json_null();
	return json_pack("{s:o, s:o, s:o}",
	    "pid", number(sb->sb_pid),
	    "peer", text(sb->sb_peer),
	    "program", text_or_null(sb->sb_program));
}

json_t *
view_json_stream(const struct snapshot *sn, const struct snapshot_stream *ss)
{
	const struct stream_body *sb = &ss->ss_body;

	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
	    "s:{s:o, s:o}, s:o, s:o, s:o, s:o}",
	    "name", text(sb->sb_name),
	    "state", word_of_state(sb->sb_state),
	    "publisher", publisher(sb),
	    "tracks", tracks(sb),
	    "bitrate_in", number(sb->sb_rate),
	    "bitrate_out", number(ss->ss_rate_out),
	    "subscribers", number(ss->ss_subscribers),
	    "recorders", number(sb->sb_recorders),
	    "uptime_s", number(seconds_since(sn, sb->sb_since)),
	    "gop_ms", number_or_null(sb->sb_gop),
	    "ring",
		"bytes", number(sb->sb_ring_size),
		"ms", number(sb->sb_ring_ms),
	    "lag_jumps", number(sb->sb_lag_jumps),
	    "bytes_in", number(sb->sb_counters.ct_media_bytes),
	    "bytes_out", number(sb->sb_bytes_out),
	    "messages", messages(&sb->sb_counters));
}

static json_t *
session(const struct snapshot *sn, const struct session_body *eb)
{
	const struct counters *ct = &eb->eb_counters;

	return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
	    "s:o, s:o, s:o, s:o, s:o}",
	    "pid", number(eb->eb_pid),
	    "slot", number(eb->eb_slot),
	    "role", word_of_role(eb->eb_role),
	    "stream", text_or_null(eb->eb_name),
	    "peer", text(eb->eb_peer),
	    "program", text_or_null(eb->eb_program),
	    "bytes_in", number(ct->ct_bytes_in),
	    "bytes_out", number(ct->ct_bytes_out),
	    "bitrate", number(eb->eb_rate),
	    "lag_ms", number(ct->ct_lag),
	    "lag_jumps", number(ct->ct_lag_jumps),
	    "joins", number(ct->ct_joins),
	    "first_frame_ms", eb->eb_first_frame != 0 ?
		number(eb->eb_first_frame - 1) : json_null(),
	    "connected_s", number(seconds_since(sn, eb->eb_since)),
	    "messages", messages(ct));
}

json_t *
view_json_streams(const struct snapshot *sn)
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < sn->sn_nstreams; i++)
		json_array_append_new(a,
		    view_json_stream(sn, &sn->sn_stream[i]));
	return a;
}

json_t *
view_json_sessions(const struct snapshot *sn)
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < sn->sn_nsessions; i++)
		json_array_append_new(a, session(sn, &sn->sn_session[i]));
	return a;
}

static json_t *
totals(const struct snapshot *sn)
{
	json_t *o = json_object();

#define TOTAL(field, metric, labels, sentence)				\
	json_object_set_new(o, *labels != '\0' ?			\
	    metric "{" labels "}" : metric,				\
	    number(atomic_load_explicit(&sn->sn_totals.to_##field,	\
	    memory_order_relaxed)));
	RELAY_TOTALS(TOTAL)
#undef TOTAL
	return o;
}

json_t *
view_json_hub(const struct snapshot *sn)
{
	return json_pack("{s:o, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
	    "s:o, s:o}",
	    "pid", number(sn->sn_hub),
	    "alive", sn->sn_hub_alive,
	    "stale", snapshot_stale(sn),
	    "age_ms", number(sn->sn_age),
	    "uptime_s", number(seconds_since(sn, sn->sn_started)),
	    "restarts", number(sn->sn_restarts),
	    "generation", number(sn->sn_generation),
	    "hold_ms", number(sn->sn_hold),
	    "ring_bytes", number(sn->sn_ring_bytes),
	    "time", number(sn->sn_now),
	    "in_flux", number(sn->sn_in_flux),
	    "totals", totals(sn));
}

json_t *
view_json(const struct snapshot *sn)
{
	return json_pack("{s:o, s:o, s:o}",
	    "hub", view_json_hub(sn),
	    "streams", view_json_streams(sn),
	    "sessions", view_json_sessions(sn));
}
