/* SPDX-License-Identifier: ISC */
/*
 * ring.c - one publisher against many subscribers on one ring, as fast as
 * both can. Every record can be computed from the seed and its number, so a
 * reader knows each byte that it must see. It fails on a record that is not
 * whole, on one that is missing where no lap was reported, on a lap reported
 * where there was none, on one not reported, and on a join point that is not
 * ahead or not a record. Each reader and each publisher is one check.
 */
#include "shm/ring.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include <err.h>
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader.h"
#include "script.h"
#include "shm/segment.h"
#include "sys/clock.h"

#define RUN_SECONDS	900		/* a run that takes longer hangs */

static const uint64_t sizes[] = { 64 << 10, 256 << 10, 1 << 20, 8 << 20 };

#define NSIZES	(sizeof(sizes) / sizeof(sizes[0]))

struct options {
	uint64_t	 o_records;
	uint64_t	 o_size;	/* 0: all of sizes[] */
	uint64_t	 o_seed;
	uint32_t	 o_readers;
	int		 o_threads;
};

static void
write_one(struct run *r, uint64_t seq, uint8_t *payload)
{
	const struct script *sc = &r->r_script;
	struct ring_writer *rw = &r->r_writer;
	struct shm_record rec = script_header(sc, seq, clock_ms());
	uint64_t head = rw->rw_head, pos;

	script_fill(sc, &rec, seq, payload);
	pos = ring_write(rw, &rec, payload);
	if (pos != script_place(sc, head, rec.rec_length))
		snprintf(r->r_board->b_why, sizeof(r->r_board->b_why),
		    "record %ju at %ju after %ju", (uintmax_t)seq,
		    (uintmax_t)pos, (uintmax_t)head);
	if (script_joins(sc, seq))
		ring_set_join(rw, pos);
	ring_set_active(rw, rec.rec_arrival);
}

static void
publish(struct run *r)
{
	struct ring_writer *rw = &r->r_writer;
	uint64_t state = mix(r->r_script.sc_seed ^ 1), until = 0, seq;
	uint8_t *payload = malloc(ring_record_max(r->r_script.sc_size));

	if (payload == NULL)
		err(1, "malloc");
	/* pairs with the release in read_ring() */
	while (atomic_load_explicit(&r->r_board->b_ready,
	    memory_order_acquire) < r->r_readers)
		nap(&state, 100, 200);
	for (seq = 0; seq < r->r_records; seq++) {
		write_one(r, seq, payload);
		if (seq < until)
			continue;
		until = seq + 1 + next_random(&state) %
		    (r->r_bursts ? 256 : 64);
		ring_wake(rw, FUTEX_ALL);
		if (r->r_bursts)
			nap(&state, 20, 300);
	}
	r->r_board->b_head = rw->rw_head;
	/* b_head before it; pairs with the acquire load in finished() */
	atomic_store_explicit(&r->r_board->b_done, 1, memory_order_release);
	ring_wake(rw, FUTEX_ALL);
	free(payload);
}

static void *
publisher_thread(void *run)
{
	publish(run);
	return NULL;
}

static void *
reader_thread(void *rd)
{
	read_ring(rd);
	return NULL;
}

static void
run_threads(struct run *r, struct reader *rd)
{
	pthread_t thread[READERS_MAX + 1];
	uint32_t i;

	(void)alarm(RUN_SECONDS);
	for (i = 0; i < r->r_readers; i++)
		if (pthread_create(&thread[i], NULL, reader_thread, &rd[i]))
			errx(1, "cannot make a thread");
	if (pthread_create(&thread[i], NULL, publisher_thread, r))
		errx(1, "cannot make a thread");
	for (i = 0; i <= r->r_readers; i++)
		(void)pthread_join(thread[i], NULL);
}

static pid_t
spawn(struct run *r, struct reader *rd)
{
	pid_t pid = fork();

	if (pid == -1)
		err(1, "fork");
	if (pid != 0)
		return pid;
	(void)alarm(RUN_SECONDS);
	if (rd != NULL)
		read_ring(rd);
	else
		publish(r);
	_exit(0);
}

static void
reap(pid_t pid, char *why, size_t size)
{
	int status;

	if (waitpid(pid, &status, 0) == -1)
		err(1, "waitpid");
	if (status != 0 && *why == '\0')
		snprintf(why, size, "its process ended with status %#x",
		    (unsigned)status);
}

static void
run_processes(struct run *r, struct reader *rd)
{
	struct board *b = r->r_board;
	pid_t pid[READERS_MAX], publisher;
	uint32_t i;

	for (i = 0; i < r->r_readers; i++)
		pid[i] = spawn(r, &rd[i]);
	publisher = spawn(r, NULL);
	for (i = 0; i < r->r_readers; i++)
		reap(pid[i], b->b_tally[i].t_why, sizeof(b->b_tally[i].t_why));
	reap(publisher, b->b_why, sizeof(b->b_why));
}

static int
report(const struct run *r, const struct reader *rd)
{
	const struct tally *t = rd->rd_tally;

	printf("%4juK %-5s %-14s seen %7ju missed %7ju laps %6ju in-use %5ju "
	    "torn %5ju sleeps %6ju timer %3ju %s%s\n",
	    (uintmax_t)(r->r_script.sc_size >> 10),
	    r->r_bursts ? "burst" : "full", rd->rd_kind->k_name,
	    (uintmax_t)t->t_seen, (uintmax_t)t->t_missed,
	    (uintmax_t)t->t_laps, (uintmax_t)t->t_in_use,
	    (uintmax_t)t->t_torn, (uintmax_t)t->t_sleeps,
	    (uintmax_t)t->t_timer, t->t_why[0] == '\0' ? "ok" : "FAILED: ",
	    t->t_why);
	return t->t_why[0] != '\0';
}

/* How many of the readers and the publisher failed. */
static uint32_t
run(struct run *r)
{
	struct reader rd[READERS_MAX] = { 0 };
	uint64_t size = r->r_script.sc_size;
	uint32_t i, failed;

	if (segment_create(RING_HEADER + size, &r->r_rw, &r->r_ro) == -1 ||
	    ring_create(&r->r_writer, r->r_rw, size, 1) == -1)
		err(1, "ring of %ju bytes", (uintmax_t)size);
	r->r_board = mmap(NULL, sizeof(*r->r_board), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (r->r_board == MAP_FAILED)
		err(1, "mmap");
	for (i = 0; i < r->r_readers; i++) {
		rd[i].rd_run = r;
		rd[i].rd_kind = &kinds[i % NKINDS];
		rd[i].rd_tally = &r->r_board->b_tally[i];
	}
	if (r->r_threads)
		run_threads(r, rd);
	else
		run_processes(r, rd);
	for (failed = i = 0; i < r->r_readers; i++)
		failed += report(r, &rd[i]);
	if (r->r_board->b_why[0] != '\0')
		printf("publisher FAILED: %s\n", r->r_board->b_why);
	failed += r->r_board->b_why[0] != '\0';
	munmap(r->r_board, sizeof(*r->r_board));
	ring_destroy(&r->r_writer);
	close(r->r_rw);
	close(r->r_ro);
	return failed;
}

/* At full speed with three quarters of the records, in bursts with the rest. */
static uint32_t
run_both(const struct options *o, uint64_t size, uint64_t records)
{
	struct run r = {
		.r_script = { size, o->o_seed }, .r_records = records * 3 / 4,
		.r_readers = o->o_readers, .r_threads = o->o_threads,
	};
	uint32_t failed = run(&r);

	r.r_bursts = 1;
	r.r_records = records - r.r_records;
	return failed + run(&r);
}

static void
usage(FILE *to, int status)
{
	fputs("usage: ring [-t] [-n records] [-r readers] [-S seed] "
	    "[-s bytes]\n"
	    "  -n, --records=N  records in all, shared out among the runs "
	    "(10000000)\n"
	    "  -r, --readers=N  subscribers of each run (8)\n"
	    "  -S, --seed=N     of the records and the pauses (the clock)\n"
	    "  -s, --size=N     only rings of this size, a power of two "
	    "(64K to 8M)\n"
	    "  -t, --threads    threads on one mapping in place of "
	    "processes\n"
	    "Prints a line for each reader, then \"N passed, N failed\"; "
	    "exits 1 if any failed.\n", to);
	exit(status);
}

static uint64_t
number(const char *text, long long least, long long most)
{
	const char *wrong;
	long long n = strtonum(text, least, most, &wrong);

	if (wrong != NULL)
		errx(64, "%s is %s", text, wrong);
	return (uint64_t)n;
}

static void
parse_options(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "records", required_argument, NULL, 'n' },
		{ "readers", required_argument, NULL, 'r' },
		{ "seed", required_argument, NULL, 'S' },
		{ "size", required_argument, NULL, 's' },
		{ "threads", no_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "hn:r:S:s:t", longs, NULL)) != -1) {
		switch (c) {
		case 'h':
			usage(stdout, 0);
			break;
		case 'n':
			o->o_records = number(optarg, 100, INT64_MAX / 16);
			break;
		case 'r':
			o->o_readers = (uint32_t)number(optarg, 1, READERS_MAX);
			break;
		case 'S':
			o->o_seed = number(optarg, 0, INT64_MAX);
			break;
		case 's':
			o->o_size = number(optarg, RING_SIZE_MIN,
			    RING_SIZE_MAX);
			break;
		case 't':
			o->o_threads = 1;
			break;
		default:
			usage(stderr, 64);
		}
	}
	if (optind != argc || (o->o_size & (o->o_size - 1)) != 0)
		usage(stderr, 64);
}

int
main(int argc, char **argv)
{
	struct options o = {
		.o_records = 10000000, .o_readers = 8, .o_seed = clock_ms(),
	};
	uint32_t failed = 0, checks;
	size_t i, n;

	parse_options(&o, argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("seed %ju\n", (uintmax_t)o.o_seed);
	fflush(stdout);
	n = o.o_size != 0 ? 1 : NSIZES;
	for (i = 0; i < n; i++)
		failed += run_both(&o, o.o_size != 0 ? o.o_size : sizes[i],
		    o.o_records / n);
	checks = (uint32_t)n * 2 * (o.o_readers + 1);
	printf("%u passed, %u failed\n", checks - failed, failed);
	return failed != 0;
}
