/* SPDX-License-Identifier: ISC */
/*
 * pages.c - what there is under which path.
 * Each request for numbers takes a snapshot of its own.
 */
#include "pages.h"

#include <jansson.h>
#include <microhttpd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/json.h"
#include "view/prom.h"

#define TEXT	"text/plain; charset=utf-8"
#define JSON	"application/json"

struct pages {
	struct snapshot_source	*pa_source;
};

struct pages *
pages_open(void)
{
	struct pages *pa = calloc(1, sizeof(*pa));

	if (pa == NULL)
		return NULL;
	pa->pa_source = snapshot_open();
	if (pa->pa_source != NULL)
		return pa;
	free(pa);
	return NULL;
}

void
pages_close(struct pages *pa)
{
	if (pa == NULL)
		return;
	snapshot_close(pa->pa_source);
	free(pa);
}

void
pages_refuse(unsigned int status, const char *why, struct page *pg)
{
	*pg = (struct page){
		.pg_status = status, .pg_type = TEXT, .pg_text = why,
		.pg_len = strlen(why),
	};
}

static void
own(struct page *pg, const char *type, char *text, size_t len)
{
	*pg = (struct page){
		.pg_status = MHD_HTTP_OK, .pg_type = type, .pg_text = text,
		.pg_len = len, .pg_free = true,
	};
}

static void
make_metrics(const struct snapshot *sn, struct page *pg)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	bool ok;

	if (f == NULL) {
		own(pg, TEXT, NULL, 0);
		return;
	}
	ok = prom_write(f, sn) == 0 && !ferror(f);
	ok = fclose(f) == 0 && ok;
	if (!ok) {
		free(text);
		text = NULL;
	}
	own(pg, "text/plain; version=0.0.4; charset=utf-8", text, len);
}

static void
make_json(const struct snapshot *sn, struct page *pg)
{
	json_t *value = view_json(sn);
	char *text = value == NULL ? NULL :
	    json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(10));

	json_decref(value);
	own(pg, JSON, text, text == NULL ? 0 : strlen(text));
}

static void
make_health(const struct snapshot *sn, struct page *pg)
{
	pages_refuse(MHD_HTTP_OK, "ok\n", pg);
	if (!sn->sn_hub_alive)
		pages_refuse(MHD_HTTP_SERVICE_UNAVAILABLE,
		    "the hub has died\n", pg);
	else if (snapshot_stale(sn))
		pages_refuse(MHD_HTTP_SERVICE_UNAVAILABLE,
		    "the hub does not answer\n", pg);
}

static const struct file {
	const char	*path;
	const char	*type;
	const char	*text, *end;
} files[] = {
	{ "/", "text/html; charset=utf-8", page_html, page_html_end },
	{ "/page.css", "text/css; charset=utf-8", page_css, page_css_end },
	{ "/page.js", "text/javascript; charset=utf-8", page_js,
	    page_js_end },
	{ "/chart.js", "text/javascript; charset=utf-8", chart_js,
	    chart_js_end },
};

static const struct view {
	const char	*path;
	void		(*make)(const struct snapshot *, struct page *);
} views[] = {
	{ "/metrics", make_metrics },
	{ "/streams.json", make_json },
	{ "/healthz", make_health },
};

static void
show(struct pages *pa, const struct view *vi, struct page *pg)
{
	struct snapshot sn;
	const char *why = snapshot_take(pa->pa_source, &sn);
	char *line = NULL;
	int len;

	if (why == NULL) {
		vi->make(&sn, pg);
		snapshot_free(&sn);
		return;
	}
	len = asprintf(&line, "%s\n", why);
	own(pg, TEXT, len == -1 ? NULL : line, len == -1 ? 0 : (size_t)len);
	pg->pg_status = MHD_HTTP_SERVICE_UNAVAILABLE;
}

void
pages_make(struct pages *pa, const char *path, struct page *pg)
{
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (strcmp(path, files[i].path) == 0) {
			*pg = (struct page){
				.pg_status = MHD_HTTP_OK,
				.pg_type = files[i].type,
				.pg_text = files[i].text,
				.pg_len = (size_t)(files[i].end -
				    files[i].text),
			};
			return;
		}
	for (i = 0; i < sizeof(views) / sizeof(views[0]); i++)
		if (strcmp(path, views[i].path) == 0) {
			show(pa, &views[i], pg);
			return;
		}
	pages_refuse(MHD_HTTP_NOT_FOUND, "nothing is here\n", pg);
}
