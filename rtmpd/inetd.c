/* SPDX-License-Identifier: ISC */
/*
 * inetd.c - serve the socket on descriptor 0: inetd and xinetd (nowait),
 * systemd Accept=yes.
 */
#include "server.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "conn.h"
#include "sys/log.h"

/* Is stderr the very socket that descriptor 0 is, or not there at all? */
static bool
stderr_is_peer(void)
{
	struct stat in, err;

	if (fstat(STDERR_FILENO, &err) == -1)
		return true;
	return fstat(STDIN_FILENO, &in) == 0 && S_ISSOCK(err.st_mode) &&
	    in.st_dev == err.st_dev && in.st_ino == err.st_ino;
}

int
inetd_open(void)
{
	bool peer = stderr_is_peer();

	if (!sock_is_connected(STDIN_FILENO)) {
		if (!peer)
			fprintf(stderr, "rtmpd: -i: descriptor 0 is not a "
			    "connected stream socket\n");
		return EX_USAGE;
	}
	if (peer) {
		(void)fcntl(STDERR_FILENO, F_SETFD, FD_CLOEXEC);
		log_to_syslog("rtmpd");
	}
	return 0;
}

int
inetd_run(struct server *sv)
{
	int fd, hub;

	if ((fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)) == -1)
		fatal("dup");
	hub = hubstart_on_demand(sv);
	server_prepare(sv);
	if (hub == -1)
		log_warnx("disconnect reason=no-hub");
	conn_serve(sv, fd, hub, -1);
}
