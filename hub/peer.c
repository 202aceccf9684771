/* SPDX-License-Identifier: ISC */
/*
 * peer.c - connected processes and their sessions.
 * Who a process is, the kernel says: credentials and a pidfd, taken when it
 * connected. A process that sends nonsense, or does not read, is cut off.
 */
#include "hub.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/fdpass.h"
#include "sys/log.h"
#include "sys/proc.h"
#include "totals.h"

#define READ_BURST	16	/* messages of one peer in one turn */
#define ACCEPT_PAUSE	100	/* ms without accepting, out of resources */

void
peer_kill(const struct peer *p)
{
	if (proc_signal(p->p_pidfd, SIGKILL) == -1 && errno != ESRCH)
		log_warn("kill pid=%d", (int)p->p_pid);
}

static struct peer *
peer_make(struct hub *h, int fd)
{
	struct peer *p = calloc(1, sizeof(*p));
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = p };
	uid_t uid = 0;
	int saved;

	if (p == NULL)
		return NULL;
	p->p_fd = fd;
	p->p_pidfd = proc_of_peer(fd, &p->p_pid, &uid);
	p->p_foreign = uid != 0 && uid != geteuid();
	if (p->p_pidfd == -1 ||
	    epoll_ctl(h->h_epoll, EPOLL_CTL_ADD, fd, &ev) == -1) {
		saved = errno;
		if (p->p_pidfd != -1)
			close(p->p_pidfd);
		free(p);
		errno = saved;
		return NULL;
	}
	TAILQ_INSERT_TAIL(&h->h_peers, p, p_link);
	h->h_npeers++;
	h->h_idle_since = 0;
	return p;
}

static void
listen_for(struct hub *h, uint32_t events)
{
	struct epoll_event ev = {
		.events = events, .data.ptr = &h->h_listen,
	};

	(void)epoll_ctl(h->h_epoll, EPOLL_CTL_MOD, h->h_listen, &ev);
}

/* Who waits in line stays ready: looking at it would be all that we do. */
static void
pause_accept(struct hub *h)
{
	int saved = errno;

	listen_for(h, 0);
	h->h_accept_at = h->h_now + ACCEPT_PAUSE;
	errno = saved;
	if (ratelimit_pass(&h->h_paused, 5, 10000))
		log_warn("hub-paused peers=%u", h->h_npeers);
}

void
peer_resume(struct hub *h)
{
	h->h_accept_at = 0;
	if (h->h_stop_by == 0)
		listen_for(h, EPOLLIN);
}

static bool
out_of_resources(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM ||
	    error == ENOBUFS || error == ENOSPC;
}

/* Who is closed here tries again; who is gone already is not worth a word. */
void
peer_accept(struct hub *h)
{
	bool ok;
	int fd;

	do {
		fd = accept4(h->h_listen, NULL, NULL,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);
		ok = fd != -1 && peer_make(h, fd) != NULL;
		if (!ok && out_of_resources(errno)) {
			pause_accept(h);
			if (fd != -1)
				close(fd);
			return;
		}
		if (!ok && fd != -1)
			close(fd);
	} while (fd != -1);
}

void
peer_close(struct hub *h, struct peer *p)
{
	if (p->p_closing)
		return;
	p->p_closing = true;
	TAILQ_INSERT_TAIL(&h->h_closing, p, p_closing_link);
}

static void
session_end(struct hub *h, struct session *s)
{
	struct session_body none = { .eb_pid = 0 };

	stream_leave(h, s, false);
	registry_put_session(&h->h_registry, s->s_entry, &none);
	slots_give(&h->h_session_slots, s->s_entry);
	s->s_peer->p_session[s->s_slot] = NULL;
	free(s);
}

static void
peer_free(struct hub *h, struct peer *p)
{
	int i;

	for (i = 0; i < HUB_SLOTS; i++)
		if (p->p_session[i] != NULL)
			session_end(h, p->p_session[i]);
	TAILQ_REMOVE(&h->h_peers, p, p_link);
	close(p->p_fd);
	close(p->p_pidfd);
	free(p);
	if (--h->h_npeers == attend_idle(h))
		h->h_idle_since = h->h_now;
}

/* Ending one may close another, whose notice could not be sent. */
void
peer_reap(struct hub *h)
{
	struct peer *p;

	while ((p = TAILQ_FIRST(&h->h_closing)) != NULL) {
		TAILQ_REMOVE(&h->h_closing, p, p_closing_link);
		peer_free(h, p);
	}
}

static void
send_answer(struct hub *h, struct peer *p, const struct hub_answer *a,
    const int *fds, int nfd)
{
	if (p->p_closing)
		return;
	if (fdpass_send(p->p_fd, a, sizeof(*a), fds, nfd) == -1) {
		if (errno == EAGAIN)
			log_warnx("hub-closes pid=%d reason=does-not-read",
			    (int)p->p_pid);
		peer_close(h, p);
	}
}

void
session_answer(struct hub *h, struct session *s, enum hub_verdict verdict,
    enum hub_reason reason, const char *text, const int *fds, int nfd)
{
	struct hub_answer a = {
		.ha_head = { HUBMSG_FORMAT(a), HUB_ANSWER, s->s_slot },
		.ha_verdict = (uint16_t)verdict,
		.ha_reason = (uint16_t)reason,
		.ha_stream = HUB_NO_STREAM,
		.ha_generation = s->s_generation,
		.ha_ring_size = conf_for(h->h_set,
		    s->s_body.eb_name)->cf_ring,
		.ha_wish = s->s_wish,
	};

	if (s->s_stream != NULL)
		a.ha_stream = s->s_stream->t_entry;
	strlcpy(a.ha_text, text, sizeof(a.ha_text));
	send_answer(h, s->s_peer, &a, fds, nfd);
}

void
peer_tell(struct hub *h, struct peer *p, enum hub_verdict verdict,
    enum hub_reason reason, bool more)
{
	struct hub_answer a = {
		.ha_head = { HUBMSG_FORMAT(a), HUB_ANSWER, 0 },
		.ha_verdict = (uint16_t)verdict,
		.ha_reason = (uint16_t)reason,
		.ha_stream = HUB_NO_STREAM,
		.ha_verbose = more,
	};

	send_answer(h, p, &a, NULL, 0);
}

/* Before there is a session, or for all of them. */
static void
peer_answer(struct hub *h, struct peer *p, uint32_t wish,
    enum hub_verdict verdict, enum hub_reason reason, const char *text,
    const int *fds, int nfd)
{
	struct session s = { .s_peer = p, .s_wish = wish };

	session_answer(h, &s, verdict, reason, text, fds, nfd);
}

static uint32_t
count_host(const struct hub *h, const char *host)
{
	const struct peer *p;
	uint32_t n = 0;

	TAILQ_FOREACH(p, &h->h_peers, p_link)
		if (!p->p_closing && strcmp(p->p_host, host) == 0)
			n++;
	return n;
}

/* The group may read streams, not speak for connections. */
static void
forbid(struct hub *h, struct peer *p, const struct hub_report *r)
{
	log_often("hub-closes pid=%d reason=forbidden", (int)p->p_pid);
	peer_answer(h, p, r->hr_wish, HUB_REFUSED, HUB_FORBIDDEN, "", NULL, 0);
	peer_close(h, p);
}

/* For limits. What a peer of another user says of itself counts for nothing. */
static const char *
host_of(const struct peer *p, const struct hub_report *r)
{
	if (p->p_foreign)
		return "local";
	return r->hr_host[0] != '\0' ? r->hr_host : "-";
}

/* The first report of a connection: is there room for it? */
static bool
peer_register(struct hub *h, struct peer *p, const struct hub_report *r)
{
	bool adopted = r->hr_generation != 0 || h->h_grace != 0;
	const char *limit = NULL;
	int fds[2] = { h->h_registry_fd, h->h_log[1] };

	if (p->p_foreign && r->hr_role != ROLE_CAT) {
		forbid(h, p, r);
		return false;
	}
	if (p->p_host[0] != '\0')
		return true;
	if (h->h_stop_by != 0) {
		peer_answer(h, p, r->hr_wish, HUB_CLOSE, HUB_SHUTDOWN, "",
		    NULL, 0);
		return false;
	}
	if (adopted)
		;	/* an earlier hub has admitted it, or may have */
	else if (h->h_drain_by != 0)
		limit = "drain";
	else if (h->h_npeers > h->h_conf->cf_max_connections)
		limit = "max-connections";
	else if (r->hr_role <= ROLE_PLAY &&
	    count_host(h, host_of(p, r)) >= h->h_conf->cf_max_per_address)
		limit = "max-per-address";
	else if (p->p_fd >= h->h_files || p->p_pidfd >= h->h_files)
		limit = "hub-files";
	if (limit != NULL) {
		peer_answer(h, p, r->hr_wish, HUB_REFUSED, h->h_drain_by != 0 ?
		    HUB_SHUTDOWN : HUB_LIMIT, limit, NULL, 0);
		peer_close(h, p);
		return false;
	}
	strlcpy(p->p_host, host_of(p, r), sizeof(p->p_host));
	totals_admitted(h, p, r);
	peer_answer(h, p, r->hr_wish, HUB_WELCOME, HUB_OK, "", fds,
	    p->p_foreign ? 1 : 2);	/* not the log */
	if (h->h_drain_by != 0)
		peer_answer(h, p, r->hr_wish, HUB_RECONNECT, HUB_SHUTDOWN, "",
		    NULL, 0);
	return true;
}

static struct session *
session_make(struct hub *h, struct peer *p, const struct hub_report *r)
{
	uint32_t max = h->h_conf->cf_max_connections;
	uint32_t yet = h->h_npeers < max ? max - h->h_npeers : 0;
	struct session *s;

	/* what connections to come need is not for further streams of others */
	if (r->hr_head.hh_slot != 0 && h->h_session_slots.sl_nfree <= yet)
		return NULL;
	s = calloc(1, sizeof(*s));
	if (s == NULL || !slots_take(&h->h_session_slots, &s->s_entry)) {
		free(s);
		return NULL;
	}
	s->s_peer = p;
	s->s_slot = r->hr_head.hh_slot;
	s->s_body.eb_pid = (uint32_t)p->p_pid;
	s->s_body.eb_slot = s->s_slot;
	p->p_session[s->s_slot] = s;
	return s;
}

static void
session_update(struct hub *h, struct session *s, const struct hub_report *r,
    int *fd)
{
	struct session_body *eb = &s->s_body;

	totals_report(h, s, r);
	s->s_wish = r->hr_wish;
	eb->eb_first_frame = r->hr_first_frame;
	eb->eb_since = r->hr_since;
	eb->eb_rate = r->hr_rate;
	eb->eb_counters = r->hr_counters;
	memcpy(eb->eb_peer, r->hr_peer, sizeof(eb->eb_peer));
	memcpy(eb->eb_program, r->hr_program, sizeof(eb->eb_program));
	attend_report(h, s, r);
	stream_report(h, s, r, fd);
	registry_put_session(&h->h_registry, s->s_entry, eb);
}

static void
peer_report(struct hub *h, struct peer *p, const struct hub_report *r,
    int *fd)
{
	struct session *s = p->p_session[r->hr_head.hh_slot];

	if (!peer_register(h, p, r))
		return;
	if (s == NULL && (s = session_make(h, p, r)) == NULL) {
		struct session none = {
			.s_peer = p, .s_slot = r->hr_head.hh_slot,
			.s_wish = r->hr_wish,
		};

		totals_refused(h, r->hr_role, HUB_LIMIT);
		session_answer(h, &none, HUB_REFUSED, HUB_LIMIT,
		    "max-connections", NULL, 0);
		return;
	}
	session_update(h, s, r, fd);
	if (r->hr_role == ROLE_NONE && s->s_slot != 0)
		session_end(h, s);
}

void
peer_read(struct hub *h, struct peer *p)
{
	struct hub_report r;
	int fds[FDPASS_MAX], i, n;
	ssize_t len;
	bool good;

	for (n = 0; n < READ_BURST && !p->p_closing; n++) {
		len = fdpass_recv(p->p_fd, &r, sizeof(r), fds);
		if (len == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		good = len > 0 && hub_report_valid(&r, len);
		if (good)
			peer_report(h, p, &r, &fds[0]);
		for (i = 0; i < FDPASS_MAX; i++)
			if (fds[i] != -1)
				close(fds[i]);
		if (good)
			continue;
		if (len == -1 && errno == EMFILE)	/* it will report again */
			log_warnx("hub-closes pid=%d reason=hub-files",
			    (int)p->p_pid);
		if (len > 0 || (len == -1 && errno == EMSGSIZE)) {
			log_warnx("hub-closes pid=%d reason=%s", (int)p->p_pid,
			    hubmsg_is_alien(&r.hr_head, len) ? "version" :
			    "bad-message");
			peer_answer(h, p, 0, HUB_CLOSE, HUB_VERSION, "", NULL, 0);
		}
		peer_close(h, p);
	}
}
