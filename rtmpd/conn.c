/* SPDX-License-Identifier: ISC */
/*
 * conn.c - where standalone and inetd meet: serve one connected descriptor.
 * Registers with the hub, gives up root, and only then reads the first byte.
 */
#include "conn.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/log.h"
#include "sys/priv.h"
#include "sys/proc.h"
#include "sys/rundir.h"

void
conn_end(struct conn *c, const char *reason, const char *detail)
{
	if (c->c_end != NULL)
		return;
	c->c_end = reason;
	c->c_detail = detail;
}

static void
init(struct conn *c, const struct conf *cf, int fd, int hub, int log)
{
	struct chunk_limits limits = {
		.cl_message = cf->cf_max_message,
		.cl_partial = cf->cf_max_message,
		.cl_streams = cf->cf_max_chunk_streams,
	};
	uint16_t i;

	c->c_conf = cf;
	c->c_fd = fd;
	c->c_hub = hub;
	c->c_log = log;
	c->c_now = c->c_started = c->c_heard = c->c_progress = clock_ms();
	c->c_idle_since = c->c_reported = c->c_now;
	c->c_started_wall = (uint64_t)time(NULL);
	c->c_recv = malloc(CONN_RECV);
	c->c_in = chunk_in_new(&limits);
	chunk_out_init(&c->c_out);
	for (i = 0; i < HUB_SLOTS; i++) {
		c->c_stream[i].ns_slot = i;
		c->c_stream[i].ns_msid = i + 1U;
	}
	if (c->c_recv == NULL || c->c_in == NULL)
		conn_end(c, "no-memory", NULL);
}

/* Where a sanitizer's report must be seen: not where stderr may be the peer. */
#ifdef __SANITIZE_ADDRESS__
#define NULL_STDERR(c)	((c)->c_log == -1)
#else
#define NULL_STDERR(c)	true
#endif

/* Nothing of what we inherited may reach the wire, or hide a death. */
static void
cut_loose(struct conn *c)
{
	int keep[] = { c->c_fd, c->c_hub, c->c_log };

	proc_close_others(keep, sizeof(keep) / sizeof(keep[0]));
	if (proc_null_stdio(NULL_STDERR(c)) == -1)
		conn_end(c, "no-dev-null", NULL);
}

static void
log_end(struct conn *c)
{
	char detail[LOG_TEXT_MAX];

	c->c_now = clock_ms();
	log_info("disconnect peer=%s reason=%s detail=%s duration=%" PRIu64
	    ".%03" PRIu64 "s in=%" PRIu64 " out=%" PRIu64, c->c_peer, c->c_end,
	    log_text(c->c_detail != NULL ? c->c_detail : "", detail),
	    (c->c_now - c->c_started) / 1000, (c->c_now - c->c_started) % 1000,
	    c->c_bytes_in, c->c_bytes_out);
}

void
conn_serve(const struct conf *cf, const struct priv *pr, int fd, int hub,
    int log)
{
	static struct conn conn;
	struct conn *c = &conn;

	init(c, cf, fd, hub, log);
	sock_peer_text(fd, c->c_peer, c->c_host);
	setproctitle("-rtmpd: %s", c->c_host);
	sock_tune(fd);
	cut_loose(c);
	if (hub == -1)
		conn_end(c, "no-hub", NULL);
	else if (hublink_register(c) && priv_drop(pr, RUNDIR_BOX) == -1)
		conn_end(c, "priv-drop", NULL);
	session_run(c);
	log_end(c);
	_exit(0);
}
