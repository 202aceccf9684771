/* SPDX-License-Identifier: ISC */
/*
 * test_registry.c - the registry: entries go in and come out whole, one that
 * is being written is reported and not waited for, and an object whose tables
 * do not fit in it is refused.
 */
#include "shm/registry.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shm/segment.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

#define NSTREAMS	5
#define NSESSIONS	9

TestSuite(registry, .timeout = 10);

struct both {
	struct registry		 b_hub;
	struct registry_view	 b_view;
	int			 b_rw, b_ro;
};

static void
both_open(struct both *b)
{
	const char *why;

	cr_assert_eq(segment_create(registry_size(NSTREAMS, NSESSIONS),
	    &b->b_rw, &b->b_ro), 0);
	cr_assert_eq(registry_create(&b->b_hub, b->b_rw, NSTREAMS, NSESSIONS,
	    42), 0);
	why = registry_attach(&b->b_view, b->b_ro);
	cr_assert_null(why, "%s", why);
}

static void
both_close(struct both *b)
{
	registry_detach(&b->b_view);
	munmap(b->b_hub.rg_head, b->b_hub.rg_bytes);
	close(b->b_rw);
	close(b->b_ro);
}

Test(registry, its_header_says_what_it_is)
{
	const struct shm_registry *h;
	struct both b;

	both_open(&b);
	h = b.b_view.rv_head;
	cr_assert_eq(h->rg_generation, 42);
	cr_assert_eq(h->rg_pid, (uint32_t)getpid());
	cr_assert_leq(h->rg_started, (uint64_t)time(NULL));
	cr_assert_gt(h->rg_started, (uint64_t)time(NULL) - 10);
	cr_assert_eq(b.b_view.rv_streams.rt_n, NSTREAMS);
	cr_assert_eq(b.b_view.rv_sessions.rt_n, NSESSIONS);
	both_close(&b);
}

Test(registry, entries_come_out_as_they_went_in_and_touch_no_other)
{
	struct stream_body sb, got, zero = { 0 };
	struct session_body eb, egot, ezero = { 0 };
	struct both b;
	uint32_t i;

	both_open(&b);
	memset(&sb, 0x61, sizeof(sb));
	sb.sb_name[REGISTRY_NAME - 1] = '\0';
	sb.sb_peer[REGISTRY_TEXT - 1] = sb.sb_program[REGISTRY_TEXT - 1] = '\0';
	for (i = 0; i < REGISTRY_TRACKS; i++)
		sb.sb_track[i].tk_profile[31] = '\0';
	memset(&eb, 0x62, sizeof(eb));
	eb.eb_name[REGISTRY_NAME - 1] = '\0';
	eb.eb_peer[REGISTRY_TEXT - 1] = eb.eb_program[REGISTRY_TEXT - 1] = '\0';
	registry_put_stream(&b.b_hub, 3, &sb);
	registry_put_session(&b.b_hub, 8, &eb);
	for (i = 0; i < NSTREAMS; i++) {
		cr_assert(registry_get_stream(&b.b_view, i, &got));
		cr_assert_eq(memcmp(&got, i == 3 ? &sb : &zero, sizeof(got)),
		    0, "stream %u", i);
	}
	for (i = 0; i < NSESSIONS; i++) {
		cr_assert(registry_get_session(&b.b_view, i, &egot));
		cr_assert_eq(memcmp(&egot, i == 8 ? &eb : &ezero,
		    sizeof(egot)), 0, "session %u", i);
	}
	both_close(&b);
}

Test(registry, a_slot_that_does_not_exist_is_none)
{
	struct session_body eb;
	struct stream_body sb;
	struct both b;

	both_open(&b);
	cr_assert_not(registry_get_stream(&b.b_view, NSTREAMS, &sb));
	cr_assert_not(registry_get_stream(&b.b_view, UINT32_MAX, &sb));
	cr_assert_not(registry_get_session(&b.b_view, NSESSIONS, &eb));
	cr_assert_not(registry_get_session(&b.b_view, UINT32_MAX, &eb));
	cr_assert_eq(registry_subscribers(&b.b_view, NSTREAMS), 0);
	cr_assert_eq(registry_subscribers(&b.b_view, UINT32_MAX), 0);
	both_close(&b);
}

Test(registry, strings_that_never_end_are_ended)
{
	struct session_body eb;
	struct stream_body sb;
	struct both b;
	int i;

	both_open(&b);
	memset(&sb, 'x', sizeof(sb));
	memset(&eb, 'x', sizeof(eb));
	registry_put_stream(&b.b_hub, 0, &sb);
	registry_put_session(&b.b_hub, 0, &eb);
	cr_assert(registry_get_stream(&b.b_view, 0, &sb));
	cr_assert(registry_get_session(&b.b_view, 0, &eb));
	cr_assert_eq(strnlen(sb.sb_name, REGISTRY_NAME), REGISTRY_NAME - 1);
	cr_assert_eq(strnlen(sb.sb_peer, REGISTRY_TEXT), REGISTRY_TEXT - 1);
	cr_assert_eq(strnlen(sb.sb_program, REGISTRY_TEXT), REGISTRY_TEXT - 1);
	for (i = 0; i < REGISTRY_TRACKS; i++)
		cr_assert_eq(strnlen(sb.sb_track[i].tk_profile, 32), 31);
	cr_assert_eq(strnlen(eb.eb_name, REGISTRY_NAME), REGISTRY_NAME - 1);
	cr_assert_eq(strnlen(eb.eb_peer, REGISTRY_TEXT), REGISTRY_TEXT - 1);
	cr_assert_eq(strnlen(eb.eb_program, REGISTRY_TEXT), REGISTRY_TEXT - 1);
	both_close(&b);
}

Test(registry, an_entry_in_flux_for_ever_is_reported_not_awaited)
{
	struct session_body eb;
	struct stream_body sb;
	struct both b;

	both_open(&b);
	atomic_store(&b.b_hub.rg_stream[1].st_seq, 5);
	atomic_store(&b.b_hub.rg_session[1].se_seq, UINT32_MAX);
	cr_assert_not(registry_get_stream(&b.b_view, 1, &sb));
	cr_assert_not(registry_get_session(&b.b_view, 1, &eb));
	cr_assert(registry_get_stream(&b.b_view, 0, &sb));
	cr_assert(registry_get_session(&b.b_view, 0, &eb));
	both_close(&b);
}

Test(registry, the_sequence_count_may_wrap)
{
	struct stream_body sb = { .sb_pid = 4711 };
	struct both b;

	both_open(&b);
	atomic_store(&b.b_hub.rg_stream[0].st_seq, UINT32_MAX - 1);
	registry_put_stream(&b.b_hub, 0, &sb);
	cr_assert_eq(atomic_load(&b.b_hub.rg_stream[0].st_seq), 0);
	memset(&sb, 0, sizeof(sb));
	cr_assert(registry_get_stream(&b.b_view, 0, &sb));
	cr_assert_eq(sb.sb_pid, 4711);
	both_close(&b);
}

Test(registry, subscribers_and_totals_are_kept_beside_the_entries)
{
	struct both b;

	both_open(&b);
	registry_set_subscribers(&b.b_hub, 4, 500);
	cr_assert_eq(registry_subscribers(&b.b_view, 4), 500);
	cr_assert_eq(registry_subscribers(&b.b_view, 3), 0);
	registry_add(&b.b_hub.rg_head->rg_ring_bytes, 1000);
	registry_add(&b.b_hub.rg_head->rg_ring_bytes, (uint64_t)-400);
	cr_assert_eq(atomic_load(&b.b_view.rv_head->rg_ring_bytes), 600);
	cr_assert_eq(registry_hold(&b.b_view), 0);
	registry_set_hold(&b.b_hub, 55);
	cr_assert_eq(registry_hold(&b.b_view), 55);
	registry_set_hold(&b.b_hub, UINT32_MAX);
	cr_assert_eq(registry_hold(&b.b_view), REGISTRY_HOLD_MAX);
	both_close(&b);
}

static void
write_for_ever(struct registry *hub)
{
	struct stream_body sb;
	uint8_t byte;

	for (byte = 0;; byte++) {
		memset(&sb, byte, sizeof(sb));
		registry_put_stream(hub, 0, &sb);
	}
}

Test(registry, an_entry_read_while_written_is_never_a_mixture)
{
	struct stream_body sb;
	int i, whole = 0, flux = 0;
	struct both b;
	pid_t pid;
	size_t k;

	both_open(&b);
	pid = fork();
	cr_assert_neq(pid, -1);
	if (pid == 0)
		write_for_ever(&b.b_hub);
	for (i = 0; i < 100000; i++) {
		if (!registry_get_stream(&b.b_view, 0, &sb)) {
			flux++;
			continue;
		}
		whole++;
		for (k = 1; k < offsetof(struct stream_body, sb_name); k++)
			if (((uint8_t *)&sb)[k] != ((uint8_t *)&sb)[0])
				break;
		if (k != offsetof(struct stream_body, sb_name))
			break;
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	cr_assert_eq(i, 100000, "a mixture after %d whole ones", whole);
	cr_assert_gt(whole, 0, "%d in flux", flux);
	both_close(&b);
}

/* Counts whose sizes are nothing, or little, modulo 2^32. */
struct tables {
	uint32_t	 streams;
	uint32_t	 sessions;
	uint64_t	 bytes;
};

ParameterizedTestParameters(registry, sizes_do_not_overflow)
{
	static struct tables v[] = {
		{ 0, 0, 512 },
		{ 1, 1, 512 + 928 + 440 },
		{ 1024, 4096, 512 + 1024 * 928 + 4096 * 440 },
		{ 1 << 27, 0, 512 + (UINT64_C(928) << 27) },
		{ 0, 1 << 29, 512 + (UINT64_C(440) << 29) },
		{ 4628198, 0, 512 + UINT64_C(928) * 4628198 },
		{ UINT32_MAX, UINT32_MAX, 512 + UINT64_C(1368) * UINT32_MAX },
	};

	return cr_make_param_array(struct tables, v, N(v));
}

ParameterizedTest(struct tables *v, registry, sizes_do_not_overflow)
{
	uint64_t want = v->bytes < SIZE_MAX ? v->bytes : SIZE_MAX;

	cr_assert_eq(registry_size(v->streams, v->sessions), want);
}

/* What a registry's header may say; the file is registry_size(1, 1) + more. */
struct head {
	uint32_t	 magic;
	uint32_t	 format;
	uint32_t	 streams;
	uint32_t	 sessions;
	uint32_t	 stream_size;
	uint32_t	 session_size;
	int		 more;
	int		 accepted;
};

#define FORMAT	((uint32_t)REGISTRY_FORMAT)

ParameterizedTestParameters(registry, only_a_registry_is_attached)
{
	static struct head v[] = {
		{ REGISTRY_MAGIC, FORMAT, 1, 1, 928, 440, 0, 1 },
		{ REGISTRY_MAGIC, FORMAT, 0, 0, 928, 440, 0, 1 },
		{ REGISTRY_MAGIC, FORMAT, 1, 1, 928, 440, 1, 1 },
		{ REGISTRY_MAGIC, FORMAT, 1, 1, 928, 440, -1, 0 },
		{ 0, FORMAT, 1, 1, 928, 440, 0, 0 },
		{ REGISTRY_MAGIC ^ 1, FORMAT, 1, 1, 928, 440, 0, 0 },
		{ REGISTRY_MAGIC, FORMAT + 0x10000, 1, 1, 928, 440, 0, 0 },
		{ REGISTRY_MAGIC, FORMAT - 8, 1, 1, 928, 440, 0, 0 },
		{ REGISTRY_MAGIC, FORMAT + 4, 1, 1, 928, 440, 8, 0 },
		{ REGISTRY_MAGIC, FORMAT + 8, 1, 1, 928, 440, 0, 0 },
		{ REGISTRY_MAGIC, FORMAT + 8, 1, 1, 928, 440, 8, 1 },
		{ REGISTRY_MAGIC, 0, 1, 1, 928, 440, 0, 0 },
		{ REGISTRY_MAGIC, FORMAT, 1, 1, 920, 440, 0, 0 },
		{ REGISTRY_MAGIC, FORMAT, 1, 1, 0, 440, 0, 0 },
		{ REGISTRY_MAGIC, FORMAT, 1, 1, 932, 440, 8, 0 },
		{ REGISTRY_MAGIC, FORMAT, 1, 1, 936, 440, 8, 1 },
		{ REGISTRY_MAGIC, FORMAT, 1, 1, 65536, 440, 65536, 0 },
		{ REGISTRY_MAGIC, FORMAT, 1, 1, 928, 448, 0, 0 },
		{ REGISTRY_MAGIC, FORMAT, 1, 1, 928, 448, 8, 1 },
		{ REGISTRY_MAGIC, FORMAT, 1, 1, 928, 0, 0, 0 },
		{ REGISTRY_MAGIC, FORMAT, 2, 1, 928, 440, 0, 0 },
		{ REGISTRY_MAGIC, FORMAT, 1, 2, 928, 440, 0, 0 },
		{ REGISTRY_MAGIC, FORMAT, 1 << 27, 1, 928, 440, 0, 0 },
		{ REGISTRY_MAGIC, FORMAT, 1, 1 << 29, 928, 440, 0, 0 },
		{ REGISTRY_MAGIC, FORMAT, UINT32_MAX, UINT32_MAX, 928, 440,
		    0, 0 },
	};

	return cr_make_param_array(struct head, v, N(v));
}

ParameterizedTest(struct head *v, registry, only_a_registry_is_attached)
{
	struct shm_registry h = {
		.rg_format = v->format, .rg_nstreams = v->streams,
		.rg_nsessions = v->sessions, .rg_stream_size = v->stream_size,
		.rg_session_size = v->session_size,
	};
	int fd = memfd_create("registry", MFD_CLOEXEC);
	struct registry_view rv;
	const char *why;

	atomic_store(&h.rg_magic, v->magic);
	cr_assert_neq(fd, -1);
	cr_assert_eq(ftruncate(fd, (off_t)registry_size(1, 1) + v->more), 0);
	cr_assert_eq(pwrite(fd, &h, sizeof(h), 0), sizeof(h));
	why = registry_attach(&rv, fd);
	cr_assert_eq(why == NULL, v->accepted, "%u and %u: %s", v->streams,
	    v->sessions, why);
	registry_detach(&rv);
	close(fd);
}

Test(registry, a_file_without_room_for_the_header_is_refused)
{
	int fd = memfd_create("registry", MFD_CLOEXEC);
	struct registry_view rv;

	cr_assert_not_null(registry_attach(&rv, fd));
	cr_assert_eq(ftruncate(fd, 511), 0);
	cr_assert_not_null(registry_attach(&rv, fd));
	close(fd);
	cr_assert_not_null(registry_attach(&rv, fd));
	registry_detach(&rv);
}

Test(registry, a_table_count_changed_after_attach_changes_nothing)
{
	struct stream_body sb;
	struct both b;

	both_open(&b);
	b.b_hub.rg_head->rg_nstreams = UINT32_MAX;
	cr_assert_not(registry_get_stream(&b.b_view, NSTREAMS, &sb));
	both_close(&b);
}
