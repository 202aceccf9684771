/* SPDX-License-Identifier: ISC */
/*
 * source.c - read a configuration file and prepare it for libconfuse.
 * libconfuse 3.3 calls exit(3) when given a directory, counts the line of a
 * comment three times, takes no comment inside a list, drops a stray '*' or
 * '+' in silence, takes the end of the file for that of a section, and puts
 * environment variables in for ${name}. So the text is read here, comments
 * leave it here, and the rest is refused here.
 */
#include "conf/source.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *
source_read(const char *path, size_t *len, const char **error)
{
	FILE	*fp;
	char	*text;

	if ((text = malloc(SOURCE_MAX + 1)) == NULL ||
	    (fp = fopen(path, "re")) == NULL) {
		*error = strerror(errno);
		free(text);
		return NULL;
	}
	*len = fread(text, 1, SOURCE_MAX + 1, fp);
	if (ferror(fp))
		*error = strerror(errno);
	else
		*error = *len > SOURCE_MAX ? "file too large" : NULL;
	(void)fclose(fp);
	if (*error == NULL)
		return text;
	free(text);
	return NULL;
}

/* Blank a comment; returns the newline after it, or `end`. */
static char *
blank(char *p, const char *end)
{
	while (p < end && *p != '\n')
		*p++ = ' ';
	return p;
}

/*
 * Step over the quoted text that begins at `p`; returns its closing quote, or
 * NULL and a phrase.
 */
static char *
skip_quoted(char *p, const char *end, const char **error)
{
	char	 quote = *p;

	*error = "a quote is not closed on its line";
	while (++p < end && *p != '\n' && *p != '\0') {
		if (*p == quote)
			return p;
		if (*p == '\\' && end - p > 1 && p[1] != '\n' && p[1] != '\0')
			p++;
		else if (quote == '"' && end - p > 1 && *p == '$' &&
		    p[1] == '{') {
			*error = "environment variables are not expanded: ${";
			return NULL;
		}
	}
	if (p < end && *p == '\0')
		*error = "a NUL byte";
	return NULL;
}

/* What is wrong with the unquoted byte at `p`, whose forerunner is `prev`. */
static const char *
check(const char *p, const char *end, char prev, const char *significant)
{
	char	 next = end - p > 1 ? p[1] : '\0';

	if (*p == '\0')
		return "a NUL byte";
	if (*p == '$' && next == '{')
		return "environment variables are not expanded: ${";
	if (*p == '}' && significant[0] == '{' && significant[1] == '=')
		return "a list is empty";
	if (*p == '/' && (next == '/' || next == '*') &&
	    (isspace((unsigned char)prev) || strchr("={}(),+\"'", prev)))
		return "a comment begins with #";
	if (*p == '*' || (*p == '+' && next != '='))
		return "* and + need quotes";
	return NULL;
}

const char *
source_prepare(char *text, size_t *len, int *line)
{
	static const char mark[] = "\xef\xbb\xbf";	/* as some editors do */
	char		*p, *end = text + *len;
	char		 significant[2] = "";	/* the latest, and before */
	int		 open = 0, opened = 0;	/* braces, line of the first */
	const char	*error;

	*line = 1;
	if (*len >= sizeof(mark) - 1 &&
	    memcmp(text, mark, sizeof(mark) - 1) == 0)
		memset(text, ' ', sizeof(mark) - 1);
	for (p = text; p < end; p++) {
		if (*p == '#' && (p = blank(p, end)) == end)
			break;
		error = check(p, end, p == text ? '\n' : p[-1], significant);
		if (error != NULL)
			return error;
		if (*p == '"' || *p == '\'')
			if ((p = skip_quoted(p, end, &error)) == NULL)
				return error;
		if (*p == '\n')
			++*line;
		if (*p == '{' && open++ == 0)
			opened = *line;
		if (*p == '}' && open > 0)
			open--;
		if (!isspace((unsigned char)*p)) {
			significant[1] = significant[0];
			significant[0] = *p;
		}
	}
	while (*len > 0 && isspace((unsigned char)text[*len - 1]))
		--*len;
	if (open == 0)
		return NULL;
	*line = opened;
	return "a brace is not closed";
}
