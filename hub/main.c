/* SPDX-License-Identifier: ISC */
/*
 * main.c - rtmphub: options, log, configuration, lock, socket, loop.
 */
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/share.h"
#include "hub.h"
#include "orders.h"
#include "spawner.h"
#include "sys/log.h"
#include "sys/proc.h"
#include "sys/priv.h"
#include "sys/rundir.h"
#include "sys/sandbox.h"

#define STANDBY_PAUSE	20	/* ms, while a hub is starting */
#define DRAIN_MAX	86400	/* seconds */
#define FORK_STEP	10	/* ms between tries to fork */
#define FORK_TRIES	400
#define LOCK_PATIENCE	1000	/* ms for a hub that is leaving */

struct options {
	const char	*o_conf;
	const char	*o_rundir;
	int		 o_set;		/* the listener's configuration */
	uint64_t	 o_idle;	/* ms */
	uint32_t	 o_lost;
	uint32_t	 o_drain;	/* ms */
	bool		 o_debug;
	bool		 o_verbose;
	bool		 o_wait;
};

static void
usage(FILE *to)
{
	fprintf(to, "usage: rtmphub [-dvVw] [-D seconds] [-f file] "
	    "[-i seconds] [-n lost]\n"
	    "               [-r run-directory] [-s descriptor]\n"
	    "       rtmphub -T formats\n");
}

/* Do the rtmpd that asks and we go by the same formats? */
static int
try(const char *formats)
{
	char ours[48];

	snprintf(ours, sizeof(ours), "%u.%u.%u", HUBMSG_VERSION, RING_VERSION,
	    REGISTRY_VERSION);
	return strcmp(ours, formats) != 0;
}

static void
parse(int argc, char **argv, struct options *o)
{
	static const struct option longopts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *bad;
	int c;

	while ((c = getopt_long(argc, argv, "dD:f:i:n:r:s:T:vVw", longopts,
	    NULL)) != -1)
		switch (c) {
		case 'd':
			o->o_debug = true;
			break;
		case 'D':
			o->o_drain = 1000 * (uint32_t)strtonum(optarg, 1,
			    DRAIN_MAX, &bad);
			if (bad != NULL)
				errx(EX_USAGE, "-D %s: %s", optarg, bad);
			break;
		case 'f':
			o->o_conf = optarg;
			break;
		case 'i':
			o->o_idle = 1000 * (uint64_t)strtonum(optarg, 1,
			    86400, &bad);
			if (bad != NULL)
				errx(EX_USAGE, "-i %s: %s", optarg, bad);
			break;
		case 'n':
			o->o_lost = (uint32_t)strtonum(optarg, 0, UINT32_MAX,
			    &bad);
			if (bad != NULL)
				errx(EX_USAGE, "-n %s: %s", optarg, bad);
			break;
		case 'r':
			o->o_rundir = optarg;
			break;
		case 's':
			o->o_set = (int)strtonum(optarg, 0, INT_MAX, &bad);
			if (bad != NULL)
				errx(EX_USAGE, "-s %s: %s", optarg, bad);
			break;
		case 'T':
			exit(try(optarg));
		case 'v':
			o->o_verbose = true;
			break;
		case 'V':
			puts("rtmphub " RTMPD_VERSION);
			exit(0);
		case 'w':
			o->o_wait = true;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(EX_USAGE);
		}
	if (optind != argc) {
		usage(stderr);
		exit(EX_USAGE);
	}
}

/*
 * Until the hub that runs ends, and as long as who started us does not: nobody
 * would need us then. The lock cannot be polled for, processes can.
 */
static void
stand_by(int lock, int starter)
{
	struct pollfd pfd[2] = { { .fd = starter, .events = POLLIN } };
	pid_t pid;

	log_info("hub-standby pid=%d", (int)getpid());
	while (flock(lock, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK)
			fatal("lock %s", RUNDIR_LOCK);
		pfd[1].fd = proc_behind(RUNDIR_HUB, &pid);
		pfd[1].events = POLLIN;
		(void)poll(pfd, 2, pfd[1].fd == -1 ? STANDBY_PAUSE : -1);
		if (pfd[1].fd != -1)
			close(pfd[1].fd);
		if ((pfd[0].revents & POLLIN) != 0)
			exit(0);
	}
}

/*
 * One hub a run directory. The lock ends with the process, however it ends. If
 * another hub has it, give it a moment to leave; then give up, or stand by.
 */
static void
take_lock(bool wait, int starter)
{
	struct timespec step = { 0, 20 * 1000000 };
	int fd, waited;

	fd = open(RUNDIR_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		fatal("open %s", RUNDIR_LOCK);
	for (waited = 0; flock(fd, LOCK_EX | LOCK_NB) == -1; waited += 20) {
		if (errno != EWOULDBLOCK)
			fatal("lock %s", RUNDIR_LOCK);
		if (waited >= LOCK_PATIENCE)
			break;
		nanosleep(&step, NULL);
	}
	if (waited < LOCK_PATIENCE)
		return;
	if (!wait) {
		log_warnx("hub-refused reason=another-hub-runs");
		exit(EX_TEMPFAIL);
	}
	stand_by(fd, starter);
}

/* Two descriptors for each connection. */
static void
raise_files(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		return;
	rl.rlim_cur = rl.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &rl);
}

/*
 * What the listener goes by, which is in force even if the file is not what it
 * was; else the file. Returns the descriptor and its conf outside of blocks.
 */
static int
load_conf(const struct options *o, struct conf *cf)
{
	static struct conf_set read;
	const struct conf_set *set;
	char error[PATH_MAX + 256];
	int fd = o->o_set;

	if (fd == -1 || (set = conf_map(fd)) == NULL) {
		if (conf_load_default(&read, o->o_conf, error,
		    sizeof(error)) == -1)
			fatalx("%s", error);
		set = &read;
		fd = conf_share(set);
	}
	if (fd == -1 || fcntl(fd, F_SETFD, FD_CLOEXEC) == -1)
		fatal("configuration");
	*cf = set->cs_conf[0];
	return fd;
}

/* Where processes are scarce, those that wait for us have them, and end. */
static int
fork_spawner(void)
{
	struct timespec step = { 0, FORK_STEP * 1000000 };
	int spawner, try = 0;

	while ((spawner = spawner_fork()) == -1) {
		if (errno != EAGAIN || ++try == FORK_TRIES)
			fatal("fork");
		nanosleep(&step, NULL);
	}
	return spawner;
}

int
main(int argc, char **argv)
{
	static struct conf conf;
	static struct hub hub;
	struct sandbox sandbox;
	struct options o = { .o_set = -1 };
	char error[PATH_MAX + 256], used[PATH_MAX];
	const char *missing;
	struct priv priv;
	struct hub_start start;
	int starter = -1, set;

	proc_fill_stdio();
	proc_title_init(argc, argv);
	parse(argc, argv, &o);
	if (o.o_wait)
		starter = (int)syscall(SYS_pidfd_open, getppid(), 0);
	log_to_stderr();
	log_set_verbose(o.o_verbose);
	if (!o.o_debug)
		log_to_syslog("rtmphub");
	set = load_conf(&o, &conf);
	if (o.o_rundir == NULL)
		o.o_rundir = conf.cf_rundir;
	if (priv_lookup(conf.cf_user, &priv, &missing) == -1)
		fatalx("no user %s", missing);
	if (priv_find_group(conf.cf_control_group, &priv.pr_group) == -1)
		fatalx("no group %s", conf.cf_control_group);
	priv.pr_shares = priv.pr_group != PRIV_NO_GROUP;
	if (rundir_enter(o.o_rundir, &priv, used, sizeof(used), error,
	    sizeof(error)) == -1)
		fatalx("%s", error);
	raise_files();
	if (priv_drop(&priv, NULL) == -1)
		fatal("give up root");
	take_lock(o.o_wait, starter);
	if (starter != -1)
		close(starter);
	start.hs_spawner = fork_spawner();
	start.hs_group = priv.pr_group;
	start.hs_idle_exit = o.o_idle;
	start.hs_lost = o.o_lost;
	start.hs_standby = o.o_wait;
	hub_open(&hub, set, &start);
	hub_bind(&hub);
	if (o.o_drain != 0)
		orders_drain(&hub, o.o_drain);
	if (sandbox_build(&sandbox, SANDBOX_HUB, conf.cf_sandbox == DENIED_LOG)
	    == -1 || sandbox_enter(&sandbox) == -1)
		fatal("system call filter");
	sandbox_free(&sandbox);
	proc_title("rtmpd: hub");
	log_info("hub-start pid=%d run-directory=%s ring=%llu", (int)getpid(),
	    used, (unsigned long long)conf.cf_ring);
	return hub_run(&hub);
}
