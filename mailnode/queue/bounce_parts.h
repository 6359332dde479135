/* What bounce_note.c (who) and bounce_why.c (why) share, and nobody else. */
#ifndef QUEUE_BOUNCE_PARTS_H
#define QUEUE_BOUNCE_PARTS_H

#include "mailnode/queue/bounce_note.h"

enum {
	BOUNCE_LINES_MAX = 2000,	/* lines that are read */
	BOUNCE_SET_MAX = 32		/* addresses of a field */
};

struct bounce_line {
	const char	*p, *end;
};

struct bounce_set {
	struct bounce_line	 at[BOUNCE_SET_MAX];
	size_t			 n;
};

struct bounce_reader {
	struct bounce			*b;
	const struct bounce_note	*note;
	struct bounce_line		 line[BOUNCE_LINES_MAX];
	size_t				 n;
	struct bounce_set		 own;	/* who sent the notice */
	struct bounce_set		 to;	/* who got it */
	size_t				 at;	/* line of the last reason */
};

/* An address at p, in angle brackets or not: behind it, or NULL; where it is
 * in *at. */
const char *bounce_address(const char *p, const char *end,
	    struct bounce_line *at);

/* The next address of [start, end) from *p on, which then is behind it. */
bool	bounce_next(const char *start, const char **p, const char *end,
	    struct bounce_line *at);

/* Are they the same, in any case? */
bool	bounce_same(const struct bounce_line *a, const struct bounce_line *b);
bool	bounce_is(const struct bounce_line *at, const char *of);

/* Blanks and punctuation off both ends. */
void	bounce_trim(struct bounce_line *l);

/*
 * The reason: from `rest`, behind the address on line i, and the lines below,
 * up to a blank one or to the next address.
 */
void	bounce_why(struct bounce_reader *r, struct bounce_rcpt *c,
	    const char *rest, size_t i);

/* Of the only one: where no reason stands beside it, the next paragraph. */
void	bounce_why_only(struct bounce_reader *r, struct bounce_rcpt *c);

#endif
