/* SPDX-License-Identifier: ISC */
/*
 * command.c - the table of commands. Usage, manual and completion say the
 * same; a test holds them to it.
 */
#include "command.h"

#include <string.h>

#define N(a)	(sizeof(a) / sizeof((a)[0]))

static const struct command commands[] = {
	{ "show streams", "", 0, COMMAND_JSON,
	  "all streams, a line each", show_streams },
	{ "show stream", "STREAM", 1, COMMAND_JSON,
	  "all that is known of one stream, and its sessions", show_stream },
	{ "show sessions", "", 0, COMMAND_JSON,
	  "all sessions, a line each", show_sessions },
	{ "show hub", "", 0, COMMAND_JSON,
	  "the hub, and what it has counted since it started", show_hub },
	{ "show config", "", 0, COMMAND_JSON,
	  "the configuration in force", show_config },
	{ "metrics", "", 0, 0,
	  "what Prometheus reads, on standard output", show_metrics },
	{ "top", "", 0, COMMAND_DELAY,
	  "streams and sessions, live, on the whole screen", top },
	{ "kick", "SESSION|STREAM", 1, 0,
	  "end a connection, or the publisher of a stream", order_kick },
	{ "log", "debug|info SESSION", 2, 0,
	  "log more of one connection, or as configured again", order_log },
	{ "record", "start|stop STREAM", 2, 0,
	  "record a stream, or not, whatever is configured", order_record },
	{ "reload", "", 0, 0,
	  "take the configuration file as it is now", order_reload },
	{ "upgrade", "", 0, 0,
	  "replace the program by the one installed now; streams go on",
	  order_relay },
	{ "drain", "", 0, 0,
	  "no new connections; end with the last one", order_relay },
	{ "stop", "", 0, 0,
	  "end all connections and the relay", order_relay },
};

/* How many of the words are the command's name; 0: it is another one. */
static int
match(const struct command *cm, int argc, char **argv)
{
	char name[64], *rest = name, *word;
	int n = 0;

	strlcpy(name, cm->cm_name, sizeof(name));
	while ((word = strsep(&rest, " ")) != NULL)
		if (n == argc || strcmp(word, argv[n++]) != 0)
			return 0;
	return n;
}

const struct command *
command_find(int argc, char **argv, struct ctl *ct)
{
	const struct command *cm;
	int n;

	for (cm = commands; cm < commands + N(commands); cm++) {
		if ((n = match(cm, argc, argv)) == 0)
			continue;
		ct->ct_order = cm->cm_name;
		ct->ct_arg = argv + n;
		ct->ct_nargs = argc - n;
		return cm;
	}
	return NULL;
}

void
command_list(FILE *to)
{
	const struct command *cm;
	int width;

	for (cm = commands; cm < commands + N(commands); cm++) {
		width = fprintf(to, "  %s%s%s", cm->cm_name,
		    *cm->cm_args != '\0' ? " " : "", cm->cm_args);
		fprintf(to, "%*s%s\n", width < 28 ? 28 - width : 2, "",
		    cm->cm_text);
	}
}
