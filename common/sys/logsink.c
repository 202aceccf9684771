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

#include "sys/footprint.h"
#include "sys/utc.h"

#define QUARTER	900	/* s; no zone changes its offset at another time */

static HOT bool		 syslog_is_open;
static int		 syslog_fd;
static const char	*syslog_ident = "";
static HOT bool		 torn;		/* the disk took half a line */

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
	char text[PIPE_BUF];
	struct timespec now;
	struct tm tm;
	size_t len;
	ssize_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	utc_split(now.tv_sec, &tm);
	/* the newline in front ends what is left of a line that was cut */
	snprintf(text, sizeof(text) - 1,
	    "\n%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ %s %s",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, now.tv_nsec / 1000000, word[pri], line);
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
	syslog_is_open = syslog_fd != -1;
}

void
logsink_close_syslog(void)
{
	if (!syslog_is_open)
		return;
	close(syslog_fd);
	syslog_is_open = false;
}

/* Local time. localtime_r(3) is asked once in QUARTER: see utc.h. */
static void
local(time_t now, struct tm *tm)
{
	static time_t quarter = -1;
	static long east;

	if (now / QUARTER != quarter) {
		quarter = now / QUARTER;
		localtime_r(&now, tm);
		east = tm->tm_gmtoff;
	}
	utc_split(now + east, tm);
}

bool
logsink_syslog(int pri, const char *line)
{
	static const char month[12][4] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun",
		"Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
	};
	char text[PIPE_BUF];
	struct tm tm;
	int try;

	local(time(NULL), &tm);
	snprintf(text, sizeof(text), "<%d>%s %2d %02d:%02d:%02d %s[%d]: %s",
	    LOG_DAEMON | pri, month[tm.tm_mon], tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, syslog_ident, (int)getpid(), line);
	for (try = 0; try < 2; try++) {
		if (!syslog_is_open)
			logsink_open_syslog(syslog_ident);
		if (!syslog_is_open)
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
