/* SPDX-License-Identifier: ISC */
/*
 * ask.c - ask a running relay for its configuration.
 */
#include "conf/share.h"

#include <errno.h>
#include <unistd.h>

#include "sys/control.h"
#include "sys/rundir.h"

int
conf_ask(int timeout, const struct conf_set **set, char *text)
{
	int	 fd = -1, saved, status;

	status = control_ask_fd(RUNDIR_RTMPD, "config", timeout, text, &fd);
	if (status == -1 && (errno == ENOENT || errno == ECONNREFUSED))
		status = control_ask_fd(RUNDIR_RTMPHUB, "config", timeout,
		    text, &fd);
	if (status != 0)
		return status;
	*set = conf_map(fd);	/* none came: EPERM, as of one not sealed */
	saved = errno;
	if (fd != -1)
		close(fd);
	errno = saved;
	return *set != NULL ? 0 : -1;
}
