/* SPDX-License-Identifier: ISC */
/*
 * growth.h - layouts as a later release may have them.
 * In a build with RTMPD_NEXT everything that may grow within its version has
 * grown; the tests of the upgrade run such a build against an ordinary one.
 */
#ifndef SHM_GROWTH_H
#define SHM_GROWTH_H

#ifdef RTMPD_NEXT
#define GROWTH		64	/* bytes */
#define GROWN(field)	uint64_t field[GROWTH / 8];
#else
#define GROWTH		0
#define GROWN(field)
#endif

#endif
