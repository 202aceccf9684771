/* SPDX-License-Identifier: ISC */
/*
 * keys.c - the table of keys, and how the value of one is checked and stored.
 * A value outside its limits is refused, never rounded.
 */
#include "conf/keys.h"

#include <confuse.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/units.h"

#define FIELD(f)	offsetof(struct conf, f), sizeof(((struct conf *)0)->f)
#define DURATION(name, def, min, max, f) \
	{ name, KEY_DURATION, def, min, max, NULL, 0, FIELD(f) }
#define SIZE(name, def, min, max, f) \
	{ name, KEY_SIZE, def, min, max, NULL, 0, FIELD(f) }
#define COUNT(name, def, min, max, f) \
	{ name, KEY_COUNT, def, min, max, NULL, 0, FIELD(f) }

const struct conf_key	conf_keys[] = {
	{ "listen", KEY_LISTEN, NULL, NULL, NULL, NULL, 0, FIELD(cf_listen) },
	{ "user", KEY_STRING, NULL, NULL, NULL, NULL, 0, FIELD(cf_user) },
	{ "run-directory", KEY_STRING, NULL, NULL, NULL, NULL, KEY_ABSOLUTE,
	    FIELD(cf_rundir) },

	{ "ring", KEY_SIZE, "8M", "64K", "1G", NULL, KEY_POW2,
	    FIELD(cf_ring) },
	SIZE("max-ring-memory",	"4G", "64K", "1024G",	cf_max_ring_memory),

	{ "join", KEY_CHOICE, "gop", NULL, NULL, "gop|live", 0,
	    FIELD(cf_join) },
	{ "idle-streams", KEY_BOOL, "true", NULL, NULL, NULL, 0,
	    FIELD(cf_idle_streams) },
	DURATION("max-lag",	"5s",	"100ms", "1h",	cf_max_lag),
	{ "merge", KEY_DURATION, "auto", "0", "2s", "auto", 0,
	    FIELD(cf_merge) },
	SIZE("chunk-size",	"65536", "128",	"16777215", cf_chunk_size),

	{ "sandbox", KEY_CHOICE, "kill", NULL, NULL, "kill|log", 0,
	    FIELD(cf_sandbox) },

	DURATION("linger",	"3s",	"0",	"1h",	cf_linger),
	DURATION("takeover",	"3s",	"0",	"1h",	cf_takeover),
	DURATION("takeover-other", "10s", "0",	"1h",	cf_takeover_other),

	DURATION("handshake-timeout", "10s", "100ms", "1h",
	    cf_handshake_timeout),
	DURATION("command-timeout", "30s", "100ms", "1h", cf_command_timeout),
	DURATION("publish-timeout", "60s", "100ms", "24h", cf_publish_timeout),
	DURATION("send-timeout", "30s",	"100ms", "24h",	cf_send_timeout),
	DURATION("ping-interval", "60s", "100ms", "24h", cf_ping_interval),
	DURATION("ping-timeout", "30s",	"100ms", "24h",	cf_ping_timeout),
	DURATION("stats-interval", "30s", "100ms", "24h", cf_stats_interval),
	DURATION("hub-idle",	"60s",	"100ms", "24h",	cf_hub_idle),
	DURATION("drain-timeout", "60s", "0",	"24h",	cf_drain_timeout),
	{ "drain-url", KEY_STRING, NULL, NULL, NULL, NULL, 0,
	    FIELD(cf_drain_url) },

	COUNT("max-connections", "4096", "1",	"65536", cf_max_connections),
	COUNT("max-per-address", "2048", "1",	"65536", cf_max_per_address),
	COUNT("max-streams",	"1024",	"1",	"65536", cf_max_streams),
	SIZE("max-message",	"16M",	"4K",	"16M",	cf_max_message),
	COUNT("max-chunk-streams", "256", "8",	"65598", cf_max_chunk_streams),
	SIZE("max-partial",	"16M",	"4K",	"256M",	cf_max_partial),
	COUNT("max-message-streams", "8", "1",	"8",	cf_max_message_streams),
	SIZE("max-command",	"64K",	"1K",	"64K",	cf_max_command),
	COUNT("max-amf-depth",	"32",	"4",	"32",	cf_max_amf_depth),
	COUNT("max-commands",	"100",	"16",	"1000000", cf_max_commands),
	COUNT("max-pings",	"100",	"1",	"1000000", cf_max_pings),
	SIZE("max-queue",	"256K",	"4K",	"64M",	cf_max_queue),
	{ "cpu-limit", KEY_DURATION, "5s", "1s", "1h", NULL, KEY_SECONDS,
	    FIELD(cf_cpu_limit) },

	{ "allow-publish", KEY_PREFIX, NULL, NULL, NULL, NULL, 0,
	    FIELD(cf_allow_publish) },
	{ "allow-play", KEY_PREFIX, NULL, NULL, NULL, NULL, 0,
	    FIELD(cf_allow_play) },
};

const size_t	conf_nkeys = sizeof(conf_keys) / sizeof(conf_keys[0]);

static int	refuse(char *, size_t, const struct conf_key *, const char *,
		    ...) __attribute__((format(printf, 4, 5)));

static int
refuse(char *why, size_t whylen, const struct conf_key *key,
    const char *fmt, ...)
{
	va_list	 ap;
	int	 n;

	n = snprintf(why, whylen, "%s: ", key->ck_name);
	if (n >= 0 && (size_t)n < whylen) {
		va_start(ap, fmt);
		(void)vsnprintf(why + n, whylen - (size_t)n, fmt, ap);
		va_end(ap);
	}
	return -1;
}

static void
store(struct conf *cf, const struct conf_key *key, uint64_t value)
{
	void	*field = (char *)cf + key->ck_offset;

	if (key->ck_size == sizeof(uint64_t))
		memcpy(field, &value, sizeof(value));
	else
		memcpy(field, &(uint32_t){ (uint32_t)value }, sizeof(uint32_t));
}

/* The place of `text` among the words of `key`, or -1. */
static int
find_word(const struct conf_key *key, const char *text)
{
	const char	*word = key->ck_words;
	size_t		 len, textlen = strlen(text);
	int		 i;

	for (i = 0; word != NULL; i++) {
		len = strcspn(word, "|");
		if (len == textlen && memcmp(word, text, len) == 0)
			return i;
		word = word[len] == '|' ? word + len + 1 : NULL;
	}
	return -1;
}

static const char *
read_number(enum conf_kind kind, const char *text, uint64_t *value)
{
	switch (kind) {
	case KEY_SIZE:
		return unit_size(text, value);
	case KEY_DURATION:
		return unit_duration(text, value);
	default:
		return unit_count(text, value);
	}
}

static int
set_number(struct conf *cf, const struct conf_key *key, const char *text,
    char *why, size_t whylen)
{
	const char	*error;
	uint64_t	 value, min, max;

	if (find_word(key, text) == 0) {
		store(cf, key, CONF_MERGE_AUTO);
		return 0;
	}
	if ((error = read_number(key->ck_kind, text, &value)) != NULL)
		return refuse(why, whylen, key, "\"%s\" %s%s%s", text, error,
		    key->ck_words != NULL ? ", or " : "",
		    key->ck_words != NULL ? key->ck_words : "");
	(void)read_number(key->ck_kind, key->ck_min, &min);
	(void)read_number(key->ck_kind, key->ck_max, &max);
	if (value < min || value > max)
		return refuse(why, whylen, key, "%s is not in %s to %s", text,
		    key->ck_min, key->ck_max);
	if ((key->ck_flags & KEY_POW2) && (value & (value - 1)) != 0)
		return refuse(why, whylen, key, "%s is not a power of two",
		    text);
	if ((key->ck_flags & KEY_SECONDS) && value % 1000 != 0)
		return refuse(why, whylen, key, "%s is not in whole seconds",
		    text);
	store(cf, key, value);
	return 0;
}

static int
set_choice(struct conf *cf, const struct conf_key *key, const char *text,
    char *why, size_t whylen)
{
	int	 i = find_word(key, text);

	if (i == -1)
		return refuse(why, whylen, key, "\"%s\" is not one of %s", text,
		    key->ck_words);
	store(cf, key, (uint64_t)i);
	return 0;
}

static int
set_bool(struct conf *cf, const struct conf_key *key, const char *text,
    char *why, size_t whylen)
{
	int	 i = cfg_parse_boolean(text);
	bool	 value = i == 1;

	if (i == -1)
		return refuse(why, whylen, key, "\"%s\" is not true or false",
		    text);
	memcpy((char *)cf + key->ck_offset, &value, sizeof(value));
	return 0;
}

static int
set_string(struct conf *cf, const struct conf_key *key, const char *text,
    char *why, size_t whylen)
{
	size_t	 len = strlen(text);

	if (len == 0)
		return refuse(why, whylen, key, "the value is empty");
	if (len >= key->ck_size)
		return refuse(why, whylen, key, "longer than %zu bytes",
		    key->ck_size - 1);
	if ((key->ck_flags & KEY_ABSOLUTE) && *text != '/')
		return refuse(why, whylen, key, "\"%s\" does not begin with /",
		    text);
	memcpy((char *)cf + key->ck_offset, text, len + 1);
	return 0;
}

static int
add_listen(struct conf *cf, const struct conf_key *key, const char *text,
    char *why, size_t whylen)
{
	const char	*error;

	if (cf->cf_nlisten == CONF_LISTEN_MAX)
		return refuse(why, whylen, key, "more than %d addresses",
		    CONF_LISTEN_MAX);
	error = conf_parse_listen(text, &cf->cf_listen[cf->cf_nlisten]);
	if (error != NULL)
		return refuse(why, whylen, key, "\"%s\": %s", text, error);
	cf->cf_nlisten++;
	return 0;
}

static int
add_prefix(struct conf *cf, const struct conf_key *key, const char *text,
    char *why, size_t whylen)
{
	struct prefix_list	*pl = (void *)((char *)cf + key->ck_offset);
	const char		*error;

	if (pl->pl_n == PREFIX_LIST_MAX)
		return refuse(why, whylen, key, "more than %d addresses",
		    PREFIX_LIST_MAX);
	if ((error = prefix_parse(text, &pl->pl_prefix[pl->pl_n])) != NULL)
		return refuse(why, whylen, key, "\"%s\": %s", text, error);
	pl->pl_n++;
	return 0;
}

bool
key_is_list(const struct conf_key *key)
{
	return key->ck_kind == KEY_LISTEN || key->ck_kind == KEY_PREFIX;
}

int
key_set(struct conf *cf, const struct conf_key *key, const char *text,
    char *why, size_t whylen)
{
	switch (key->ck_kind) {
	case KEY_CHOICE:
		return set_choice(cf, key, text, why, whylen);
	case KEY_BOOL:
		return set_bool(cf, key, text, why, whylen);
	case KEY_STRING:
		return set_string(cf, key, text, why, whylen);
	case KEY_LISTEN:
		return add_listen(cf, key, text, why, whylen);
	case KEY_PREFIX:
		return add_prefix(cf, key, text, why, whylen);
	default:
		return set_number(cf, key, text, why, whylen);
	}
}
