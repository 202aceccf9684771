/* SPDX-License-Identifier: ISC */
/*
 * logsink.c - where lines leave us for good: standard error or syslogd.
 * A reader that has stopped reading, a full disk or a syslogd that is stuck
 * must not stop a listener or a hub. syslog(3) would wait for the latter.
 */
#include "sys/logsink.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

static int		 syslog_fd = -1;
static const char	*syslog_ident = "";
static bool		 torn;		/* the disk took half a line */

/* A pipe, FIFO or terminal can be opened anew, without blocking for us and
 * for nobody else. Where we may not, see is_ready(). */
void
logsink_open_stderr(void)
{
	struct stat st;
	int fd;

	if (fstat(STDERR_FILENO, &st) == -1 ||
	    (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode)))
		return;
	fd = open("/proc/self/fd/2",
	    O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return;
	(void)dup2(fd, STDERR_FILENO);
	close(fd);
}

/* A pipe that is ready takes PIPE_BUF bytes, unless someone else is faster. */
static bool
is_ready(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };

	return poll(&pfd, 1, 0) == 1 && (pfd.revents & POLLOUT) != 0;
}

static ssize_t
write_now(const char *text, size_t len)
{
	ssize_t n = send(STDERR_FILENO, text, len,
	    MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n != -1 || errno != ENOTSOCK)
		return n;
	return is_ready(STDERR_FILENO) ? write(STDERR_FILENO, text, len) : -1;
}

bool
logsink_stderr(int pri, const char *line)
{
	static const char *const word[] = {
		[LOG_ERR] = "error", [LOG_WARNING] = "warning",
		[LOG_INFO] = "info", [LOG_DEBUG] = "debug",
	};
	char when[32], text[PIPE_BUF];
	struct timespec now;
	struct tm tm;
	size_t len;
	ssize_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	/* the newline in front ends what is left of a line that was cut */
	snprintf(text, sizeof(text) - 1, "\n%s.%03ldZ %s %s", when,
	    now.tv_nsec / 1000000, word[pri], line);
	len = strlen(text);
	text[len++] = '\n';
	n = torn ? write_now(text, len) : write_now(text + 1, --len);
	if (n > 0)
		torn = (size_t)n < len;
	return n == (ssize_t)len;
}

static int
connect_syslog(void)
{
	struct sockaddr_un sun = {
		.sun_family = AF_UNIX, .sun_path = _PATH_LOG,
	};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd == -1 ||
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	close(fd);
	return -1;
}

void
logsink_open_syslog(const char *ident)
{
	logsink_close_syslog();
	syslog_ident = ident;
	syslog_fd = connect_syslog();
}

void
logsink_close_syslog(void)
{
	if (syslog_fd != -1)
		close(syslog_fd);
	syslog_fd = -1;
}

bool
logsink_syslog(int pri, const char *line)
{
	char when[32], text[PIPE_BUF];
	time_t now = time(NULL);
	struct tm tm;
	int try;

	localtime_r(&now, &tm);
	strftime(when, sizeof(when), "%b %e %H:%M:%S", &tm);
	snprintf(text, sizeof(text), "<%d>%s %s[%d]: %s", LOG_DAEMON | pri,
	    when, syslog_ident, (int)getpid(), line);
	for (try = 0; try < 2; try++) {
		if (syslog_fd == -1 && (syslog_fd = connect_syslog()) == -1)
			return false;
		if (send(syslog_fd, text, strlen(text),
		    MSG_DONTWAIT | MSG_NOSIGNAL) != -1)
			return true;
		if (errno == EAGAIN || errno == ENOBUFS)
			return false;
		logsink_close_syslog();	/* syslogd was restarted */
	}
	return false;
}
