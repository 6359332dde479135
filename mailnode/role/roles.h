/* One function a process; its file says what it owns, holds and asks. */
#ifndef ROLE_ROLES_H
#define ROLE_ROLES_H

#include <stdbool.h>

#include "mailnode/node/child.h"
#include "mailnode/node/doors.h"
#include "mailnode/node/proc.h"

enum { PARENT_DOORS = DOORS_MAX, PARENT_AGAIN = -1 };

struct parent_start {
	const struct role_entry	*roles;
	bool			 local;
	int			 control;	/* the client that started a
						   local node; else -1 */
	bool			 again;		/* doors are open already */
	int			 doors[PARENT_DOORS];	/* out: -1 or open */
};

/*
 * The caller holds the lock of the node (node/lock.h).  Returns the exit
 * status, or PARENT_AGAIN: sessions crashed so often that somebody may be
 * learning this process's addresses; the doors are still open, and the
 * caller executes the binary again.
 */
int	role_parent(struct parent_start *s);

void	role_filer(struct proc *pr);
void	role_imap(struct proc *pr);
void	role_indexer(struct proc *pr);
void	role_keeper(struct proc *pr);
void	role_parser(struct proc *pr);
void	role_reader(struct proc *pr);
void	role_relay(struct proc *pr);
void	role_resolver(struct proc *pr);
void	role_runner(struct proc *pr);
void	role_sender(struct proc *pr);
void	role_smtp(struct proc *pr);
void	role_submission(struct proc *pr);
void	role_vault(struct proc *pr);

/* The table: mailnode/main.c. */
extern const struct role_entry main_roles[];

#endif
