/* SPDX-License-Identifier: ISC */
/*
 * hub.c - the hub's set-up and its loop.
 * An idle hub sleeps in epoll_wait(2) without a timeout. Peers are freed only
 * between turns, so no event of a turn can refer to a freed one.
 */
#include "hub.h"

#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/param.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "inherit.h"
#include "orders.h"
#include "shm/segment.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/proc.h"
#include "sys/rundir.h"

#define HUB_EVENTS	128
#define HUB_BACKLOG	4096
#define READ_TURNS	16	/* and more where there are many peers */
#define GRACE		1000	/* ms for those of a hub that died to report */
#define SPARE_FILES	32	/* to tell newcomers that there are no more */

static void
watch(struct hub *h, int fd, int *which)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = which };

	if (epoll_ctl(h->h_epoll, EPOLL_CTL_ADD, fd, &ev) == -1)
		fatal("epoll_ctl");
}

/* That of the hub before us stays to be looked at, unless there is no room. */
static int
make_registry(struct hub *h, size_t bytes)
{
	int rw, made;

	made = segment_create_named(bytes, h->h_group, h->h_registry_name,
	    &rw, &h->h_registry_fd);
	if (made == -1 && errno == ENOSPC) {
		segment_clean(NULL);
		made = segment_create_named(bytes, h->h_group,
		    h->h_registry_name, &rw, &h->h_registry_fd);
	}
	if (made == -1)
		fatal("registry in " SEGMENT_DIR);
	return rw;
}

/* One for each connection, and a quarter more for further streams of some. */
uint32_t
hub_sessions(const struct conf *cf)
{
	return cf->cf_max_connections + cf->cf_max_connections / 4 + HUB_SLOTS;
}

static void
open_registry(struct hub *h, uint32_t lost)
{
	uint32_t streams, sessions;
	struct timespec now;
	int rw;

	clock_gettime(CLOCK_REALTIME, &now);
	h->h_generation = (uint64_t)now.tv_sec * 1000000 +
	    (uint64_t)now.tv_nsec / 1000;
	inherit_read(h);
	/* whoever has a place keeps it, though there be fewer by now */
	streams = MAX(h->h_conf->cf_max_streams, h->h_before.sn_max_streams);
	sessions = MAX(hub_sessions(h->h_conf), h->h_before.sn_max_sessions);
	rw = make_registry(h, registry_size(streams, sessions));
	if (registry_create(&h->h_registry, rw, streams, sessions,
	    h->h_generation) == -1)
		fatal("map the registry");
	close(rw);
	h->h_registry.rg_head->rg_restarts = lost;
	inherit_totals(h);
	if (segment_show(RUNDIR_REGISTRY, h->h_registry_name) == -1)
		fatal("%s", RUNDIR_REGISTRY);
	segment_clean(h->h_registry_name);
	slots_init(&h->h_stream_slots, streams);
	slots_init(&h->h_session_slots, sessions);
}

static int
usable_files(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1 || rl.rlim_cur > INT_MAX)
		return INT_MAX;
	return (int)(rl.rlim_cur - (rl.rlim_cur < 4 * SPARE_FILES ?
	    rl.rlim_cur / 4 : SPARE_FILES));
}

void
hub_open(struct hub *h, int set, const struct hub_start *hs)
{
	memset(h, 0, sizeof(*h));
	if (reload_take(h, set) == -1)
		fatal("configuration");
	h->h_group = hs->hs_group;
	h->h_idle_exit = hs->hs_idle_exit;
	h->h_standby = hs->hs_standby;
	h->h_starter = getppid();
	h->h_spawner = hs->hs_spawner;
	h->h_files = usable_files();
	h->h_processors = proc_processors();
	h->h_idle_since = h->h_now = clock_ms();
	TAILQ_INIT(&h->h_peers);
	TAILQ_INIT(&h->h_closing);
	RB_INIT(&h->h_streams);
	h->h_stream_at = UINT64_MAX;
	attend_init(h);
	if ((h->h_epoll = epoll_create1(EPOLL_CLOEXEC)) == -1)
		fatal("epoll_create");
	if (log_pair(h->h_log) == -1)
		fatal("socketpair");
	open_registry(h, hs->hs_lost);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	watch(h, h->h_log[0], &h->h_log[0]);
	watch(h, h->h_spawner, &h->h_spawner);
}

void
hub_bind(struct hub *h)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	strlcpy(sun.sun_path, RUNDIR_HUB, sizeof(sun.sun_path));
	h->h_listen = socket(AF_UNIX,
	    SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (h->h_listen == -1)
		fatal("socket");
	/* who unlinked it on leaving left nobody behind */
	if (unlink(RUNDIR_HUB) == 0)
		h->h_grace = h->h_now + GRACE;
	else
		inherit_forget(h);
	umask(0177);
	if (bind(h->h_listen, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    listen(h->h_listen, HUB_BACKLOG) == -1)
		fatal("bind %s", RUNDIR_HUB);
	watch(h, h->h_listen, &h->h_listen);
	if ((h->h_control = control_open(RUNDIR_RTMPHUB)) == -1)
		fatal("bind %s", RUNDIR_RTMPHUB);
	watch(h, h->h_control, &h->h_control);
	if (rundir_share(RUNDIR_HUB, h->h_group) == -1 ||
	    rundir_share(RUNDIR_RTMPHUB, h->h_group) == -1)
		fatal("share with group %u", h->h_group);
}

void
hub_leave(struct hub *h)
{
	if (h->h_listen == -1)
		return;
	close(h->h_listen);
	h->h_listen = -1;
	(void)unlink(RUNDIR_HUB);
	(void)unlink(RUNDIR_RTMPHUB);
}

static void
handle(struct hub *h, struct epoll_event *ev)
{
	if (ev->data.ptr == &h->h_listen)
		peer_accept(h);
	else if (ev->data.ptr == &h->h_log[0])
		log_relay(h->h_log[0]);
	else if (ev->data.ptr == &h->h_spawner)
		attend_read(h);
	else if (ev->data.ptr != &h->h_control)
		peer_read(h, ev->data.ptr);
	else
		orders_take(h);
}

/*
 * Leave if nobody came for a while. Whoever wants to start a hub holds the
 * start lock meanwhile, so taking it here rules out a race with them; who had
 * connected just before finds the connection closed and tries again.
 */
static bool
leave_idle(struct hub *h)
{
	int lock;

	if (h->h_idle_exit == 0 || h->h_npeers > attend_idle(h) ||
	    h->h_now - h->h_idle_since < h->h_idle_exit)
		return false;
	h->h_idle_since = h->h_now;
	lock = open(RUNDIR_START,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (lock == -1 || flock(lock, LOCK_EX | LOCK_NB) == -1) {
		if (lock != -1)
			close(lock);
		return false;
	}
	peer_accept(h);
	if (h->h_npeers == attend_idle(h))
		return true;
	close(lock);
	return false;
}

static int
timeout(struct hub *h)
{
	uint64_t at = stream_deadline(h);

	if (h->h_drain_by != 0 && h->h_stop_by == 0 && h->h_drain_by < at)
		at = h->h_drain_by;
	if (h->h_stop_by != 0 && h->h_stop_by < at)
		at = h->h_stop_by;
	if (h->h_accept_at != 0 && h->h_accept_at < at)
		at = h->h_accept_at;
	if (attend_deadline(h) < at)
		at = attend_deadline(h);
	if (h->h_kill_at != 0 && h->h_kill_at < at)
		at = h->h_kill_at;
	if (h->h_idle_exit != 0 && h->h_npeers == attend_idle(h) &&
	    h->h_idle_since + h->h_idle_exit < at)
		at = h->h_idle_since + h->h_idle_exit;
	if (at == UINT64_MAX)
		return -1;
	return at > h->h_now ? (int)(at - h->h_now) : 0;
}

/*
 * Deadlines are judged by what we know, so what waits to be read comes first:
 * after a time in which we did not run it may say that nothing is amiss. But
 * who writes all the time does not keep us from it.
 */
static void
check_deadlines(struct hub *h, bool all_read)
{
	if (!all_read && ++h->h_turns <= h->h_npeers / HUB_EVENTS + READ_TURNS)
		return;
	h->h_turns = 0;
	stream_tick(h);
}

static void
turn(struct hub *h)
{
	struct epoll_event ev[HUB_EVENTS];
	int i, n;

	n = epoll_wait(h->h_epoll, ev, HUB_EVENTS, timeout(h));
	h->h_now = clock_ms();
	if (h->h_accept_at != 0 && h->h_now >= h->h_accept_at)
		peer_resume(h);
	for (i = 0; i < n; i++)
		handle(h, &ev[i]);
	check_deadlines(h, n == 0);
	steer_tick(h);
	attend_tick(h);
	peer_reap(h);
	registry_touch(&h->h_registry, h->h_now);
}

/* Has the last one left, or the time for it? */
static void
check_end(struct hub *h)
{
	if (h->h_stop_by != 0 && h->h_grace == 0)
		hub_leave(h);
	if (h->h_drain_by == 0 || h->h_stop_by != 0)
		return;
	/* some may have yet to come from the hub before */
	if (h->h_npeers == attend_idle(h) && h->h_grace == 0)
		orders_stop(h, "drained");
	else if (h->h_now >= h->h_drain_by)
		orders_stop(h, "drain-timeout");
}

int
hub_run(struct hub *h)
{
	struct peer *p;

	h->h_why = "idle";
	while (h->h_stop_by == 0 ||
	    ((h->h_npeers > 0 || h->h_listen != -1) &&
	    h->h_now < h->h_stop_by)) {
		if (leave_idle(h))
			break;
		turn(h);
		if (h->h_replaced)
			return HUB_EXIT_UPGRADE;
		check_end(h);
	}
	hub_leave(h);
	(void)unlink(RUNDIR_REGISTRY);
	(void)shm_unlink(h->h_registry_name);
	TAILQ_FOREACH(p, &h->h_peers, p_link)
		peer_kill(p);
	log_relay(h->h_log[0]);
	log_info("hub-stop pid=%d reason=%s killed=%u", (int)getpid(), h->h_why,
	    h->h_npeers);
	return 0;
}
