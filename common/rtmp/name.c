/* SPDX-License-Identifier: ISC */
/*
 * name.c - make a stream's one name out of what a client sent.
 * What comes out is safe in a log line, a process title and a shell's
 * quotes, and climbs out of no directory; everything else is refused rather
 * than repaired.
 */
#include "rtmp/name.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_INSTANCE	"/_definst_"

struct span {
	const char	*sp_p;
	size_t		 sp_len;
};

static struct span
span_trim(struct span s)
{
	while (s.sp_len > 0 && s.sp_p[0] == '/') {
		s.sp_p++;
		s.sp_len--;
	}
	while (s.sp_len > 0 && s.sp_p[s.sp_len - 1] == '/')
		s.sp_len--;
	return s;
}

static struct span
span_path(const char *text)
{
	struct span	s = { text, strcspn(text, "?") };

	return span_trim(s);
}

static struct span
app_span(const char *app)
{
	static const size_t	len = sizeof(DEFAULT_INSTANCE) - 1;
	struct span		s = span_path(app);

	if (s.sp_len > len && memcmp(s.sp_p + s.sp_len - len,
	    DEFAULT_INSTANCE, len) == 0)
		s.sp_len -= len;
	return span_trim(s);
}

static struct span
name_span(const char *name)
{
	struct span	s = span_path(name);

	if (s.sp_len >= 4 && (memcmp(s.sp_p, "flv:", 4) == 0 ||
	    memcmp(s.sp_p, "mp4:", 4) == 0)) {
		s.sp_p += 4;
		s.sp_len -= 4;
	}
	return span_trim(s);
}

/*
 * Length of the UTF-8 character at s, 0 if it is none, is overlong, a
 * surrogate or a control character. A NUL ends it early, so nothing past the
 * string is read.
 */
static size_t
utf8_length(const char *s)
{
	static const uint32_t	lowest[] = { 0, 0, 0xa0, 0x800, 0x10000 };
	uint8_t			b = (uint8_t)s[0];
	uint32_t		c;
	size_t			len, i;

	len = b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : 2;
	if (b < 0xc2 || b > 0xf4)
		return 0;
	c = b & (0x7fu >> len);
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < lowest[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return len;
}

static const char *
check_characters(const char *s)
{
	size_t	n;

	for (; *s != '\0'; s += n) {
		n = 1;
		if (*s & 0x80) {
			if ((n = utf8_length(s)) == 0)
				return "the name is not proper UTF-8";
		} else if (*s <= ' ' || *s == 0x7f || *s == '\\' || *s == '"')
			return "the name has a character not allowed in it";
	}
	return NULL;
}

static const char *
check_parts(const char *s)
{
	size_t	n;

	for (;; s += n + 1) {
		n = strcspn(s, "/");
		if (n == 0)
			return "the name has an empty part";
		if ((n == 1 && s[0] == '.') ||
		    (n == 2 && s[0] == '.' && s[1] == '.'))
			return "the name has a part . or ..";
		if (s[n] == '\0')
			return NULL;
	}
}

const char *
name_make(const char *app, const char *name, char out[STREAM_NAME_MAX])
{
	struct span	 a = app_span(app), n = name_span(name);
	const char	*why;

	if (a.sp_len == 0)
		return "the application's name is empty";
	if (n.sp_len == 0)
		return "the stream's name is empty";
	if (a.sp_len + 1 + n.sp_len >= STREAM_NAME_MAX)
		return "the name is too long";
	memcpy(out, a.sp_p, a.sp_len);
	out[a.sp_len] = '/';
	memcpy(out + a.sp_len + 1, n.sp_p, n.sp_len);
	out[a.sp_len + 1 + n.sp_len] = '\0';
	if ((why = check_characters(out)) == NULL)
		why = check_parts(out);
	return why;
}
