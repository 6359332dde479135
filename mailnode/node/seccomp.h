/* A seccomp filter made of lists of system calls. */
#ifndef NODE_SECCOMP_H
#define NODE_SECCOMP_H

#include <stdbool.h>

enum {
	SECCOMP_END = -1,	/* of a list */
	SECCOMP_SETS_MAX = 6
};

struct seccomp_rules {
	const int	*sets[SECCOMP_SETS_MAX]; /* NULL behind the last */
	bool		 refuses;	/* the lists; all else is allowed */
	bool		 kills;		/* the process, by what is not allowed;
					   else EPERM */
	/* Where the lists allow, by their arguments (fcntl and tgkill always,
	   but never a signal to another process): */
	bool		 inet;		/* sockets of IPv4 and IPv6 */
	bool		 futimens;	/* dates of open files */
};

/*
 * From now on, for good; wants PR_SET_NO_NEW_PRIVS.  Where the lists allow,
 * memory may be had besides, but none that runs code.  0; 1: the kernel has
 * no seccomp; -1 with errno.
 */
int	seccomp_enter(const struct seccomp_rules *r);

#endif
