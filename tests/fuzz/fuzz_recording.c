/* SPDX-License-Identifier: ISC */
/*
 * fuzz_recording.c - names of recordings stay beneath their directory; of a
 * file that was torn whole tags are found; onMetaData fits in its place.
 * Input: pattern, a NUL, name of the stream, a NUL, an FLV file.
 */
#include <sys/mman.h>

#include <unistd.h>

#include "fuzz.h"
#include "media/flv.h"
#include "recording/meta.h"
#include "recording/path.h"
#include "recording/scan.h"
#include "rtmp/amf.h"

static void
check_path(const char *pattern, const char *stream)
{
	static const struct tm when = { .tm_year = 126, .tm_mday = 1 };
	char out[RECORD_PATH_MAX], again[RECORD_PATH_MAX];
	const char *part;
	size_t len;

	if (record_path(pattern, stream, 7, &when, out) == -1)
		return;
	FUZZ_CHECK(strlen(out) < sizeof(out) && out[0] != '\0');
	for (part = out; *part != '\0'; part += len + (part[len] == '/')) {
		len = strcspn(part, "/");
		FUZZ_CHECK(len > 0 && len <= RECORD_PART_MAX);
		FUZZ_CHECK(part[0] != '.');
		FUZZ_CHECK(part[len] != '/' || part[len + 1] != '\0');
	}
	if (record_path_again(out, 3, again) == 0)
		FUZZ_CHECK(strlen(again) == strlen(out) + 2);
}

/* One ECMA array of exactly that size. */
static void
check_meta(const uint8_t *data, size_t len, const struct keyframes *kf)
{
	struct meta me = { .me_data = data, .me_len = len };
	size_t size = meta_size(&me);
	uint8_t *out = malloc(size);
	struct amf_str name, key;
	struct amf_in in;

	FUZZ_NEED(out != NULL);
	FUZZ_CHECK(meta_make(&me, kf, out, size) == 0);
	amf_in_init(&in, out, size);
	FUZZ_CHECK(amf_get_string(&in, &name) == RTMP_OK);
	FUZZ_CHECK(amf_enter_object(&in) == RTMP_OK);
	while (amf_next_key(&in, &key) == RTMP_OK)
		FUZZ_CHECK(amf_skip(&in) == RTMP_OK);
	FUZZ_CHECK(amf_peek(&in) == -1);
	free(out);
}

static void
check_file(const uint8_t *data, size_t size)
{
	static struct keyframes keys;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct scan sc;
	uint32_t i;

	FUZZ_NEED(fd != -1);
	FUZZ_NEED(write(fd, data, size) == (ssize_t)size);
	if (scan_file(fd, &sc, &keys) == 0) {
		FUZZ_CHECK(sc.sc_end >= SCAN_FIRST && sc.sc_end <= size);
		for (i = 0; i < keys.kf_n; i++)
			FUZZ_CHECK(keys.kf_entry[i].kf_pos < sc.sc_end);
		check_meta(data + SCAN_FIRST + FLV_TAG_HEAD, sc.sc_meta,
		    &keys);
	}
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *name, *file;
	char *pattern, *stream;

	name = size == 0 ? NULL : memchr(data, '\0', size);
	if (name == NULL)
		return 0;
	name++;
	file = memchr(name, '\0', size - (size_t)(name - data));
	if (file == NULL)
		return 0;
	file++;
	pattern = strdup((const char *)data);
	stream = strdup((const char *)name);
	FUZZ_NEED(pattern != NULL && stream != NULL);
	check_path(pattern, stream);
	free(pattern);
	free(stream);
	data = fuzz_block(file, size -= (size_t)(file - data));
	check_file(data, size);
	free((void *)(uintptr_t)data);
	return 0;
}
