/* SPDX-License-Identifier: ISC */
/*
 * priv.c - giving up root.
 */
#include "sys/priv.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PASSWD	"/etc/passwd"
#define GROUP	"/etc/group"

/* Not by getpwnam(3): for the services that it asks a static program would
 * load libraries. */
static const struct passwd *
find_user(const char *name)
{
	FILE *from = fopen(PASSWD, "re");
	const struct passwd *pw;

	if (from == NULL)
		return NULL;
	while ((pw = fgetpwent(from)) != NULL && strcmp(pw->pw_name, name) != 0)
		;
	fclose(from);
	return pw;
}

int
priv_lookup(const char *user, struct priv *pr, const char **missing)
{
	const struct passwd *pw;

	pr->pr_uid = geteuid();
	pr->pr_gid = getegid();
	pr->pr_root = pr->pr_uid == 0;
	if (!pr->pr_root)
		return 0;
	*missing = *user != '\0' ? user : PRIV_FALLBACK;
	if (*user != '\0')
		pw = find_user(user);
	else if ((pw = find_user(PRIV_USER)) == NULL)
		pw = find_user(PRIV_FALLBACK);
	if (pw == NULL)
		return -1;
	pr->pr_uid = pw->pw_uid;
	pr->pr_gid = pw->pw_gid;
	return 0;
}

int
priv_find_group(const char *name, gid_t *gid)
{
	FILE *from;
	const struct group *gr;

	*gid = PRIV_NO_GROUP;
	if (*name == '\0')
		return 0;
	if ((from = fopen(GROUP, "re")) == NULL)
		return -1;
	while ((gr = fgetgrent(from)) != NULL && strcmp(gr->gr_name, name) != 0)
		;
	if (gr != NULL)
		*gid = gr->gr_gid;
	fclose(from);
	return gr != NULL ? 0 : -1;
}

static int
change_user(const struct priv *pr)
{
	const gid_t *also = pr->pr_shares ? &pr->pr_group : &pr->pr_gid;

	if (setgroups(1, also) == -1 ||
	    setresgid(pr->pr_gid, pr->pr_gid, pr->pr_gid) == -1)
		return -1;
	return setresuid(pr->pr_uid, pr->pr_uid, pr->pr_uid);
}

static int
limit(int what, rlim_t value)
{
	struct rlimit rl = { value, value };

	return setrlimit(what, &rl);
}

int
priv_drop(const struct priv *pr, const char *root)
{
	if (pr->pr_root) {
		if (root != NULL && (chroot(root) == -1 || chdir("/") == -1))
			return -1;
		if (change_user(pr) == -1)
			return -1;
	}
	if (limit(RLIMIT_CORE, 0) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return -1;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int
priv_limit(unsigned long files, unsigned long memory)
{
	if (limit(RLIMIT_NOFILE, files) == -1 || limit(RLIMIT_NPROC, 0) == -1)
		return -1;
#ifdef __SANITIZE_ADDRESS__
	(void)memory;		/* and its reports may go to a file */
	return 0;
#else
	return limit(RLIMIT_FSIZE, 0) == -1 ? -1 : limit(RLIMIT_AS, memory);
#endif
}
