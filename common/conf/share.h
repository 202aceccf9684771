/* SPDX-License-Identifier: ISC */
/*
 * share.h - a configuration in a sealed memory file.
 * Nobody can change it any more: who has the descriptor may hand it on, and
 * who maps it shares its pages with everyone else.
 */
#ifndef CONF_SHARE_H
#define CONF_SHARE_H

#include "conf/conf.h"

/* Make one, close-on-exec. The descriptor, or -1 and errno. */
int	conf_share(const struct conf_set *);

/*
 * Map one; the descriptor stays the caller's and is not needed any more. NULL
 * and errno: EPERM, it is not sealed; EBADMSG, it is not a configuration of
 * this program's version.
 */
const struct conf_set *conf_map(int fd);
void	conf_unmap(const struct conf_set *);

/*
 * The configuration in force, asked for in the run directory that we are in
 * (conf_enter()): of the listener, or, where none runs, of the hub. `timeout`
 * is in ms. Returns as control_ask() does: 0 with the set, to be given to
 * conf_unmap(); 1 with a sentence in `text`, CONTROL_TEXT bytes; -1 and errno.
 */
int	conf_ask(int timeout, const struct conf_set **, char *text);

#endif
