/* SPDX-License-Identifier: ISC */
/*
 * units.h - the sizes, durations and numbers of rtmpd.conf(5).
 */
#ifndef CONF_UNITS_H
#define CONF_UNITS_H

#include <stdint.h>

/*
 * Each returns NULL and fills its second argument, or a static phrase that
 * says what is wrong, to be read after the text itself. A number too large
 * for the type is UINT64_MAX: what is too large is the caller's to say.
 */

/* Bytes: a plain number, or one with K, M or G (powers of 1024). */
const char	*unit_size(const char *, uint64_t *);

/* Milliseconds: a number with ms, s, m or h; 0 needs no unit. */
const char	*unit_duration(const char *, uint64_t *);

/* A plain decimal number. */
const char	*unit_count(const char *, uint64_t *);

#endif
