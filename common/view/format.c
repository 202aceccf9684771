/* SPDX-License-Identifier: ISC */
/*
 * format.c - numbers as people read them.
 */
#include "view/format.h"

#include <inttypes.h>
#include <stdio.h>

const char *
format_plain(uint64_t n, char buf[FORMAT_MAX])
{
	snprintf(buf, FORMAT_MAX, "%" PRIu64, n);
	return buf;
}

const char *
format_number(uint64_t n, char buf[FORMAT_MAX])
{
	static const char factors[] = "kMGTPE";
	double x = (double)n;
	int i;

	if (n < 1000)
		return format_plain(n, buf);
	/* 999.5 would be written as 1000 */
	for (i = -1; x >= 999.5; i++)
		x /= 1000;
	snprintf(buf, FORMAT_MAX, "%.*f%c", x < 9.995 ? 2 : x < 99.95 ? 1 : 0,
	    x, factors[i]);
	return buf;
}

const char *
format_time(uint64_t s, char buf[FORMAT_MAX])
{
	if (s < 60)
		snprintf(buf, FORMAT_MAX, "%" PRIu64 "s", s);
	else if (s < 3600)
		snprintf(buf, FORMAT_MAX, "%" PRIu64 "m%02" PRIu64 "s", s / 60,
		    s % 60);
	else if (s < 86400)
		snprintf(buf, FORMAT_MAX, "%" PRIu64 "h%02" PRIu64 "m",
		    s / 3600, s / 60 % 60);
	else
		snprintf(buf, FORMAT_MAX, "%" PRIu64 "d%02" PRIu64 "h",
		    s / 86400, s / 3600 % 24);
	return buf;
}

const char *
format_span(uint64_t ms, char buf[FORMAT_MAX])
{
	if (ms == 0)
		snprintf(buf, FORMAT_MAX, "-");
	else
		snprintf(buf, FORMAT_MAX, "%.1fs", (double)ms / 1000);
	return buf;
}
