/* SPDX-License-Identifier: ISC */
/*
 * test_share.c - a configuration that others map, and what is none.
 */
#include "conf/share.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "conf_text.h"

TestSuite(share, .timeout = 10);

static struct conf_set	set;

Test(share, who_maps_it_reads_what_was_given_and_nobody_writes_it)
{
	const struct conf_set	*mapped;
	struct stat		 st;
	int			 fd;

	load_set(&set, "application live { linger = 9s }\nmax-lag = 2s");
	cr_assert_neq(fd = conf_share(&set), -1);
	cr_assert_not_null(mapped = conf_map(fd));
	cr_assert_eq(memcmp(mapped, &set, CONF_SET_SIZE(set.cs_n)), 0);
	cr_assert_eq(pwrite(fd, "x", 1, 0), -1);
	cr_assert_eq(ftruncate(fd, 0), -1);
	cr_assert_eq(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
	    0), MAP_FAILED);
	cr_assert_eq(fstat(fd, &st), 0);
	cr_assert_leq(st.st_blocks * 512, 64 * 1024, "blocks that are not used "
	    "take memory");
	cr_assert_eq(close(fd), 0);
	cr_assert_eq(conf_for(mapped, "live/x")->cf_linger, 9000);
	conf_unmap(mapped);
}

/* As conf_share() would, but without judgement. */
static int
share_as(const void *bytes, size_t len, int seals)
{
	int	 fd = memfd_create("conf", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	cr_assert_neq(fd, -1);
	cr_assert_eq(write(fd, bytes, len), (ssize_t)len);
	cr_assert_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void
refused(int fd, int why)
{
	cr_assert_null(conf_map(fd));
	cr_assert_eq(errno, why);
	cr_assert_eq(close(fd), 0);
}

#define ALL	(F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

Test(share, what_could_change_is_refused)
{
	load_set(&set, "");
	refused(share_as(&set, sizeof(set), 0), EPERM);
	refused(share_as(&set, sizeof(set), F_SEAL_SHRINK | F_SEAL_GROW),
	    EPERM);
	refused(share_as(&set, sizeof(set), F_SEAL_WRITE | F_SEAL_GROW),
	    EPERM);
	refused(open("/dev/null", O_RDONLY), EPERM);
	cr_assert_null(conf_map(-1));
	refused(share_as(&set, sizeof(set) - 1, ALL), EBADMSG);
}

static void
spoiled(void)
{
	refused(share_as(&set, sizeof(set), ALL), EBADMSG);
	load_set(&set, "application live { linger = 9s }");
}

Test(share, what_is_not_sound_is_refused)
{
	load_set(&set, "application live { linger = 9s }");
	set.cs_format++;
	spoiled();
	set.cs_n = 0;
	spoiled();
	set.cs_n = 2 + CONF_APPS;
	spoiled();
	memset(set.cs_conf[1].cf_app, 'a', sizeof(set.cs_conf[1].cf_app));
	spoiled();
	memset(set.cs_conf[0].cf_rundir, 'a', PATH_MAX);
	spoiled();
	set.cs_conf[0].cf_nlisten = CONF_LISTEN_MAX + 1;
	spoiled();
	set.cs_conf[0].cf_nlisten = 1;
	memset(set.cs_conf[0].cf_listen[0].cl_port, '1', 6);
	spoiled();
	set.cs_conf[1].cf_allow_play.pl_n = PREFIX_LIST_MAX + 1;
	spoiled();
	set.cs_conf[1].cf_allow_play.pl_n = 1;
	set.cs_conf[1].cf_allow_play.pl_prefix[0].px_bytes = 17;
	spoiled();
	set.cs_conf[1].cf_join = (enum conf_join)2;
	spoiled();
	memset(&set.cs_conf[1].cf_idle_streams, 2, 1);
	spoiled();
	memset(set.cs_conf[0].cf_metrics.cl_host, '1', CONF_HOST_MAX);
	spoiled();
	refused(share_as(&set, sizeof(set), ALL & ~F_SEAL_GROW), EPERM);
	cr_assert_not_null(conf_map(share_as(&set, sizeof(set), ALL)));
}
