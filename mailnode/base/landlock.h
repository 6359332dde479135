/*
 * A Landlock ruleset, as far as the running kernel knows such: what it lists
 * is allowed, everything else that this kernel can refuse is not.
 */
#ifndef BASE_LANDLOCK_H
#define BASE_LANDLOCK_H

#include <linux/landlock.h>
#include <stdint.h>

enum {
	/* Rights later than the headers of Debian 12 (Linux 6.1). */
	LANDLOCK_TRUNCATE = 1 << 14,	/* ABI 3 */
	LANDLOCK_IOCTL_DEV = 1 << 15,	/* ABI 5 */
	LANDLOCK_NET_BIND = 1 << 0,	/* ABI 4, TCP */
	LANDLOCK_NET_CONNECT = 1 << 1,
	LANDLOCK_SCOPE_ALL = 3		/* ABI 6: abstract sockets, signals */
};

struct landlock {
	int		 fd;
	uint64_t	 known;		/* rights to files of this kernel */
};

/*
 * net: what is refused of it; sockets and signals to processes outside are
 * refused always.  0; 1: the kernel has no Landlock; -1 with errno.
 */
int	landlock_begin(struct landlock *l, uint64_t net);

/*
 * What stands there or below it; of a file, what has a meaning for one.  0;
 * 1 with errno: it cannot be opened, so needs no right; -1 with errno.
 */
int	landlock_allow(const struct landlock *l, const char *path,
	    uint64_t rights);

/* From now on, for good; closes the ruleset in any case.  0, or -1 with
 * errno.  Wants PR_SET_NO_NEW_PRIVS. */
int	landlock_enter(struct landlock *l);
void	landlock_drop(struct landlock *l);

#endif
