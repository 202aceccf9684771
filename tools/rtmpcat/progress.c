/* SPDX-License-Identifier: ISC */
/*
 * progress.c - how far it is, on a terminal.
 */
#include "cat.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "sys/clock.h"
#include "view/format.h"

#define PERIOD	500	/* ms between lines */

static bool	shown;

void
progress_show(const struct output *ou)
{
	static uint64_t latest, bytes;
	uint64_t now = clock_ms(), rate;
	char size[FORMAT_MAX], bits[FORMAT_MAX];
	uint64_t s = (uint64_t)ou->ou_time / 1000;

	if (now < latest + PERIOD || isatty(STDERR_FILENO) == 0)
		return;
	rate = latest == 0 ? 0 :
	    (ou->ou_bytes - bytes) * 8000 / (now - latest);
	latest = now;
	bytes = ou->ou_bytes;
	fprintf(stderr, "\r%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64
	    "  %sB  %sbit/s\033[K", s / 3600, s / 60 % 60, s % 60,
	    format_number(bytes, size), format_number(rate, bits));
	shown = true;
}

void
progress_clear(void)
{
	if (shown)
		fputc('\n', stderr);
	shown = false;
}
