/*
 * A box at home behind a relay: mail comes in on port 25 (opened as in
 * examples/port25), and leaves through the submission service of a provider
 * that accepts it for this domain.  `mailnode vault set relay/provider`
 * stores the login.
 *
 *	make CONFIG=examples/home/config.h
 *
 * Here stands what differs from config.def.h; or edit a copy of that.
 */
#define hostname	default_hostname
#define realname	default_realname
#define resolvers	default_resolvers
#define relays		default_relays
#define reserve_mib	default_reserve_mib
#define queries		default_queries
#pragma GCC diagnostic push	/* of those nobody reads the default */
#pragma GCC diagnostic ignored "-Wunused-const-variable"
#include "config.def.h"
#pragma GCC diagnostic pop
#undef hostname
#undef realname
#undef resolvers
#undef relays
#undef reserve_mib
#undef queries

static const char hostname[] = "mail.example.org";	/* A, AAAA, MX, PTR */
static const char realname[] = "Mina Example";

/* unbound on this machine validates DNSSEC; the router is the second. */
static const struct conf_resolver resolvers[] = {
	/* address		flags */
	{ "127.0.0.1:53",	CONF_TRUST_AD },
	{ "192.168.1.1:53",	0 },
};

static const struct conf_relay relays[] = {
	/* name	      host:port			   tls	     vault entry       from to   trust */
	{ "provider", "smtp.provider.example:465", CONF_TLS, "relay/provider", "*", "*", NULL },
};

static const unsigned int reserve_mib = 512;

static const struct conf_query queries[] = {
	/* name		notmuch query */
	{ "unread",	"tag:unread" },
	{ "flagged",	"tag:flagged" },
	{ "today",	"date:today" },
	{ "new people",	"tag:first" },
	{ "lists",	"tag:lists and tag:unread" },
};
