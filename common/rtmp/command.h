/* SPDX-License-Identifier: ISC */
/*
 * command.h - RTMP commands as peers send them, and the answers they wait for
 * (RTMP 1.0, 7.2; Enhanced RTMP v2).
 */
#ifndef RTMP_COMMAND_H
#define RTMP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtmp/amf.h"
#include "rtmp/message.h"
#include "rtmp/result.h"

#define COMMAND_MAX	65536	/* longest command body accepted, bytes */
#define COMMAND_TEXT	4096	/* longest string kept of one, with NUL */
#define REPLY_TEXT	512	/* longest string put in an answer, with NUL */
#define REPLY_MAX	2304	/* no reply we build is longer */

enum command_id {
	CMD_UNKNOWN,
	CMD_CONNECT,
	CMD_CREATE_STREAM,
	CMD_RELEASE_STREAM,
	CMD_FC_PUBLISH,
	CMD_FC_UNPUBLISH,
	CMD_FC_SUBSCRIBE,
	CMD_PUBLISH,
	CMD_PLAY,
	CMD_PLAY2,
	CMD_CLOSE_STREAM,
	CMD_DELETE_STREAM,
	CMD_PAUSE,
	CMD_SEEK,
	CMD_RECEIVE_AUDIO,
	CMD_RECEIVE_VIDEO,
	CMD_GET_STREAM_LENGTH,
	CMD_CHECK_BW,
	CMD_RESULT,		/* _result, _error: answers to us */
};

struct command {
	enum command_id	 c_id;
	struct amf_str	 c_name;	/* as sent, into the message */
	double		 c_txn;		/* 0: no reply is wanted */
	struct amf_in	 c_args;	/* at the command object */
};

/*
 * Read name and transaction of a message of type 20 or 17. Numbers that are
 * missing or not numbers count as 0. RTMP_BAD: not a command.
 */
enum rtmp_result command_parse(const struct rtmp_msg *, struct command *);

/*
 * Is anything in the body nested deeper than `depth` objects or arrays? What
 * is malformed is not judged here.
 */
bool	command_too_deep(const struct rtmp_msg *, int depth);

/* capsEx (Enhanced RTMP v2, connect) */
#define CAPS_RECONNECT	1
#define CAPS_MULTITRACK	2
#define CAPS_MODEX	4
#define CAPS_NANO	8

struct command_connect {
	char		 cc_app[COMMAND_TEXT];
	char		 cc_tcurl[COMMAND_TEXT];
	char		 cc_flashver[COMMAND_TEXT];
	double		 cc_encoding;	/* objectEncoding, 0 if absent */
	uint32_t	 cc_caps;	/* capsEx, 0 if absent */
};

/* Fields that are absent are empty. RTMP_BAD: no object, or text too long. */
enum rtmp_result command_connect(const struct command *,
		    struct command_connect *);

/*
 * The first argument after the command object as a string: the stream name of
 * publish, play, releaseStream, FCPublish, getStreamLength… of play2 it is
 * the streamName of its object. RTMP_END if absent or not a string, RTMP_BAD
 * if malformed or too long.
 */
enum rtmp_result command_name(const struct command *, char *out, size_t size);

/* The same for a number (deleteStream, seek) and a boolean (pause,
 * receiveAudio, receiveVideo; publish(false)). */
enum rtmp_result command_number(const struct command *, double *);
enum rtmp_result command_boolean(const struct command *, bool *);

/*
 * Bodies of answers, message type 20. Each appends to `out`; look at ao_full
 * once at the end (text is cut to REPLY_TEXT, so REPLY_MAX suffices).
 */
void	reply_connect(struct amf_out *, double txn, double encoding);
void	reply_connect_rejected(struct amf_out *, double txn, const char *code,
	    const char *description);
void	reply_null(struct amf_out *, double txn);	/* _result, null */
void	reply_number(struct amf_out *, double txn, double value);
void	reply_error(struct amf_out *, double txn, const char *code,
	    const char *description);

/*
 * onStatus. `level` is "status" or "error"; `details` may be NULL, and names
 * the stream where clients look for it.
 */
void	reply_status(struct amf_out *, const char *level, const char *code,
	    const char *description, const char *details);
/*
 * NetConnection.Connect.ReconnectRequest (Enhanced RTMP v2): please connect
 * anew, to `url`, which may be relative, or if it is "" to where you did.
 */
void	reply_reconnect(struct amf_out *, const char *url);
/* onFCPublish, onFCUnpublish, onFCSubscribe: name, 0, null, {code, …}. */
void	reply_fc(struct amf_out *, const char *name, const char *code,
	    const char *description);

/* Body of the data message |RtmpSampleAccess true true (type 18). */
void	data_sample_access(struct amf_out *);

/*
 * Judge a data message's name: is it onMetaData, bare or wrapped in
 * @setDataFrame, or @clearDataFrame? `*skip` is how many bytes of the body to
 * leave out when it is passed on. Type 15 bodies start with a format byte,
 * which counts in `*skip`.
 */
enum data_kind { DATA_OTHER, DATA_METADATA, DATA_CLEAR };
enum data_kind	data_classify(const struct rtmp_msg *, size_t *skip);

#endif
