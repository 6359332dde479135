/* The trace fields we put before a message: RFC 5321 section 4.4. */
#ifndef SMTP_RECEIVED_H
#define SMTP_RECEIVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"

struct received {
	const char	*helo;
	const char	*peer;		/* address, as text */
	const char	*hostname;	/* ours */
	const char	*trace;
	const char	*rcpt;		/* NULL: more than one, or none told */
	const char	*tls_version;	/* NULL: plain */
	const char	*tls_cipher;
	bool		 esmtp;
	bool		 utf8;		/* SMTPUTF8 was asked for */
	int64_t		 now_s;		/* wall clock */
};

/* "ESMTPS" …: RFC 3848, RFC 6531 section 4.3. */
const char	*received_with(bool esmtp, bool tls, bool utf8);

/* Appends "Received: …\r\n", folded.  0, or -1: out->err. */
int		 received_put(struct buf *out, const struct received *r);

enum { RECEIVED_ENVELOPE_MAX = 2048 };	/* octets of that field */

/* Appends "Envelope-To: a, b\r\n", folded, which the trace cannot say of more
 * than one; nothing for one, and no more than have room.  0, or -1. */
int		 received_envelope(struct buf *out, const char *const *rcpt,
		    size_t n);

/* Appends "Return-Path: <…>\r\n"; sender "" for <>.  0, or -1. */
int		 received_return_path(struct buf *out, const char *sender);

#endif
