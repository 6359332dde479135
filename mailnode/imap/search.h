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
	struct find_prog prog;
	unsigned int	 result;	/* R_* */
	struct partial	 partial;
	bool		 extended;	/* answers with ESEARCH */
	bool		 modseq;
	struct set	 found;		/* UIDs */
	bool		 sorted;	/* … are a list */
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
/* The reader to ask. */
int	 search_reader(struct search *c);
/* How it went, as well() has it. */
bool	 search_well(struct search *c, uint16_t rc);

/* search_tell.c: what was found, RFC 4731 and RFC 9394. */
bool	 partial_parse(struct lex_at *at, struct partial *p);
/* Appends those of a set, or list, that are meant.  False: no memory. */
bool	 partial_of(const struct partial *p, const struct set *set,
	    struct set *out);
/* Answers with what is in c->found, "* SEARCH …" or "* ESEARCH …", and saves
 * it; rc: how the search went. */
bool	 search_tell(struct search *c, uint16_t rc, const char *name);

#endif
