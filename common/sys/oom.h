/* SPDX-License-Identifier: ISC */
/*
 * oom.h - whom the kernel ends first when memory runs out.
 * The numbers are thousandths of all memory there is, or of the control
 * group's limit, that a process is taken to use beyond what it does.
 */
#ifndef SYS_OOM_H
#define SYS_OOM_H

#define OOM_STREAM	100	/* before listener and hub */
#define OOM_NEWCOMER	300	/* before those, whose rings count as theirs */

/* A descriptor for oom_set(), close-on-exec; -1 if there is none. */
int	oom_open(void);

/* Stand so far above where we were at oom_open(). What a process with
 * CAP_SYS_RESOURCE has set last, one without cannot go below. */
void	oom_set(int fd, int above);

#endif
