/*
 * The node of `make demo`: me@demo.test, on loopback.  build/demo/demo.h has
 * the ports that were free and the pin of the friend's key; both come from
 * examples/demo/run.  A real configuration says such things itself: see
 * examples/home and examples/vps.
 */
#include "build/demo/demo.h"

static const char hostname[] = "mail.demo.test";
static const char *const domains[] = { "demo.test" };
static const char user[] = "me";
static const char realname[] = "Mina Example";
static const char maildir[] = DEMO_DIR "/me/Mail";

static const unsigned int local_uids[] = { 0 };
static const char *const local_socket = NULL;

static const struct conf_listener listeners[] = {
	/* address	port		service		tls		from */
	{ "127.0.0.1",	DEMO_ME_PORT,	CONF_SMTP,	CONF_STARTTLS,	NULL },
};

static const struct conf_resolver resolvers[] = {
	/* address		flags */
	{ "127.0.0.1:" DEMO_DNS_PORT, 0 },
};

static const struct conf_relay relays[] = {
	/* name	    host:port			 tls		 entry from to   trust */
	{ "friend", "127.0.0.1:" DEMO_FRIEND_PORT, CONF_STARTTLS, NULL, "*", "*", DEMO_FRIEND_PIN },
};

static const char *const tls_required[] = { "friend.test", NULL };

static const unsigned int message_max = 50 * 1024 * 1024;
static const unsigned int reserve_mib = 1;
static const unsigned int sessions_max = 100;
static const unsigned int sessions_per_address = 100;
static const unsigned int connections_per_minute = 0;
static const unsigned int recipients_max = 100;
static const char subaddress[] = "+";
static const char *const catchall = NULL;

static const unsigned int undo_s = 1;
static const unsigned int sign_ed25519 = 1;

static const struct conf_query queries[] = {
	/* name		notmuch query */
	{ "unread",	"tag:unread" },
	{ "flagged",	"tag:flagged" },
	{ "Ada",	"from:ada" },
};

static const struct conf_hook hooks[] = {
	/* event	program		seconds	MiB	flags */
	{ NULL,		NULL,		0,	0,	0 },
};
