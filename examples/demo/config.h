/*
 * The node of `make demo`: me@demo.test, on loopback.
 * build/demo/demo.h has the ports that were free and the pins of both keys;
 * examples/demo/run writes it.  See examples/home and examples/vps for what
 * a configuration looks like that lasts.
 */
#if !__has_include("build/demo/demo.h")
#error "make demo chooses ports and pins first; examples/home is for lasting"
#endif
#include "build/demo/demo.h"

#define hostname	default_hostname
#define domains		default_domains
#define user		default_user
#define realname	default_realname
#define maildir		default_maildir
#define local_socket	default_local_socket
#define listeners	default_listeners
#define resolvers	default_resolvers
#define relays		default_relays
#define tls_required	default_tls_required
#define reserve_mib	default_reserve_mib
#define undo_s		default_undo_s
#define sign_ed25519	default_sign_ed25519
#define queries		default_queries
#pragma GCC diagnostic push	/* of those nobody reads the default */
#pragma GCC diagnostic ignored "-Wunused-const-variable"
#include "config.def.h"
#pragma GCC diagnostic pop
#undef hostname
#undef domains
#undef user
#undef realname
#undef maildir
#undef local_socket
#undef listeners
#undef resolvers
#undef relays
#undef tls_required
#undef reserve_mib
#undef undo_s
#undef sign_ed25519
#undef queries

static const char hostname[] = "mail.demo.test";
static const char *const domains[] = { "demo.test" };
static const char user[] = "me";
static const char realname[] = "Mina Example";
static const char maildir[] = DEMO_DIR "/me/Mail";
static const char *const local_socket = NULL;

static const struct conf_listener listeners[] = {
	/* address	port		service		tls		from */
	{ "127.0.0.1",	DEMO_ME_PORT,	CONF_SMTP,	CONF_STARTTLS,	NULL },
};

static const struct conf_resolver resolvers[] = {
	/* address		flags */
	{ "127.0.0.1:" DEMO_DNS_PORT, 0 },
};

/* The next hop is the other node, by the key it must show. */
static const struct conf_relay relays[] = {
	/* name	    host:port		 tls		 entry from to   trust */
	{ "friend", "127.0.0.1:" DEMO_FRIEND_PORT, CONF_STARTTLS, NULL, "*", "*", DEMO_FRIEND_PIN },
};
static const char *const tls_required[] = { "friend.test", NULL };

static const unsigned int reserve_mib = 1;
static const unsigned int undo_s = 1;
static const unsigned int sign_ed25519 = 1;

static const struct conf_query queries[] = {
	/* name		notmuch query */
	{ "unread",	"tag:unread" },
	{ "Ada",	"from:ada@friend.test" },
};
