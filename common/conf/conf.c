/* SPDX-License-Identifier: ISC */
/*
 * conf.c - read rtmpd.conf(5) through libconfuse, by the table in keys.c.
 * The first error ends it and the caller's configuration is as it was.
 * Not reentrant: neither is libconfuse's scanner.
 */
#include "conf/conf.h"

#define LIBBSD_OPENBSD_VIS	/* <vis.h> warns unless told which strnvis(3) */

#include <confuse.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vis.h>

#include "conf/keys.h"
#include "conf/source.h"

#define KEYS_MAX	64

/* What is being read; libconfuse's callbacks take no pointer of ours. */
static struct {
	struct conf	 conf;
	bool		 seen[KEYS_MAX];
	const char	*path;
	char		*err;
	size_t		 errlen;
	bool		 failed;
} cur;

static void	fail(int, const char *, ...)
		    __attribute__((format(printf, 2, 3)));

/* The first error is the cause; what comes after it is not told. */
static void
vfail(int line, const char *fmt, va_list ap)
{
	char	 text[256], safe[4 * sizeof(text)];

	if (cur.failed)
		return;
	cur.failed = true;
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	(void)strvis(safe, text, VIS_CSTYLE | VIS_NL | VIS_TAB);
	if (line > 0)
		(void)snprintf(cur.err, cur.errlen, "%s:%d: %s", cur.path, line,
		    safe);
	else
		(void)snprintf(cur.err, cur.errlen, "%s: %s", cur.path, safe);
}

static void
fail(int line, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vfail(line, fmt, ap);
	va_end(ap);
}

static void
on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	vfail(cfg->line, fmt, ap);
}

/* Called for each value, and for each item of a list. */
static int
on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	size_t	 i = (size_t)(opt - cfg->opts);
	char	 why[256];

	*(void **)result = NULL;
	if (cur.seen[i] && opt->nvalues <= 1) {
		fail(cfg->line, "%s: given twice", opt->name);
		return -1;
	}
	cur.seen[i] = true;
	if (key_set(&cur.conf, &conf_keys[i], value, why, sizeof(why)) == 0)
		return 0;
	fail(cfg->line, "%s", why);
	return -1;
}

static cfg_t *
make_parser(void)
{
	cfg_opt_t	 opts[KEYS_MAX + 1], end = CFG_END();
	cfg_t		*cfg;
	size_t		 i;

	if (conf_nkeys > KEYS_MAX)
		abort();
	for (i = 0; i < conf_nkeys; i++) {
		cfg_opt_t one = CFG_PTR_CB(conf_keys[i].ck_name, NULL,
		    CFGF_NONE, on_value, NULL);
		cfg_opt_t list = CFG_PTR_LIST_CB(conf_keys[i].ck_name, NULL,
		    CFGF_NONE, on_value, NULL);

		opts[i] = key_is_list(&conf_keys[i]) ? list : one;
	}
	opts[i] = end;
	if ((cfg = cfg_init(opts, CFGF_NONE)) != NULL)
		(void)cfg_set_error_function(cfg, on_error);
	return cfg;
}

/* Through a FILE, because cfg_parse(3) expands ~ and reads directories. */
static void
parse(char *text, size_t len)
{
	FILE	*fp;
	cfg_t	*cfg;

	if ((fp = fmemopen(text, len, "r")) == NULL) {
		fail(0, "out of memory");
		return;
	}
	if ((cfg = make_parser()) == NULL)
		fail(0, "out of memory");
	else {
		/* an empty name is the one error that it does not report */
		if (cfg_parse_fp(cfg, fp) != CFG_SUCCESS)
			fail(cfg->line, "syntax error");
		(void)cfg_free(cfg);
	}
	(void)fclose(fp);
}

void
conf_init(struct conf *cf)
{
	char	 why[256];
	size_t	 i;

	memset(cf, 0, sizeof(*cf));
	for (i = 0; i < conf_nkeys; i++)
		if (conf_keys[i].ck_default != NULL &&
		    key_set(cf, &conf_keys[i], conf_keys[i].ck_default, why,
		    sizeof(why)) == -1)
			abort();
}

int
conf_load(struct conf *cf, const char *path, char *err, size_t errlen)
{
	const char	*error;
	char		*text;
	size_t		 len;
	int		 line;

	memset(&cur, 0, sizeof(cur));
	conf_init(&cur.conf);
	cur.path = path;
	cur.err = err;
	cur.errlen = errlen;
	if ((text = source_read(path, &len, &error)) == NULL)
		fail(0, "%s", error);
	else if ((error = source_prepare(text, &len, &line)) != NULL)
		fail(line, "%s", error);
	else if (len > 0)
		parse(text, len);
	free(text);
	if (cur.failed)
		return -1;
	*cf = cur.conf;
	return 0;
}
