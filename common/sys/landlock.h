/* SPDX-License-Identifier: ISC */
/*
 * landlock.h - shut a process in a directory, where the kernel can.
 */
#ifndef SYS_LANDLOCK_H
#define SYS_LANDLOCK_H

/*
 * From now on open, make and remove nothing but what lies beneath `dir`; what
 * is open stays so. For good, and for whoever is forked; no_new_privs must be
 * set. 0, or -1 and errno: ENOSYS or EOPNOTSUPP where the kernel has no
 * Landlock.
 */
int	landlock_confine(int dir);

#endif
