/* SPDX-License-Identifier: ISC */
/*
 * prepare.c - what is done once, before anybody forks: configuration read and
 * filters of system calls built. Both aside, since every connection inherits our
 * heap.
 */
#include "server.h"

#include <sys/prctl.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/keys.h"
#include "conf/share.h"
#include "sys/aside.h"
#include "sys/log.h"

struct loaded {
	struct conf_set	 ld_set;
	char		 ld_error[SERVER_ERROR_MAX];
	int		 ld_result;
	bool		 ld_done;
};

struct built {
	struct sock_filter	 bu_filter[BPF_MAXINSNS];
	unsigned short		 bu_len;
	int			 bu_error;
};

struct wish {
	enum sandbox_role	 wi_role;
	bool			 wi_only_log;
};

/* What was decided for good when we started. */
static const char *const fixed[] = {
	"user", "run-directory", "control-group", "sandbox",
};

/* The first of them that differs, NULL if none does. */
static const char *
fixed_changed(const struct conf *now, const struct conf *next)
{
	size_t i, k;

	for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		for (k = 0; k < conf_nkeys; k++)
			if (strcmp(conf_keys[k].ck_name, fixed[i]) == 0 &&
			    !key_equal(now, next, &conf_keys[k]))
				return fixed[i];
	return NULL;
}

/* Where there was a configuration before this one, only some may change. */
static void
check_fixed(const struct server *sv, struct loaded *ld)
{
	const char *path = sv->sv_conf_path, *key;
	char line[16] = "";

	if (sv->sv_conf == NULL ||
	    (key = fixed_changed(sv->sv_conf, ld->ld_set.cs_conf)) == NULL)
		return;
	if (conf_line(key) > 0)
		snprintf(line, sizeof(line), "%d:", conf_line(key));
	snprintf(ld->ld_error, sizeof(ld->ld_error), "%s:%s %s: takes a "
	    "restart", path != NULL ? path : CONF_PATH, line, key);
	ld->ld_result = -1;
}

static void
load(void *area, const void *with)
{
	const struct server *sv = with;
	struct loaded *ld = area;
	struct conf *cf;

	ld->ld_result = conf_load_default(&ld->ld_set, sv->sv_conf_path,
	    ld->ld_error, sizeof(ld->ld_error));
	if (ld->ld_result == 0)
		check_fixed(sv, ld);
	for (cf = ld->ld_set.cs_conf; sv->sv_nlisten > 0 &&
	    cf < ld->ld_set.cs_conf + ld->ld_set.cs_n; cf++) {
		memcpy(cf->cf_listen, sv->sv_listen, sizeof(cf->cf_listen));
		cf->cf_nlisten = sv->sv_nlisten;
	}
	ld->ld_done = true;
}

int
server_load(const struct server *sv, char error[SERVER_ERROR_MAX])
{
	struct loaded *ld = aside_run(load, sv, sizeof(*ld));
	int fd = -1;

	if (ld == NULL) {
		snprintf(error, SERVER_ERROR_MAX, "read the configuration: %s",
		    strerror(errno));
		return -1;
	}
	if (!ld->ld_done || ld->ld_result == -1)
		strlcpy(error, ld->ld_done ? ld->ld_error :
		    "who read the configuration died of it, or of waiting for it",
		    SERVER_ERROR_MAX);
	else if ((fd = conf_share(&ld->ld_set)) == -1)
		snprintf(error, SERVER_ERROR_MAX, "keep the configuration: %s",
		    strerror(errno));
	aside_free(ld, sizeof(*ld));
	return fd;
}

void
server_adopt(struct server *sv, const struct conf_set *set, int set_fd)
{
	if (sv->sv_set != NULL) {
		conf_unmap(sv->sv_set);
		close(sv->sv_set_fd);
	}
	sv->sv_set = set;
	sv->sv_set_fd = set_fd;
	sv->sv_conf = &set->cs_conf[0];
}

static void
build(void *area, const void *with)
{
	const struct wish *wi = with;
	struct built *bu = area;
	struct sandbox sb;

	if (sandbox_build(&sb, wi->wi_role, wi->wi_only_log) == -1) {
		bu->bu_error = errno;
		return;
	}
	memcpy(bu->bu_filter, sb.sb_prog.filter,
	    sb.sb_prog.len * sizeof(*bu->bu_filter));
	bu->bu_len = sb.sb_prog.len;
	sandbox_free(&sb);
}

/* Build a filter. Its program lies in what is returned. */
static struct built *
build_aside(const struct server *sv, struct sandbox *sb,
    enum sandbox_role role)
{
	struct wish wi = { role, sv->sv_conf->cf_sandbox == DENIED_LOG };
	struct built *bu = aside_run(build, &wi, sizeof(*bu));

	if (bu != NULL && bu->bu_len == 0)
		errno = bu->bu_error;
	if (bu == NULL || bu->bu_len == 0)
		fatal("system call filter");
	sb->sb_role = role;
	sb->sb_prog.filter = bu->bu_filter;
	sb->sb_prog.len = bu->bu_len;
	return bu;
}

void
server_prepare(struct server *sv)
{
	struct sandbox *sb = &sv->sv_sandbox;
	struct built *bu = build_aside(sv, sb, SANDBOX_CONNECTION);
	size_t size = sb->sb_prog.len * sizeof(*sb->sb_prog.filter);

	if ((sb->sb_prog.filter = malloc(size)) == NULL)
		fatal("system call filter");
	memcpy(sb->sb_prog.filter, bu->bu_filter, size);
	aside_free(bu, sizeof(*bu));
}

void
server_shut_in(const struct server *sv)
{
	struct sandbox sb;
	struct built *bu = build_aside(sv, &sb, SANDBOX_LISTENER);

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    sandbox_enter(&sb) == -1)
		fatal("system call filter");
	aside_free(bu, sizeof(*bu));
}
