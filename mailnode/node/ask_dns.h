/*
 * Questions to the resolver, and what an answer is.  Every answer falls
 * into one of four classes; there is no other kind of failure.  Both ends
 * of the op are in ask_dns.c.
 */
#ifndef NODE_ASK_DNS_H
#define NODE_ASK_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"
#include "mailnode/base/op.h"

enum dns_class {
	DNS_OK,			/* at least one record */
	DNS_NODATA,		/* the name exists, not with this type */
	DNS_NXDOMAIN,		/* there is no such name */
	DNS_TEMPFAIL		/* nothing is known; ask again later */
};

enum dns_type {			/* RFC 1035, 3596, 6698: wire values */
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_SOA = 6,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_TLSA = 52
};

enum {
	DNS_NAME_MAX = 254,	/* octets of text, NUL included */
	DNS_RR_MAX = 512,	/* records of one answer; one that has
				   more is none, as a part of it could lie */
	DNS_DATA_MAX = 65536,	/* octets of all records of one answer */
	DNS_WHY_MAX = 64,	/* octets, NUL included */
	DNS_ASK_MANY = 64	/* questions of one ask_dns_many */
};

struct dns_rr {
	uint16_t	 preference;	/* MX */
	uint8_t		 usage, selector, matching;	/* TLSA */
	/*
	 * A: 4 octets; AAAA: 16; TXT: its strings joined (may hold NUL);
	 * TLSA: the association data; MX PTR CNAME NS: the name, lower
	 * case, without a last dot ("" is the root).  A NUL follows always.
	 */
	const uint8_t	*data;
	size_t		 len;
};

struct dns_answer {
	enum dns_class	 class;
	bool		 ad;		/* validated by a server we trust */
	bool		 open;		/* TEMPFAIL as the breaker is open */
	uint32_t	 ttl_s;		/* of the shortest-lived record */
	char		 owner[DNS_NAME_MAX];	/* end of the CNAME chain */
	char		 why[DNS_WHY_MAX];	/* TEMPFAIL: in words */
	size_t		 nrr;
	struct dns_rr	*rr;		/* owned; borrows from store */
	struct buf	 store;		/* private */
};

/* Caller's memory: an answer is DNS_TEMPFAIL until it is something else. */
void	 dns_answer_init(struct dns_answer *a);
void	 dns_answer_clear(struct dns_answer *a);
/* dst, initialised, becomes the same.  0, or -1 when memory is out. */
int	 dns_answer_copy(struct dns_answer *dst, const struct dns_answer *src);

/* "ok", "nodata", "nxdomain", "tempfail"; "MX", "TXT" … */
const char *dns_class_text(enum dns_class c);
const char *dns_type_text(enum dns_type t);

/* True for 1-253 octets, labels of 1-63 visible ASCII octets, one last dot. */
bool	 dns_name_ok(const char *name);

/*
 * True for a name that can be asked: the same, blanks allowed, which macros
 * of RFC 7208 section 7.1 have.  What is not one is answered DNS_NXDOMAIN
 * without asking.
 */
bool	 dns_question_ok(const char *name);

/* "4.3.2.1.in-addr.arpa", or ip6.arpa; -1 if ip is no address. */
int	 dns_reverse_name(const char *ip, char *out, size_t size);

/*
 * Asks over ch, a channel to the resolver, and waits at most timeout_ms.
 * Returns a->class, DNS_TEMPFAIL too when the resolver is gone or late.
 */
enum dns_class	ask_dns(int ch, enum dns_type type, const char *name,
		    int64_t timeout_ms, struct dns_answer *a);

struct dns_question {
	enum dns_type	 type;
	const char	*name;		/* borrowed */
	struct dns_answer answer;	/* initialised by the caller */
};

/*
 * The same for up to DNS_ASK_MANY questions at once; the timeout is for all
 * of them together.  Those not answered in time are DNS_TEMPFAIL.
 */
void	 ask_dns_many(int ch, struct dns_question *q, size_t n,
	    int64_t timeout_ms);

/*
 * The same without waiting for answers, which are read over later: the
 * resolver has them then, when they are asked for in earnest.  Their names
 * only are looked at.  What finds no room is not asked.
 */
void	 ask_dns_ahead(int ch, const struct dns_question *q, size_t n);

/*
 * Without waiting, for roles with a loop: send a question under an id of
 * the caller's (not 0), and read one answer when ch is readable.  Send:
 * 0, or -1 with errno (EINVAL: no name).  Read: 1 with *id and *a set; 0:
 * the resolver is gone; -1 with errno, EAGAIN when nothing is there.
 */
int	 ask_dns_send(int ch, uint32_t id, enum dns_type type,
	    const char *name);
int	 ask_dns_read(int ch, uint32_t *id, struct dns_answer *a);

/*
 * Does resolving work at all?  DNS_BROKEN: the breaker is open, or nobody
 * can say within timeout_ms; DNS_NONE: no resolver is configured, so that
 * waiting would not help.
 */
enum dns_health { DNS_WORKS, DNS_BROKEN, DNS_NONE };
enum dns_health	ask_dns_health(int ch, int64_t timeout_ms);

/* ---- the resolver's end ---- */

enum {
	OP_DNS_ASK = 0x0600,	/* u16 type, str name → an answer */
	OP_DNS_HEALTH = 0x0601	/* → u8 enum dns_health */
};

/* How the engine answers: borrows a. */
void	 ask_dns_reply(struct op_peer *p, uint32_t id,
	    const struct dns_answer *a);

/* What a service offers to ask_dns_ops; it calls ask_dns_reply later. */
struct ask_dns_service {
	void	(*ask)(struct ask_dns_service *s, struct op_peer *p,
		    uint32_t id, enum dns_type type, const char *name);
	enum dns_health (*health)(struct ask_dns_service *s);
};

/* Ended table; its service is a struct ask_dns_service. */
extern const struct op ask_dns_ops[];

/* Answers on a channel, for those who build one; b's errors are sticky. */
void	 dns_answer_put(struct buf *b, const struct dns_answer *a);
int	 dns_answer_get(struct chan_in *in, struct dns_answer *a);

/* Appends a record to a; data is copied.  0, or -1: full. */
int	 dns_answer_add(struct dns_answer *a, const struct dns_rr *rr);

#endif
