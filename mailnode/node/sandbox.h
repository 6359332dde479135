/*
 * What each role may do, on one page: sandbox.c.  A system call that is not
 * on a role's list ends a per-connection process (SIGSYS, named and alarmed
 * by the parent) and answers EPERM in a long-lived one.
 */
#ifndef NODE_SANDBOX_H
#define NODE_SANDBOX_H

#include "mailnode/node/proc.h"

/*
 * Confines this process for good: no new privileges, no core and no
 * ptrace, limits, Landlock as far as the kernel has it, seccomp.  Open
 * files, load libraries and converters before.  Ends the process when the
 * kernel refuses what it claims to have.
 */
void	sandbox_enter(struct proc *pr);

/* The same for the parent, which has no struct proc. */
void	sandbox_enter_parent(void);

/*
 * What this kernel lacks, for status and doctor: borrows; NULL when all is
 * there.
 */
const char	*sandbox_missing(void);

#endif
