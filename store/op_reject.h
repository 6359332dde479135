/*
 * Rejects and what came in of late, 0x01b4: handed in by sessions, listed,
 * opened and let in by the owner.
 */
#ifndef STORE_OP_REJECT_H
#define STORE_OP_REJECT_H

#include "mailnode/base/op.h"
#include "store/reject.h"

enum reject_op {
	REJECT_PUT = 0x01b4,	/* told */
	REJECT_LIST = 0x01b5,
	REJECT_OPEN = 0x01b6,	/* id -> descriptor */
	REJECT_LET_IN = 0x01b7,	/* id, or address */
	REJECT_INCOMING = 0x01b8
};

enum {
	REJECT_WAIT_MS = 30000,
	REJECT_PAGE = 200,	/* rows of an answer */
	INCOMING_S = 3600,	/* how far back, s */
	INCOMING_ROWS = 200
};

/*
 * id: of spool_begin() with n octets brought, or 0: the body is here.  That
 * of r is not read.
 */
void	 reject_tell(int ch, uint64_t id, const struct reject *r,
	    const void *head, size_t nhead, const void *body, uint64_t n);

/* A page, the newest first, behind row `before` (0: none). */
struct reject_list {
	struct reject	*row;
	size_t		 n;
	char		*text;		/* private */
};
uint16_t reject_ask_list(int ch, struct op_reply *r, uint64_t before,
	    struct reject_list *out);
void	 reject_list_put(struct buf *b, uint64_t before);
bool	 reject_list_get(struct chan_in *in, struct reject_list *out);
void	 reject_list_clear(struct reject_list *l);

void	 reject_open_put(struct buf *b, uint64_t id);
/* *fd is the caller's. */
uint16_t reject_ask_open(int ch, struct op_reply *r, uint64_t id, int *fd);

/* address "": by id.  STORE_NOTFOUND: no such row; STORE_NAME: no address.
 * An address holds where it is proved, and for the networks and messages of
 * all rows that are its. */
void	 reject_let_in_put(struct buf *b, uint64_t id, const char *address);
uint16_t reject_ask_let_in(int ch, struct op_reply *r, uint64_t id,
	    const char *address);

/* What happened to mail from outside of late, the newest first. */
struct incoming {
	int64_t		 at_us;		/* wall */
	const char	*trace, *rcpt, *kind, *text;
	uint64_t	 reject;	/* its row; 0: none */
	const char	*from, *subject;	/* of that row, or "" */
};
struct incoming_list {
	struct incoming	*row;
	size_t		 n;
	char		*text;		/* private */
};
bool	 incoming_list_get(struct chan_in *in, struct incoming_list *out);
void	 incoming_list_clear(struct incoming_list *l);

extern const struct op reject_ops[];	/* service: struct store */

#endif
