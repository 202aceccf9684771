/* SPDX-License-Identifier: ISC */
/*
 * log.h - one event a line: a word, then key=value pairs.
 * A line goes to stderr with a time in front, to syslog(3), or, from a
 * process that may touch neither, as one packet to the process that does, with
 * the sender's pid at its end.
 */
#ifndef SYS_LOG_H
#define SYS_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_LINE_MAX	1024	/* longer lines are cut */
#define LOG_TEXT_MAX	512	/* room for one escaped value */
#define LOG_OFTEN_MAX	100	/* lines of log_often() in a second */

/* Where lines go. Nothing that is logged ever waits: what is not taken at
 * once is counted, and told later. The descriptor stays the caller's. */
void	log_to_stderr(void);
void	log_to_syslog(const char *ident);
void	log_to_socket(int fd);
/* Hold no descriptor until the next line: the caller is about to close or
 * reuse them by number. */
void	log_detach(void);
void	log_set_verbose(bool);
bool	log_is_verbose(void);

/*
 * Make the descriptor pair over which other processes send lines. pair[0] is
 * read by log_relay(), pair[1] is for them. Both are close-on-exec.
 */
int	log_pair(int pair[2]);

/* Write out lines that wait on `fd`, escaped once more, a burst at the most. */
void	log_relay(int fd);

void	log_warn(const char *fmt, ...)	/* adds errno's text */
	    __attribute__((format(printf, 1, 2)));
void	log_warnx(const char *fmt, ...)
	    __attribute__((format(printf, 1, 2)));
void	log_info(const char *fmt, ...)
	    __attribute__((format(printf, 1, 2)));
void	log_debug(const char *fmt, ...)
	    __attribute__((format(printf, 1, 2)));

/*
 * Like log_info(), for what peers can cause often without being of any use:
 * whoever writes the log out passes LOG_OFTEN_MAX of these a second, from
 * all processes together, and counts the others.
 */
void	log_often(const char *fmt, ...)
	    __attribute__((format(printf, 1, 2)));

/*
 * From now on this process sends at most `burst` lines in `period` ms; the
 * others are counted as dropped. 0, as at the start, is no limit.
 */
void	log_limit(uint32_t burst, uint32_t period);

/* Prepare a warning, and send it to the socket: the latter is safe in the
 * handler of a signal. */
void	log_prepare(const char *fmt, ...)
	    __attribute__((format(printf, 1, 2)));
void	log_prepared(void);

/* The environment failed us at start-up: say so and exit 1. */
void	fatal(const char *fmt, ...)	/* adds errno's text */
	    __attribute__((format(printf, 1, 2), noreturn));
void	fatalx(const char *fmt, ...)
	    __attribute__((format(printf, 1, 2), noreturn));
/* A bug of ours: say so and abort(3). */
void	panic(const char *fmt, ...)
	    __attribute__((format(printf, 1, 2), noreturn));

/* Escape what a peer sent: no space, control character or quote survives
 * unencoded, so it is one value of one line. Cut if too long. "-" if empty. */
const char *log_text(const char *text, char buf[LOG_TEXT_MAX]);

/* For a sentence of ours that stands in quotes: those in it, and backslashes, are
 * escaped. Cut if longer than `size`, which is at least 1. */
const char *log_quoted(const char *text, char *buf, size_t size);

/* At most `burst` times in `period` ms; true if this one may be. What
 * was held back is counted in rl_missed, for the caller to tell and to clear. */
struct ratelimit {
	uint64_t	 rl_start;	/* ms */
	uint32_t	 rl_used;
	uint32_t	 rl_missed;
};
bool	ratelimit_pass(struct ratelimit *, uint32_t burst, uint32_t period);

#endif
