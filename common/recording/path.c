/* SPDX-License-Identifier: ISC */
/*
 * path.c - what the file of a recording is called.
 * Names of streams are hostile, and so is what a pattern makes of them.
 */
#include "recording/path.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct text {
	char	*tx_p;
	size_t	 tx_size;
	size_t	 tx_len;
	bool	 tx_full;
};

static void
put(struct text *tx, char c)
{
	if (tx->tx_len + 1 >= tx->tx_size) {
		tx->tx_full = true;
		return;
	}
	tx->tx_p[tx->tx_len++] = c;
	tx->tx_p[tx->tx_len] = '\0';
}

/* For strftime(3), which is yet to come. */
static void
put_name(struct text *tx, const char *name, size_t len)
{
	size_t i;

	if (len == 0)
		put(tx, '_');
	for (i = 0; i < len; i++) {
		if (name[i] == '%')
			put(tx, '%');
		put(tx, name[i] == '/' || (unsigned char)name[i] < ' ' ||
		    name[i] == 0x7f ? '_' : name[i]);
	}
}

static void
put_field(struct text *tx, const char **p, const char *stream, uint32_t n)
{
	const char *slash = strrchr(stream, '/');
	const char *name = slash == NULL ? stream : slash + 1;
	char number[16];

	if (strncmp(*p, "%{app}", 6) == 0) {
		put_name(tx, stream, slash == NULL ? 0 :
		    (size_t)(slash - stream));
		*p += 6;
	} else if (strncmp(*p, "%{name}", 7) == 0) {
		put_name(tx, name, strlen(name));
		*p += 7;
	} else if (strncmp(*p, "%{n}", 4) == 0) {
		snprintf(number, sizeof(number), "%u", n);
		put_name(tx, number, strlen(number));
		*p += 4;
	} else {
		/* a conversion of strftime(3), "%%" among them, stays whole */
		put(tx, *(*p)++);
		if (**p != '\0')
			put(tx, *(*p)++);
	}
}

static bool
fill_fields(const char *pattern, const char *stream, uint32_t n,
    struct text *tx)
{
	const char *p = pattern;

	while (*p != '\0')
		if (*p == '%')
			put_field(tx, &p, stream, n);
		else
			put(tx, *p++);
	return !tx->tx_full;
}

static size_t
suffix_length(const char *part, size_t len)
{
	size_t i;

	for (i = len; i > 1; i--)
		if (part[i - 1] == '.' && len - i < 16)
			return len - (i - 1);
	return 0;
}

/* How much is kept of one too long, in front of its suffix: whole characters of
 * UTF-8. */
static size_t
kept_length(const char *part, size_t len, size_t suffix)
{
	size_t kept = len - suffix;

	if (len > RECORD_PART_MAX)
		for (kept = RECORD_PART_MAX - suffix; kept > 0 &&
		    (part[kept] & 0xc0) == 0x80; kept--)
			;
	return kept;
}

static void
put_part(struct text *tx, const char *part, size_t len)
{
	size_t suffix = suffix_length(part, len), i;
	size_t kept = kept_length(part, len, suffix);

	for (i = 0; i < len; i++) {
		if (i >= kept && i < len - suffix)
			continue;
		put(tx, i == 0 && part[0] == '.' ? '_' :
		    (unsigned char)part[i] < ' ' ? '_' : part[i]);
	}
}

int
record_path(const char *pattern, const char *stream, uint32_t n,
    const struct tm *tm, char out[RECORD_PATH_MAX])
{
	char fields[2 * RECORD_PATH_MAX], dated[2 * RECORD_PATH_MAX];
	struct text tx = { fields, sizeof(fields), 0, false };
	const char *p;
	size_t len;

	fields[0] = out[0] = '\0';
	if (!fill_fields(pattern, stream, n, &tx) ||
	    strftime(dated, sizeof(dated), fields, tm) == 0)
		return -1;
	tx = (struct text){ out, RECORD_PATH_MAX, 0, false };
	for (p = dated; *p != '\0'; p += len) {
		p += strspn(p, "/");
		if ((len = strcspn(p, "/")) == 0)
			break;
		if (tx.tx_len > 0)
			put(&tx, '/');
		put_part(&tx, p, len);
	}
	return tx.tx_full || tx.tx_len == 0 ? -1 : 0;
}

int
record_path_again(const char *path, uint32_t again, char out[RECORD_PATH_MAX])
{
	const char *part = strrchr(path, '/');
	size_t suffix;
	int n;

	part = part == NULL ? path : part + 1;
	suffix = suffix_length(part, strlen(part));
	n = snprintf(out, RECORD_PATH_MAX, "%.*s-%u%s",
	    (int)(strlen(path) - suffix), path, again,
	    path + strlen(path) - suffix);
	return n > 0 && n < RECORD_PATH_MAX ? 0 : -1;
}
