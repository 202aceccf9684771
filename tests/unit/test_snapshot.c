/* SPDX-License-Identifier: ISC */
/*
 * test_snapshot.c - a snapshot holds what the registry says, follows the link
 * to the next hub's, tells a dead hub from a living one, and believes nobody
 * else's.
 */
#include "view/snapshot.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>

#include "view_registry.h"

TestSuite(snapshot, .timeout = 10);

struct scene {
	char			 sc_base[32];
	struct view_hub		 sc_hub;
	struct snapshot_source	*sc_source;
	struct snapshot		 sc_now;
};

static void
scene_open(struct scene *sc)
{
	view_enter(sc->sc_base);
	view_start(&sc->sc_hub, 1);
	cr_assert_not_null(sc->sc_source = snapshot_open());
}

static void
scene_close(struct scene *sc)
{
	snapshot_close(sc->sc_source);
	view_stop(&sc->sc_hub);
	view_leave(sc->sc_base);
}

static void
take(struct scene *sc)
{
	const char *why = snapshot_take(sc->sc_source, &sc->sc_now);

	cr_assert_null(why, "%s", why);
}

Test(snapshot, an_empty_registry_has_a_head_alone)
{
	struct scene sc;

	scene_open(&sc);
	take(&sc);
	cr_assert_eq(sc.sc_now.sn_hub, (uint32_t)getpid());
	cr_assert(sc.sc_now.sn_hub_alive);
	cr_assert_eq(sc.sc_now.sn_generation, 1);
	cr_assert_eq(sc.sc_now.sn_nstreams, 0);
	cr_assert_eq(sc.sc_now.sn_nsessions, 0);
	cr_assert_eq(sc.sc_now.sn_in_flux, 0);
	cr_assert_geq(sc.sc_now.sn_now, sc.sc_now.sn_started);
	cr_assert_null(snapshot_stream(&sc.sc_now, "live/x"));
	snapshot_free(&sc.sc_now);
	scene_close(&sc);
}

Test(snapshot, entries_come_sorted_and_all_of_them)
{
	struct scene sc;
	char name[16];
	uint32_t i;

	scene_open(&sc);
	for (i = 0; i < VIEW_STREAMS; i++) {
		snprintf(name, sizeof(name), "live/%03u", VIEW_STREAMS - i);
		view_stream(&sc.sc_hub, i, name, STREAM_LIVE);
	}
	for (i = 0; i < VIEW_SESSIONS; i++)
		view_session(&sc.sc_hub, i, 1000 - i / 2, (uint16_t)(i % 2),
		    ROLE_NONE, "");
	take(&sc);
	cr_assert_eq(sc.sc_now.sn_nstreams, VIEW_STREAMS);
	cr_assert_eq(sc.sc_now.sn_nsessions, VIEW_SESSIONS);
	cr_assert_str_eq(sc.sc_now.sn_stream[0].ss_body.sb_name, "live/001");
	for (i = 1; i < VIEW_STREAMS; i++)
		cr_assert_lt(strcmp(sc.sc_now.sn_stream[i - 1].ss_body.sb_name,
		    sc.sc_now.sn_stream[i].ss_body.sb_name), 0);
	for (i = 0; i < VIEW_SESSIONS; i++) {
		cr_assert_eq(sc.sc_now.sn_session[i].eb_slot, i % 2);
		cr_assert_eq(sc.sc_now.sn_session[i].eb_pid,
		    1001 - VIEW_SESSIONS / 2 + i / 2);
	}
	snapshot_free(&sc.sc_now);
	scene_close(&sc);
}

Test(snapshot, what_goes_out_is_the_sum_of_the_subscribers)
{
	struct snapshot_stream *ss;
	struct scene sc;

	scene_open(&sc);
	view_stream(&sc.sc_hub, 4, "live/x", STREAM_LIVE);
	view_stream(&sc.sc_hub, 7, "live/y", STREAM_WAITING);
	registry_set_subscribers(&sc.sc_hub.vh_registry, 4, 2);
	view_session(&sc.sc_hub, 0, 10, 0, ROLE_PUBLISH, "live/x");
	view_session(&sc.sc_hub, 1, 11, 0, ROLE_PLAY, "live/x");
	view_session(&sc.sc_hub, 2, 12, 3, ROLE_PLAY, "live/x");
	view_session(&sc.sc_hub, 3, 13, 0, ROLE_RECORD, "live/x");
	view_session(&sc.sc_hub, 4, 14, 0, ROLE_PLAY, "live/gone");
	take(&sc);
	cr_assert_not_null(ss = snapshot_stream(&sc.sc_now, "live/x"));
	cr_assert_eq(ss->ss_rate_out, 23000);
	cr_assert_eq(ss->ss_subscribers, 2);
	cr_assert_not_null(ss = snapshot_stream(&sc.sc_now, "live/y"));
	cr_assert_eq(ss->ss_rate_out, 0);
	snapshot_free(&sc.sc_now);
	scene_close(&sc);
}

Test(snapshot, totals_are_copied)
{
	struct shm_registry *h;
	struct scene sc;

	scene_open(&sc);
	h = sc.sc_hub.vh_registry.rg_head;
	registry_add(&h->rg_totals.to_connections, 3);
	registry_add(&h->rg_totals.to_recording_errors, 5);
	registry_add(&h->rg_histograms.hg_first_frame.hi_sum, 7);
	registry_set_hold(&sc.sc_hub.vh_registry, 40);
	h->rg_restarts = 9;
	h->rg_ring_bytes = 11;
	take(&sc);
	cr_assert_eq(sc.sc_now.sn_totals.to_connections, 3);
	cr_assert_eq(sc.sc_now.sn_totals.to_recording_errors, 5);
	cr_assert_eq(sc.sc_now.sn_histograms.hg_first_frame.hi_sum, 7);
	cr_assert_eq(sc.sc_now.sn_hold, 40);
	cr_assert_eq(sc.sc_now.sn_restarts, 9);
	cr_assert_eq(sc.sc_now.sn_ring_bytes, 11);
	scene_close(&sc);
}

Test(snapshot, an_entry_being_written_is_counted_and_left_out)
{
	struct scene sc;

	scene_open(&sc);
	view_stream(&sc.sc_hub, 0, "live/x", STREAM_LIVE);
	view_stream(&sc.sc_hub, 1, "live/y", STREAM_LIVE);
	view_session(&sc.sc_hub, 0, 10, 0, ROLE_PLAY, "live/y");
	sc.sc_hub.vh_registry.rg_stream[1].st_seq++;
	sc.sc_hub.vh_registry.rg_session[0].se_seq++;
	take(&sc);
	cr_assert_eq(sc.sc_now.sn_in_flux, 2);
	cr_assert_eq(sc.sc_now.sn_nstreams, 1);
	cr_assert_eq(sc.sc_now.sn_nsessions, 0);
	snapshot_free(&sc.sc_now);
	scene_close(&sc);
}

Test(snapshot, the_next_hub_is_followed)
{
	struct view_hub next;
	struct scene sc;

	scene_open(&sc);
	view_stream(&sc.sc_hub, 0, "live/x", STREAM_LIVE);
	take(&sc);
	snapshot_free(&sc.sc_now);
	view_start(&next, 2);
	view_stream(&next, 0, "live/y", STREAM_LIVE);
	take(&sc);
	cr_assert_eq(sc.sc_now.sn_generation, 2);
	cr_assert_str_eq(sc.sc_now.sn_stream[0].ss_body.sb_name, "live/y");
	snapshot_free(&sc.sc_now);
	view_stop(&next);
	scene_close(&sc);
}

Test(snapshot, without_a_hub_there_is_none)
{
	struct scene sc;

	scene_open(&sc);
	take(&sc);
	cr_assert_eq(unlink(RUNDIR_REGISTRY), 0);
	cr_assert_str_eq(snapshot_take(sc.sc_source, &sc.sc_now),
	    "no rtmpd runs here");
	cr_assert_eq(errno, ENOENT);
	/* a link that leads nowhere */
	view_link(&sc.sc_hub);
	view_stop(&sc.sc_hub);
	snapshot_close(sc.sc_source);
	cr_assert_not_null(sc.sc_source = snapshot_open());
	cr_assert_str_eq(snapshot_take(sc.sc_source, &sc.sc_now),
	    "no rtmpd runs here");
	snapshot_close(sc.sc_source);
	view_leave(sc.sc_base);
}

Test(snapshot, what_is_no_registry_is_refused)
{
	struct scene sc;
	const char *why;

	scene_open(&sc);
	sc.sc_hub.vh_registry.rg_head->rg_magic = 1;
	why = snapshot_take(sc.sc_source, &sc.sc_now);
	cr_assert_str_eq(why, "no registry: wrong magic");
	cr_assert_eq(errno, EPROTO);
	scene_close(&sc);
}

Test(snapshot, a_link_to_something_else_blocks_nobody)
{
	struct scene sc;

	scene_open(&sc);
	cr_assert_eq(unlink(RUNDIR_REGISTRY), 0);
	cr_assert_eq(mkfifo(RUNDIR_REGISTRY ".fifo", 0600), 0);
	cr_assert_eq(symlink(RUNDIR_REGISTRY ".fifo", RUNDIR_REGISTRY), 0);
	cr_assert_not_null(snapshot_take(sc.sc_source, &sc.sc_now));
	cr_assert_eq(unlink(RUNDIR_REGISTRY ".fifo"), 0);
	scene_close(&sc);
}

Test(snapshot, a_session_is_found_by_process_and_slot)
{
	const struct session_body *eb;
	struct scene sc;

	scene_open(&sc);
	view_session(&sc.sc_hub, 3, 7, 0, ROLE_PLAY, "live/x");
	view_session(&sc.sc_hub, 1, 7, 2, ROLE_PLAY, "live/y");
	cr_assert_null(snapshot_once(&sc.sc_now));
	cr_assert_not_null(eb = snapshot_session(&sc.sc_now, 7, 2));
	cr_assert_str_eq(eb->eb_name, "live/y");
	cr_assert_null(snapshot_session(&sc.sc_now, 7, 1));
	cr_assert_null(snapshot_session(&sc.sc_now, 8, 0));
	snapshot_free(&sc.sc_now);
	cr_assert_null(snapshot_session(&sc.sc_now, 7, 2));
	scene_close(&sc);
}

Test(snapshot, of_a_relay_that_is_starting_none_is_waited_for)
{
	uint64_t began;
	struct scene sc;
	int fd;

	scene_open(&sc);
	cr_assert_eq(unlink(RUNDIR_REGISTRY), 0);
	cr_assert_geq(fd = open(RUNDIR_RTMPD, O_WRONLY | O_CREAT, 0600), 0);
	began = clock_ms();
	cr_assert_not_null(snapshot_once(&sc.sc_now));
	cr_assert_eq(errno, ENOENT);
	cr_assert_lt(clock_ms() - began, 500);
	cr_assert_eq(sc.sc_now.sn_nsessions, 0);
	cr_assert_eq(close(fd), 0);
	cr_assert_eq(unlink(RUNDIR_RTMPD), 0);
	scene_close(&sc);
}

Test(snapshot, the_registry_of_another_user_is_refused)
{
	char path[96];
	struct scene sc;

	if (geteuid() != 0)
		cr_skip_test("only root can give a file away");
	scene_open(&sc);
	snprintf(path, sizeof(path), "/dev/shm%s", sc.sc_hub.vh_name);
	cr_assert_eq(chown(path, 65534, 65534), 0);
	cr_assert_str_eq(snapshot_take(sc.sc_source, &sc.sc_now),
	    "the registry belongs to another user");
	cr_assert_eq(errno, EPERM);
	/* unless it is the one whose run directory it is */
	cr_assert_eq(chown(sc.sc_base, 65534, 65534), 0);
	take(&sc);
	scene_close(&sc);
}

Test(snapshot, who_may_not_read_it_is_told)
{
	struct scene sc;

	if (geteuid() != 0)
		cr_skip_test("only root can become another");
	scene_open(&sc);
	cr_assert_eq(chmod(sc.sc_base, 0755), 0);
	cr_assert_eq(seteuid(65534), 0);
	cr_assert_str_eq(snapshot_take(sc.sc_source, &sc.sc_now),
	    "the registry is not for this user");
	cr_assert_eq(errno, EACCES);
	cr_assert_eq(seteuid(0), 0);
	scene_close(&sc);
}

Test(snapshot, a_hub_that_died_or_says_nothing_is_noticed)
{
	struct shm_registry *h;
	struct scene sc;
	pid_t pid;

	scene_open(&sc);
	h = sc.sc_hub.vh_registry.rg_head;
	registry_touch(&sc.sc_hub.vh_registry, clock_ms() - 60000);
	take(&sc);
	cr_assert_geq(sc.sc_now.sn_age, 60000);
	/* an idle one has nothing to say */
	cr_assert_not(snapshot_stale(&sc.sc_now));
	view_session(&sc.sc_hub, 0, 10, 0, ROLE_PLAY, "live/y");
	take(&sc);
	cr_assert(snapshot_stale(&sc.sc_now));
	snapshot_free(&sc.sc_now);
	registry_touch(&sc.sc_hub.vh_registry, clock_ms());
	take(&sc);
	cr_assert_not(snapshot_stale(&sc.sc_now));
	snapshot_free(&sc.sc_now);
	if ((pid = fork()) == 0)
		_exit(0);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	h->rg_pid = (uint32_t)pid;
	take(&sc);
	cr_assert_not(sc.sc_now.sn_hub_alive);
	cr_assert(snapshot_stale(&sc.sc_now));
	snapshot_free(&sc.sc_now);
	h->rg_pid = 0;
	take(&sc);
	cr_assert_not(sc.sc_now.sn_hub_alive);
	snapshot_free(&sc.sc_now);
	scene_close(&sc);
}
