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
#include "sys/proc.h"

#define DELAY		1000	/* ms between looks of top */
#define DELAY_MAX	3600	/* seconds */

static void
usage(FILE *to)
{
	fprintf(to, "usage: rtmpctl [-jV] [-d seconds] [-f file] "
	    "[-r run-directory] command\n"
	    "  -d  top looks so often (default 1)\n"
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

/* Which of the words is wrong. */
static void
check(const struct command *cm, const struct ctl *ct, char **words)
{
	if (cm == NULL && words[0] == NULL)
		misused();
	if (cm == NULL)
		errx(EX_USAGE, "%s%s%s: no such command; see rtmpctl --help",
		    words[0], words[1] != NULL ? " " : "",
		    words[1] != NULL ? words[1] : "");
	if (ct->ct_nargs != cm->cm_nargs)
		errx(EX_USAGE, "usage: rtmpctl %s%s%s", cm->cm_name,
		    *cm->cm_args != '\0' ? " " : "", cm->cm_args);
	if (ct->ct_json && (cm->cm_flags & COMMAND_JSON) == 0)
		errx(EX_USAGE, "-j: not with %s", cm->cm_name);
	if (ct->ct_delay != 0 && (cm->cm_flags & COMMAND_DELAY) == 0)
		errx(EX_USAGE, "-d: not with %s", cm->cm_name);
}

static uint32_t
parse_delay(const char *text)
{
	const char *why;
	long long seconds = strtonum(text, 1, DELAY_MAX, &why);

	if (why != NULL)
		errx(EX_USAGE, "-d %s: %s", text, why);
	return (uint32_t)seconds * 1000;
}

static void
set_option(int c, struct ctl *ct)
{
	switch (c) {
	case 'd':
		ct->ct_delay = parse_delay(optarg);
		break;
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

	while ((c = getopt_long(argc, argv, "d:f:jr:V", longopts, NULL)) != -1)
		set_option(c, ct);
	cm = command_find(argc - optind, argv + optind, ct);
	check(cm, ct, argv + optind);
	if (ct->ct_delay == 0)
		ct->ct_delay = DELAY;
	return cm;
}

int
main(int argc, char **argv)
{
	static struct ctl ct;
	char error[PATH_MAX + 256];
	const struct command *cm;
	int status;

	proc_fill_stdio();
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
