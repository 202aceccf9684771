/* SPDX-License-Identifier: ISC */
/*
 * grant.c - hand out rings.
 * Every publisher process gets a new one, which is never handed on: what an
 * ended publisher could still write to is seen by nobody new.
 */
#include "hub.h"

#include <sys/stat.h>
#include <sys/vfs.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "shm/segment.h"
#include "sys/log.h"

/* How far a clock may have been set back between two hubs: generations start
 * at its microseconds. */
#define FUTURE	(UINT64_C(86400) * 1000000)

void
grant_init(struct grant *g)
{
	memset(g, 0, sizeof(*g));
	g->g_fd = -1;
}

static void
account(struct hub *h, uint64_t bytes)
{
	h->h_ring_bytes += bytes;
	registry_add(&h->h_registry.rg_head->rg_ring_bytes, bytes);
}

static bool
refuse(struct hub *h, struct session *s, const char *what)
{
	char name[LOG_TEXT_MAX], peer[LOG_TEXT_MAX], text[LOG_TEXT_MAX];

	log_often("publish-refused stream=%s peer=%s reason=no-memory "
	    "limit=%s", log_text(s->s_body.eb_name, name),
	    log_text(s->s_body.eb_peer, peer), log_text(what, text));
	session_answer(h, s, HUB_REFUSED, HUB_NO_MEMORY, what, NULL, 0);
	return false;
}

/* Whoever replaces us needs a registry while ours is still in use. */
static bool
room_for_successor(const struct hub *h, uint64_t bytes)
{
	struct statfs fs;

	if (fstatfs(h->h_registry_fd, &fs) == -1 || fs.f_blocks == 0)
		return true;		/* without a limit */
	return (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize >=
	    bytes + h->h_registry.rg_bytes;
}

/* Two descriptors: NULL, or what was lacking. */
static const char *
make_object(const struct hub *h, uint64_t bytes, int *rw, int *ro)
{
	if (!room_for_successor(h, bytes))
		return "/dev/shm is full";
	if (segment_create(bytes, rw, ro) == -1)
		return errno == ENOSPC ? "/dev/shm is full" :
		    errno == EMFILE ? "hub-files" : strerror(errno);
	if (*rw < h->h_files && *ro < h->h_files)
		return NULL;
	close(*rw);
	close(*ro);
	*ro = -1;
	return "hub-files";
}

bool
grant_make(struct hub *h, struct grant *g, struct session *s)
{
	uint64_t size = conf_for(h->h_set, s->s_body.eb_name)->cf_ring;
	uint64_t bytes = RING_HEADER + size;
	const char *lacking;
	int rw, fds[2];

	if (h->h_ring_bytes + bytes > h->h_conf->cf_max_ring_memory)
		return refuse(h, s, "max-ring-memory");
	if ((lacking = make_object(h, bytes, &rw, &g->g_fd)) != NULL)
		return refuse(h, s, lacking);
	account(h, bytes);
	g->g_size = size;
	g->g_since = h->h_now;
	g->g_generation = s->s_generation = ++h->h_generation;
	registry_add(&h->h_registry.rg_head->rg_totals.to_publishes, 1);
	fds[0] = rw;
	fds[1] = g->g_fd;	/* to hand to the next hub */
	session_answer(h, s, HUB_RING, HUB_OK, "", fds, 2);
	close(rw);
	return true;
}

const char *
grant_confirm(struct grant *g)
{
	const char *why = ring_attach(&g->g_map, g->g_fd);

	if (why != NULL)
		return why;
	if (g->g_map.rr_size != g->g_size ||
	    ring_generation(&g->g_map) != g->g_generation)
		return "not the ring that was granted";
	return NULL;
}

/* Is it an object of POSIX shared memory, ours, and for reading only? */
static bool
is_ring_object(const struct hub *h, int fd, struct stat *st)
{
	struct stat registry;
	int flags = fcntl(fd, F_GETFL);

	return flags != -1 && (flags & O_ACCMODE) == O_RDONLY &&
	    fstat(fd, st) == 0 && S_ISREG(st->st_mode) &&
	    fstat(h->h_registry_fd, &registry) == 0 &&
	    st->st_dev == registry.st_dev && st->st_uid == geteuid();
}

const char *
grant_adopt(struct hub *h, struct grant *g, int fd, uint64_t generation)
{
	const char *why = "no ring came with the report";
	struct stat st;

	grant_init(g);
	if (fd == -1)
		return why;
	if (generation > h->h_generation + FUTURE) {
		close(fd);
		return "generation out of the future";
	}
	if (!is_ring_object(h, fd, &st)) {
		close(fd);
		return "not shared memory for reading";
	}
	g->g_fd = fd;
	g->g_generation = generation;
	g->g_size = (uint64_t)st.st_size - RING_HEADER;
	account(h, RING_HEADER + g->g_size);
	why = grant_confirm(g);
	/* its silence may have begun before this hub */
	if (why == NULL && (g->g_since = ring_active(&g->g_map)) == 0)
		g->g_since = h->h_now;
	if (why != NULL)
		grant_drop(h, g);
	else if (generation > h->h_generation)
		h->h_generation = generation;
	return why;
}

void
grant_drop(struct hub *h, struct grant *g)
{
	if (g->g_fd == -1)
		return;
	ring_detach(&g->g_map);
	close(g->g_fd);
	account(h, -(RING_HEADER + g->g_size));
	grant_init(g);
}
