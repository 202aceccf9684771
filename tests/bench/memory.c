/* SPDX-License-Identifier: ISC */
/*
 * memory.c - memory of a process tree.
 */
#include "memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "procstat.h"

/* The title: the argument vector, its ends of strings made blanks. */
static enum memory_kind
kind_of(pid_t pid)
{
	char path[64], title[512] = "";
	size_t i, n;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	if ((f = fopen(path, "re")) == NULL)
		return MEMORY_REST;
	n = fread(title, 1, sizeof(title) - 1, f);
	(void)fclose(f);
	for (i = 0; i < n; i++)
		if (title[i] == '\0')
			title[i] = ' ';
	if (strstr(title, " play ") != NULL)
		return MEMORY_SUBSCRIBER;
	if (strstr(title, " publish ") != NULL)
		return MEMORY_PUBLISHER;
	return strstr(title, "hub") != NULL ? MEMORY_HUB : MEMORY_REST;
}

static int
pss_of(pid_t pid, uint64_t *bytes)
{
	char path[64], line[256];
	int found = -1;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	if ((f = fopen(path, "re")) == NULL)
		return -1;
	while (found == -1 && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "Pss: %" SCNu64, bytes) == 1)
			found = 0;
	(void)fclose(f);
	*bytes *= 1024;
	return found;
}

static int
by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
add(struct memory *me, pid_t pid, uint64_t *subscriber)
{
	enum memory_kind kind = kind_of(pid);
	uint64_t pss = 0;

	if (pss_of(pid, &pss) == -1) {
		me->me_unreadable++;
		return;
	}
	if (kind == MEMORY_SUBSCRIBER)
		subscriber[me->me_count[kind]] = pss;
	me->me_count[kind]++;
	me->me_pss[kind] += pss;
	me->me_total += pss;
}

int
memory_tree(pid_t root, struct memory *me)
{
	struct proctree pt = { .pt_root = root };
	uint64_t ns, *subscriber;
	size_t i;

	memset(me, 0, sizeof(*me));
	if (proctree_sample(&pt, &ns) == -1)
		return -1;
	if ((subscriber = calloc(pt.pt_count, sizeof(*subscriber))) == NULL) {
		proctree_free(&pt);
		return -1;
	}
	for (i = 0; i < pt.pt_count; i++)
		add(me, pt.pt_proc[i].pr_pid, subscriber);
	i = me->me_count[MEMORY_SUBSCRIBER];
	qsort(subscriber, i, sizeof(*subscriber), by_size);
	if (i > 0)
		me->me_median = subscriber[i / 2];
	free(subscriber);
	proctree_free(&pt);
	return 0;
}
