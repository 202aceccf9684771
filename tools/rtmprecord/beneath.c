/* SPDX-License-Identifier: ISC */
/*
 * beneath.c - new files in a directory, and nowhere else.
 * Part by part, so that whoever swaps a directory for a link leads nowhere.
 */
#include "beneath.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "recording/path.h"

#define MODE_DIR	0777
#define MODE_FILE	0666	/* both less the umask */

static int
enter(int dir, const char *name)
{
	if (mkdirat(dir, name, MODE_DIR) == -1 && errno != EEXIST)
		return -1;
	return openat(dir, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/*
 * The directory that holds the last part of the path, `dir` itself among them;
 * that part goes to `part`. -1 and errno.
 */
static int
enter_all(int dir, const char *path, char part[RECORD_PATH_MAX])
{
	char copy[RECORD_PATH_MAX], *p = copy, *slash;
	int at = dir, next, saved;

	if (strlcpy(copy, path, sizeof(copy)) >= sizeof(copy)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (; (slash = strchr(p, '/')) != NULL; p = slash + 1) {
		*slash = '\0';
		next = enter(at, p);
		saved = errno;
		if (at != dir)
			close(at);
		errno = saved;
		if ((at = next) == -1)
			return -1;
	}
	strlcpy(part, p, RECORD_PATH_MAX);
	return at;
}

static int
leave(int at, int dir, int result)
{
	int saved = errno;

	if (at != dir)
		close(at);
	errno = saved;
	return result;
}

int
beneath_open(int dir, const char *path, int flags)
{
	char part[RECORD_PATH_MAX];
	int at = enter_all(dir, path, part);

	return at == -1 ? -1 : leave(at, dir, openat(at, part,
	    flags | O_NOFOLLOW | O_CLOEXEC, MODE_FILE));
}

int
beneath_remove(int dir, const char *path)
{
	char part[RECORD_PATH_MAX];
	int at = enter_all(dir, path, part);

	return at == -1 ? -1 : leave(at, dir, unlinkat(at, part, 0));
}
