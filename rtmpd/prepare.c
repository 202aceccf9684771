/* SPDX-License-Identifier: ISC */
/*
 * prepare.c - what is done once, before anybody forks: filters of system calls
 * built, processors counted.
 */
#include "server.h"

#include <sys/prctl.h>

#include "sys/log.h"
#include "sys/proc.h"

void
server_prepare(struct server *sv)
{
	sv->sv_processors = proc_processors();
	if (sandbox_build(&sv->sv_sandbox, SANDBOX_CONNECTION,
	    sv->sv_conf.cf_sandbox == DENIED_LOG) == -1)
		fatal("system call filter");
}

void
server_shut_in(const struct server *sv)
{
	struct sandbox sb;

	if (sandbox_build(&sb, SANDBOX_LISTENER,
	    sv->sv_conf.cf_sandbox == DENIED_LOG) == -1 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    sandbox_enter(&sb) == -1)
		fatal("system call filter");
	sandbox_free(&sb);
}
