/* SPDX-License-Identifier: ISC */
/*
 * columns_session.c - the columns that sessions are shown in.
 */
#include "columns.h"

#include <inttypes.h>
#include <stdio.h>

#include "view/format.h"
#include "view/words.h"

static const struct session_body *
body(const struct row *r)
{
	return r->ro_session;
}

static uint64_t
pid_key(const struct row *r)
{
	return (uint64_t)body(r)->eb_pid << 16 | body(r)->eb_slot;
}

/* A connection that has several streams is there with each of them. */
static void
pid_text(const struct row *r, char *buf, size_t size)
{
	if (body(r)->eb_slot == 0)
		snprintf(buf, size, "%u", body(r)->eb_pid);
	else
		snprintf(buf, size, "%u/%u", body(r)->eb_pid,
		    body(r)->eb_slot);
}

static void
role_text(const struct row *r, char *buf, size_t size)
{
	snprintf(buf, size, "%s", word_of_role(body(r)->eb_role));
}

static void
text_or_dash(const char *text, char *buf, size_t size)
{
	snprintf(buf, size, "%s", *text != '\0' ? text : "-");
}

static void
stream_text(const struct row *r, char *buf, size_t size)
{
	text_or_dash(body(r)->eb_name, buf, size);
}

static void
peer_text(const struct row *r, char *buf, size_t size)
{
	text_or_dash(body(r)->eb_peer, buf, size);
}

static void
program_text(const struct row *r, char *buf, size_t size)
{
	text_or_dash(body(r)->eb_program, buf, size);
}

static uint64_t
rate_key(const struct row *r)
{
	return body(r)->eb_rate;
}

static void
rate_text(const struct row *r, char *buf, size_t size)
{
	char number[FORMAT_MAX];

	snprintf(buf, size, "%s", format_number(rate_key(r), number));
}

static uint64_t
received_key(const struct row *r)
{
	return body(r)->eb_counters.ct_bytes_in;
}

static void
received_text(const struct row *r, char *buf, size_t size)
{
	char number[FORMAT_MAX];

	snprintf(buf, size, "%s", format_number(received_key(r), number));
}

static uint64_t
sent_key(const struct row *r)
{
	return body(r)->eb_counters.ct_bytes_out;
}

static void
sent_text(const struct row *r, char *buf, size_t size)
{
	char number[FORMAT_MAX];

	snprintf(buf, size, "%s", format_number(sent_key(r), number));
}

static uint64_t
lag_key(const struct row *r)
{
	return body(r)->eb_counters.ct_lag;
}

static void
lag_text(const struct row *r, char *buf, size_t size)
{
	snprintf(buf, size, "%" PRIu64, lag_key(r));
}

static uint64_t
jumps_key(const struct row *r)
{
	return body(r)->eb_counters.ct_lag_jumps;
}

static void
jumps_text(const struct row *r, char *buf, size_t size)
{
	snprintf(buf, size, "%" PRIu64, jumps_key(r));
}

static uint64_t
time_key(const struct row *r)
{
	return row_seconds(r, body(r)->eb_since);
}

static void
time_text(const struct row *r, char *buf, size_t size)
{
	char number[FORMAT_MAX];

	snprintf(buf, size, "%s", format_time(time_key(r), number));
}

const struct column session_columns[] = {
	{ "PID", COLUMN_RIGHT | COLUMN_TOP, 7, pid_text, pid_key },
	{ "ROLE", COLUMN_TOP, 7, role_text, NULL },
	{ "STREAM", COLUMN_TOP | COLUMN_WIDE, 10, stream_text, NULL },
	{ "RATE", COLUMN_RIGHT | COLUMN_TOP | COLUMN_BAR, 5, rate_text,
	  rate_key },
	{ "LAG", COLUMN_RIGHT | COLUMN_TOP | COLUMN_LAG, 5, lag_text,
	  lag_key },
	{ "JUMPS", COLUMN_RIGHT | COLUMN_TOP, 5, jumps_text, jumps_key },
	{ "TIME", COLUMN_RIGHT | COLUMN_TOP, 6, time_text, time_key },
	{ "PEER", COLUMN_TOP, 21, peer_text, NULL },
	{ "RECEIVED", COLUMN_RIGHT, 8, received_text, received_key },
	{ "SENT", COLUMN_RIGHT, 6, sent_text, sent_key },
	{ "PROGRAM", 0, 20, program_text, NULL },
};
const size_t session_ncolumns =
    sizeof(session_columns) / sizeof(session_columns[0]);
