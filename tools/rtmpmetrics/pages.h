/* SPDX-License-Identifier: ISC */
/*
 * pages.h - what there is under which path.
 */
#ifndef RTMPMETRICS_PAGES_H
#define RTMPMETRICS_PAGES_H

#include <stdbool.h>
#include <stddef.h>

struct page {
	unsigned int	 pg_status;	/* of HTTP */
	const char	*pg_type;	/* Content-Type */
	const char	*pg_text;	/* NULL: no memory */
	size_t		 pg_len;
	bool		 pg_free;	/* pg_text is the caller's, by malloc */
};

struct pages;

struct pages	*pages_open(void);	/* NULL: no memory */
void		 pages_close(struct pages *);

/* What the path says now. */
void		 pages_make(struct pages *, const char *path, struct page *);

/* An error with a static sentence. */
void		 pages_refuse(unsigned int status, const char *why,
		    struct page *);

/* The files that the page consists of, each up to its end. */
extern const char page_html[], page_html_end[];
extern const char page_css[], page_css_end[];
extern const char page_js[], page_js_end[];
extern const char chart_js[], chart_js_end[];

#endif
