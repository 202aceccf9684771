/* SPDX-License-Identifier: ISC */
/*
 * launch.c - the arguments of attendants, by the configuration.
 */
#include "launch.h"

#include <stdio.h>
#include <string.h>

#include "conf/conf.h"
#include "spawner.h"

static void
add_number(struct spawn_order *so, const char *option, uint64_t n,
    const char *unit)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu%s", (unsigned long long)n, unit);
	spawn_add(so, option);
	spawn_add(so, text);
}

static void
add_sandbox(struct spawn_order *so, const struct conf *cf)
{
	if (cf->cf_sandbox == DENIED_LOG)
		spawn_add(so, "-L");
}

static void
add_limits(struct spawn_order *so, const struct conf *cf)
{
	if (cf->cf_record_segment != 0)
		add_number(so, "-s", cf->cf_record_segment, "ms");
	if (cf->cf_record_segment_bytes != 0)
		add_number(so, "-s", cf->cf_record_segment_bytes, "");
	add_number(so, "-y", cf->cf_record_sync, "ms");
	if (cf->cf_record_append)
		spawn_add(so, "-a");
}

/* The run directory is where the hub is. Ordered by hand where the
 * configuration says nothing, everything is recorded. */
void
launch_recorder(const struct conf *cf, struct spawn_order *so)
{
	static const char *const what[] = {
		[RECORD_OFF] = "all", [RECORD_ALL] = "all",
		[RECORD_VIDEO] = "video", [RECORD_AUDIO] = "audio",
	};

	spawn_init(so, ATTENDANT_RECORD);
	spawn_add(so, "-A");
	spawn_add(so, "-r");
	spawn_add(so, ".");
	spawn_add(so, "-d");
	spawn_add(so, cf->cf_record_dir);
	spawn_add(so, "-p");
	spawn_add(so, cf->cf_record_path);
	spawn_add(so, "-m");
	spawn_add(so, what[cf->cf_record]);
	add_sandbox(so, cf);
	add_limits(so, cf);
}

void
launch_metrics(const struct conf *cf, struct spawn_order *so)
{
	const struct conf_listen *cl = &cf->cf_metrics;
	char text[CONF_HOST_MAX + 16];

	snprintf(text, sizeof(text), strchr(cl->cl_host, ':') != NULL ?
	    "[%s]:%s" : cl->cl_host[0] != '\0' ? "%s:%s" : "%s%s",
	    cl->cl_host, cl->cl_port);
	spawn_init(so, ATTENDANT_METRICS);
	spawn_add(so, "-A");
	spawn_add(so, "-r");
	spawn_add(so, ".");
	spawn_add(so, "-l");
	spawn_add(so, text);
	if (cf->cf_metrics_host[0] != '\0') {
		spawn_add(so, "-n");
		spawn_add(so, cf->cf_metrics_host);
	}
	add_sandbox(so, cf);
}
