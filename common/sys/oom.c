/* SPDX-License-Identifier: ISC */
/*
 * oom.c - whom the kernel ends first when memory runs out.
 * It takes the largest. The listener is larger than a connection that has just
 * come, and who streams is larger still, because a mapped ring counts.
 */
#include "sys/oom.h"
#include "sys/footprint.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OOM_MAX	1000	/* proc(5) */

static HOT int	base;

int
oom_open(void)
{
	int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
	char text[16] = "";

	if (fd == -1 || read(fd, text, sizeof(text) - 1) <= 0) {
		if (fd != -1)
			close(fd);
		return -1;
	}
	base = atoi(text);
	return fd;
}

void
oom_set(int fd, int above)
{
	int score = base + above < OOM_MAX ? base + above : OOM_MAX;
	char text[16];

	if (fd != -1)
		(void)!write(fd, text, (size_t)snprintf(text, sizeof(text),
		    "%d", score));
}
