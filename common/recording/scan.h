/* SPDX-License-Identifier: ISC */
/*
 * scan.h - what is in an FLV file that is to be continued.
 */
#ifndef RECORDING_SCAN_H
#define RECORDING_SCAN_H

#include <stdint.h>

#include "recording/meta.h"

#define SCAN_FIRST	13	/* where the first tag is */

struct scan {
	uint64_t	 sc_end;	/* behind the last whole tag */
	uint32_t	 sc_last;	/* latest time in it, ms */
	uint32_t	 sc_meta;	/* bytes of the onMetaData in front */
};

/*
 * Read the tags of a file from its start up to its end, or to where a crash
 * tore it. 0, or -1 and errno; EBADMSG: not an FLV file.
 */
int	scan_file(int fd, struct scan *, struct keyframes *);

#endif
