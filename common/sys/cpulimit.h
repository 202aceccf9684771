/* SPDX-License-Identifier: ISC */
/*
 * cpulimit.h - processor time until a process has shown what it is for.
 */
#ifndef SYS_CPULIMIT_H
#define SYS_CPULIMIT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Bound this process's time by a soft RLIMIT_CPU of `ms`, whole seconds. When
 * it is spent, cpulimit_spent() becomes true and a sleep is interrupted. Who
 * uses another second without looking is ended by log_prepared() and _exit(2)
 * with 0. -1 and errno.
 */
int	cpulimit_set(uint32_t ms);
bool	cpulimit_spent(void);
/* No limit any more. Does nothing if none is set. */
void	cpulimit_lift(void);

#endif
