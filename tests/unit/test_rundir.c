/* SPDX-License-Identifier: ISC */
/*
 * test_rundir.c - the run directory, as an ordinary user and as root. What
 * needs root is skipped without it.
 */
#include "sys/rundir.h"

#include <sys/stat.h>

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/control.h"
#include "sys/priv.h"

#define OTHER	65534		/* a user that is not root */

TestSuite(rundir, .timeout = 10);

static char	base[64];
static char	used[PATH_MAX];
static char	error[PATH_MAX + 128];

static struct priv
ordinary(void)
{
	return (struct priv){ .pr_uid = geteuid(), .pr_gid = getegid() };
}

static struct priv
as_root(void)
{
	if (geteuid() != 0)
		cr_skip_test("only root can give up root");
	return (struct priv){
		.pr_uid = OTHER, .pr_gid = OTHER, .pr_root = true,
	};
}

static void
become(uid_t uid)
{
	if (geteuid() == 0)
		cr_assert_eq(setresuid(uid, uid, uid), 0);
}

/* A place of our own, and a path in it that lasts until the next call. */
static void
make_base(void)
{
	strcpy(base, "/tmp/test_rundir.XXXXXX");
	cr_assert_not_null(mkdtemp(base));
}

static const char *
in_base(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", base, name);
	return path;
}

/* Every test leaves the directory behind empty, or not at all. */
static void
clean(void)
{
	static const char *const names[] = {
		"run/box", "run/lock", "run/foreign", "run", "there", "file",
		"rtmpd/box", "rtmpd",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (unlink(in_base(names[i])) == -1)
			(void)rmdir(in_base(names[i]));
	cr_assert_eq(rmdir(base), 0, "%s: %s", base, strerror(errno));
}

static int
enter(const char *path, struct priv pr)
{
	*used = *error = '\0';
	return rundir_enter(path, &pr, used, sizeof(used), error,
	    sizeof(error));
}

static struct stat
look(const char *name)
{
	struct stat st;

	cr_assert_eq(lstat(in_base(name), &st), 0, "%s: %s", name,
	    strerror(errno));
	return st;
}

static void
expect_ours(const char *name, uid_t uid)
{
	struct stat st = look(name);

	cr_assert(S_ISDIR(st.st_mode));
	cr_assert_eq(st.st_mode & 07777, 0755, "%s: %o", name, st.st_mode);
	cr_assert_eq(st.st_uid, uid);
}

Test(rundir, it_is_made_and_entered)
{
	char cwd[PATH_MAX];

	become(OTHER);
	make_base();
	cr_assert_eq(enter(in_base("run"), ordinary()), 0, "%s", error);
	cr_assert_str_eq(used, in_base("run"));
	cr_assert_str_eq(getcwd(cwd, sizeof(cwd)), in_base("run"));
	expect_ours("run", geteuid());
	expect_ours("run/box", geteuid());
	clean();
}

Test(rundir, it_may_be_entered_again_with_what_it_holds)
{
	become(OTHER);
	make_base();
	cr_assert_eq(enter(in_base("run"), ordinary()), 0, "%s", error);
	close(open(in_base("run/lock"), O_CREAT | O_WRONLY, 0600));
	close(open(in_base("run/foreign"), O_CREAT | O_WRONLY, 0600));
	cr_assert_eq(enter(in_base("run"), ordinary()), 0, "%s", error);
	clean();
}

Test(rundir, a_tight_umask_changes_nothing)
{
	become(OTHER);
	make_base();
	(void)umask(0777);
	cr_assert_eq(enter(in_base("run"), ordinary()) == 0,
	    geteuid() == 0, "%s", error);
	(void)umask(022);
	(void)chmod(in_base("run"), 0700);
	cr_assert_eq(enter(in_base("run"), ordinary()), 0, "%s", error);
	expect_ours("run", geteuid());
	clean();
}

Test(rundir, one_that_others_may_write_to_is_refused)
{
	static const mode_t modes[] = { 0775, 0757, 0777, 01777, 0720 };
	size_t i;

	become(OTHER);
	make_base();
	cr_assert_eq(mkdir(in_base("run"), 0700), 0);
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		cr_assert_eq(chmod(in_base("run"), modes[i]), 0);
		cr_assert_eq(enter(in_base("run"), ordinary()), -1);
		cr_assert_not_null(strstr(error, "others may write to it"),
		    "%s", error);
		cr_assert_eq(look("run").st_mode & 07777, modes[i]);
	}
	clean();
}

Test(rundir, a_symbolic_link_is_refused)
{
	become(OTHER);
	make_base();
	cr_assert_eq(mkdir(in_base("there"), 0700), 0);
	cr_assert_eq(symlink("there", in_base("run")), 0);
	cr_assert_eq(enter(in_base("run"), ordinary()), -1);
	cr_assert_not_null(strstr(error, in_base("run")), "%s", error);
	cr_assert_eq(look("there").st_mode & 07777, 0700);
	clean();
}

Test(rundir, a_symbolic_link_in_place_of_the_box_is_refused)
{
	become(OTHER);
	make_base();
	cr_assert_eq(mkdir(in_base("there"), 0700), 0);
	cr_assert_eq(mkdir(in_base("run"), 0700), 0);
	cr_assert_eq(symlink("../there", in_base("run/box")), 0);
	cr_assert_eq(enter(in_base("run"), ordinary()), -1);
	cr_assert_eq(look("there").st_mode & 07777, 0700);
	clean();
}

Test(rundir, what_stands_in_the_way_is_named)
{
	static const char *const name[] = {
		"run/lock", "run/start", "run/rtmpd.pid", "run/box/hub.sock",
	};
	size_t i;

	become(OTHER);
	make_base();
	cr_assert_eq(enter(in_base("run"), ordinary()), 0);
	for (i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		cr_assert_eq(mkdir(in_base(name[i]), 0700), 0);
		cr_assert_eq(enter(in_base("run"), ordinary()), -1);
		cr_assert_not_null(strstr(error, in_base(name[i])), "%s",
		    error);
		cr_assert_eq(rmdir(in_base(name[i])), 0);
	}
	cr_assert_eq(enter(in_base("run"), ordinary()), 0);
	clean();
}

Test(rundir, a_file_is_refused)
{
	become(OTHER);
	make_base();
	close(open(in_base("run"), O_CREAT | O_WRONLY, 0600));
	cr_assert_eq(enter(in_base("run"), ordinary()), -1);
	cr_assert_not_null(strstr(error, in_base("run")), "%s", error);
	clean();
}

Test(rundir, one_whose_parent_is_missing_is_not_made)
{
	become(OTHER);
	make_base();
	cr_assert_eq(enter(in_base("there/run"), ordinary()), -1);
	cr_assert_not_null(strstr(error, "No such file"), "%s", error);
	clean();
}

Test(rundir, the_default_lies_in_the_runtime_directory)
{
	become(OTHER);
	make_base();
	cr_assert_eq(setenv("XDG_RUNTIME_DIR", base, 1), 0);
	cr_assert_eq(enter("", ordinary()), 0, "%s", error);
	cr_assert_str_eq(used, in_base("rtmpd"));
	expect_ours("rtmpd", geteuid());
	expect_ours("rtmpd/box", geteuid());
	clean();
}

/* As a user that nobody is, to find the default under /tmp unused. */
static void
enter_under_tmp(const char *xdg)
{
	char want[64], box[80];
	uid_t uid = 2000000000u + (uid_t)getpid();
	struct stat st;

	if (geteuid() != 0)
		cr_skip_test("only root can become another");
	become(uid);
	if (xdg != NULL)
		cr_assert_eq(setenv("XDG_RUNTIME_DIR", xdg, 1), 0);
	else
		cr_assert_eq(unsetenv("XDG_RUNTIME_DIR"), 0);
	snprintf(want, sizeof(want), "/tmp/rtmpd-%u", uid);
	snprintf(box, sizeof(box), "%s/box", want);
	cr_assert_eq(enter("", ordinary()), 0, "%s", error);
	cr_assert_str_eq(used, want);
	cr_assert_eq(lstat(want, &st), 0);
	cr_assert_eq(st.st_uid, uid);
	cr_assert_eq(rmdir(box), 0);
	cr_assert_eq(rmdir(want), 0);
}

Test(rundir, without_a_runtime_directory_it_lies_under_tmp)
{
	enter_under_tmp(NULL);
}

Test(rundir, a_runtime_directory_that_is_no_absolute_path_is_ignored)
{
	enter_under_tmp("run");
}

Test(rundir, one_that_somebody_else_planted_is_refused)
{
	(void)as_root();
	make_base();
	cr_assert_eq(chmod(base, 0755), 0);
	cr_assert_eq(mkdir(in_base("run"), 0755), 0);
	cr_assert_eq(chown(in_base("run"), 1234, 1234), 0);
	cr_assert_eq(seteuid(OTHER), 0);
	cr_assert_eq(enter(in_base("run"), ordinary()), -1);
	cr_assert_not_null(strstr(error, "belongs to uid 1234"), "%s", error);
	cr_assert_eq(seteuid(0), 0);
	cr_assert_eq(enter(in_base("run"), as_root()), -1);
	cr_assert_not_null(strstr(error, "belongs to uid 1234"), "%s", error);
	cr_assert_eq(look("run").st_uid, 1234);
	clean();
}

Test(rundir, root_hands_it_to_the_user_it_becomes)
{
	struct priv pr = as_root();

	make_base();
	cr_assert_eq(enter(in_base("run"), pr), 0, "%s", error);
	expect_ours("run", OTHER);
	expect_ours("run/box", OTHER);
	/* and again, as after a restart, with files of that user in it */
	close(open(in_base("run/foreign"), O_CREAT | O_WRONLY, 0600));
	cr_assert_eq(enter(in_base("run"), pr), 0, "%s", error);
	clean();
}

Test(rundir, root_hands_no_directory_over_that_holds_something_foreign)
{
	struct priv pr = as_root();

	make_base();
	cr_assert_eq(mkdir(in_base("run"), 0755), 0);
	close(open(in_base("run/lock"), O_CREAT | O_WRONLY, 0600));
	cr_assert_eq(enter(in_base("run"), pr), 0, "%s", error);
	cr_assert_eq(chown(in_base("run"), 0, 0), 0);
	close(open(in_base("run/foreign"), O_CREAT | O_WRONLY, 0600));
	cr_assert_eq(enter(in_base("run"), pr), -1);
	cr_assert_not_null(strstr(error, "holds \"foreign\""), "%s", error);
	cr_assert_eq(look("run").st_uid, 0);
	clean();
}

Test(rundir, root_that_stays_root_hands_nothing_over)
{
	struct priv pr = as_root();

	pr.pr_uid = pr.pr_gid = 0;
	make_base();
	cr_assert_eq(mkdir(in_base("run"), 0755), 0);
	close(open(in_base("run/foreign"), O_CREAT | O_WRONLY, 0600));
	cr_assert_eq(enter(in_base("run"), pr), 0, "%s", error);
	expect_ours("run", 0);
	clean();
}

Test(rundir, a_socket_there_can_be_shared_with_a_group)
{
	struct priv pr = as_root();
	struct stat st;
	int fd;

	make_base();
	cr_assert_eq(enter(in_base("run"), pr), 0, "%s", error);
	cr_assert_neq(fd = control_open(RUNDIR_RTMPD), -1);
	cr_assert_eq(rundir_share(RUNDIR_RTMPD, PRIV_NO_GROUP), 0);
	st = look("run/rtmpd.ctl");
	cr_assert_eq(st.st_mode & 07777, 0600);
	cr_assert_eq(rundir_share(RUNDIR_RTMPD, 4321), 0);
	st = look("run/rtmpd.ctl");
	cr_assert_eq(st.st_mode & 07777, 0660);
	cr_assert_eq(st.st_gid, 4321);
	close(fd);
	cr_assert_eq(unlink(RUNDIR_RTMPD), 0);
	clean();
}

Test(rundir, nothing_else_is_shared_in_the_place_of_a_socket)
{
	struct priv pr = as_root();
	int fd;

	make_base();
	cr_assert_eq(enter(in_base("run"), pr), 0, "%s", error);
	close(open(in_base("file"), O_CREAT | O_WRONLY, 0600));
	cr_assert_eq(symlink("../file", RUNDIR_RTMPD), 0);
	cr_assert_eq(rundir_share(RUNDIR_RTMPD, 4321), -1);
	cr_assert_eq(unlink(RUNDIR_RTMPD), 0);
	cr_assert_eq(link("../file", RUNDIR_RTMPD), 0);
	cr_assert_eq(rundir_share(RUNDIR_RTMPD, 4321), -1);
	cr_assert_eq(look("file").st_gid, getegid());
	cr_assert_eq(look("file").st_mode & 07777, 0600);
	cr_assert_eq(unlink(RUNDIR_RTMPD), 0);
	/* nor one that has its place elsewhere */
	cr_assert_neq(fd = control_open("../there"), -1);
	cr_assert_eq(link("../there", RUNDIR_RTMPD), 0);
	cr_assert_eq(rundir_share(RUNDIR_RTMPD, 4321), -1);
	cr_assert_eq(look("there").st_gid, getegid());
	close(fd);
	cr_assert_eq(unlink(RUNDIR_RTMPD), 0);
	clean();
}
