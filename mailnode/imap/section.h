/*
 * Parts of messages: BODY[…], BINARY[…], RFC822…; RFC 9051 section 6.4.5.
 * Lexing, and places in the file; no I/O.
 */
#ifndef IMAP_SECTION_H
#define IMAP_SECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"
#include "mailnode/imap/lex.h"

enum {
	SECTION_DEPTH_MAX = 64,		/* numbers of a part */
	SECTION_FIELDS_MAX = 200	/* names in HEADER.FIELDS */
};

enum section_what {
	SEC_ALL, SEC_HEADER, SEC_FIELDS, SEC_NOT, SEC_TEXT, SEC_MIME
};
enum section_as {
	AS_BODY, AS_BINARY, AS_SIZE, AS_RFC822, AS_RFC822_HEADER,
	AS_RFC822_TEXT
};

struct section {
	enum section_what what;
	enum section_as	 as;
	bool		 peek;		/* does not set \Seen */
	uint32_t	 part[SECTION_DEPTH_MAX];
	size_t		 npart;
	struct lex_str	*field;		/* owned; borrows from the command */
	size_t		 nfield;
	bool		 partial;
	uint32_t	 from, octets;	/* then */
};

/*
 * word is the item as far as it is one atom; the rest is taken from *at.
 * False: no section, or malformed.  section_clear() in any case.
 */
bool	 section_parse(struct lex_at *at, const struct lex_str *word,
	    struct section *out);
void	 section_clear(struct section *s);

/* As it stands in the answer: "BODY[1.TEXT]<0>". */
void	 section_label(const struct section *s, struct buf *out);

/* Where it lies in a file of `size` octets; lf: so many octets more it is
 * with CRLF.  False: the message has no such part. */
struct section_place {
	uint64_t	 at, n, lf;
	uint64_t	 head, nhead;	/* MIME header of the part */
	bool		 leaf;
};
bool	 section_place(const struct section *s, const uint8_t *parts,
	    size_t nparts, uint64_t size, uint64_t wire,
	    struct section_place *out);

/* The fields that s wants, CRLF, and the blank line.  0, or -1. */
int	 section_fields(const struct section *s, const char *p, size_t n,
	    struct buf *out);

#endif
