/*
 * A message as a flat table of its parts, with offsets into the file, made
 * by GMime within the limits of mime_cap.h.  Never fails for what a message
 * holds: without a header, or beyond a limit, what is left is text.
 */
#ifndef STORE_MIME_H
#define STORE_MIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"
#include "mailnode/base/decode.h"
#include "store/dyn.h"
#include "store/mparam.h"

enum mime_kind { MIME_LEAF, MIME_MULTI, MIME_MESSAGE };

/* Parents stand before their children, which stand in their order. */
struct mime_part {
	enum mime_kind	 kind;
	size_t		 parent;	/* index; the root's is 0 */
	uint32_t	 depth;
	uint32_t	 nth;	/* among its parent's children, from 1 */
	uint32_t	 nchild;
	size_t		 head, nhead;	/* MIME header, blank line included */
	size_t		 body, nbody;	/* as in the file, still encoded */
	GMimeObject	*obj;		/* borrowed; NULL: plain text */
	GMimeMessage	*msg;		/* the inner one of a MIME_MESSAGE */
	struct mparams	 type, disposition;	/* empty without the field */
	bool		 untyped; /* Content-Type is none: text/plain, says
					 * RFC 2045 section 5.2 */
};

struct mime {
	const struct dyn_gmime *gm;
	uint8_t		*data;		/* owned, by the stream if any */
	size_t		 size, limit;	/* octets; that GMime was shown */
	bool		 nohead;
	struct mime_part *part;
	size_t		 npart;
	GMimeMessage	*msg;		/* NULL: no header */
	GMimeStream	*stream;
	size_t		 cap;		/* parts allocated */
	/* For the caller of mime_open() to say: */
	bool		 part_of_it;	/* the file goes on behind data */
	size_t		 text_max;	/* octets of text made; 0: all */
};

/*
 * Parses n octets of data, which it takes (also when it fails).  0, or -1:
 * no memory, or no GMime (dyn_error()).  mime_close() frees.
 */
int	 mime_open(struct mime *m, uint8_t *data, size_t n);
void	 mime_close(struct mime *m);

/* Reads all of fd, wherever its offset, at most max octets; owned. */
uint8_t	*mime_slurp(int fd, size_t max, size_t *n);

/* ---- mime_part.c ---- */

/* Is it there, and a GMime object of that type? */
bool	 mime_is_a(const struct mime *m, void *obj, GType type);
/* "text", "plain" of a part; never NULL. */
const char *mime_type(const struct mime *m, const struct mime_part *p);
const char *mime_subtype(const struct mime *m, const struct mime_part *p);
bool	 mime_is(const struct mime *m, const struct mime_part *p,
	    const char *type, const char *subtype);	/* NULL: any */
/* A decoded parameter of Content-Type, or NULL. */
const char *mime_param(const struct mime *m, const struct mime_part *p,
	    const char *name);
/* Lower-case content disposition, "" if none. */
void	 mime_disposition(const struct mime *m, const struct mime_part *p,
	    char *dst, size_t size);
/* File name, decoded, or NULL. */
const char *mime_filename(const struct mime *m, const struct mime_part *p);

/* A field of the top header: raw, unfolded, or NULL.  Returns owned. */
char	*mime_field(const struct mime *m, const char *name);
/* Reads type and disposition of a part that has its obj.  0, or -1: no
 * memory. */
int	 mime_read_params(const struct mime *m, struct mime_part *p);
/* The same of any header list. */
char	*mime_field_of(const struct mime *m, GMimeHeaderList *list,
	    const char *name);

/* IMAP section of a part (RFC 9051 section 6.4.5); "" for the root. */
void	 mime_path(const struct mime *m, const struct mime_part *p,
	    struct buf *out);
/* The part of a section; NULL: none.  "" is the root. */
const struct mime_part *mime_find(const struct mime *m, const char *path);

/* Its transfer encoding, of a leaf. */
enum cte mime_cte(const struct mime *m, const struct mime_part *p);
/* The body with its transfer encoding undone, appended.  0, or -1. */
int	 mime_decode(const struct mime *m, const struct mime_part *p,
	    struct buf *out);

#endif
