/* SPDX-License-Identifier: ISC */
/*
 * sampler.c - the watching process: looks at the tree when asked, and in
 * between every few seconds for the sake of processes that end.
 */
#include "sampler.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <poll.h>
#include <unistd.h>

#include "procstat.h"

#define INTERVAL_MS	3000

static void __attribute__((noreturn))
sampler_run(int fd, pid_t root)
{
	struct proctree pt = { .pt_root = root };
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	uint64_t ns = 0;
	char c;
	int n;

	for (;;) {
		n = poll(&pfd, 1, INTERVAL_MS);
		if (n == 1 && read(fd, &c, 1) != 1)
			_exit(0);
		if (proctree_sample(&pt, &ns) == -1)
			_exit(1);	/* the server is gone */
		if (n == 1 && write(fd, &ns, sizeof(ns)) != sizeof(ns))
			_exit(0);
	}
}

int
sampler_start(struct sampler *sm, pid_t root)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1 ||
	    (sm->sm_pid = fork()) == -1)
		return -1;
	if (sm->sm_pid == 0) {
		(void)close(pair[0]);
		sampler_run(pair[1], root);
	}
	(void)close(pair[1]);
	sm->sm_fd = pair[0];
	return 0;
}

int
sampler_ask(const struct sampler *sm)
{
	return send(sm->sm_fd, "", 1, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

int
sampler_answer(const struct sampler *sm, uint64_t *ns)
{
	return recv(sm->sm_fd, ns, sizeof(*ns), MSG_DONTWAIT) ==
	    sizeof(*ns) ? 0 : -1;
}

void
sampler_stop(struct sampler *sm)
{
	(void)close(sm->sm_fd);
	(void)waitpid(sm->sm_pid, NULL, 0);
}
