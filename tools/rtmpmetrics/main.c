/* SPDX-License-Identifier: ISC */
/*
 * main.c - rtmpmetrics: serve a relay's numbers by HTTP.
 */
#include <sys/resource.h>
#include <sys/signalfd.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/enter.h"
#include "http.h"
#include "link.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/logsink.h"
#include "sys/priv.h"
#include "sys/proc.h"
#include "sys/sandbox.h"
#include "sys/sock.h"

#define LOOPBACK	"127.0.0.1"
#define NICENESS	10	/* media comes first */
#define FILES		128	/* descriptors: connections, and some more */
#define MEMORY		(1UL << 30)

struct options {
	const char		*o_file;
	const char		*o_rundir;
	struct conf_listen	 o_listen;
	const char		*o_address;	/* as it was given */
	const char		*o_name;	/* of ours, or NULL */
	bool			 o_attendant;
	bool			 o_only_log;	/* what the filter denies */
};

static void
usage(FILE *to)
{
	fprintf(to, "usage: rtmpmetrics [-LV] [-f file] [-n name] "
	    "[-r run-directory] -l [address:]port\n"
	    "  -f  find the run directory by this configuration (default "
	    CONF_PATH "\n      if it exists)\n"
	    "  -L  only note what the filter of system calls denies\n"
	    "  -l  serve here (default address " LOOPBACK ")\n"
	    "  -n  the name of a host that requests may ask for\n"
	    "  -r  the relay's run directory\n"
	    "  -V  print the version and exit\n");
}

static _Noreturn void
misused(void)
{
	usage(stderr);
	exit(EX_USAGE);
}

static void
set_listen(struct options *o)
{
	const char *why = conf_parse_listen(optarg, &o->o_listen);

	if (why != NULL)
		errx(EX_USAGE, "-l %s: %s", optarg, why);
	o->o_address = optarg;
	if (o->o_listen.cl_host[0] == '\0')
		strlcpy(o->o_listen.cl_host, LOOPBACK,
		    sizeof(o->o_listen.cl_host));
}

/* -A is for the hub alone: log by way of it, and end when it says so. */
static void
set_option(int c, struct options *o)
{
	switch (c) {
	case 'A':
		o->o_attendant = true;
		break;
	case 'f':
		o->o_file = optarg;
		break;
	case 'L':
		o->o_only_log = true;
		break;
	case 'l':
		set_listen(o);
		break;
	case 'n':
		o->o_name = optarg;
		break;
	case 'r':
		o->o_rundir = optarg;
		break;
	case 'V':
		puts("rtmpmetrics " RTMPD_VERSION);
		exit(0);
	case 'h':
		usage(stdout);
		exit(0);
	default:
		misused();
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

	while ((c = getopt_long(argc, argv, "Af:Ll:n:r:V", longopts, NULL)) !=
	    -1)
		set_option(c, o);
	if (o->o_address == NULL || optind != argc)
		misused();
}

/* What we begin with is known: 0, 1, 2 and nothing else. */
static void
clean_descriptors(void)
{
	int fd;

	do {
		if ((fd = open("/dev/null", O_RDWR)) == -1)
			err(EX_OSERR, "/dev/null");
	} while (fd <= STDERR_FILENO);
	proc_close_others(NULL, 0);
}

static void
enter(const struct options *o)
{
	char path[PATH_MAX], error[PATH_MAX + 256];
	int status = conf_enter(o->o_file, o->o_rundir, path, sizeof(path),
	    error, sizeof(error));

	if (status != 0)
		errx(status, "%s", error);
}

/* Signals are read, so that none comes in between. */
static int
take_signals(void)
{
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if ((fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) == -1)
		fatal("signalfd");
	return fd;
}

static int
listen_at(const struct options *o)
{
	int fd, n = sock_listen(o->o_listen.cl_host, o->o_listen.cl_port, &fd,
	    1);

	if (n == -1)
		fatal("metrics-failed address=%s", o->o_address);
	return fd;
}

static void
shut_in(const struct options *o)
{
	const struct priv nobody = { .pr_root = false };
	struct sandbox sb;

	tzset();	/* reads a file; the date of answers needs it */
	/* the filter is written out to be had, which a limit would end */
	if (sandbox_build(&sb, SANDBOX_METRICS, o->o_only_log) == -1)
		fatal("sandbox");
	(void)setpriority(PRIO_PROCESS, 0, NICENESS);
	if (priv_drop(&nobody, NULL) == -1 ||
	    (o->o_attendant && priv_limit(FILES, MEMORY) == -1))
		fatal("limits");
	if (sandbox_enter(&sb) == -1)
		fatal("sandbox");
	sandbox_free(&sb);
}

/* False: a signal has come. */
static bool
turn(struct http *ht, struct link *li, int signals)
{
	uint64_t now = clock_ms(), at = http_deadline(ht);
	struct pollfd pfd[3] = {
		{ .fd = http_fd(ht), .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
		{ .fd = li != NULL ? li->li_fd : -1, .events = POLLIN },
	};
	int timeout = -1;

	if (li != NULL && li->li_at < at)
		at = li->li_at;
	if (at != UINT64_MAX)
		timeout = at <= now ? 0 : (int)(at - now);
	if (poll(pfd, 3, timeout) == -1 && errno != EINTR)
		fatal("poll");
	http_run(ht);
	if (li != NULL)
		link_tick(li, pfd[2].revents != 0);
	return pfd[1].revents == 0;
}

static int
serve(struct http *ht, struct link *li, int signals, const char *address)
{
	const char *why = "signal";
	bool failed = false;

	log_info("metrics-start address=%s", address);
	while (turn(ht, li, signals))
		if (li != NULL && li->li_end != NULL) {
			why = li->li_end;
			failed = li->li_failed;
			break;
		}
	log_info("metrics-stop reason=%s", why);
	http_close(ht);
	return failed;
}

int
main(int argc, char **argv)
{
	static struct options o;
	static struct link link;
	struct link *li = NULL;
	struct http *ht;
	int signals, fd;

	proc_fill_stdio();
	proc_title_init(argc, argv);
	parse(argc, argv, &o);
	clean_descriptors();
	enter(&o);
	link_init(&link);
	logsink_open_stderr();
	if (o.o_attendant) {
		li = &link;
		if (link_open(li) == -1)
			return 1;
	}
	proc_title("rtmpd: metrics");
	signals = take_signals();
	fd = listen_at(&o);
	if ((ht = http_open(fd, o.o_name)) == NULL)
		fatalx("metrics-failed address=%s", o.o_address);
	shut_in(&o);
	return serve(ht, li, signals, o.o_address);
}
