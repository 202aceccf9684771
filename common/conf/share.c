/* SPDX-License-Identifier: ISC */
/*
 * share.c - a configuration in a sealed memory file.
 * What came from elsewhere is believed as little as any other message.
 */
#include "conf/share.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "conf/keys.h"

#define SEALS	(F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* What is not written stays a hole: a set of one conf takes four pages. */
int
conf_share(const struct conf_set *set)
{
	size_t	 used = CONF_SET_SIZE(set->cs_n);
	int	 fd, saved;

	fd = memfd_create("rtmpd.conf", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd == -1)
		return -1;
	if (pwrite(fd, set, used, 0) == (ssize_t)used &&
	    ftruncate(fd, sizeof(*set)) == 0 &&
	    fcntl(fd, F_ADD_SEALS, SEALS | F_SEAL_SEAL) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static bool
listen_sound(const struct conf_listen *cl)
{
	return memchr(cl->cl_host, '\0', sizeof(cl->cl_host)) != NULL &&
	    memchr(cl->cl_port, '\0', sizeof(cl->cl_port)) != NULL;
}

static bool
prefixes_sound(const struct prefix_list *pl)
{
	uint32_t	 i;

	for (i = 0; i < pl->pl_n && i < PREFIX_LIST_MAX; i++)
		if (pl->pl_prefix[i].px_bytes > 16 ||
		    pl->pl_prefix[i].px_bits > 128)
			return false;
	return pl->pl_n <= PREFIX_LIST_MAX;
}

static bool
key_sound(const struct conf *cf, const struct conf_key *key)
{
	const char	*field = (const char *)cf + key->ck_offset;
	uint32_t	 word;

	if (key->ck_kind == KEY_STRING)
		return memchr(field, '\0', key->ck_size) != NULL;
	if (key->ck_kind == KEY_PREFIX)
		return prefixes_sound((const void *)field);
	if (key->ck_kind == KEY_ADDRESS)
		return listen_sound((const void *)field);
	if (key->ck_kind == KEY_BOOL)
		return *(const uint8_t *)field <= 1;
	if (key->ck_kind == KEY_CHOICE) {
		memcpy(&word, field, sizeof(word));
		return word < key_words(key);
	}
	return true;
}

static bool
conf_sound(const struct conf *cf)
{
	uint32_t	 i;
	size_t		 key;

	if (memchr(cf->cf_app, '\0', sizeof(cf->cf_app)) == NULL ||
	    cf->cf_nlisten > CONF_LISTEN_MAX)
		return false;
	for (i = 0; i < cf->cf_nlisten; i++)
		if (!listen_sound(&cf->cf_listen[i]))
			return false;
	for (key = 0; key < conf_nkeys; key++)
		if (!key_sound(cf, &conf_keys[key]))
			return false;
	return true;
}

static bool
set_sound(const struct conf_set *set)
{
	uint32_t	 i;

	if (set->cs_format != CONF_FORMAT || set->cs_n < 1 ||
	    set->cs_n > 1 + CONF_APPS)
		return false;
	for (i = 0; i < set->cs_n; i++)
		if (!conf_sound(&set->cs_conf[i]))
			return false;
	return true;
}

const struct conf_set *
conf_map(int fd)
{
	const struct conf_set	*set;
	struct stat		 st;
	int			 seals = fcntl(fd, F_GET_SEALS);

	if (seals == -1 || (seals & SEALS) != SEALS) {
		errno = EPERM;
		return NULL;
	}
	if (fstat(fd, &st) == -1 || st.st_size != sizeof(*set)) {
		errno = EBADMSG;
		return NULL;
	}
	/* private: older kernels let nobody share what is sealed */
	set = mmap(NULL, sizeof(*set), PROT_READ, MAP_PRIVATE, fd, 0);
	if (set == MAP_FAILED)
		return NULL;
	if (set_sound(set))
		return set;
	conf_unmap(set);
	errno = EBADMSG;
	return NULL;
}

void
conf_unmap(const struct conf_set *set)
{
	(void)munmap((void *)(uintptr_t)set, sizeof(*set));
}
