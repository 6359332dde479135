/*
 * A box at home behind a relay: mail comes in on port 25 (opened as in
 * examples/port25), and leaves through the submission service of a
 * provider that accepts it for this domain.  `mailnode vault set
 * relay/provider` stores the login.
 *
 *	make CONFIG=examples/home/config.h
 */
static const char hostname[] = "mail.example.org";	/* A, AAAA, MX, PTR */
static const char *const domains[] = { "example.org" };
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

static const char *const tls_required[] = { NULL };

static const unsigned int message_max = 50 * 1024 * 1024;
static const unsigned int reserve_mib = 512;
static const unsigned int sessions_max = 100;
static const unsigned int sessions_per_address = 10;
static const unsigned int connections_per_minute = 60;
static const unsigned int recipients_max = 100;
static const char subaddress[] = "+";
static const char *const catchall = NULL;

static const unsigned int undo_s = 10;
static const unsigned int sign_ed25519 = 0;

static const struct conf_query queries[] = {
	/* name		notmuch query */
	{ "unread",	"tag:unread" },
	{ "flagged",	"tag:flagged" },
	{ "today",	"date:today" },
	{ "lists",	"tag:lists and tag:unread" },
};

static const struct conf_hook hooks[] = {
	/* event	program		seconds	MiB	flags */
	{ NULL,		NULL,		0,	0,	0 },
};
