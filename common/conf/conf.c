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
#define SECTION		"application"

/* What is being read; libconfuse's callbacks take no pointer of ours. */
static struct {
	struct conf_set	*set;
	int		 line[1 + CONF_APPS][KEYS_MAX];	/* 0: not given */
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

static const char *
check_app(const char *name)
{
	const char	*p;
	size_t		 len;

	if (strlen(name) >= CONF_APP_MAX)
		return "is longer than 63 bytes";
	for (p = name; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || strchr("\177\\\"?", *p) != NULL)
			return "has a character that no application has";
	for (p = name;; p += len + 1) {
		len = strcspn(p, "/");
		if (len == 0)
			return "has an empty part";
		if ((len == 1 && p[0] == '.') ||
		    (len == 2 && p[0] == '.' && p[1] == '.'))
			return "has a part . or ..";
		if (p[len] == '\0')
			return NULL;
	}
}

static struct conf *
add_block(cfg_t *cfg, const char *app)
{
	struct conf_set	*set = cur.set;
	struct conf	*cf = &set->cs_conf[set->cs_n];
	const char	*why = check_app(app);

	if (why != NULL)
		fail(cfg->line, SECTION " \"%s\": the name %s", app, why);
	else if (set->cs_n > CONF_APPS)
		fail(cfg->line, SECTION " \"%s\": more than %d of them", app,
		    CONF_APPS);
	else {
		set->cs_n++;
		conf_init(cf);
		strlcpy(cf->cf_app, app, sizeof(cf->cf_app));
		return cf;
	}
	return NULL;
}

/* What values of `cfg`, a block or the whole file, are for. NULL: refused. */
static struct conf *
conf_of(cfg_t *cfg)
{
	struct conf_set	*set = cur.set;
	uint32_t	 i;

	if (cfg_title(cfg) == NULL)
		return &set->cs_conf[0];
	for (i = 1; i < set->cs_n; i++)
		if (strcmp(set->cs_conf[i].cf_app, cfg_title(cfg)) == 0)
			return &set->cs_conf[i];
	return add_block(cfg, cfg_title(cfg));
}

/* Called for each value, and for each item of a list. */
static int
on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	size_t			 i = (size_t)(opt - cfg->opts);
	const struct conf_key	*key = &conf_keys[i];
	struct conf		*cf = conf_of(cfg);
	char			 why[256];
	int			*line;

	*(void **)result = NULL;
	if (cf == NULL)
		return -1;
	line = &cur.line[cf - cur.set->cs_conf][i];
	if (cfg_title(cfg) != NULL && (key->ck_flags & KEY_APP) == 0)
		fail(cfg->line, "%s: not for one application alone",
		    key->ck_name);
	else if (*line != 0 && opt->nvalues <= 1)
		fail(cfg->line, "%s: given twice", key->ck_name);
	else if (key_set(cf, key, value, why, sizeof(why)) == -1)
		fail(cfg->line, "%s", why);
	*line = cfg->line;
	return cur.failed ? -1 : 0;
}

/* Called at the end of each block, which may be empty. */
static int
on_block(cfg_t *cfg, cfg_opt_t *opt)
{
	(void)cfg;
	return conf_of(cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1)) == NULL ?
	    -1 : 0;
}

/* All keys in blocks too: those that do not belong there are told so. */
static void
fill_options(cfg_opt_t opts[KEYS_MAX + 2])
{
	cfg_opt_t	 end = CFG_END();
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
}

static cfg_t *
make_parser(void)
{
	cfg_opt_t	 opts[KEYS_MAX + 2], in_block[KEYS_MAX + 2];
	cfg_opt_t	 block = CFG_SEC(SECTION, in_block,
			    CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);
	cfg_t		*cfg;

	fill_options(in_block);
	fill_options(opts);
	opts[conf_nkeys + 1] = opts[conf_nkeys];
	opts[conf_nkeys] = block;
	if ((cfg = cfg_init(opts, CFGF_NONE)) == NULL)
		return NULL;
	(void)cfg_set_error_function(cfg, on_error);
	(void)cfg_set_validate_func(cfg, SECTION, on_block);
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

/* Where a block is silent, what stands outside holds, before it or after. */
static void
inherit(struct conf_set *set)
{
	size_t	 i, key;

	for (i = 1; i < set->cs_n; i++)
		for (key = 0; key < conf_nkeys; key++)
			if (cur.line[i][key] == 0)
				key_copy(&set->cs_conf[i], &set->cs_conf[0],
				    &conf_keys[key]);
}

static size_t
key_named(const char *name)
{
	size_t	 key;

	for (key = 0; strcmp(conf_keys[key].ck_name, name) != 0; key++)
		continue;
	return key;
}

int
conf_line(const char *name)
{
	return cur.line[0][key_named(name)];
}

/* A ring that memory is never granted for would refuse every publisher. */
static void
check_rings(const struct conf_set *set)
{
	const struct conf	*cf = set->cs_conf;
	char			 ring[KEY_TEXT_MAX], max[KEY_TEXT_MAX];
	size_t			 i, key = key_named("ring");
	int			 line = conf_line("max-ring-memory");

	for (i = 0; i < set->cs_n; i++)
		if (cf[i].cf_ring > cf->cf_max_ring_memory) {
			(void)key_format(&cf[i], &conf_keys[key], ring);
			(void)key_format(cf,
			    &conf_keys[key_named("max-ring-memory")], max);
			fail(cur.line[i][key] > line ? cur.line[i][key] : line,
			    "ring: %s is more than max-ring-memory, %s", ring,
			    max);
		}
}

static void
read_file(const char *path)
{
	const char	*error;
	char		*text;
	size_t		 len;
	int		 line;

	if ((text = source_read(path, &len, &error)) == NULL)
		fail(0, "%s", error);
	else if ((error = source_prepare(text, &len, &line)) != NULL)
		fail(line, "%s", error);
	else if (len > 0)
		parse(text, len);
	free(text);
}

int
conf_load(struct conf_set *set, const char *path, char *err, size_t errlen)
{
	memset(&cur, 0, sizeof(cur));
	cur.path = path;
	cur.err = err;
	cur.errlen = errlen;
	if ((cur.set = calloc(1, sizeof(*cur.set))) == NULL)
		fail(0, "out of memory");
	else {
		cur.set->cs_format = CONF_FORMAT;
		cur.set->cs_n = 1;
		conf_init(&cur.set->cs_conf[0]);
		read_file(path);
		inherit(cur.set);
		check_rings(cur.set);
	}
	if (!cur.failed)
		memcpy(set, cur.set, CONF_SET_SIZE(cur.set->cs_n));
	free(cur.set);
	return cur.failed ? -1 : 0;
}
