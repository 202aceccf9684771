/* SPDX-License-Identifier: ISC */
/*
 * slots.c - which entries of a registry table are free.
 */
#include "hub.h"

#include <stdlib.h>

#include "sys/log.h"

void
slots_init(struct slots *sl, uint32_t n)
{
	sl->sl_free = calloc(n, sizeof(*sl->sl_free));
	if (sl->sl_free == NULL)
		fatal("allocate %u slots", n);
	for (sl->sl_nfree = 0; sl->sl_nfree < n; sl->sl_nfree++)
		sl->sl_free[sl->sl_nfree] = n - 1 - sl->sl_nfree;
}

bool
slots_take(struct slots *sl, uint32_t *index)
{
	if (sl->sl_nfree == 0)
		return false;
	*index = sl->sl_free[--sl->sl_nfree];
	return true;
}

void
slots_give(struct slots *sl, uint32_t index)
{
	sl->sl_free[sl->sl_nfree++] = index;
}
