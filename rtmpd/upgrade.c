/* SPDX-License-Identifier: ISC */
/*
 * upgrade.c - replace the listener's program under live streams.
 *
 * What the next program needs to know is a text in a memfd, a line for each
 * thing. Lines that a program does not know it passes over; those it misses
 * keep their defaults. So either may be the older one.
 */
#include "listener.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/hubmsg.h"
#include "shm/registry.h"
#include "shm/ring.h"
#include "sys/clock.h"
#include "sys/proc.h"

#define HANDOVER	"RTMPD_HANDOVER"	/* in the environment: the memfd */
#define SIGNATURE	"this program can take over\n"
#define TRIAL_TIME	5000	/* ms */
#define ARGS_MAX	(2 * CONF_LISTEN_MAX + 16)

/* The version that wrote the handover. */
static char	from_version[32] = "?";

static void
put_asked(FILE *to, const struct control *ct)
{
	const unsigned char *byte = (const void *)&ct->ct_from;
	socklen_t i;

	if (ct->ct_len == 0)
		return;
	fputs("asked ", to);
	for (i = 0; i < ct->ct_len; i++)
		fprintf(to, "%02x", byte[i]);
	fputc('\n', to);
}

static void
put_state(FILE *to, const struct listener *l)
{
	const struct listening *li;
	uint32_t i;

	/* the log first: the trial complains there of what follows */
	fprintf(to, "log %d %d\nversion %s\nformats %u %u %u\n",
	    l->l_log[0], l->l_log[1], RTMPD_VERSION, HUBMSG_VERSION,
	    RING_VERSION, REGISTRY_VERSION);
	for (li = l->l_listen; li < l->l_listen + l->l_nlisten; li++)
		fprintf(to, "listen %d %s %s\n", li->li_fd,
		    li->li_at.cl_host[0] != '\0' ? li->li_at.cl_host : "*",
		    li->li_at.cl_port);
	fprintf(to, "pidfile %d\ncontrol %d\nhub %d\nhubs-lost %u\n",
	    l->l_pidfile, l->l_control, (int)l->l_hub, l->l_hubs_lost);
	for (i = 0; i < l->l_nchild; i++)
		fprintf(to, "child %d\n", (int)l->l_child[i]);
	put_asked(to, &l->l_asked);
}

/* Returns the memfd, or -1 and errno. */
static int
write_handover(const struct listener *l)
{
	int fd = memfd_create("handover", MFD_CLOEXEC), copy;
	FILE *to = NULL;
	bool good;

	if (fd == -1)
		return -1;
	if ((copy = fcntl(fd, F_DUPFD_CLOEXEC, 0)) == -1 ||
	    (to = fdopen(copy, "w")) == NULL) {
		if (copy != -1)
			close(copy);
		close(fd);
		return -1;
	}
	put_state(to, l);
	good = ferror(to) == 0;
	if ((fclose(to) == 0) & good)
		return fd;
	close(fd);
	return -1;
}

/* The command line that a start with the same options would have. */
static void
make_args(const struct server *sv, bool trial, const char *argv[ARGS_MAX])
{
	uint32_t i;
	int n = 0;

	argv[n++] = sv->sv_program;
	if (trial)
		argv[n++] = "-n";
	if (sv->sv_foreground)
		argv[n++] = "-d";
	if (sv->sv_verbose)
		argv[n++] = "-v";
	if (sv->sv_conf_path != NULL) {
		argv[n++] = "-f";
		argv[n++] = sv->sv_conf_path;
	}
	argv[n++] = "-r";
	argv[n++] = sv->sv_rundir;
	for (i = 0; i < sv->sv_nlisten; i++) {
		argv[n++] = "-l";
		argv[n++] = sv->sv_listen_arg[i];
	}
	argv[n] = NULL;
}

static void
set_inherited(const struct listener *l, bool yes)
{
	int fds[] = { l->l_log[0], l->l_log[1], l->l_pidfile, l->l_control };
	int flag = yes ? 0 : FD_CLOEXEC;
	size_t i;

	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		(void)fcntl(fds[i], F_SETFD, flag);
	for (i = 0; i < (size_t)l->l_nlisten; i++)
		(void)fcntl(l->l_listen[i].li_fd, F_SETFD, flag);
}

/* Returns on failure only. */
static void
execute(const struct listener *l, bool trial, int handover)
{
	const char *argv[ARGS_MAX];
	char number[16];

	make_args(l->l_server, trial, argv);
	snprintf(number, sizeof(number), "%d", handover);
	if (setenv(HANDOVER, number, 1) == -1)
		return;
	(void)fcntl(handover, F_SETFD, 0);
	if (trial)		/* no lock: it may outlive us */
		(void)fcntl(l->l_log[1], F_SETFD, 0);
	else
		set_inherited(l, true);
	execv(l->l_server->sv_program, (char **)(uintptr_t)argv);
	set_inherited(l, false);
	(void)unsetenv(HANDOVER);
}

static void
refuse(struct listener *l, const char *why)
{
	log_warnx("upgrade-refused program=%s reason=\"%s\"",
	    l->l_server->sv_program, why);
	control_answer(l->l_control, &l->l_asked, false,
	    "%s: %s; the log says more", l->l_server->sv_program, why);
	memset(&l->l_asked, 0, sizeof(l->l_asked));
}

void
upgrade_begin(struct listener *l, const struct control *ct)
{
	sigset_t none;
	int handover;

	if (l->l_trial != 0 || l->l_drain_by != 0 || l->l_stop_by != 0) {
		log_warnx("upgrade-refused program=%s reason=\"busy\"",
		    l->l_server->sv_program);
		control_answer(l->l_control, ct, false,
		    "an upgrade, drain or stop is under way");
		return;
	}
	l->l_asked = *ct;
	l->l_trial_by = clock_ms() + TRIAL_TIME;
	handover = write_handover(l);
	if (handover == -1 || (l->l_trial = fork()) == -1) {
		l->l_trial = 0;
		refuse(l, "no memory or process for the trial");
	} else if (l->l_trial == 0) {
		(void)setpgid(0, 0);	/* to be ended with all its kin */
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		execute(l, true, handover);
		log_to_socket(l->l_log[1]);
		log_warn("execute %s", l->l_server->sv_program);
		_exit(126);
	}
	if (l->l_trial != 0)
		l->l_paper = handover;
	else if (handover != -1)
		close(handover);
}

void
upgrade_abandon(const struct listener *l)
{
	if (l->l_trial == 0)
		return;
	kill(l->l_trial, SIGKILL);
	kill(-l->l_trial, SIGKILL);
}

void
upgrade_tick(struct listener *l)
{
	if (l->l_trial != 0 && clock_ms() >= l->l_trial_by)
		upgrade_abandon(l);
}

/* Any program may exit with 0: ours has said that it can take over. */
static bool
is_signed(int paper)
{
	char end[sizeof(SIGNATURE)];
	struct stat st;

	return fstat(paper, &st) == 0 &&
	    st.st_size >= (off_t)sizeof(end) &&
	    pread(paper, end, sizeof(end), st.st_size -
	    (off_t)sizeof(end)) == (ssize_t)sizeof(end) &&
	    memcmp(end, SIGNATURE, sizeof(end)) == 0;
}

void
upgrade_decide(struct listener *l, int status)
{
	bool good = status == 0 && is_signed(l->l_paper);
	int handover;

	l->l_trial = 0;
	close(l->l_paper);
	if (!good) {
		refuse(l, "the trial failed");
		return;
	}
	if (l->l_drain_by != 0 || l->l_stop_by != 0) {
		refuse(l, "a drain or stop came first");
		return;
	}
	if ((handover = write_handover(l)) != -1) {
		execute(l, false, handover);
		log_warn("execute %s", l->l_server->sv_program);
		close(handover);
	}
	refuse(l, "it could not be executed");
}

static void
take_formats(const char *line)
{
	unsigned int hubmsg, ring, registry;

	if (sscanf(line, "formats %u %u %u", &hubmsg, &ring, &registry) != 3)
		return;
	if (hubmsg != HUBMSG_VERSION || ring != RING_VERSION ||
	    registry != REGISTRY_VERSION)
		fatalx("rtmpd %s has hub messages, rings and registry of "
		    "versions %u, %u, %u, this is %s with %u, %u, %u: drain, "
		    "then start it", from_version, hubmsg, ring, registry,
		    RTMPD_VERSION, HUBMSG_VERSION, RING_VERSION,
		    REGISTRY_VERSION);
}

static void
take_child(struct listener *l, pid_t pid)
{
	if (l->l_nchild == LISTENER_CHILDREN)
		fatalx("handover: more than %d connections",
		    LISTENER_CHILDREN);
	l->l_child[l->l_nchild++] = pid;
}

static void
take_asked(struct listener *l, const char *hex)
{
	unsigned char *byte = (void *)&l->l_asked.ct_from;
	unsigned int value;

	l->l_asked.ct_len = 0;
	while (l->l_asked.ct_len < sizeof(l->l_asked.ct_from) &&
	    sscanf(hex, "%2x", &value) == 1) {
		byte[l->l_asked.ct_len++] = (unsigned char)value;
		hex += 2;
	}
}

static void
take_line(struct listener *l, const char *line)
{
	struct listening *li = &l->l_listen[l->l_nlisten];
	int pid, from;

	take_formats(line);
	(void)sscanf(line, "version %31s", from_version);
	(void)sscanf(line, "log %d %d", &l->l_log[0], &l->l_log[1]);
	(void)sscanf(line, "pidfile %d", &l->l_pidfile);
	(void)sscanf(line, "control %d", &l->l_control);
	if (sscanf(line, "hub %d", &pid) == 1)
		l->l_hub = pid;
	(void)sscanf(line, "hubs-lost %u", &l->l_hubs_lost);
	if (sscanf(line, "child %d", &pid) == 1)
		take_child(l, pid);
	if (l->l_nlisten < LISTEN_MAX && sscanf(line, "listen %d %63s %5s",
	    &li->li_fd, li->li_at.cl_host, li->li_at.cl_port) == 3) {
		if (strcmp(li->li_at.cl_host, "*") == 0)
			li->li_at.cl_host[0] = '\0';
		l->l_nlisten++;
	}
	from = 0;
	if (sscanf(line, "asked %n%*2x", &from) == 0 && from > 0)
		take_asked(l, line + from);
}

static void
read_handover(struct listener *l, bool trial)
{
	int fd = (int)strtol(getenv(HANDOVER), NULL, 10);
	FILE *from = fdopen(fd, "r");
	size_t size = 0;
	char *line = NULL;

	if (from == NULL)
		fatal("handover");
	rewind(from);
	l->l_pidfile = l->l_control = l->l_log[0] = l->l_log[1] = -1;
	while (getline(&line, &size, from) != -1) {
		take_line(l, line);
		if (trial && l->l_log[1] != -1)
			log_to_socket(l->l_log[1]);
	}
	free(line);
	fclose(from);
	if (l->l_pidfile == -1 || l->l_control == -1 || l->l_log[1] == -1)
		fatalx("handover: incomplete");
}

bool
upgrade_handed(void)
{
	return getenv(HANDOVER) != NULL;
}

struct listener *
upgrade_try(int *paper)
{
	struct listener *l = listener_new();
	int i;

	*paper = dup((int)strtol(getenv(HANDOVER), NULL, 10));
	if (*paper == -1)
		fatal("handover");
	read_handover(l, true);
	for (i = 0; i < l->l_nlisten; i++)
		l->l_listen[i].li_fd = -1;	/* a trial is not given them */
	return l;
}

void
upgrade_sign(int paper)
{
	if (write(paper, SIGNATURE, sizeof(SIGNATURE)) !=
	    (ssize_t)sizeof(SIGNATURE))
		fatal("handover");
}

void
upgrade_take(struct listener *l)
{
	read_handover(l, false);
	(void)unsetenv(HANDOVER);
	set_inherited(l, false);
}

void
upgrade_done(struct listener *l)
{
	log_info("upgraded pid=%d version=%s from=%s connections=%u",
	    (int)getpid(), RTMPD_VERSION, from_version, l->l_nchild);
	control_answer(l->l_control, &l->l_asked, true,
	    "pid %d, version %s, before %s", (int)getpid(), RTMPD_VERSION,
	    from_version);
	memset(&l->l_asked, 0, sizeof(l->l_asked));
}
