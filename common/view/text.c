/* SPDX-License-Identifier: ISC */
/*
 * text.c - text of others, fit for a terminal.
 */
#include "view/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

/* Marks that are not seen and turn what follows around, or hide it. */
static bool
is_format(wchar_t c)
{
	return (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x206f) || c == 0x61c || c == 0xfeff ||
	    (c >= 0xe0000 && c <= 0xe007f);
}

/* Length of the character there if it may be shown as it is, else 0. */
static size_t
plain_length(const char *s)
{
	mbstate_t state = { 0 };
	wchar_t c;
	size_t n = mbrtowc(&c, s, strlen(s), &state);

	if (n == 0 || n == (size_t)-1 || n == (size_t)-2)
		return 0;
	return iswprint((wint_t)c) && c != '\\' && !is_format(c) ? n : 0;
}

static size_t
ascii_length(const char *s)
{
	return *s >= ' ' && *s <= '~' && *s != '\\';
}

static const char *
escape(const char *in, char *out, size_t size, size_t (*plain)(const char *))
{
	char *to = out, one[8];
	size_t n, taken;

	for (; *in != '\0'; in += taken) {
		if ((n = taken = plain(in)) != 0)
			memcpy(one, in, n);
		else {
			n = (size_t)snprintf(one, sizeof(one), "\\%03o",
			    (unsigned char)*in);
			taken = 1;
		}
		if (n >= size - (size_t)(to - out))
			break;
		memcpy(to, one, n);
		to += n;
	}
	*to = '\0';
	return out;
}

const char *
text_safe(const char *in, char *out, size_t size)
{
	return escape(in, out, size, plain_length);
}

const char *
text_ascii(const char *in, char *out, size_t size)
{
	return escape(in, out, size, ascii_length);
}

/* Columns of the character at `s`, and its length. */
static int
width(const char *s, size_t *length)
{
	mbstate_t state = { 0 };
	wchar_t c;
	size_t n = mbrtowc(&c, s, strlen(s), &state);
	int columns;

	if (n == 0 || n == (size_t)-1 || n == (size_t)-2) {
		*length = 1;
		return 1;
	}
	*length = n;
	columns = wcwidth(c);
	return columns < 0 ? 1 : columns;
}

int
text_columns(const char *safe)
{
	int columns = 0;
	size_t n;

	for (; *safe != '\0'; safe += n)
		columns += width(safe, &n);
	return columns;
}

size_t
text_fit(const char *safe, int columns)
{
	const char *at = safe;
	size_t n;
	int w;

	for (; *at != '\0'; at += n) {
		w = width(at, &n);
		if (w > columns)
			break;
		columns -= w;
	}
	return (size_t)(at - safe);
}
