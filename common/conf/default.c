/* SPDX-License-Identifier: ISC */
/*
 * default.c - which configuration file is read.
 */
#include "conf/conf.h"

#include <unistd.h>

int
conf_load_default(struct conf *cf, const char *path, char *err, size_t errlen)
{
	if (path == NULL && access(CONF_PATH, F_OK) == -1)
		return 0;
	return conf_load(cf, path != NULL ? path : CONF_PATH, err, errlen);
}
