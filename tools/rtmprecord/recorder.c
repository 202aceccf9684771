/* SPDX-License-Identifier: ISC */
/*
 * recorder.c - a stream into files.
 *
 * A file begins, and a segment ends, at a key frame, or at any audio frame
 * where there is no video. What cannot be written costs the recording, never
 * the stream: after a pause that grows it goes on in a new file.
 */
#include "recorder.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "media/media.h"
#include "rtmp/message.h"
#include "shm/ring.h"
#include "sys/clock.h"
#include "sys/landlock.h"
#include "sys/log.h"

#define NEVER		INT64_MIN
#define NO_TRACK	256
#define CAMERA_OFF	5000	/* ms without video: audio will do */
#define APART		5000	/* ms that audio and video may lie apart */
#define FILE_MAX	(INT32_MAX - 3600 * 1000)	/* ms, of 31 bits */
#define BATCH		(1024 * 1024)	/* bytes written at once */
#define HEADERS_MAX	(16 * 1024 * 1024)	/* bytes kept for segments */
#define PAUSE_MIN	500	/* ms after a failure */
#define PAUSE_MAX	30000

void
recorder_init(struct recorder *re, const struct conf *cf, const char *name)
{
	memset(re, 0, sizeof(*re));
	re->re_conf = cf;
	re->re_name = name;
	re->re_dir = -1;
	re->re_video_at = re->re_audio_at = NEVER;
	re->re_main = NO_TRACK;
	re->re_synced = clock_ms();
	output_init(&re->re_out);
	repeat_init(&re->re_repeat, HEADERS_MAX);
}

static bool
is_open(const struct recorder *re)
{
	return re->re_out.ou_fd != -1;
}

static void
log_start(struct recorder *re)
{
	char name[LOG_TEXT_MAX], file[LOG_TEXT_MAX];

	re->re_told = true;
	log_info("record-start stream=%s file=%s",
	    log_text(re->re_name, name), log_text(re->re_out.ou_path, file));
}

static void
log_stop(struct recorder *re, const char *why)
{
	const struct output *ou = &re->re_out;
	char name[LOG_TEXT_MAX], file[LOG_TEXT_MAX];

	if (!re->re_told)
		log_start(re);
	log_info("record-stop stream=%s file=%s reason=%s bytes=%" PRIu64
	    " duration=%" PRIu32 "ms", log_text(re->re_name, name),
	    log_text(ou->ou_path, file), why, ou->ou_pos, ou->ou_last);
}

/* errno says what is wrong. Each cause is told once, until it has gone. */
static void
fail(struct recorder *re)
{
	char name[LOG_TEXT_MAX], file[LOG_TEXT_MAX];
	int saved = errno;

	if (is_open(re)) {
		(void)output_close(&re->re_out);
		if (re->re_told || output_has_frames(&re->re_out))
			log_stop(re, "failed");
	}
	errno = saved;
	re->re_errors++;
	if (errno != re->re_failed)
		log_warn("record-failed stream=%s file=%s errors=%" PRIu32,
		    log_text(re->re_name, name),
		    log_text(re->re_out.ou_path, file), re->re_errors);
	re->re_failed = saved;
	re->re_pause = re->re_pause == 0 ? PAUSE_MIN :
	    2 * re->re_pause < PAUSE_MAX ? 2 * re->re_pause : PAUSE_MAX;
	re->re_retry = clock_ms() + re->re_pause;
}

/* Does what was configured leave this kind out? Data is always recorded. */
static bool
is_excluded(const struct recorder *re, uint8_t type)
{
	return (type == RTMP_AUDIO && re->re_conf->cf_record == RECORD_VIDEO) ||
	    (type == RTMP_VIDEO && re->re_conf->cf_record == RECORD_AUDIO);
}

static void
put(struct recorder *re, uint8_t type, int64_t time, const void *data,
    uint32_t len, uint8_t flags)
{
	int64_t ms = time - re->re_base;
	struct output_tag ot = {
		.ot_type = type, .ot_data = data, .ot_len = len,
		.ot_frame = (flags & RECORD_FRAME) != 0,
		.ot_key = (flags & RECORD_KEY) != 0,
	};

	if (!is_open(re))
		return;
	/* what is older than the key frame that the file begins with */
	ot.ot_ms = ms < re->re_out.ou_first ? re->re_out.ou_first :
	    (uint32_t)ms;
	if (output_put(&re->re_out, &ot) == -1)
		fail(re);
	else if (re->re_out.ou_len >= BATCH)
		recorder_flush(re);
}

void
recorder_flush(struct recorder *re)
{
	if (is_open(re) && re->re_out.ou_len > 0 &&
	    output_flush(&re->re_out) == -1)
		fail(re);
}

/* It may be missing for now. The first time that it is there is the last
 * that anything else can be opened. */
static int
open_dir(struct recorder *re)
{
	if (re->re_dir != -1)
		return 0;
	re->re_dir = open(re->re_conf->cf_record_dir,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (re->re_dir == -1)
		return -1;
	if (landlock_confine(re->re_dir) == -1)
		log_debug("no-landlock errno=%d", errno);
	return 0;
}

static const struct repeat_entry *
metadata(const struct recorder *re)
{
	const struct repeat_entry *first = &re->re_repeat.rp_entry[0];

	return re->re_repeat.rp_n > 0 &&
	    (first->re_flags & RECORD_METADATA) != 0 ? first : NULL;
}

static int
open_file(struct recorder *re)
{
	const struct repeat_entry *meta = metadata(re);
	const struct conf *cf = re->re_conf;
	char path[RECORD_PATH_MAX];
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	if (record_path(cf->cf_record_path, re->re_name, re->re_n + 1, &tm,
	    path) == -1) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strlcpy(re->re_out.ou_path, path, sizeof(re->re_out.ou_path));
	if (open_dir(re) == -1)
		return -1;
	return output_open(&re->re_out, re->re_dir, path,
	    cf->cf_record_append, meta == NULL ? NULL : meta->re_data,
	    meta == NULL ? 0 : meta->re_len);
}

/* Sequence headers of all tracks, at the time that the file begins with. */
static void
put_headers(struct recorder *re)
{
	const struct repeat_entry *e;
	uint32_t i;

	for (i = 0; i < re->re_repeat.rp_n; i++) {
		e = &re->re_repeat.rp_entry[i];
		if ((e->re_flags & RECORD_METADATA) == 0 &&
		    !is_excluded(re, e->re_key.rk_type))
			put(re, e->re_key.rk_type, re->re_start, e->re_data,
			    e->re_len, 0);
	}
}

/*
 * Begin a file with this frame. Where audio that was due before it comes
 * after it, time begins with the latest audio: distances stay what they are,
 * and none is negative.
 */
static void
begin(struct recorder *re, const struct tap_record *tr)
{
	int64_t start = tr->tr_time;

	if (clock_ms() < re->re_retry)
		return;
	if (tr->tr_type == RTMP_VIDEO && re->re_audio_at != NEVER &&
	    re->re_audio_at < start && start - re->re_audio_at < APART)
		start = re->re_audio_at;
	if (open_file(re) == -1) {
		fail(re);
		return;
	}
	re->re_n++;
	re->re_start = start;
	re->re_base = start - re->re_out.ou_first;
	re->re_synced = clock_ms();
	/* after a failure, once something could be written */
	re->re_told = false;
	if (re->re_failed == 0)
		log_start(re);
	put_headers(re);
}

static void
end(struct recorder *re, const char *why)
{
	int result, saved;

	recorder_flush(re);
	if (!is_open(re))
		return;			/* that failed */
	result = output_close(&re->re_out);
	saved = errno;
	log_stop(re, why);
	errno = saved;
	if (result == -1)
		fail(re);
}

static bool
is_due(const struct recorder *re, const struct tap_record *tr)
{
	const struct conf *cf = re->re_conf;
	int64_t length = tr->tr_time - re->re_start;

	return (cf->cf_record_segment != 0 &&
	    length >= cf->cf_record_segment) ||
	    (cf->cf_record_segment_bytes != 0 &&
	    output_bytes(&re->re_out) - re->re_out.ou_before >=
	    cf->cf_record_segment_bytes) ||
	    tr->tr_time - re->re_base >= FILE_MAX;
}

/* May a file begin with this frame? */
static bool
is_start(struct recorder *re, const struct tap_record *tr)
{
	if (tr->tr_type == RTMP_VIDEO)
		return (tr->tr_flags & RECORD_KEY) != 0 &&
		    tr->tr_track == re->re_main;
	return re->re_video_at == NEVER ||
	    tr->tr_time - re->re_video_at > CAMERA_OFF;
}

static void
take_frame(struct recorder *re, const struct tap_record *tr)
{
	bool start;

	if (tr->tr_type == RTMP_VIDEO && tr->tr_track < re->re_main)
		re->re_main = tr->tr_track;
	start = is_start(re, tr);
	if (is_open(re) && start && is_due(re, tr))
		end(re, "segment");
	if (!is_open(re) && start)
		begin(re, tr);
	put(re, tr->tr_type, tr->tr_time, tr->tr_data, tr->tr_len,
	    tr->tr_flags);
	if (tr->tr_type == RTMP_VIDEO)
		re->re_video_at = tr->tr_time;
	else
		re->re_audio_at = tr->tr_time;
}

/* Keep a sequence header for the files to come. True: it is news. */
static bool
keep_config(struct recorder *re, const struct tap_record *tr)
{
	struct rtmp_msg m = {
		.rm_type = tr->tr_type, .rm_data = tr->tr_data,
		.rm_len = tr->tr_len,
	};
	uint32_t before = re->re_repeat.rp_n;
	struct media_iter it;
	struct media_tag tag;
	bool news = false;

	media_open(&it, tr->tr_type == RTMP_VIDEO ? MEDIA_VIDEO : MEDIA_AUDIO,
	    tr->tr_data, tr->tr_len);
	while (media_next(&it, &tag))
		if ((tag.mt_flags & (MEDIA_CONFIG | MEDIA_EXTRA)) != 0 &&
		    repeat_config(&re->re_repeat, &m, &tag) != REPEAT_KEPT)
			news = true;
	return news || re->re_repeat.rp_n != before;
}

static bool
keep_metadata(struct recorder *re, const struct tap_record *tr)
{
	struct repeat_key key = {
		.rk_type = RTMP_DATA, .rk_class = RECORD_METADATA,
	};
	uint32_t before = re->re_repeat.rp_n;

	return repeat_store(&re->re_repeat, &key, RECORD_METADATA,
	    tr->tr_data, tr->tr_len) != REPEAT_KEPT ||
	    re->re_repeat.rp_n != before;
}

void
recorder_take(struct recorder *re, const struct tap_record *tr)
{
	bool news = true;

	if (is_excluded(re, tr->tr_type))
		return;
	if ((tr->tr_flags & RECORD_METADATA) != 0)
		news = keep_metadata(re, tr);
	else if ((tr->tr_flags & RECORD_CONFIG) != 0)
		news = keep_config(re, tr);
	if ((tr->tr_flags & RECORD_FRAME) != 0)
		take_frame(re, tr);
	else if (news || (tr->tr_flags & RECORD_REPEAT) == 0)
		put(re, tr->tr_type, (tr->tr_flags & RECORD_METADATA) == 0 ?
		    tr->tr_time : re->re_base + re->re_out.ou_last,
		    tr->tr_data, tr->tr_len, 0);
}

/* Has somebody removed the directory that we hold? */
static bool
dir_is_gone(const struct recorder *re)
{
	struct stat st;

	return re->re_dir != -1 && fstat(re->re_dir, &st) == 0 &&
	    st.st_nlink == 0;
}

bool
recorder_tick(struct recorder *re)
{
	uint64_t now = clock_ms();

	if (dir_is_gone(re)) {
		errno = ENOENT;
		fail(re);
		return false;
	}
	if (!is_open(re) || now - re->re_synced < re->re_conf->cf_record_sync)
		return true;
	re->re_synced = now;
	recorder_flush(re);
	if (!is_open(re))
		return true;
	if (output_sync(&re->re_out) == -1)
		fail(re);
	else {
		re->re_failed = (int)(re->re_pause = 0);
		if (!re->re_told)
			log_start(re);
	}
	return true;
}

void
recorder_finish(struct recorder *re, const char *why)
{
	if (is_open(re))
		end(re, why);
	repeat_free(&re->re_repeat);
}
