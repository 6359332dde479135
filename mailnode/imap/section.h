/* Parts of messages: BODY[…], BINARY[…], RFC822…; RFC 9051 section 6.4.5. */
#ifndef IMAP_SECTION_H
#define IMAP_SECTION_H

#include "mailnode/imap/talk.h"
#include "store/part.h"

enum { SECTION_FIELDS_MAX = 200 };	/* names in HEADER.FIELDS */

enum section_as {
	AS_BODY, AS_BINARY, AS_SIZE,
	AS_NAMED		/* RFC822 and the like */
};

/* How an item begins, in commands and in answers, and what it is. */
struct section_form {
	const char	*name, *label;
	enum section_as	 as;
	bool		 peek;		/* does not set \Seen */
	enum part_what	 what;
};

struct section {
	const struct section_form *form;
	struct part_want want;		/* its names borrow from the command */
	bool		 partial;
	uint32_t	 from, octets;	/* then */
};

/*
 * word is the item as far as it is one atom; the rest is taken from *l.
 * False: no section, or malformed.  section_clear() in any case.
 */
bool	 section_parse(struct lex *l, const struct lex_str *word,
	    struct section *out);
void	 section_clear(struct section *s);

/* As it stands in the answer: "BODY[1.TEXT]<0>". */
void	 section_label(const struct section *s, struct buf *out);

/* " LABEL {n}CRLF" and the octets, behind what is in s->out. */
void	 section_put(struct session *s, struct view_file *f,
	    const struct section *sec);

#endif
