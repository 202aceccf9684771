/* SPDX-License-Identifier: ISC */
/*
 * listener.c - accept, limit, fork, reap; start and restart the hub.
 * Reads no byte from the wire. Children's lines of log pass through it.
 */
#include "server.h"

#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <libutil.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "conn.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/proc.h"
#include "sys/rundir.h"

#define FIXED_FDS	3	/* polled besides the listening sockets */
#define LISTEN_MAX	(2 * CONF_LISTEN_MAX)	/* IPv4 and IPv6 of each */
#define ACCEPT_BURST	64	/* connections in one turn */
#define ACCEPT_PAUSE	100	/* ms without accepting, out of resources */
#define HUB_PAUSE	100	/* ms before a hub that died is replaced */
#define HUB_PATIENCE	3000	/* ms for a connection to find the hub */
#define STOP_TIME	1700	/* ms for everyone to leave, then SIGKILL */

struct listener {
	struct server	*l_server;
	struct pidfh	*l_pidfile;
	int		 l_fd[LISTEN_MAX];
	int		 l_nfd;
	int		 l_signal;
	int		 l_log[2];
	pid_t		*l_child;	/* connections */
	uint32_t	 l_nchild;
	pid_t		 l_hub;		/* 0: none runs */
	uint64_t	 l_hub_at;	/* when to start one, ms */
	uint64_t	 l_accept_at;	/* paused until, ms */
	uint64_t	 l_stop_by;	/* 0 while not stopping */
	int		 l_stopping_hub; /* pidfd, -1 if it has ended */
	struct ratelimit l_refused;
};

static void
add_listen(struct listener *l, const struct conf_listen *cl)
{
	int n = sock_listen(cl->cl_host, cl->cl_port, l->l_fd + l->l_nfd,
	    LISTEN_MAX - l->l_nfd);

	if (n == -1)
		fatal("listen on %s%s%s", cl->cl_host,
		    cl->cl_host[0] != '\0' ? " port " : "port ", cl->cl_port);
	l->l_nfd += n;
}

static void
open_listen(struct listener *l)
{
	static const struct conf_listen standard = { "", "1935" };
	const struct conf *cf = &l->l_server->sv_conf;
	uint32_t i;

	if (cf->cf_nlisten == 0)
		add_listen(l, &standard);
	for (i = 0; i < cf->cf_nlisten; i++)
		add_listen(l, &cf->cf_listen[i]);
}

static void
open_signals(struct listener *l)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	l->l_signal = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (l->l_signal == -1)
		fatal("signalfd");
}

/* One listener a run directory. */
static void
open_pidfile(struct listener *l)
{
	pid_t other = 0;
	struct stat st;

	/* its directory belongs to `user`: root must not write elsewhere */
	if (lstat(RUNDIR_PID, &st) == 0 && !S_ISREG(st.st_mode))
		fatalx("%s/%s: not a regular file", l->l_server->sv_rundir,
		    RUNDIR_PID);
	l->l_pidfile = pidfile_open(RUNDIR_PID, 0644, &other);
	if (l->l_pidfile == NULL && errno == EEXIST)
		fatalx("%s: in use by pid %d", l->l_server->sv_rundir,
		    (int)other);
	if (l->l_pidfile == NULL)
		fatal("%s/%s", l->l_server->sv_rundir, RUNDIR_PID);
}

static void
start_hub(struct listener *l)
{
	l->l_hub_at = 0;
	l->l_hub = hubstart_spawn(l->l_server, 0);
	if (l->l_hub > 0)
		return;
	log_warn("fork for the hub");
	l->l_hub = 0;
	l->l_hub_at = clock_ms() + HUB_PAUSE;
}

static void
hub_ended(struct listener *l, int status)
{
	l->l_hub = 0;
	if (l->l_stop_by != 0)
		return;
	if (WIFSIGNALED(status))
		log_warnx("hub-died signal=%d", WTERMSIG(status));
	else
		log_warnx("hub-ended status=%d", WEXITSTATUS(status));
	l->l_hub_at = clock_ms() + HUB_PAUSE;
}

static void
child_ended(struct listener *l, pid_t pid, int status)
{
	uint32_t i;

	for (i = 0; i < l->l_nchild && l->l_child[i] != pid; i++)
		;
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
		else
			child_ended(l, pid, status);
	}
}

/* Never returns to the loop in the child. */
static bool
serve(struct listener *l, int fd)
{
	struct server *sv = l->l_server;
	pid_t pid = fork();

	if (pid == 0) {
		(void)setsid();
		log_to_socket(l->l_log[1]);
		conn_serve(sv, fd, hublink_connect(HUB_PATIENCE), l->l_log[1]);
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
	if (ratelimit_pass(&l->l_refused, 5, 10000))
		log_warn("accept-paused cause=%s", what);
}

static void
accept_some(struct listener *l, int from)
{
	uint32_t max = l->l_server->sv_conf.cf_max_connections;
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

/* The hub tells the connections; who is deaf to it hears the signal. */
static void
stop(struct listener *l, int sig)
{
	uint32_t i;

	if (l->l_stop_by != 0)
		return;
	log_info("stop signal=%d connections=%u", sig, l->l_nchild);
	l->l_stop_by = clock_ms() + STOP_TIME;
	l->l_hub_at = 0;
	while (l->l_nfd > 0)
		close(l->l_fd[--l->l_nfd]);
	for (i = 0; i < l->l_nchild; i++)
		kill(l->l_child[i], SIGTERM);
	/* the hub that runs need not be the one we started */
	l->l_stopping_hub = hubstart_stop();
	if (l->l_hub > 0)
		kill(l->l_hub, SIGTERM);
}

static void
signals(struct listener *l)
{
	struct signalfd_siginfo si;

	while (read(l->l_signal, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGCHLD)
			reap(l);
		else if (si.ssi_signo == SIGHUP)
			log_warnx("reload is not supported");
		else
			stop(l, (int)si.ssi_signo);
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
	if (l->l_stop_by != 0 && l->l_stop_by < at)
		at = l->l_stop_by;
	if (at == UINT64_MAX)
		return -1;
	return at > now ? (int)(at - now) : 0;
}

static void
turn(struct listener *l)
{
	struct pollfd pfd[FIXED_FDS + LISTEN_MAX] = {
		{ .fd = l->l_signal, .events = POLLIN },
		{ .fd = l->l_log[0], .events = POLLIN },
		{ .fd = l->l_stopping_hub, .events = POLLIN },
	};
	int i, n = l->l_accept_at == 0 ? l->l_nfd : 0;

	for (i = 0; i < n; i++) {
		pfd[FIXED_FDS + i].fd = l->l_fd[i];
		pfd[FIXED_FDS + i].events = POLLIN;
	}
	(void)poll(pfd, (nfds_t)(FIXED_FDS + n), timeout(l));
	if (l->l_accept_at != 0 && clock_ms() >= l->l_accept_at)
		l->l_accept_at = 0;
	if (l->l_hub_at != 0 && clock_ms() >= l->l_hub_at)
		start_hub(l);
	if ((pfd[1].revents & POLLIN) != 0)
		log_relay(l->l_log[0]);
	for (i = 0; i < n; i++)
		if ((pfd[FIXED_FDS + i].revents & POLLIN) != 0)
			accept_some(l, l->l_fd[i]);
	if ((pfd[2].revents & POLLIN) != 0) {
		close(l->l_stopping_hub);
		l->l_stopping_hub = -1;
	}
	if ((pfd[0].revents & POLLIN) != 0)
		signals(l);
}

static void
kill_rest(struct listener *l)
{
	uint32_t i;

	for (i = 0; i < l->l_nchild; i++)
		kill(l->l_child[i], SIGKILL);
	if (l->l_hub > 0)
		kill(l->l_hub, SIGKILL);
	while (wait(NULL) > 0)
		;
	(void)unlink(RUNDIR_HUB);	/* a hub that was killed could not */
}

static void
log_start(const struct server *sv)
{
	const struct conf *cf = &sv->sv_conf;
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

int
listener_run(struct server *sv)
{
	struct listener l = { .l_server = sv, .l_stopping_hub = -1 };

	open_pidfile(&l);
	open_listen(&l);
	if (!sv->sv_foreground) {
		log_to_syslog("rtmpd");
		if (proc_daemonize() == -1)
			fatal("daemonize");
	}
	pidfile_write(l.l_pidfile);
	open_signals(&l);
	l.l_child = calloc(sv->sv_conf.cf_max_connections, sizeof(pid_t));
	if (l.l_child == NULL || log_pair(l.l_log) == -1)
		fatal("listener");
	proc_title("rtmpd: listener");
	server_prepare(sv);
	server_shut_in(sv);
	start_hub(&l);
	log_start(sv);
	while (l.l_stop_by == 0 || ((l.l_nchild > 0 || l.l_hub > 0 ||
	    l.l_stopping_hub != -1) && clock_ms() < l.l_stop_by))
		turn(&l);
	kill_rest(&l);
	log_relay(l.l_log[0]);
	pidfile_remove(l.l_pidfile);
	free(l.l_child);
	log_info("stopped pid=%d killed=%u", (int)getpid(), l.l_nchild);
	return 0;
}
