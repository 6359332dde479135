/* Text forms of bytes.  Encoders append to a buf; decoders check it all. */
#ifndef BASE_CODEC_H
#define BASE_CODEC_H

#include <stdbool.h>
#include <stddef.h>

#include "mailnode/base/buf.h"

/* RFC 4648 section 4 with padding, no line breaks.  0, or -1: b->err. */
int	 codec_base64_put(struct buf *b, const void *p, size_t n);

/* Of one digit, 0 to 63; -1: none. */
int	 codec_base64_value(char c);

/* As programs read it: what is no digit is passed over, and padding may lack.
 * The octet that this one makes whole; -1: none.  All zero to begin with. */
struct codec_loose {
	unsigned int	v, bits;	/* that wait for more */
};
int	 codec_base64_next(struct codec_loose *d, char c);

/*
 * Decodes [p, p+n).  Strict: length a multiple of four, padding only at the
 * end, no other octet; CR, LF, blank and tab are skipped if `fws`.  Returns
 * 0, or -1: malformed (b is as it was) or b->err.
 */
int	 codec_base64_get(struct buf *b, const char *p, size_t n, bool fws);

/* Lower-case hexadecimal. */
int	 codec_hex_put(struct buf *b, const void *p, size_t n);
int	 codec_hex_get(struct buf *b, const char *p, size_t n);
/* Of one digit, or of the two at p (one may be the NUL behind a string), in
 * either case; -1: none. */
int	 codec_hex_value(char c);
int	 codec_hex_octet(const char *p);

/* RFC 3629: shortest form, no surrogates, at most U+10FFFF. */
bool	 codec_utf8_ok(const void *p, size_t n);

/*
 * The next code point of [*p, end), advancing *p; U+FFFD for one bad octet.
 * *p < end must hold.
 */
uint32_t codec_utf8_next(const uint8_t **p, const uint8_t *end);

/* Appends the UTF-8 form of c; U+FFFD for what is no code point. */
int	 codec_utf8_put(struct buf *b, uint32_t c);

/*
 * Appends s, for a terminal: each control character is a "?", also those of
 * 0x80 to 0x9f (U+009B begins a sequence in many); U+FFFD for bad octets.
 */
int	 codec_plain(struct buf *b, const char *s);

#endif
