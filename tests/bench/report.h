/* SPDX-License-Identifier: ISC */
/*
 * report.h - what a run found, and how it is printed.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "cgroup.h"
#include "machine.h"
#include "memory.h"
#include "options.h"
#include "subscriber.h"

struct report {
	uint64_t re_expected;		/* the window's messages, times all */
	uint64_t re_received;		/* of these */
	uint64_t re_cpu;		/* ns between the two samples */
	uint64_t re_cpu_messages;	/* delivered between them */
	uint64_t re_cpu_wall;		/* ns between them */
	bool	 re_has_cpu, re_has_memory, re_has_cgroup;
	struct memory re_before, re_after;	/* the subscribers joined */
	struct charge re_charge_before, re_charge_after;
	struct machine re_from, re_to;	/* the measured time */
	uint64_t re_late;		/* ns, publisher behind schedule */
};

/* Print to standard output, as a table or as one line of JSON. */
void	 report_print(const struct report *re, const struct options *o,
	    const struct crowd *c);

#endif
