/* SPDX-License-Identifier: ISC */
/*
 * view_registry.h - a registry as a hub makes it, in a run directory of the
 * test's own, which the test is in.
 */
#ifndef TEST_VIEW_REGISTRY_H
#define TEST_VIEW_REGISTRY_H

#include "shm/registry.h"

#include <sys/mman.h>

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/rundir.h"

#define VIEW_STREAMS	200
#define VIEW_SESSIONS	300

struct view_hub {
	struct registry	 vh_registry;
	char		 vh_name[64];	/* of the object */
};

static inline void
view_enter(char base[32])
{
	strcpy(base, "/tmp/test_view.XXXXXX");
	cr_assert_not_null(mkdtemp(base));
	cr_assert_eq(chdir(base), 0);
}

static inline void
view_leave(const char *base)
{
	(void)unlink(RUNDIR_REGISTRY);
	cr_assert_eq(chdir("/"), 0);
	cr_assert_eq(rmdir(base), 0);
}

/* Let the link point to the object. */
static inline void
view_link(const struct view_hub *vh)
{
	char target[96];

	snprintf(target, sizeof(target), "/dev/shm%s", vh->vh_name);
	cr_assert_eq(symlink(target, "new"), 0);
	cr_assert_eq(rename("new", RUNDIR_REGISTRY), 0);
}

static inline void
view_start(struct view_hub *vh, uint64_t generation)
{
	size_t bytes = registry_size(VIEW_STREAMS, VIEW_SESSIONS);
	int fd;

	snprintf(vh->vh_name, sizeof(vh->vh_name), "/rtmpd-test-%d-%u",
	    (int)getpid(), (unsigned int)generation);
	fd = shm_open(vh->vh_name, O_RDWR | O_CREAT | O_EXCL, 0600);
	cr_assert_geq(fd, 0);
	cr_assert_eq(ftruncate(fd, (off_t)bytes), 0);
	cr_assert_eq(registry_create(&vh->vh_registry, fd, VIEW_STREAMS,
	    VIEW_SESSIONS, generation), 0);
	registry_touch(&vh->vh_registry, clock_ms());
	close(fd);
	view_link(vh);
}

static inline void
view_stop(struct view_hub *vh)
{
	munmap(vh->vh_registry.rg_head, vh->vh_registry.rg_bytes);
	shm_unlink(vh->vh_name);
}

static inline void
view_stream(struct view_hub *vh, uint32_t slot, const char *name,
    uint32_t state)
{
	struct stream_body sb = { .sb_state = state };

	strlcpy(sb.sb_name, name, sizeof(sb.sb_name));
	registry_put_stream(&vh->vh_registry, slot, &sb);
}

static inline void
view_session(struct view_hub *vh, uint32_t slot, uint32_t pid, uint16_t of,
    uint16_t role, const char *name)
{
	struct session_body eb = { .eb_pid = pid, .eb_slot = of,
	    .eb_role = role, .eb_rate = 1000 * pid };

	strlcpy(eb.eb_name, name, sizeof(eb.eb_name));
	registry_put_session(&vh->vh_registry, slot, &eb);
}

#endif
