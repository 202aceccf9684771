/* SPDX-License-Identifier: ISC */
/*
 * format.h - numbers as people read them. Each returns its buffer.
 */
#ifndef VIEW_FORMAT_H
#define VIEW_FORMAT_H

#include <stdint.h>

#define FORMAT_MAX	24

/* All digits. */
const char *format_plain(uint64_t, char buf[FORMAT_MAX]);
/* Three digits and a factor of 1000: "0", "999", "2.51M", "12.3G". */
const char *format_number(uint64_t, char buf[FORMAT_MAX]);
/* The two largest units: "45s", "12m03s", "3h07m", "5d02h". */
const char *format_time(uint64_t seconds, char buf[FORMAT_MAX]);
/* Seconds and tenths: "2.0s"; "-" for 0. */
const char *format_span(uint64_t ms, char buf[FORMAT_MAX]);

#endif
