/* SPDX-License-Identifier: ISC */
/*
 * output.c - FLV on standard output, whole tags at a time.
 */
#include "cat.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "media/flv.h"
#include "shm/ring.h"
#include "tap/tap.h"

#define FLUSH	(256 * 1024)	/* bytes at which they are written out */

static uint8_t *
room(struct output *ou, size_t len)
{
	if (ou->ou_len + len > ou->ou_size) {
		ou->ou_size = 2 * (ou->ou_len + len);
		ou->ou_buf = realloc(ou->ou_buf, ou->ou_size);
		if (ou->ou_buf == NULL)
			err(EX_OSERR, "memory");
	}
	ou->ou_len += len;
	return ou->ou_buf + ou->ou_len - len;
}

void
output_init(struct output *ou)
{
	memset(ou, 0, sizeof(*ou));
	(void)room(ou, FLV_HEADER);
}

void
output_free(struct output *ou)
{
	free(ou->ou_buf);
}

/* The type of a tag: data in AMF3 is not known to FLV, but for its marker it is
 * the same. */
static bool
tag_type(const struct tap_record *tr, uint8_t *type, uint32_t *skip)
{
	*type = tr->tr_type;
	*skip = 0;
	if (tr->tr_type == RING_DATA_AMF3) {
		if (tr->tr_len == 0 || tr->tr_data[0] != 0)
			return false;
		*type = RING_DATA;
		*skip = 1;
	}
	return tr->tr_len - *skip <= FLV_TAG_MAX;
}

/* What was held back has the time of the first frame. */
static void
begin(struct output *ou, const struct tap_record *tr)
{
	ou->ou_begun = true;
	ou->ou_base = tr->tr_time;
	flv_header(ou->ou_buf, ou->ou_audio, ou->ou_video);
}

static void
put_tag(struct output *ou, uint8_t type, const uint8_t *data, uint32_t len)
{
	uint8_t *tag = room(ou, FLV_TAG_HEAD + len + FLV_TAG_TAIL);

	flv_tag_head(tag, type, len, (uint32_t)ou->ou_time);
	memcpy(tag + FLV_TAG_HEAD, data, len);
	flv_tag_tail(tag + FLV_TAG_HEAD + len, len);
}

/* Audio may begin a little before the first picture. What a ring says of time
 * may be any number at all: the difference wraps. */
int64_t
output_time(const struct output *ou, const struct tap_record *tr)
{
	int64_t t = (int64_t)((uint64_t)tr->tr_time - (uint64_t)ou->ou_base);

	return t > 0 ? t : 0;
}

enum output_result
output_record(struct output *ou, const struct tap_record *tr)
{
	uint32_t skip;
	uint8_t type;

	if (!tag_type(tr, &type, &skip))
		return OUTPUT_OK;
	ou->ou_audio |= type == RING_AUDIO;
	ou->ou_video |= type == RING_VIDEO;
	if (!ou->ou_begun &&
	    ((tr->tr_flags & RECORD_FRAME) != 0 || ou->ou_len >= FLUSH))
		begin(ou, tr);
	if (ou->ou_begun && (tr->tr_flags & RECORD_METADATA) == 0)
		ou->ou_time = output_time(ou, tr);
	put_tag(ou, type, tr->tr_data + skip, tr->tr_len - skip);
	return ou->ou_len < FLUSH ? OUTPUT_OK : output_flush(ou);
}

enum output_result
output_flush(struct output *ou)
{
	size_t done = 0;
	ssize_t n;

	if (!ou->ou_begun)
		return OUTPUT_OK;
	while (done < ou->ou_len) {
		n = write(STDOUT_FILENO, ou->ou_buf + done, ou->ou_len - done);
		if (n == -1 && errno == EINTR)
			continue;	/* the tag is written whole */
		if (n == -1)
			return errno == EPIPE ? OUTPUT_CLOSED : OUTPUT_FAILED;
		done += (size_t)n;
	}
	ou->ou_bytes += done;
	ou->ou_len = 0;
	return OUTPUT_OK;
}
