#include "mailnode/base/role.h"

static const char *const names[ROLE_MAX] = {
	[ROLE_PARENT] = "parent",
	[ROLE_VAULT] = "vault",
	[ROLE_RESOLVER] = "resolver",
	[ROLE_KEEPER] = "keeper",
	[ROLE_FILER] = "filer",
	[ROLE_READER] = "reader",
	[ROLE_PARSER] = "parser",
	[ROLE_INDEXER] = "indexer",
	[ROLE_SENDER] = "sender",
	[ROLE_RUNNER] = "runner",
	[ROLE_SMTP] = "smtp",
	[ROLE_SUBMISSION] = "submission",
	[ROLE_IMAP] = "imap",
	[ROLE_WEB] = "web",
	[ROLE_RELAY] = "relay",
	[ROLE_OWNER] = "owner",
	[ROLE_LOCAL] = "local",
};

const char *
role_name(enum role r)
{
	return (unsigned)r < ROLE_MAX ? names[r] : "?";
}
