/*
 * A small server with a good address of its own: mail comes in on port 25
 * and goes straight to the recipients' servers.  Needs a PTR record that
 * names it, and port 25 open outwards, which many providers do on request.
 *
 *	make CONFIG=examples/vps/config.h
 *
 * Here stands what differs from config.def.h; or edit a copy of that.
 */
#define hostname	default_hostname
#define domains		default_domains
#define resolvers	default_resolvers
#define relays		default_relays
#define tls_required	default_tls_required
#define subaddress	default_subaddress
#define sign_ed25519	default_sign_ed25519
#pragma GCC diagnostic push	/* of those nobody reads the default */
#pragma GCC diagnostic ignored "-Wunused-const-variable"
#include "config.def.h"
#pragma GCC diagnostic pop
#undef hostname
#undef domains
#undef resolvers
#undef relays
#undef tls_required
#undef subaddress
#undef sign_ed25519

static const char hostname[] = "mx.example.org";
static const char *const domains[] = { "example.org", "example.net" };

/* Both validate, and both run on this machine. */
static const struct conf_resolver resolvers[] = {
	/* address		flags */
	{ "127.0.0.1:53",	CONF_TRUST_AD },
	{ "[::1]:53",		CONF_TRUST_AD },
};

/* One friend's server by the key it shows; the rest of the world by MX. */
static const struct conf_relay relays[] = {
	/* name	    host:port		   tls		  vault entry from to	       trust */
	{ "friend", "mx.friend.example:25", CONF_STARTTLS, NULL,      "*", "*@friend.example",
	    "sha256:2f8c0e6a1f0d7c1c4c3bb7d2d83c8f4b8f6f2f4c9a1de25a8f0a6b8b6dd0e917" },
	{ "direct", "mx",		   CONF_STARTTLS, NULL,	      "*", "*", NULL },
};

/* Verified TLS or not at all. */
static const char *const tls_required[] = { "friend.example", NULL };

static const char subaddress[] = "+-";
static const unsigned int sign_ed25519 = 1;
