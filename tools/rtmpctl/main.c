/* SPDX-License-Identifier: ISC */
/*
 * main.c - rtmpctl: see and steer a running rtmpd.
 */
#include <err.h>
#include <getopt.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "command.h"
#include "conf/conf.h"
#include "conf/enter.h"

static void
usage(FILE *to)
{
	fprintf(to, "usage: rtmpctl [-jV] [-f file] [-r run-directory] "
	    "command\n"
	    "  -f  find the run directory by this configuration (default "
	    CONF_PATH "\n      if it exists)\n"
	    "  -j  show as JSON\n"
	    "  -r  the relay's run directory\n"
	    "  -V  print the version and exit\n"
	    "commands:\n");
	command_list(to);
}

static _Noreturn void
misused(void)
{
	usage(stderr);
	exit(EX_USAGE);
}

static void
set_option(int c, struct ctl *ct)
{
	switch (c) {
	case 'f':
		ct->ct_file = optarg;
		break;
	case 'j':
		ct->ct_json = true;
		break;
	case 'r':
		ct->ct_rundir = optarg;
		break;
	case 'V':
		puts("rtmpctl " RTMPD_VERSION);
		exit(0);
	case 'h':
		usage(stdout);
		exit(0);
	default:
		misused();
	}
}

static const struct command *
parse(int argc, char **argv, struct ctl *ct)
{
	static const struct option longopts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	const struct command *cm;
	int c;

	while ((c = getopt_long(argc, argv, "f:jr:V", longopts, NULL)) != -1)
		set_option(c, ct);
	cm = command_find(argc - optind, argv + optind, ct);
	if (cm == NULL || (ct->ct_json && (cm->cm_flags & COMMAND_JSON) == 0))
		misused();
	return cm;
}

int
main(int argc, char **argv)
{
	static struct ctl ct;
	char error[PATH_MAX + 256];
	const struct command *cm;
	int status;

	(void)setlocale(LC_CTYPE, "");
	cm = parse(argc, argv, &ct);
	status = conf_enter(ct.ct_file, ct.ct_rundir, ct.ct_path,
	    sizeof(ct.ct_path), error, sizeof(error));
	if (status != 0)
		errx(status, "%s", error);
	status = cm->cm_run(&ct);
	if (fflush(stdout) == EOF)
		err(EX_IOERR, "standard output");
	return status;
}
