/* SPDX-License-Identifier: ISC */
/*
 * log.c - the whole logging vocabulary.
 * Never blocks: a line that is not taken at once is counted and dropped, and
 * the count is told as soon as a line is taken again.
 */
#include "sys/log.h"

#define LIBBSD_OPENBSD_VIS	/* <vis.h> warns unless told which strnvis(3) */

#include <sys/socket.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>
#include <vis.h>

#include "sys/clock.h"
#include "sys/footprint.h"
#include "sys/logsink.h"

#define LOG_BURST	256	/* lines relayed in one go */
#define LOG_SNDBUF	(1024 * 1024)	/* some thousand lines in flight */

#define LOG_OFTEN	(LOG_INFO | 0x10)	/* of a packet, and in here */

enum dest { TO_STDERR, TO_SYSLOG, TO_SOCKET };

static HOT enum dest	 dest = TO_STDERR;
static HOT int		 dest_fd;
static bool		 verbose;
static HOT uint32_t	 dropped;
static HOT struct ratelimit limit, often;
static HOT uint32_t	 limit_burst, limit_period;
static HOT char		 prepared[1 + LOG_LINE_MAX];
static HOT size_t	 prepared_len;

void
log_to_stderr(void)
{
	tzset();	/* opens files, which a sandboxed process cannot */
	logsink_open_stderr();
	dest = TO_STDERR;
}

void
log_to_syslog(const char *ident)
{
	tzset();
	logsink_open_syslog(ident);
	dest = TO_SYSLOG;
}

void
log_to_socket(int fd)
{
	/* what our parent could not write is not ours to tell */
	if (dest != TO_SOCKET)
		dropped = 0;
	logsink_close_syslog();
	dest = TO_SOCKET;
	dest_fd = fd;
}

void
log_detach(void)
{
	logsink_close_syslog();
}

void
log_set_verbose(bool v)
{
	verbose = v;
}

bool
log_is_verbose(void)
{
	return verbose;
}

/* Not a datagram pair: its queue would end at net.unix.max_dgram_qlen. */
int
log_pair(int pair[2])
{
	int size = LOG_SNDBUF;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return -1;
	(void)setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return 0;
}

static bool
sink(int pri, const char *line)
{
	return dest == TO_SYSLOG ? logsink_syslog(pri, line) :
	    logsink_stderr(pri, line);
}

static void
emit(int pri, const char *line)
{
	char note[64];

	if (dropped > 0) {
		snprintf(note, sizeof(note), "log-dropped lines=%u pid=%d",
		    dropped, (int)getpid());
		if (sink(LOG_WARNING, note))
			dropped = 0;
	}
	if (!sink(pri, line))
		dropped++;
}

/* First byte the priority, then the text, and whose it is. */
static size_t
make_packet(char packet[1 + LOG_LINE_MAX], int pri, const char *line)
{
	packet[0] = (char)pri;
	return 1 + (size_t)snprintf(packet + 1, LOG_LINE_MAX, "%.*s pid=%d",
	    LOG_LINE_MAX - 32, line, (int)getpid());
}

static bool
send_line(int pri, const char *line)
{
	char packet[1 + LOG_LINE_MAX];
	size_t n = make_packet(packet, pri, line);

	return send(dest_fd, packet, n, MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
}

/* May another line of log_often() be written out? */
static bool
pass_often(void)
{
	char note[64];

	if (!ratelimit_pass(&often, LOG_OFTEN_MAX, 1000))
		return false;
	if (often.rl_missed > 0) {
		snprintf(note, sizeof(note), "log-limited lines=%u",
		    often.rl_missed);
		often.rl_missed = 0;
		emit(LOG_WARNING, note);
	}
	return true;
}

static void
write_line(int pri, const char *line)
{
	char note[64];

	if (dest != TO_SOCKET) {
		if (pri != LOG_OFTEN || pass_often())
			emit(pri & LOG_PRIMASK, line);
		return;
	}
	if (dropped > 0) {
		snprintf(note, sizeof(note), "log-dropped lines=%u", dropped);
		if (send_line(LOG_WARNING, note))
			dropped = 0;
	}
	if (!send_line(pri, line))
		dropped++;
}

/* Nothing to escape but what is in `except`? strnvis(3) takes memory even then,
 * and pages of it that are written. */
static bool
is_plain(const char *text, char from, const char *except)
{
	for (; *text >= from && *text <= '~'; text++)
		if (strchr(except, *text) != NULL)
			return false;
	return *text == '\0';
}

/* The sender may have been taken over: no line of its may look like two. */
static void
relay_line(char *packet)
{
	char safe[4 * LOG_LINE_MAX + 2];
	int pri = packet[0];

	if (pri == LOG_OFTEN) {
		if (!pass_often())
			return;
		pri = LOG_INFO;
	}
	if (pri < LOG_ERR || pri > LOG_DEBUG || pri == LOG_NOTICE)
		pri = LOG_WARNING;
	if (is_plain(packet + 1, ' ', "")) {
		emit(pri, packet + 1);
		return;
	}
	strnvis(safe, packet + 1, sizeof(safe) - 1,
	    VIS_OCTAL | VIS_TAB | VIS_NL | VIS_NOSLASH);
	emit(pri, safe);
}

void
log_relay(int fd)
{
	char packet[1 + LOG_LINE_MAX + 1];
	ssize_t n;
	int lines;

	for (lines = 0; lines < LOG_BURST; lines++) {
		n = recv(fd, packet, sizeof(packet) - 1, MSG_DONTWAIT);
		if (n == -1)
			return;
		packet[n] = '\0';
		if (n > 1)
			relay_line(packet);
	}
}

static void
vlog(int pri, int error, const char *fmt, va_list ap)
{
	char line[LOG_LINE_MAX];
	size_t len;

	if (limit_burst > 0 &&
	    !ratelimit_pass(&limit, limit_burst, limit_period)) {
		dropped++;
		return;
	}
	vsnprintf(line, sizeof(line), fmt, ap);
	if (error != 0) {
		len = strlen(line);
		snprintf(line + len, sizeof(line) - len, ": %s",
		    strerror(error));
	}
	write_line(pri, line);
}

#define LOG_BODY(pri, error) do {			\
	va_list ap;					\
	va_start(ap, fmt);				\
	vlog(pri, error, fmt, ap);			\
	va_end(ap);					\
} while (0)

void
log_warn(const char *fmt, ...)
{
	LOG_BODY(LOG_WARNING, errno);
}

void
log_warnx(const char *fmt, ...)
{
	LOG_BODY(LOG_WARNING, 0);
}

void
log_info(const char *fmt, ...)
{
	LOG_BODY(LOG_INFO, 0);
}

void
log_often(const char *fmt, ...)
{
	LOG_BODY(LOG_OFTEN, 0);
}

void
log_limit(uint32_t burst, uint32_t period)
{
	limit_burst = burst;
	limit_period = period;
}

void
log_prepare(const char *fmt, ...)
{
	char line[LOG_LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	prepared_len = make_packet(prepared, LOG_WARNING, line);
}

void
log_prepared(void)
{
	(void)send(dest_fd, prepared, prepared_len,
	    MSG_DONTWAIT | MSG_NOSIGNAL);
}

void
log_debug(const char *fmt, ...)
{
	if (verbose)
		LOG_BODY(LOG_DEBUG, 0);
}

void
fatal(const char *fmt, ...)
{
	LOG_BODY(LOG_ERR, errno);
	exit(1);
}

void
fatalx(const char *fmt, ...)
{
	LOG_BODY(LOG_ERR, 0);
	exit(1);
}

void
panic(const char *fmt, ...)
{
	LOG_BODY(LOG_ERR, 0);
	abort();
}

const char *
log_text(const char *text, char buf[LOG_TEXT_MAX])
{
	if (*text == '\0')
		return "-";
	if (is_plain(text, '!', "\\\"") &&
	    strlcpy(buf, text, LOG_TEXT_MAX) < LOG_TEXT_MAX - 1)
		return buf;
	/* strnvis(3) of libbsd may write its NUL one past the size given */
	strnvis(buf, text, LOG_TEXT_MAX - 1, VIS_OCTAL | VIS_WHITE | VIS_DQ);
	return buf;
}

const char *
log_quoted(const char *text, char *buf, size_t size)
{
	size_t n = 0;

	for (; *text != '\0' && n + 2 < size; text++) {
		if (*text == '"' || *text == '\\')
			buf[n++] = '\\';
		buf[n++] = *text;
	}
	buf[n] = '\0';
	return buf;
}

bool
ratelimit_pass(struct ratelimit *rl, uint32_t burst, uint32_t period)
{
	uint64_t now = clock_ms();

	if (rl->rl_start == 0 || now - rl->rl_start >= period) {
		rl->rl_start = now;
		rl->rl_used = 0;
	}
	if (rl->rl_used >= burst) {
		rl->rl_missed++;
		return false;
	}
	rl->rl_used++;
	return true;
}
