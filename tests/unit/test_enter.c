/* SPDX-License-Identifier: ISC */
/*
 * test_enter.c - which directory a program beside the relay goes to, and what
 * it says when it cannot.
 */
#include "conf/enter.h"

#include <sys/stat.h>

#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

TestSuite(enter, .timeout = 10);

static char	base[] = "/tmp/test_enter.XXXXXX";
static char	path[PATH_MAX], error[PATH_MAX + 256];

/* A file with this text, in a base directory of its own. */
static const char *
file_of(const char *text)
{
	static char name[64];
	FILE *f;

	cr_assert_not_null(mkdtemp(base));
	snprintf(name, sizeof(name), "%s/rtmpd.conf", base);
	cr_assert_not_null(f = fopen(name, "w"));
	fputs(text, f);
	fclose(f);
	return name;
}

static void
clean(const char *file)
{
	unlink(file);
	rmdir(base);
}

static int
enter(const char *file, const char *rundir)
{
	return conf_enter(file, rundir, path, sizeof(path), error,
	    sizeof(error));
}

static bool
we_are_in(const char *want)
{
	struct stat here, there;

	return stat(".", &here) == 0 && stat(want, &there) == 0 &&
	    here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

Test(enter, the_directory_given_is_entered)
{
	const char *file = file_of("");

	cr_assert_eq(enter(NULL, base), 0, "%s", error);
	cr_assert_str_eq(path, base);
	cr_assert(we_are_in(base));
	clean(file);
}

Test(enter, a_configuration_names_it)
{
	const char *file = file_of("run-directory = \"/tmp\"\n");

	cr_assert_eq(enter(file, NULL), 0, "%s", error);
	cr_assert(we_are_in("/tmp"));
	/* and the one given goes before it */
	cr_assert_eq(enter(file, base), 0, "%s", error);
	cr_assert(we_are_in(base));
	clean(file);
}

Test(enter, a_file_that_is_wrong_is_told_whatever_else_is_given)
{
	const char *file = file_of("no-such-key = 1\n");

	cr_assert_eq(enter(file, NULL), EX_CONFIG);
	cr_assert_not_null(strstr(error, "rtmpd.conf:1: "), "%s", error);
	cr_assert_eq(enter(file, base), EX_CONFIG);
	clean(file);
	cr_assert_eq(enter(file, NULL), EX_CONFIG);
}

Test(enter, a_user_that_does_not_exist_is_told)
{
	const char *file = file_of("user = \"nobody-at-all\"\n");

	if (geteuid() == 0) {
		cr_assert_eq(enter(file, NULL), EX_CONFIG);
		cr_assert_str_eq(error, "no user nobody-at-all");
	} else
		cr_assert_neq(enter(file, "/tmp"), EX_CONFIG, "%s", error);
	clean(file);
}

Test(enter, a_directory_that_is_not_there_is_no_relay)
{
	cr_assert_eq(enter(NULL, "/tmp/no-such-directory"), EX_UNAVAILABLE);
	cr_assert_str_eq(error,
	    "/tmp/no-such-directory: No such file or directory");
	cr_assert_eq(enter(NULL, "/dev/null"), EX_UNAVAILABLE);
}

Test(enter, a_directory_that_is_not_for_us_is_told_apart)
{
	const char *file = file_of("");

	if (geteuid() != 0)
		cr_skip_test("only root can become another");
	cr_assert_eq(chmod(base, 0700), 0);
	cr_assert_eq(seteuid(65534), 0);
	cr_assert_eq(enter(NULL, base), EX_NOPERM);
	cr_assert_eq(seteuid(0), 0);
	clean(file);
}

Test(enter, who_has_none_is_led_to_that_of_the_machine)
{
	if (geteuid() != 0)
		cr_skip_test("only root can become another");
	cr_assert_eq(setenv("XDG_RUNTIME_DIR", "/tmp/no-such-directory", 1),
	    0);
	cr_assert_eq(seteuid(65534), 0);
	if (access("/run/rtmpd", X_OK) == 0) {
		cr_assert_eq(enter(NULL, NULL), 0, "%s", error);
		cr_assert_str_eq(path, "/run/rtmpd");
	} else {
		cr_assert_eq(enter(NULL, NULL), EX_UNAVAILABLE);
		cr_assert_str_eq(error,
		    "/tmp/no-such-directory/rtmpd: No such file or directory");
	}
	cr_assert_eq(seteuid(0), 0);
}

Test(enter, a_path_that_is_too_long_is_told)
{
	char *longer = malloc(PATH_MAX + 1);

	memset(longer, 'x', PATH_MAX);
	longer[PATH_MAX] = '\0';
	cr_assert_eq(enter(NULL, longer), EX_CONFIG);
	cr_assert_str_eq(error, "run directory: path too long");
	free(longer);
}
