/* The parent's state and ops, between role_parent.c and parent_ops.c. */
#ifndef ROLE_PARENT_OPS_H
#define ROLE_PARENT_OPS_H

#include "mailnode/node/alarm.h"
#include "mailnode/node/doors.h"
#include "mailnode/node/logins.h"

enum { CRASHES_MAX = 5 };	/* in CRASHES_S: a new address layout */

struct parent {
	struct loop		*loop;
	struct nursery		 n;
	struct alarms		 alarms;
	struct logins		 logins;
	struct bans		*bans;
	struct faults		 faults;
	struct op_server	 control;	/* clients on this machine */
	unsigned int		 clients;
	struct loop_io		 control_io, local_io, signal_io;
	struct doors		*doors;
	struct loop_timer	 kill, linger, open;
	char			*home;
	int64_t			 started_s;
	int			 status;
	bool			 announced;
	bool			 again;
	bool			 waited;	/* the indexer was killed */
	int64_t			 crashes_s[CRASHES_MAX];	/* a ring */
	unsigned int		 ncrashes;
};

/* Ends every role, then the loop. */
void	parent_stop(struct parent *pa);
/* Whom the children's ops are for. */
void	parent_told(struct parent *pa);

extern const struct op parent_control_ops[], parent_child_ops[];

#endif
