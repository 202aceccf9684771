/* SPDX-License-Identifier: ISC */
/*
 * control.c - give and take orders.
 */
#include "sys/control.h"

#include <sys/stat.h>

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
address(struct sockaddr_un *sun, const char *path)
{
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	strlcpy(sun->sun_path, path, sizeof(sun->sun_path));
}

static int
fail(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

int
control_open(const char *path)
{
	struct sockaddr_un sun;
	int fd, on = 1, bound;
	mode_t mask;

	address(&sun, path);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	(void)unlink(path);
	mask = umask(0177);
	bound = bind(fd, (struct sockaddr *)&sun, sizeof(sun));
	umask(mask);
	if (bound == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == -1)
		return fail(fd);
	return fd;
}

static pid_t
sender(struct msghdr *msg)
{
	struct cmsghdr *cm = CMSG_FIRSTHDR(msg);
	struct ucred cred;

	if (cm == NULL || cm->cmsg_level != SOL_SOCKET ||
	    cm->cmsg_type != SCM_CREDENTIALS)
		return 0;
	memcpy(&cred, CMSG_DATA(cm), sizeof(cred));
	return cred.pid;
}

bool
control_read(int fd, struct control *ct)
{
	union {
		char		 buf[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr	 align;
	} ancillary;
	struct iovec iov = { ct->ct_order, sizeof(ct->ct_order) - 1 };
	struct msghdr msg = {
		.msg_name = &ct->ct_from, .msg_namelen = sizeof(ct->ct_from),
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &ancillary,
		.msg_controllen = sizeof(ancillary),
	};
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n == -1)
		return false;
	ct->ct_order[n] = '\0';
	ct->ct_pid = sender(&msg);
	ct->ct_len = msg.msg_namelen > offsetof(struct sockaddr_un, sun_path) ?
	    msg.msg_namelen : 0;
	return true;
}

void
control_answer(int fd, const struct control *ct, bool ok, const char *fmt, ...)
{
	char text[CONTROL_TEXT];
	int n = snprintf(text, sizeof(text), "%s ", ok ? "ok" : "error");
	va_list ap;

	if (ct->ct_len == 0)
		return;
	va_start(ap, fmt);
	vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
	va_end(ap);
	(void)sendto(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL,
	    (const struct sockaddr *)&ct->ct_from, ct->ct_len);
}

/* A socket that reaches `path` and is reached from there alone. */
static int
reach(const char *path, bool answer)
{
	struct sockaddr_un sun, none = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	address(&sun, path);
	/* an address of its own choosing, which nobody else has */
	if ((answer && bind(fd, (struct sockaddr *)&none,
	    sizeof(none.sun_family)) == -1) ||
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		return fail(fd);
	return fd;
}

int
control_send(const char *path, const char *order)
{
	int fd = reach(path, false);

	if (fd == -1)
		return -1;
	if (send(fd, order, strlen(order), MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
		return fail(fd);
	close(fd);
	return 0;
}

static int
take_answer(int fd, int timeout, char text[CONTROL_TEXT])
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	ssize_t n;
	char *rest;

	if (poll(&pfd, 1, timeout) <= 0) {
		errno = ETIMEDOUT;
		return -1;
	}
	if ((n = recv(fd, text, CONTROL_TEXT - 1, 0)) == -1)
		return -1;
	text[n] = '\0';
	rest = strchr(text, ' ');
	if (rest == NULL) {
		errno = EBADMSG;
		return -1;
	}
	n = strncmp(text, "ok ", 3) == 0 ? 0 : 1;
	memmove(text, rest + 1, strlen(rest));
	return (int)n;
}

int
control_ask(const char *path, const char *order, int timeout,
    char text[CONTROL_TEXT])
{
	int fd = reach(path, true), status;

	if (fd == -1)
		return -1;
	if (send(fd, order, strlen(order), MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
		return fail(fd);
	status = take_answer(fd, timeout, text);
	if (status == -1)
		return fail(fd);
	close(fd);
	return status;
}
