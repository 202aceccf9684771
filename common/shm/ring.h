/* SPDX-License-Identifier: ISC */
/*
 * ring.h - the ring: one publisher writes, any number of subscribers read,
 * and neither waits for the other. rtmpd-shm(7) describes it in full.
 *
 * Positions are free-running 64-bit byte counts; a position modulo the data
 * size is its offset in the data, which follows the header page. The ring
 * holds the bytes from sr_resv - sr_size to sr_head; what lies between
 * sr_head and sr_resv is being written.
 *
 * Publisher and subscribers may be of different releases: within a version the
 * fields of the header may become more, at their end.
 */
#ifndef SHM_RING_H
#define SHM_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/growth.h"

#define RING_MAGIC	0x676e6952u		/* "Ring" */
#define RING_VERSION	1u
#define RING_FIELDS_MIN	128u			/* bytes of struct shm_ring */
#define RING_HEADER	4096u			/* data starts here */
#define RING_SIZE_MIN	(64u * 1024)
#define RING_SIZE_MAX	(1024u * 1024 * 1024)
#define RING_NO_JOIN	UINT64_MAX
#define RING_WINDOW	(2u * 1024 * 1024)	/* of one page table */

/* [I] written once, before sr_magic; [P] by the publisher all along. */
struct shm_ring {
	_Atomic uint32_t sr_magic;	/* [I] stored last */
	uint32_t	 sr_format;	/* [I] version and struct size */
	uint64_t	 sr_size;	/* [I] data bytes, power of two */
	uint64_t	 sr_generation;	/* [I] as granted by the hub */
	uint32_t	 sr_pid;	/* [I] the publisher process */
	uint32_t	 sr_pad0[9];
	_Alignas(64)
	_Atomic uint64_t sr_resv;	/* [P] end of bytes in flux */
	_Atomic uint64_t sr_head;	/* [P] end of readable bytes */
	_Atomic uint64_t sr_join;	/* [P] newest join point, position */
	_Atomic uint64_t sr_active;	/* [P] arrival of the latest media, ms */
	_Atomic uint32_t sr_wake;	/* [P] futex, bumped per tick */
	_Atomic uint32_t sr_hold;	/* [P] hold of the wake in force, ms */
	_Atomic uint64_t sr_oldest;	/* [P] oldest join point left, position */
	uint64_t	 sr_pad1[2];
	GROWN(sr_next)
};
_Static_assert(offsetof(struct shm_ring, sr_magic) == 0, "moved");
_Static_assert(offsetof(struct shm_ring, sr_format) == 4, "moved");
_Static_assert(offsetof(struct shm_ring, sr_size) == 8, "moved");
_Static_assert(offsetof(struct shm_ring, sr_generation) == 16, "moved");
_Static_assert(offsetof(struct shm_ring, sr_pid) == 24, "moved");
_Static_assert(offsetof(struct shm_ring, sr_resv) == 64, "moved");
_Static_assert(offsetof(struct shm_ring, sr_head) == 72, "moved");
_Static_assert(offsetof(struct shm_ring, sr_join) == 80, "moved");
_Static_assert(offsetof(struct shm_ring, sr_active) == 88, "moved");
_Static_assert(offsetof(struct shm_ring, sr_wake) == 96, "moved");
_Static_assert(offsetof(struct shm_ring, sr_hold) == 100, "moved");
_Static_assert(offsetof(struct shm_ring, sr_oldest) == 104, "moved");
_Static_assert(sizeof(struct shm_ring) == 128 + GROWTH, "resized");

#define RING_FORMAT	(RING_VERSION << 16 | sizeof(struct shm_ring))

/*
 * One RTMP message, its payload behind it, padded to 8 bytes. A record never
 * straddles the end of the data: a record of type RING_PADDING fills what is
 * left, or nothing does where not even its header fits.
 */
struct shm_record {
	uint32_t	 rec_length;	/* payload bytes */
	uint8_t		 rec_type;	/* RTMP message type */
	uint8_t		 rec_flags;	/* RECORD_… */
	uint8_t		 rec_track;	/* 0 is the default track */
	uint8_t		 rec_zero;
	int64_t		 rec_time;	/* timestamp, ms, unwrapped */
	uint64_t	 rec_arrival;	/* CLOCK_MONOTONIC, ms */
};
_Static_assert(offsetof(struct shm_record, rec_length) == 0, "moved");
_Static_assert(offsetof(struct shm_record, rec_type) == 4, "moved");
_Static_assert(offsetof(struct shm_record, rec_flags) == 5, "moved");
_Static_assert(offsetof(struct shm_record, rec_track) == 6, "moved");
_Static_assert(offsetof(struct shm_record, rec_time) == 8, "moved");
_Static_assert(offsetof(struct shm_record, rec_arrival) == 16, "moved");
_Static_assert(sizeof(struct shm_record) == 24, "resized");

/* rec_type: the types of RTMP that come to lie in a ring, and padding */
#define RING_PADDING	0
#define RING_AUDIO	8
#define RING_VIDEO	9
#define RING_DATA_AMF3	15
#define RING_DATA	18

#define RECORD_KEY	0x01	/* key frame */
#define RECORD_CONFIG	0x02	/* sequence header or the like */
#define RECORD_METADATA	0x04	/* onMetaData */
#define RECORD_REPEAT	0x08	/* written again for those who join here */
#define RECORD_JOIN	0x10	/* join point: everything needed follows */
#define RECORD_FRAME	0x20	/* coded media */

/* The longest payload a ring of this size takes. */
static inline uint64_t
ring_record_max(uint64_t size)
{
	return size / 4 - sizeof(struct shm_record);
}

/* Bytes closer to being overwritten than this are not worth starting on. */
static inline uint64_t
ring_margin(uint64_t size)
{
	return size / 8;
}

/* Publisher's side. */
struct ring_writer {
	struct shm_ring	*rw_ring;
	uint8_t		*rw_data;
	uint64_t	 rw_size;
	uint64_t	 rw_head;	/* our copy of sr_head */
	uintptr_t	 rw_window;	/* address of what is paged in */
};

/*
 * Map the object `fd`, RING_HEADER + `size` zero bytes with their pages
 * reserved, and make a ring of it. `fd` stays the caller's. 0, or -1 and
 * errno.
 */
int	ring_create(struct ring_writer *, int fd, uint64_t size,
	    uint64_t generation);
void	ring_destroy(struct ring_writer *);

/*
 * Append a record; rec->rec_length bytes of payload, at most
 * ring_record_max(). Returns its position. Readers may read it at once;
 * those who sleep do until ring_wake().
 */
uint64_t ring_write(struct ring_writer *, const struct shm_record *rec,
	    const void *payload);
void	ring_set_join(struct ring_writer *, uint64_t pos);
void	ring_set_oldest(struct ring_writer *, uint64_t pos);
void	ring_set_active(struct ring_writer *, uint64_t now);
void	ring_set_hold(struct ring_writer *, uint32_t ms);
/* Wake those of the sets of sleepers; see futex.h. */
void	ring_wake(struct ring_writer *, uint32_t sets);

/* Subscriber's side; the mapping is read-only and nothing in it is trusted. */
struct ring_reader {
	const struct shm_ring	*rr_ring;
	const uint8_t		*rr_data;
	uint64_t		 rr_size;	/* as validated at attach */
	uintptr_t		 rr_window;	/* address of what is paged in */
};

/* A record in place, with the part of its header that was checked. */
struct ring_view {
	struct shm_record	 rv_rec;	/* our own copy */
	const uint8_t		*rv_payload;	/* in the ring: may change */
	uint64_t		 rv_pos;
	uint64_t		 rv_next;	/* where the next one starts */
};

enum ring_result {
	RING_OK,
	RING_EMPTY,	/* nothing new yet */
	RING_LAPPED,	/* overwritten, or about to be: leave this position */
	RING_BROKEN,	/* no publisher of ours wrote this */
};

/* Map a ring read-only. NULL, or a static sentence why not. */
const char	*ring_attach(struct ring_reader *, int fd);
void		 ring_detach(struct ring_reader *);
uint64_t	 ring_generation(const struct ring_reader *);
uint64_t	 ring_head(const struct ring_reader *);
uint64_t	 ring_join(const struct ring_reader *);
/* The oldest join point that may still be there; RING_NO_JOIN if none. */
uint64_t	 ring_oldest(const struct ring_reader *);
uint64_t	 ring_active(const struct ring_reader *);
uint32_t	 ring_hold(const struct ring_reader *);

/*
 * Page in what comes next at `pos`, and out what lies behind. Without it each
 * 64 KiB would cost a page fault, and page tables of the whole ring would stay
 * with each subscriber. To be called now and then: it costs nothing as long as
 * `pos` stays within RING_WINDOW bytes.
 */
void		 ring_page_in(struct ring_reader *, uint64_t pos);

/*
 * Look at the record at `pos`, skipping padding. `margin` bytes of safety
 * count as overwritten already.
 */
enum ring_result ring_look(const struct ring_reader *, uint64_t pos,
		    uint64_t margin, struct ring_view *);

/*
 * After use: was any byte at or after `pos` overwritten meanwhile? Exact with
 * margin 0, a guess with more.
 */
bool		 ring_lapped(const struct ring_reader *, uint64_t pos,
		    uint64_t margin);

/* The wake word, to be loaded before the records are looked at: once it has
 * another value there may be more of them. See futex.h. */
uint32_t	 ring_wake_word(const struct ring_reader *);

#endif
