/* SPDX-License-Identifier: ISC */
/*
 * main.c - rtmpcat: options, then list or copy.
 */
#include <err.h>
#include <getopt.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cat.h"
#include "conf/conf.h"
#include "conf/enter.h"
#include "conf/units.h"
#include "shm/registry.h"
#include "sys/proc.h"

struct options {
	struct cat	 o_cat;
	const char	*o_conf;
	const char	*o_rundir;
	bool		 o_list;
};

static void
usage(FILE *to)
{
	fprintf(to, "usage: rtmpcat [-bwV] [-f file] [-r run-directory] "
	    "[-t time] app/name\n"
	    "       rtmpcat -l [-f file] [-r run-directory]\n"
	    "  -b  from the oldest group of pictures that is still there\n"
	    "  -f  find the run directory by this configuration (default "
	    CONF_PATH "\n      if it exists)\n"
	    "  -l  list the streams that are live\n"
	    "  -r  the relay's run directory\n"
	    "  -t  so much of the stream: 90, 90s, 2m, 1h, 500ms\n"
	    "  -w  wait for the stream, and go on with its next publisher\n"
	    "  -V  print the version and exit\n");
}

static _Noreturn void
misused(void)
{
	usage(stderr);
	exit(EX_USAGE);
}

/* As in the configuration; a bare number is seconds. */
static uint64_t
parse_time(const char *text)
{
	const char *why;
	char seconds[24];
	uint64_t ms;

	if (text[strspn(text, "0123456789")] == '\0' &&
	    strlen(text) < sizeof(seconds) - 1) {
		snprintf(seconds, sizeof(seconds), "%ss", text);
		text = seconds;
	}
	why = unit_duration(text, &ms);
	if (why == NULL && (ms == 0 || ms > INT64_MAX))
		why = "is out of range";
	if (why != NULL)
		errx(EX_USAGE, "-t: \"%s\" %s", text, why);
	return ms;
}

static void
set_option(int c, struct options *o)
{
	switch (c) {
	case 'b':
		o->o_cat.ca_back = true;
		break;
	case 'f':
		o->o_conf = optarg;
		break;
	case 'l':
		o->o_list = true;
		break;
	case 'r':
		o->o_rundir = optarg;
		break;
	case 't':
		o->o_cat.ca_length = parse_time(optarg);
		break;
	case 'w':
		o->o_cat.ca_wait = true;
		break;
	case 'V':
		puts("rtmpcat " RTMPD_VERSION);
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

	while ((c = getopt_long(argc, argv, "bf:lr:t:wV", longopts, NULL))
	    != -1)
		set_option(c, o);
	if (argc - optind != (o->o_list ? 0 : 1))
		misused();
	if (o->o_list)
		return;
	o->o_cat.ca_name = argv[optind];
	if (strlen(argv[optind]) >= REGISTRY_NAME ||
	    strchr(argv[optind], '/') == NULL)
		errx(EX_USAGE, "%s: a stream is named app/name", argv[optind]);
	if (isatty(STDOUT_FILENO) != 0)
		errx(EX_USAGE, "FLV is not for a terminal: redirect standard "
		    "output");
}

int
main(int argc, char **argv)
{
	static struct options o;
	char path[PATH_MAX], error[PATH_MAX + 256];
	int status;

	proc_fill_stdio();
	(void)setlocale(LC_CTYPE, "");
	parse(argc, argv, &o);
	status = conf_enter(o.o_conf, o.o_rundir, path, sizeof(path), error,
	    sizeof(error));
	if (status != 0)
		errx(status, "%s", error);
	return o.o_list ? list_run() : cat_run(&o.o_cat);
}
