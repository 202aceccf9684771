/* SPDX-License-Identifier: ISC */
/*
 * enter.c - go to where a relay runs.
 * What is there has short names then: a socket's address holds no long path.
 */
#include "conf/enter.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf/conf.h"
#include "sys/priv.h"
#include "sys/rundir.h"

/* What the configuration says of it: "" if nothing. */
static int
ask_file(const char *file, struct conf_set *set, struct priv *pr, char *err,
    size_t errlen)
{
	const char *missing;

	if (conf_load_default(set, file, err, errlen) == -1)
		return EX_CONFIG;
	if (priv_lookup(set->cs_conf[0].cf_user, pr, &missing) == -1) {
		snprintf(err, errlen, "no user %s", missing);
		return EX_CONFIG;
	}
	return 0;
}

static int
find(const char *file, const char *rundir, char *path, size_t size,
    bool *chosen, char *err, size_t errlen)
{
	struct conf_set *set = calloc(1, sizeof(*set));
	struct priv pr = { .pr_uid = geteuid(), .pr_root = geteuid() == 0 };
	int status = 0;

	if (set == NULL) {
		snprintf(err, errlen, "%s", strerror(errno));
		return EX_OSERR;
	}
	if (file != NULL || rundir == NULL)
		status = ask_file(file, set, &pr, err, errlen);
	if (rundir == NULL)
		rundir = set->cs_conf[0].cf_rundir;
	*chosen = *rundir != '\0';
	if (status == 0 && rundir_path(rundir, &pr, path, size) == -1) {
		snprintf(err, errlen, "run directory: path too long");
		status = EX_CONFIG;
	}
	free(set);
	return status;
}

/* The one of root, where the machine's relay runs. */
static int
try_roots(char *path, size_t size)
{
	const struct priv root = { .pr_root = true };
	char other[64];

	if (rundir_path("", &root, other, sizeof(other)) == -1 ||
	    chdir(other) == -1)
		return -1;
	strlcpy(path, other, size);
	return 0;
}

int
conf_enter(const char *file, const char *rundir, char *path, size_t size,
    char *err, size_t errlen)
{
	bool chosen;
	int status, why;

	status = find(file, rundir, path, size, &chosen, err, errlen);
	if (status != 0 || chdir(path) == 0)
		return status;
	why = errno;
	if (!chosen && why == ENOENT && try_roots(path, size) == 0)
		return 0;
	snprintf(err, errlen, "%s: %s", path, strerror(why));
	return why == EACCES ? EX_NOPERM : EX_UNAVAILABLE;
}
