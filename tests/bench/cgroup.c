/* SPDX-License-Identifier: ISC */
/*
 * cgroup.c - read the files of a control group.
 * Version 1 counts socket buffers apart from all other memory, and only where
 * their limit has been set.
 */
#include "cgroup.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static FILE *
open_in(const char *dir, const char *file)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, file);
	return fopen(path, "re");
}

/* A file that is one number; -1 if it is not there. */
static int
read_number(const char *dir, const char *file, uint64_t *v)
{
	FILE *f;
	int n;

	if ((f = open_in(dir, file)) == NULL)
		return -1;
	n = fscanf(f, "%" SCNu64, v);
	(void)fclose(f);
	return n == 1 ? 0 : -1;
}

/* The value behind a key in a file of keys and values; -1 if there is none. */
static int
read_key(const char *dir, const char *file, const char *key, uint64_t *v)
{
	char name[64];
	int found = -1;
	FILE *f;

	if ((f = open_in(dir, file)) == NULL)
		return -1;
	while (found == -1 && fscanf(f, "%63s %" SCNu64, name, v) == 2)
		if (strcmp(name, key) == 0)
			found = 0;
	(void)fclose(f);
	return found;
}

int
cgroup_memory(const char *dir, struct charge *ch)
{
	memset(ch, 0, sizeof(*ch));
	if (read_number(dir, "memory.current", &ch->ch_all) == 0) {
		(void)read_key(dir, "memory.stat", "sock", &ch->ch_socket);
		(void)read_key(dir, "memory.stat", "shmem", &ch->ch_shared);
		return 0;
	}
	if (read_number(dir, "memory.usage_in_bytes", &ch->ch_all) == -1)
		return -1;
	(void)read_number(dir, "memory.kmem.tcp.usage_in_bytes",
	    &ch->ch_socket);
	(void)read_key(dir, "memory.stat", "total_shmem", &ch->ch_shared);
	ch->ch_all += ch->ch_socket;
	return 0;
}

int
cgroup_cpu(const char *dir, uint64_t *ns)
{
	if (read_number(dir, "cpuacct.usage", ns) == 0)
		return 0;
	if (read_key(dir, "cpu.stat", "usage_usec", ns) == -1)
		return -1;
	*ns *= 1000;
	return 0;
}
