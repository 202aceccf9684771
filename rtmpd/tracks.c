/* SPDX-License-Identifier: ISC */
/*
 * tracks.c - what a publisher's tracks were found to be.
 * Only observes: an unknown codec is relayed like any other.
 */
#include "tracks.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rtmp/message.h"
#include "sys/log.h"

static struct track *
find(struct tracks *ts, const struct media_tag *tag)
{
	struct track *tr;

	for (tr = ts->ts_track; tr < ts->ts_track + ts->ts_n; tr++)
		if (tr->tr_info.mi_kind == tag->mt_kind &&
		    tr->tr_info.mi_track == tag->mt_track)
			return tr;
	if (ts->ts_n == REGISTRY_TRACKS)
		return NULL;
	tr = &ts->ts_track[ts->ts_n++];
	memset(tr, 0, sizeof(*tr));
	tr->tr_info.mi_kind = tag->mt_kind;
	tr->tr_info.mi_track = tag->mt_track;
	return tr;
}

/* VP9 has its profile in the sequence header and its size in key frames. */
static void
complete(struct media_info *info, const struct media_info *known)
{
	if (info->mi_width == 0) {
		info->mi_width = known->mi_width;
		info->mi_height = known->mi_height;
	}
	if (info->mi_profile[0] == '\0')
		strlcpy(info->mi_profile, known->mi_profile,
		    sizeof(info->mi_profile));
}

/* A frame tells its codec; what else it tells, a key frame or the first with a
 * rate does. Of a sequence header that tells nothing, its frames will. */
static bool
learn(struct track *tr, const struct media_tag *tag)
{
	struct media_info info;
	bool known = tr->tr_info.mi_codec == tag->mt_codec;

	if (known && (tag->mt_flags & (MEDIA_CONFIG | MEDIA_KEY)) == 0 &&
	    (tag->mt_kind == MEDIA_VIDEO || tr->tr_info.mi_rate != 0))
		return false;
	memset(&info, 0, sizeof(info));
	if (!media_describe(tag, &info) &&
	    (known || (tag->mt_flags & MEDIA_FRAME) == 0))
		return false;
	if (known && tag->mt_codec == CODEC_VP9)
		complete(&info, &tr->tr_info);
	if (memcmp(&info, &tr->tr_info, sizeof(info)) == 0)
		return false;
	tr->tr_info = info;
	return true;
}

const struct track *
tracks_note(struct tracks *ts, const struct media_tag *tag)
{
	struct track *tr;

	if ((tag->mt_flags & (MEDIA_CONFIG | MEDIA_FRAME)) == 0)
		return NULL;
	if ((tr = find(ts, tag)) == NULL)
		return NULL;
	tr->tr_frames += (tag->mt_flags & MEDIA_FRAME) != 0;
	return learn(tr, tag) ? tr : NULL;
}

void
tracks_measure(struct tracks *ts, uint64_t elapsed)
{
	struct track *tr;

	if (elapsed == 0)
		return;
	for (tr = ts->ts_track; tr < ts->ts_track + ts->ts_n; tr++) {
		tr->tr_fps = (uint32_t)(tr->tr_frames * 1000000 / elapsed);
		tr->tr_frames = 0;
	}
}

void
tracks_export(const struct tracks *ts, struct shm_track out[REGISTRY_TRACKS])
{
	const struct media_info *mi;
	uint32_t i;

	memset(out, 0, REGISTRY_TRACKS * sizeof(*out));
	for (i = 0; i < ts->ts_n; i++) {
		mi = &ts->ts_track[i].tr_info;
		out[i].tk_codec = mi->mi_codec;
		out[i].tk_kind = mi->mi_kind == MEDIA_VIDEO ?
		    RTMP_VIDEO : RTMP_AUDIO;
		out[i].tk_track = mi->mi_track;
		out[i].tk_channels = (uint16_t)mi->mi_channels;
		out[i].tk_width = mi->mi_width;
		out[i].tk_height = mi->mi_height;
		out[i].tk_fps = mi->mi_fps;
		if (mi->mi_fps == 0 && mi->mi_kind == MEDIA_VIDEO)
			out[i].tk_fps = ts->ts_track[i].tr_fps;
		out[i].tk_rate = mi->mi_rate;
		strlcpy(out[i].tk_profile, mi->mi_profile,
		    sizeof(out[i].tk_profile));
	}
}

/* snprintf(3) at the end of what is there. */
static void append(char out[TRACKS_TEXT], const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
append(char out[TRACKS_TEXT], const char *fmt, ...)
{
	size_t len = strlen(out);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out + len, TRACKS_TEXT - len, fmt, ap);
	va_end(ap);
}

static void
append_profile(char out[TRACKS_TEXT], const char *profile)
{
	char text[sizeof(((struct media_info *)0)->mi_profile)], *p;

	strlcpy(text, profile, sizeof(text));
	for (p = text; *p != '\0'; p++)
		if (*p == ' ')
			*p = '_';	/* one value, one word */
	append(out, " profile=%s", text);
}

void
track_text(const struct track *tr, char out[TRACKS_TEXT])
{
	const struct media_info *mi = &tr->tr_info;
	char codec[8], safe[LOG_TEXT_MAX];

	out[0] = '\0';
	append(out, "kind=%s track=%u codec=%s",
	    mi->mi_kind == MEDIA_VIDEO ? "video" : "audio", mi->mi_track,
	    log_text(media_codec_name(mi->mi_codec, codec), safe));
	if (mi->mi_profile[0] != '\0')
		append_profile(out, mi->mi_profile);
	if (mi->mi_width != 0)
		append(out, " size=%" PRIu32 "x%" PRIu32, mi->mi_width,
		    mi->mi_height);
	if (mi->mi_fps != 0)
		append(out, " fps=%" PRIu32 ".%02" PRIu32, mi->mi_fps / 1000,
		    mi->mi_fps % 1000 / 10);
	if (mi->mi_rate != 0)
		append(out, " rate=%" PRIu32, mi->mi_rate);
	if (mi->mi_channels != 0)
		append(out, " channels=%" PRIu32, mi->mi_channels);
}

void
tracks_codecs(const struct tracks *ts, char out[TRACKS_TEXT])
{
	char codec[8], safe[LOG_TEXT_MAX];
	uint32_t i;

	strlcpy(out, ts->ts_n == 0 ? "none" : "", TRACKS_TEXT);
	for (i = 0; i < ts->ts_n; i++)
		append(out, "%s%s", i == 0 ? "" : ",", log_text(
		    media_codec_name(ts->ts_track[i].tr_info.mi_codec, codec),
		    safe));
}
