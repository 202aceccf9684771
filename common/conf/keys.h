/* SPDX-License-Identifier: ISC */
/*
 * keys.h - the table of everything that rtmpd.conf(5) can say.
 */
#ifndef CONF_KEYS_H
#define CONF_KEYS_H

#include <stdio.h>

#include "conf/conf.h"

enum conf_kind {
	KEY_SIZE, KEY_DURATION, KEY_COUNT, KEY_CHOICE, KEY_BOOL, KEY_STRING,
	KEY_LISTEN, KEY_PREFIX, KEY_ADDRESS, KEY_SEGMENT
};

#define KEY_POW2	0x1	/* a power of two */
#define KEY_ABSOLUTE	0x2	/* a path that begins with / */
#define KEY_SECONDS	0x4	/* a duration in whole seconds */
#define KEY_APP		0x8	/* may stand in an application block */
#define KEY_TEMPLATE	0x10	/* the path of a recording */
#define KEY_HOST	0x20	/* the name of a host */
#define KEY_TEXT_MAX	8192	/* the value of any key as text */

/*
 * One key. Default and limits are written as in the file; NULL means that
 * there is none, or that the default is found out at start.
 */
struct conf_key {
	const char	*ck_name;
	enum conf_kind	 ck_kind;
	const char	*ck_default;
	const char	*ck_min;
	const char	*ck_max;
	const char	*ck_words;	/* allowed words, by '|', or NULL */
	unsigned	 ck_flags;
	size_t		 ck_offset;	/* in struct conf */
	size_t		 ck_size;	/* bytes there */
	size_t		 ck_also;	/* a second place, that goes with it */
	size_t		 ck_also_size;	/* bytes there, 0: there is none */
};

extern const struct conf_key	conf_keys[];
extern const size_t		conf_nkeys;

/* May the key be given a list of values? */
bool	key_is_list(const struct conf_key *key);

/*
 * Store `text` as the value of `key`; KEY_LISTEN and
 * KEY_PREFIX add one to their list.
 * Returns 0, or -1 with "key: what is wrong" in `why`; the configuration is
 * then unchanged.
 */
int	key_set(struct conf *, const struct conf_key *key, const char *text,
	    char *why, size_t whylen);

/* How many words the value of a KEY_CHOICE is one of. */
uint32_t key_words(const struct conf_key *);

/* Copy the value, or all of the list, from one to another; compare them. */
void	key_copy(struct conf *, const struct conf *, const struct conf_key *);
bool	key_equal(const struct conf *, const struct conf *,
	    const struct conf_key *);

/*
 * The value as it would stand in the file, behind "key = ". False if it has
 * none that could be written down: a text that is not set, an empty list.
 */
bool	key_format(const struct conf *, const struct conf_key *,
	    char text[KEY_TEXT_MAX]);

/* A text in quotes, as the file would have it. */
void	key_put_text(FILE *, const char *);

#endif
