/*
 * What a session needs of the rest of the house, so that it can be driven
 * without it.  The real one is handin.c; each call may wait.
 */
#ifndef SMTP_BACKEND_H
#define SMTP_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/err.h"
#include "crypto/tls.h"
#include "mailnode/auth/memo.h"
#include "mailnode/node/bans.h"
#include "mailnode/smtp/path.h"
#include "mailnode/smtp/submit.h"
#include "store/op_gate.h"
#include "store/op_history.h"
#include "store/op_rcpt.h"
#include "store/op_reject.h"
#include "store/op_spool.h"

/* A recipient that keeper called ours, when it knew of senders, too; of a
 * process, which serves one peer. */
struct smtp_known {
	char		 address[PATH_SIZE];	/* "": none */
	int64_t		 ms;		/* since then, monotonic */
};

struct smtp_backend {
	void		*arg;
	int		 dns;		/* channel to the resolver, or -1 */
	struct memo	*memo;		/* what it said lately; NULL: none */
	struct smtp_known *known;
	/* Statuses: enum op_status and enum store_err. */
	uint16_t	(*rcpt)(void *arg, const char *addr,
			    struct rcpt *out);
	/* Did we rewrite that sender?  CRYPTO_OK, as vault_srs_reverse. */
	enum crypto_err	(*srs)(void *arg, const char *addr);
	/* No new mail at present: space, or too much that waits. */
	bool		(*refusing)(void *arg);
	/* As in store/op_spool.h. */
	uint16_t	(*begin)(void *arg, uint64_t *id);
	int		(*data)(void *arg, uint64_t id, const void *p,
			    size_t n);
	void		(*abort)(void *arg, uint64_t id);
	uint16_t	(*commit)(void *arg, uint64_t id,
			    const struct spool_msg *m, const struct buf *head,
			    const struct buf *body, uint64_t n);
	/* For `why`; not waited for. */
	void		(*event)(void *arg, const char *trace,
			    const char *addr, const char *kind,
			    const char *text);
	/* What is known of who sends it; as history_ask().  NULL: not asked. */
	uint16_t	(*history)(void *arg, const struct history_ask *q,
			    struct history_facts *out);
	/* The peer did that, of which `what` is a sample; see node/bans.h.
	 * NULL: nobody counts. */
	void		(*fault)(void *arg, enum ban_kind kind,
			    const char *what);
	/* Is resolving unavailable at present?  NULL: never. */
	bool		(*dns_broken)(void *arg);
	/* A list in the DNS is out of order; NULL: nobody is told. */
	void		(*list_bad)(void *arg, const char *zone,
			    const char *why);
	/* As gate_grey() of store/op_gate.h; NULL: nobody waits. */
	enum grey	(*grey)(void *arg, const struct grey_who *w,
			    uint32_t wait_s, uint32_t *left_s);
	/* It is not taken; as reject_tell() of store/op_reject.h.  The id is
	 * keeper's to forget from here on.  NULL: no copies. */
	void		(*reject)(void *arg, uint64_t id,
			    const struct reject *r, const struct buf *head,
			    const struct buf *body, uint64_t n);
	/* Junk by its words?  As verdict_words(); NULL: not asked. */
	bool		(*words)(void *arg, const uint8_t *p, size_t n,
			    unsigned int doubts, struct buf *line);
	/* Can there be TLS?  Then a connection on fd, or NULL. */
	bool		(*has_tls)(void *arg);
	struct tls	*(*tls)(void *arg, int fd);
	/* The wake descriptor was readable; true: end the session. */
	bool		(*woken)(void *arg);
	/* For a session of a device; NULL: one of a stranger. */
	const struct smtp_submit *submit;
};

#endif
