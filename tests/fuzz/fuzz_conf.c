/* SPDX-License-Identifier: ISC */
/*
 * fuzz_conf.c - a configuration file of any bytes.
 * Input: the file. What loads is within the limits of the table in keys.c;
 * what does not leaves everything as it was, and one line that says why.
 */
#include "conf/conf.h"

#include <sys/mman.h>

#include <unistd.h>

#include "conf/keys.h"
#include "conf/print.h"
#include "conf/units.h"
#include "fuzz.h"

static char path[32];

static void
write_file(const uint8_t *data, size_t size)
{
	static int fd = -1;

	if (fd == -1) {
		FUZZ_NEED((fd = memfd_create("conf", MFD_CLOEXEC)) != -1);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	FUZZ_NEED(ftruncate(fd, 0) == 0);
	FUZZ_NEED(pwrite(fd, data, size, 0) == (ssize_t)size);
}

static void
check_number(const struct conf *cf, const struct conf_key *key)
{
	const char *(*read)(const char *, uint64_t *) =
	    key->ck_kind == KEY_SIZE ? unit_size :
	    key->ck_kind == KEY_DURATION ? unit_duration : unit_count;
	uint64_t value = 0, min, max;

	/* little-endian, like all machines that run fuzzers */
	memcpy(&value, (const char *)cf + key->ck_offset, key->ck_size);
	if (key->ck_words != NULL && value == CONF_MERGE_AUTO)
		return;
	FUZZ_CHECK(read(key->ck_min, &min) == NULL);
	FUZZ_CHECK(read(key->ck_max, &max) == NULL);
	FUZZ_CHECK(value >= min && value <= max);
	if (key->ck_flags & KEY_POW2)
		FUZZ_CHECK((value & (value - 1)) == 0);
}

static void
check_listen(const struct conf *cf)
{
	const struct conf_listen *cl = cf->cf_listen;
	uint32_t i;

	FUZZ_CHECK(cf->cf_nlisten <= CONF_LISTEN_MAX);
	for (i = 0; i < cf->cf_nlisten; i++, cl++) {
		FUZZ_CHECK(memchr(cl->cl_host, '\0', CONF_HOST_MAX) != NULL);
		FUZZ_CHECK(strlen(cl->cl_port) < sizeof(cl->cl_port));
		FUZZ_CHECK(atoi(cl->cl_port) >= 1);
		FUZZ_CHECK(atoi(cl->cl_port) <= 65535);
	}
}

static void
check_values(const struct conf *cf)
{
	size_t i;

	for (i = 0; i < conf_nkeys; i++)
		if (conf_keys[i].ck_kind <= KEY_COUNT)
			check_number(cf, &conf_keys[i]);
	check_listen(cf);
	FUZZ_CHECK(cf->cf_join == JOIN_GOP || cf->cf_join == JOIN_LIVE);
	FUZZ_CHECK(memchr(cf->cf_user, '\0', sizeof(cf->cf_user)) != NULL);
	FUZZ_CHECK(strnlen(cf->cf_rundir, PATH_MAX) < PATH_MAX);
	FUZZ_CHECK(cf->cf_rundir[0] == '\0' || cf->cf_rundir[0] == '/');
}

/* Printed and read back it is the same. */
static void
check_print(const struct conf_set *set)
{
	static struct conf_set again;
	char err[512], *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	FUZZ_NEED(to != NULL);
	FUZZ_CHECK(conf_print(to, set) == 0);
	FUZZ_NEED(fclose(to) == 0);
	write_file((const uint8_t *)text, size);
	free(text);
	FUZZ_CHECK(conf_load(&again, path, err, sizeof(err)) == 0);
	FUZZ_CHECK(memcmp(&again, set, CONF_SET_SIZE(set->cs_n)) == 0);
}

static void
check_error(const char *err)
{
	FUZZ_CHECK(strncmp(err, path, strlen(path)) == 0);
	FUZZ_CHECK(err[strlen(path)] == ':');
	for (; *err != '\0'; err++)
		FUZZ_CHECK(*err >= ' ' && *err <= '~');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct conf_set set, before;
	uint32_t i;
	char err[512] = "";

	write_file(data, size);
	memset(&set, 0xa5, sizeof(set));
	memset(&before, 0xa5, sizeof(before));
	if (conf_load(&set, path, err, sizeof(err)) == 0) {
		FUZZ_CHECK(set.cs_n >= 1 && set.cs_n <= 1 + CONF_APPS);
		for (i = 0; i < set.cs_n; i++)
			check_values(&set.cs_conf[i]);
		check_print(&set);
	} else {
		FUZZ_CHECK(memcmp(&set, &before, sizeof(set)) == 0);
		check_error(err);
	}
	return 0;
}
