/* SPDX-License-Identifier: ISC */
/*
 * listening.c - the listener's sockets, which outlive its program and its
 * configuration.
 */
#include "listener.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sys/sock.h"

static bool
same(const struct conf_listen *a, const struct conf_listen *b)
{
	return strcmp(a->cl_host, b->cl_host) == 0 &&
	    strcmp(a->cl_port, b->cl_port) == 0;
}

/* Where it says to listen. */
static uint32_t
wanted(const struct conf *cf, const struct conf_listen **at)
{
	static const struct conf_listen standard = { "", "1935" };

	*at = cf->cf_nlisten > 0 ? cf->cf_listen : &standard;
	return cf->cf_nlisten > 0 ? cf->cf_nlisten : 1;
}

static bool
is_wanted(const struct conf *cf, const struct conf_listen *at)
{
	const struct conf_listen *cl;
	uint32_t n = wanted(cf, &cl);

	while (n > 0 && !same(&cl[n - 1], at))
		n--;
	return n > 0;
}

static bool
is_open(const struct listening *li, int n, const struct conf_listen *at)
{
	while (n > 0 && !same(&li[n - 1].li_at, at))
		n--;
	return n > 0;
}

/* Those that are not open yet, to `fresh`: how many, or -1 and errno with the
 * one that failed in `at`. */
static int
open_missing(const struct listener *l, const struct conf *cf,
    struct listening fresh[LISTEN_MAX], const struct conf_listen **at)
{
	uint32_t i, count = wanted(cf, at);
	int fd[LISTEN_MAX], n = 0, got, saved;

	for (i = 0; i < count; i++, ++*at) {
		if (is_open(l->l_listen, l->l_nlisten, *at) ||
		    is_open(fresh, n, *at))
			continue;
		got = sock_listen((*at)->cl_host, (*at)->cl_port, fd,
		    LISTEN_MAX - n);
		if (got == -1) {
			saved = errno;
			while (n > 0)
				close(fresh[--n].li_fd);
			errno = saved;
			return -1;
		}
		while (got > 0)
			fresh[n++] = (struct listening){ fd[--got], **at };
	}
	return n;
}

int
listening_change(struct listener *l, const struct conf *cf, char *error,
    size_t size)
{
	struct listening fresh[LISTEN_MAX];
	const struct conf_listen *at;
	int n = open_missing(l, cf, fresh, &at), i, kept = 0;

	if (n == -1) {
		snprintf(error, size, "listen on %s%s%s: %s", at->cl_host,
		    at->cl_host[0] != '\0' ? " port " : "port ", at->cl_port,
		    strerror(errno));
		return -1;
	}
	for (i = 0; i < l->l_nlisten; i++)
		if (is_wanted(cf, &l->l_listen[i].li_at))
			l->l_listen[kept++] = l->l_listen[i];
		else
			close(l->l_listen[i].li_fd);
	l->l_nlisten = kept;
	for (i = 0; i < n; i++)
		l->l_listen[l->l_nlisten++] = fresh[i];
	return 0;
}

void
listening_open(struct listener *l)
{
	char error[128];

	if (listening_change(l, l->l_server->sv_conf, error,
	    sizeof(error)) == -1)
		fatalx("%s", error);
}

void
listening_close(struct listener *l)
{
	while (l->l_nlisten > 0)
		close(l->l_listen[--l->l_nlisten].li_fd);
}
