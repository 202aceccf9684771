/* SPDX-License-Identifier: ISC */
/*
 * listening.c - the listener's sockets, which outlive its program.
 */
#include "listener.h"

#include <string.h>
#include <unistd.h>

#include "sys/sock.h"

/* What the program before us listened on already. */
static bool
keep_listen(struct listener *l, const struct conf_listen *cl,
    struct listening *handed, int n)
{
	bool kept = false;
	int i;

	for (i = 0; i < n; i++) {
		if (handed[i].li_fd == -1 ||
		    strcmp(handed[i].li_at.cl_host, cl->cl_host) != 0 ||
		    strcmp(handed[i].li_at.cl_port, cl->cl_port) != 0)
			continue;
		l->l_listen[l->l_nlisten++] = handed[i];
		handed[i].li_fd = -1;
		kept = true;
	}
	return kept;
}

static void
add_listen(struct listener *l, const struct conf_listen *cl)
{
	int fd[LISTEN_MAX], i, n;

	n = sock_listen(cl->cl_host, cl->cl_port, fd,
	    LISTEN_MAX - l->l_nlisten);
	if (n == -1)
		fatal("listen on %s%s%s", cl->cl_host,
		    cl->cl_host[0] != '\0' ? " port " : "port ", cl->cl_port);
	for (i = 0; i < n; i++)
		l->l_listen[l->l_nlisten++] = (struct listening){ fd[i], *cl };
}

void
listening_open(struct listener *l, struct listening *handed, int nhanded)
{
	static const struct conf_listen standard = { "", "1935" };
	const struct conf *cf = l->l_server->sv_conf;
	const struct conf_listen *cl = cf->cf_listen;
	uint32_t i, n = cf->cf_nlisten;

	if (n == 0) {
		cl = &standard;
		n = 1;
	}
	for (i = 0; i < n; i++)
		if (!keep_listen(l, &cl[i], handed, nhanded))
			add_listen(l, &cl[i]);
	for (i = 0; i < (uint32_t)nhanded; i++)
		if (handed[i].li_fd != -1)
			close(handed[i].li_fd);
}

void
listening_close(struct listener *l)
{
	while (l->l_nlisten > 0)
		close(l->l_listen[--l->l_nlisten].li_fd);
}
