/*
 * What follows when an address misbehaves: it is counted (bans.h), and when
 * that becomes a ban, this is logged, told to keeper for `mailnode why`, and
 * sessions that would not have been let in end.
 *
 * A session tells the parent what its own peer did.  One that was taken over
 * can say nothing of others: the address is the one its connection came
 * from, as the parent saw it.
 */
#ifndef NODE_FAULTS_H
#define NODE_FAULTS_H

#include "mailnode/node/bans.h"
#include "mailnode/node/child.h"
#include "mailnode/node/story.h"

enum {
	FAULTS_PER_CONN = 64,	/* counted of one session */
	FAULTS_WHAT_MAX = 128	/* octets of a sample, NUL included */
};

struct faults {
	struct nursery	*n;		/* borrowed */
	struct bans	*bans;		/* borrowed */
	struct story	 story;
	uint32_t	 number;	/* of stories */
};

/* Caller's memory, for the whole run. */
void	faults_init(struct faults *f, struct nursery *n, struct bans *b);

enum ban_door	faults_door(enum role r);

/* The peer of c did that at a door; what: of it, may be from outside. */
void	faults_count(struct faults *f, const struct proc_conn *c,
	    enum ban_door door, enum ban_kind kind, const char *what);

/* The ban that keeps the peer of c out; NULL: none.  Borrowed, until the
 * next call. */
const struct ban	*faults_ban(const struct faults *f,
			    const struct proc_conn *c, enum ban_door door);

/* PROC_FAULT, from a session. */
uint16_t	faults_told(struct faults *f, struct op_call *call);

/* The owner opens a door again.  As bans_rm. */
int	faults_lift(struct faults *f, const char *net);

#endif
