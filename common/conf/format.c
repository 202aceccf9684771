/* SPDX-License-Identifier: ISC */
/*
 * format.c - the value of a key as it would stand in the file.
 */
#include "conf/keys.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct unit {
	const char	*u_name;
	uint64_t	 u_factor;
};

static const struct unit	sizes[] = {
	{ "G", UINT64_C(1) << 30 }, { "M", 1 << 20 }, { "K", 1 << 10 },
	{ "", 1 },
};
static const struct unit	durations[] = {
	{ "h", 3600 * 1000 }, { "m", 60 * 1000 }, { "s", 1000 }, { "ms", 1 },
};

/* In the largest unit of four that loses nothing. */
static void
put_units(FILE *to, uint64_t value, const struct unit *unit)
{
	while (value % unit->u_factor != 0)
		unit++;
	if (value == 0)
		fprintf(to, "0");
	else
		fprintf(to, "%llu%s",
		    (unsigned long long)(value / unit->u_factor),
		    unit->u_name);
}

static uint64_t
number(const struct conf *cf, const struct conf_key *key)
{
	const char	*field = (const char *)cf + key->ck_offset;
	uint64_t	 wide;
	uint32_t	 narrow;

	if (key->ck_size == sizeof(wide)) {
		memcpy(&wide, field, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, field, sizeof(narrow));
	return narrow;
}

static void
put_word(FILE *to, const struct conf_key *key, uint64_t which)
{
	const char	*word = key->ck_words;

	while (which-- > 0)
		word += strcspn(word, "|") + 1;
	fprintf(to, "%.*s", (int)strcspn(word, "|"), word);
}

static void
put_number(FILE *to, const struct conf *cf, const struct conf_key *key)
{
	uint64_t	 value = number(cf, key);

	if (key->ck_words != NULL && value == CONF_MERGE_AUTO)
		put_word(to, key, 0);
	else if (key->ck_kind == KEY_COUNT)
		fprintf(to, "%llu", (unsigned long long)value);
	else
		put_units(to, value,
		    key->ck_kind == KEY_SIZE ? sizes : durations);
}

void
key_put_text(FILE *to, const char *text)
{
	const unsigned char	*p = (const unsigned char *)text;

	fputc('"', to);
	for (; *p != '\0'; p++)
		if (iscntrl(*p))	/* octal would take digits behind it */
			fprintf(to, "\\x%02x", *p);
		else		/* "${" would be an environment variable */
			fprintf(to, strchr("\"\\$", *p) != NULL ? "\\%c" : "%c",
			    *p);
	fputc('"', to);
}

/* A scope ("%eth0") may be called anything. */
static void
put_listen(FILE *to, const struct conf_listen *cl)
{
	const char	*host = cl->cl_host;
	char		 text[CONF_HOST_MAX + 16];

	if (*host == '\0') {
		fputs(cl->cl_port, to);
		return;
	}
	(void)snprintf(text, sizeof(text),
	    strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s", host,
	    cl->cl_port);
	if (strchr(host, '%') != NULL)
		key_put_text(to, text);
	else
		fputs(text, to);
}

static void
put_listens(FILE *to, const struct conf *cf)
{
	uint32_t	 i;

	for (i = 0; i < cf->cf_nlisten; i++) {
		fputs(i == 0 ? "{ " : ", ", to);
		put_listen(to, &cf->cf_listen[i]);
	}
	if (i > 0)
		fputs(" }", to);
}

static void
put_prefixes(FILE *to, const struct prefix_list *pl)
{
	const struct prefix	*px = pl->pl_prefix;
	char			 text[INET6_ADDRSTRLEN];
	uint32_t		 i;

	for (i = 0; i < pl->pl_n; i++, px++) {
		(void)inet_ntop(px->px_bytes == 4 ? AF_INET : AF_INET6,
		    px->px_addr, text, sizeof(text));
		fprintf(to, "%s%s", i == 0 ? "{ " : ", ", text);
		if (px->px_bits < 8u * px->px_bytes)
			fprintf(to, "/%u", px->px_bits);
	}
	if (i > 0)
		fputs(" }", to);
}

static void
put(FILE *to, const struct conf *cf, const struct conf_key *key)
{
	const void			*field;
	const struct conf_listen	*cl;

	field = (const char *)cf + key->ck_offset;
	switch (key->ck_kind) {
	case KEY_CHOICE:
		put_word(to, key, number(cf, key));
		break;
	case KEY_BOOL:
		fputs(*(const bool *)field ? "true" : "false", to);
		break;
	case KEY_STRING:
		if (*(const char *)field != '\0')
			key_put_text(to, field);
		break;
	case KEY_LISTEN:
		put_listens(to, cf);
		break;
	case KEY_PREFIX:
		put_prefixes(to, field);
		break;
	case KEY_ADDRESS:
		if ((cl = field)->cl_port[0] != '\0')
			put_listen(to, cl);
		break;
	case KEY_SEGMENT:
		if (cf->cf_record_segment_bytes != 0)
			put_units(to, cf->cf_record_segment_bytes, sizes);
		else
			put_units(to, cf->cf_record_segment, durations);
		break;
	default:
		put_number(to, cf, key);
		break;
	}
}

bool
key_format(const struct conf *cf, const struct conf_key *key,
    char text[KEY_TEXT_MAX])
{
	FILE	*to;

	text[0] = '\0';
	if ((to = fmemopen(text, KEY_TEXT_MAX, "w")) == NULL)
		return false;
	put(to, cf, key);
	return fclose(to) == 0 && text[0] != '\0';
}
