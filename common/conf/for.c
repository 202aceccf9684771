/* SPDX-License-Identifier: ISC */
/*
 * for.c - what holds for a stream.
 */
#include "conf/conf.h"

#include <string.h>

const struct conf *
conf_for(const struct conf_set *set, const char *name)
{
	const struct conf	*best = &set->cs_conf[0], *cf;
	size_t			 len, longest = 0;

	for (cf = best + 1; cf < set->cs_conf + set->cs_n; cf++) {
		len = strlen(cf->cf_app);
		if (len > longest && strncmp(name, cf->cf_app, len) == 0 &&
		    (name[len] == '/' || name[len] == '\0')) {
			best = cf;
			longest = len;
		}
	}
	return best;
}
