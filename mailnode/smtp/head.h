/*
 * The header of a message on its way in: fields that only we may write are
 * cut out, Received fields are counted, and the header is made to end where
 * every reader will see its end.
 *
 * A line that is no field ends the header (RFC 5321 section 3.3 has such
 * mail accepted): an empty line is put before it, so that nobody who is
 * more lenient than we finds fields behind it that we did not look at.
 */
#ifndef SMTP_HEAD_H
#define SMTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"
#include "mailnode/smtp/data.h"

enum {
	HEAD_MAX = 256 * 1024,	/* octets of a header: DKIM_HEADER_MAX */
	HEAD_NAME_MAX = 512,	/* octets of a field's name */
	HEAD_WHO_MAX = 512	/* octets of a Delivered-To */
};

struct head {
	data_fn		*seen;		/* gets the message with all fields */
	data_fn		*keep;		/* gets it without what we cut */
	void		*arg;
	const char	*const *ids;	/* names that claim to be us */
	size_t		 nids;
	const char	*const *rcpt;	/* of this message */
	size_t		 nrcpt;
	bool		 again;		/* out: a Delivered-To is one of them */
	unsigned int	 received;	/* out: Received fields */
	unsigned int	 cut;		/* out: fields cut */
	bool		 over;		/* out: longer than HEAD_MAX */
	bool		 nomem;		/* out */
	int		 state, field;	/* private */
	size_t		 octets;	/* private */
	struct buf	 hold;		/* private: not judged yet */
	bool		 to;		/* private: within Delivered-To */
	struct buf	 who;		/* private: its value */
};

/* Caller's memory; set seen, keep, arg, ids, nids after it. */
void	head_init(struct head *h);
void	head_clear(struct head *h);

/* Octets of the message, lines ended by CRLF (see data.h), cut anywhere. */
void	head_push(struct head *h, const uint8_t *p, size_t n);

/* The message ends, perhaps inside its header. */
void	head_end(struct head *h);

#endif
