/* SPDX-License-Identifier: ISC */
/*
 * session.c - the loop of a connection process.
 *
 * It sleeps in one of three places. With nothing to stream, or a socket that
 * is full, in poll(2). While subscribed streams are live, in futex(2) on their
 * rings: a wake-up makes it look around if the latest look is LOOK ago, and
 * where none comes a timer's signal does, every TICK. The timer is put off at
 * each look, and comes only where nothing flows: to be woken alone costs several
 * times what it costs among others. What a wake-up does besides sending is paid
 * by every subscriber for every record. A
 * connection that publishes as well must see its socket at once and
 * polls, with a short timeout for what it plays.
 */
#include "conn.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch.h"
#include "play.h"
#include "publish.h"
#include "shm/futex.h"
#include "sys/clock.h"
#include "sys/cpulimit.h"
#include "sys/footprint.h"
#include "sys/log.h"

#define LOOK		250	/* ms between looks at the sockets, streaming */
#define TICK		500	/* ms; the same where nothing flows */
#define SEEK		50	/* ms; both while there is a hub to be found */
#define MIXED_TICK	10	/* ms; publishing and playing at once */
#define REPORT		1000	/* ms between reports to the hub */
#define TITLE		5000	/* ms between updates of the title */
#define GOODBYE		300	/* ms for the last bytes to leave */

static HOT volatile sig_atomic_t	ticked;
static HOT volatile sig_atomic_t	terminated;

static void
on_alarm(int sig)
{
	(void)sig;
	ticked = 1;
}

static void
on_term(int sig)
{
	(void)sig;
	terminated = 1;
}

/* No SA_RESTART: a signal must end the sleep. */
static void
open_signals(void)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	sigset_t none;

	sigaction(SIGALRM, &sa, NULL);
	sa.sa_handler = on_term;
	sigaction(SIGTERM, &sa, NULL);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In so many ms, and then again as often as it takes; 0: never. */
static void
set_timer(int ms)
{
	static HOT int now;
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };
	struct itimerval it = { .it_interval = tv, .it_value = tv };

	if (now == 0 && ms == 0)
		return;
	now = ms;
	setitimer(ITIMER_REAL, &it, NULL);
}

static bool
any_streaming(struct conn *c)
{
	struct netstream *ns;

	FOREACH_STREAM(ns, c)
		if (play_streaming(ns))
			return true;
	return false;
}

static void
first(uint64_t *at, uint64_t when)
{
	if (when < *at)
		*at = when;
}

/* A peer in no role has so long to get into one, from where it is. */
static uint64_t
idle_deadline(const struct conn *c)
{
	if (c->c_phase < CONN_CONNECT)
		return c->c_started + c->c_conf->cf_handshake_timeout;
	return c->c_idle_since + c->c_conf->cf_command_timeout;
}

static bool
sending(const struct conn *c)
{
	return c->c_blocked || c->c_outq.oq_to > c->c_outq.oq_from;
}

static uint64_t
ping_deadline(const struct conn *c)
{
	return c->c_pinged != 0 ? c->c_pinged + c->c_conf->cf_ping_timeout :
	    c->c_heard + c->c_conf->cf_ping_interval;
}

/* When something must be done although nothing happens. */
static uint64_t
deadline(struct conn *c)
{
	uint64_t at = ping_deadline(c);
	struct netstream *ns;

	first(&at, c->c_trim_at);
	if (c->c_hub == -1)
		first(&at, c->c_hub_at);

	if (!netstream_any(c, ROLE_PUBLISH) && !netstream_any(c, ROLE_PLAY))
		first(&at, idle_deadline(c));
	if (sending(c))
		first(&at, c->c_progress + c->c_conf->cf_send_timeout);
	FOREACH_STREAM(ns, c) {
		if (ns->ns_publish != NULL) {
			first(&at, publish_due(ns));
			first(&at, publish_stats_due(c, ns));
			first(&at, publish_active(ns) +
			    c->c_conf->cf_publish_timeout);
		}
		if (ns->ns_publish != NULL || play_streaming(ns))
			first(&at, c->c_reported + REPORT);
	}
	return at;
}

static void
report(struct conn *c)
{
	uint64_t elapsed = c->c_now - c->c_reported, bytes;
	struct netstream *ns;

	if (elapsed < REPORT)
		return;
	c->c_reported = c->c_now;
	FOREACH_STREAM(ns, c) {
		if (ns->ns_role == ROLE_NONE)
			continue;
		bytes = ns->ns_counters.ct_media_bytes - ns->ns_rate_bytes;
		ns->ns_rate_bytes += bytes;
		ns->ns_rate = bytes * 8000 / elapsed;
		if (ns->ns_publish != NULL)
			publish_measure(ns, elapsed);
		if (ns->ns_play != NULL) {
			play_measure(c, ns);
			ns->ns_counters.ct_lag = ns->ns_play->pl_lag;
		}
		hublink_report(c, ns);
	}
	if (c->c_now - c->c_titled >= TITLE) {
		c->c_titled = c->c_now;
		netstream_title(c);
	}
}

/* What setting up and catching up took is not needed again. */
static void
trim(struct conn *c)
{
	if (c->c_now < c->c_trim_at)
		return;
	c->c_trim_at = UINT64_MAX;
	batch_trim();
	footprint_trim();
}

static void
check_ping(struct conn *c)
{
	if (c->c_now < ping_deadline(c))
		return;
	if (c->c_pinged != 0) {
		conn_end(c, "timeout", "ping-timeout");
		return;
	}
	c->c_pinged = c->c_now;
	if (c->c_phase == CONN_READY)
		output_event(c, RTMP_PING_REQUEST, (uint32_t)c->c_now);
}

/* The hub is of another version: who plays sees for itself that the publisher
 * has gone, and who has nothing left to stream ends. */
static void
check_forsaken(struct conn *c)
{
	struct netstream *ns;

	if (!hublink_forsaken(c))
		return;
	FOREACH_STREAM(ns, c)
		play_without_hub(c, ns);
	if (!netstream_live(c))
		conn_end(c, "hub-version", NULL);
}

static void
check_times(struct conn *c)
{
	struct netstream *ns;

	if (terminated)
		conn_end(c, "terminated", NULL);
	if (cpulimit_spent())
		conn_end(c, "limit", "cpu-limit");
	if (!netstream_any(c, ROLE_PUBLISH) && !netstream_any(c, ROLE_PLAY) &&
	    c->c_now >= idle_deadline(c))
		conn_end(c, "timeout", c->c_phase < CONN_CONNECT ?
		    "handshake-timeout" : "command-timeout");
	if (sending(c) &&
	    c->c_now >= c->c_progress + c->c_conf->cf_send_timeout)
		conn_end(c, "timeout", "send-timeout");
	FOREACH_STREAM(ns, c) {
		if (ns->ns_publish == NULL)
			continue;
		if (c->c_now >= publish_active(ns) +
		    c->c_conf->cf_publish_timeout)
			conn_end(c, "timeout", "publish-timeout");
		if (c->c_now >= publish_stats_due(c, ns))
			publish_stats(c, ns);
	}
	check_ping(c);
	check_forsaken(c);
	hublink_retry(c);
	report(c);
	trim(c);
}

/* Until when the peer is left be, ms: it publishes, and no more than that, and
 * all that was there is read. */
static uint64_t
nap(const struct conn *c)
{
	const struct netstream *ns = c->c_stream;

	if (c->c_nstreams > 1 || ns->ns_publish == NULL || c->c_more)
		return 0;
	return publish_nap(ns);
}

/* Wait for the peer or the hub, then do what has become due. True: one of them
 * had something to say. */
static bool
look_around(struct conn *c, int timeout)
{
	bool napping = nap(c) > c->c_now, rested;
	struct pollfd pfd[2] = {
		{ .fd = c->c_fd, .events = napping ? 0 : POLLIN },
		{ .fd = c->c_hub, .events = POLLIN },
	};
	int n;

	if (sending(c))
		pfd[0].events |= POLLOUT;
	n = poll(pfd, 2, timeout);
	c->c_now = c->c_looked = clock_ms();
	rested = napping && nap(c) <= c->c_now;
	if (n > 0 && (pfd[0].revents & POLLOUT) != 0)
		c->c_blocked = false;
	if (rested || (n > 0 &&
	    (pfd[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0))
		input_read(c);
	if (n > 0 && pfd[1].revents != 0)
		hublink_read(c);
	check_times(c);
	return n > 0;
}

/* Sleep until a publisher or the hub wakes us; not at all if a publisher has
 * since its ring was pumped. False: a signal ended it. */
static bool
wait_rings(struct conn *c)
{
	struct futex_waitv waitv[HUB_SLOTS];
	const struct play *pl;
	struct netstream *ns;
	unsigned int n = 0;
	long error;

	FOREACH_STREAM(ns, c) {
		if (!play_streaming(ns))
			continue;
		pl = ns->ns_play;
		waitv[n++] = (struct futex_waitv){
			.val = pl->pl_word, .flags = FUTEX_32,
			.uaddr = (uintptr_t)&pl->pl_ring.rr_ring->sr_wake,
		};
		ns->ns_counters.ct_wakes++;
	}
	if (ticked || terminated)
		return false;
	if (n == 1)
		error = futex_wait((const _Atomic uint32_t *)
		    (uintptr_t)waitv[0].uaddr, (uint32_t)waitv[0].val,
		    c->c_sleepers);
	else
		error = syscall(SYS_futex_waitv, waitv, n, 0, NULL, 0);
	return error != -1 || errno != EINTR;
}

static int
poll_timeout(struct conn *c, bool streaming)
{
	uint64_t at = deadline(c);

	if (streaming && !sending(c))
		first(&at, c->c_now + MIXED_TICK);
	if (nap(c) > c->c_now)
		first(&at, nap(c));
	if (at <= c->c_now)
		return 0;
	return at - c->c_now > INT32_MAX ? INT32_MAX : (int)(at - c->c_now);
}

/* Is one of the rings to be pumped? After a signal only if its publisher owes
 * us a wake: as long as the wake is held, nobody sends early. */
static bool
any_due(struct conn *c, bool signalled)
{
	struct netstream *ns;
	bool due = false;

	FOREACH_STREAM(ns, c)
		if (play_streaming(ns))
			due |= signalled ? play_overdue(c, ns) :
			    play_woken(ns);
	return due;
}

/* True: there may be work to do. */
static bool
sleep_and_read(struct conn *c)
{
	bool streaming = any_streaming(c), settled = hublink_settled(c);
	bool due, signalled;

	if (!streaming || sending(c) || netstream_any(c, ROLE_PUBLISH)) {
		set_timer(0);
		(void)look_around(c, poll_timeout(c, streaming));
		c->c_armed = 0;
		return true;
	}
	if (c->c_armed != c->c_looked) {
		set_timer(settled ? TICK : SEEK);
		c->c_armed = c->c_looked;
	}
	signalled = !wait_rings(c);
	ticked = 0;
	c->c_now = clock_ms();
	due = any_due(c, signalled);
	/* else it was the hub, after a message */
	if (due && c->c_now - c->c_looked < (settled ? LOOK : SEEK))
		return true;
	return look_around(c, 0) || due;
}

static void
work(struct conn *c)
{
	struct netstream *ns;

	FOREACH_STREAM(ns, c) {
		if (ns->ns_publish != NULL)
			publish_tick(c, ns);
		if (ns->ns_play != NULL)
			play_pump(c, ns);
	}
	(void)output_flush(c);
}

/*
 * Tell the peer, let the bytes leave, and wait a little for its end: closing a
 * socket on unread input would make the kernel take them back.
 */
static void
say_goodbye(struct conn *c)
{
	struct pollfd pfd = { .fd = c->c_fd, .events = POLLIN };
	uint64_t now = clock_ms(), until = now + GOODBYE;
	struct netstream *ns;
	bool open = true;
	ssize_t n;

	FOREACH_STREAM(ns, c)
		if (ns->ns_play != NULL)
			play_say_end(c, ns);
	while (now < until) {
		c->c_blocked = false;
		if (open && output_flush(c)) {
			shutdown(c->c_fd, SHUT_WR);
			open = false;
		}
		pfd.events = open ? POLLIN | POLLOUT : POLLIN;
		(void)poll(&pfd, 1, (int)(until - now));
		n = recv(c->c_fd, c->c_recv, CONN_RECV_SMALL,
		    MSG_DONTWAIT);
		if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
			return;
		now = clock_ms();
	}
}

void
session_run(struct conn *c)
{
	struct netstream *ns;

	open_signals();
	while (c->c_end == NULL) {
		if (sleep_and_read(c))
			work(c);
	}
	set_timer(0);
	FOREACH_STREAM(ns, c)
		publish_stop(c, ns);
	if (!c->c_eof)
		say_goodbye(c);
}
