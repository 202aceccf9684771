/* SPDX-License-Identifier: ISC */
/*
 * command.c - AMF0 commands, written and read by hand.
 * A body that would not fit is cut at COMMAND_MAX, which the options rule out.
 */
#include "command.h"

#include <string.h>

enum { AMF_NUMBER = 0, AMF_BOOLEAN, AMF_STRING, AMF_OBJECT, AMF_NULL = 5,
    AMF_ARRAY = 8, AMF_END };

static void
put(struct command *c, const void *p, size_t len)
{
	if (len > COMMAND_MAX - c->c_len)
		len = COMMAND_MAX - c->c_len;
	memcpy(c->c_body + c->c_len, p, len);
	c->c_len += (uint32_t)len;
}

static void
put_byte(struct command *c, uint8_t v)
{
	put(c, &v, 1);
}

/* A key: a string without its marker. */
static void
put_key(struct command *c, const char *s)
{
	size_t len = strlen(s);

	put_byte(c, (uint8_t)(len >> 8));
	put_byte(c, (uint8_t)len);
	put(c, s, len);
}

static void
put_string(struct command *c, const char *s)
{
	put_byte(c, AMF_STRING);
	put_key(c, s);
}

static void
put_number(struct command *c, double v)
{
	uint64_t bits;
	int shift;

	memcpy(&bits, &v, sizeof(bits));
	put_byte(c, AMF_NUMBER);
	for (shift = 56; shift >= 0; shift -= 8)
		put_byte(c, (uint8_t)(bits >> shift));
}

static void
put_end(struct command *c)
{
	put_key(c, "");
	put_byte(c, AMF_END);
}

static void
begin(struct command *c, const char *name, double txn)
{
	c->c_len = 0;
	put_string(c, name);
	put_number(c, txn);
}

void
command_connect(struct command *c, const char *app, const char *url)
{
	begin(c, "connect", 1);
	put_byte(c, AMF_OBJECT);
	put_key(c, "app");
	put_string(c, app);
	put_key(c, "flashVer");
	put_string(c, "LNX 9,0,124,2");
	put_key(c, "tcUrl");
	put_string(c, url);
	put_end(c);
}

void
command_create(struct command *c)
{
	begin(c, "createStream", 2);
	put_byte(c, AMF_NULL);
}

void
command_publish(struct command *c, const char *name)
{
	begin(c, "publish", 3);
	put_byte(c, AMF_NULL);
	put_string(c, name);
	put_string(c, "live");
}

void
command_play(struct command *c, const char *name)
{
	begin(c, "play", 3);
	put_byte(c, AMF_NULL);
	put_string(c, name);
	put_number(c, -2000);		/* live, else recorded */
}

void
command_delete(struct command *c, uint32_t msid)
{
	begin(c, "deleteStream", 4);
	put_byte(c, AMF_NULL);
	put_number(c, msid);
}

/* An information object without an error. */
static void
put_info(struct command *c, const char *code)
{
	put_byte(c, AMF_OBJECT);
	put_key(c, "level");
	put_string(c, "status");
	put_key(c, "code");
	put_string(c, code);
	put_end(c);
}

void
command_connected(struct command *c, double txn)
{
	begin(c, "_result", txn);
	put_byte(c, AMF_OBJECT);
	put_key(c, "fmsVer");
	put_string(c, "FMS/3,0,1,123");
	put_key(c, "capabilities");
	put_number(c, 31);
	put_end(c);
	put_info(c, "NetConnection.Connect.Success");
}

void
command_created(struct command *c, double txn, uint32_t msid)
{
	begin(c, "_result", txn);
	put_byte(c, AMF_NULL);
	put_number(c, msid);
}

void
command_status(struct command *c, const char *code)
{
	begin(c, "onStatus", 0);
	put_byte(c, AMF_NULL);
	put_info(c, code);
}

void
command_metadata(struct command *c, uint64_t bits)
{
	static const uint8_t count[4] = { 0, 0, 0, 5 };

	c->c_len = 0;
	put_string(c, "@setDataFrame");
	put_string(c, "onMetaData");
	put_byte(c, AMF_ARRAY);
	put(c, count, sizeof(count));
	put_key(c, "width");
	put_number(c, 1280);
	put_key(c, "height");
	put_number(c, 720);
	put_key(c, "videocodecid");
	put_number(c, 7);
	put_key(c, "audiocodecid");
	put_number(c, 10);
	put_key(c, "videodatarate");
	put_number(c, (double)bits / 1000);
	put_end(c);
}

bool
command_is(const uint8_t *p, size_t len, const char *name)
{
	size_t n = strlen(name);

	return len >= 3 + n && p[0] == AMF_STRING &&
	    ((size_t)p[1] << 8 | p[2]) == n && memcmp(p + 3, name, n) == 0;
}

static double
get_number(const uint8_t *p)
{
	uint64_t bits = 0;
	double v;
	int i;

	for (i = 0; i < 8; i++)
		bits = bits << 8 | p[i];
	memcpy(&v, &bits, sizeof(v));
	return v;
}

/* Bytes of the command's name with its marker; 0 if p is no command. */
static size_t
name_size(const uint8_t *p, size_t len)
{
	size_t n;

	if (len < 3 || p[0] != AMF_STRING)
		return 0;
	n = 3 + ((size_t)p[1] << 8 | p[2]);
	return n <= len ? n : 0;
}

double
command_txn(const uint8_t *p, size_t len)
{
	size_t at = name_size(p, len);

	if (at == 0 || len < at + 9 || p[at] != AMF_NUMBER)
		return 0;
	return get_number(p + at + 1);
}

bool
command_stream(const uint8_t *p, size_t len, char *out, size_t size)
{
	/* name, transaction, null, string */
	size_t at = name_size(p, len) + 9 + 1, n;

	if (at == 10 || len < at || (n = name_size(p + at, len - at)) == 0 ||
	    n - 3 >= size)
		return false;
	memcpy(out, p + at + 3, n - 3);
	out[n - 3] = '\0';
	return n > 3;
}

bool
command_number(const uint8_t *p, size_t len, uint32_t *number)
{
	/* "_result", transaction, null, number */
	const size_t at = 3 + 7 + 9;
	double v;

	if (!command_is(p, len, "_result") || len < at + 10 ||
	    p[at] != AMF_NULL || p[at + 1] != AMF_NUMBER)
		return false;
	v = get_number(p + at + 2);
	if (!(v >= 0 && v <= UINT32_MAX))
		return false;
	*number = (uint32_t)v;
	return true;
}

void
command_info(const uint8_t *p, size_t len, const char *key, char *out,
    size_t size)
{
	const uint8_t *end = p + len, *at;
	size_t n;

	out[0] = '\0';
	if ((at = memmem(p, len, key, strlen(key))) == NULL)
		return;
	at += strlen(key);
	if (end - at < 3 || at[0] != AMF_STRING)
		return;
	n = (size_t)at[1] << 8 | at[2];
	if (n > (size_t)(end - at - 3) || n >= size)
		return;
	memcpy(out, at + 3, n);
	out[n] = '\0';
}
