/* SPDX-License-Identifier: ISC */
/*
 * probe.h - try what a taken-over process would try. Only a build for the
 * tests contains it (make PROBE=1).
 */
#ifndef SYS_PROBE_H
#define SYS_PROBE_H

#ifdef RTMPD_PROBE

/*
 * If the environment variable RTMPD_PROBE is "ROLE CALL" and this is the role,
 * make the call. If the process survives, exit with the call's errno, 0 if
 * it even succeeded.
 */
void	probe_role(int role);
/* The same once the process is shut in a directory, for "beneath CALL". */
void	probe_beneath(void);
/* The same at the moment a ring's descriptor arrives, for "ring CALL". */
void	probe_ring(int fd);

#else

static inline void
probe_role(int role)
{
	(void)role;
}

static inline void
probe_beneath(void)
{
}

static inline void
probe_ring(int fd)
{
	(void)fd;
}

#endif
#endif
