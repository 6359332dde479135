/*
 * The story of each message, 0x0150: what happened to it, one line each,
 * kept EVENT_DAYS and at most EVENT_MAX lines; asked by `mailnode why`.
 * Written in groups, never waited for.
 */
#ifndef STORE_OP_EVENT_H
#define STORE_OP_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "mailnode/base/op.h"

struct store;

enum event_op {
	EVENT_ADD = 0x0150,	/* has no answer */
	EVENT_QUERY = 0x0151
};

enum {
	EVENT_DAYS = 90,
	EVENT_MAX = 1000000,	/* lines kept */
	EVENT_TRACE_MAX = 32,	/* octets, NUL included */
	EVENT_KIND_MAX = 24,	/* octets, NUL included */
	EVENT_ADDR_MAX = 512,	/* octets, NUL included */
	EVENT_TEXT_MAX = 1024,	/* octets; longer is cut */
	EVENT_PAGE_MAX = 200	/* lines of one answer */
};

/*
 * trace: of the session or message.  addr: the recipient, sender or
 * "<message-id>" it is about, or "".  kind: one word: session, accept,
 * refuse, filed, submit, attempt, sent, deferred, bounced …
 */
int	 event_tell(int ch, const char *trace, const char *addr,
	    const char *kind, const char *text);

/* The same without waiting for room: -1 with errno EAGAIN. */
int	 event_tell_now(int ch, const char *trace, const char *addr,
	    const char *kind, const char *text);

/* The same inside keeper. */
void	 event_add(struct store *st, const char *trace, const char *addr,
	    const char *kind, const char *text);

struct event {
	uint64_t	 id;
	int64_t		 at_us;		/* wall clock */
	const char	*trace, *addr, *kind, *text;
};

struct event_list {
	struct event	*event;
	size_t		 n;
	bool		 more;
	char		*mem;		/* private */
};

/*
 * All events of a trace id; or, for an address or <message-id>, all events
 * of the newest EVENT_TRACES traces that name it; oldest first, those behind
 * event `after`.  STORE_NOTFOUND: none at all.
 */
enum { EVENT_TRACES = 20 };
uint16_t event_query(int ch, struct op_reply *r, const char *key,
	    uint64_t after, struct event_list *out);
void	 event_list_clear(struct event_list *l);

extern const struct op event_ops[];	/* service: struct store */

#endif
