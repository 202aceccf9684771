/* SPDX-License-Identifier: ISC */
/*
 * default.c - which configuration file is read.
 */
#include "conf/conf.h"

#include <unistd.h>

int
conf_load_default(struct conf_set *set, const char *path, char *err,
    size_t errlen)
{
	if (path != NULL || access(CONF_PATH, F_OK) == 0)
		return conf_load(set, path != NULL ? path : CONF_PATH, err,
		    errlen);
	set->cs_format = CONF_FORMAT;
	set->cs_n = 1;
	conf_init(&set->cs_conf[0]);
	return 0;
}
