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

#include "conf/template.h"
#include "conf/units.h"

#define PLACE(f)	offsetof(struct conf, f), sizeof(((struct conf *)0)->f)
#define FIELD(f)	PLACE(f), 0, 0
#define DURATION(name, def, min, max, flags, f) \
	{ name, KEY_DURATION, def, min, max, NULL, flags, FIELD(f) }
#define SIZE(name, def, min, max, f) \
	{ name, KEY_SIZE, def, min, max, NULL, 0, FIELD(f) }
#define COUNT(name, def, min, max, f) \
	{ name, KEY_COUNT, def, min, max, NULL, 0, FIELD(f) }
#define CHOICE(name, def, words, flags, f) \
	{ name, KEY_CHOICE, def, NULL, NULL, words, flags, FIELD(f) }
#define OTHER(name, kind, def, flags, f) \
	{ name, kind, def, NULL, NULL, NULL, flags, FIELD(f) }

#define SEGMENT_MIN_MS		1000
#define SEGMENT_MAX_MS		(24 * 3600 * 1000)
#define SEGMENT_MIN_BYTES	(UINT64_C(64) << 10)
#define SEGMENT_MAX_BYTES	(UINT64_C(1024) << 30)
#define RECORD_PATH	"%{app}_%{name}_%Y%m%d_%H%M%S.flv"
#define HOST_BYTES	"abcdefghijklmnopqrstuvwxyz" \
			"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

const struct conf_key	conf_keys[] = {
	{ "listen", KEY_LISTEN, NULL, NULL, NULL, NULL, 0, PLACE(cf_listen),
	    PLACE(cf_nlisten) },
	OTHER("user",	KEY_STRING, NULL, 0,	cf_user),
	OTHER("run-directory", KEY_STRING, NULL, KEY_ABSOLUTE, cf_rundir),
	OTHER("control-group", KEY_STRING, NULL, 0, cf_control_group),
	OTHER("metrics-listen", KEY_ADDRESS, NULL, 0, cf_metrics),
	OTHER("metrics-host", KEY_STRING, NULL, KEY_HOST, cf_metrics_host),
	CHOICE("sandbox", "kill", "kill|log", 0, cf_sandbox),

	{ "ring", KEY_SIZE, "8M", "64K", "1G", NULL, KEY_POW2 | KEY_APP,
	    FIELD(cf_ring) },
	SIZE("max-ring-memory",	"4G", "64K", "1024G",	cf_max_ring_memory),

	CHOICE("join",	"gop",	"gop|live", KEY_APP,	cf_join),
	OTHER("idle-streams", KEY_BOOL, "true", KEY_APP, cf_idle_streams),
	DURATION("max-lag", "5s", "100ms", "1h", KEY_APP, cf_max_lag),
	{ "merge", KEY_DURATION, "auto", "0", "2s", "auto", 0,
	    FIELD(cf_merge) },
	{ "chunk-size", KEY_SIZE, "65536", "128", "16777215", NULL, KEY_APP,
	    FIELD(cf_chunk_size) },

	DURATION("linger", "3s", "0",	"1h",	KEY_APP, cf_linger),
	DURATION("takeover", "3s", "0",	"1h",	KEY_APP, cf_takeover),
	DURATION("takeover-other", "10s", "0", "1h", KEY_APP,
	    cf_takeover_other),

	DURATION("handshake-timeout", "10s", "100ms", "1h", 0,
	    cf_handshake_timeout),
	DURATION("command-timeout", "30s", "100ms", "1h", 0,
	    cf_command_timeout),
	DURATION("publish-timeout", "60s", "100ms", "24h", KEY_APP,
	    cf_publish_timeout),
	DURATION("send-timeout", "30s",	"100ms", "24h", KEY_APP,
	    cf_send_timeout),
	DURATION("ping-interval", "60s", "100ms", "24h", KEY_APP,
	    cf_ping_interval),
	DURATION("ping-timeout", "30s",	"100ms", "24h", KEY_APP,
	    cf_ping_timeout),
	DURATION("stats-interval", "30s", "100ms", "24h", KEY_APP,
	    cf_stats_interval),
	DURATION("hub-idle", "60s",	"100ms", "24h", 0, cf_hub_idle),
	DURATION("drain-timeout", "60s", "0",	"24h", 0, cf_drain_timeout),
	OTHER("drain-url", KEY_STRING, NULL, KEY_APP, cf_drain_url),

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
	DURATION("cpu-limit",	"5s",	"1s",	"1h", KEY_SECONDS, cf_cpu_limit),

	OTHER("allow-publish", KEY_PREFIX, NULL, KEY_APP, cf_allow_publish),
	OTHER("allow-play", KEY_PREFIX,	NULL, KEY_APP,	cf_allow_play),

	CHOICE("record", "off", "off|all|video|audio", KEY_APP, cf_record),
	OTHER("record-directory", KEY_STRING, "/var/lib/rtmpd",
	    KEY_ABSOLUTE | KEY_APP, cf_record_dir),
	OTHER("record-path", KEY_STRING, RECORD_PATH, KEY_TEMPLATE | KEY_APP,
	    cf_record_path),
	{ "record-segment", KEY_SEGMENT, "0", NULL, NULL, NULL, KEY_APP,
	    PLACE(cf_record_segment), PLACE(cf_record_segment_bytes) },
	OTHER("record-append", KEY_BOOL, "false", KEY_APP, cf_record_append),
	DURATION("record-sync", "10s", "100ms", "1h", KEY_APP, cf_record_sync),
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
	const char	*error = NULL;
	size_t		 i, len = strlen(text);

	if (len == 0)
		return refuse(why, whylen, key, "the value is empty");
	if (len >= key->ck_size)
		return refuse(why, whylen, key, "longer than %zu bytes",
		    key->ck_size - 1);
	if ((key->ck_flags & KEY_ABSOLUTE) && *text != '/')
		return refuse(why, whylen, key, "\"%s\" does not begin with /",
		    text);
	if (key->ck_flags & KEY_TEMPLATE)
		error = template_check(text);
	if ((key->ck_flags & KEY_HOST) && (text[strspn(text, HOST_BYTES)] !=
	    '\0' || text[len - 1] == '.'))
		error = "is not the name of a host";
	for (i = 0; i < len && error == NULL; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			error = "has a control character";
	if (error != NULL)
		return refuse(why, whylen, key, "\"%s\" %s", text, error);
	memset((char *)cf + key->ck_offset, 0, key->ck_size);
	memcpy((char *)cf + key->ck_offset, text, len);
	return 0;
}

/* Who names no address means this machine, not every one. */
static int
set_address(struct conf *cf, const struct conf_key *key, const char *text,
    char *why, size_t whylen)
{
	struct conf_listen	*cl = (void *)((char *)cf + key->ck_offset);
	const char		*error = conf_parse_listen(text, cl);

	if (error != NULL)
		return refuse(why, whylen, key, "\"%s\": %s", text, error);
	if (cl->cl_host[0] == '\0')
		strlcpy(cl->cl_host, "127.0.0.1", sizeof(cl->cl_host));
	return 0;
}

/* A duration or a size; which, its unit says. */
static int
set_segment(struct conf *cf, const struct conf_key *key, const char *text,
    char *why, size_t whylen)
{
	uint64_t	 ms = 0, bytes = 0;

	if (unit_duration(text, &ms) == NULL) {
		if (ms != 0 && (ms < SEGMENT_MIN_MS || ms > SEGMENT_MAX_MS))
			return refuse(why, whylen, key,
			    "%s is not in 1s to 24h", text);
	} else if (unit_size(text, &bytes) != NULL)
		return refuse(why, whylen, key, "\"%s\" is neither a duration "
		    "nor a size: 10m, 100M", text);
	else if (bytes < SEGMENT_MIN_BYTES || bytes > SEGMENT_MAX_BYTES)
		return refuse(why, whylen, key, "%s is not in 64K to 1024G",
		    text);
	cf->cf_record_segment = (uint32_t)ms;
	cf->cf_record_segment_bytes = bytes;
	return 0;
}

static int
add_listen(struct conf *cf, const struct conf_key *key, const char *text,
    char *why, size_t whylen)
{
	struct conf_listen	*new = &cf->cf_listen[cf->cf_nlisten], *old;
	const char		*error;

	if (cf->cf_nlisten == CONF_LISTEN_MAX)
		return refuse(why, whylen, key, "more than %d addresses",
		    CONF_LISTEN_MAX);
	error = conf_parse_listen(text, new);
	for (old = cf->cf_listen; old < new && error == NULL; old++)
		if (strcmp(old->cl_host, new->cl_host) == 0 &&
		    strcmp(old->cl_port, new->cl_port) == 0)
			error = "given twice";
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
	case KEY_ADDRESS:
		return set_address(cf, key, text, why, whylen);
	case KEY_SEGMENT:
		return set_segment(cf, key, text, why, whylen);
	default:
		return set_number(cf, key, text, why, whylen);
	}
}

uint32_t
key_words(const struct conf_key *key)
{
	const char	*p = key->ck_words;
	uint32_t	 n = 1;

	for (; *p != '\0'; p++)
		n += *p == '|';
	return n;
}

void
key_copy(struct conf *to, const struct conf *from, const struct conf_key *key)
{
	memcpy((char *)to + key->ck_offset,
	    (const char *)from + key->ck_offset, key->ck_size);
	memcpy((char *)to + key->ck_also, (const char *)from + key->ck_also,
	    key->ck_also_size);
}

bool
key_equal(const struct conf *a, const struct conf *b,
    const struct conf_key *key)
{
	return memcmp((const char *)a + key->ck_offset,
	    (const char *)b + key->ck_offset, key->ck_size) == 0 &&
	    memcmp((const char *)a + key->ck_also,
	    (const char *)b + key->ck_also, key->ck_also_size) == 0;
}
