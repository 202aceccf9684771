/* SPDX-License-Identifier: ISC */
/*
 * registry.c - write and read the registry.
 * Entries are moved word by word with relaxed atomics under a sequence count,
 * so a reader never waits for the hub, and a torn copy is always noticed.
 */
#include "shm/registry.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <string.h>
#include <time.h>
#include <unistd.h>

#define READ_TRIES	64

_Static_assert(sizeof(struct stream_body) % 8 == 0, "whole words");
_Static_assert(sizeof(struct session_body) % 8 == 0, "whole words");
_Static_assert(offsetof(struct shm_stream, st_body) == 8, "aligned words");
_Static_assert(offsetof(struct shm_session, se_body) == 8, "aligned words");

size_t
registry_size(uint32_t nstreams, uint32_t nsessions)
{
	uint64_t bytes = sizeof(struct shm_registry) +
	    (uint64_t)nstreams * sizeof(struct shm_stream) +
	    (uint64_t)nsessions * sizeof(struct shm_session);

	/* a size_t of 32 bits must not make a small registry of a huge one */
	return bytes < SIZE_MAX ? (size_t)bytes : SIZE_MAX;
}

int
registry_create(struct registry *rg, int fd, uint32_t nstreams,
    uint32_t nsessions, uint64_t generation)
{
	size_t bytes = registry_size(nstreams, nsessions);
	struct shm_registry *h;

	h = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (h == MAP_FAILED)
		return -1;
	rg->rg_head = h;
	rg->rg_bytes = bytes;
	rg->rg_stream = (struct shm_stream *)(h + 1);
	rg->rg_session = (struct shm_session *)(rg->rg_stream + nstreams);
	h->rg_format = REGISTRY_FORMAT;
	h->rg_generation = generation;
	h->rg_pid = (uint32_t)getpid();
	h->rg_nstreams = nstreams;
	h->rg_nsessions = nsessions;
	h->rg_stream_size = sizeof(struct shm_stream);
	h->rg_session_size = sizeof(struct shm_session);
	h->rg_started = (uint64_t)time(NULL);
	/* pairs with the acquire load in check_header() */
	atomic_store_explicit(&h->rg_magic, REGISTRY_MAGIC,
	    memory_order_release);
	return 0;
}

static void
put_words(_Atomic uint32_t *seq, void *to, const void *from, size_t bytes)
{
	_Atomic uint64_t *out = to;
	uint32_t s = atomic_load_explicit(seq, memory_order_relaxed);
	uint64_t word;
	size_t i;

	atomic_store_explicit(seq, s + 1, memory_order_relaxed);
	/* odd before the words; pairs with the acquire fence in get_words() */
	atomic_thread_fence(memory_order_release);
	for (i = 0; i < bytes / 8; i++) {
		memcpy(&word, (const char *)from + i * 8, 8);
		atomic_store_explicit(&out[i], word, memory_order_relaxed);
	}
	/* the words before even; pairs with the acquire load in get_words() */
	atomic_store_explicit(seq, s + 2, memory_order_release);
}

static bool
get_words(const _Atomic uint32_t *seq, const void *from, void *to,
    size_t bytes)
{
	const _Atomic uint64_t *in = from;
	uint32_t before, after;
	uint64_t word;
	size_t i;
	int try;

	for (try = 0; try < READ_TRIES; try++) {
		/* pairs with the release store that ends put_words() */
		before = atomic_load_explicit(seq, memory_order_acquire);
		for (i = 0; i < bytes / 8; i++) {
			word = atomic_load_explicit(&in[i],
			    memory_order_relaxed);
			memcpy((char *)to + i * 8, &word, 8);
		}
		/* the words before the second look; pairs with the release
		 * fence in put_words() */
		atomic_thread_fence(memory_order_acquire);
		after = atomic_load_explicit(seq, memory_order_relaxed);
		if (before == after && (before & 1) == 0)
			return true;
	}
	return false;
}

void
registry_put_stream(struct registry *rg, uint32_t slot,
    const struct stream_body *sb)
{
	struct shm_stream *st = &rg->rg_stream[slot];

	put_words(&st->st_seq, &st->st_body, sb, sizeof(*sb));
}

void
registry_put_session(struct registry *rg, uint32_t slot,
    const struct session_body *eb)
{
	struct shm_session *se = &rg->rg_session[slot];

	put_words(&se->se_seq, &se->se_body, eb, sizeof(*eb));
}

void
registry_set_subscribers(struct registry *rg, uint32_t slot, uint32_t n)
{
	/* pairs with registry_subscribers(); orders nothing */
	atomic_store_explicit(&rg->rg_stream[slot].st_subscribers, n,
	    memory_order_relaxed);
}

void
registry_set_hold(struct registry *rg, uint32_t ms)
{
	/* pairs with registry_hold(); orders nothing */
	atomic_store_explicit(&rg->rg_head->rg_hold, ms,
	    memory_order_relaxed);
}

void
registry_touch(struct registry *rg, uint64_t now)
{
	/* a hint how fresh the rest is; orders nothing */
	atomic_store_explicit(&rg->rg_head->rg_updated, now,
	    memory_order_relaxed);
}

void
registry_add(_Atomic uint64_t *total, uint64_t n)
{
	/* one writer, so load and store suffice; orders nothing */
	atomic_store_explicit(total,
	    atomic_load_explicit(total, memory_order_relaxed) + n,
	    memory_order_relaxed);
}

static bool
set_table(struct registry_table *rt, uint32_t n, uint32_t size, uint32_t min)
{
	rt->rt_n = n;
	rt->rt_size = size;
	return size >= min && size <= UINT16_MAX && size % 8 == 0;
}

static uint64_t
table_bytes(const struct registry_table *rt)
{
	return (uint64_t)rt->rt_n * rt->rt_size;
}

static const char *
check_header(const struct shm_registry *h, size_t file,
    struct registry_view *rv)
{
	uint32_t format, head;

	/* pairs with the release store in registry_create() */
	if (atomic_load_explicit(&h->rg_magic, memory_order_acquire) !=
	    REGISTRY_MAGIC)
		return "no registry: wrong magic";
	format = h->rg_format;
	head = format & UINT16_MAX;
	if (format >> 16 != REGISTRY_VERSION ||
	    head < REGISTRY_HEADER_MIN || head % 8 != 0 ||
	    !set_table(&rv->rv_streams, h->rg_nstreams, h->rg_stream_size,
	    REGISTRY_STREAM_MIN) ||
	    !set_table(&rv->rv_sessions, h->rg_nsessions, h->rg_session_size,
	    REGISTRY_SESSION_MIN))
		return "registry of another version";
	if (head + table_bytes(&rv->rv_streams) +
	    table_bytes(&rv->rv_sessions) > file)
		return "registry smaller than its tables";
	rv->rv_streams.rt_first = (const char *)h + head;
	rv->rv_sessions.rt_first = rv->rv_streams.rt_first +
	    table_bytes(&rv->rv_streams);
	return NULL;
}

const char *
registry_attach(struct registry_view *rv, int fd)
{
	const struct shm_registry *h;
	const char *why;
	struct stat st;

	memset(rv, 0, sizeof(*rv));
	if (fstat(fd, &st) == -1 || st.st_size < REGISTRY_HEADER_MIN)
		return "registry too small";
	h = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (h == MAP_FAILED)
		return "cannot map the registry";
	if ((why = check_header(h, (size_t)st.st_size, rv)) != NULL) {
		munmap((void *)h, (size_t)st.st_size);
		memset(rv, 0, sizeof(*rv));
		return why;
	}
	rv->rv_head = h;
	rv->rv_bytes = (size_t)st.st_size;
	return NULL;
}

void
registry_detach(struct registry_view *rv)
{
	if (rv->rv_head != NULL)
		munmap((void *)rv->rv_head, rv->rv_bytes);
	memset(rv, 0, sizeof(*rv));
}

/* Every entry begins with its count and 4 bytes outside of it. */
#define ENTRY_HEAD	8

/* Copy the body of an entry, `bytes` long to us. */
static bool
get_entry(const struct registry_table *rt, uint32_t slot, void *body,
    size_t bytes)
{
	size_t there = rt->rt_size - ENTRY_HEAD;
	const char *entry;

	if (slot >= rt->rt_n)
		return false;
	if (there > bytes)
		there = bytes;
	memset((char *)body + there, 0, bytes - there);
	entry = rt->rt_first + (size_t)slot * rt->rt_size;
	return get_words((const _Atomic uint32_t *)(const void *)entry,
	    entry + ENTRY_HEAD, body, there);
}

bool
registry_get_stream(const struct registry_view *rv, uint32_t slot,
    struct stream_body *sb)
{
	int i;

	if (!get_entry(&rv->rv_streams, slot, sb, sizeof(*sb)))
		return false;
	sb->sb_name[sizeof(sb->sb_name) - 1] = '\0';
	sb->sb_peer[sizeof(sb->sb_peer) - 1] = '\0';
	sb->sb_program[sizeof(sb->sb_program) - 1] = '\0';
	for (i = 0; i < REGISTRY_TRACKS; i++)
		sb->sb_track[i].tk_profile[sizeof(
		    sb->sb_track[i].tk_profile) - 1] = '\0';
	return true;
}

bool
registry_get_session(const struct registry_view *rv, uint32_t slot,
    struct session_body *eb)
{
	if (!get_entry(&rv->rv_sessions, slot, eb, sizeof(*eb)))
		return false;
	eb->eb_name[sizeof(eb->eb_name) - 1] = '\0';
	eb->eb_peer[sizeof(eb->eb_peer) - 1] = '\0';
	eb->eb_program[sizeof(eb->eb_program) - 1] = '\0';
	return true;
}

uint32_t
registry_hold(const struct registry_view *rv)
{
	uint64_t ms;

	if (rv->rv_head == NULL)
		return 0;
	/* pairs with registry_set_hold(); orders nothing */
	ms = atomic_load_explicit(&rv->rv_head->rg_hold,
	    memory_order_relaxed);
	return ms < REGISTRY_HOLD_MAX ? (uint32_t)ms : REGISTRY_HOLD_MAX;
}

uint32_t
registry_subscribers(const struct registry_view *rv, uint32_t slot)
{
	const struct registry_table *rt = &rv->rv_streams;
	const struct shm_stream *st;

	if (slot >= rt->rt_n)
		return 0;
	st = (const void *)(rt->rt_first + (size_t)slot * rt->rt_size);
	/* pairs with registry_set_subscribers(); orders nothing */
	return atomic_load_explicit(&st->st_subscribers, memory_order_relaxed);
}
