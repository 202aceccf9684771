/* SPDX-License-Identifier: ISC */
/*
 * rows.c - the rows of top: sorted as asked, and the selected one kept while
 * others come and go.
 */
#include "top.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "view/text.h"

struct pane *
top_pane(struct top *tp)
{
	return &tp->tp_pane[tp->tp_sessions];
}

static int
compare_by(const struct column *co, const struct row *a, const struct row *b)
{
	char x[VIEW_TEXT_MAX], y[VIEW_TEXT_MAX];
	uint64_t m, n;

	if (co->co_key == NULL) {
		column_text(co, a, x, sizeof(x));
		column_text(co, b, y, sizeof(y));
		return strcmp(x, y);
	}
	m = co->co_key(a);
	n = co->co_key(b);
	/* the largest first */
	return m < n ? 1 : m > n ? -1 : 0;
}

/* Where rows lie in the snapshot, which has an order of its own. */
static uintptr_t
place(const struct row *r)
{
	return r->ro_stream != NULL ? (uintptr_t)r->ro_stream :
	    (uintptr_t)r->ro_session;
}

static int
compare(const void *a, const void *b, void *arg)
{
	const struct pane *pa = arg;
	int order = compare_by(&pa->pa_column[pa->pa_sort], a, b);

	if (order != 0)
		return pa->pa_reverse ? -order : order;
	return place(a) < place(b) ? -1 : place(a) > place(b);
}

static bool
is_selected(const struct pane *pa, const struct row *r)
{
	if (r->ro_stream != NULL)
		return strcmp(r->ro_stream->ss_body.sb_name, pa->pa_name) == 0;
	return r->ro_session->eb_pid == pa->pa_pid &&
	    r->ro_session->eb_slot == pa->pa_slot;
}

static void
select_row(struct top *tp, size_t at)
{
	struct pane *pa = top_pane(tp);
	const struct row *r = &tp->tp_row[at];

	pa->pa_at = at;
	if (r->ro_stream != NULL)
		strlcpy(pa->pa_name, r->ro_stream->ss_body.sb_name,
		    sizeof(pa->pa_name));
	else {
		pa->pa_pid = r->ro_session->eb_pid;
		pa->pa_slot = r->ro_session->eb_slot;
	}
}

/* Find it again; if it has gone, whoever is in its place now. */
static void
keep_selection(struct top *tp)
{
	struct pane *pa = top_pane(tp);
	size_t i;

	if (tp->tp_nrows == 0) {
		pa->pa_at = 0;
		return;
	}
	for (i = 0; i < tp->tp_nrows; i++)
		if (is_selected(pa, &tp->tp_row[i])) {
			pa->pa_at = i;
			return;
		}
	select_row(tp, pa->pa_at < tp->tp_nrows ? pa->pa_at :
	    tp->tp_nrows - 1);
}

void
rows_sort(struct top *tp)
{
	const struct snapshot *sn = &tp->tp_now;
	size_t i, n = tp->tp_sessions ? sn->sn_nsessions : sn->sn_nstreams;

	free(tp->tp_row);
	tp->tp_nrows = n;
	tp->tp_row = calloc(n + 1, sizeof(*tp->tp_row));
	if (tp->tp_row == NULL) {
		screen_close();
		err(EX_OSERR, NULL);
	}
	for (i = 0; i < n; i++)
		tp->tp_row[i] = tp->tp_sessions ?
		    (struct row){ sn, NULL, &sn->sn_session[i] } :
		    (struct row){ sn, &sn->sn_stream[i], NULL };
	qsort_r(tp->tp_row, n, sizeof(*tp->tp_row), compare, top_pane(tp));
	keep_selection(tp);
}

void
rows_refresh(struct top *tp)
{
	snapshot_free(&tp->tp_now);
	tp->tp_why = snapshot_take(tp->tp_source, &tp->tp_now);
	rows_sort(tp);
}

void
rows_move(struct top *tp, long by)
{
	long at = (long)top_pane(tp)->pa_at + by;

	if (tp->tp_nrows == 0)
		return;
	if (at >= (long)tp->tp_nrows)
		at = (long)tp->tp_nrows - 1;
	select_row(tp, at > 0 ? (size_t)at : 0);
}

void
rows_next_column(struct top *tp, int by)
{
	struct pane *pa = top_pane(tp);
	size_t i;

	for (i = pa->pa_sort + (size_t)by; i < pa->pa_ncolumns; i += (size_t)by)
		if ((pa->pa_column[i].co_flags & COLUMN_TOP) != 0) {
			pa->pa_sort = i;
			pa->pa_reverse = false;
			rows_sort(tp);
			return;
		}
}

void
rows_selected(struct top *tp, char *who, size_t size)
{
	const struct pane *pa = top_pane(tp);

	if (tp->tp_nrows == 0)
		strlcpy(who, "", size);
	else if (tp->tp_sessions)
		snprintf(who, size, "%u", pa->pa_pid);
	else
		strlcpy(who, pa->pa_name, size);
}
