/*
 * A small server with a good address of its own: mail comes in on port 25
 * and goes straight to the recipients' servers.  Needs a PTR record that
 * names it, and port 25 open outwards, which many providers do on request.
 *
 *	make CONFIG=examples/vps/config.h
 */
static const char hostname[] = "mx.example.org";
static const char *const domains[] = { "example.org", "example.net" };
static const char user[] = "me";
static const char realname[] = "Mina Example";
static const char maildir[] = "~/Mail";

static const unsigned int local_uids[] = { 0 };
static const char *const local_socket = "/run/mailnode/submit";

static const struct conf_listener listeners[] = {
	/* address	port	service		tls		from */
	{ "0.0.0.0",	"25",	CONF_SMTP,	CONF_STARTTLS,	NULL },
	{ "::",		"25",	CONF_SMTP,	CONF_STARTTLS,	NULL },
};

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

static const unsigned int message_max = 50 * 1024 * 1024;
static const unsigned int reserve_mib = 1024;
static const unsigned int sessions_max = 200;
static const unsigned int sessions_per_address = 20;
static const unsigned int connections_per_minute = 300;
static const unsigned int recipients_max = 100;
static const char subaddress[] = "+-";
static const char *const catchall = NULL;

static const unsigned int undo_s = 10;
static const unsigned int sign_ed25519 = 1;

static const struct conf_query queries[] = {
	/* name		notmuch query */
	{ "unread",	"tag:unread" },
	{ "flagged",	"tag:flagged" },
	{ "today",	"date:today" },
};

static const struct conf_hook hooks[] = {
	/* event	program		seconds	MiB	flags */
	{ NULL,		NULL,		0,	0,	0 },
};
