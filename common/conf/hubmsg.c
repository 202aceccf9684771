/* SPDX-License-Identifier: ISC */
/*
 * hubmsg.c - judge messages between connections and the hub.
 * Either side may be taken over: what comes in is input like any other.
 */
#include "conf/hubmsg.h"

#include <string.h>

static bool
ended(const char *s, size_t size)
{
	return memchr(s, '\0', size) != NULL;
}

#define ENDED(array)	ended(array, sizeof(array))

bool
hub_report_valid(struct hub_report *r, ssize_t len)
{
	int i;

	if (len != (ssize_t)sizeof(*r) ||
	    r->hr_head.hh_format != HUBMSG_FORMAT(*r) ||
	    r->hr_head.hh_type != HUB_REPORT ||
	    r->hr_head.hh_slot >= HUB_SLOTS || r->hr_role > ROLE_PLAY)
		return false;
	for (i = 0; i < REGISTRY_TRACKS; i++)
		if (!ENDED(r->hr_track[i].tk_profile))
			return false;
	if (r->hr_role != ROLE_NONE && r->hr_name[0] == '\0')
		return false;
	return ENDED(r->hr_name) && ENDED(r->hr_peer) && ENDED(r->hr_host) &&
	    ENDED(r->hr_program);
}

bool
hub_answer_valid(struct hub_answer *a, ssize_t len)
{
	return len == (ssize_t)sizeof(*a) &&
	    a->ha_head.hh_format == HUBMSG_FORMAT(*a) &&
	    a->ha_head.hh_type == HUB_ANSWER &&
	    a->ha_head.hh_slot < HUB_SLOTS &&
	    a->ha_verdict >= HUB_WELCOME && a->ha_verdict <= HUB_CLOSE &&
	    a->ha_reason <= HUB_VERSION &&
	    ENDED(a->ha_text);
}

const char *
hub_reason_text(unsigned int reason)
{
	static const char *const text[] = {
		[HUB_OK] = "ok", [HUB_BUSY] = "busy",
		[HUB_NOT_FOUND] = "not-found", [HUB_NO_MEMORY] = "no-memory",
		[HUB_LIMIT] = "limit", [HUB_SHUTDOWN] = "shutdown",
		[HUB_VERSION] = "version",
	};

	return reason < sizeof(text) / sizeof(text[0]) ? text[reason] : "?";
}
