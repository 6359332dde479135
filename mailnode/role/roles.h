/* One function a process; its file says what it owns, holds and asks. */
#ifndef ROLE_ROLES_H
#define ROLE_ROLES_H

#include <stdbool.h>

#include "mailnode/node/child.h"
#include "mailnode/node/proc.h"

/* `control` is a connection of the client that started a local node, -1 in
 * the daemon.  Returns the exit status. */
int	role_parent(const struct role_entry *roles, bool local, int control);

void	role_filer(struct proc *pr);
void	role_indexer(struct proc *pr);
void	role_keeper(struct proc *pr);
void	role_parser(struct proc *pr);
void	role_reader(struct proc *pr);
void	role_relay(struct proc *pr);
void	role_resolver(struct proc *pr);
void	role_runner(struct proc *pr);
void	role_sender(struct proc *pr);
void	role_smtp(struct proc *pr);
void	role_vault(struct proc *pr);

/* The table: mailnode/main.c. */
extern const struct role_entry main_roles[];

#endif
