/* SPDX-License-Identifier: ISC */
/*
 * main.c - rtmpctl: give an order to a running rtmpd.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/enter.h"
#include "sys/control.h"
#include "sys/rundir.h"

#define PATIENCE	10000	/* ms for an answer: a new program starts */

static const char *const orders[] = { "upgrade", "drain", "stop" };

static void
usage(FILE *to)
{
	fprintf(to, "usage: rtmpctl [-V] [-f file] [-r run-directory] order\n"
	    "  -f  read this configuration (default " CONF_PATH
	    " if it exists)\n"
	    "  -r  the relay's run directory, if not that of the "
	    "configuration\n"
	    "  -V  print the version and exit\n"
	    "orders:\n"
	    "  upgrade  replace the program by the one installed now; "
	    "streams go on\n"
	    "  drain    no new connections; end with the last one\n"
	    "  stop     end all connections and the relay\n");
}

static const char *
parse(int argc, char **argv, const char **file, const char **rundir)
{
	static const struct option longopts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	size_t i;
	int c;

	while ((c = getopt_long(argc, argv, "f:r:V", longopts, NULL)) != -1)
		switch (c) {
		case 'f':
			*file = optarg;
			break;
		case 'r':
			*rundir = optarg;
			break;
		case 'V':
			puts("rtmpctl " RTMPD_VERSION);
			exit(0);
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(EX_USAGE);
		}
	for (i = 0; argc - optind == 1 &&
	    i < sizeof(orders) / sizeof(orders[0]); i++)
		if (strcmp(argv[optind], orders[i]) == 0)
			return orders[i];
	usage(stderr);
	exit(EX_USAGE);
}

static bool
nobody_there(void)
{
	return errno == ENOENT || errno == ECONNREFUSED;
}

int
main(int argc, char **argv)
{
	const char *file = NULL, *rundir = NULL, *order;
	char path[PATH_MAX], text[CONTROL_TEXT], error[PATH_MAX + 256];
	int status;

	order = parse(argc, argv, &file, &rundir);
	status = conf_enter(file, rundir, path, sizeof(path), error,
	    sizeof(error));
	if (status != 0)
		errx(status, "%s", error);
	status = control_ask(RUNDIR_RTMPD, order, PATIENCE, text);
	if (status == -1 && nobody_there())	/* connections of rtmpd -i */
		status = control_ask(RUNDIR_RTMPHUB, order, PATIENCE, text);
	if (status == -1 && nobody_there())
		errx(EX_UNAVAILABLE, "%s: no rtmpd runs here", path);
	if (status == -1)
		err(errno == EACCES || errno == EPERM ? EX_NOPERM :
		    EX_TEMPFAIL, "%s", path);
	if (status != 0)
		errx(1, "%s", text);
	printf("%s: %s\n", order, text);
	return 0;
}
