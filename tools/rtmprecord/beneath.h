/* SPDX-License-Identifier: ISC */
/*
 * beneath.h - new files in a directory, and nowhere else.
 */
#ifndef RTMPRECORD_BENEATH_H
#define RTMPRECORD_BENEATH_H

/*
 * Open `path` beneath the directory `dir`, making the directories on its way;
 * no part of it may be a symbolic link, and it holds neither "." nor "..".
 * `flags` as of open(2). A descriptor, or -1 and errno.
 */
int	beneath_open(int dir, const char *path, int flags);

/* Remove the file `path` beneath `dir`. 0, or -1 and errno. */
int	beneath_remove(int dir, const char *path);

#endif
