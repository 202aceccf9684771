/* SPDX-License-Identifier: ISC */
/*
 * result.h - what every parser of this folder answers.
 */
#ifndef RTMP_RESULT_H
#define RTMP_RESULT_H

enum rtmp_result {
	RTMP_OK,	/* the thing asked for is there */
	RTMP_MORE,	/* well formed so far; call again with more bytes */
	RTMP_END,	/* a list or body ended where it should */
	RTMP_BAD,	/* malformed, or over a limit; never recovers */
};

#endif
