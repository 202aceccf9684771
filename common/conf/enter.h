/* SPDX-License-Identifier: ISC */
/*
 * enter.h - go to where a relay runs, as the programs beside it do.
 */
#ifndef CONF_ENTER_H
#define CONF_ENTER_H

#include <stddef.h>

/*
 * Change into the run directory: `rundir` if it is not NULL, else that of the
 * configuration `file`, or, if that is NULL, of the default one where it
 * exists. A file that is named is read in any case. Who is not root and has no
 * run directory of his own is led to that of the machine's. `path`, `size`
 * bytes, receives the directory. Returns 0, or an exit status of sysexits(3)
 * with a line in `err`: 78 the configuration is wrong, 69 there is no such
 * directory, 77 not for this user.
 */
int	conf_enter(const char *file, const char *rundir, char *path,
	    size_t size, char *err, size_t errlen);

#endif
