/* SPDX-License-Identifier: ISC */
/*
 * proc.h - processes: telling them apart, ending them, cutting them loose.
 */
#ifndef SYS_PROC_H
#define SYS_PROC_H

#include <stdint.h>
#include <sys/types.h>

/*
 * A descriptor for the process at the other end of a connected Unix socket,
 * close-on-exec, its pid and its user. -1 and errno if it is gone.
 */
int	proc_of_peer(int sock, pid_t *pid, uid_t *uid);

/* The same for the process that listens at a Unix SOCK_SEQPACKET socket. -1 and
 * errno if there is none. */
int	proc_behind(const char *path, pid_t *pid);

/* A signal through such a descriptor: it can never hit a reused pid. */
int	proc_signal(int pidfd, int sig);

/*
 * First thing in main(): where descriptors 0, 1 or 2 are closed, what is opened
 * later would take their place and be written to, or be closed with them. There
 * is /dev/null then, which for standard output cannot be written: nobody is to
 * think that it was.
 */
void	proc_fill_stdio(void);

/* Close every descriptor but 0, 1, 2 and the `n` listed. */
void	proc_close_others(const int *keep, int n);

/* Point descriptors 0, 1 and 2 (2 only if `err`) to /dev/null. */
int	proc_null_stdio(int err);

/*
 * Leave terminal, session and parent behind: the caller goes on in a process
 * without them. The original one waits until that calls proc_started() with
 * what is returned here, and exits with 0; or with 1 if it ends before. -1 and
 * errno on failure.
 */
int	proc_daemonize(void);
void	proc_started(int daemon);

/*
 * Give up restartable sequences, which libc asks for in each thread and which
 * nothing here uses: the kernel would write to our memory whenever we are let
 * run again. For a process that sleeps and wakes all the time.
 */
void	proc_plain_wakes(void);

/* How many processors this process, and those it forks, may run on. */
uint32_t proc_processors(void);

/*
 * Set the title that ps(1) shows. Initialise first thing in main(); children
 * inherit that.
 */
void	proc_title_init(int argc, char **argv);
void	proc_title(const char *fmt, ...)
	    __attribute__((format(printf, 1, 2)));

/* Path of a program that was installed beside ours. -1 if it does not fit. */
int	proc_sibling(const char *name, char *out, size_t size);

#endif
