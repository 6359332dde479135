/* Searches, for the commands that have one: SEARCH, SORT, THREAD. */
#ifndef IMAP_SEARCH_H
#define IMAP_SEARCH_H

#include "mailnode/imap/talk.h"
#include "store/op_find.h"

enum result {
	R_MIN = 1, R_MAX = 2, R_ALL = 4, R_COUNT = 8, R_SAVE = 16,
	R_PARTIAL = 32
};

/* "1:100", or "-1:-100": from the end.  RFC 9394. */
struct partial {
	bool		 last;
	uint32_t	 lo, hi;
	struct lex_str	 text;		/* as it came; borrows */
};

struct search {
	struct session	*s;
	struct buf	 prog;		/* op_find.h */
	unsigned int	 nodes, depth;
	unsigned int	 result;	/* R_* */
	struct partial	 partial;
	bool		 extended;	/* answers with ESEARCH */
	bool		 modseq;
	bool		 words;		/* asks the index */
	bool		 answered;	/* with words of its own */
	struct set	 found;		/* UIDs */
	struct find_done done;
};

void	 search_init(struct search *c, struct session *s);
void	 search_clear(struct search *c);

/* "RETURN (…)", if it is there.  False: malformed. */
bool	 search_returns(struct search *c, struct lex_at *at);
/* A charset's name that we know; false: answered, or malformed. */
bool	 search_charset(struct search *c, struct lex_at *at);
/* All keys to the end of the command, as a program. */
bool	 search_keys(struct search *c, struct lex_at *at);
/* What was not OP_OK. */
void	 search_failed(struct search *c, uint16_t rc);

/* search_tell.c: what was found, RFC 4731 and RFC 9394. */
bool	 partial_parse(struct lex_at *at, struct partial *p);
/* Which of n they are, from 0: [*from, *to). */
void	 partial_range(const struct partial *p, size_t n, size_t *from,
	    size_t *to);
/* Those of a set that are meant.  False: no memory. */
bool	 partial_of(const struct partial *p, const struct set *set,
	    struct set *out);
/* In order: "* SEARCH …" or "* ESEARCH …", as `how` numbers or a set. */
void	 search_tell(struct search *c, const char *name,
	    const struct set *set);
/* The same of numbers in any order. */
void	 search_tell_list(struct search *c, const char *name,
	    const uint32_t *v, size_t n);
/* For "$"; `all`, in order. */
void	 search_save(struct search *c);

#endif
