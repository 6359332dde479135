/*
 * One message of a program of this machine: who it is from and for, and its
 * way into the queue.  Used by cmd_send.c and cmd_send_talk.c.
 */
#ifndef CMD_SEND_H
#define CMD_SEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/queue/prepare.h"
#include "store/op_submit.h"

enum { SEND_WHY_MAX = 768 };	/* octets, NUL included */

struct node;

/* All that return int give a status of <sysexits.h>; but for 0, why is set. */
struct send {
	/* set by the caller */
	const char	*from, *name;	/* -f, -F; NULL: neither */
	const char	*envid;
	uint32_t	 notify;
	bool		 from_header;	/* -t */
	/* found */
	char		 why[SEND_WHY_MAX];	/* "what: why" */
	char		 id[QUEUE_ID_MAX];	/* of what was taken */
	/* private */
	int		 ch;		/* keeper */
	struct node	*node;
	bool		 local;		/* by the door of other users */
	struct prepare	 p;
	char		 login[64];
	char		 sender[PATH_SIZE];
	char		 own[PATH_SIZE];	/* the owner's */
	char		 unique[40];
};

/* Joins the node and reads the sender; send_end() also when it failed. */
int	send_begin(struct send *s);
void	send_end(struct send *s);

/* An address, or several, as a program names them. */
int	send_rcpt(struct send *s, const char *text, size_t n);

/* The message itself. */
int	send_message(struct send *s, const void *data, size_t n);

/* Is this another user than the node's owner, who may hand in and no more? */
bool	send_is_local(void);

/* Sets why, and returns status. */
int	send_fail(struct send *s, int status, const char *what,
	    const char *why);

/* -bs: a dialogue of SMTP on standard input and output, each message like
 * that one; the exit status. */
int	send_talk(const struct send *like);

#endif
