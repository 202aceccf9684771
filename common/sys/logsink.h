/* SPDX-License-Identifier: ISC */
/*
 * logsink.h - where lines leave us for good: standard error or syslogd.
 * Nothing here waits: a line that is not taken at once is not written.
 */
#ifndef SYS_LOGSINK_H
#define SYS_LOGSINK_H

#include <stdbool.h>

/* Make sure that writing to standard error cannot block, where a descriptor
 * of our own can be had for it: others who have it open notice nothing. */
void	logsink_open_stderr(void);

/* Connect to syslogd, or do so again at the next line. `ident` stays the
 * caller's. */
void	logsink_open_syslog(const char *ident);

/* Close the descriptor to syslogd; the next line opens another. For who is
 * about to close or reuse descriptors by their numbers. */
void	logsink_close_syslog(void);

/* Write a line, without its newline. False if it was not taken. */
bool	logsink_stderr(int pri, const char *line);
bool	logsink_syslog(int pri, const char *line);

#endif
