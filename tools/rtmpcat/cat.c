/* SPDX-License-Identifier: ISC */
/*
 * cat.c - copy a stream until it ends.
 */
#include "cat.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "conf/hubmsg.h"
#include "shm/ring.h"
#include "tap/tap.h"
#include "view/format.h"

#define PATIENCE	1000	/* ms for a hub that is just being replaced */
#define NAP		1000	/* ms until a signal just before it is seen */
#define GO_ON		-1	/* no exit status yet */

static volatile sig_atomic_t	interrupted;

static void
on_signal(int sig)
{
	(void)sig;
	interrupted = 1;
}

/* No SA_RESTART: a signal ends the wait for what comes next. A second one ends
 * the program at once, within a tag that nobody takes. */
static void
open_signals(void)
{
	struct sigaction sa = {
		.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND,
	};

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int
judge_output(enum output_result result)
{
	switch (result) {
	case OUTPUT_CLOSED:
		return 0;
	case OUTPUT_FAILED:
		progress_clear();
		warn("standard output");
		return EX_IOERR;
	default:
		return GO_ON;
	}
}

static int
copy_record(const struct cat *ca, struct output *ou,
    const struct tap_record *tr)
{
	/* the first that is not wanted any more */
	if (ca->ca_length != 0 && ou->ou_begun &&
	    (tr->tr_flags & RECORD_FRAME) != 0 &&
	    output_time(ou, tr) >= (int64_t)ca->ca_length)
		return 0;
	return judge_output(output_record(ou, tr));
}

static void
say_skipped(const struct cat *ca, const struct tap_record *tr)
{
	char bytes[FORMAT_MAX];

	progress_clear();
	warnx("%s: fell behind, skipped %llu.%03llu s, %sB", ca->ca_name,
	    (unsigned long long)tr->tr_skipped_ms / 1000,
	    (unsigned long long)tr->tr_skipped_ms % 1000,
	    format_number(tr->tr_skipped, bytes));
}

static int
say_waiting(const struct cat *ca)
{
	if (ca->ca_wait)
		return GO_ON;
	warnx("%s: nobody publishes it", ca->ca_name);
	return 1;
}

static int
say_refused(const struct cat *ca, const struct tap *tp)
{
	const char *text;
	unsigned int reason = tap_reason(tp, &text);

	progress_clear();
	warnx("%s: %s%s%s", ca->ca_name, reason == HUB_OK ? "" :
	    hub_reason_text(reason), reason != HUB_OK && *text != '\0' ?
	    ": " : "", text);
	switch (reason) {
	case HUB_FORBIDDEN:
		return EX_NOPERM;
	case HUB_LIMIT:
	case HUB_NO_MEMORY:
		return EX_TEMPFAIL;
	case HUB_OK:
		return EX_SOFTWARE;	/* the ring was not what it should be */
	default:
		return EX_UNAVAILABLE;
	}
}

static int
say_no_hub(const struct cat *ca)
{
	if (ca->ca_wait)
		return GO_ON;
	progress_clear();
	warnx("%s: the relay has gone", ca->ca_name);
	return EX_UNAVAILABLE;
}

/* One thing that happens. */
static int
handle(const struct cat *ca, struct tap *tp, struct output *ou,
    enum tap_event event, const struct tap_record *tr)
{
	switch (event) {
	case TAP_RECORD:
		return copy_record(ca, ou, tr);
	case TAP_SKIPPED:
		say_skipped(ca, tr);
		return GO_ON;
	case TAP_WAITING:
		return say_waiting(ca);
	case TAP_GONE:
		return ca->ca_wait ? GO_ON : 0;
	case TAP_REFUSED:
		return say_refused(ca, tp);
	case TAP_NO_HUB:
		return say_no_hub(ca);
	default:
		return GO_ON;
	}
}

/* Read all that is there, then write it, then sleep. */
static int
copy(const struct cat *ca, struct tap *tp, struct output *ou)
{
	struct tap_record tr;
	enum tap_event event;
	int status = GO_ON;
	bool more = false;

	while (status == GO_ON && !interrupted) {
		event = tap_next(tp, more ? 0 : NAP, &tr);
		if (event == TAP_TIMEOUT && more) {
			status = judge_output(output_flush(ou));
			progress_show(ou);
		} else
			status = handle(ca, tp, ou, event, &tr);
		more = event != TAP_TIMEOUT;
	}
	return status == GO_ON ? 0 : status;
}

int
cat_run(const struct cat *ca)
{
	struct tap_wish tw = {
		.tw_name = ca->ca_name, .tw_role = ROLE_CAT,
		.tw_from = ca->ca_back ? TAP_OLDEST : TAP_NEWEST,
		.tw_program = "rtmpcat " RTMPD_VERSION,
	};
	struct output ou;
	struct tap *tp;
	int status, last = GO_ON;

	open_signals();
	if ((tp = tap_open(&tw, PATIENCE)) == NULL)
		err(errno == EACCES || errno == EPERM ? EX_NOPERM :
		    EX_UNAVAILABLE, "no rtmpd is to be reached");
	output_init(&ou);
	status = copy(ca, tp, &ou);
	if (status != EX_IOERR)
		last = judge_output(output_flush(&ou));
	progress_clear();
	output_free(&ou);
	tap_close(tp);
	return status == 0 && last != GO_ON ? last : status;
}
