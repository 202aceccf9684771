/* SPDX-License-Identifier: ISC */
/*
 * tap.c - read a live stream from its ring, as a local program.
 *
 * Reads until nothing new is there, then sleeps: in futex(2) on the ring, where
 * the hub wakes it after a message too, without one in poll(2) on the hub's
 * socket. What the hub says of the ring's end counts once the ring is read.
 */
#include "tap/tap.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shm/cursor.h"
#include "shm/futex.h"
#include "shm/merge.h"
#include "sys/clock.h"
#include "tap/link.h"

#define LOOK		250	/* ms between looks at the hub's socket */
#define REPORT		1000	/* ms between reports */
#define NO_HUB		5000	/* ms without a hub, and nothing more to read */
#define DIAL_STEP	20	/* ms between tries at the start */
#define FOREVER		UINT64_MAX

struct tap {
	struct link		 tp_link;
	enum tap_from		 tp_from;
	uint64_t		 tp_now;	/* ms */
	uint64_t		 tp_looked;	/* latest look at the hub, ms */
	uint64_t		 tp_reported;
	uint64_t		 tp_rate_bytes;	/* of media, at that time */
	struct ring_reader	 tp_ring;	/* rr_ring NULL: none */
	struct cursor		 tp_cursor;
	uint32_t		 tp_word;	/* wake word before the latest look */
	uint32_t		 tp_sleepers;	/* merge_set() */
	uint64_t		 tp_left;	/* generation of the ring left last */
	int			 tp_next;	/* the next ring, or -1 */
	uint64_t		 tp_next_generation;
	bool			 tp_fed;	/* the latest wake brought records */
	bool			 tp_seen;	/* was attached to a ring ever */
	bool			 tp_idle;	/* tell: nobody publishes */
	bool			 tp_gone;	/* tell, once all is read: it has gone */
	bool			 tp_ended;	/* the same: the hub ends us */
	uint64_t		 tp_silent;	/* TAP_NO_HUB was told then, ms */
	unsigned int		 tp_reason;
	char			 tp_text[60];
	uint8_t			*tp_copy;	/* of the latest payload */
	size_t			 tp_copy_size;
};

static struct counters *
counters(struct tap *tp)
{
	return &tp->tp_link.lk_report.hr_counters;
}

struct tap *
tap_open(const struct tap_wish *tw, uint32_t patience)
{
	struct timespec step = { 0, DIAL_STEP * 1000000 };
	uint64_t until = clock_ms() + patience;
	struct tap *tp = calloc(1, sizeof(*tp));

	if (tp == NULL)
		return NULL;
	tp->tp_from = tw->tw_from;
	tp->tp_next = -1;
	tp->tp_sleepers = merge_set(getpid());
	link_init(&tp->tp_link, tw->tw_name, tw->tw_role, tw->tw_program,
	    tw->tw_log);
	while (link_retry(&tp->tp_link, clock_ms()) == -1) {
		if (clock_ms() >= until || errno == EACCES) {
			free(tp);
			return NULL;
		}
		tp->tp_link.lk_again = 0;
		(void)nanosleep(&step, NULL);
	}
	return tp;
}

void
tap_close(struct tap *tp)
{
	link_close(&tp->tp_link);
	ring_detach(&tp->tp_ring);
	if (tp->tp_next != -1)
		close(tp->tp_next);
	free(tp->tp_copy);
	free(tp);
}

unsigned int
tap_reason(const struct tap *tp, const char **text)
{
	*text = tp->tp_text;
	return tp->tp_reason;
}

void
tap_set_errors(struct tap *tp, uint32_t errors)
{
	tp->tp_link.lk_report.hr_errors = errors;
}

static void
end(struct tap *tp, unsigned int reason, const char *text)
{
	tp->tp_ended = true;
	tp->tp_reason = reason;
	strlcpy(tp->tp_text, text, sizeof(tp->tp_text));
}

/* What an answer of the hub means; `fds` are ours. */
static void
take_answer(struct tap *tp, const struct hub_answer *a, int fds[FDPASS_MAX])
{
	switch (a->ha_verdict) {
	case HUB_RING:
		tp->tp_gone = false;
		if (fds[0] == -1 || a->ha_generation ==
		    tp->tp_link.lk_report.hr_generation)
			break;		/* we read that one */
		if (tp->tp_next != -1)
			close(tp->tp_next);
		tp->tp_next = fds[0];
		tp->tp_next_generation = a->ha_generation;
		fds[0] = -1;
		break;
	case HUB_IDLE:
		tp->tp_idle = true;
		break;
	case HUB_GONE:
		tp->tp_gone = true;
		break;
	case HUB_REFUSED:
		end(tp, a->ha_reason, a->ha_text);
		break;
	default:
		break;
	}
	if (fds[0] != -1)
		close(fds[0]);
	if (fds[1] != -1)
		close(fds[1]);
}

static void
report(struct tap *tp)
{
	struct hub_report *r = &tp->tp_link.lk_report;
	uint64_t elapsed = tp->tp_now - tp->tp_reported, bytes;

	if (elapsed < REPORT)
		return;
	bytes = r->hr_counters.ct_media_bytes - tp->tp_rate_bytes;
	r->hr_rate = tp->tp_reported == 0 ? 0 : bytes * 8000 / elapsed;
	r->hr_counters.ct_lag = tap_lag(tp);
	tp->tp_rate_bytes += bytes;
	tp->tp_reported = tp->tp_now;
	link_report(&tp->tp_link, tp->tp_now);
}

/* Hear what the hub has to say, and tell it how we are. */
static void
look(struct tap *tp)
{
	struct hub_answer a;
	int fds[FDPASS_MAX];
	enum link_event event;

	tp->tp_looked = tp->tp_now;
	(void)link_retry(&tp->tp_link, tp->tp_now);
	report(tp);
	while ((event = link_read(&tp->tp_link, tp->tp_now, &a, fds)) !=
	    LINK_NOTHING) {
		if (event == LINK_ANSWER)
			take_answer(tp, &a, fds);
		else {
			end(tp, a.ha_reason, a.ha_text);
			return;
		}
	}
}

/* Where to begin in the ring just attached. Who was there before its publisher
 * reads it from the first record on. */
static void
set_start(struct tap *tp, bool waited)
{
	struct ring_reader *rr = &tp->tp_ring;
	uint64_t join = ring_join(rr), oldest = ring_oldest(rr);

	cursor_start(&tp->tp_cursor);
	if (waited && !ring_lapped(rr, 0, 0))
		return;
	if (tp->tp_from == TAP_OLDEST && oldest != RING_NO_JOIN &&
	    !ring_lapped(rr, oldest, ring_margin(rr->rr_size)))
		cursor_join(&tp->tp_cursor, oldest);
	else if (join != RING_NO_JOIN)
		cursor_join(&tp->tp_cursor, join);
}

static enum tap_event
attach(struct tap *tp)
{
	bool waited = tp->tp_seen || tp->tp_idle;
	const char *why;

	ring_detach(&tp->tp_ring);
	why = ring_attach(&tp->tp_ring, tp->tp_next);
	close(tp->tp_next);
	tp->tp_next = -1;
	if (why != NULL) {
		end(tp, HUB_OK, why);
		return TAP_REFUSED;
	}
	if (tp->tp_next_generation == tp->tp_left)
		cursor_return(&tp->tp_cursor, &tp->tp_ring);
	else
		set_start(tp, waited);
	tp->tp_seen = true;
	tp->tp_idle = false;
	tp->tp_link.lk_report.hr_generation = tp->tp_next_generation;
	counters(tp)->ct_joins++;
	link_report(&tp->tp_link, tp->tp_now);
	return TAP_STARTED;
}

/* Everything of a publisher that has gone was read. */
static enum tap_event
leave(struct tap *tp)
{
	ring_detach(&tp->tp_ring);
	tp->tp_gone = false;
	tp->tp_left = tp->tp_link.lk_report.hr_generation;
	tp->tp_link.lk_report.hr_generation = 0;
	return TAP_GONE;
}

/* Copy the payload out of the ring. False: it was overwritten meanwhile, or
 * there is no memory for it. */
static bool
copy(struct tap *tp, const struct ring_view *rv, struct tap_record *tr)
{
	const struct shm_record *rec = &rv->rv_rec;

	if (rec->rec_length > tp->tp_copy_size || tp->tp_copy == NULL) {
		free(tp->tp_copy);
		tp->tp_copy_size = 2 * (size_t)rec->rec_length + 4096;
		tp->tp_copy = malloc(tp->tp_copy_size);
		if (tp->tp_copy == NULL) {
			end(tp, HUB_NO_MEMORY, strerror(errno));
			return false;
		}
	}
	memcpy(tp->tp_copy, rv->rv_payload, rec->rec_length);
	if (ring_lapped(&tp->tp_ring, rv->rv_pos, 0))
		return false;
	*tr = (struct tap_record){
		.tr_data = tp->tp_copy, .tr_len = rec->rec_length,
		.tr_type = rec->rec_type, .tr_flags = rec->rec_flags,
		.tr_track = rec->rec_track, .tr_arrival = rec->rec_arrival,
	};
	return true;
}

static void
count(struct tap *tp, const struct tap_record *tr)
{
	struct counters *ct = counters(tp);

	if (tr->tr_type == RING_VIDEO)
		ct->ct_video++;
	else if (tr->tr_type == RING_AUDIO)
		ct->ct_audio++;
	else
		ct->ct_data++;
	ct->ct_media_bytes += tr->tr_len;
}

/* When the record at the cursor arrived, or now. */
static uint64_t
arrival(const struct tap *tp)
{
	struct ring_view rv;

	if (tp->tp_ring.rr_ring == NULL || ring_look(&tp->tp_ring,
	    tp->tp_cursor.cu_pos, 0, &rv) != RING_OK)
		return tp->tp_now;
	return rv.rv_rec.rec_arrival;
}

static enum tap_event
lapped(struct tap *tp, struct tap_record *tr)
{
	struct cursor *cu = &tp->tp_cursor;
	uint64_t from = cu->cu_pos, at;

	memset(tr, 0, sizeof(*tr));
	if ((tr->tr_skipped = cursor_jump(cu, &tp->tp_ring)) == 0) {
		cursor_seek(cu, &tp->tp_ring);
		tr->tr_skipped = cu->cu_pos - from;
	}
	at = arrival(tp);
	if (cu->cu_taken && at > cu->cu_arrival)
		tr->tr_skipped_ms = at - cu->cu_arrival;
	counters(tp)->ct_lag_jumps++;
	return TAP_SKIPPED;
}

/* The next record that is wanted; RING_EMPTY: there is none yet. */
static enum ring_result
next_record(struct tap *tp, struct tap_record *tr)
{
	struct cursor *cu = &tp->tp_cursor;
	enum ring_result result;
	struct ring_view rv;

	tp->tp_word = ring_wake_word(&tp->tp_ring);
	while ((result = ring_look(&tp->tp_ring, cu->cu_pos,
	    ring_margin(tp->tp_ring.rr_size), &rv)) == RING_OK) {
		if (!cursor_wants(cu, &rv.rv_rec, true, true)) {
			cu->cu_pos = rv.rv_next;
			continue;
		}
		if (!copy(tp, &rv, tr))
			return tp->tp_ended ? RING_BROKEN : RING_LAPPED;
		cu->cu_pos = rv.rv_next;
		tr->tr_time = cursor_stamp(cu, &rv.rv_rec);
		count(tp, tr);
		ring_page_in(&tp->tp_ring, cu->cu_pos);
		return RING_OK;
	}
	return result;
}

/* Without a hub nobody says that the publisher has gone. */
static bool
forsaken(struct tap *tp)
{
	uint64_t active = tp->tp_ring.rr_ring != NULL ?
	    ring_active(&tp->tp_ring) : 0;

	if (tp->tp_link.lk_fd != -1 ||
	    tp->tp_now < tp->tp_link.lk_lost + NO_HUB ||
	    tp->tp_now < active + NO_HUB || tp->tp_now < tp->tp_silent + NO_HUB)
		return false;
	tp->tp_silent = tp->tp_now;
	return true;
}

/* What is there now; TAP_TIMEOUT: nothing. */
static enum tap_event
step(struct tap *tp, struct tap_record *tr)
{
	if (tp->tp_ring.rr_ring != NULL) {
		switch (next_record(tp, tr)) {
		case RING_OK:
			return TAP_RECORD;
		case RING_LAPPED:
			return lapped(tp, tr);
		case RING_BROKEN:
			if (!tp->tp_ended)
				end(tp, HUB_OK, "the ring is broken");
			return TAP_REFUSED;
		case RING_EMPTY:
			break;
		}
	}
	if (tp->tp_ended)
		return TAP_REFUSED;
	if (tp->tp_next != -1)
		return attach(tp);
	if (tp->tp_gone && tp->tp_ring.rr_ring != NULL)
		return leave(tp);
	if (tp->tp_idle && !tp->tp_seen) {
		tp->tp_seen = true;	/* told once */
		return TAP_WAITING;
	}
	return forsaken(tp) ? TAP_NO_HUB : TAP_TIMEOUT;
}

static void
until_time(struct timespec *ts, uint64_t ms)
{
	ts->tv_sec = (time_t)(ms / 1000);
	ts->tv_nsec = (long)(ms % 1000) * 1000000;
}

/* Sleep until the publisher or the hub wakes us, or `until`. False: a signal. */
static bool
wait_some(struct tap *tp, uint64_t until)
{
	struct pollfd pfd = { .fd = tp->tp_link.lk_fd, .events = POLLIN };
	uint64_t soon = tp->tp_now + LOOK;
	struct timespec ts;
	int error;

	if (until < soon)
		soon = until;
	if (tp->tp_ring.rr_ring == NULL && pfd.fd != -1 && until == FOREVER)
		error = poll(&pfd, 1, -1);
	else if (tp->tp_ring.rr_ring == NULL)
		error = poll(&pfd, 1, (int)(soon - tp->tp_now));
	else {
		until_time(&ts, soon);
		counters(tp)->ct_wakes++;
		error = futex_wait_until(&tp->tp_ring.rr_ring->sr_wake,
		    tp->tp_word, tp->tp_sleepers, &ts);
	}
	return error != -1 || errno != EINTR;
}

/* What is there; a wake that brought nothing was the hub's. */
static enum tap_event
look_and_step(struct tap *tp, struct tap_record *tr)
{
	enum tap_event event;

	if (tp->tp_now >= tp->tp_looked + LOOK)
		look(tp);
	event = step(tp, tr);
	if (event == TAP_TIMEOUT && !tp->tp_fed) {
		look(tp);
		event = step(tp, tr);
	}
	tp->tp_fed |= event == TAP_RECORD;
	return event;
}

enum tap_event
tap_next(struct tap *tp, int timeout, struct tap_record *tr)
{
	enum tap_event event;
	bool woken = true;
	uint64_t until;

	tp->tp_now = clock_ms();
	until = timeout < 0 ? FOREVER : tp->tp_now + (uint64_t)timeout;
	while ((event = look_and_step(tp, tr)) == TAP_TIMEOUT && woken &&
	    tp->tp_now < until) {
		tp->tp_fed = false;
		woken = wait_some(tp, until);
		tp->tp_now = clock_ms();
	}
	return event;
}

uint64_t
tap_lag(const struct tap *tp)
{
	uint64_t at = arrival(tp);

	return at < tp->tp_now ? tp->tp_now - at : 0;
}
