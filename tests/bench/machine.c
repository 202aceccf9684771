/* SPDX-License-Identifier: ISC */
/*
 * machine.c - processor time of the machine by /proc/stat, of this process by
 * its clock.
 */
#include "machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "now.h"

void
machine_sample(struct machine *ma)
{
	uint64_t v[8] = { 0 };
	struct timespec ts;
	FILE *f;
	int i;

	memset(ma, 0, sizeof(*ma));
	if ((f = fopen("/proc/stat", "re")) != NULL) {
		(void)fscanf(f, "cpu");
		/* user nice system idle iowait irq softirq steal */
		for (i = 0; i < 8 && fscanf(f, "%" SCNu64, &v[i]) == 1; i++)
			ma->ma_total += v[i];
		(void)fclose(f);
	}
	ma->ma_idle = v[3] + v[4];
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	ma->ma_self = (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
	ma->ma_wall = now_ns();
}

static double
percent(uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0 : 100.0 * (double)part / (double)whole;
}

double
machine_idle(const struct machine *from, const struct machine *to)
{
	return percent(to->ma_idle - from->ma_idle,
	    to->ma_total - from->ma_total);
}

double
machine_self(const struct machine *from, const struct machine *to)
{
	return percent(to->ma_self - from->ma_self,
	    to->ma_wall - from->ma_wall);
}
