/* SPDX-License-Identifier: ISC */
/*
 * scan.c - what is in an FLV file that is to be continued.
 * Only whole tags count, whose length stands behind them once more: after a
 * loss of power the last blocks may hold anything.
 */
#include "recording/scan.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "media/media.h"
#include "rtmp/bytes.h"

#define HEAD	11	/* bytes in front of a tag's data */
#define PEEK	(HEAD + 32)	/* and enough of that to know a key frame */

#define TAG_AUDIO	8
#define TAG_VIDEO	9
#define TAG_SCRIPT	18

static bool
is_key(const uint8_t *data, size_t len)
{
	struct media_iter it;
	struct media_tag tag;

	media_open(&it, MEDIA_VIDEO, data, len);
	return media_next(&it, &tag) &&
	    (tag.mt_flags & (MEDIA_FRAME | MEDIA_KEY)) ==
	    (MEDIA_FRAME | MEDIA_KEY);
}

static uint32_t
tag_time(const uint8_t *tag)
{
	return get_be24(tag + 4) | (uint32_t)tag[7] << 24;
}

/* Is the tag whole? Its first bytes are there. */
static bool
is_whole(int fd, uint64_t pos, const uint8_t *tag)
{
	uint32_t len = get_be24(tag + 1);
	uint8_t back[4];

	return (tag[0] == TAG_AUDIO || tag[0] == TAG_VIDEO ||
	    tag[0] == TAG_SCRIPT) &&
	    pread(fd, back, sizeof(back), (off_t)(pos + HEAD + len)) ==
	    (ssize_t)sizeof(back) && get_be32(back) == HEAD + len;
}

static void
note(const uint8_t *tag, size_t have, uint64_t pos, struct scan *sc,
    struct keyframes *kf)
{
	uint32_t len = get_be24(tag + 1);
	size_t data = have - HEAD < len ? have - HEAD : len;

	if (tag_time(tag) > sc->sc_last)
		sc->sc_last = tag_time(tag);
	if (pos == SCAN_FIRST && tag[0] == TAG_SCRIPT)
		sc->sc_meta = len;
	if (tag[0] == TAG_VIDEO && is_key(tag + HEAD, data))
		keyframes_add(kf, tag_time(tag), pos);
	sc->sc_end = pos + HEAD + len + 4;
}

int
scan_file(int fd, struct scan *sc, struct keyframes *kf)
{
	uint8_t buf[PEEK];
	uint64_t pos = SCAN_FIRST;
	ssize_t n = pread(fd, buf, SCAN_FIRST, 0);

	if (n == -1)
		return -1;
	if (n != SCAN_FIRST || memcmp(buf, "FLV\1", 4) != 0) {
		errno = EBADMSG;
		return -1;
	}
	memset(sc, 0, sizeof(*sc));
	keyframes_init(kf);
	sc->sc_end = SCAN_FIRST;
	while ((n = pread(fd, buf, sizeof(buf), (off_t)pos)) > HEAD &&
	    is_whole(fd, pos, buf)) {
		note(buf, (size_t)n, pos, sc, kf);
		pos = sc->sc_end;
	}
	return n == -1 ? -1 : 0;
}
