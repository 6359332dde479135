/*
 * What a session asks about senders whom nobody knows: lists in the DNS and
 * the greylist; and what it asks the DNS ahead, while the message comes.
 * Private to judge.c and verb.c.
 */
#ifndef SMTP_STRANGER_H
#define SMTP_STRANGER_H

#include "mailnode/filter/ladder.h"
#include "mailnode/filter/proof.h"
#include "mailnode/smtp/mail.h"

/* Is resolving unavailable, and not only for this message? */
bool	stranger_dns_broken(const struct mail *m, const struct auth_verdict *v);

/* Is any list configured? */
bool	stranger_lists(void);
/* Sets f->dnsbl and the like; what lists said goes to line.  why borrows
 * from the configuration. */
void	stranger_dnsbl(struct mail *m, const struct auth_verdict *v,
	    struct ladder_facts *f, struct buf *line);
/* Sets f->grey; why borrows from m. */
void	stranger_grey(struct mail *m, const struct auth_verdict *v,
	    struct ladder_facts *f);

/* Who is put off for another reason has begun to wait, too. */
void	stranger_waits(struct mail *m, const struct auth_verdict *v);

/* A recipient was taken: the first questions, whose answers will be wanted at
 * the end of the message, are on their way. */
void	stranger_ahead(int dns, struct memo *memo, const char *ip,
	    const char *helo, const char *sender);

#endif
