/* SPDX-License-Identifier: ISC */
/*
 * conf_text.h - load a configuration from text, as a test wants it.
 */
#ifndef TEST_CONF_TEXT_H
#define TEST_CONF_TEXT_H

#include "conf/conf.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N(a)	(sizeof(a) / sizeof((a)[0]))

/*
 * Load `text` from a file of its own. Returns what conf_load() does; the
 * message comes without the file's name.
 */
static inline int
load_bytes(struct conf_set *set, const char *text, size_t len, char *err,
    size_t errlen)
{
	char	 path[] = "/tmp/test_conf.XXXXXX", full[512] = "";
	int	 fd, r;

	cr_assert_geq(fd = mkstemp(path), 0);
	cr_assert_eq(write(fd, text, len), (ssize_t)len);
	cr_assert_eq(close(fd), 0);
	r = conf_load(set, path, full, sizeof(full));
	cr_assert_eq(unlink(path), 0);
	*err = '\0';
	if (r == -1) {
		cr_assert_eq(strncmp(full, path, strlen(path)), 0, "%s", full);
		(void)snprintf(err, errlen, "%s", full + strlen(path));
	}
	return r;
}

static inline void
load_set(struct conf_set *set, const char *text)
{
	char	 err[512];

	cr_assert_eq(load_bytes(set, text, strlen(text), err, sizeof(err)), 0,
	    "%s: %s", text, err);
}

/* Of a text without blocks. */
static inline void
load_good(struct conf *cf, const char *text)
{
	static struct conf_set	 set;

	load_set(&set, text);
	cr_assert_eq(set.cs_n, 1);
	*cf = set.cs_conf[0];
}

static inline void
load_bad(const char *text, const char *want)
{
	static struct conf_set	 set, before;
	char			 err[512];

	memset(&set, 0xa5, sizeof(set));
	memset(&before, 0xa5, sizeof(set));
	cr_assert_eq(load_bytes(&set, text, strlen(text), err, sizeof(err)),
	    -1, "%s", text);
	cr_assert_str_eq(err, want, "%s: \"%s\" is not \"%s\"", text, err,
	    want);
	cr_assert_eq(memcmp(&set, &before, sizeof(set)), 0);
}

#endif
