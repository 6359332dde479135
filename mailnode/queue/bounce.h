/*
 * Delivery status notifications of others (RFC 3464, RFC 6533), read: the
 * text of a message/delivery-status or message/global-delivery-status part;
 * or that of a message/disposition-notification (RFC 8098).
 */
#ifndef QUEUE_BOUNCE_H
#define QUEUE_BOUNCE_H

#include <stdbool.h>
#include <stddef.h>

enum {
	BOUNCE_RCPTS_MAX = 200,	/* recipients that are kept */
	BOUNCE_ADDR_MAX = 512,	/* octets, NUL included */
	BOUNCE_TEXT_MAX = 1024,	/* octets, NUL included */
	BOUNCE_FIELD_MAX = 16 * 1024	/* octets of one field, unfolded */
};

/* RFC 3464 section 2.3.3. */
enum bounce_action {
	BOUNCE_UNKNOWN, BOUNCE_FAILED, BOUNCE_DELAYED, BOUNCE_DELIVERED,
	BOUNCE_RELAYED, BOUNCE_EXPANDED,
	BOUNCE_READ		/* RFC 8098 section 3.2.6.2, displayed */
};

/* What is absent is "". */
struct bounce_rcpt {
	enum bounce_action action;
	char		 final[BOUNCE_ADDR_MAX];	/* without its type */
	char		 original[BOUNCE_ADDR_MAX];
	char		 status[16];		/* "5.1.1" */
	char		 diagnostic[BOUNCE_TEXT_MAX];	/* without its type */
	char		 mta[BOUNCE_ADDR_MAX];	/* remote, without its type */
};

struct bounce {
	char		 reporting_mta[BOUNCE_ADDR_MAX];
	char		 envid[BOUNCE_ADDR_MAX];
	size_t		 n;		/* kept */
	size_t		 total;		/* there were */
	struct bounce_rcpt rcpt[BOUNCE_RCPTS_MAX];
};

/* Reads n octets; what cannot be read is passed over. */
void	bounce_parse(struct bounce *b, const char *p, size_t n);

/* "failed", … and "unknown" */
const char *bounce_action_text(enum bounce_action a);

#endif
