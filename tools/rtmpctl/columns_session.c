/* SPDX-License-Identifier: ISC */
/*
 * columns_session.c - the columns that sessions are shown in.
 */
#include "columns.h"

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

static uint64_t
received_key(const struct row *r)
{
	return body(r)->eb_counters.ct_bytes_in;
}

static uint64_t
sent_key(const struct row *r)
{
	return body(r)->eb_counters.ct_bytes_out;
}

static uint64_t
lag_key(const struct row *r)
{
	return body(r)->eb_counters.ct_lag;
}

static uint64_t
jumps_key(const struct row *r)
{
	return body(r)->eb_counters.ct_lag_jumps;
}

static uint64_t
time_key(const struct row *r)
{
	return row_seconds(r, body(r)->eb_since);
}

const struct column session_columns[] = {
	{ "PID", COLUMN_RIGHT | COLUMN_TOP, 7, pid_text, pid_key, NULL },
	{ "ROLE", COLUMN_TOP, 7, role_text, NULL, NULL },
	{ "STREAM", COLUMN_TOP | COLUMN_WIDE, 10, stream_text, NULL, NULL },
	{ "RATE", COLUMN_RIGHT | COLUMN_TOP | COLUMN_BAR, 5, NULL, rate_key,
	  format_number },
	{ "LAG", COLUMN_RIGHT | COLUMN_TOP | COLUMN_LAG, 5, NULL, lag_key,
	  format_plain },
	{ "JUMPS", COLUMN_RIGHT | COLUMN_TOP, 5, NULL, jumps_key,
	  format_plain },
	{ "TIME", COLUMN_RIGHT | COLUMN_TOP, 6, NULL, time_key, format_time },
	{ "PEER", COLUMN_TOP, 21, peer_text, NULL, NULL },
	{ "RECEIVED", COLUMN_RIGHT, 8, NULL, received_key, format_number },
	{ "SENT", COLUMN_RIGHT, 6, NULL, sent_key, format_number },
	{ "PROGRAM", 0, 20, program_text, NULL, NULL },
};
const size_t session_ncolumns =
    sizeof(session_columns) / sizeof(session_columns[0]);
