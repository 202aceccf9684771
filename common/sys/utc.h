/* SPDX-License-Identifier: ISC */
/*
 * utc.h - a time as year, month, day and so on.
 */
#ifndef SYS_UTC_H
#define SYS_UTC_H

#include <time.h>

/*
 * Year, month, day, hour, minute and second of `t`, from 1970 on; the other
 * members are zero. What gmtime_r(3) does, but that writes a lock of libc's: of
 * the page that it is in each connection is left a copy when the listener logs
 * a line.
 */
void	utc_split(time_t t, struct tm *);

#endif
