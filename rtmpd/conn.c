/* SPDX-License-Identifier: ISC */
/*
 * conn.c - where standalone and inetd meet: serve one connected descriptor.
 * Registers with the hub, gives up root, and only then reads the first byte.
 */
#include "conn.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server.h"
#include "shm/merge.h"
#include "shm/ring.h"
#include "sys/clock.h"
#include "sys/cpulimit.h"
#include "sys/log.h"
#include "sys/oom.h"
#include "sys/priv.h"
#include "sys/proc.h"
#include "sys/rundir.h"

#define MEMORY_BASE	(128UL * 1024 * 1024)
#define LOG_LINES	200	/* of one connection in LOG_PERIOD */
#define LOG_PERIOD	10000
#define TRIM_AFTER	2000	/* ms of streaming: then it has caught up */

void
conn_end(struct conn *c, const char *reason, const char *detail)
{
	if (c->c_end != NULL)
		return;
	c->c_end = reason;
	c->c_detail = detail;
}

void
conn_granted(struct conn *c)
{
	c->c_trim_at = c->c_now + TRIM_AFTER;
	if (c->c_granted)
		return;
	c->c_granted = true;
	cpulimit_lift();
	oom_set(c->c_oom, OOM_STREAM);
	if (c->c_oom != -1)
		close(c->c_oom);
	c->c_oom = -1;
}

static void
init(struct conn *c, const struct server *sv, int fd, int hub, int log)
{
	const struct conf *cf = sv->sv_conf;
	struct chunk_limits limits = {
		.cl_message = cf->cf_max_message,
		.cl_partial = cf->cf_max_partial,
		.cl_streams = cf->cf_max_chunk_streams,
	};

	c->c_set = sv->sv_set;
	c->c_conf = cf;
	c->c_sleepers = merge_set(getpid());
	c->c_fd = fd;
	c->c_hub = hub;
	c->c_log = log;
	c->c_log_is_hubs = log == -1;
	c->c_verbose = log_is_verbose();
	c->c_oom = c->c_registry_fd = -1;
	c->c_now = c->c_started = c->c_heard = c->c_progress = clock_ms();
	c->c_idle_since = c->c_reported = c->c_now;
	c->c_trim_at = UINT64_MAX;
	c->c_started_wall = (uint64_t)time(NULL);
	c->c_in = chunk_in_new(&limits);
	chunk_out_init(&c->c_out);
	if (c->c_in == NULL || netstream_init(c) == NULL)
		conn_end(c, "no-memory", NULL);
}

/* Where a sanitizer's report must be seen: not where stderr may be the peer. */
#ifdef __SANITIZE_ADDRESS__
#define NULL_STDERR(c)	((c)->c_log == -1)
#else
#define NULL_STDERR(c)	true
#endif

/* Above the descriptors that the filter knows by their numbers. */
static int
move_up(int fd)
{
	int moved;

	if (fd == -1 || fd > SANDBOX_OOM_FD)
		return fd;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, SANDBOX_OOM_FD + 1);
	close(fd);
	return moved;
}

static int
open_oom(void)
{
	int fd = oom_open(), kept;

	if (fd == -1 || fd == SANDBOX_OOM_FD)
		return fd;
	kept = dup3(fd, SANDBOX_OOM_FD, O_CLOEXEC);
	close(fd);
	return kept;
}

/* Nothing of what we inherited may reach the wire, or hide a death. */
static void
cut_loose(struct conn *c)
{
	int keep[] = { SANDBOX_PEER_FD, -1, -1, -1 };

	log_detach();		/* syslog's may be the peer's in a moment */
	keep[2] = c->c_hub = move_up(c->c_hub);
	keep[3] = c->c_log = move_up(c->c_log);
	if (c->c_fd != SANDBOX_PEER_FD &&
	    dup3(c->c_fd, SANDBOX_PEER_FD, O_CLOEXEC) == -1)
		conn_end(c, "no-descriptor", NULL);
	c->c_fd = SANDBOX_PEER_FD;
	keep[1] = c->c_oom = open_oom();
	oom_set(c->c_oom, OOM_STREAM);	/* as root: not below that again */
	if (!c->c_log_is_hubs)
		log_to_socket(c->c_log);
	proc_close_others(keep, sizeof(keep) / sizeof(keep[0]));
	if (proc_null_stdio(NULL_STDERR(c)) == -1)
		conn_end(c, "no-dev-null", NULL);
}

static void
log_end(struct conn *c)
{
	static const char *const role[] = {
		[ROLE_NONE] = "none", [ROLE_PUBLISH] = "publish",
		[ROLE_PLAY] = "play",
	};
	void (*say)(const char *, ...) __attribute__((format(printf, 1, 2))) =
	    c->c_granted ? log_info : log_often;
	char detail[LOG_TEXT_MAX], name[LOG_TEXT_MAX];
	uint64_t ms;

	ms = clock_ms() - c->c_started;
	log_limit(0, 0);
	say("disconnect peer=%s role=%s stream=%s reason=%s detail=%s "
	    "duration=%" PRIu64 ".%03" PRIu64 "s in=%" PRIu64 " out=%" PRIu64,
	    c->c_peer, role[c->c_last_role], log_text(c->c_last_name, name),
	    c->c_end, log_text(c->c_detail != NULL ? c->c_detail : "", detail),
	    ms / 1000, ms % 1000, c->c_bytes_in, c->c_bytes_out);
}

/* Address space: what is mapped now, the rings of whichever application, and
 * what messages may take. */
static unsigned long
memory_limit(const struct conf_set *set)
{
	const struct conf *cf = &set->cs_conf[0];
	uint64_t ring = 0;
	uint32_t i;

	for (i = 0; i < set->cs_n; i++)
		if (set->cs_conf[i].cf_ring > ring)
			ring = set->cs_conf[i].cf_ring;
	return MEMORY_BASE + 2UL * HUB_SLOTS * (RING_HEADER + ring) +
	    2UL * cf->cf_max_message + 2UL * cf->cf_max_partial +
	    2UL * cf->cf_max_queue;
}

static const char *
confine(struct conn *c, const struct server *sv)
{
	if (priv_drop(&sv->sv_priv, RUNDIR_BOX) == -1)
		return "user or root directory";
	oom_set(c->c_oom, OOM_NEWCOMER);
	if (priv_limit(SANDBOX_FILES, memory_limit(c->c_set)) == -1 ||
	    cpulimit_set(c->c_conf->cf_cpu_limit) == -1)
		return "limits";
	if (sandbox_enter(&sv->sv_sandbox) == -1)
		return "system call filter";
	return NULL;
}

/* After this nothing can be opened, executed or signalled. */
static void
shut_in(struct conn *c, const struct server *sv)
{
	const char *why;

	log_prepare("disconnect peer=%s reason=limit detail=cpu-limit",
	    c->c_peer);
	if (sv->sv_priv.pr_root)
		hublink_chrooted();
	if ((why = confine(c, sv)) != NULL)
		conn_end(c, "shut-in", why);
}

void
conn_serve(const struct server *sv, int fd, int hub, int log)
{
	/* from the beginning of a page on: each that is written costs */
	static _Alignas(4096) struct conn conn;
	struct conn *c = &conn;

	init(c, sv, fd, hub, log);
	sock_peer_text(fd, c->c_peer, c->c_host);
	proc_title("rtmpd: %s", c->c_host);
	sock_tune(fd);
	proc_plain_wakes();
	cut_loose(c);
	log_limit(LOG_LINES, LOG_PERIOD);
	if (hub == -1)
		conn_end(c, "no-hub", NULL);
	if (c->c_end == NULL && hublink_register(c))
		shut_in(c, sv);
	session_run(c);
	hublink_last_report(c);
	log_end(c);
	_exit(0);
}
