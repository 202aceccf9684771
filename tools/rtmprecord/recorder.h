/* SPDX-License-Identifier: ISC */
/*
 * recorder.h - a stream into files: when one begins and ends, what is in it.
 */
#ifndef RTMPRECORD_RECORDER_H
#define RTMPRECORD_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "output.h"
#include "recording/repeat.h"
#include "tap/tap.h"

struct recorder {
	const struct conf *re_conf;	/* cf_record… */
	const char	*re_name;	/* of the stream */
	int		 re_dir;	/* -1: it cannot be opened now */
	struct output	 re_out;
	struct repeat	 re_repeat;
	uint32_t	 re_n;		/* files begun */
	int64_t		 re_base;	/* time that is 0 in the file, ms */
	int64_t		 re_start;	/* when it began */
	int64_t		 re_video_at;	/* latest frame, ms; NEVER */
	int64_t		 re_audio_at;
	int		 re_main;	/* video track whose key frames count */
	int		 re_failed;	/* errno that was logged, 0 none */
	bool		 re_told;	/* the log knows of the file */
	uint32_t	 re_errors;
	uint32_t	 re_pause;	/* ms, the latest after a failure */
	uint64_t	 re_retry;	/* not before, ms (clock) */
	uint64_t	 re_synced;	/* ms (clock) */
};

void	recorder_init(struct recorder *, const struct conf *,
	    const char *name);

/* Each record of the stream, in order. */
void	recorder_take(struct recorder *, const struct tap_record *);

/* There is no more to take at once: write out what is buffered. */
void	recorder_flush(struct recorder *);

/* What is due by the clock. False: the directory has been replaced, and a
 * process that is confined to the old one must make room for another. */
bool	recorder_tick(struct recorder *);

/* No more will come: complete the file. `why` is for the log. */
void	recorder_finish(struct recorder *, const char *why);

#endif
