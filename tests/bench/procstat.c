/* SPDX-License-Identifier: ISC */
/*
 * procstat.c - processor time of a process tree.
 * A process's own time is sum_exec_runtime from schedstat, the very sum that
 * utime + stime are cut from: ticks of 10 ms would lose most of what one of
 * 500 processes uses in a few seconds. Without schedstat, ticks must do.
 */
#include "procstat.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "now.h"

#define PROC_MAX	100000

/* The whole of a small file as a string; -1 if it cannot be had. */
static int
slurp(const char *path, char *buf, size_t size)
{
	ssize_t n;
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return -1;
	n = read(fd, buf, size - 1);
	(void)close(fd);
	if (n <= 0)
		return -1;
	buf[n] = '\0';
	return 0;
}

static uint64_t
ticks_ns(uint64_t ticks)
{
	return ticks * (NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* Read /proc/pid/stat; *threads tells whether schedstat needs a sum. */
static int
read_stat(pid_t pid, struct proc *pr, long *threads)
{
	uint64_t utime, stime, cutime, cstime;
	unsigned long long born;
	char path[64], buf[1024], *p;
	int ppid;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (slurp(path, buf, sizeof(buf)) == -1 ||
	    (p = strrchr(buf, ')')) == NULL)
		return -1;
	if (sscanf(p + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
	    "%lu %lu %lu %lu %*d %*d %ld %*d %llu", &ppid, &utime, &stime,
	    &cutime, &cstime, threads, &born) != 7)
		return -1;
	pr->pr_pid = pid;
	pr->pr_ppid = ppid;
	pr->pr_born = born;
	pr->pr_own = ticks_ns(utime + stime);
	pr->pr_reaped = ticks_ns(cutime + cstime);
	return 0;
}

static uint64_t
read_schedstat(const char *path)
{
	char buf[128];

	if (slurp(path, buf, sizeof(buf)) == -1)
		return 0;
	return strtoull(buf, NULL, 10);
}

/* Time of a process with several threads, those that ended left out. */
static uint64_t
sum_threads(pid_t pid)
{
	char path[300];
	struct dirent *de;
	uint64_t sum = 0;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", pid);
	if ((dir = opendir(path)) == NULL)
		return 0;
	while ((de = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)de->d_name[0]))
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat",
		    pid, de->d_name);
		sum += read_schedstat(path);
	}
	(void)closedir(dir);
	return sum;
}

static void
refine(struct proc *pr, long threads)
{
	char path[64];
	uint64_t ns;

	(void)snprintf(path, sizeof(path), "/proc/%d/schedstat", pr->pr_pid);
	ns = threads > 1 ? sum_threads(pr->pr_pid) : read_schedstat(path);
	if (ns != 0)
		pr->pr_own = ns;
}

static int
by_pid(const void *a, const void *b)
{
	const struct proc *x = a, *y = b;

	return (x->pr_pid > y->pr_pid) - (x->pr_pid < y->pr_pid);
}

static struct proc *
find(struct proc *p, size_t n, pid_t pid)
{
	struct proc key = { .pr_pid = pid };

	return n == 0 ? NULL : bsearch(&key, p, n, sizeof(*p), by_pid);
}

struct listing {
	struct proc *l_proc;
	long	*l_threads;		/* parallel to l_proc */
	size_t	 l_count, l_room;
};

static int
listing_grow(struct listing *l)
{
	size_t room = l->l_room == 0 ? 256 : l->l_room * 2;
	struct proc *p;
	long *t;

	if (room > PROC_MAX)
		return -1;
	if ((p = reallocarray(l->l_proc, room, sizeof(*p))) == NULL)
		return -1;
	l->l_proc = p;
	if ((t = reallocarray(l->l_threads, room, sizeof(*t))) == NULL)
		return -1;
	l->l_threads = t;
	l->l_room = room;
	return 0;
}

/* All processes; /proc lists them in the order of their numbers. */
static int
list_all(struct listing *l)
{
	struct dirent *de;
	DIR *dir;

	if ((dir = opendir("/proc")) == NULL)
		return -1;
	while ((de = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)de->d_name[0]))
			continue;
		if (l->l_count == l->l_room && listing_grow(l) == -1)
			break;
		if (read_stat(atoi(de->d_name), &l->l_proc[l->l_count],
		    &l->l_threads[l->l_count]) == 0)
			l->l_count++;
	}
	(void)closedir(dir);
	return 0;
}

/* Whether pid descends from root; bounded, for the listing is no snapshot. */
static bool
descends(struct listing *l, pid_t pid, pid_t root)
{
	struct proc *p;
	int depth;

	for (depth = 0; depth < 64 && pid > 1; depth++) {
		if (pid == root)
			return true;
		if ((p = find(l->l_proc, l->l_count, pid)) == NULL)
			return false;
		pid = p->pr_ppid;
	}
	return false;
}

/* Keep the tree's processes only, with exact times. */
static size_t
prune(struct listing *l, pid_t root, struct proc *out)
{
	size_t i, n = 0;

	for (i = 0; i < l->l_count; i++) {
		if (!descends(l, l->l_proc[i].pr_pid, root))
			continue;
		out[n] = l->l_proc[i];
		refine(&out[n++], l->l_threads[i]);
	}
	return n;
}

/* Time of processes that vanished and that no parent took over. */
static uint64_t
unclaimed(const struct proctree *pt, struct proc *now, size_t count)
{
	uint64_t vanished = 0, claimed = 0;
	const struct proc *old, *p;
	size_t i;

	for (i = 0; i < pt->pt_count; i++) {
		old = &pt->pt_proc[i];
		p = find(now, count, old->pr_pid);
		if (p == NULL || p->pr_born != old->pr_born)
			vanished += old->pr_own + old->pr_reaped;
		else
			claimed += p->pr_reaped - old->pr_reaped;
	}
	return vanished > claimed ? vanished - claimed : 0;
}

int
proctree_sample(struct proctree *pt, uint64_t *ns)
{
	struct listing l = { 0 };
	struct proc *tree = NULL;
	size_t count = 0, i;

	if (list_all(&l) == 0 && l.l_count > 0 &&
	    (tree = calloc(l.l_count, sizeof(*tree))) != NULL)
		count = prune(&l, pt->pt_root, tree);
	free(l.l_proc);
	free(l.l_threads);
	if (count == 0) {
		free(tree);
		return -1;
	}
	pt->pt_lost += unclaimed(pt, tree, count);
	free(pt->pt_proc);
	pt->pt_proc = tree;
	pt->pt_count = count;
	*ns = pt->pt_lost;
	for (i = 0; i < count; i++)
		*ns += tree[i].pr_own + tree[i].pr_reaped;
	return 0;
}

void
proctree_free(struct proctree *pt)
{
	free(pt->pt_proc);
	pt->pt_proc = NULL;
	pt->pt_count = 0;
}
