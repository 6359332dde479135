/*
 * Running the user's programs at an event, asked of the runner.  Both ends
 * of the op are in ask_hook.c.
 */
#ifndef NODE_ASK_HOOK_H
#define NODE_ASK_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hooks/run.h"
#include "mailnode/base/op.h"

enum {
	OP_HOOK_RUN = 0x0700,
	HOOK_EVENT_MAX = 32,	/* octets of an event's name, NUL included */
	HOOK_ASK_VARS = 16,	/* variables of an event */
	HOOK_VAR_MAX = 2048,	/* octets of one, NUL included */
	HOOK_SAID_MAX = 2048	/* octets of output handed back */
};

struct hook_event {
	const char	*name;		/* "delivered" */
	const char	*const *vars; /* "MAILNODE_X=…", NULL-ended; or NULL */
	int		 fd;		/* the message, for hooks with MAIL */
};

struct hook_answer {
	enum hook_err	 err;		/* of the last program that ran */
	int		 status;	/* its exit status; -1 unless HOOK_OK */
	unsigned int	 ran;		/* programs run; 0: none is set */
	char		 said[HOOK_SAID_MAX];	/* what a failing one said */
	char		 verdict[HOOK_SAID_MAX]; /* whole lines of the others */
};

/* Is any program set for this event?  Saves the question. */
bool	 hook_wanted(const char *event);

/*
 * Runs the programs of the event, in the order of the table, until one does
 * not end with 0.  Sends under an id of the caller's; the answer comes to
 * its loop, see hook_answer_get.  Borrows e.  0, or -1 with errno.
 */
int	 ask_hook_send(int ch, uint32_t id, const struct hook_event *e);
int	 hook_answer_get(struct chan_in *in, struct hook_answer *a);

/* The request's payload alone, in a new buffer: for a struct ask, which
 * answers OP_HOOK_RUN. */
void	 hook_event_put(struct buf *b, const struct hook_event *e);

/*
 * The same without an answer, and without ever waiting: -1 with EAGAIN when
 * the runner is far behind.  It logs what fails.
 */
int	 ask_hook_tell(int ch, const struct hook_event *e);

/* The same, waiting.  OP_OK with *a set, or why not. */
uint16_t ask_hook(int ch, const struct hook_event *e, int64_t timeout_ms,
	    struct hook_answer *a);

/* ---- the runner's end ---- */

/* What came; owned by whoever gets it. */
struct hook_request {
	struct op_peer	*peer;
	uint32_t	 id;
	int		 fd;		/* -1 */
	char		 event[HOOK_EVENT_MAX];
	size_t		 nvars;
	char		*vars[HOOK_ASK_VARS + 2];	/* NULL-ended */
};

struct ask_hook_service {
	/* Takes r; calls ask_hook_reply later. */
	void	(*run)(struct ask_hook_service *s, struct hook_request *r);
};

extern const struct op ask_hook_ops[];

void	 ask_hook_reply(const struct hook_request *r,
	    const struct hook_answer *a);
void	 hook_request_free(struct hook_request *r);

#endif
