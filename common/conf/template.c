/* SPDX-License-Identifier: ISC */
/*
 * template.c - the paths of recordings, with fields to be filled in.
 * What streams are called is not known here; who fills it in checks again.
 */
#include "conf/template.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* What strftime(3) fills in with something that a file may be called. */
#define CONVERSIONS	"aAbBcCdDeFgGhHIjklmMpPrRsSTuUVwWxXyYzZ%"

/* The field at `p`, behind its '%': its length, 0 if it is none. */
static size_t
field(const char *p)
{
	static const char *const	fields[] = { "{app}", "{name}", "{n}" };
	size_t				i, len;

	if (*p != '{')
		return *p != '\0' && strchr(CONVERSIONS, *p) != NULL;
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		len = strlen(fields[i]);
		if (strncmp(p, fields[i], len) == 0)
			return len;
	}
	return 0;
}

static bool
climbs(const char *p)
{
	size_t	 len;

	for (;; p += len + 1) {
		len = strcspn(p, "/");
		if ((len == 1 && p[0] == '.') ||
		    (len == 2 && p[0] == '.' && p[1] == '.'))
			return true;
		if (p[len] == '\0')
			return false;
	}
}

const char *
template_check(const char *text)
{
	const char	*p;

	if (*text == '/')
		return "begins with /";
	if (text[strlen(text) - 1] == '/')
		return "ends with /";
	if (climbs(text))
		return "has a part . or ..";
	for (p = text; (p = strchr(p, '%')) != NULL; p += 1 + field(p + 1))
		if (field(p + 1) == 0)
			return "has a % that begins neither %{app}, %{name} or "
			    "%{n} nor a conversion of strftime(3)";
	return NULL;
}
