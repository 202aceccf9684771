/* SPDX-License-Identifier: ISC */
/*
 * snapshot.c - copy the registry as it is now.
 * Takes no lock and asks nobody: what the hub is just writing is left out and
 * counted. The registry is found by a link in the run directory and believed
 * if it belongs to whom that directory belongs to.
 */
#include "view/snapshot.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/rundir.h"

#define LINK_TRIES	5	/* the hub may replace it meanwhile */
#define HUB_PATIENCE	1000	/* ms for a relay to get ready */
#define FIRST_ROOM	64	/* entries */

struct snapshot_source {
	struct registry_view	 so_view;
	char			 so_target[PATH_MAX];	/* of the link */
};

static bool
exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* A relay that takes orders already, but has no hub yet. */
static void
await_hub(void)
{
	struct timespec step = { 0, 10 * 1000000 };
	uint64_t until = clock_ms() + HUB_PATIENCE;

	while (exists(RUNDIR_RTMPD) && !exists(RUNDIR_REGISTRY) &&
	    clock_ms() < until)
		(void)nanosleep(&step, NULL);
}

struct snapshot_source *
snapshot_open(void)
{
	await_hub();
	return calloc(1, sizeof(struct snapshot_source));
}

void
snapshot_close(struct snapshot_source *so)
{
	if (so == NULL)
		return;
	registry_detach(&so->so_view);
	free(so);
}

static const char *
why_not(int error)
{
	errno = error;
	switch (error) {
	case ENOENT:
		return "no rtmpd runs here";
	case EACCES:
		return "the registry is not for this user";
	default:
		return strerror(error);
	}
}

/* In shared memory anybody may leave something under a name that was ours. */
static const char *
check_owner(int fd)
{
	struct stat here, st;

	if (stat(".", &here) == -1 || fstat(fd, &st) == -1)
		return why_not(errno);
	if (st.st_uid != here.st_uid && st.st_uid != 0) {
		errno = EPERM;
		return "the registry belongs to another user";
	}
	return NULL;
}

static const char *
attach(struct snapshot_source *so, const char *target)
{
	struct registry_view fresh;
	const char *why;
	int fd;

	fd = open(target, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd == -1)
		return why_not(errno);
	if ((why = check_owner(fd)) == NULL &&
	    (why = registry_attach(&fresh, fd)) != NULL)
		errno = EPROTO;
	if (why == NULL) {
		registry_detach(&so->so_view);
		so->so_view = fresh;
		strlcpy(so->so_target, target, sizeof(so->so_target));
	}
	close(fd);
	return why;
}

static const char *
follow(struct snapshot_source *so)
{
	char target[PATH_MAX];
	const char *why;
	ssize_t n;
	int try = 0;

	do {
		n = readlink(RUNDIR_REGISTRY, target, sizeof(target) - 1);
		if (n == -1)
			return why_not(errno);
		target[n] = '\0';
		if (so->so_view.rv_head != NULL &&
		    strcmp(target, so->so_target) == 0)
			return NULL;
		why = attach(so, target);
	} while (why != NULL && errno == ENOENT && ++try < LINK_TRIES);
	return why;
}

/* Room for one more of `size` bytes; NULL: no memory. */
static void *
room(void *array, size_t n, size_t *space, size_t size)
{
	void *more = array;

	if (n == *space) {
		*space = *space == 0 ? FIRST_ROOM : 2 * *space;
		more = reallocarray(array, *space, size);
	}
	return more;
}

static bool
take_streams(const struct registry_view *rv, struct snapshot *sn)
{
	struct snapshot_stream *ss = NULL, *more;
	size_t space = 0, n = 0;
	uint32_t i;

	for (i = 0; i < rv->rv_streams.rt_n; i++) {
		if ((more = room(ss, n, &space, sizeof(*ss))) == NULL)
			break;
		ss = more;
		ss[n].ss_subscribers = registry_subscribers(rv, i);
		ss[n].ss_rate_out = 0;
		if (!registry_get_stream(rv, i, &ss[n].ss_body))
			sn->sn_in_flux++;
		else if (ss[n].ss_body.sb_state != STREAM_FREE)
			n++;
	}
	sn->sn_stream = ss;
	sn->sn_nstreams = n;
	return i == rv->rv_streams.rt_n;
}

static bool
take_sessions(const struct registry_view *rv, struct snapshot *sn)
{
	struct session_body *eb = NULL, *more;
	size_t space = 0, n = 0;
	uint32_t i;

	for (i = 0; i < rv->rv_sessions.rt_n; i++) {
		if ((more = room(eb, n, &space, sizeof(*eb))) == NULL)
			break;
		eb = more;
		if (!registry_get_session(rv, i, &eb[n]))
			sn->sn_in_flux++;
		else if (eb[n].eb_pid != 0)
			n++;
	}
	sn->sn_session = eb;
	sn->sn_nsessions = n;
	return i == rv->rv_sessions.rt_n;
}

static int
by_name(const void *a, const void *b)
{
	const struct snapshot_stream *x = a, *y = b;

	return strcmp(x->ss_body.sb_name, y->ss_body.sb_name);
}

static int
by_pid(const void *a, const void *b)
{
	const struct session_body *x = a, *y = b;

	if (x->eb_pid != y->eb_pid)
		return x->eb_pid < y->eb_pid ? -1 : 1;
	return (int)x->eb_slot - (int)y->eb_slot;
}

static void
sort(struct snapshot *sn)
{
	if (sn->sn_nstreams > 1)
		qsort(sn->sn_stream, sn->sn_nstreams, sizeof(*sn->sn_stream),
		    by_name);
	if (sn->sn_nsessions > 1)
		qsort(sn->sn_session, sn->sn_nsessions,
		    sizeof(*sn->sn_session), by_pid);
}

struct snapshot_stream *
snapshot_stream(const struct snapshot *sn, const char *name)
{
	static struct snapshot_stream key;

	if (sn->sn_nstreams == 0 ||
	    strlcpy(key.ss_body.sb_name, name, REGISTRY_NAME) >= REGISTRY_NAME)
		return NULL;
	return bsearch(&key, sn->sn_stream, sn->sn_nstreams, sizeof(key),
	    by_name);
}

const struct session_body *
snapshot_session(const struct snapshot *sn, uint32_t pid, uint16_t slot)
{
	struct session_body key = { .eb_pid = pid, .eb_slot = slot };

	if (sn->sn_nsessions == 0)
		return NULL;
	return bsearch(&key, sn->sn_session, sn->sn_nsessions, sizeof(key),
	    by_pid);
}

static void
sum_rates(struct snapshot *sn)
{
	const struct session_body *eb;
	struct snapshot_stream *ss;
	size_t i;

	for (i = 0; i < sn->sn_nsessions; i++) {
		eb = &sn->sn_session[i];
		if (eb->eb_role == ROLE_PLAY &&
		    (ss = snapshot_stream(sn, eb->eb_name)) != NULL)
			ss->ss_rate_out += eb->eb_rate;
	}
}

/* Each of these is one number; together they are no moment's. */
static void
copy_numbers(void *to, const void *from, size_t bytes)
{
	const _Atomic uint64_t *in = from;
	_Atomic uint64_t *out = to;
	size_t i;

	/* pairs with registry_add(); orders nothing */
	for (i = 0; i < bytes / sizeof(*in); i++)
		atomic_init(&out[i], atomic_load_explicit(&in[i],
		    memory_order_relaxed));
}

static void
take_header(const struct registry_view *rv, struct snapshot *sn)
{
	const struct shm_registry *h = rv->rv_head;
	uint64_t now = clock_ms(), updated;

	sn->sn_hub = h->rg_pid;
	sn->sn_hub_alive = h->rg_pid > 0 && h->rg_pid <= INT_MAX &&
	    (kill((pid_t)h->rg_pid, 0) == 0 || errno == EPERM);
	sn->sn_restarts = h->rg_restarts;
	sn->sn_max_streams = rv->rv_streams.rt_n;
	sn->sn_max_sessions = rv->rv_sessions.rt_n;
	sn->sn_started = h->rg_started;
	sn->sn_now = (uint64_t)time(NULL);
	sn->sn_generation = h->rg_generation;
	sn->sn_hold = registry_hold(rv);
	/* pair with registry_touch() and the hub's stores; order nothing */
	updated = atomic_load_explicit(&h->rg_updated, memory_order_relaxed);
	sn->sn_age = updated < now ? now - updated : 0;
	sn->sn_ring_bytes = atomic_load_explicit(&h->rg_ring_bytes,
	    memory_order_relaxed);
	copy_numbers(&sn->sn_totals, &h->rg_totals, sizeof(sn->sn_totals));
	copy_numbers(&sn->sn_histograms, &h->rg_histograms,
	    sizeof(sn->sn_histograms));
}

const char *
snapshot_take(struct snapshot_source *so, struct snapshot *sn)
{
	const char *why;

	memset(sn, 0, sizeof(*sn));
	if ((why = follow(so)) != NULL)
		return why;
	take_header(&so->so_view, sn);
	if (!take_streams(&so->so_view, sn) ||
	    !take_sessions(&so->so_view, sn)) {
		snapshot_free(sn);
		return why_not(ENOMEM);
	}
	sort(sn);
	sum_rates(sn);
	return NULL;
}

const char *
snapshot_once(struct snapshot *sn)
{
	struct snapshot_source so = { .so_target = "" };
	const char *why = snapshot_take(&so, sn);
	int saved = errno;

	registry_detach(&so.so_view);
	errno = saved;
	return why;
}

bool
snapshot_stale(const struct snapshot *sn)
{
	return !sn->sn_hub_alive ||
	    (sn->sn_nsessions > 0 && sn->sn_age > SNAPSHOT_STALE);
}

void
snapshot_free(struct snapshot *sn)
{
	free(sn->sn_stream);
	free(sn->sn_session);
	sn->sn_stream = NULL;
	sn->sn_session = NULL;
	sn->sn_nstreams = sn->sn_nsessions = 0;
}
