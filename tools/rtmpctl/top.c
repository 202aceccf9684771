/* SPDX-License-Identifier: ISC */
/*
 * top.c - streams and sessions, live, on the whole screen.
 * Looks at the registry once in a while, and at the keyboard. Outlives the
 * hub. Gives the terminal back however it ends.
 */
#include "top.h"

#include <err.h>
#include <errno.h>
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "order.h"
#include "sys/clock.h"

#define KICK_PATIENCE	3000	/* ms for an answer */

static volatile sig_atomic_t ended;	/* by this signal */

static void
on_signal(int sig)
{
	ended = sig;
}

/* They are let in only while we wait, so none is missed. ncurses has its own
 * ideas, which would end us amid anything. */
static void
catch_signals(sigset_t *waiting)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		sigaction(ends[i], &sa, NULL);
		sigaddset(&set, ends[i]);
	}
	sigprocmask(SIG_BLOCK, &set, waiting);
}

static int
die_of(int sig, const sigset_t *waiting)
{
	signal(sig, SIG_DFL);
	raise(sig);
	sigprocmask(SIG_SETMASK, waiting, NULL);
	return EX_SOFTWARE;	/* never reached: it was blocked till now */
}

static void
kick(struct top *tp)
{
	char text[CONTROL_TEXT];
	int status;

	status = order_hub(KICK_PATIENCE, text, "kick %s", tp->tp_asked);
	snprintf(tp->tp_note, sizeof(tp->tp_note), "%s%s",
	    status == 0 ? "kick: " : "not kicked: ",
	    status != -1 ? text : errno == ETIMEDOUT ?
	    "the hub does not answer" : strerror(errno));
	tp->tp_asked[0] = '\0';
	rows_refresh(tp);
}

static void
answer(struct top *tp, int key)
{
	if (key == 'y' || key == 'Y')
		kick(tp);
	else
		tp->tp_asked[0] = '\0';
}

static void
switch_pane(struct top *tp)
{
	tp->tp_sessions = !tp->tp_sessions;
	rows_sort(tp);
}

static void
reverse(struct top *tp)
{
	top_pane(tp)->pa_reverse ^= true;
	rows_sort(tp);
}

static void
move_key(struct top *tp, int key)
{
	switch (key) {
	case KEY_UP:
		rows_move(tp, -1);
		break;
	case KEY_DOWN:
		rows_move(tp, 1);
		break;
	case KEY_PPAGE:
		rows_move(tp, -screen_page());
		break;
	case KEY_NPAGE:
		rows_move(tp, screen_page());
		break;
	case KEY_HOME:
		rows_move(tp, -(long)tp->tp_nrows);
		break;
	case KEY_END:
		rows_move(tp, (long)tp->tp_nrows);
		break;
	}
}

static void
press(struct top *tp, int key)
{
	tp->tp_note[0] = '\0';
	switch (key) {
	case '\t':
		switch_pane(tp);
		break;
	case '<':
	case KEY_LEFT:
		rows_next_column(tp, -1);
		break;
	case '>':
	case KEY_RIGHT:
		rows_next_column(tp, 1);
		break;
	case 'r':
		reverse(tp);
		break;
	case 'k':
		rows_selected(tp, tp->tp_asked, sizeof(tp->tp_asked));
		break;
	case ' ':
		rows_refresh(tp);
		break;
	case 'h':
	case '?':
		tp->tp_help = !tp->tp_help;
		break;
	default:
		move_key(tp, key);
	}
}

/* All keys there are; false: quit. */
static bool
take_keys(struct top *tp)
{
	int key;

	while ((key = getch()) != ERR) {
		if (key == KEY_RESIZE)
			continue;
		if (tp->tp_asked[0] != '\0')
			answer(tp, key);
		else if (key == 'q')
			return false;
		else
			press(tp, key);
	}
	return true;
}

/* A key, a signal or the time: false if the terminal has gone. */
static bool
wait_for(uint64_t until, const sigset_t *waiting)
{
	struct pollfd pfd = { .fd = STDIN_FILENO, .events = POLLIN };
	uint64_t now = clock_ms(), left = until > now ? until - now : 0;
	struct timespec ts = {
		.tv_sec = (time_t)(left / 1000),
		.tv_nsec = (long)(left % 1000) * 1000000,
	};

	return ppoll(&pfd, 1, &ts, waiting) != 1 ||
	    (pfd.revents & (POLLHUP | POLLERR)) == 0;
}

static void
run(struct top *tp, const sigset_t *waiting)
{
	uint64_t next = clock_ms() + tp->tp_ctl->ct_delay;
	bool more = true;

	while (more && ended == 0) {
		screen_draw(tp);
		more = wait_for(next, waiting) && take_keys(tp);
		if (clock_ms() < next)
			continue;
		rows_refresh(tp);
		next = clock_ms() + tp->tp_ctl->ct_delay;
	}
}

static int
prepare(struct top *tp, const struct ctl *ct)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		warnx("top: this is no terminal");
		return EX_USAGE;
	}
	tp->tp_ctl = ct;
	tp->tp_pane[0].pa_column = stream_columns;
	tp->tp_pane[0].pa_ncolumns = stream_ncolumns;
	tp->tp_pane[1].pa_column = session_columns;
	tp->tp_pane[1].pa_ncolumns = session_ncolumns;
	if ((tp->tp_source = snapshot_open()) == NULL)
		err(EX_OSERR, NULL);
	tp->tp_why = snapshot_take(tp->tp_source, &tp->tp_now);
	if (tp->tp_why == NULL)
		return 0;
	warnx("%s: %s", ct->ct_path, tp->tp_why);
	return errno == EACCES || errno == EPERM ? EX_NOPERM : EX_UNAVAILABLE;
}

static int
show(struct top *tp)
{
	sigset_t waiting;

	catch_signals(&waiting);
	if (screen_open() != 0) {
		warnx("top: unknown terminal");
		return EX_UNAVAILABLE;
	}
	rows_sort(tp);
	run(tp, &waiting);
	screen_close();
	return ended != 0 ? die_of(ended, &waiting) : 0;
}

int
top(const struct ctl *ct)
{
	static struct top tp;
	int status = prepare(&tp, ct);

	if (status == 0)
		status = show(&tp);
	free(tp.tp_row);
	snapshot_free(&tp.tp_now);
	snapshot_close(tp.tp_source);
	return status;
}
