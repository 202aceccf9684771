/* SPDX-License-Identifier: ISC */
/*
 * fdpass.c - packets with descriptors over a Unix SOCK_SEQPACKET socket.
 * A received descriptor is either handed to the caller or closed; none leaks,
 * whatever the sender did.
 */
#include "sys/fdpass.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

union control {
	char		 buf[CMSG_SPACE(sizeof(int) * FDPASS_MAX)];
	struct cmsghdr	 align;
};
_Static_assert(CMSG_SPACE(sizeof(int) * FDPASS_MAX) ==
    CMSG_LEN(sizeof(int) * FDPASS_MAX), "padding has room for one more");

int
fdpass_send(int sock, const void *data, size_t len, const int *fds, int nfd)
{
	union control ctl;
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cm;
	size_t bytes = sizeof(int) * (size_t)nfd;

	if (nfd > 0) {
		memset(&ctl, 0, sizeof(ctl));
		msg.msg_control = ctl.buf;
		msg.msg_controllen = CMSG_SPACE(bytes);
		cm = CMSG_FIRSTHDR(&msg);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(bytes);
		memcpy(CMSG_DATA(cm), fds, bytes);
	}
	if (sendmsg(sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
		return -1;
	return 0;
}

static void
take_fds(struct msghdr *msg, int fds[FDPASS_MAX])
{
	struct cmsghdr *cm;
	size_t n;

	for (cm = CMSG_FIRSTHDR(msg); cm != NULL; cm = CMSG_NXTHDR(msg, cm)) {
		if (cm->cmsg_level != SOL_SOCKET ||
		    cm->cmsg_type != SCM_RIGHTS)
			continue;
		n = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (n <= FDPASS_MAX)
			memcpy(fds, CMSG_DATA(cm), n * sizeof(int));
	}
}

static void
close_fds(int fds[FDPASS_MAX])
{
	int i;

	for (i = 0; i < FDPASS_MAX; i++) {
		if (fds[i] != -1)
			close(fds[i]);
		fds[i] = -1;
	}
}

ssize_t
fdpass_recv(int sock, void *data, size_t size, int fds[FDPASS_MAX])
{
	union control ctl;
	struct iovec iov = { .iov_base = data, .iov_len = size };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl.buf, .msg_controllen = sizeof(ctl.buf),
	};
	ssize_t n;
	bool full;
	int i;

	for (i = 0; i < FDPASS_MAX; i++)
		fds[i] = -1;
	n = recvmsg(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC | MSG_TRUNC);
	if (n == -1)
		return -1;
	take_fds(&msg, fds);
	if (n > 0 && (msg.msg_flags & MSG_CTRUNC) == 0)
		return n;
	/* an empty packet looks like the end, but may carry descriptors */
	full = fds[FDPASS_MAX - 1] != -1;
	close_fds(fds);
	if ((msg.msg_flags & MSG_CTRUNC) == 0)
		return 0;
	/* descriptors that found no room: in the packet's, or in our table */
	errno = full ? EMSGSIZE : EMFILE;
	return -1;
}
