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

static bool
is_message(struct hub_head *h, ssize_t len, enum hubmsg_type type, size_t min,
    size_t size)
{
	if (len < (ssize_t)min || len > UINT16_MAX ||
	    h->hh_format != (HUBMSG_VERSION << 16 | (uint32_t)len) ||
	    h->hh_type != type || h->hh_slot >= HUB_SLOTS)
		return false;
	if ((size_t)len < size)
		memset((char *)h + len, 0, size - (size_t)len);
	return true;
}

bool
hub_report_valid(struct hub_report *r, ssize_t len)
{
	int i;

	if (!is_message(&r->hr_head, len, HUB_REPORT, HUB_REPORT_MIN,
	    sizeof(*r)) || r->hr_role > ROLE_METRICS)
		return false;
	for (i = 0; i < REGISTRY_TRACKS; i++)
		if (!ENDED(r->hr_track[i].tk_profile))
			return false;
	if (r->hr_role != ROLE_NONE && r->hr_role != ROLE_METRICS &&
	    r->hr_name[0] == '\0')
		return false;
	return ENDED(r->hr_name) && ENDED(r->hr_peer) && ENDED(r->hr_host) &&
	    ENDED(r->hr_program);
}

bool
hub_answer_valid(struct hub_answer *a, ssize_t len)
{
	return is_message(&a->ha_head, len, HUB_ANSWER, HUB_ANSWER_MIN,
	    sizeof(*a)) && a->ha_verdict >= HUB_WELCOME && ENDED(a->ha_text);
}

bool
hubmsg_is_alien(const struct hub_head *h, ssize_t len)
{
	return len >= (ssize_t)sizeof(*h) &&
	    h->hh_format >> 16 != HUBMSG_VERSION;
}

const char *
hub_reason_text(unsigned int reason)
{
	static const char *const text[] = {
		[HUB_OK] = "ok", [HUB_BUSY] = "busy",
		[HUB_NOT_FOUND] = "not-found", [HUB_NO_MEMORY] = "no-memory",
		[HUB_LIMIT] = "limit", [HUB_SHUTDOWN] = "shutdown",
		[HUB_VERSION] = "version", [HUB_KICKED] = "kicked",
		[HUB_FORBIDDEN] = "forbidden",
	};

	return reason < sizeof(text) / sizeof(text[0]) ? text[reason] : "?";
}
