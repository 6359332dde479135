/*
 * Who sits at the other end of a channel.  Rights travel with the channel:
 * the parent tells a service which role it made a channel for, and the
 * service believes nothing else about that peer.
 */
#ifndef BASE_ROLE_H
#define BASE_ROLE_H

#include <stdint.h>

enum role {
	ROLE_PARENT,
	ROLE_VAULT,
	ROLE_RESOLVER,
	ROLE_KEEPER,
	ROLE_FILER,
	ROLE_READER,
	ROLE_PARSER,
	ROLE_INDEXER,
	ROLE_SENDER,
	ROLE_RUNNER,
	ROLE_SMTP,		/* a stranger's session on port 25 */
	ROLE_SUBMISSION,	/* a device of the owner */
	ROLE_IMAP,
	ROLE_WEB,
	ROLE_RELAY,		/* one outgoing connection */
	ROLE_OWNER,		/* client or command, over the control socket */
	ROLE_LOCAL,		/* uid 0 or local_uids[]: may submit, no more */
	ROLE_MAX
};

/* The bit of a role in an op's mask. */
#define ROLE_BIT(r)	(UINT32_C(1) << (r))
#define ROLE_ANY	(ROLE_BIT(ROLE_MAX) - 1)

/* Lower-case name of a role; "?" for a number that is none. */
const char	*role_name(enum role r);

#endif
