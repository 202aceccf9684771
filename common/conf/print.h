/* SPDX-License-Identifier: ISC */
/*
 * print.h - a configuration as a file.
 */
#ifndef CONF_PRINT_H
#define CONF_PRINT_H

#include <stdio.h>

#include "conf/conf.h"

/*
 * Write the whole configuration in force as an rtmpd.conf(5) which, read back,
 * is equal to it: every key that has a value, and of each block what differs
 * from what stands outside. 0, or -1 and errno.
 */
int	conf_print(FILE *, const struct conf_set *);

#endif
