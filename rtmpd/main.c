/* SPDX-License-Identifier: ISC */
/*
 * main.c - rtmpd: options, log, configuration, then listen or serve stdin.
 */
#include <err.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf/share.h"
#include "listener.h"
#include "sys/log.h"
#include "sys/proc.h"
#include "sys/rundir.h"

struct options {
	struct conf_listen	 o_listen[CONF_LISTEN_MAX];
	const char		*o_listen_arg[CONF_LISTEN_MAX];
	uint32_t		 o_nlisten;
	const char		*o_conf;
	const char		*o_rundir;
	bool			 o_foreground;
	bool			 o_inetd;
	bool			 o_check;
	bool			 o_verbose;
};

static void
usage(FILE *to)
{
	fprintf(to,
	    "usage: rtmpd [-dinvV] [-f file] [-l [address:]port]... "
	    "[-r run-directory]\n"
	    "  -d  stay in the foreground, log to standard error\n"
	    "  -f  read this configuration (default " CONF_PATH
	    " if it exists)\n"
	    "  -i  serve the connected socket on standard input (inetd)\n"
	    "  -l  listen here instead (default port 1935, every address)\n"
	    "  -n  check the configuration and exit\n"
	    "  -r  run directory, one for each instance\n"
	    "  -v  log more\n"
	    "  -V  print the version and exit\n");
}

static void
add_listen(struct options *o, const char *text)
{
	const char *why;

	if (o->o_nlisten == CONF_LISTEN_MAX)
		errx(EX_USAGE, "-l: more than %d", CONF_LISTEN_MAX);
	o->o_listen_arg[o->o_nlisten] = text;
	why = conf_parse_listen(text, &o->o_listen[o->o_nlisten++]);
	if (why != NULL)
		errx(EX_USAGE, "-l %s: %s", text, why);
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

	while ((c = getopt_long(argc, argv, "df:il:nr:vV", longopts, NULL))
	    != -1)
		switch (c) {
		case 'd':
			o->o_foreground = true;
			break;
		case 'f':
			o->o_conf = optarg;
			break;
		case 'i':
			o->o_inetd = true;
			break;
		case 'l':
			add_listen(o, optarg);
			break;
		case 'n':
			o->o_check = true;
			break;
		case 'r':
			o->o_rundir = optarg;
			break;
		case 'v':
			o->o_verbose = true;
			break;
		case 'V':
			puts("rtmpd " RTMPD_VERSION);
			exit(0);
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(EX_USAGE);
		}
	if (optind == argc)
		return;
	warnx("unexpected argument: %s", argv[optind]);
	usage(stderr);
	exit(EX_USAGE);
}

/* The log is told where standard error may be the peer, under inetd, or be
 * closed, in an upgrade. */
static void
refuse_conf(const struct options *o, const char *error)
{
	if (o->o_inetd || upgrade_handed())
		fatalx("%s", error);
	errx(1, "%s", error);
}

/* The hub reads the same file from another directory. */
static void
load_conf(struct server *sv, const struct options *o)
{
	const struct conf_set *set;
	char error[SERVER_ERROR_MAX];
	int fd;

	sv->sv_conf_path = o->o_conf;
	sv->sv_nlisten = o->o_nlisten;
	memcpy(sv->sv_listen, o->o_listen, sizeof(o->o_listen));
	memcpy(sv->sv_listen_arg, o->o_listen_arg, sizeof(o->o_listen_arg));
	if ((fd = server_load(sv, error)) == -1)
		refuse_conf(o, error);
	if ((set = conf_map(fd)) == NULL)
		fatal("configuration");
	server_adopt(sv, set, fd);
	if (o->o_conf != NULL &&
	    (sv->sv_conf_path = realpath(o->o_conf, NULL)) == NULL)
		refuse_conf(o, o->o_conf);
}

/* By the name that we were called by, so that a link that leads elsewhere
 * later leads to the next version; from PATH, by where we are. */
static char *
find_program(const char *name)
{
	char path[PATH_MAX], cwd[PATH_MAX];

	if (name[0] == '/')
		return strdup(name);
	if (strchr(name, '/') != NULL && getcwd(cwd, sizeof(cwd)) != NULL &&
	    snprintf(path, sizeof(path), "%s/%s", cwd, name) <
	    (int)sizeof(path))
		return strdup(path);
	return proc_sibling("rtmpd", path, sizeof(path)) == 0 ?
	    strdup(path) : NULL;
}

static void
find_user(struct server *sv)
{
	const char *missing;

	if (priv_lookup(sv->sv_conf->cf_user, &sv->sv_priv, &missing) == -1)
		fatalx("no user %s", missing);
	if (priv_find_group(sv->sv_conf->cf_control_group, &sv->sv_group) ==
	    -1)
		fatalx("no group %s", sv->sv_conf->cf_control_group);
}

static void
enter_rundir(struct server *sv, const struct options *o)
{
	char error[PATH_MAX + 256], used[PATH_MAX];

	if (rundir_enter(o->o_rundir != NULL ? o->o_rundir :
	    sv->sv_conf->cf_rundir, &sv->sv_priv, used, sizeof(used), error,
	    sizeof(error)) == -1)
		fatalx("%s", error);
	if ((sv->sv_rundir = strdup(used)) == NULL)
		fatal("run directory");
}

int
main(int argc, char **argv)
{
	static struct server server;
	static struct options o;
	struct listener *trial = NULL;
	int status, paper;

	proc_fill_stdio();
	if (!upgrade_handed())
		proc_close_others(NULL, 0);	/* nobody's locks for ever */
	server.sv_program = find_program(argv[0]);
	proc_title_init(argc, argv);
	parse(argc, argv, &o);
	log_to_stderr();
	log_set_verbose(o.o_verbose);
	server.sv_foreground = o.o_foreground;
	server.sv_verbose = o.o_verbose;
	if (o.o_inetd && !o.o_check && (status = inetd_open()) != 0)
		return status;
	if (o.o_check && upgrade_handed())
		trial = upgrade_try(&paper);
	if (server.sv_program == NULL)
		fatal("path of rtmpd");
	load_conf(&server, &o);
	find_user(&server);
	if (o.o_check && trial == NULL)
		return 0;
	enter_rundir(&server, &o);
	if (trial != NULL) {
		trial_run(trial, &server, paper);
		return 0;
	}
	return o.o_inetd ? inetd_run(&server) : listener_run(&server);
}
