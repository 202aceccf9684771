/* SPDX-License-Identifier: ISC */
/*
 * fuzz_name.c - names of streams keep to their alphabet, and are their own
 * names.
 * Input: app, a NUL, name.
 */
#include "rtmp/name.h"

#include "fuzz.h"

/* Judged byte by byte here; name.c judges by character. */
static void
check_alphabet(const char *s)
{
	const uint8_t *p;

	FUZZ_CHECK(strlen(s) < STREAM_NAME_MAX);
	for (p = (const uint8_t *)s; *p != '\0'; p++) {
		FUZZ_CHECK(*p > ' ' && *p != 0x7f && *p != '\\' && *p != '"' &&
		    *p != '?');
		/* never in UTF-8; C1 controls, and surrogates */
		FUZZ_CHECK(*p != 0xc0 && *p != 0xc1 && *p < 0xf5);
		FUZZ_CHECK(*p != 0xc2 || p[1] >= 0xa0);
		FUZZ_CHECK(*p != 0xed || p[1] < 0xa0);
	}
}

static void
check_parts(const char *s)
{
	const char *part = s, *end;
	int parts = 1;

	for (; (end = strchr(part, '/')) != NULL; part = end + 1, parts++) {
		FUZZ_CHECK(end > part);
		FUZZ_CHECK(strncmp(part, "./", 2) != 0);
		FUZZ_CHECK(strncmp(part, "../", 3) != 0);
	}
	FUZZ_CHECK(parts >= 2);
	FUZZ_CHECK(part[0] != '\0' && strcmp(part, ".") != 0 &&
	    strcmp(part, "..") != 0);
}

static bool
ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

/*
 * Cut at any slash it makes the same name again, but where one of the parts
 * then begins or ends with what name_make() takes away.
 */
static void
check_again(const char *s)
{
	char app[STREAM_NAME_MAX], again[STREAM_NAME_MAX];
	const char *slash;

	for (slash = s; (slash = strchr(slash, '/')) != NULL; slash++) {
		memcpy(app, s, (size_t)(slash - s));
		app[slash - s] = '\0';
		if (strncmp(slash + 1, "flv:", 4) == 0 ||
		    strncmp(slash + 1, "mp4:", 4) == 0 ||
		    ends_in(app, "/_definst_"))
			continue;
		FUZZ_CHECK(name_make(app, slash + 1, again) == NULL);
		FUZZ_CHECK(strcmp(again, s) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *why;
	size_t len = size == 0 ? 0 : strnlen(text, size);
	size_t skip = len < size ? len + 1 : len;
	char *app = strndup(size == 0 ? "" : text, len);
	char *name = strndup(size == 0 ? "" : text + skip, size - skip);
	char out[STREAM_NAME_MAX];

	FUZZ_NEED(app != NULL && name != NULL);
	why = name_make(app, name, out);
	if (why == NULL) {
		check_alphabet(out);
		check_parts(out);
		check_again(out);
	} else
		FUZZ_CHECK(why[0] != '\0');
	free(name);
	free(app);
	return 0;
}
