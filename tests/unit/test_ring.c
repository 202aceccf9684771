/* SPDX-License-Identifier: ISC */
/*
 * test_ring.c - the ring between its two honest sides, byte by byte.
 * What a dishonest publisher can do is in test_ring_hostile.c.
 */
#include "shm/ring.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shm/futex.h"
#include "shm_ring.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

TestSuite(ring, .timeout = 10);

static void
expect(const struct pair *p, uint64_t pos, uint64_t at, uint32_t length,
    uint8_t byte, uint64_t *next)
{
	struct ring_view rv;
	uint32_t i;

	cr_assert_eq(ring_look(&p->p_reader, pos, 0, &rv), RING_OK);
	cr_assert_eq(rv.rv_pos, at);
	cr_assert_eq(rv.rv_rec.rec_length, length);
	cr_assert_eq(rv.rv_rec.rec_type, 9);
	cr_assert_eq(rv.rv_rec.rec_flags, RECORD_FRAME);
	cr_assert_eq(rv.rv_rec.rec_track, 3);
	cr_assert_eq(rv.rv_rec.rec_time, -5 - (int64_t)byte);
	cr_assert_eq(rv.rv_rec.rec_arrival, 1000u + byte);
	cr_assert_eq(rv.rv_payload, p->p_reader.rr_data + at % SIZE + HEADER);
	for (i = 0; i < length; i++)
		cr_assert_eq(rv.rv_payload[i], byte);
	cr_assert_not(ring_lapped(&p->p_reader, rv.rv_pos, 0));
	*next = rv.rv_next;
}

struct length {
	uint32_t	 payload;
	uint32_t	 record;	/* bytes in the ring */
};

ParameterizedTestParameters(ring, a_record_is_read_back_whole)
{
	static struct length v[] = {
		{ 0, 24 }, { 1, 32 }, { 7, 32 }, { 8, 32 }, { 9, 40 },
		{ 16, 40 }, { 1000, 1024 }, { 16359, 16384 },
		{ 16360, 16384 },	/* ring_record_max() */
	};

	return cr_make_param_array(struct length, v, N(v));
}

ParameterizedTest(struct length *v, ring, a_record_is_read_back_whole)
{
	struct pair p;
	uint64_t next;

	pair_open(&p);
	cr_assert_eq(put(&p, v->payload, 0x5a), 0);
	cr_assert_eq(ring_head(&p.p_reader), v->record);
	expect(&p, 0, 0, v->payload, 0x5a, &next);
	cr_assert_eq(next, v->record);
	pair_close(&p);
}

Test(ring, the_longest_record_is_a_quarter_of_the_ring)
{
	cr_assert_eq(ring_record_max(SIZE) + HEADER, SIZE / 4);
}

Test(ring, the_bytes_that_pad_a_record_are_zero)
{
	struct pair p;
	int i;

	pair_open(&p);
	memset(p.p_writer.rw_data, 0xff, 64);
	put(&p, 3, 0x11);
	for (i = 3; i < 8; i++)
		cr_assert_eq(p.p_reader.rr_data[24 + i], 0);
	cr_assert_eq(p.p_reader.rr_data[32], 0xff);
	pair_close(&p);
}

Test(ring, a_new_ring_is_empty_and_has_no_join_point)
{
	struct pair p;
	struct ring_view rv;

	pair_open(&p);
	cr_assert_eq(ring_head(&p.p_reader), 0);
	cr_assert_eq(ring_look(&p.p_reader, 0, 0, &rv), RING_EMPTY);
	cr_assert_eq(ring_join(&p.p_reader), RING_NO_JOIN);
	cr_assert_eq(ring_active(&p.p_reader), 0);
	cr_assert_eq(ring_generation(&p.p_reader), GENERATION);
	cr_assert_eq(p.p_reader.rr_ring->sr_pid, (uint32_t)getpid());
	cr_assert_eq(p.p_reader.rr_size, SIZE);
	pair_close(&p);
}

Test(ring, what_the_publisher_sets_is_seen)
{
	struct pair p;

	pair_open(&p);
	ring_set_join(&p.p_writer, 4096);
	ring_set_active(&p.p_writer, 123456789);
	ring_set_hold(&p.p_writer, 40);
	cr_assert_eq(ring_join(&p.p_reader), 4096);
	cr_assert_eq(ring_active(&p.p_reader), 123456789);
	cr_assert_eq(atomic_load(&p.p_reader.rr_ring->sr_hold), 40);
	pair_close(&p);
}

/* How much room the last record leaves before the end of the data. */
struct wrap {
	uint64_t	 room;
	uint32_t	 payload;	/* of the record that comes then */
	int		 wraps;
};

ParameterizedTestParameters(ring, a_record_never_straddles_the_end)
{
	static struct wrap v[] = {
		{ 0, 0, 0 },		/* exactly full: position is the end */
		{ 8, 0, 1 }, { 16, 0, 1 }, /* no room for a header */
		{ 24, 0, 0 },		/* fits exactly */
		{ 24, 1, 1 },		/* padding is a header alone */
		{ 32, 8, 0 }, { 32, 9, 1 }, { 40, 17, 1 },
		{ 8192, 8168, 0 }, { 8192, 8169, 1 }, { 8192, 16360, 1 },
	};

	return cr_make_param_array(struct wrap, v, N(v));
}

ParameterizedTest(struct wrap *v, ring, a_record_never_straddles_the_end)
{
	uint64_t want, next, last;
	struct ring_view rv;
	struct pair p;

	pair_open(&p);
	fill_to(&p, v->room);
	last = p.p_writer.rw_head;
	cr_assert_eq(ring_look(&p.p_reader, last, 0, &rv), RING_EMPTY);
	want = v->wraps ? SIZE : last;
	cr_assert_eq(put(&p, v->payload, 0x77), want);
	expect(&p, last, want, v->payload, 0x77, &next);
	cr_assert_eq(next, ring_head(&p.p_reader));
	cr_assert_eq(ring_look(&p.p_reader, next, 0, &rv), RING_EMPTY);
	pair_close(&p);
}

Test(ring, every_record_is_seen_in_order_over_many_turns)
{
	uint64_t pos = 0, next, at;
	uint32_t i, length;
	struct pair p;

	pair_open(&p);
	for (i = 0; i < 20000; i++) {
		length = i * 2654435761u % 3000;
		at = put(&p, length, (uint8_t)i);
		expect(&p, pos, at, length, (uint8_t)i, &next);
		pos = next;
	}
	cr_assert_gt(pos, 100 * SIZE);
	pair_close(&p);
}

Test(ring, a_lap_is_exact_to_the_byte)
{
	struct pair p;
	uint64_t pos;

	pair_open(&p);
	fill_to(&p, 0);
	for (pos = 0; pos < SIZE; pos += 4096) {
		atomic_store(&p.p_writer.rw_ring->sr_resv, SIZE + pos);
		cr_assert_not(ring_lapped(&p.p_reader, pos, 0));
		atomic_store(&p.p_writer.rw_ring->sr_resv, SIZE + pos + 1);
		cr_assert(ring_lapped(&p.p_reader, pos, 0));
	}
	pair_close(&p);
}

Test(ring, a_full_ring_holds_its_first_record_until_one_more_is_written)
{
	struct ring_view rv;
	struct pair p;

	pair_open(&p);
	fill_to(&p, 0);
	cr_assert_eq(ring_look(&p.p_reader, 0, 0, &rv), RING_OK);
	cr_assert_not(ring_lapped(&p.p_reader, rv.rv_pos, 0));
	put(&p, 0, 1);
	cr_assert(ring_lapped(&p.p_reader, rv.rv_pos, 0));
	cr_assert_eq(ring_look(&p.p_reader, 0, 0, &rv), RING_LAPPED);
	pair_close(&p);
}

Test(ring, bytes_reserved_but_not_yet_written_count_as_overwritten)
{
	struct ring_view rv;
	struct pair p;

	pair_open(&p);
	fill_to(&p, 0);
	atomic_store(&p.p_writer.rw_ring->sr_resv, SIZE + 24);
	cr_assert_eq(ring_look(&p.p_reader, 0, 0, &rv), RING_LAPPED);
	cr_assert_eq(ring_look(&p.p_reader, SIZE / 8, 0, &rv), RING_OK);
	pair_close(&p);
}

Test(ring, a_margin_counts_as_overwritten)
{
	struct ring_view rv;
	struct pair p;

	pair_open(&p);
	fill_to(&p, SIZE / 2);
	cr_assert_eq(ring_look(&p.p_reader, 0, SIZE / 2, &rv), RING_OK);
	cr_assert_eq(ring_look(&p.p_reader, 0, SIZE / 2 + 1, &rv),
	    RING_LAPPED);
	cr_assert_not(ring_lapped(&p.p_reader, 0, SIZE / 2));
	cr_assert(ring_lapped(&p.p_reader, 0, SIZE / 2 + 1));
	pair_close(&p);
}

Test(ring, a_wake_changes_the_word_so_that_nobody_falls_asleep)
{
	struct pair p;
	uint32_t seen;

	pair_open(&p);
	seen = ring_wake_word(&p.p_reader);
	ring_wake(&p.p_writer, FUTEX_ALL);
	cr_assert_neq(ring_wake_word(&p.p_reader), seen);
	cr_assert_eq(futex_wait(&p.p_reader.rr_ring->sr_wake, seen,
	    FUTEX_ALL), -1);
	cr_assert_eq(errno, EAGAIN);
	pair_close(&p);
}

Test(ring, a_wake_reaches_a_reader_with_a_read_only_mapping)
{
	struct timespec tick = { 0, 10 * 1000 * 1000 };
	int status, tries;
	struct pair p;
	pid_t pid;

	pair_open(&p);
	pid = fork();
	cr_assert_neq(pid, -1);
	if (pid == 0)
		_exit(futex_wait(&p.p_reader.rr_ring->sr_wake, 0,
		    FUTEX_ALL) == 0 ||
		    errno == EAGAIN ? 0 : 1);
	/* the hub wakes through its own read-only mapping */
	for (tries = 0; waitpid(pid, &status, WNOHANG) == 0; tries++) {
		cr_assert_lt(tries, 500);
		futex_wake(&p.p_reader.rr_ring->sr_wake, FUTEX_ALL);
		(void)nanosleep(&tick, NULL);
	}
	cr_assert_eq(status, 0);
	pair_close(&p);
}

Test(ring, a_wake_reaches_its_set_of_sleepers_only)
{
	struct timespec tick = { 0, 10 * 1000 * 1000 };
	int status, set, tries;
	struct pair p;
	pid_t pid[2];

	pair_open(&p);
	for (set = 0; set < 2; set++)
		if ((pid[set] = fork()) == 0)
			_exit(futex_wait(&p.p_reader.rr_ring->sr_wake, 0,
			    1u << set) == 0 ? 0 : 1);
	for (tries = 0; waitpid(pid[1], &status, WNOHANG) == 0; tries++) {
		cr_assert_lt(tries, 500);
		futex_wake(&p.p_reader.rr_ring->sr_wake, 1u << 1);
		(void)nanosleep(&tick, NULL);
	}
	cr_assert_eq(status, 0);
	cr_assert_eq(waitpid(pid[0], &status, WNOHANG), 0);
	for (tries = 0; waitpid(pid[0], &status, WNOHANG) == 0; tries++) {
		cr_assert_lt(tries, 500);
		futex_wake(&p.p_reader.rr_ring->sr_wake, FUTEX_ALL);
		(void)nanosleep(&tick, NULL);
	}
	cr_assert_eq(status, 0);
	pair_close(&p);
}

Test(ring, what_is_paged_in_and_out_reads_the_same)
{
	struct shm_record rec = { .rec_length = 1000, .rec_type = 9 };
	static uint8_t payload[1000];
	struct ring_writer rw;
	struct ring_reader rr;
	struct ring_view rv;
	uint64_t size = 4 * RING_WINDOW, pos = 0, n;
	int fd;

	fd = memfd_create("ring", 0);
	cr_assert_eq(ftruncate(fd, (off_t)(RING_HEADER + size)), 0);
	cr_assert_eq(ring_create(&rw, fd, size, 1), 0);
	cr_assert_null(ring_attach(&rr, fd));
	for (n = 0; n < 3 * size / 1024; n++) {
		memset(payload, (int)(n & 0xff), sizeof(payload));
		ring_write(&rw, &rec, payload);
		ring_page_in(&rr, pos);
		cr_assert_eq(ring_look(&rr, pos, 0, &rv), RING_OK);
		cr_assert_eq(memcmp(rv.rv_payload, payload, sizeof(payload)),
		    0);
		pos = rv.rv_next;
	}
	ring_detach(&rr);
	ring_destroy(&rw);
	close(fd);
}

static void
on_alarm(int sig)
{
	(void)sig;
}

Test(ring, a_signal_ends_the_sleep)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerspec soon = { { 0, 20000000 }, { 0, 20000000 } };
	timer_t timer;
	struct pair p;

	pair_open(&p);
	cr_assert_eq(sigaction(SIGALRM, &sa, NULL), 0);
	cr_assert_eq(timer_create(CLOCK_MONOTONIC, NULL, &timer), 0);
	cr_assert_eq(timer_settime(timer, 0, &soon, NULL), 0);
	cr_assert_eq(futex_wait(&p.p_reader.rr_ring->sr_wake, 0,
	    FUTEX_ALL), -1);
	cr_assert_eq(errno, EINTR);
	cr_assert_eq(timer_delete(timer), 0);
	pair_close(&p);
}

Test(ring, detaching_twice_is_harmless)
{
	struct pair p;

	pair_open(&p);
	ring_detach(&p.p_reader);
	ring_detach(&p.p_reader);
	ring_destroy(&p.p_writer);
	ring_destroy(&p.p_writer);
}
