/*
 * mailnode configuration: copied to config.h by the first make, and yours
 * from then on.  Every table has its columns named above it; units and
 * ranges stand beside the values.  No secrets belong here: they live in the
 * vault.  Included by mailnode/node/conf.c alone.
 */

/* Who we are. */
static const char hostname[] = "mail.example.org";	/* name in EHLO, MX */
static const char *const domains[] = { "example.org" };	/* first: primary */
static const char user[] = "me";	/* me@example.org; also local part */
static const char realname[] = "";	/* in From of what you write */
static const char maildir[] = "~/Mail";

/* Other local users whose cron may submit; uid 0 always may. */
static const unsigned int local_uids[] = { 0 };
/* Their door: in a directory of yours that they can reach; NULL for none. */
static const char *const local_socket = "/run/mailnode/submit";

/* Where we listen.  Port 0: the kernel's choice, named in run/listeners. */
static const struct conf_listener listeners[] = {
	/* address	port	service		tls		from */
	{ "0.0.0.0",	"25",	CONF_SMTP,	CONF_STARTTLS,	NULL },
	{ "::",		"25",	CONF_SMTP,	CONF_STARTTLS,	NULL },
};

/* Recursive resolvers on this machine or a network you trust. */
static const struct conf_resolver resolvers[] = {
	/* address		flags: CONF_TRUST_AD if it validates */
	{ "127.0.0.1:53",	0 },
};

/* Ways out, first match wins. */
static const struct conf_relay relays[] = {
	/* name	   host:port or "mx"	  tls	    vault entry	  from	 to   trust */
	{ "relay", "smtp.example.net:465", CONF_TLS, "relay/relay", "*", "*", NULL },
};

/* Next hops that get mail over verified TLS or not at all. */
static const char *const tls_required[] = { NULL };

/* Receiving. */
static const unsigned int message_max = 50 * 1024 * 1024; /* octets, 64 KiB.. */
static const unsigned int reserve_mib = 256;	/* free space kept, MiB */
static const unsigned int sessions_max = 200;	/* SMTP sessions in all */
static const unsigned int sessions_per_address = 20;
static const unsigned int connections_per_minute = 300;	/* per address; 0: any */
static const unsigned int recipients_max = 100;	/* per message, RFC 5321: 100 */
static const char subaddress[] = "+";		/* separators; "" for none */
static const char *const catchall = NULL;	/* folder for unknown recipients */

/* Sending. */
static const unsigned int undo_s = 10;		/* undo window, seconds */
static const unsigned int sign_ed25519 = 0;	/* 1: a second signature */

/* Sidebar of the client. */
static const struct conf_query queries[] = {
	/* name		notmuch query */
	{ "unread",	"tag:unread" },
	{ "flagged",	"tag:flagged" },
	{ "today",	"date:today" },
};

/* Programs run at events; see mailnode-hooks.7. */
static const struct conf_hook hooks[] = {
	/* event	program		seconds	MiB	flags */
	{ NULL,		NULL,		0,	0,	0 },
};
