/* SPDX-License-Identifier: ISC */
/*
 * rundir.c - find, check and enter the run directory.
 * Refuses a directory that is not ours alone, and, as root, one that holds
 * anything rtmpd did not put there: handing it over would be a disaster.
 * What holds a name of ours and cannot be used is named here, at the start;
 * later every hub would fail on it, one after the other.
 */
#include "sys/rundir.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/priv.h"

int
rundir_path(const char *path, const struct priv *pr, char *out, size_t size)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	int n;

	if (*path != '\0')
		n = snprintf(out, size, "%s", path);
	else if (pr->pr_root)
		n = snprintf(out, size, "/run/rtmpd");
	else if (xdg != NULL && xdg[0] == '/')
		n = snprintf(out, size, "%s/rtmpd", xdg);
	else
		n = snprintf(out, size, "/tmp/rtmpd-%u", pr->pr_uid);
	return n > 0 && (size_t)n < size ? 0 : -1;
}

static bool
is_ours(const char *name)
{
	static const char *const known[] = {
		".", "..", RUNDIR_LOCK, RUNDIR_START, RUNDIR_PID,
		RUNDIR_RTMPD, RUNDIR_RTMPHUB, RUNDIR_BOX, RUNDIR_REGISTRY,
		RUNDIR_REGISTRY_NEW,
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(name, known[i]) == 0)
			return true;
	return false;
}

/* The name of something in the directory that is none of ours, or NULL. */
static const char *
find_foreign(int fd)
{
	static char name[NAME_MAX + 1];
	const struct dirent *de;
	bool found = false;
	DIR *dir;

	if ((fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return "?";
	if ((dir = fdopendir(fd)) == NULL) {
		close(fd);
		return "?";
	}
	while (!found && (de = readdir(dir)) != NULL) {
		found = !is_ours(de->d_name);
		strlcpy(name, de->d_name, sizeof(name));
	}
	closedir(dir);
	return found ? name : NULL;
}

static int
check_dir(int fd, const struct priv *pr, const char *path, char *err,
    size_t errlen)
{
	const char *foreign;
	struct stat st;

	if (fstat(fd, &st) == -1) {
		snprintf(err, errlen, "%s: %s", path, strerror(errno));
		return -1;
	}
	if (st.st_uid != geteuid() && st.st_uid != pr->pr_uid) {
		snprintf(err, errlen, "%s: belongs to uid %u", path,
		    st.st_uid);
		return -1;
	}
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		snprintf(err, errlen, "%s: others may write to it", path);
		return -1;
	}
	if (pr->pr_root && st.st_uid == 0 && pr->pr_uid != 0 &&
	    (foreign = find_foreign(fd)) != NULL) {
		snprintf(err, errlen, "%s: holds \"%s\", so it is no run "
		    "directory and is not handed to another user", path,
		    foreign);
		return -1;
	}
	return 0;
}

static int
make_dir(int at, const char *name)
{
	if (mkdirat(at, name, 0700) == -1 && errno != EEXIST)
		return -1;
	return openat(at, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int
hand_over(int fd, mode_t mode, const struct priv *pr)
{
	if (fchmod(fd, mode) == -1)
		return -1;
	return pr->pr_root ? fchown(fd, pr->pr_uid, pr->pr_gid) : 0;
}

/* What stands where locks and the pid file are kept, if anything does. */
static int
check_files(int fd, const char *path, char *err, size_t errlen)
{
	static const char *const file[] = {
		RUNDIR_LOCK, RUNDIR_START, RUNDIR_PID,
	};
	struct stat st;
	size_t i;

	for (i = 0; i < sizeof(file) / sizeof(file[0]); i++) {
		if (fstatat(fd, file[i], &st, AT_SYMLINK_NOFOLLOW) == -1 ||
		    S_ISREG(st.st_mode))
			continue;
		snprintf(err, errlen, "%s/%s: not a regular file", path,
		    file[i]);
		return -1;
	}
	return 0;
}

/* The hub unlinks what is where its socket belongs; that takes no directory. */
static int
check_box(int box, const char *path, char *err, size_t errlen)
{
	struct stat st;

	if (fstatat(box, strrchr(RUNDIR_HUB, '/') + 1, &st,
	    AT_SYMLINK_NOFOLLOW) == -1 || !S_ISDIR(st.st_mode))
		return 0;
	snprintf(err, errlen, "%s/%s: is a directory", path, RUNDIR_HUB);
	return -1;
}

static int
enter_box(int fd, const struct priv *pr, const char *path, char *err,
    size_t errlen)
{
	int box = make_dir(fd, RUNDIR_BOX), rc;

	if (box == -1 || hand_over(box, 0755, pr) == -1) {
		snprintf(err, errlen, "%s/%s: %s", path, RUNDIR_BOX,
		    strerror(errno));
		rc = -1;
	} else
		rc = check_box(box, path, err, errlen);
	if (box != -1)
		close(box);
	return rc;
}

static bool
is_locked(int fd, const char *name)
{
	int lock = openat(fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	bool locked;

	if (lock == -1)
		return false;
	locked = flock(lock, LOCK_SH | LOCK_NB) == -1;
	close(lock);
	return locked;
}

/* A relay that runs there under another user would be left without it. */
static int
check_use(int fd, const struct priv *pr, const char *path, char *err,
    size_t errlen)
{
	struct stat st;

	if (!pr->pr_root || (fstat(fd, &st) == 0 && st.st_uid == pr->pr_uid))
		return 0;
	if (!is_locked(fd, RUNDIR_PID) && !is_locked(fd, RUNDIR_LOCK))
		return 0;
	snprintf(err, errlen, "%s: in use by a relay of another user", path);
	return -1;
}

static int
enter(int fd, const struct priv *pr, const char *path, char *err,
    size_t errlen)
{
	if (check_dir(fd, pr, path, err, errlen) == -1 ||
	    check_use(fd, pr, path, err, errlen) == -1)
		return -1;
	if (hand_over(fd, 0755, pr) == -1 || fchdir(fd) == -1) {
		snprintf(err, errlen, "%s: %s", path, strerror(errno));
		return -1;
	}
	if (check_files(fd, path, err, errlen) == -1)
		return -1;
	return enter_box(fd, pr, path, err, errlen);
}

int
rundir_enter(const char *path, const struct priv *pr, char *used, size_t size,
    char *err, size_t errlen)
{
	char chosen[PATH_MAX];
	int fd, rc;

	if (rundir_path(path, pr, chosen, sizeof(chosen)) == -1) {
		snprintf(err, errlen, "run directory: path too long");
		return -1;
	}
	if ((fd = make_dir(AT_FDCWD, chosen)) == -1) {
		snprintf(err, errlen, "%s: %s", chosen, strerror(errno));
		return -1;
	}
	rc = enter(fd, pr, chosen, err, errlen);
	close(fd);
	if (rc == 0 && getcwd(used, size) == NULL)
		strlcpy(used, chosen, size);
	return rc;
}

/* By a descriptor of the socket itself: its name may be made another's. */
int
rundir_share(const char *name, gid_t group)
{
	char path[64];
	struct stat st;
	int fd, rc = -1;

	if (group == PRIV_NO_GROUP)
		return 0;
	fd = open(name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    st.st_uid == geteuid() && st.st_nlink == 1)
		rc = fchownat(fd, "", (uid_t)-1, group, AT_EMPTY_PATH);
	else
		errno = EPERM;
	if (rc == 0)
		rc = chmod(path, 0660);
	close(fd);
	return rc;
}
