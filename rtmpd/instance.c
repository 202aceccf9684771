/* SPDX-License-Identifier: ISC */
/*
 * instance.c - one listener a run directory, and its pid.
 * The lock outlives a program, but not its process.
 */
#include "listener.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <libutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "sys/rundir.h"

#define PID_STEP	10	/* ms between looks at a pid file */
#define PID_TRIES	20

/* Who cleans up if this start fails; nobody else of those that we fork. */
static pid_t	starting;

static void
clean(void)
{
	if (starting != getpid())
		return;
	(void)unlink(RUNDIR_RTMPD);
	(void)unlink(RUNDIR_PID);
}

void
instance_forked(void)
{
	starting = getpid();
}

static pid_t
read_pid(void)
{
	struct timespec step = { 0, PID_STEP * 1000000 };
	FILE *from;
	int pid = 0, try;

	/* who has just locked it may not have written it yet */
	for (try = 0; try < PID_TRIES && pid == 0; try++) {
		if ((from = fopen(RUNDIR_PID, "re")) == NULL)
			return 0;
		if (fscanf(from, "%d", &pid) != 1)
			nanosleep(&step, NULL);
		fclose(from);
	}
	return pid;
}

void
instance_ready(const struct listener *l)
{
	starting = 0;
	if (ftruncate(l->l_pidfile, 0) == -1 ||
	    lseek(l->l_pidfile, 0, SEEK_SET) == -1 ||
	    dprintf(l->l_pidfile, "%d", (int)getpid()) < 0)
		log_warn("write %s", RUNDIR_PID);
}

void
instance_claim(struct listener *l)
{
	const char *dir = l->l_server->sv_rundir;
	struct stat st;

	l->l_pidfile = flopen(RUNDIR_PID, O_RDWR | O_CREAT | O_NOFOLLOW |
	    O_NONBLOCK | O_CLOEXEC, 0644);
	if (l->l_pidfile == -1 && errno == EWOULDBLOCK)
		fatalx("%s: in use by pid %d", dir, (int)read_pid());
	if (l->l_pidfile == -1)
		fatal("%s/%s", dir, RUNDIR_PID);
	/* its directory belongs to `user`: root must not write elsewhere */
	if (fstat(l->l_pidfile, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_nlink != 1)
		fatalx("%s/%s: not a file of its own", dir, RUNDIR_PID);
	(void)ftruncate(l->l_pidfile, 0);	/* until all is well */
	instance_forked();
	if (atexit(clean) != 0)
		fatal("atexit");
}
