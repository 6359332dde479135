/*
 * What a message says, answered by a parser process: it has no network, no
 * files but the one it is handed, and can change nothing.  Types 0x0400.
 * Callers check its answers like network data; the get functions here do.
 *
 * An answer too large for a record comes as an unwritable memory file;
 * parse_answer() hides that.  See op_list.h for the three client forms.
 */
#ifndef STORE_OP_PARSE_H
#define STORE_OP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"
#include "mailnode/base/chan.h"
#include "mailnode/base/op.h"

enum parse_op {
	PARSE_ROW = 0x0400,	/* fd → struct parse_row; keeper, import */
	PARSE_SHOW = 0x0401,	/* fd → struct parse_show */
	PARSE_PART = 0x0402,	/* fd, path → bytes of one part */
	PARSE_TEXT = 0x0403	/* fd → all text of parse_show */
};

enum {
	PARSE_ANSWER_MAX = 64 * 1024 * 1024,	/* octets of any answer */
	PARSE_PATH_MAX = 512,		/* octets of "1.2.3" */
	PARSE_WAIT_MS = 60000		/* callers that wait give up */
};

/* ---- for keeper: all that a row needs ---- */

enum parse_flag {
	PARSE_ATTACH = 1,	/* a part is meant to be saved */
	PARSE_LF = 2,		/* some line ends in a bare LF */
	PARSE_CUT = 4,		/* over a limit: structure ends early */
	PARSE_NOHEAD = 8,	/* no header at all: all is text */
	PARSE_NODATE = 16,	/* date is 0: none, or unreadable */
	PARSE_SIGNED = 32,	/* multipart/signed or S/MIME */
	PARSE_ENCRYPTED = 64,
	PARSE_BULK = 128,	/* List-Id, Precedence or Auto-Submitted */
	PARSE_MORE = 256,	/* of text or parts: see enum parse_reach */
	PARSE_REPORT = 512	/* may say what became of a letter: a report,
				   or from the null sender */
};

/*
 * Strings are UTF-8 without control characters, "" when absent; ids are
 * without < > and blanks.  The blobs are described in mime_imap.h.
 */
struct parse_row {
	uint32_t	 flags;		/* PARSE_* */
	int64_t		 date;		/* of the Date field, Unix time */
	uint64_t	 size;		/* octets of the file */
	uint64_t	 wire;		/* the same with CRLF everywhere */
	uint8_t		 hash[32];	/* content: crypto/hash of the file */
	const char	*msgid;		/* made from the hash if absent */
	const char	*irt;		/* In-Reply-To: first id */
	const char	*refs;		/* References, oldest first, blanks */
	const char	*subject;	/* decoded */
	const char	*base;		/* the same without Re: and the like */
	const char	*from, *to, *cc;	/* decoded, whole fields */
	const char	*author;	/* short name of the first From */
	const char	*list_id;
	const char	*snippet;	/* start of the text, one line */
	const uint8_t	*env, *body, *parts;	/* blobs for IMAP */
	const uint8_t	*names;		/* of fields: field_names_put() */
	size_t		 nenv, nbody, nparts, nnames;
	uint8_t		*mem;		/* private: owns all of the above */
};

void	 parse_row_put(struct buf *out, const struct parse_row *row);
/* Takes nothing; strings and blobs live until parse_row_clear(). */
bool	 parse_row_get(struct chan_in *in, struct parse_row *row);
void	 parse_row_clear(struct parse_row *row);

/*
 * The payload of a reply: what the record held, or what its fd holds, read
 * into `mem`.  *in then borrows from either.  Closes *fd.  False: malformed.
 * For clients that wait themselves; NAME() above and below do it inside.
 */
bool	 parse_answer(struct chan_in *in, int *fd, struct buf *mem);

/* ---- for the client ---- */

enum parse_part_flag {
	PARSE_P_TEXT = 1,	/* text of any kind */
	PARSE_P_HTML = 2,
	PARSE_P_MULTI = 4,	/* container: multipart or message */
	PARSE_P_ATTACH = 8,	/* to be saved, not shown */
	PARSE_P_INLINE = 16,
	PARSE_P_BODY = 32	/* its text is in parse_show.text */
};

struct parse_part {
	const char	*path;		/* IMAP section, "" for a lone body */
	const char	*type;		/* "text/plain", lower case */
	const char	*charset;	/* lower case, "" if none */
	const char	*filename;	/* decoded; never has a slash */
	const char	*disposition;	/* lower case: "attachment", "" */
	const char	*cid;		/* Content-ID without < > */
	const char	*description;
	const char	*encoding;	/* lower case */
	uint64_t	 size;		/* octets in the file */
	uint32_t	 depth;		/* of nesting, 0 at the top */
	uint32_t	 flags;		/* PARSE_P_* */
};

struct parse_header {
	const char	*name, *value;	/* unfolded, decoded to UTF-8 */
};

/*
 * Text is UTF-8 with LF; no control character but LF and tab is left in
 * it, format=flowed is unfolded.  `text` joins the parts that are to be
 * read (of an alternative the best of plain and html, by `want`).
 */
struct parse_show {
	struct parse_header *header;	/* as in the file, in its order */
	size_t		 nheader;
	struct parse_part *part;	/* as they stand, parents first */
	size_t		 npart;
	uint32_t	 flags;		/* enum parse_flag */
	char		*text;
	size_t		 ntext;
	bool		 text_is_html;	/* made by our plain converter */
	const char	*html_path;	/* section of the HTML body, or NULL */
	const char	*event;		/* of a calendar that is not in text:
					   lines "Name: value" (card.h); "" */
	uint8_t		*mem;		/* private */
};

enum parse_want {
	PARSE_PLAIN,		/* prefer text/plain */
	PARSE_HTML		/* prefer text/html, converted */
};

/*
 * How much of a message is looked at.  PARSE_START takes as long for any
 * size: parts behind the first octets are not in it, and sizes may be too
 * small.  PARSE_SHAPE knows all parts.  Both set PARSE_MORE if they left
 * anything out.
 */
enum parse_reach {
	PARSE_ALL,
	PARSE_START,		/* the start of the file, and of its text */
	PARSE_SHAPE		/* the file, and the start of its text */
};

enum {
	PARSE_START_FILE = 256 * 1024,	/* octets of the file */
	PARSE_START_TEXT = 64 * 1024	/* octets of text */
};

/* All of the message.  Borrows fd; parse_show_clear() frees. */
uint16_t parse_show(int ch, int fd, enum parse_want want,
	    struct parse_show *out);
void	 parse_show_put(struct buf *args, enum parse_want want,
	    enum parse_reach reach);
bool	 parse_show_get(struct chan_in *in, struct parse_show *out);
void	 parse_show_clear(struct parse_show *s);

enum parse_form {
	PARSE_AS_BYTES,		/* transfer encoding undone: to save */
	PARSE_AS_TEXT,		/* and UTF-8, without controls: to show */
	PARSE_AS_HTML,		/* and UTF-8, markup kept but for what it
				   hides: for w3m, lynx */
	PARSE_AS_PLAIN,		/* HTML through our own plain converter */
	PARSE_AS_RAW,		/* as in the file */
	PARSE_AS_ENTITY		/* the same with its MIME header: what a
				   signature covers (RFC 1847) */
};

/*
 * *out is a read-only memory file of *size octets, the caller's to close.
 * path "" is the body of a message that is no multipart, or the first
 * text of one that is.  STORE_NOTFOUND: no such part.
 */
void	 parse_part_put(struct buf *args, const char *path,
	    enum parse_form form);
bool	 parse_part_get(struct chan_in *in, uint64_t *size);

/*
 * All of parse_show.text, as a memory file of its own: the reply is that
 * of parse_part.  What is read from it goes through parse_text_ok().
 */
void	 parse_text_put(struct buf *args, enum parse_want want);
/* Fit to be shown: UTF-8 without control characters. */
bool	 parse_text_ok(const char *s, size_t n);

/* ---- the parser's side; no state ---- */

extern const struct op parse_ops[];

#endif
