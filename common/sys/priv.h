/* SPDX-License-Identifier: ISC */
/*
 * priv.h - giving up root.
 */
#ifndef SYS_PRIV_H
#define SYS_PRIV_H

#include <stdbool.h>
#include <sys/types.h>

#define PRIV_USER	"rtmpd"		/* taken by default if it exists */
#define PRIV_FALLBACK	"nobody"
#define PRIV_NO_GROUP	((gid_t)-1)

struct priv {
	uid_t	 pr_uid;
	gid_t	 pr_gid;
	bool	 pr_root;	/* we are root and have something to give up */
	bool	 pr_shares;	/* keeps pr_group, besides its own */
	gid_t	 pr_group;
};

/*
 * Find out whom to become: `user`, or if it is "" the default, out of
 * /etc/passwd. Without root there is no choice and it is whoever we are. -1 if
 * there is no such user; `*missing` then names it.
 */
int	priv_lookup(const char *user, struct priv *, const char **missing);

/*
 * The id of a group, out of /etc/group; of "" it is PRIV_NO_GROUP. -1 if there
 * is no such group.
 */
int	priv_find_group(const char *name, gid_t *);

/*
 * Become that user for good, shut in `root` if it is not NULL (as root only),
 * with no_new_privs, no core dumps, and nobody to look into our memory. -1 and
 * errno: do not go on.
 */
int	priv_drop(const struct priv *, const char *root);

/*
 * Give up what a connection never needs: more descriptors than `files`,
 * processes of its own, files that grow, and more than `memory` bytes of
 * address space. Sanitizer builds keep the last two: they need terabytes.
 */
int	priv_limit(unsigned long files, unsigned long memory);

#endif
