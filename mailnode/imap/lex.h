/*
 * A command of IMAP as tokens, RFC 9051 section 9: octets in, no I/O and no
 * meaning.  A command comes in lines; one that ends in {n} wants that many
 * octets of a literal first, which the session reads (or refuses) before it
 * hands in the next line.
 */
#ifndef IMAP_LEX_H
#define IMAP_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"

enum {
	LEX_LINE_MAX = 64 * 1024,	/* octets; RFC 7162 wants 8192 */
	LEX_TEXT_MAX = 256 * 1024,	/* octets of a command, literals too */
	LEX_TOKENS_MAX = 10000,
	LEX_DEPTH_MAX = 50,		/* parentheses */
	LEX_TAG_MAX = 100		/* octets */
};

enum lex_kind { LEX_ATOM, LEX_QUOTED, LEX_LITERAL, LEX_OPEN, LEX_CLOSE };

struct lex_token {
	enum lex_kind	 kind;
	bool		 stuck;		/* no blank where one belongs */
	size_t		 at, n;		/* octets of `text`; NUL behind */
};

struct lex {
	struct buf	 text;
	struct buf	 tokens;	/* struct lex_token … */
	size_t		 n;		/* … so many */
	size_t		 at;		/* the next to be read */
	unsigned int	 depth;
	bool		 odd;		/* what is quoted is no UTF-8 */
};

enum lex_result {
	LEX_END,	/* the command is whole */
	LEX_WANT,	/* a literal first */
	LEX_BAD,	/* what no command holds */
	LEX_BIG		/* over a limit; or no memory */
};

struct lex_literal {
	uint64_t	 octets;
	bool		 sync;		/* waits for our "+" */
	bool		 binary;	/* ~{n}: may hold NUL */
};

void	 lex_init(struct lex *l);
void	 lex_reset(struct lex *l);
void	 lex_clear(struct lex *l);

/* One line without its CRLF.  *lit is set for LEX_WANT. */
enum lex_result lex_line(struct lex *l, const char *p, size_t n,
	    struct lex_literal *lit);
/* Whether a line that makes no sense announces a literal all the same. */
bool	 lex_tail(const char *p, size_t n, struct lex_literal *lit);
/* The place of n octets of a literal, to be filled; NULL: LEX_BIG. */
char	*lex_literal(struct lex *l, size_t n);

/* The tag that a line starts with, for answers to what makes no sense; ""
 * when it has none. */
void	 lex_tag(const char *p, size_t n, char tag[LEX_TAG_MAX + 1]);

/* ---- reading the tokens, one after the other ---- */

struct lex_str {
	const char	*p;		/* borrows; NUL behind */
	size_t		 n;
};

bool	 lex_end(const struct lex *l);
bool	 lex_open(struct lex *l);
bool	 lex_close(struct lex *l);
/* An atom, whatever is in it. */
bool	 lex_atom(struct lex *l, struct lex_str *s);
/* That atom, in any case; else nothing is used up. */
bool	 lex_word(struct lex *l, const char *word);
/* Words that something knows, ended by NULL, and what they mean there. */
struct lex_name {
	const char	*name;
	unsigned int	 v;
};
/* One of them, in any case.  False: another, or no atom. */
bool	 lex_one_of(struct lex *l, const struct lex_name *names,
	    unsigned int *v);
/* Quoted or literal. */
bool	 lex_string(struct lex *l, struct lex_str *s);
/* The same or an atom that may stand for one. */
bool	 lex_astring(struct lex *l, struct lex_str *s);
/* The same with the wildcards of LIST. */
bool	 lex_pattern(struct lex *l, struct lex_str *s);
bool	 lex_number(struct lex *l, uint64_t max, uint64_t *v);
/* The next token's kind, if there is one. */
bool	 lex_next_is(const struct lex *l, enum lex_kind kind);
/* An atom that stands right behind what is before it: "]" of BODY[…]. */
bool	 lex_stuck(struct lex *l, struct lex_str *s);

/* Case-insensitive for US-ASCII. */
bool	 lex_is(const struct lex_str *s, const char *word);

#endif
