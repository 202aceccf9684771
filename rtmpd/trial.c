/* SPDX-License-Identifier: ISC */
/*
 * trial.c - a program that is to take over tries what could fail then.
 */
#include "listener.h"

#include <sys/wait.h>

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "conf/hubmsg.h"
#include "shm/registry.h"
#include "shm/ring.h"
#include "sys/log.h"
#include "sys/proc.h"

/* Ours goes by the same formats: the one beside us must, too. */
static void
try_hub(void)
{
	char path[PATH_MAX], formats[48];
	int status;
	pid_t pid;

	snprintf(formats, sizeof(formats), "%u.%u.%u", HUBMSG_VERSION,
	    RING_VERSION, REGISTRY_VERSION);
	if (proc_sibling("rtmphub", path, sizeof(path)) == -1)
		fatal("path of rtmphub");
	if ((pid = fork()) == -1)
		fatal("fork");
	if (pid == 0) {
		execl(path, path, "-T", formats, (char *)NULL);
		log_warn("%s", path);
		_exit(1);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0)
		fatalx("%s: does not fit this rtmpd, or cannot be executed",
		    path);
}

void
trial_run(struct listener *l, struct server *sv, int paper)
{
	l->l_server = sv;
	listening_open(l);
	try_hub();
	upgrade_sign(paper);
}
