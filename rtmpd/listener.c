/* SPDX-License-Identifier: ISC */
/*
 * listener.c - accept, limit, fork, reap; start and restart the hub.
 * Reads no byte from the wire. Children's lines of log pass through it.
 */
#include "listener.h"

#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "conn.h"
#include "shm/segment.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/proc.h"
#include "sys/rundir.h"

#define FIXED_FDS	4	/* polled besides the listening sockets */
#define ACCEPT_BURST	64	/* connections in one turn */
#define ACCEPT_PAUSE	100	/* ms without accepting, out of resources */
#define KILL_TIME	1000	/* ms for who was killed to be gone */
#define HUB_PATIENCE	3000	/* ms for a connection to find the hub */

static void
open_signals(struct listener *l)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	l->l_signal = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (l->l_signal == -1)
		fatal("signalfd");
}

static void
start_hub_later(struct listener *l)
{
	uint64_t now = clock_ms();

	l->l_hub_pause = hubstart_pause(l->l_hub_pause, now - l->l_hub_since);
	l->l_hub = 0;
	l->l_hub_at = now + l->l_hub_pause;
}

void
listener_start_hub(struct listener *l)
{
	struct hub_wish hw = { .hw_lost = l->l_hubs_lost };
	uint64_t now = clock_ms();

	if (l->l_drain_by > now)
		hw.hw_drain = (uint32_t)((l->l_drain_by - now + 999) / 1000);
	l->l_hub_at = 0;
	l->l_hub = hubstart_spawn(l->l_server, &hw);
	if (l->l_hub == -1) {
		log_warn("fork for the hub");
		start_hub_later(l);
	}
	l->l_hub_since = clock_ms();
}

static void
hub_ended(struct listener *l, int status)
{
	l->l_hub = 0;
	if (l->l_stop_by != 0)
		return;
	if (WIFSIGNALED(status))
		log_warnx("hub-died signal=%d", WTERMSIG(status));
	else if (l->l_drain_by != 0 && status == 0)
		return;			/* the last connection has left */
	else
		log_warnx("hub-ended status=%d", WEXITSTATUS(status));
	l->l_hubs_lost++;
	start_hub_later(l);
}

uint32_t
listener_child(const struct listener *l, pid_t pid)
{
	uint32_t i;

	for (i = 0; i < l->l_nchild && l->l_child[i] != pid; i++)
		;
	return i;
}

static void
child_ended(struct listener *l, pid_t pid, int status)
{
	uint32_t i = listener_child(l, pid);

	if (i == l->l_nchild)
		return;
	l->l_child[i] = l->l_child[--l->l_nchild];
	if (WIFSIGNALED(status))
		log_warnx("connection-died pid=%d signal=%d", (int)pid,
		    WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		log_warnx("connection-died pid=%d status=%d", (int)pid,
		    WEXITSTATUS(status));
}

static void
reap(struct listener *l)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == l->l_hub)
			hub_ended(l, status);
		else if (pid == l->l_trial)
			upgrade_decide(l, status);
		else
			child_ended(l, pid, status);
	}
}

/* Never returns to the loop in the child. */
static bool
serve(struct listener *l, int fd)
{
	struct server *sv = l->l_server;
	int log = l->l_log[1], keep[] = { fd, log };
	/* we have one thread and no handlers: what fork(3) does for others
	 * would be written in each child anew */
	pid_t pid = _Fork();

	if (pid == 0) {
		(void)setpgid(0, 0);
		/* at once: it may wait for a hub, and our lock must not */
		proc_close_others(keep, 2);
		(void)munmap(l, sizeof(*l));
		log_to_socket(log);
		conn_serve(sv, fd, hublink_connect(HUB_PATIENCE), log);
	}
	close(fd);
	if (pid == -1)
		return false;
	l->l_child[l->l_nchild++] = pid;
	return true;
}

static void
pause_accept(struct listener *l, const char *what)
{
	int saved = errno;

	l->l_accept_at = clock_ms() + ACCEPT_PAUSE;
	errno = saved;
	if (ratelimit_pass(&l->l_paused, 5, 10000))
		log_warn("accept-paused cause=%s", what);
}

static void
accept_some(struct listener *l, int from)
{
	uint32_t max = l->l_server->sv_conf->cf_max_connections;
	int fd, n;

	for (n = 0; n < ACCEPT_BURST; n++) {
		fd = accept4(from, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd == -1 && (errno == EMFILE || errno == ENFILE ||
		    errno == ENOBUFS || errno == ENOMEM))
			pause_accept(l, "accept");
		if (fd == -1)
			return;
		if (!sock_is_connected(fd)) {
			close(fd);	/* reset already: not worth a fork */
			continue;
		}
		if (l->l_nchild >= max) {
			close(fd);
			if (ratelimit_pass(&l->l_refused, 5, 10000))
				log_warnx("connection-refused "
				    "limit=max-connections");
			continue;
		}
		if (!serve(l, fd)) {
			pause_accept(l, "fork");
			return;
		}
	}
}

static void
signals(struct listener *l)
{
	static const struct control nobody;
	struct signalfd_siginfo si;

	while (read(l->l_signal, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGCHLD)
			reap(l);
		else if (si.ssi_signo == SIGHUP)
			reload(l, &nobody);
		else if (si.ssi_signo == SIGUSR2)
			upgrade_begin(l, &nobody);
		else if (si.ssi_signo == SIGQUIT)
			orders_drain(l);
		else
			orders_stop(l, "signal");
	}
}

static int
timeout(const struct listener *l)
{
	uint64_t now = clock_ms(), at = UINT64_MAX;

	if (l->l_hub_at != 0)
		at = l->l_hub_at;
	if (l->l_accept_at != 0 && l->l_accept_at < at)
		at = l->l_accept_at;
	if (l->l_trial != 0 && l->l_trial_by < at)
		at = l->l_trial_by;
	if (l->l_drain_by != 0 && l->l_stop_by == 0 && l->l_drain_by < at)
		at = l->l_drain_by;
	if (l->l_stop_by != 0 && l->l_stop_by < at)
		at = l->l_stop_by;
	if (at == UINT64_MAX)
		return -1;
	return at > now ? (int)(at - now) : 0;
}

static void
sleep_and_handle(struct listener *l)
{
	struct pollfd pfd[FIXED_FDS + LISTEN_MAX] = {
		{ .fd = l->l_signal, .events = POLLIN },
		{ .fd = l->l_log[0], .events = POLLIN },
		{ .fd = l->l_last_hub, .events = POLLIN },
		{ .fd = l->l_control, .events = POLLIN },
	};
	/* while there is no hub they would wait for it, in its place if
	 * processes are scarce */
	int i, n = l->l_accept_at == 0 && l->l_hub_at == 0 ? l->l_nlisten : 0;

	for (i = 0; i < n; i++) {
		pfd[FIXED_FDS + i].fd = l->l_listen[i].li_fd;
		pfd[FIXED_FDS + i].events = POLLIN;
	}
	(void)poll(pfd, (nfds_t)(FIXED_FDS + n), timeout(l));
	if ((pfd[1].revents & POLLIN) != 0)
		log_relay(l->l_log[0]);
	for (i = 0; i < n; i++)
		if ((pfd[FIXED_FDS + i].revents & POLLIN) != 0)
			accept_some(l, l->l_listen[i].li_fd);
	if ((pfd[2].revents & POLLIN) != 0) {
		close(l->l_last_hub);
		l->l_last_hub = -1;
	}
	if ((pfd[3].revents & POLLIN) != 0)
		orders_take(l);
	if ((pfd[0].revents & POLLIN) != 0)
		signals(l);
}

static void
turn(struct listener *l)
{
	sleep_and_handle(l);
	if (l->l_accept_at != 0 && clock_ms() >= l->l_accept_at)
		l->l_accept_at = 0;
	if (l->l_hub_at != 0 && clock_ms() >= l->l_hub_at)
		listener_start_hub(l);
	upgrade_tick(l);
	orders_tick(l);
}

/* All children, but not for ever: one may be stuck in the kernel. */
static void
await_killed(void)
{
	struct timespec step = { 0, 5000000 };
	uint64_t by = clock_ms() + KILL_TIME;
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) != -1 && clock_ms() < by)
		if (pid == 0)
			nanosleep(&step, NULL);
}

static void
kill_rest(struct listener *l)
{
	uint32_t i;

	for (i = 0; i < l->l_nchild; i++)
		kill(l->l_child[i], SIGKILL);
	if (l->l_hub > 0)
		kill(l->l_hub, SIGKILL);
	if (l->l_last_hub != -1)
		(void)proc_signal(l->l_last_hub, SIGKILL);
	upgrade_abandon(l);
	await_killed();
	/* a hub that was killed could not */
	(void)unlink(RUNDIR_HUB);
	(void)unlink(RUNDIR_RTMPHUB);
	(void)unlink(RUNDIR_REGISTRY);
	segment_clean(NULL);
}

static void
log_start(const struct server *sv)
{
	const struct conf *cf = sv->sv_conf;
	char where[CONF_LISTEN_MAX * (CONF_HOST_MAX + 8)] = "";
	uint32_t i;

	for (i = 0; i < cf->cf_nlisten; i++) {
		if (i > 0)
			strlcat(where, ",", sizeof(where));
		strlcat(where, cf->cf_listen[i].cl_host, sizeof(where));
		strlcat(where, ":", sizeof(where));
		strlcat(where, cf->cf_listen[i].cl_port, sizeof(where));
	}
	log_info("start pid=%d version=%s listen=%s run-directory=%s",
	    (int)getpid(), RTMPD_VERSION, i > 0 ? where : ":1935",
	    sv->sv_rundir);
}

/* All that a program before us did already. */
static void
start_afresh(struct listener *l)
{
	int daemon = -1;

	instance_claim(l);
	if ((l->l_control = control_open(RUNDIR_RTMPD)) == -1)
		fatal("%s/%s", l->l_server->sv_rundir, RUNDIR_RTMPD);
	if (rundir_share(RUNDIR_RTMPD, l->l_server->sv_group) == -1)
		fatal("share %s/%s", l->l_server->sv_rundir, RUNDIR_RTMPD);
	listening_open(l);	/* who can connect can give orders */
	if (!l->l_server->sv_foreground) {
		log_to_syslog("rtmpd");
		if ((daemon = proc_daemonize()) == -1)
			fatal("daemonize");
		instance_forked();
	}
	if (log_pair(l->l_log) == -1)
		fatal("log");
	server_shut_in(l->l_server);
	instance_ready(l);
	if (daemon != -1)
		proc_started(daemon);
}

void
listener_replace_hub(struct listener *l)
{
	pid_t pid;
	int hub;

	if (l->l_hub > 0)
		kill(l->l_hub, SIGKILL);
	if ((hub = proc_behind(RUNDIR_HUB, &pid)) != -1) {
		(void)proc_signal(hub, SIGKILL);
		close(hub);
	}
}

/* Its filter is still in force. */
static void
start_upgraded(struct listener *l)
{
	if (!l->l_server->sv_foreground)
		log_to_syslog("rtmpd");
	upgrade_take(l);
	listening_open(l);
	l->l_hubs_lost += l->l_hub > 0;
	listener_replace_hub(l);
}

static void
leave(struct listener *l)
{
	kill_rest(l);
	log_relay(l->l_log[0]);
	(void)unlink(RUNDIR_RTMPD);
	(void)unlink(RUNDIR_PID);
	log_info("stopped pid=%d killed=%u", (int)getpid(), l->l_nchild);
}

struct listener *
listener_new(void)
{
	struct listener *l = mmap(NULL, sizeof(*l), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (l == MAP_FAILED)
		fatal("listener");
	return l;
}

int
listener_run(struct server *sv)
{
	struct listener *l = listener_new();
	bool upgraded = upgrade_handed();

	l->l_server = sv;
	l->l_last_hub = -1;
	open_signals(l);	/* who listens leaves nothing behind */
	if (upgraded)
		start_upgraded(l);
	else
		start_afresh(l);
	proc_title("rtmpd: listener");
	server_prepare(sv);
	listener_start_hub(l);
	if (upgraded)
		upgrade_done(l);
	else
		log_start(sv);
	reap(l);		/* the signals of those may be gone */
	while (l->l_stop_by == 0 || ((l->l_nchild > 0 || l->l_hub > 0 ||
	    l->l_last_hub != -1) && clock_ms() < l->l_stop_by))
		turn(l);
	leave(l);
	return 0;
}
