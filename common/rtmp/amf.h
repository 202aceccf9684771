/* SPDX-License-Identifier: ISC */
/*
 * amf.h - AMF0 values in and out, with the switch to AMF3 (AMF0 3.1).
 * The reader copies nothing and is bounded in depth; strings are not
 * NUL-terminated and may hold any byte.
 */
#ifndef RTMP_AMF_H
#define RTMP_AMF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtmp/result.h"

#define AMF_DEPTH_MAX	32	/* objects within objects */

enum amf_marker {
	AMF_NUMBER = 0x00,
	AMF_BOOLEAN = 0x01,
	AMF_STRING = 0x02,
	AMF_OBJECT = 0x03,
	AMF_NULL = 0x05,
	AMF_UNDEFINED = 0x06,
	AMF_REFERENCE = 0x07,
	AMF_ECMA_ARRAY = 0x08,
	AMF_OBJECT_END = 0x09,
	AMF_STRICT_ARRAY = 0x0a,
	AMF_DATE = 0x0b,
	AMF_LONG_STRING = 0x0c,
	AMF_UNSUPPORTED = 0x0d,
	AMF_XML = 0x0f,
	AMF_TYPED_OBJECT = 0x10,
	AMF_AMF3 = 0x11,
};

struct amf_in {
	const uint8_t	*ai_p;		/* next byte */
	const uint8_t	*ai_end;
	int		 ai_depth;	/* AMF_DEPTH_MAX, or less if set so */
	bool		 ai_deep;	/* amf_skip() met something deeper */
};

struct amf_str {
	const char	*as_p;		/* into the message */
	size_t		 as_len;
};

void	amf_in_init(struct amf_in *, const void *data, size_t len);

/* Marker of the next value, -1 at the end. Consumes nothing. */
int	amf_peek(const struct amf_in *);

/*
 * Read one value of the wanted kind; RTMP_END if there is none left, RTMP_BAD
 * if it is of another kind (nothing is then consumed) or malformed. A string
 * may be short or long; numbers and booleans are not converted. Each accepts
 * the AMF3 form behind marker 0x11.
 */
enum rtmp_result amf_get_number(struct amf_in *, double *);
enum rtmp_result amf_get_boolean(struct amf_in *, bool *);
enum rtmp_result amf_get_string(struct amf_in *, struct amf_str *);

/* Step over one value of any kind, however deep up to ai_depth. */
enum rtmp_result amf_skip(struct amf_in *);

/*
 * Walk an object, typed object or ECMA array, which are alike here: enter it,
 * then amf_next_key() until RTMP_END, reading or skipping one value after
 * each RTMP_OK. An AMF3 object cannot be entered, only skipped.
 */
enum rtmp_result amf_enter_object(struct amf_in *);
enum rtmp_result amf_next_key(struct amf_in *, struct amf_str *key);

/* Does the string equal this C string? */
bool	amf_str_is(const struct amf_str *, const char *);
/* Copy with a NUL. RTMP_BAD if it is too long or holds a NUL. */
enum rtmp_result amf_str_copy(const struct amf_str *, char *out, size_t size);

/* Writer. Once something did not fit ao_full is set and stays set. */
struct amf_out {
	uint8_t		*ao_buf;
	size_t		 ao_size;
	size_t		 ao_len;	/* written so far */
	bool		 ao_full;
};

void	amf_out_init(struct amf_out *, void *buf, size_t size);
void	amf_put_number(struct amf_out *, double);
void	amf_put_boolean(struct amf_out *, bool);
void	amf_put_string(struct amf_out *, const char *);
void	amf_put_null(struct amf_out *);
void	amf_put_object(struct amf_out *);	/* begin; then key, value… */
void	amf_put_ecma_array(struct amf_out *, uint32_t count);
void	amf_put_strict_array(struct amf_out *, uint32_t count);
void	amf_put_key(struct amf_out *, const char *);
void	amf_put_end(struct amf_out *);		/* of object or ECMA array */

#endif
