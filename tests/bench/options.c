/* SPDX-License-Identifier: ISC */
/*
 * options.c - the command line of the load generator.
 */
#include "options.h"

#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define SUBSCRIBERS_MAX	20000	/* ports of one loopback address: 28232 */

static void
help(void)
{
	(void)printf(
	    "usage: load [options] rtmp://127.0.0.1:port/app/name\n"
	    "\n"
	    "Publish synthetic streams to an RTMP server on this machine, "
	    "play them, check\n"
	    "every byte and measure. Exits 0 if nothing was missing or "
	    "wrong, 1 if something\n"
	    "was or the server could not be used, 64 for a wrong command "
	    "line.\n"
	    "\n"
	    "  -n count    subscribers of each stream (1)\n"
	    "  -s count    streams, named name0, name1, ... if more than "
	    "one (1)\n"
	    "  -b bits     bits per second of each stream; suffix k or M "
	    "(1M)\n"
	    "  -j seconds  spread the connects over this time, 0 for all "
	    "at once (1)\n"
	    "  -w seconds  wait after all have joined, before measuring (3)\n"
	    "  -t seconds  measure for this time (10)\n"
	    "  -T ms       first RTMP timestamp; 16777000 soon needs "
	    "extended ones (0)\n"
	    "  -k count    so many more connect within the first second of "
	    "measuring (0)\n"
	    "  -W          nobody publishes, the subscribers wait; -n may "
	    "be 0\n"
	    "  -p pid      the server: processor time and memory of it and "
	    "its descendants\n"
	    "  -g dir      the server's memory cgroup, version 1 or 2: "
	    "memory per subscriber\n"
	    "  -c dir      its cgroup for processor time: exact, and "
	    "cheaper than -p alone\n"
	    "  -J          one JSON object on one line instead of the "
	    "table\n"
	    "  -h, --help  this text\n");
}

static void __attribute__((noreturn))
wrong(const char *what, const char *why)
{
	warnx("%s: %s", what, why);
	(void)fprintf(stderr, "load --help tells more\n");
	exit(EX_USAGE);
}

static unsigned int
number(int option, const char *text, long long min, long long max)
{
	char name[3] = { '-', (char)option, '\0' };
	const char *error;
	long long v;

	v = strtonum(text, min, max, &error);
	if (error != NULL)
		wrong(name, error);
	return (unsigned int)v;
}

static uint64_t
bits(const char *text)
{
	char digits[16];
	uint64_t scale = 1;
	const char *error;
	long long v;
	size_t n;

	if ((n = strlcpy(digits, text, sizeof(digits))) >= sizeof(digits))
		wrong("-b", "too long");
	if (n > 0 && strchr("kM", digits[n - 1]) != NULL) {
		scale = digits[n - 1] == 'k' ? 1000 : 1000000;
		digits[n - 1] = '\0';
	}
	v = strtonum(digits, 1, 1000000000, &error);
	if (error != NULL)
		wrong("-b", error);
	if ((uint64_t)v * scale < 64000 || (uint64_t)v * scale > 200000000)
		wrong("-b", "not between 64k and 200M");
	return (uint64_t)v * scale;
}

static void
take(struct options *o, int c)
{
	switch (c) {
	case 'n':
		o->o_subscribers = number(c, optarg, 0, SUBSCRIBERS_MAX);
		break;
	case 'k':
		o->o_joiners = number(c, optarg, 1, SUBSCRIBERS_MAX);
		break;
	case 'W':
		o->o_wait = true;
		break;
	case 's':
		o->o_streams = number(c, optarg, 1, PUBLISHER_STREAMS);
		break;
	case 'b':
		o->o_bits = bits(optarg);
		break;
	case 'j':
		o->o_join = number(c, optarg, 0, 600);
		break;
	case 'w':
		o->o_warm = number(c, optarg, 0, 600);
		break;
	case 't':
		o->o_time = number(c, optarg, 1, 3600);
		break;
	case 'T':
		o->o_first = number(c, optarg, 0, UINT32_MAX);
		break;
	case 'p':
		o->o_pid = (pid_t)number(c, optarg, 2, 1 << 22);
		break;
	case 'g':
		o->o_cgroup = optarg;
		break;
	case 'c':
		o->o_cpu = optarg;
		break;
	case 'J':
		o->o_json = true;
		break;
	case 'h':
		help();
		exit(0);
	default:
		wrong("command line", "unknown option");
	}
}

void
options_parse(struct options *o, int argc, char **argv)
{
	static const struct option word[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	*o = (struct options){ .o_subscribers = 1, .o_streams = 1,
	    .o_join = 1, .o_warm = 3, .o_time = 10, .o_bits = 1000000 };
	while ((c = getopt_long(argc, argv, "n:s:b:j:k:w:t:T:p:g:c:WJh", word,
	    NULL)) != -1)
		take(o, c);
	if (optind + 1 != argc)
		wrong("command line", "one URL is needed");
	if (rtmp_parse_url(argv[optind], &o->o_target, o->o_name,
	    sizeof(o->o_name)) == -1)
		wrong(argv[optind], "not rtmp://127.0.0.1:port/app/name");
	if (o->o_subscribers == 0 && !o->o_wait)
		wrong("-n", "0 is for -W");
	if (o->o_joiners > 0 && o->o_wait)
		wrong("-k", "not together with -W");
	if (o->o_subscribers * o->o_streams + o->o_joiners > SUBSCRIBERS_MAX)
		wrong("-n times -s", "too many subscribers");
}
