/*
 * Bytes of a message made fit to be read: UTF-8, line feeds, no control
 * characters.  Converters come from iconv, opened before a sandbox closes
 * the way to their files.
 */
#ifndef STORE_MTEXT_H
#define STORE_MTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"

/* Loads the converters that mail needs; they stay loaded.  Returns how
 * many there are.  Without it each is loaded for the first text in it, which
 * a sandbox forbids. */
size_t	mtext_init(void);

/*
 * Appends p as UTF-8; what is no character becomes U+FFFD.  charset may be
 * NULL, unknown or wrong: then UTF-8 if it is that, else windows-1252.
 * 0, or -1: out->err.
 */
int	mtext_utf8(struct buf *out, const char *charset, const void *p,
	    size_t n);

/*
 * Appends UTF-8 text with CR LF, CR and NEL as LF and without any other
 * control character (C0, DEL, C1) but tab, and without characters that
 * reverse or hide text (bidi controls, Unicode tags).
 */
int	mtext_clean(struct buf *out, const char *p, size_t n);

/* The same on one line: every run of blanks and breaks is one blank, none
 * at the ends; at most max octets, cut between characters. */
int	mtext_line(struct buf *out, const char *p, size_t n, size_t max);

/* RFC 3676: unfolds text that mtext_clean made. */
int	mtext_unflow(struct buf *out, const char *p, size_t n, bool delsp);

#endif
