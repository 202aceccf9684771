/* SPDX-License-Identifier: ISC */
/*
 * cpulimit.c - processor time until a process has shown what it is for.
 * The kernel repeats SIGXCPU with every second beyond the soft limit: the
 * first asks, the second does not. The hard limit stays, so that the soft one
 * can be lifted without a privilege.
 */
#include "sys/cpulimit.h"

#include <sys/resource.h>

#include <signal.h>
#include <unistd.h>

#include "sys/footprint.h"
#include "sys/log.h"

static HOT volatile sig_atomic_t	spent;
static HOT bool			set;
static HOT rlim_t			hard;

static void
on_xcpu(int sig)
{
	(void)sig;
	if (spent) {
		log_prepared();
		_exit(0);
	}
	spent = 1;
}

static int
set_soft(rlim_t seconds)
{
	struct rlimit rl = { .rlim_max = hard };

	rl.rlim_cur = seconds < hard ? seconds : hard;
	return setrlimit(RLIMIT_CPU, &rl);
}

/* No SA_RESTART: the signal must end a sleep. */
int
cpulimit_set(uint32_t ms)
{
	struct sigaction sa = { .sa_handler = on_xcpu };
	struct rlimit rl;

	spent = 0;
	if (getrlimit(RLIMIT_CPU, &rl) == -1)
		return -1;
	hard = rl.rlim_max;
	if (sigaction(SIGXCPU, &sa, NULL) == -1 || set_soft(ms / 1000) == -1)
		return -1;
	set = true;
	return 0;
}

bool
cpulimit_spent(void)
{
	return spent;
}

void
cpulimit_lift(void)
{
	if (!set)
		return;
	set = false;
	spent = 0;
	(void)set_soft(RLIM_INFINITY);
}
