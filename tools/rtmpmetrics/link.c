/* SPDX-License-Identifier: ISC */
/*
 * link.c - the connection to the hub that wants this process to be there.
 * Nothing here waits, once it is open. A hub that dies is followed by another,
 * to which we report; if none comes, nobody wants us any more.
 */
#include "link.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "conf/hubmsg.h"
#include "sys/clock.h"
#include "sys/fdpass.h"
#include "sys/log.h"
#include "sys/rundir.h"
#include "sys/sandbox.h"

#define REPORT_EVERY	1000	/* ms */
#define RETRY_PAUSE	100	/* ms between tries */
#define ABANDONED	10000	/* ms without a hub */
#define WELCOME_TIME	5000	/* ms to wait for the first welcome */

void
link_init(struct link *li)
{
	int fd;

	*li = (struct link){
		.li_fd = -1, .li_log = -1, .li_next = STDERR_FILENO + 1,
		.li_since = (uint64_t)time(NULL), .li_lost = clock_ms(),
	};
	do {
		fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC |
		    SOCK_NONBLOCK, 0);
		if (fd == -1)
			fatal("socket");
	} while (fd < SANDBOX_FIXED_FDS);
	close(fd);
}

static void
end(struct link *li, const char *why, bool failed)
{
	if (li->li_end == NULL) {
		li->li_end = why;
		li->li_failed = failed;
	}
}

static void
report(struct link *li)
{
	struct hub_report r = {
		.hr_head = { HUBMSG_FORMAT(r), HUB_REPORT, 0 },
		.hr_role = ROLE_METRICS,
		.hr_since = li->li_since,
		.hr_peer = "local",
		.hr_host = "metrics",
		.hr_program = "rtmpmetrics " RTMPD_VERSION,
	};

	li->li_at = clock_ms() + REPORT_EVERY;
	/* the hub's end is seen where its answers are read */
	(void)fdpass_send(li->li_fd, &r, sizeof(r), NULL, 0);
}

/* A socket is used once, and stays: see sandbox.h. */
static void
lost(struct link *li)
{
	(void)shutdown(li->li_fd, SHUT_RDWR);
	li->li_fd = -1;
	li->li_welcome = false;
	li->li_lost = clock_ms();
	li->li_at = li->li_lost + RETRY_PAUSE;
	if (++li->li_next == SANDBOX_FIXED_FDS)
		end(li, "hubs", false);
}

static void
try(struct link *li)
{
	struct sockaddr_un sun = {
		.sun_family = AF_UNIX, .sun_path = RUNDIR_HUB,
	};

	if (connect(li->li_next, (struct sockaddr *)&sun, sizeof(sun)) == 0) {
		li->li_fd = li->li_next;
		report(li);
		return;
	}
	li->li_at = clock_ms() + RETRY_PAUSE;
	if (clock_ms() - li->li_lost >= ABANDONED)
		end(li, "no-hub", false);
}

static void
welcome(struct link *li, int fds[FDPASS_MAX])
{
	li->li_welcome = true;
	if (fds[1] == -1)
		return;
	log_to_socket(fds[1]);
	if (li->li_log != -1)
		close(li->li_log);
	li->li_log = fds[1];
	fds[1] = -1;
}

static void
answer(struct link *li, const struct hub_answer *a, int fds[FDPASS_MAX])
{
	switch (a->ha_verdict) {
	case HUB_WELCOME:
		welcome(li, fds);
		break;
	case HUB_REFUSED:
		end(li, hub_reason_text(a->ha_reason), true);
		break;
	case HUB_CLOSE:
		end(li, hub_reason_text(a->ha_reason), false);
		break;
	case HUB_LOG:
		log_set_verbose(a->ha_verbose != 0);
		break;
	default:
		break;
	}
}

static void
take(struct link *li)
{
	int fds[FDPASS_MAX], i;
	struct hub_answer a;
	ssize_t len;

	while (li->li_end == NULL && li->li_fd != -1) {
		len = fdpass_recv(li->li_fd, &a, sizeof(a), fds);
		if (len == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (len <= 0)
			lost(li);
		else if (hub_answer_valid(&a, len))
			answer(li, &a, fds);
		else
			end(li, hubmsg_is_alien(&a.ha_head, len) ?
			    "hub-version" : "hub-message", true);
		for (i = 0; i < FDPASS_MAX; i++)
			if (fds[i] != -1)
				close(fds[i]);
	}
}

void
link_tick(struct link *li, bool readable)
{
	if (readable && li->li_fd != -1)
		take(li);
	if (clock_ms() < li->li_at || li->li_end != NULL)
		return;
	if (li->li_fd != -1)
		report(li);
	else
		try(li);
}

int
link_open(struct link *li)
{
	uint64_t until = clock_ms() + WELCOME_TIME;
	struct pollfd pfd = { .events = POLLIN };

	while (!li->li_welcome && li->li_end == NULL && clock_ms() < until) {
		link_tick(li, true);
		pfd.fd = li->li_fd;
		(void)poll(&pfd, 1, RETRY_PAUSE);
	}
	return li->li_welcome && li->li_end == NULL ? 0 : -1;
}
