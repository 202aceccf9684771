/* SPDX-License-Identifier: ISC */
/*
 * utc.c - a time as year, month, day and so on.
 */
#include "sys/utc.h"

#include <string.h>

#define DAY		86400
#define ERA		146097	/* days of 400 years */
#define MARCH_0		719468	/* days from 0000-03-01 to 1970-01-01 */

/* Years begin in March here, so that a leap day is the last of its year. */
void
utc_split(time_t t, struct tm *tm)
{
	long days = t / DAY + MARCH_0, day = days % ERA;
	long year = (day - day / 1460 + day / 36524 - day / (ERA - 1)) / 365;
	int secs = (int)(t % DAY), month;

	memset(tm, 0, sizeof(*tm));
	day -= 365 * year + year / 4 - year / 100;
	month = (int)(5 * day + 2) / 153;
	tm->tm_mday = (int)day - (153 * month + 2) / 5 + 1;
	tm->tm_mon = month < 10 ? month + 2 : month - 10;
	tm->tm_year = (int)(year + days / ERA * 400) - 1900 +
	    (tm->tm_mon < 2);
	tm->tm_hour = secs / 3600;
	tm->tm_min = secs / 60 % 60;
	tm->tm_sec = secs % 60;
}
