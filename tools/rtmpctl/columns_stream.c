/* SPDX-License-Identifier: ISC */
/*
 * columns_stream.c - the columns that streams are shown in.
 */
#include "columns.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "view/format.h"
#include "media/media.h"
#include "view/words.h"

#define TYPE_AUDIO	8	/* RTMP message types, in tk_kind */
#define TYPE_VIDEO	9

static const struct stream_body *
body(const struct row *r)
{
	return &r->ro_stream->ss_body;
}

void
column_text(const struct column *co, const struct row *r, char *buf,
    size_t size)
{
	char number[FORMAT_MAX];

	if (co->co_text != NULL)
		co->co_text(r, buf, size);
	else
		snprintf(buf, size, "%s", co->co_form(co->co_key(r), number));
}

uint64_t
row_seconds(const struct row *r, uint64_t since)
{
	uint64_t now = r->ro_sn->sn_now;

	return since != 0 && since < now ? now - since : 0;
}

static void
add(char *buf, size_t size, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
add(char *buf, size_t size, const char *fmt, ...)
{
	size_t n = strlen(buf);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf + n, size - n, fmt, ap);
	va_end(ap);
}

void
track_text(const struct shm_track *tk, char *buf, size_t size)
{
	char name[8];

	snprintf(buf, size, "%s", media_codec_name(tk->tk_codec, name));
	if (tk->tk_profile[0] != '\0')
		add(buf, size, " %s", tk->tk_profile);
	if (tk->tk_width != 0)
		add(buf, size, " %ux%u", tk->tk_width, tk->tk_height);
	if (tk->tk_fps != 0)
		add(buf, size, " %gfps", tk->tk_fps / 1000.0);
	if (tk->tk_rate != 0)
		add(buf, size, " %uHz", tk->tk_rate);
	if (tk->tk_channels != 0)
		add(buf, size, " %uch", tk->tk_channels);
}

/* The first track of the kind, and how many more there are. */
static void
tracks_text(const struct row *r, uint8_t kind, char *buf, size_t size)
{
	const struct shm_track *tk = body(r)->sb_track;
	int i, n = 0;

	snprintf(buf, size, "-");
	for (i = 0; i < REGISTRY_TRACKS; i++)
		if (tk[i].tk_kind == kind && n++ == 0)
			track_text(&tk[i], buf, size);
	if (n > 1)
		add(buf, size, " +%d", n - 1);
}

static void
name_text(const struct row *r, char *buf, size_t size)
{
	snprintf(buf, size, "%s", body(r)->sb_name);
}

static void
state_text(const struct row *r, char *buf, size_t size)
{
	snprintf(buf, size, "%s", word_of_state(body(r)->sb_state));
}

static uint64_t
pid_key(const struct row *r)
{
	return body(r)->sb_pid;
}

static void
pid_text(const struct row *r, char *buf, size_t size)
{
	if (body(r)->sb_pid == 0)
		snprintf(buf, size, "-");
	else
		snprintf(buf, size, "%u", body(r)->sb_pid);
}

static void
peer_text(const struct row *r, char *buf, size_t size)
{
	const char *peer = body(r)->sb_peer;

	snprintf(buf, size, "%s", *peer != '\0' ? peer : "-");
}

static void
program_text(const struct row *r, char *buf, size_t size)
{
	const char *program = body(r)->sb_program;

	snprintf(buf, size, "%s", *program != '\0' ? program : "-");
}

static void
video_text(const struct row *r, char *buf, size_t size)
{
	tracks_text(r, TYPE_VIDEO, buf, size);
}

static void
audio_text(const struct row *r, char *buf, size_t size)
{
	tracks_text(r, TYPE_AUDIO, buf, size);
}

static uint64_t
in_key(const struct row *r)
{
	return body(r)->sb_rate;
}

static uint64_t
out_key(const struct row *r)
{
	return r->ro_stream->ss_rate_out;
}

static uint64_t
subscribers_key(const struct row *r)
{
	return r->ro_stream->ss_subscribers;
}

static uint64_t
recorders_key(const struct row *r)
{
	return body(r)->sb_recorders;
}

static uint64_t
up_key(const struct row *r)
{
	return row_seconds(r, body(r)->sb_since);
}

static void
up_text(const struct row *r, char *buf, size_t size)
{
	char number[FORMAT_MAX];

	snprintf(buf, size, "%s", body(r)->sb_since == 0 ? "-" :
	    format_time(up_key(r), number));
}

static uint64_t
gop_key(const struct row *r)
{
	return body(r)->sb_gop;
}

static uint64_t
ring_key(const struct row *r)
{
	return body(r)->sb_ring_ms;
}

static uint64_t
jumps_key(const struct row *r)
{
	return body(r)->sb_lag_jumps;
}

const struct column stream_columns[] = {
	{ "STREAM", COLUMN_TOP | COLUMN_WIDE, 10, name_text, NULL, NULL },
	{ "STATE", COLUMN_TOP, 7, state_text, NULL, NULL },
	{ "IN", COLUMN_RIGHT | COLUMN_TOP | COLUMN_BAR, 5, NULL, in_key,
	  format_number },
	{ "OUT", COLUMN_RIGHT | COLUMN_TOP | COLUMN_BAR, 5, NULL, out_key,
	  format_number },
	{ "SUBS", COLUMN_RIGHT | COLUMN_TOP, 5, NULL, subscribers_key,
	  format_plain },
	{ "REC", COLUMN_RIGHT | COLUMN_TOP, 3, NULL, recorders_key,
	  format_plain },
	{ "JUMPS", COLUMN_RIGHT | COLUMN_TOP, 5, NULL, jumps_key,
	  format_plain },
	{ "UP", COLUMN_RIGHT | COLUMN_TOP, 6, up_text, up_key, NULL },
	{ "GOP", COLUMN_RIGHT | COLUMN_TOP, 5, NULL, gop_key, format_span },
	{ "RING", COLUMN_RIGHT | COLUMN_TOP, 6, NULL, ring_key, format_span },
	{ "VIDEO", 0, 30, video_text, NULL, NULL },
	{ "AUDIO", 0, 20, audio_text, NULL, NULL },
	{ "PID", COLUMN_RIGHT, 7, pid_text, pid_key, NULL },
	{ "PEER", 0, 21, peer_text, NULL, NULL },
	{ "PROGRAM", 0, 20, program_text, NULL, NULL },
};
const size_t stream_ncolumns =
    sizeof(stream_columns) / sizeof(stream_columns[0]);
