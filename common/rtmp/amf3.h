/* SPDX-License-Identifier: ISC */
/*
 * amf3.h - the little of AMF3 that turns up inside AMF0, behind marker 0x11.
 * For amf_in.c only. Each function stands at the AMF3 marker, and may leave
 * the reader anywhere unless it answers RTMP_OK.
 */
#ifndef RTMP_AMF3_H
#define RTMP_AMF3_H

#include <stdbool.h>
#include <stdint.h>

#include "rtmp/amf.h"

/* RTMP_BAD if the value is of another kind or malformed. */
enum rtmp_result amf3_get_number(struct amf_in *, double *);
enum rtmp_result amf3_get_boolean(struct amf_in *, bool *);
/* A reference to an earlier string is not resolved: it gives "". */
enum rtmp_result amf3_get_string(struct amf_in *, struct amf_str *);

/* Step over one value with at most `depth` containers within each other; if
 * that does not suffice, ai_deep is set. */
enum rtmp_result amf3_skip(struct amf_in *, int depth);

#endif
