/* SPDX-License-Identifier: ISC */
/*
 * main.c - rtmprecord: a live stream into FLV files.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/enter.h"
#include "conf/hubmsg.h"
#include "conf/keys.h"
#include "recorder.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/priv.h"
#include "sys/proc.h"
#include "sys/sandbox.h"

#define TICK		100	/* ms between looks at the clock's matters */

struct options {
	struct conf	 o_conf;	/* cf_record… */
	const char	*o_rundir;
	const char	*o_name;
	enum tap_from	 o_from;
	bool		 o_attendant;
	bool		 o_only_log;	/* what the filter denies */
};

static volatile sig_atomic_t ended;

static void
on_signal(int sig)
{
	(void)sig;
	ended = 1;
}

static void
usage(FILE *to)
{
	fprintf(to, "usage: rtmprecord [-AabLV] [-d directory] [-m what] "
	    "[-p path]\n\t[-r run-directory] [-s segment] [-y sync] "
	    "app/name\n");
}

/* As the configuration would take it. */
static void
set(struct conf *cf, const char *name, const char *text)
{
	char why[256];
	size_t i;

	for (i = 0; i < conf_nkeys; i++)
		if (strcmp(conf_keys[i].ck_name, name) == 0 &&
		    key_set(cf, &conf_keys[i], text, why, sizeof(why)) == -1)
			errx(EX_USAGE, "%s", why);
}

/* Relative to where we were started. */
static void
set_directory(struct conf *cf, const char *dir)
{
	char path[PATH_MAX], *here = NULL;
	int n;

	if (*dir != '/' && (here = getcwd(NULL, 0)) == NULL)
		err(EX_CANTCREAT, ".");
	n = snprintf(path, sizeof(path), "%s%s%s", here != NULL ? here : "",
	    here != NULL ? "/" : "", dir);
	free(here);
	if (n < 0 || (size_t)n >= sizeof(path))
		errx(EX_USAGE, "-d: path too long");
	set(cf, "record-directory", path);
}

static void
parse_option(int c, struct options *o)
{
	switch (c) {
	case 'A':
		o->o_attendant = true;
		break;
	case 'a':
		o->o_conf.cf_record_append = true;
		break;
	case 'b':
		o->o_from = TAP_OLDEST;
		break;
	case 'd':
		set_directory(&o->o_conf, optarg);
		break;
	case 'L':
		o->o_only_log = true;
		break;
	case 'm':
		set(&o->o_conf, "record", optarg);
		break;
	case 'p':
		set(&o->o_conf, "record-path", optarg);
		break;
	case 'r':
		o->o_rundir = optarg;
		break;
	case 's':
		set(&o->o_conf, "record-segment", optarg);
		break;
	case 'V':
		puts("rtmprecord " RTMPD_VERSION);
		exit(0);
	case 'y':
		set(&o->o_conf, "record-sync", optarg);
		break;
	case 'h':
		usage(stdout);
		exit(0);
	default:
		usage(stderr);
		exit(EX_USAGE);
	}
}

static void
parse(int argc, char **argv, struct options *o)
{
	static const struct option longopts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	conf_init(&o->o_conf);
	o->o_conf.cf_record = RECORD_ALL;
	set_directory(&o->o_conf, ".");
	while ((c = getopt_long(argc, argv, "AabLd:m:p:r:s:Vy:", longopts,
	    NULL)) != -1)
		parse_option(c, o);
	if (argc - optind != 1 || argv[optind][0] == '\0' ||
	    o->o_conf.cf_record == RECORD_OFF) {
		usage(stderr);
		exit(EX_USAGE);
	}
	o->o_name = strdup(argv[optind]);
}

/* Times in names are local ones; the zone's file is read now, and not looked
 * for later. */
static void
prepare(const struct options *o)
{
	struct sigaction sa = { .sa_handler = on_signal };
	const struct priv nobody_else = { .pr_root = false };
	struct sandbox sandbox;

	(void)setenv("TZ", ":/etc/localtime", 0);
	tzset();
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (priv_drop(&nobody_else, NULL) == -1 ||
	    sandbox_build(&sandbox, SANDBOX_RECORDER, o->o_only_log) == -1 ||
	    sandbox_enter(&sandbox) == -1)
		err(EX_OSERR, "system call filter");
	sandbox_free(&sandbox);
}

static struct tap *
attach(const struct options *o)
{
	struct tap_wish wish = {
		.tw_name = o->o_name, .tw_from = o->o_from,
		.tw_role = o->o_attendant ? ROLE_RECORD : ROLE_CAT,
		.tw_program = "rtmprecord " RTMPD_VERSION,
		.tw_log = o->o_attendant,
	};
	char path[PATH_MAX], why[PATH_MAX + 256];
	struct tap *tap;
	int status;

	status = conf_enter(NULL, o->o_rundir, path, sizeof(path), why,
	    sizeof(why));
	if (status != 0)
		errx(status, "%s", why);
	/* if its hub has gone meanwhile, the next one starts another */
	tap = tap_open(&wish, 0);
	if (tap == NULL && (errno == ENOENT || errno == ECONNREFUSED))
		errx(EX_UNAVAILABLE, "%s: no rtmpd runs here", path);
	if (tap == NULL)
		err(errno == EACCES ? EX_NOPERM : EX_UNAVAILABLE, "%s", path);
	return tap;
}

static void
log_skipped(const struct options *o, const struct tap_record *tr)
{
	char name[LOG_TEXT_MAX];

	log_warnx("record-skipped stream=%s bytes=%llu duration=%llums",
	    log_text(o->o_name, name), (unsigned long long)tr->tr_skipped,
	    (unsigned long long)tr->tr_skipped_ms);
}

/* Why the recording ends, or NULL; `*status` is then what to exit with. */
static const char *
take(const struct options *o, struct tap *tap, struct recorder *re,
    int timeout, int *status)
{
	struct tap_record tr;
	const char *text;
	unsigned int reason;

	switch (tap_next(tap, timeout, &tr)) {
	case TAP_RECORD:
		recorder_take(re, &tr);
		return NULL;
	case TAP_SKIPPED:
		log_skipped(o, &tr);
		return NULL;
	case TAP_WAITING:
		*status = EX_UNAVAILABLE;
		return "no-publisher";
	case TAP_GONE:
		return "gone";
	case TAP_NO_HUB:
		return "no-hub";
	case TAP_REFUSED:
		reason = tap_reason(tap, &text);
		if (reason != HUB_KICKED && reason != HUB_SHUTDOWN)
			*status = EX_TEMPFAIL;
		return hub_reason_text(reason);
	case TAP_STARTED:
		return NULL;
	case TAP_TIMEOUT:
		break;
	}
	recorder_flush(re);
	return ended ? "signal" : NULL;
}

static int
run(const struct options *o, struct tap *tap, struct recorder *re)
{
	const char *why = NULL;
	uint64_t ticked = 0, now;
	int status = 0;

	while (why == NULL) {
		why = take(o, tap, re, re->re_out.ou_len > 0 ? 0 : TICK,
		    &status);
		tap_set_errors(tap, re->re_errors);
		now = clock_ms();
		if (why != NULL || now - ticked < TICK)
			continue;
		ticked = now;
		if (ended)
			why = "signal";
		if (!recorder_tick(re)) {
			status = EX_CANTCREAT;
			why = "directory-removed";
		}
	}
	recorder_finish(re, why);
	if (status != 0 && !o->o_attendant)
		warnx("%s: %s", o->o_name, why);
	return status;
}

int
main(int argc, char **argv)
{
	static struct options o;
	static struct recorder recorder;
	struct tap *tap;
	int status;

	proc_fill_stdio();
	proc_title_init(argc, argv);
	parse(argc, argv, &o);
	log_to_stderr();
	tap = attach(&o);
	prepare(&o);
	if (o.o_attendant)
		proc_title("rtmpd: record %s", o.o_name);
	recorder_init(&recorder, &o.o_conf, o.o_name);
	status = run(&o, tap, &recorder);
	tap_close(tap);
	_exit(status);		/* what exit(3) may open is out of reach */
}
