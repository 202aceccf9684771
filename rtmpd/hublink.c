/* SPDX-License-Identifier: ISC */
/*
 * hublink.c - the connection to the hub.
 * Nothing here blocks once registered: a report that the hub does not take is
 * lost, and the next one says the same.
 */
#include "conn.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "conf/hubdial.h"
#include "publish.h"
#include "sys/clock.h"
#include "sys/fdpass.h"
#include "sys/footprint.h"
#include "sys/log.h"
#include "sys/rundir.h"

#define RETRY_STEP	10	/* ms, and up to as much again at random */
#define ABANDONED	10000	/* ms in which there is not even a socket */
#define WELCOME_TIME	5000	/* ms to wait for the hub's welcome */

/* The root directory is where the hub's socket is. */
static HOT bool	chrooted;

void
hublink_chrooted(void)
{
	chrooted = true;
}

static int
try_connect(void)
{
	const char *path = RUNDIR_HUB;

	return hub_dial(chrooted ? strrchr(path, '/') + 1 : path);
}

int
hublink_connect(uint32_t patience)
{
	uint64_t until = clock_ms() + patience;
	struct timespec step = { 0, 0 };
	int fd;

	while ((fd = try_connect()) == -1 && clock_ms() < until) {
		step.tv_nsec = (RETRY_STEP + arc4random_uniform(RETRY_STEP)) *
		    1000000L;
		nanosleep(&step, NULL);
	}
	return fd;
}

/* Streams go on; look for the next hub, spread over half a second. */
static void
lost(struct conn *c)
{
	if (c->c_hub == -1)
		return;
	close(c->c_hub);
	c->c_hub = -1;
	c->c_welcome = false;
	c->c_hub_lost = c->c_now;
	c->c_hub_at = c->c_now + arc4random_uniform(HUB_SPREAD);
	log_debug("hub-lost peer=%s", c->c_peer);
}

/* The hub is of another version. What streams goes on without one. */
static void
forsake(struct conn *c)
{
	if (!netstream_live(c)) {
		conn_end(c, "hub-version", NULL);
		return;
	}
	log_warnx("hub-alien peer=%s", c->c_peer);
	close(c->c_hub);
	c->c_hub = -1;
	c->c_hub_at = UINT64_MAX;
}

bool
hublink_forsaken(const struct conn *c)
{
	return c->c_hub == -1 && c->c_hub_at == UINT64_MAX;
}

bool
hublink_settled(const struct conn *c)
{
	return c->c_welcome || hublink_forsaken(c);
}

void
hublink_retry(struct conn *c)
{
	struct netstream *ns;

	if (c->c_hub != -1 || c->c_now < c->c_hub_at)
		return;
	if ((c->c_hub = try_connect()) == -1) {
		c->c_hub_at = c->c_now + HUB_AGAIN;
		/* a hub that died leaves its socket behind */
		if (errno != ENOENT)
			c->c_hub_lost = c->c_now;
		else if (c->c_now - c->c_hub_lost >= ABANDONED)
			conn_end(c, "no-hub", NULL);
		return;
	}
	FOREACH_STREAM(ns, c) {
		ns->ns_handed = false;
		if (ns == c->c_stream || ns->ns_role != ROLE_NONE)
			hublink_report(c, ns);
	}
}

void
hublink_report(struct conn *c, struct netstream *ns)
{
	struct hub_report r;
	bool hand = ns->ns_publish != NULL && !ns->ns_handed;

	if (c->c_hub == -1)
		return;
	memset(&r, 0, sizeof(r));
	r.hr_head.hh_format = HUBMSG_FORMAT(r);
	r.hr_head.hh_type = HUB_REPORT;
	r.hr_head.hh_slot = ns->ns_slot;
	r.hr_role = (uint16_t)ns->ns_role;
	r.hr_wish = ns->ns_wish;
	r.hr_generation = ns->ns_generation;
	r.hr_since = c->c_started_wall;
	r.hr_rate = ns->ns_rate;
	r.hr_counters = ns->ns_counters;
	r.hr_counters.ct_bytes_in = c->c_bytes_in;
	r.hr_counters.ct_bytes_out = c->c_bytes_out;
	r.hr_first_frame = ns->ns_first_frame;
	r.hr_failed = c->c_end != NULL && c->c_phase < CONN_CONNECT;
	r.hr_denied = c->c_denied;
	strlcpy(r.hr_name, ns->ns_name, sizeof(r.hr_name));
	strlcpy(r.hr_peer, c->c_peer, sizeof(r.hr_peer));
	strlcpy(r.hr_host, c->c_host, sizeof(r.hr_host));
	strlcpy(r.hr_program, c->c_program, sizeof(r.hr_program));
	if (ns->ns_publish != NULL)
		publish_describe(ns, &r);
	if (fdpass_send(c->c_hub, &r, sizeof(r), &ns->ns_ring_fd, hand) == 0)
		ns->ns_handed = true;
	else if (errno != EAGAIN)
		lost(c);
}

void
hublink_last_report(struct conn *c)
{
	struct netstream *ns;

	if (!c->c_welcome)
		return;
	FOREACH_STREAM(ns, c)
		if (ns == c->c_stream || ns->ns_role != ROLE_NONE)
			hublink_report(c, ns);
}

static void
close_all(const int *fds)
{
	int i;

	for (i = 0; i < FDPASS_MAX; i++)
		if (fds[i] != -1)
			close(fds[i]);
}

void
hublink_refused(struct conn *c, const struct hub_answer *a)
{
	static char text[sizeof(a->ha_text)];

	if (c->c_end != NULL)
		return;
	strlcpy(text, a->ha_text, sizeof(text));
	conn_end(c, hub_reason_text(a->ha_reason), text);
}

void
hublink_registry(struct conn *c)
{
	if (c->c_registry.rv_head == NULL && c->c_registry_fd != -1)
		(void)registry_attach(&c->c_registry, c->c_registry_fd);
}

/* Only a publisher reads it, and it is large: page tables. */
static const char *
take_registry(struct conn *c, int fd)
{
	const char *why;

	registry_detach(&c->c_registry);
	if (c->c_registry_fd != -1)
		close(c->c_registry_fd);
	c->c_registry_fd = fd;
	why = registry_attach(&c->c_registry, fd);
	if (!netstream_any(c, ROLE_PUBLISH))
		registry_detach(&c->c_registry);
	return why;
}

/* The registry of this hub takes the place of an earlier one's; so does the
 * log socket, if hubs are where our lines go. */
static void
welcome(struct conn *c, int *fds)
{
	const char *why;

	c->c_welcome = true;
	why = take_registry(c, fds[0]);
	fds[0] = -1;
	if (why != NULL && !netstream_live(c))
		conn_end(c, "hub-refused", why);
	if (!c->c_log_is_hubs || fds[1] == -1)
		return;
	if (c->c_log != -1)
		close(c->c_log);
	log_to_socket(c->c_log = fds[1]);
	fds[1] = -1;
}

/* The hub ends us; of what a kicked publisher has published it hears first. */
static void
close_down(struct conn *c, const struct hub_answer *a)
{
	if (a->ha_reason == HUB_VERSION) {
		forsake(c);
		return;
	}
	if (a->ha_reason == HUB_KICKED)
		netstream_kicked(c);
	conn_end(c, hub_reason_text(a->ha_reason), NULL);
}

static void
answer(struct conn *c, const struct hub_answer *a, int *fds)
{
	struct netstream *ns;

	FOREACH_STREAM(ns, c)
		if (ns->ns_slot == a->ha_head.hh_slot)
			break;
	if (ns == NULL) {
		close_all(fds);		/* we never spoke of that one */
		return;
	}
	switch (a->ha_verdict) {
	case HUB_WELCOME:
		welcome(c, fds);
		break;
	case HUB_CLOSE:
		close_down(c, a);
		break;
	case HUB_LOG:
		log_set_verbose(a->ha_verbose != 0 || c->c_verbose);
		break;
	case HUB_RECONNECT:
		if (a->ha_head.hh_slot == 0)
			command_reconnect(c);
		break;
	default:
		if (a->ha_wish != ns->ns_wish)
			break;		/* the peer has changed its mind */
		if (ns->ns_role == ROLE_NONE) {
			if (a->ha_verdict == HUB_REFUSED)
				hublink_refused(c, a);
			break;
		}
		netstream_answer(c, ns, a, fds);
		break;
	}
	close_all(fds);
}

void
hublink_read(struct conn *c)
{
	struct hub_answer a;
	int fds[FDPASS_MAX];
	ssize_t len;

	while (c->c_end == NULL && c->c_hub != -1) {
		len = fdpass_recv(c->c_hub, &a, sizeof(a), fds);
		if (len == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (hub_answer_valid(&a, len)) {
			answer(c, &a, fds);
			continue;
		}
		close_all(fds);
		if (hubmsg_is_alien(&a.ha_head, len))
			forsake(c);
		else if (len > 0)
			conn_end(c, "hub-message", NULL);
		else
			lost(c);
	}
}

bool
hublink_register(struct conn *c)
{
	struct pollfd pfd = { .fd = c->c_hub, .events = POLLIN };
	uint64_t until = c->c_now + WELCOME_TIME;

	hublink_report(c, c->c_stream);
	while (c->c_end == NULL && !c->c_welcome) {
		pfd.fd = c->c_hub;
		if (poll(&pfd, 1, c->c_hub != -1 ? WELCOME_TIME : 50) > 0)
			hublink_read(c);
		c->c_now = clock_ms();
		if (c->c_now >= until)
			conn_end(c, "hub-silent", NULL);
		hublink_retry(c);
	}
	return c->c_end == NULL;
}
