/*
 * Letters under way in the sender: claimed from keeper, split by next hop,
 * settled part by part, released.
 */
#ifndef QUEUE_LETTERS_H
#define QUEUE_LETTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/op.h"
#include "mailnode/node/proc.h"
#include "mailnode/queue/due.h"
#include "mailnode/queue/job.h"
#include "mailnode/queue/outcome.h"
#include "store/op_sender.h"

enum {
	LETTERS_MAX = 64,	/* under way at once, but for those that
				   wait for a silent server */
	LETTERS_ALL_MAX = 240,	/* with those; keeper knows some more */
	LETTERS_AGAIN_S = 60	/* after trouble of our own */
};

struct relays;

struct letter {
	struct letter	*next;
	struct sender_letter l;
	unsigned int	 parts;		/* not yet over */
	bool		 later;		/* not before LETTERS_AGAIN_S: keeper
					   refused a result, or it is put off */
};

/* Recipients of one letter that share a next hop. */
struct part {
	struct part	*next;
	struct letter	*letter;
	size_t		*at;		/* indices in letter->l.rcpt; owned */
	bool		*marked;	/* owned */
	bool		*over;		/* has its result; owned */
	size_t		 n, left;
};

/* The sender's state; one a process. */
struct sender {
	struct proc	*pr;
	int		 keeper;
	struct op_reply	 reply;
	struct due	 due;
	struct letter	*letters;
	unsigned int	 nletters;
	struct relays	*relays;
	struct away	*away;		/* for each of conf.relays */
	bool		 stopping;
	bool		 locked;	/* the alarm is up */
	bool		 no_dns;	/* told that letters wait for it */
	/* Ends the process, to begin afresh: keeper is gone or memory is. */
	void		(*start_over)(const char *why);
};

/* The result of a call to keeper; OP_GONE starts over. */
uint16_t	 letters_checked(struct sender *s, uint16_t rc);

struct letter	*letters_find(struct sender *s, uint64_t id);

/* Another may begin. */
bool		 letters_room(const struct sender *s);

/* Claims it and sends its recipients on their ways. */
void		 letters_begin(struct sender *s, uint64_t id);

/* Ends a part, whose recipients all have their results; frees it. */
void		 letters_part_over(struct sender *s, struct part *p);

/*
 * What became of some recipients: notices, log, then the rows.  res has
 * the attempt; id, fates and told are filled in.
 */
void		 letters_settle(struct sender *s, struct letter *x,
		    struct outcome *o, size_t n, struct sender_result *res);

/* These recipients wait until that relay may be tried again. */
void		 letters_shut(struct sender *s, struct letter *x,
		    const size_t *at, size_t n, int64_t until);

uint32_t	 letters_random(void);

/* Returns owned: n of that size, zeroed.  Without memory it starts over. */
void		*letters_get(struct sender *s, size_t n, size_t size);

#endif
