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
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOOK	100	/* ms between looks at who is to answer */

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

/* Keep the first descriptor that came along. */
static void
take_fds(const struct cmsghdr *cm, struct control *ct)
{
	size_t n = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	const unsigned char *data = CMSG_DATA(cm);
	int fd;

	for (; n > 0; n--, data += sizeof(fd)) {
		memcpy(&fd, data, sizeof(fd));
		if (ct->ct_fd == -1)
			ct->ct_fd = fd;
		else
			close(fd);
	}
}

static void
take_ancillary(struct msghdr *msg, struct control *ct)
{
	struct cmsghdr *cm;
	struct ucred cred;

	for (cm = CMSG_FIRSTHDR(msg); cm != NULL; cm = CMSG_NXTHDR(msg, cm)) {
		if (cm->cmsg_level != SOL_SOCKET)
			continue;
		if (cm->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&cred, CMSG_DATA(cm), sizeof(cred));
			ct->ct_pid = cred.pid;
			ct->ct_uid = cred.uid;
		} else if (cm->cmsg_type == SCM_RIGHTS)
			take_fds(cm, ct);
	}
}

bool
control_read(int fd, struct control *ct)
{
	union {
		char		 buf[CMSG_SPACE(sizeof(struct ucred)) +
				    CMSG_LEN(sizeof(int))];
		struct cmsghdr	 align;
	} ancillary;
	struct iovec iov = { ct->ct_order, sizeof(ct->ct_order) - 1 };
	struct msghdr msg = {
		.msg_name = &ct->ct_from, .msg_namelen = sizeof(ct->ct_from),
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &ancillary,
		.msg_controllen = sizeof(ancillary.buf),
	};
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n == -1)
		return false;
	ct->ct_order[n] = '\0';
	ct->ct_pid = 0;
	ct->ct_uid = (uid_t)-1;
	ct->ct_fd = -1;
	take_ancillary(&msg, ct);
	ct->ct_len = msg.msg_namelen > offsetof(struct sockaddr_un, sun_path) ?
	    msg.msg_namelen : 0;
	return true;
}

/* `given` is -1 or a descriptor that goes along; `to` NULL where connected. */
static int
send_text(int fd, const struct control *to, const char *text, int given)
{
	union {
		char		 buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr	 align;
	} ancillary;
	struct iovec iov = { (void *)(uintptr_t)text, strlen(text) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cm;

	if (to != NULL) {
		msg.msg_name = (void *)(uintptr_t)&to->ct_from;
		msg.msg_namelen = to->ct_len;
	}
	if (given != -1) {
		memset(&ancillary, 0, sizeof(ancillary));
		msg.msg_control = ancillary.buf;
		msg.msg_controllen = sizeof(ancillary.buf);
		cm = CMSG_FIRSTHDR(&msg);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(sizeof(given));
		memcpy(CMSG_DATA(cm), &given, sizeof(given));
	}
	return sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) == -1 ? -1 : 0;
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
	(void)send_text(fd, ct, text, -1);
}

void
control_answer_fd(int fd, const struct control *ct, int given,
    const char *what)
{
	char text[CONTROL_TEXT];

	if (ct->ct_len == 0)
		return;
	snprintf(text, sizeof(text), "ok %s", what);
	(void)send_text(fd, ct, text, given);
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
	return control_send_fd(path, order, -1);
}

int
control_send_fd(const char *path, const char *order, int given)
{
	int fd = reach(path, false);

	if (fd == -1)
		return -1;
	if (send_text(fd, NULL, order, given) == -1)
		return fail(fd);
	close(fd);
	return 0;
}

/* "ok" or "error", and a sentence: 0, 1, or -1 and errno. */
static int
take_verdict(char *text)
{
	char *rest = strchr(text, ' ');
	int status;

	if (rest == NULL) {
		errno = EBADMSG;
		return -1;
	}
	status = strncmp(text, "ok ", 3) == 0 ? 0 : 1;
	memmove(text, rest + 1, strlen(rest));
	return status;
}

/* Has another taken the place of who had `was`, and died? */
static bool
is_replaced(const char *path, const struct stat *was)
{
	struct stat st;

	return stat(path, &st) == 0 && (st.st_ino != was->st_ino ||
	    st.st_ctim.tv_sec != was->st_ctim.tv_sec ||
	    st.st_ctim.tv_nsec != was->st_ctim.tv_nsec);
}

/* Who dies with an order unread tells nobody. */
static int
await_answer(int fd, const char *path, const struct stat *was, int timeout)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	for (; timeout > 0; timeout -= LOOK) {
		if (poll(&pfd, 1, timeout < LOOK ? timeout : LOOK) > 0)
			return 0;
		if (is_replaced(path, was)) {
			errno = ECONNRESET;
			return -1;
		}
	}
	errno = ETIMEDOUT;
	return -1;
}

static int
take_answer(int fd, char text[CONTROL_TEXT], int *given)
{
	struct control answer;

	if (!control_read(fd, &answer))
		return -1;
	*given = answer.ct_fd;
	strlcpy(text, answer.ct_order, CONTROL_TEXT);
	return take_verdict(text);
}

int
control_ask_fd(const char *path, const char *order, int timeout,
    char text[CONTROL_TEXT], int *given)
{
	struct stat was;
	int fd, status;

	*given = -1;
	if (stat(path, &was) == -1 || (fd = reach(path, true)) == -1)
		return -1;
	if (send_text(fd, NULL, order, -1) == -1 ||
	    await_answer(fd, path, &was, timeout) == -1)
		return fail(fd);
	status = take_answer(fd, text, given);
	if (status == -1)
		return fail(fd);
	close(fd);
	return status;
}

int
control_ask(const char *path, const char *order, int timeout,
    char text[CONTROL_TEXT])
{
	int given, status;

	status = control_ask_fd(path, order, timeout, text, &given);
	if (given != -1)
		close(given);
	return status;
}
