/* The compiled-in configuration, read through `conf`; see config.def.h. */
#ifndef NODE_CONF_H
#define NODE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "mailnode/node/conf_tui.h"

enum conf_service { CONF_SMTP, CONF_SUBMISSION, CONF_IMAP, CONF_WEB };
enum conf_tls { CONF_PLAIN, CONF_STARTTLS, CONF_TLS };
enum { CONF_TRUST_AD = 1 };			/* conf_resolver.flags */
enum { CONF_HOOK_NET = 1, CONF_HOOK_MAIL = 2 };	/* conf_hook.flags */

struct conf_listener {
	const char		*address;	/* numeric */
	const char		*port;		/* "0": the kernel's choice */
	enum conf_service	 service;
	enum conf_tls		 tls;
	const char		*from;	/* "10.0.0.0/8 ::1/128"; NULL: all */
};

struct conf_resolver {
	const char	*address;		/* "127.0.0.1:53", "[::1]:53" */
	unsigned int	 flags;
};

struct conf_relay {
	const char	*name;
	const char	*host;		/* "host:port", or "mx" */
	enum conf_tls	 tls;
	const char	*entry;		/* of the vault; NULL: no login */
	const char	*from, *to;	/* patterns of addresses, "*@x" */
	const char	*trust;		/* NULL: system CAs; "/path": CA file;
					   "sha256:HEX" of the key (SPKI) */
};

enum conf_list_kind { CONF_BY_ADDRESS, CONF_BY_DOMAIN };
enum conf_list_then { CONF_LIST_REFUSE, CONF_LIST_JUNK };

struct conf_dnsbl {
	const char		*zone;		/* NULL: no list */
	enum conf_list_kind	 kind;
	const char		*answers;	/* "127.0.0.2 127.0.0.4-7";
						   NULL: any that is no error */
	enum conf_list_then	 then;
};

struct conf_query {
	const char	*name;
	const char	*query;
};

struct conf_hook {
	const char	*event;
	const char	*program;
	unsigned int	 seconds;
	unsigned int	 mib;
	unsigned int	 flags;
};

enum conf_verdict { CONF_REFUSE, CONF_JUNK };

struct conf_attachment {
	const char		*what;	/* ".exe", or "type/subtype" */
	enum conf_verdict	 verdict;
};

enum { CONF_RULE_NOTIFY = 1, CONF_RULE_STOP = 2 };	/* conf_rule.flags */

struct conf_rule {
	const char	*query;		/* notmuch's; NULL ends the table */
	const char	*tags;		/* "+a -b", or NULL */
	const char	*folder;	/* mailbox, or NULL */
	const char	*hook;		/* event of hooks[], or NULL */
	const char	*forward;	/* address elsewhere, or NULL */
	unsigned int	 flags;
};

struct conf {
	const char	*hostname;
	const char	*const *domains;
	size_t		 ndomains;
	const char	*user;
	const char	*realname;
	const char	*maildir;	/* as written; see conf_maildir() */
	const unsigned int *local_uids;
	size_t		 nlocal_uids;
	const char	*local_socket;	/* path, or NULL: no such door */
	const struct conf_listener *listeners;
	size_t		 nlisteners;
	const struct conf_resolver *resolvers;
	size_t		 nresolvers;
	const struct conf_relay *relays;
	size_t		 nrelays;
	const char	*const *tls_required;
	size_t		 ntls_required;
	const struct conf_query *queries;
	size_t		 nqueries;
	const struct conf_hook *hooks;
	size_t		 nhooks;
	const struct conf_attachment *attachments;	/* filter/attach.h */
	size_t		 nattachments;
	const struct conf_rule *rules;	/* see mailnode/filter/rules.h */
	size_t		 nrules;
	const struct conf_key *keys;
	size_t		 nkeys;
	const struct conf_color *colors;
	size_t		 ncolors;
	uint64_t	 message_max;		/* octets */
	uint64_t	 reserve;		/* octets */
	unsigned int	 sessions_max;
	unsigned int	 sessions_per_address;
	unsigned int	 connections_per_minute; /* per address; 0: any */
	const char	*const *own_networks;	/* never banned; NULL: none */
	size_t		 nown_networks;
	unsigned int	 recipients_max;
	const char	*subaddress;
	const char	*catchall;		/* folder, or NULL */
	const char	*const *catchall_refused; /* "info", "*-spam" */
	size_t		 ncatchall_refused;
	const char	*const *forwarders; /* domains, networks; NULL: none */
	size_t		 nforwarders;
	const char	*const *arc_trusted;	/* domains; NULL: none */
	size_t		 narc_trusted;
	const struct conf_dnsbl *dnsbls;
	size_t		 ndnsbls;
	unsigned int	 greylist_s;	/* wait of the unknown; 0: none */
	unsigned int	 undo_s;
	bool		 sign_ed25519;
	const char	*unsubscribe_ca;	/* file, or NULL */
};

extern const struct conf conf;

/* By conf.local_socket; the owner may anyway. */
bool	conf_may_submit(uid_t uid);

/*
 * Absolute paths, "~" resolved from HOME or the user database.  Each
 * returns owned, or NULL with errno.  conf_home: MAILNODE_HOME, else
 * ~/.local/share/mailnode.
 */
char	*conf_home(void);
char	*conf_maildir(void);

#endif
