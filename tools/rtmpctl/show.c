/* SPDX-License-Identifier: ISC */
/*
 * show.c - what the registry says, as tables or as JSON.
 * Asks nobody. When the hub has died a moment is waited for the next one, then
 * what it left is shown, and the exit status says so.
 */
#include "show.h"

#include <sys/ioctl.h>

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "view/json.h"
#include "view/prom.h"
#include "view/table.h"
#include "view/text.h"

#define NEXT_HUB	1500	/* ms until there is another, at most */
#define NEXT_HUB_STEP	50

static int
take(const struct ctl *ct, struct snapshot *sn)
{
	struct snapshot_source *so = snapshot_open();
	const struct timespec step = { .tv_nsec = NEXT_HUB_STEP * 1000000 };
	const char *why;
	int status = 0, waited;

	if (so == NULL)
		err(EX_OSERR, NULL);
	for (waited = 0; (why = snapshot_take(so, sn)) == NULL &&
	    !sn->sn_hub_alive && waited < NEXT_HUB; waited += NEXT_HUB_STEP) {
		snapshot_free(sn);
		nanosleep(&step, NULL);
	}
	if (why != NULL) {
		status = errno == EACCES || errno == EPERM ? EX_NOPERM :
		    EX_UNAVAILABLE;
		warnx("%s: %s", ct->ct_path, why);
	}
	snapshot_close(so);
	return status;
}

/* Say whatever makes the state less than the present one. */
static int
remark(const struct ctl *ct, const struct snapshot *sn)
{
	time_t when = (time_t)(sn->sn_now - sn->sn_age / 1000);
	char text[64];
	struct tm tm;

	if (sn->sn_in_flux > 0)
		warnx("%u entries could not be read: they are being written",
		    sn->sn_in_flux);
	if (!snapshot_stale(sn))
		return 0;
	localtime_r(&when, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	if (sn->sn_hub_alive) {
		warnx("hub %u does not answer: this is as of %s", sn->sn_hub,
		    text);
		return 0;
	}
	warnx("%s: hub %u has died: this is as of %s", ct->ct_path,
	    sn->sn_hub, text);
	return EX_UNAVAILABLE;
}

void
show_json(json_t *value)
{
	if (value == NULL ||
	    json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII |
	    JSON_REAL_PRECISION(10)) == -1)
		errx(EX_OSERR, "cannot write JSON");
	putchar('\n');
	json_decref(value);
}

/* 0 unless it is a terminal. */
static int
line_width(void)
{
	struct winsize ws;

	if (!isatty(STDOUT_FILENO) ||
	    ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == -1)
		return 0;
	return ws.ws_col;
}

struct table *
show_table(int columns)
{
	struct table *t = table_new(columns);

	if (t == NULL)
		err(EX_OSERR, NULL);
	return t;
}

void
show_finish(struct table *t, int width)
{
	if (table_print(t, stdout, width) == -1)
		err(EX_OSERR, NULL);
	table_free(t);
}

static struct table *
heads(const struct column *co, size_t n)
{
	struct table *t = show_table((int)n);
	size_t i;

	for (i = 0; i < n; i++)
		table_head(t, co[i].co_name,
		    (co[i].co_flags & COLUMN_RIGHT) != 0);
	return t;
}

static void
add_row(struct table *t, const struct column *co, size_t n,
    const struct row *row)
{
	char text[VIEW_TEXT_MAX];
	size_t i;

	for (i = 0; i < n; i++) {
		column_text(&co[i], row, text, sizeof(text));
		table_cell(t, text);
	}
}

void
show_stream_table(const struct snapshot *sn)
{
	struct table *t = heads(stream_columns, stream_ncolumns);
	size_t i;

	for (i = 0; i < sn->sn_nstreams; i++)
		add_row(t, stream_columns, stream_ncolumns,
		    &(struct row){ sn, &sn->sn_stream[i], NULL });
	show_finish(t, line_width());
}

void
show_session_table(const struct snapshot *sn, const char *name)
{
	struct table *t = heads(session_columns, session_ncolumns);
	size_t i;

	for (i = 0; i < sn->sn_nsessions; i++)
		if (name == NULL ||
		    strcmp(sn->sn_session[i].eb_name, name) == 0)
			add_row(t, session_columns, session_ncolumns,
			    &(struct row){ sn, NULL, &sn->sn_session[i] });
	show_finish(t, line_width());
}

/* Take a snapshot, let it be printed, and tell what is to be known of it. */
static int
show(const struct ctl *ct, int (*print)(const struct ctl *,
    const struct snapshot *))
{
	struct snapshot sn;
	int status = take(ct, &sn), told;

	if (status != 0)
		return status;
	status = print(ct, &sn);
	told = remark(ct, &sn);
	snapshot_free(&sn);
	return told != 0 ? told : status;
}

static int
print_streams(const struct ctl *ct, const struct snapshot *sn)
{
	if (ct->ct_json)
		show_json(view_json_streams(sn));
	else
		show_stream_table(sn);
	return 0;
}

static int
print_sessions(const struct ctl *ct, const struct snapshot *sn)
{
	if (ct->ct_json)
		show_json(view_json_sessions(sn));
	else
		show_session_table(sn, NULL);
	return 0;
}

static int
print_stream(const struct ctl *ct, const struct snapshot *sn)
{
	const struct snapshot_stream *ss = snapshot_stream(sn, ct->ct_arg[0]);
	char safe[VIEW_TEXT_MAX];

	if (ss == NULL) {
		warnx("no stream %s", text_safe(ct->ct_arg[0], safe,
		    sizeof(safe)));
		return 1;
	}
	if (ct->ct_json)
		show_json(view_json_stream(sn, ss));
	else
		detail_stream(sn, ss);
	return 0;
}

static int
print_hub(const struct ctl *ct, const struct snapshot *sn)
{
	if (ct->ct_json)
		show_json(view_json_hub(sn));
	else
		detail_hub(sn);
	return 0;
}

static int
print_metrics(const struct ctl *ct, const struct snapshot *sn)
{
	(void)ct;
	if (prom_write(stdout, sn) == -1)
		err(EX_OSERR, NULL);
	return 0;
}

int
show_streams(const struct ctl *ct)
{
	return show(ct, print_streams);
}

int
show_stream(const struct ctl *ct)
{
	return show(ct, print_stream);
}

int
show_sessions(const struct ctl *ct)
{
	return show(ct, print_sessions);
}

int
show_hub(const struct ctl *ct)
{
	return show(ct, print_hub);
}

int
show_metrics(const struct ctl *ct)
{
	return show(ct, print_metrics);
}
