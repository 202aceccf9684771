/* SPDX-License-Identifier: ISC */
/*
 * screen.c - what top looks like.
 * A line of the relay, a line of sums, one that tells what is wrong, the
 * table, and a line of keys or of what has just been answered.
 */
#include "top.h"

#include <langinfo.h>
#include <ncurses.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "terminal.h"
#include "view/format.h"
#include "view/text.h"

#define LINE_SUMS	1
#define LINE_WRONG	2
#define LINE_HEADS	3
#define LINE_ROWS	4
#define LAG_SLOW	1000	/* ms, from there on coloured */
#define LAG_BAD		3000

enum { PAIR_BAR = 1, PAIR_SLOW, PAIR_BAD };

static bool utf8;

int
screen_open(void)
{
	/* newterm(3) leaks if it fails */
	if (!terminal_is_known() || newterm(NULL, stdout, stdin) == NULL)
		return EX_UNAVAILABLE;
	cbreak();
	noecho();
	nonl();
	curs_set(0);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	if (has_colors()) {
		start_color();
		use_default_colors();
		init_pair(PAIR_BAR, COLOR_GREEN, -1);
		init_pair(PAIR_SLOW, COLOR_YELLOW, -1);
		init_pair(PAIR_BAD, COLOR_RED, -1);
	}
	utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	return 0;
}

void
screen_close(void)
{
	endwin();
}

int
screen_page(void)
{
	int rows = LINES - LINE_ROWS - 1;

	return rows > 1 ? rows : 1;
}

/* Safe text, cut where the screen ends. */
static void
put(int y, int x, const char *safe)
{
	if (y < LINES && x < COLS)
		mvaddnstr(y, x, safe, (int)text_fit(safe, COLS - x));
}

static void
put_right(int y, const char *safe)
{
	put(y, COLS - text_columns(safe), safe);
}

static void
draw_title(struct top *tp)
{
	char text[VIEW_TEXT_MAX], safe[VIEW_TEXT_MAX];
	struct pane *pa = top_pane(tp);
	time_t now = time(NULL);
	struct tm tm;

	snprintf(text, sizeof(text), "%s by %s%s, %.200s",
	    tp->tp_sessions ? "sessions" : "streams",
	    pa->pa_column[pa->pa_sort].co_name,
	    pa->pa_reverse ? " reversed" : "", tp->tp_ctl->ct_path);
	attron(A_BOLD);
	put(0, 0, text_safe(text, safe, sizeof(safe)));
	attroff(A_BOLD);
	localtime_r(&now, &tm);
	strftime(text, sizeof(text), " %H:%M:%S", &tm);
	put_right(0, text);
}

static void
draw_sums(const struct snapshot *sn)
{
	uint64_t in = 0, out = 0, subscribers = 0;
	char a[FORMAT_MAX], b[FORMAT_MAX], text[256];
	size_t i, live = 0;

	for (i = 0; i < sn->sn_nstreams; i++) {
		live += sn->sn_stream[i].ss_body.sb_state == STREAM_LIVE;
		subscribers += sn->sn_stream[i].ss_subscribers;
		in += sn->sn_stream[i].ss_body.sb_rate;
		out += sn->sn_stream[i].ss_rate_out;
	}
	snprintf(text, sizeof(text), "%zu streams, %zu live, %ju subscribers, "
	    "%s in, %s out, hub %u, %u restarts", sn->sn_nstreams, live,
	    (uintmax_t)subscribers, format_number(in, a),
	    format_number(out, b), sn->sn_hub, sn->sn_restarts);
	put(LINE_SUMS, 0, text);
}

static void
draw_wrong(struct top *tp)
{
	const struct snapshot *sn = &tp->tp_now;
	time_t when = (time_t)(sn->sn_now - sn->sn_age / 1000);
	char text[128] = "", date[32];
	struct tm tm;

	if (tp->tp_why != NULL)
		snprintf(text, sizeof(text), "%s", tp->tp_why);
	else if (snapshot_stale(sn)) {
		localtime_r(&when, &tm);
		strftime(date, sizeof(date), "%H:%M:%S", &tm);
		snprintf(text, sizeof(text), "hub %u %s: this is as of %s",
		    sn->sn_hub, sn->sn_hub_alive ? "does not answer" :
		    "has died", date);
	}
	attron(A_BOLD | COLOR_PAIR(PAIR_BAD));
	put(LINE_WRONG, 0, text);
	attroff(A_BOLD | COLOR_PAIR(PAIR_BAD));
}

/* Text in a field of the screen, to its left or right end. */
static int
put_field(int y, int x, const char *safe, int width, bool right)
{
	int fill = width - text_columns(safe);

	mvprintw(y, x, "%*s", width, "");
	if (right && fill > 0)
		x += fill;
	mvaddnstr(y, x, safe, (int)text_fit(safe, width));
	return width;
}

static void
draw_heads(struct top *tp, const struct layout *la)
{
	const struct pane *pa = top_pane(tp);
	const struct layout_column *lc;
	int x = 0;

	attron(A_REVERSE);
	mvprintw(LINE_HEADS, 0, "%*s", COLS, "");
	for (lc = la->la_column; lc < la->la_column + la->la_n; lc++) {
		if (lc->lc_index == pa->pa_sort)
			attron(A_BOLD | A_UNDERLINE);
		put_field(LINE_HEADS, x, lc->lc_column->co_name, lc->lc_width,
		    (lc->lc_column->co_flags & COLUMN_RIGHT) != 0);
		attroff(A_BOLD | A_UNDERLINE);
		x += lc->lc_width + 1 + (lc->lc_bar > 0 ? lc->lc_bar + 1 : 0);
	}
	attroff(A_REVERSE);
}

/* A bar `width` columns long for the largest, finer than a column where the
 * terminal can show that. */
static void
draw_bar(int y, int x, int width, uint64_t value, uint64_t largest)
{
	static const char *const part[] = {
		"", "\u258f", "\u258e", "\u258d", "\u258c", "\u258b",
		"\u258a", "\u2589",
	};
	int eighths = largest == 0 ? 0 :
	    (int)((double)value / (double)largest * width * 8 + 0.5);
	int i;

	attron(COLOR_PAIR(PAIR_BAR));
	for (i = 0; i < eighths / 8; i++)
		mvaddstr(y, x + i, utf8 ? "\u2588" : "#");
	if (utf8 && eighths % 8 != 0)
		mvaddstr(y, x + i, part[eighths % 8]);
	attroff(COLOR_PAIR(PAIR_BAR));
}

static uint64_t
largest(const struct top *tp, const struct column *co)
{
	uint64_t most = 0, n;
	size_t i;

	for (i = 0; i < tp->tp_nrows; i++)
		if ((n = co->co_key(&tp->tp_row[i])) > most)
			most = n;
	return most;
}

static int
colour(const struct column *co, const struct row *r)
{
	uint64_t lag;

	if ((co->co_flags & COLUMN_LAG) == 0)
		return 0;
	lag = co->co_key(r);
	return lag >= LAG_BAD ? COLOR_PAIR(PAIR_BAD) :
	    lag >= LAG_SLOW ? COLOR_PAIR(PAIR_SLOW) : 0;
}

static void
draw_row(struct top *tp, const struct layout *la, int y, size_t at)
{
	const struct row *r = &tp->tp_row[at];
	const struct layout_column *lc;
	char text[VIEW_TEXT_MAX], safe[VIEW_TEXT_MAX];
	int x = 0, pair;

	if (at == top_pane(tp)->pa_at) {
		attron(A_REVERSE);
		mvprintw(y, 0, "%*s", COLS, "");
	}
	for (lc = la->la_column; lc < la->la_column + la->la_n; lc++) {
		column_text(lc->lc_column, r, text, sizeof(text));
		pair = colour(lc->lc_column, r);
		attron(pair);
		x += put_field(y, x, text_safe(text, safe, sizeof(safe)),
		    lc->lc_width,
		    (lc->lc_column->co_flags & COLUMN_RIGHT) != 0) + 1;
		attroff(pair);
		if (lc->lc_bar == 0)
			continue;
		draw_bar(y, x, lc->lc_bar, lc->lc_column->co_key(r),
		    largest(tp, lc->lc_column));
		x += lc->lc_bar + 1;
	}
	attroff(A_REVERSE);
}

/* Columns of the longest text that the wide column holds. */
static int
longest(const struct top *tp)
{
	char text[VIEW_TEXT_MAX], safe[VIEW_TEXT_MAX];
	const struct row *r;
	int most = 0, n;
	size_t i;

	for (i = 0; i < tp->tp_nrows; i++) {
		r = &tp->tp_row[i];
		strlcpy(text, r->ro_stream != NULL ?
		    r->ro_stream->ss_body.sb_name : r->ro_session->eb_name,
		    sizeof(text));
		n = text_columns(text_safe(text, safe, sizeof(safe)));
		most = n > most ? n : most;
	}
	return most;
}

static void
draw_table(struct top *tp)
{
	size_t i, page = (size_t)screen_page();
	struct pane *pa = top_pane(tp);
	struct layout la;

	layout_make(&la, pa, COLS, longest(tp));
	draw_heads(tp, &la);
	if (pa->pa_at < pa->pa_first)
		pa->pa_first = pa->pa_at;
	if (pa->pa_at >= pa->pa_first + page)
		pa->pa_first = pa->pa_at - page + 1;
	for (i = 0; i < page && pa->pa_first + i < tp->tp_nrows; i++)
		draw_row(tp, &la, LINE_ROWS + (int)i, pa->pa_first + i);
}

static void
draw_help(void)
{
	static const char *const line[] = {
		"Tab            streams, or sessions",
		"Up Down        select; also PgUp, PgDn, Home, End",
		"Left Right     sort by another column; also < >",
		"r              reverse the order",
		"k              kick the one selected",
		"Space          look again now",
		"q              quit",
	};
	size_t i;

	for (i = 0; i < sizeof(line) / sizeof(line[0]); i++)
		put(LINE_ROWS + (int)i, 2, line[i]);
}

static void
draw_last(struct top *tp)
{
	char text[VIEW_TEXT_MAX], safe[VIEW_TEXT_MAX];

	if (tp->tp_asked[0] != '\0')
		snprintf(text, sizeof(text), "kick %s? y or n", tp->tp_asked);
	else if (tp->tp_note[0] != '\0')
		strlcpy(text, tp->tp_note, sizeof(text));
	else
		strlcpy(text, "q quit  Tab streams or sessions  "
		    "arrows select and sort  r reverse  k kick  h help",
		    sizeof(text));
	attron(A_BOLD);
	put(LINES - 1, 0, text_safe(text, safe, sizeof(safe)));
	attroff(A_BOLD);
}

void
screen_draw(struct top *tp)
{
	erase();
	draw_title(tp);
	if (tp->tp_why == NULL)
		draw_sums(&tp->tp_now);
	draw_wrong(tp);
	if (tp->tp_help)
		draw_help();
	else
		draw_table(tp);
	draw_last(tp);
	refresh();
}
