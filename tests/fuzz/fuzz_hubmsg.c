/* SPDX-License-Identifier: ISC */
/*
 * fuzz_hubmsg.c - packets between a connection and the hub, whoever sent
 * them.
 * Input: a packet, judged as a report and as an answer. Of one that is called
 * valid everything is used as the two sides use it.
 */
#include "conf/hubmsg.h"

#include "fuzz.h"
#include "sys/log.h"

/* Ended, and fit for a log line once escaped. */
static void
check_string(const char *s, size_t size)
{
	char safe[LOG_TEXT_MAX];
	const char *p;

	FUZZ_CHECK(memchr(s, '\0', size) != NULL);
	p = log_text(s, safe);
	FUZZ_CHECK(p[0] != '\0' && strlen(p) < LOG_TEXT_MAX);
	for (; *p != '\0'; p++)
		FUZZ_CHECK(*p > ' ' && *p <= '~' && *p != '"');
}

#define CHECK_STRING(array)	check_string(array, sizeof(array))

static void
check_report(const uint8_t *data, size_t size)
{
	struct hub_report r;
	int i;

	memset(&r, 0xa5, sizeof(r));
	memcpy(&r, data, size < sizeof(r) ? size : sizeof(r));
	if (!hub_report_valid(&r, (ssize_t)size))
		return;
	FUZZ_CHECK(size >= HUB_REPORT_MIN);
	FUZZ_CHECK(r.hr_head.hh_slot < HUB_SLOTS);
	FUZZ_CHECK(r.hr_role == ROLE_NONE || r.hr_role == ROLE_PUBLISH ||
	    r.hr_role == ROLE_PLAY);
	FUZZ_CHECK(r.hr_role == ROLE_NONE || r.hr_name[0] != '\0');
	CHECK_STRING(r.hr_name);
	CHECK_STRING(r.hr_peer);
	CHECK_STRING(r.hr_host);
	CHECK_STRING(r.hr_program);
	for (i = 0; i < REGISTRY_TRACKS; i++)
		CHECK_STRING(r.hr_track[i].tk_profile);
}

static void
check_answer(const uint8_t *data, size_t size)
{
	struct hub_answer a;

	memset(&a, 0xa5, sizeof(a));
	memcpy(&a, data, size < sizeof(a) ? size : sizeof(a));
	if (!hub_answer_valid(&a, (ssize_t)size))
		return;
	FUZZ_CHECK(size >= HUB_ANSWER_MIN);
	FUZZ_CHECK(a.ha_head.hh_slot < HUB_SLOTS);
	FUZZ_CHECK(a.ha_verdict >= HUB_WELCOME);
	FUZZ_CHECK(hub_reason_text(a.ha_reason)[0] != '\0');
	CHECK_STRING(a.ha_text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		data = (const uint8_t *)"";
	check_report(data, size);
	check_answer(data, size);
	return 0;
}
