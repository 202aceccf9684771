/* SPDX-License-Identifier: ISC */
/*
 * output.c - one FLV file being written.
 * Tags are buffered and written in batches of whole ones. Its onMetaData has
 * its full size from the start, so that the end of a recording changes no
 * other byte.
 */
#include "output.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "beneath.h"
#include "media/flv.h"
#include "recording/scan.h"
#include "rtmp/message.h"

#define NAMES_MAX	10000	/* tries to find one that is free */
#define ROOM		(256 * 1024)	/* of the buffer at first */
#define FLAGS_AT	4	/* of the header: which kinds there are */
#define HAS_AUDIO	4
#define HAS_VIDEO	1

void
output_init(struct output *ou)
{
	memset(ou, 0, sizeof(*ou));
	ou->ou_fd = -1;
}

uint64_t
output_bytes(const struct output *ou)
{
	return ou->ou_pos + ou->ou_len;
}

bool
output_has_frames(const struct output *ou)
{
	return ou->ou_begun != 0 && output_bytes(ou) >= ou->ou_begun;
}

static int
make_room(struct output *ou, size_t more)
{
	size_t size = ou->ou_size == 0 ? ROOM : ou->ou_size;
	uint8_t *buf;

	if (ou->ou_size - ou->ou_len >= more)
		return 0;
	while (size - ou->ou_len < more)
		size *= 2;
	if ((buf = realloc(ou->ou_buf, size)) == NULL)
		return -1;
	ou->ou_buf = buf;
	ou->ou_size = size;
	return 0;
}

int
output_put(struct output *ou, const struct output_tag *ot)
{
	uint8_t *p;

	if (make_room(ou, FLV_TAG_HEAD + (size_t)ot->ot_len + FLV_TAG_TAIL)
	    == -1)
		return -1;
	if (ot->ot_key)
		keyframes_add(&ou->ou_keys, ot->ot_ms, output_bytes(ou));
	p = ou->ou_buf + ou->ou_len;
	flv_tag_head(p, ot->ot_type, ot->ot_len, ot->ot_ms);
	memcpy(p + FLV_TAG_HEAD, ot->ot_data, ot->ot_len);
	flv_tag_tail(p + FLV_TAG_HEAD + ot->ot_len, ot->ot_len);
	ou->ou_len += FLV_TAG_HEAD + (size_t)ot->ot_len + FLV_TAG_TAIL;
	if (ot->ot_frame && ou->ou_begun == 0)
		ou->ou_begun = output_bytes(ou);
	if (ot->ot_ms > ou->ou_last)
		ou->ou_last = ot->ot_ms;
	if (ot->ot_frame)
		ou->ou_kinds |= ot->ot_type == RTMP_VIDEO ? HAS_VIDEO :
		    HAS_AUDIO;
	return 0;
}

/* How many of the first `n` bytes of the buffer are whole tags? What comes
 * behind them is none of the file's times. */
static size_t
whole(struct output *ou, size_t n)
{
	size_t at = ou->ou_pos == 0 ? FLV_HEADER : 0, next;

	ou->ou_last = ou->ou_safe;
	if (n < at)
		return 0;
	while (n - at >= FLV_TAG_HEAD + FLV_TAG_TAIL) {
		next = at + FLV_TAG_HEAD + flv_tag_length(ou->ou_buf + at) +
		    FLV_TAG_TAIL;
		if (next > n)
			break;
		if (flv_tag_time(ou->ou_buf + at) > ou->ou_last)
			ou->ou_last = flv_tag_time(ou->ou_buf + at);
		at = next;
	}
	return at;
}

/* The disk took `n` bytes of the buffer and no more. */
static void
cut_back(struct output *ou, size_t n)
{
	int saved = errno;

	ou->ou_pos += whole(ou, n);
	ou->ou_len = 0;
	(void)ftruncate(ou->ou_fd, (off_t)ou->ou_pos);
	keyframes_cut(&ou->ou_keys, ou->ou_pos);
	errno = saved;
}

int
output_flush(struct output *ou)
{
	size_t done = 0;
	ssize_t n;

	while (done < ou->ou_len) {
		n = pwrite(ou->ou_fd, ou->ou_buf + done, ou->ou_len - done,
		    (off_t)(ou->ou_pos + done));
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			cut_back(ou, done);
			return -1;
		}
		done += (size_t)n;
		ou->ou_dirty = true;
	}
	ou->ou_pos += done;
	ou->ou_safe = ou->ou_last;
	ou->ou_len = 0;
	return 0;
}

int
output_sync(struct output *ou)
{
	struct stat st;

	if (fstat(ou->ou_fd, &st) == 0 && st.st_nlink == 0) {
		errno = ENOENT;
		return -1;
	}
	if (!ou->ou_dirty)
		return 0;
	ou->ou_dirty = false;
	return fdatasync(ou->ou_fd);
}

/* Ours as long as it is open: two recorders never write to one file. */
static int
take(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	errno = EEXIST;
	return -1;
}

static int
begin(struct output *ou)
{
	struct meta me = {
		.me_data = ou->ou_props, .me_len = ou->ou_nprops,
	};
	struct output_tag ot = { .ot_type = RTMP_DATA };
	uint8_t *message;
	int result;

	if (make_room(ou, FLV_HEADER) == -1)
		return -1;
	flv_header(ou->ou_buf, true, true);
	ou->ou_len = FLV_HEADER;
	ou->ou_meta = (uint32_t)meta_size(&me);
	if ((message = malloc(ou->ou_meta)) == NULL ||
	    meta_make(&me, &ou->ou_keys, message, ou->ou_meta) == -1) {
		free(message);
		errno = ENOMEM;
		return -1;
	}
	ot.ot_data = message;
	ot.ot_len = ou->ou_meta;
	result = output_put(ou, &ot);
	free(message);
	return result;
}

/* The onMetaData that the file begins with, in place of the publisher's. */
static int
read_props(struct output *ou)
{
	uint8_t *props;

	if (ou->ou_meta == 0)
		return 0;
	if ((props = malloc(ou->ou_meta)) == NULL)
		return -1;
	if (pread(ou->ou_fd, props, ou->ou_meta, SCAN_FIRST + FLV_TAG_HEAD) !=
	    (ssize_t)ou->ou_meta) {
		free(props);
		return -1;
	}
	free(ou->ou_props);
	ou->ou_props = props;
	ou->ou_nprops = ou->ou_meta;
	return 0;
}

static int
resume(struct output *ou)
{
	struct scan sc;
	uint8_t flags;

	if (scan_file(ou->ou_fd, &sc, &ou->ou_keys) == -1) {
		if (errno == EBADMSG)
			errno = EEXIST;		/* somebody else's */
		return -1;
	}
	if (sc.sc_end == SCAN_FIRST)	/* not even onMetaData is left */
		return ftruncate(ou->ou_fd, 0) == -1 ? -1 : begin(ou);
	if (ftruncate(ou->ou_fd, (off_t)sc.sc_end) == -1 ||
	    pread(ou->ou_fd, &flags, 1, FLAGS_AT) != 1)
		return -1;
	ou->ou_kinds = flags & (HAS_AUDIO | HAS_VIDEO);
	ou->ou_pos = ou->ou_before = sc.sc_end;
	ou->ou_meta = sc.sc_meta;
	ou->ou_last = ou->ou_safe = sc.sc_last;
	ou->ou_first = sc.sc_last + 1;
	return read_props(ou);
}

/* Under this name: EEXIST if it is to be another. */
static int
try_name(struct output *ou, bool append)
{
	struct stat st;

	ou->ou_fd = beneath_open(ou->ou_dir, ou->ou_path,
	    O_RDWR | O_CREAT | (append ? 0 : O_EXCL));
	if (ou->ou_fd == -1)
		return -1;
	if (take(ou->ou_fd) == -1 || fstat(ou->ou_fd, &st) == -1)
		return -1;
	return st.st_size > 0 ? resume(ou) : begin(ou);
}

static void
discard(struct output *ou)
{
	int saved = errno;

	if (ou->ou_fd != -1)
		close(ou->ou_fd);
	ou->ou_fd = -1;
	ou->ou_len = 0;
	free(ou->ou_props);
	ou->ou_props = NULL;
	errno = saved;
}

static int
set_props(struct output *ou, const void *props, size_t n)
{
	if (n == 0)
		return 0;
	if ((ou->ou_props = malloc(n)) == NULL)
		return -1;
	memcpy(ou->ou_props, props, n);
	ou->ou_nprops = n;
	return 0;
}

int
output_open(struct output *ou, int dir, const char *path, bool append,
    const void *props, size_t nprops)
{
	uint8_t *buf = ou->ou_buf;
	size_t size = ou->ou_size;
	uint32_t i;

	for (i = 0; i < NAMES_MAX; i++) {
		output_init(ou);
		ou->ou_buf = buf;
		ou->ou_size = size;
		ou->ou_dir = dir;
		keyframes_init(&ou->ou_keys);
		if (i == 0)
			strlcpy(ou->ou_path, path, sizeof(ou->ou_path));
		else if (record_path_again(path, i, ou->ou_path) == -1) {
			errno = ENAMETOOLONG;
			return -1;
		}
		if (set_props(ou, props, nprops) == 0 &&
		    try_name(ou, append) == 0)
			return 0;
		buf = ou->ou_buf;
		size = ou->ou_size;
		discard(ou);
		if (errno != EEXIST && errno != ELOOP && errno != EISDIR)
			return -1;
	}
	return -1;
}

static int
complete(struct output *ou)
{
	struct meta me = {
		.me_data = ou->ou_props, .me_len = ou->ou_nprops,
		.me_duration = ou->ou_last / 1000.0,
		.me_filesize = (double)ou->ou_pos,
	};
	uint8_t *message = malloc(ou->ou_meta);
	int result = 0;

	if (message == NULL)
		return -1;
	/* one of another program may have no room for an index */
	if (meta_make(&me, &ou->ou_keys, message, ou->ou_meta) == 0 &&
	    (pwrite(ou->ou_fd, message, ou->ou_meta,
	    SCAN_FIRST + FLV_TAG_HEAD) != (ssize_t)ou->ou_meta ||
	    pwrite(ou->ou_fd, &ou->ou_kinds, 1, FLAGS_AT) != 1))
		result = -1;
	free(message);
	return result;
}

int
output_close(struct output *ou)
{
	int result = 0;

	if (ou->ou_len > 0)
		result = output_flush(ou);
	if (!output_has_frames(ou) && ou->ou_first == 0)
		(void)beneath_remove(ou->ou_dir, ou->ou_path);
	else if (ou->ou_meta != 0 && complete(ou) == -1)
		result = -1;
	if (fdatasync(ou->ou_fd) == -1)
		result = -1;
	discard(ou);
	return result;
}
