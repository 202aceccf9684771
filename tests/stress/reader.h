/* SPDX-License-Identifier: ISC */
/*
 * reader.h - one subscriber of a run and everything that it asserts.
 * It reads as rtmpd-shm(7) says, by turns gently and as badly as it can.
 */
#ifndef STRESS_READER_H
#define STRESS_READER_H

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "script.h"
#include "shm/futex.h"
#include "shm/ring.h"
#include "sys/clock.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id	_sigev_un._tid
#endif

#define READERS_MAX	64
#define TIMER_MS	20		/* bounds a reader's sleep */

struct kind {
	const char	*k_name;
	int		 k_copies;	/* or uses the payload in place */
	uint32_t	 k_rest;	/* pauses between records, one in … */
	uint32_t	 k_dwell;	/* pauses while using one, one in … */
	uint32_t	 k_margin;	/* of the ring, one part in … */
};

static const struct kind kinds[] = {
	{ "copy",	1,	0,	0,	0 },
	{ "in-place",	0,	0,	0,	0 },
	{ "slow",	1,	64,	0,	0 },
	{ "dwell",	1,	0,	64,	0 },
	{ "dwell-in-place", 0,	0,	64,	0 },
	{ "margin",	0,	64,	0,	8 },
	{ "slow-dwell",	1,	128,	128,	0 },
	{ "margin-dwell", 1,	0,	64,	4 },
};

#define NKINDS	(sizeof(kinds) / sizeof(kinds[0]))

struct tally {
	uint64_t	 t_seen, t_missed, t_laps, t_in_use, t_torn, t_sleeps;
	uint64_t	 t_timer;	/* sleeps that the timer ended, … */
	uint64_t	 t_late;	/* … though the wake had been fired */
	char		 t_why[160];	/* "" if all is well */
};

/* Shared by the processes of one run. */
struct board {
	_Atomic uint32_t b_ready;
	_Atomic uint32_t b_done;	/* pairs with itself: b_head is final */
	uint64_t	 b_head;
	char		 b_why[160];	/* of the publisher */
	struct tally	 b_tally[READERS_MAX];
};

struct run {
	struct script	 r_script;
	uint64_t	 r_records;
	uint32_t	 r_readers;
	int		 r_bursts;
	int		 r_threads;
	int		 r_rw, r_ro;
	struct ring_writer r_writer;
	struct board	*r_board;
};

struct reader {
	const struct run *rd_run;
	const struct kind *rd_kind;
	struct tally	*rd_tally;
	struct ring_reader rd_ring;
	uint64_t	 rd_pos;
	uint64_t	 rd_next;	/* number of the record expected */
	uint64_t	 rd_arrival;
	uint64_t	 rd_random;
	int		 rd_resumed;	/* rd_pos is a join point after a lap */
	uint8_t		*rd_copy;
};

static void
nap(uint64_t *state, long least, long most)
{
	struct timespec ts = { 0 };

	ts.tv_nsec = 1000 * (least + (long)(next_random(state) %
	    (uint64_t)(most - least + 1)));
	(void)nanosleep(&ts, NULL);
}

static int	fail(struct reader *, const char *, ...)
		    __attribute__((format(printf, 2, 3)));

static int
fail(struct reader *rd, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(rd->rd_tally->t_why, sizeof(rd->rd_tally->t_why), fmt,
	    ap);
	va_end(ap);
	return -1;
}

/*
 * ring_lapped() between two looks of our own at sr_resv, which only grows: a
 * lap must be true of the later one, no lap of the earlier one.
 */
static int
lapped(struct reader *rd, uint64_t pos, uint64_t margin)
{
	const struct shm_ring *ring = rd->rd_ring.rr_ring;
	uint64_t before, after, limit = pos + rd->rd_ring.rr_size;
	int answer;

	before = atomic_load_explicit(&ring->sr_resv, memory_order_relaxed);
	answer = ring_lapped(&rd->rd_ring, pos, margin);
	after = atomic_load_explicit(&ring->sr_resv, memory_order_relaxed);
	if (answer && after + margin <= limit)
		(void)fail(rd, "lap at %ju reported with sr_resv only %ju",
		    (uintmax_t)pos, (uintmax_t)after);
	if (!answer && before + margin > limit)
		(void)fail(rd, "lap at %ju missed with sr_resv at %ju",
		    (uintmax_t)pos, (uintmax_t)before);
	return answer;
}

static int
resume(struct reader *rd)
{
	uint64_t join = ring_join(&rd->rd_ring);

	rd->rd_tally->t_laps++;
	/* a join point may be overtaken in its turn, but then moves on */
	if (join == RING_NO_JOIN || join <= rd->rd_pos ||
	    join > ring_head(&rd->rd_ring))
		return fail(rd, "join point %ju is not between %ju and head",
		    (uintmax_t)join, (uintmax_t)rd->rd_pos);
	rd->rd_pos = join;
	rd->rd_resumed = 1;
	return 0;
}

/* The header, which ring_look() has vouched for. */
static int
check_header(struct reader *rd, const struct ring_view *rv)
{
	uint64_t seq = script_number(&rv->rv_rec), now = clock_ms();
	struct shm_record want = script_header(&rd->rd_run->r_script, seq,
	    rv->rv_rec.rec_arrival);

	if (memcmp(&want, &rv->rv_rec, sizeof(want)) != 0)
		return fail(rd, "header of record %ju at %ju is torn",
		    (uintmax_t)seq, (uintmax_t)rv->rv_pos);
	if (rv->rv_rec.rec_arrival < rd->rd_arrival ||
	    rv->rv_rec.rec_arrival > now)
		return fail(rd, "record %ju arrived at another time",
		    (uintmax_t)seq);
	if (rd->rd_resumed ? seq < rd->rd_next : seq != rd->rd_next)
		return fail(rd, "record %ju where %ju was expected%s",
		    (uintmax_t)seq, (uintmax_t)rd->rd_next,
		    rd->rd_resumed ? " or a later one" : "");
	if (rd->rd_resumed && ((rv->rv_rec.rec_flags & RECORD_JOIN) == 0 ||
	    rv->rv_pos != rd->rd_pos))
		return fail(rd, "record %ju is no join point", (uintmax_t)seq);
	return 0;
}

/* Use the payload, then ask whether that was allowed. 1 if it was. */
static int
use(struct reader *rd, const struct ring_view *rv)
{
	const uint8_t *p = rv->rv_payload;
	uint32_t half = rv->rv_rec.rec_length / 2;
	const char *wrong;

	if (rd->rd_kind->k_copies)
		memcpy(rd->rd_copy, p, half);
	if (one_in(&rd->rd_random, rd->rd_kind->k_dwell))
		nap(&rd->rd_random, 50, 4000);
	if (rd->rd_kind->k_copies) {
		memcpy(rd->rd_copy + half, p + half,
		    rv->rv_rec.rec_length - half);
		p = rd->rd_copy;
	}
	wrong = script_check(&rd->rd_run->r_script, &rv->rv_rec,
	    script_number(&rv->rv_rec), p);
	if (lapped(rd, rv->rv_pos, 0)) {
		rd->rd_tally->t_in_use++;
		rd->rd_tally->t_torn += wrong != NULL;
		return 0;
	}
	if (wrong != NULL)
		return fail(rd, "torn record %ju at %ju accepted: %s",
		    (uintmax_t)script_number(&rv->rv_rec),
		    (uintmax_t)rv->rv_pos, wrong);
	return 1;
}

static int
take(struct reader *rd, const struct ring_view *rv)
{
	uint64_t seq = script_number(&rv->rv_rec);
	int ok;

	if (check_header(rd, rv) == -1 || (ok = use(rd, rv)) == -1)
		return -1;
	if (!ok)
		return resume(rd);
	rd->rd_tally->t_missed += seq - rd->rd_next;
	rd->rd_tally->t_seen++;
	rd->rd_next = seq + 1;
	rd->rd_arrival = rv->rv_rec.rec_arrival;
	rd->rd_pos = rv->rv_next;
	rd->rd_resumed = 0;
	return 0;
}

static int
finished(const struct reader *rd)
{
	/* pairs with the release store at the end of publish() */
	return atomic_load_explicit(&rd->rd_run->r_board->b_done,
	    memory_order_acquire) != 0 &&
	    rd->rd_pos == rd->rd_run->r_board->b_head;
}

static void
on_timer(int sig)
{
	(void)sig;
}

/* One interval timer a thread; its signal ends the thread's futex_wait(). */
static timer_t
start_timer(void)
{
	struct sigaction sa = { .sa_handler = on_timer };
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID,
	    .sigev_signo = SIGUSR1 };
	struct itimerspec every = {
		{ 0, TIMER_MS * 1000000 }, { 0, TIMER_MS * 1000000 }
	};
	timer_t timer;

	ev.sigev_notify_thread_id = gettid();
	if (sigaction(SIGUSR1, &sa, NULL) == -1 ||
	    timer_create(CLOCK_MONOTONIC, &ev, &timer) == -1 ||
	    timer_settime(timer, 0, &every, NULL) == -1)
		err(1, "timer");
	return timer;
}

static void
doze(struct reader *rd, uint32_t word)
{
	struct tally *t = rd->rd_tally;

	t->t_sleeps++;
	if (futex_wait(&rd->rd_ring.rr_ring->sr_wake, word, FUTEX_ALL) == 0 ||
	    errno != EINTR)
		return;
	t->t_timer++;
	t->t_late += ring_wake_word(&rd->rd_ring) != word;
}

static int
step(struct reader *rd)
{
	uint32_t part = rd->rd_kind->k_margin, word;
	uint64_t margin = part == 0 ? 0 : rd->rd_ring.rr_size / part;
	struct ring_view rv;

	if (one_in(&rd->rd_random, rd->rd_kind->k_rest))
		nap(&rd->rd_random, 50, 2000);
	word = ring_wake_word(&rd->rd_ring);
	switch (ring_look(&rd->rd_ring, rd->rd_pos, margin, &rv)) {
	case RING_OK:
		return take(rd, &rv);
	case RING_EMPTY:
		if (finished(rd))
			return 1;
		doze(rd, word);
		return 0;
	case RING_LAPPED:
		if (!lapped(rd, rd->rd_pos, margin))
			return fail(rd, "a lap that is none at %ju",
			    (uintmax_t)rd->rd_pos);
		return resume(rd);
	default:
		return fail(rd, "broken at %ju", (uintmax_t)rd->rd_pos);
	}
}

static const char *
attach(struct reader *rd)
{
	const struct run *r = rd->rd_run;

	if (!r->r_threads)
		return ring_attach(&rd->rd_ring, r->r_ro);
	/* on one mapping with the publisher, as ThreadSanitizer goes by
	 * addresses */
	rd->rd_ring = (struct ring_reader){ r->r_writer.rw_ring,
	    r->r_writer.rw_data, r->r_script.sc_size, 0 };
	return NULL;
}

static void
check_tally(struct reader *rd)
{
	const struct tally *t = rd->rd_tally;
	uint64_t all = rd->rd_run->r_records;

	if (rd->rd_next != all)
		(void)fail(rd, "ended before record %ju",
		    (uintmax_t)rd->rd_next);
	else if (t->t_seen + t->t_missed != all)
		(void)fail(rd, "seen and missed are not all");
	else if (t->t_laps == 0 && t->t_missed != 0)
		(void)fail(rd, "missed some without a lap");
	/* now and then the timer meets a wake that is just being fired */
	else if (t->t_late > 2 && t->t_late > t->t_sleeps / 2)
		(void)fail(rd, "%ju of %ju wake-ups were lost",
		    (uintmax_t)t->t_late, (uintmax_t)t->t_sleeps);
}

static void
read_ring(struct reader *rd)
{
	const struct run *r = rd->rd_run;
	timer_t timer = start_timer();
	const char *why;
	int rc = 0;

	rd->rd_random = mix(r->r_script.sc_seed +
	    (uint64_t)(rd->rd_tally - r->r_board->b_tally));
	if ((rd->rd_copy = malloc(ring_record_max(r->r_script.sc_size))) ==
	    NULL)
		err(1, "malloc");
	if ((why = attach(rd)) != NULL)
		rc = fail(rd, "%s", why);
	/* attached; pairs with the acquire load in publish() */
	atomic_fetch_add_explicit(&r->r_board->b_ready, 1,
	    memory_order_release);
	while (rc == 0 && rd->rd_tally->t_why[0] == '\0')
		rc = step(rd);
	if (rc == 1)
		check_tally(rd);
	free(rd->rd_copy);
	(void)timer_delete(timer);
}

#endif
