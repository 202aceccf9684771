/* SPDX-License-Identifier: ISC */
/*
 * ring.c - write, read and guard the ring.
 * The writer never waits and never looks at what readers do. The reader takes
 * every length and offset out of the ring into a local, checks it there, and
 * learns exactly whether what it used was overwritten while in use.
 */
#include "shm/ring.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "shm/futex.h"

#define RING_STREAMED	(128 * 1024)	/* below what memcpy(3) streams */

static uint64_t
padded(uint64_t payload)
{
	return sizeof(struct shm_record) + ((payload + 7) & ~UINT64_C(7));
}

int
ring_create(struct ring_writer *rw, int fd, uint64_t size,
    uint64_t generation)
{
	struct shm_ring *r;

	r = mmap(NULL, RING_HEADER + size, PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);
	if (r == MAP_FAILED)
		return -1;
	rw->rw_ring = r;
	rw->rw_data = (uint8_t *)r + RING_HEADER;
	rw->rw_size = size;
	rw->rw_head = 0;
	rw->rw_window = 0;
	r->sr_format = RING_FORMAT;
	r->sr_size = size;
	r->sr_generation = generation;
	r->sr_pid = (uint32_t)getpid();
	atomic_store_explicit(&r->sr_join, RING_NO_JOIN, memory_order_relaxed);
	atomic_store_explicit(&r->sr_oldest, RING_NO_JOIN,
	    memory_order_relaxed);
	/* pairs with the acquire load in check_header() */
	atomic_store_explicit(&r->sr_magic, RING_MAGIC, memory_order_release);
	return 0;
}

void
ring_destroy(struct ring_writer *rw)
{
	if (rw->rw_ring != NULL)
		munmap(rw->rw_ring, RING_HEADER + rw->rw_size);
	rw->rw_ring = NULL;
}

/* Advise on the part of the mapping in the window at this address. */
static void
advise(const struct shm_ring *r, uint64_t size, uintptr_t window, int advice)
{
	uintptr_t from = (uintptr_t)r, to = from + RING_HEADER + size;

	if (from < window)
		from = window;
	if (to > window + RING_WINDOW)
		to = window + RING_WINDOW;
	/* kernels before 5.14 cannot page in: then faults do */
	(void)madvise((void *)from, to - from, advice);
}

/* See ring_page_in(). `window`: the latest. */
static void
page_in(const struct shm_ring *r, uint64_t size, uint64_t pos,
    uintptr_t *window, int advice)
{
	uintptr_t at = (uintptr_t)r + RING_HEADER + (pos & (size - 1));

	at &= ~(uintptr_t)(RING_WINDOW - 1);
	if (at == *window)
		return;
	if (*window != 0)
		advise(r, size, *window, MADV_DONTNEED);
	advise(r, size, at, advice);
	*window = at;
}

/* Fill the rest of the data area, which has room for a header or for none. */
static void
write_padding(struct ring_writer *rw, uint64_t room)
{
	struct shm_record pad = { .rec_type = RING_PADDING };

	if (room < sizeof(pad))
		return;
	pad.rec_length = (uint32_t)(room - sizeof(pad));
	memcpy(rw->rw_data + (rw->rw_head & (rw->rw_size - 1)), &pad,
	    sizeof(pad));
}

uint64_t
ring_write(struct ring_writer *rw, const struct shm_record *rec,
    const void *payload)
{
	struct shm_ring *r = rw->rw_ring;
	uint64_t need = padded(rec->rec_length);
	uint64_t room = rw->rw_size - (rw->rw_head & (rw->rw_size - 1));
	uint64_t pos = rw->rw_head + (need > room ? room : 0);
	uint8_t *p = rw->rw_data + (pos & (rw->rw_size - 1));

	page_in(r, rw->rw_size, pos, &rw->rw_window, MADV_POPULATE_WRITE);
	atomic_store_explicit(&r->sr_resv, pos + need, memory_order_relaxed);
	/* the reservation before the bytes; pairs with the acquire fence in
	 * ring_lapped(). A release store would not order what follows it, and
	 * memcpy(3) moves large blocks past the cache, out of order. */
	if (need > RING_STREAMED)
		atomic_thread_fence(memory_order_seq_cst);
	else
		atomic_thread_fence(memory_order_release);
	if (need > room)
		write_padding(rw, room);
	memcpy(p, rec, sizeof(*rec));
	memcpy(p + sizeof(*rec), payload, rec->rec_length);
	memset(p + sizeof(*rec) + rec->rec_length, 0,
	    need - sizeof(*rec) - rec->rec_length);
	rw->rw_head = pos + need;
	/* the bytes before the head; pairs with ring_head() */
	atomic_store_explicit(&r->sr_head, rw->rw_head, memory_order_release);
	return pos;
}

void
ring_set_join(struct ring_writer *rw, uint64_t pos)
{
	/* pairs with ring_join(): the records at it are readable */
	atomic_store_explicit(&rw->rw_ring->sr_join, pos,
	    memory_order_release);
}

void
ring_set_oldest(struct ring_writer *rw, uint64_t pos)
{
	/* pairs with ring_oldest(): the records at it are readable */
	atomic_store_explicit(&rw->rw_ring->sr_oldest, pos,
	    memory_order_release);
}

void
ring_set_active(struct ring_writer *rw, uint64_t now)
{
	/* pairs with ring_active(); orders nothing */
	atomic_store_explicit(&rw->rw_ring->sr_active, now,
	    memory_order_relaxed);
}

void
ring_set_hold(struct ring_writer *rw, uint32_t ms)
{
	/* read by whoever watches; orders nothing */
	atomic_store_explicit(&rw->rw_ring->sr_hold, ms,
	    memory_order_relaxed);
}

void
ring_wake(struct ring_writer *rw, uint32_t sets)
{
	struct shm_ring *r = rw->rw_ring;
	uint32_t word;

	word = atomic_load_explicit(&r->sr_wake, memory_order_relaxed);
	/* the head before the word; pairs with ring_wake_word() */
	atomic_store_explicit(&r->sr_wake, word + 1, memory_order_release);
	futex_wake(&r->sr_wake, sets);
}

static const char *
check_header(const struct shm_ring *r, uint64_t file, uint64_t *size)
{
	uint64_t data = file - RING_HEADER;
	uint32_t format;

	/* pairs with the release store in ring_create() */
	if (atomic_load_explicit(&r->sr_magic, memory_order_acquire) !=
	    RING_MAGIC)
		return "no ring: wrong magic";
	format = r->sr_format;
	if (format >> 16 != RING_VERSION ||
	    (format & UINT16_MAX) < RING_FIELDS_MIN)
		return "ring of another version";
	/* the file's word counts: sr_size may change between two looks */
	if (data < RING_SIZE_MIN || data > RING_SIZE_MAX ||
	    (data & (data - 1)) != 0 || r->sr_size != data)
		return "ring of impossible size";
	*size = data;
	return NULL;
}

const char *
ring_attach(struct ring_reader *rr, int fd)
{
	const struct shm_ring *r;
	const char *why;
	struct stat st;
	uint64_t size;

	memset(rr, 0, sizeof(*rr));
	if (fstat(fd, &st) == -1 || st.st_size < (off_t)RING_HEADER ||
	    st.st_size > (off_t)(RING_HEADER + (uint64_t)RING_SIZE_MAX))
		return "ring of impossible size";
	r = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (r == MAP_FAILED)
		return "cannot map the ring";
	if ((why = check_header(r, (uint64_t)st.st_size, &size)) != NULL) {
		munmap((void *)r, (size_t)st.st_size);
		return why;
	}
	rr->rr_ring = r;
	rr->rr_data = (const uint8_t *)r + RING_HEADER;
	rr->rr_size = size;
	return NULL;
}

void
ring_detach(struct ring_reader *rr)
{
	if (rr->rr_ring != NULL)
		munmap((void *)rr->rr_ring, RING_HEADER + rr->rr_size);
	rr->rr_ring = NULL;
}

void
ring_page_in(struct ring_reader *rr, uint64_t pos)
{
	page_in(rr->rr_ring, rr->rr_size, pos, &rr->rr_window,
	    MADV_POPULATE_READ);
}

uint64_t
ring_generation(const struct ring_reader *rr)
{
	return rr->rr_ring->sr_generation;
}

uint64_t
ring_head(const struct ring_reader *rr)
{
	/* pairs with the release store in ring_write() */
	return atomic_load_explicit(&rr->rr_ring->sr_head,
	    memory_order_acquire);
}

uint64_t
ring_join(const struct ring_reader *rr)
{
	/* pairs with ring_set_join() */
	return atomic_load_explicit(&rr->rr_ring->sr_join,
	    memory_order_acquire);
}

uint64_t
ring_oldest(const struct ring_reader *rr)
{
	/* pairs with ring_set_oldest() */
	return atomic_load_explicit(&rr->rr_ring->sr_oldest,
	    memory_order_acquire);
}

uint64_t
ring_active(const struct ring_reader *rr)
{
	/* pairs with ring_set_active(); orders nothing */
	return atomic_load_explicit(&rr->rr_ring->sr_active,
	    memory_order_relaxed);
}

uint32_t
ring_hold(const struct ring_reader *rr)
{
	/* pairs with ring_set_hold(); orders nothing */
	return atomic_load_explicit(&rr->rr_ring->sr_hold,
	    memory_order_relaxed);
}

uint32_t
ring_wake_word(const struct ring_reader *rr)
{
	/* pairs with the release store in ring_wake() */
	return atomic_load_explicit(&rr->rr_ring->sr_wake,
	    memory_order_acquire);
}

bool
ring_lapped(const struct ring_reader *rr, uint64_t pos, uint64_t margin)
{
	uint64_t resv;

	/* use before re-read; pairs with the release fence in ring_write() */
	atomic_thread_fence(memory_order_acquire);
	resv = atomic_load_explicit(&rr->rr_ring->sr_resv,
	    memory_order_relaxed);
	return resv + margin - pos > rr->rr_size;
}

/* Does a record of this length, at this place, make sense? */
static bool
sound(const struct ring_reader *rr, uint64_t pos, uint64_t head,
    const struct shm_record *rec)
{
	uint64_t need = padded(rec->rec_length);
	uint64_t room = rr->rr_size - (pos & (rr->rr_size - 1));

	if (need > room || need > head - pos)
		return false;
	if (rec->rec_type == RING_PADDING)
		return need == room;
	return rec->rec_length <= ring_record_max(rr->rr_size);
}

enum ring_result
ring_look(const struct ring_reader *rr, uint64_t pos, uint64_t margin,
    struct ring_view *rv)
{
	uint64_t head = ring_head(rr), room;
	const uint8_t *p;

	for (;;) {
		if (pos == head)
			return RING_EMPTY;
		if (ring_lapped(rr, pos, margin))
			return RING_LAPPED;
		if (((head | pos) & 7) != 0 || head - pos > rr->rr_size)
			return RING_BROKEN;
		room = rr->rr_size - (pos & (rr->rr_size - 1));
		if (room < sizeof(rv->rv_rec)) {
			pos += room;
			continue;
		}
		p = rr->rr_data + (pos & (rr->rr_size - 1));
		memcpy(&rv->rv_rec, p, sizeof(rv->rv_rec));
		if (ring_lapped(rr, pos, margin))
			return RING_LAPPED;
		if (!sound(rr, pos, head, &rv->rv_rec))
			return RING_BROKEN;
		rv->rv_pos = pos;
		pos += padded(rv->rv_rec.rec_length);
		if (rv->rv_rec.rec_type == RING_PADDING)
			continue;
		rv->rv_payload = p + sizeof(rv->rv_rec);
		rv->rv_next = pos;
		return RING_OK;
	}
}
