/* SPDX-License-Identifier: ISC */
/*
 * link.c - a tap's connection to the hub.
 * Nothing here waits. A report that the hub does not take is lost, and the next
 * one says the same.
 */
#include "tap/link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "conf/hubdial.h"
#include "sys/log.h"
#include "sys/rundir.h"

void
link_init(struct link *lk, const char *name, enum session_role role,
    const char *program, bool log)
{
	struct hub_report *r = &lk->lk_report;

	memset(lk, 0, sizeof(*lk));
	lk->lk_fd = lk->lk_log_fd = -1;
	lk->lk_log = log;
	r->hr_head.hh_format = HUBMSG_FORMAT(*r);
	r->hr_head.hh_type = HUB_REPORT;
	r->hr_role = (uint16_t)role;
	r->hr_wish = 1;
	r->hr_since = (uint64_t)time(NULL);
	strlcpy(r->hr_name, name, sizeof(r->hr_name));
	strlcpy(r->hr_peer, "local", sizeof(r->hr_peer));
	strlcpy(r->hr_host, "local", sizeof(r->hr_host));
	strlcpy(r->hr_program, program, sizeof(r->hr_program));
}

static void
drop(struct link *lk, uint64_t now)
{
	if (lk->lk_fd == -1)
		return;
	close(lk->lk_fd);
	lk->lk_fd = -1;
	lk->lk_lost = now;
	lk->lk_again = now + arc4random_uniform(HUB_SPREAD);
}

void
link_close(struct link *lk)
{
	drop(lk, 0);
	if (lk->lk_log_fd != -1)
		close(lk->lk_log_fd);
	lk->lk_log_fd = -1;
}

void
link_report(struct link *lk, uint64_t now)
{
	if (lk->lk_fd != -1 && fdpass_send(lk->lk_fd, &lk->lk_report,
	    sizeof(lk->lk_report), NULL, 0) == -1 && errno != EAGAIN)
		drop(lk, now);
}

int
link_retry(struct link *lk, uint64_t now)
{
	if (lk->lk_fd != -1)
		return 0;
	if (now < lk->lk_again) {
		errno = EAGAIN;
		return -1;
	}
	if ((lk->lk_fd = hub_dial(RUNDIR_HUB)) == -1) {
		lk->lk_again = now + HUB_AGAIN;
		return -1;
	}
	link_report(lk, now);
	return 0;
}

static void
close_all(int fds[FDPASS_MAX])
{
	int i;

	for (i = 0; i < FDPASS_MAX; i++)
		if (fds[i] != -1)
			close(fds[i]);
}

/* The registry, which is not for us, and where lines of log go. */
static void
welcome(struct link *lk, int fds[FDPASS_MAX])
{
	int old = lk->lk_log_fd;

	if (!lk->lk_log || fds[1] == -1)
		return;
	log_to_socket(lk->lk_log_fd = fds[1]);
	fds[1] = -1;
	if (old != -1)
		close(old);
}

/* What is not for the caller is settled here. */
static enum link_event
judge(struct link *lk, const struct hub_answer *a, int fds[FDPASS_MAX])
{
	switch (a->ha_verdict) {
	case HUB_WELCOME:
		welcome(lk, fds);
		return LINK_NOTHING;
	case HUB_RECONNECT:		/* for peers of the network */
		return LINK_NOTHING;
	case HUB_LOG:
		log_set_verbose(a->ha_verbose != 0);
		return LINK_NOTHING;
	case HUB_CLOSE:
		return LINK_CLOSED;
	default:
		return a->ha_wish == lk->lk_report.hr_wish ? LINK_ANSWER :
		    LINK_NOTHING;
	}
}

enum link_event
link_read(struct link *lk, uint64_t now, struct hub_answer *a,
    int fds[FDPASS_MAX])
{
	enum link_event event = LINK_NOTHING;
	ssize_t len;

	while (lk->lk_fd != -1 && event == LINK_NOTHING) {
		len = fdpass_recv(lk->lk_fd, a, sizeof(*a), fds);
		if (len == -1 && (errno == EAGAIN || errno == EINTR))
			return LINK_NOTHING;
		if (hub_answer_valid(a, len))
			event = judge(lk, a, fds);
		else if (len > 0 && hubmsg_is_alien(&a->ha_head, len)) {
			a->ha_reason = HUB_VERSION;
			a->ha_text[0] = '\0';
			event = LINK_CLOSED;
		} else
			drop(lk, now);
		if (event != LINK_ANSWER)
			close_all(fds);
	}
	return event;
}
