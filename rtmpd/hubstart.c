/* SPDX-License-Identifier: ISC */
/*
 * hubstart.c - starting the hub, by the listener or on demand.
 */
#include "server.h"

#include <sys/file.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "conn.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/proc.h"
#include "sys/rundir.h"

#define HUB_PATIENCE	3000	/* ms for a hub to come up */
#define TURN_STEP	10	/* ms between tries to start one */
#define PAUSE_MIN	100	/* ms before a hub that died is replaced */
#define PAUSE_MAX	800	/* the same if hubs die as they start */
#define KEEPER_TRIES	10	/* after such pauses */

static void
add_number(const char **argv, int *n, const char *option, uint32_t value)
{
	char *text = NULL;

	if (asprintf(&text, "%u", value) == -1)
		_exit(1);
	argv[(*n)++] = option;
	argv[(*n)++] = text;
}

static void
exec_hub(const struct server *sv, const struct hub_wish *hw)
{
	char path[PATH_MAX];
	const char *argv[18] = { "rtmphub", "-r", sv->sv_rundir };
	int n = 3;

	if (proc_sibling("rtmphub", path, sizeof(path)) == -1)
		return;
	if (sv->sv_conf_path != NULL) {
		argv[n++] = "-f";
		argv[n++] = sv->sv_conf_path;
	}
	if (hw->hw_idle == 0) {
		argv[n++] = "-w";
		add_number(argv, &n, "-s", (uint32_t)sv->sv_set_fd);
	} else
		add_number(argv, &n, "-i", hw->hw_idle);
	if (hw->hw_lost > 0)
		add_number(argv, &n, "-n", hw->hw_lost);
	if (hw->hw_drain > 0)
		add_number(argv, &n, "-D", hw->hw_drain);
	if (sv->sv_foreground)
		argv[n++] = "-d";
	if (sv->sv_verbose)
		argv[n++] = "-v";
	execv(path, (char **)(uintptr_t)argv);
}

pid_t
hubstart_spawn(const struct server *sv, const struct hub_wish *hw)
{
	int keep[] = { sv->sv_set_fd };
	sigset_t none;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	(void)setsid();		/* the terminal's signals are the listener's */
	/* what is in force, which its file need not be any more; but who keeps
	 * a hub for others reads that anew */
	(void)fcntl(keep[0], F_SETFD, 0);
	proc_close_others(keep, hw->hw_idle == 0 ? 1 : 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	exec_hub(sv, hw);
	log_warn("start rtmphub");
	_exit(1);
}

uint32_t
hubstart_pause(uint32_t before, uint64_t ran)
{
	if (before == 0 || ran >= PAUSE_MAX)
		return PAUSE_MIN;
	return 2 * before < PAUSE_MAX ? 2 * before : PAUSE_MAX;
}

/* Run a hub to its end. False: it is not to be replaced. */
static bool
keep_one(const struct server *sv, unsigned int idle, uint32_t lost)
{
	struct hub_wish hw = { .hw_idle = idle, .hw_lost = lost };
	int status;
	pid_t pid = hubstart_spawn(sv, &hw);

	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		return false;
	if (WIFSIGNALED(status))
		log_warnx("hub-died pid=%d signal=%d", (int)pid,
		    WTERMSIG(status));
	else if (WEXITSTATUS(status) == 1)
		log_warnx("hub-ended pid=%d status=1", (int)pid);
	return WIFSIGNALED(status) || WEXITSTATUS(status) == 1 ||
	    WEXITSTATUS(status) == HUB_EXIT_UPGRADE;
}

/* The small parent of a hub started on demand: waits, and replaces it; gives
 * up on one that cannot start for some seconds. */
static void
keep_alive(const struct server *sv, unsigned int idle)
{
	uint32_t pause = 0, failed = 0, lost = 0;
	struct timespec ts = { 0, 0 };
	uint64_t since;

	proc_title("rtmpd: hub keeper");
	while (failed < KEEPER_TRIES) {
		since = clock_ms();
		if (!keep_one(sv, idle, lost++))
			_exit(0);
		pause = hubstart_pause(pause, clock_ms() - since);
		failed = pause == PAUSE_MAX ? failed + 1 : 0;
		ts.tv_nsec = pause * 1000000L;
		nanosleep(&ts, NULL);
	}
	_exit(1);
}

static int
start_keeper(const struct server *sv)
{
	unsigned int idle = (sv->sv_conf->cf_hub_idle + 999) / 1000;
	pid_t pid = fork();
	int daemon, status;

	if (pid == -1)
		return -1;
	if (pid > 0)
		return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
	proc_close_others(NULL, 0);
	if ((daemon = proc_daemonize()) != -1) {
		log_to_syslog("rtmpd");
		server_shut_in(sv);
		proc_started(daemon);
		keep_alive(sv, idle);
	}
	_exit(1);
}

/* One starts a hub at a time. Who holds the lock may be stopped. */
static int
take_turn(int lock)
{
	struct timespec step = { 0, TURN_STEP * 1000000 };
	uint64_t by = clock_ms() + HUB_PATIENCE;

	while (flock(lock, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK || clock_ms() >= by)
			return -1;
		nanosleep(&step, NULL);
	}
	return 0;
}

int
hubstart_on_demand(const struct server *sv)
{
	int fd, lock;

	if ((fd = hublink_connect(0)) != -1)
		return fd;
	lock = open(RUNDIR_START,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (lock == -1 || take_turn(lock) == -1) {
		log_warn("lock %s", RUNDIR_START);
		if (lock != -1)
			close(lock);
		return -1;
	}
	if (sv->sv_priv.pr_root)
		(void)fchown(lock, sv->sv_priv.pr_uid, sv->sv_priv.pr_gid);
	if ((fd = hublink_connect(0)) == -1 && start_keeper(sv) == 0)
		fd = hublink_connect(HUB_PATIENCE);
	close(lock);
	return fd;
}
