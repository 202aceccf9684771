/* SPDX-License-Identifier: ISC */
/*
 * fuzz_registry.c - a registry that no honest hub wrote.
 * Input: the object, byte for byte, as long as it is. Behind it there is
 * nothing to read but the rest of its last page.
 */
#include "shm/registry.h"

#include <sys/mman.h>

#include <unistd.h>

#include "fuzz.h"

#define ENDED(array)	(memchr(array, '\0', sizeof(array)) != NULL)

static int
object(const uint8_t *data, size_t size)
{
	static int fd = -1;

	if (fd == -1)
		FUZZ_NEED((fd = memfd_create("registry", MFD_CLOEXEC)) != -1);
	FUZZ_NEED(ftruncate(fd, 0) == 0);
	FUZZ_NEED(pwrite(fd, data, size, 0) == (ssize_t)size);
	return fd;
}

static void
check_stream(const struct registry_view *rv, uint32_t slot)
{
	struct stream_body sb;
	int i;

	(void)registry_subscribers(rv, slot);
	(void)registry_hold(rv);
	if (!registry_get_stream(rv, slot, &sb))
		return;
	FUZZ_CHECK(slot < rv->rv_streams.rt_n);
	FUZZ_CHECK(ENDED(sb.sb_name) && ENDED(sb.sb_peer) &&
	    ENDED(sb.sb_program));
	for (i = 0; i < REGISTRY_TRACKS; i++)
		FUZZ_CHECK(ENDED(sb.sb_track[i].tk_profile));
}

static void
check_session(const struct registry_view *rv, uint32_t slot)
{
	struct session_body eb;

	if (!registry_get_session(rv, slot, &eb))
		return;
	FUZZ_CHECK(slot < rv->rv_sessions.rt_n);
	FUZZ_CHECK(ENDED(eb.eb_name) && ENDED(eb.eb_peer) &&
	    ENDED(eb.eb_program));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct registry_view rv;
	const char *why;
	uint32_t i;

	why = registry_attach(&rv, object(data, size));
	if (why != NULL) {
		FUZZ_CHECK(why[0] != '\0' && rv.rv_head == NULL);
		return 0;
	}
	FUZZ_CHECK(registry_size(rv.rv_streams.rt_n, rv.rv_sessions.rt_n) <=
	    size);
	for (i = 0; i <= rv.rv_streams.rt_n; i++)
		check_stream(&rv, i);
	for (i = 0; i <= rv.rv_sessions.rt_n; i++)
		check_session(&rv, i);
	check_stream(&rv, UINT32_MAX);
	check_session(&rv, UINT32_MAX);
	registry_detach(&rv);
	return 0;
}
