/* SPDX-License-Identifier: ISC */
/*
 * options.h - the command line of the load generator.
 */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <sys/types.h>

#include "publisher.h"

struct options {
	unsigned int o_subscribers;	/* per stream */
	unsigned int o_joiners;		/* while the others watch */
	unsigned int o_streams;
	unsigned int o_join;		/* s */
	unsigned int o_warm;		/* s */
	unsigned int o_time;		/* s, measured */
	uint64_t o_bits;		/* per second and stream */
	uint32_t o_first;		/* first RTMP timestamp, ms */
	pid_t	 o_pid;			/* of the server, 0: not given */
	const char *o_cgroup;		/* for memory, or NULL */
	const char *o_cpu;		/* cgroup for time, or NULL */
	bool	 o_wait;		/* nobody publishes */
	bool	 o_json;
	struct rtmp_target o_target;
	char	 o_name[WIRE_TEXT];
};

/* Exits 64 when the command line is wrong, 0 after --help. */
void	 options_parse(struct options *o, int argc, char **argv);

#endif
