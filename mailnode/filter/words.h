/*
 * Text as words and word pairs.  It may come in pieces cut anywhere between
 * characters, as HTML has it: <b>mo</b>ney is one word.
 */
#ifndef FILTER_WORDS_H
#define FILTER_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/filter/token.h"

enum {
	WORD_MAX = 40,		/* characters; longer ones count as such */
	WORD_TEXT_MAX = 4 * WORD_MAX,	/* octets of it */
	WORD_MARKS_MAX = 4	/* of a run like !!!! */
};

struct words {
	struct tokens	*t;		/* borrowed */
	enum token_field field;
	bool		 pairs;
	/* private */
	uint64_t	 begin;
	unsigned int	 len;		/* characters of the word */
	unsigned int	 scripts;	/* bits of enum fold_script */
	bool		 digits;	/* nothing but those so far */
	uint32_t	 inner;		/* waits for what comes behind */
	uint32_t	 dense;		/* the character before, or 0 */
	uint32_t	 mark;
	unsigned int	 nmark;
	uint64_t	 before;	/* the word before, or 0 */
	unsigned int	 ntext, nwas;
	char		 text[WORD_TEXT_MAX + 8];	/* folded, as UTF-8;
					   room to read eight at once */
	char		 was[WORD_TEXT_MAX];	/* the word before: its name */
};

void	words_begin(struct words *w, struct tokens *t, enum token_field f,
	    bool pairs);
/* Valid UTF-8 or not; what looks like a URL is taken apart. */
void	words_feed(struct words *w, const char *p, size_t n);
/* The word ends here; pairs go on. */
void	words_gap(struct words *w);
/* Pairs end too. */
void	words_break(struct words *w);

/* All at once; pairs of the body alone. */
void	words_text(struct tokens *t, enum token_field f, const char *p,
	    size_t n);

#endif
