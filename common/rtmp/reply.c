/* SPDX-License-Identifier: ISC */
/*
 * reply.c - bodies of the answers and notices that clients wait for.
 * Order and names of the fields are what FFmpeg, GStreamer and librtmp were
 * seen to need. Free text is cut, at a character, to REPLY_TEXT.
 */
#include <string.h>

#include "rtmp/command.h"

/* What a relay forwards: any codec (Enhanced RTMP v2, connect). */
#define FOURCC_FORWARD	4

static void
put_text(struct amf_out *o, const char *key, const char *text)
{
	char	cut[REPLY_TEXT];
	size_t	len = strlen(text);

	amf_put_key(o, key);
	if (len < sizeof(cut)) {
		amf_put_string(o, text);
		return;
	}
	len = sizeof(cut) - 1;
	while (len > 0 && (text[len] & 0xc0) == 0x80)
		len--;
	memcpy(cut, text, len);
	cut[len] = '\0';
	amf_put_string(o, cut);
}

static void
put_number(struct amf_out *o, const char *key, double d)
{
	amf_put_key(o, key);
	amf_put_number(o, d);
}

static void
put_head(struct amf_out *o, const char *name, double txn)
{
	amf_put_string(o, name);
	amf_put_number(o, txn);
}

/* The object is left open for the caller's own fields. */
static void
put_info(struct amf_out *o, const char *level, const char *code,
    const char *description)
{
	amf_put_object(o);
	put_text(o, "level", level);
	put_text(o, "code", code);
	put_text(o, "description", description);
}

static void
put_forwards_all(struct amf_out *o, const char *key)
{
	amf_put_key(o, key);
	amf_put_object(o);
	put_number(o, "*", FOURCC_FORWARD);
	amf_put_end(o);
}

void
reply_connect(struct amf_out *o, double txn, double encoding)
{
	put_head(o, "_result", txn);

	amf_put_object(o);
	put_text(o, "fmsVer", "FMS/3,0,1,123");
	put_number(o, "capabilities", 31);
	amf_put_key(o, "fourCcList");
	amf_put_strict_array(o, 1);
	amf_put_string(o, "*");
	put_forwards_all(o, "videoFourCcInfoMap");
	put_forwards_all(o, "audioFourCcInfoMap");
	put_number(o, "capsEx", CAPS_RECONNECT | CAPS_MULTITRACK |
	    CAPS_MODEX | CAPS_NANO);
	amf_put_end(o);

	/* GStreamer insists that this one comes second. */
	put_info(o, "status", "NetConnection.Connect.Success",
	    "Connection succeeded.");
	put_number(o, "objectEncoding", encoding);
	amf_put_end(o);
}

void
reply_connect_rejected(struct amf_out *o, double txn, const char *code,
    const char *description)
{
	reply_error(o, txn, code, description);
}

void
reply_null(struct amf_out *o, double txn)
{
	put_head(o, "_result", txn);
	amf_put_null(o);
}

void
reply_number(struct amf_out *o, double txn, double value)
{
	reply_null(o, txn);
	amf_put_number(o, value);
}

void
reply_error(struct amf_out *o, double txn, const char *code,
    const char *description)
{
	put_head(o, "_error", txn);
	amf_put_null(o);
	put_info(o, "error", code, description);
	amf_put_end(o);
}

void
reply_status(struct amf_out *o, const char *level, const char *code,
    const char *description, const char *details)
{
	put_head(o, "onStatus", 0);
	amf_put_null(o);
	put_info(o, level, code, description);
	if (details != NULL)
		put_text(o, "details", details);
	amf_put_end(o);
}

void
reply_reconnect(struct amf_out *o, const char *url)
{
	put_head(o, "onStatus", 0);
	amf_put_null(o);
	put_info(o, "status", "NetConnection.Connect.ReconnectRequest",
	    "The server is about to go.");
	if (url[0] != '\0')
		put_text(o, "tcUrl", url);
	amf_put_end(o);
}

void
reply_fc(struct amf_out *o, const char *name, const char *code,
    const char *description)
{
	put_head(o, name, 0);
	amf_put_null(o);
	amf_put_object(o);
	put_text(o, "code", code);
	put_text(o, "description", description);
	amf_put_end(o);
}

void
data_sample_access(struct amf_out *o)
{
	amf_put_string(o, "|RtmpSampleAccess");
	amf_put_boolean(o, true);
	amf_put_boolean(o, true);
}
