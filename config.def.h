/*
 * mailnode configuration: copied to config.h by the first make, and yours
 * from then on.  Every table has its columns named above it; units and
 * ranges stand beside the values.  No secrets belong here: they live in the
 * vault.  Included by mailnode/node/conf.c alone.
 */

/* Which settings are here.  When make asks for a newer one, CHANGES lists
 * what to add; then take the new number. */
#define CONFIG_VERSION	3

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
	/* for phones, see mailnode device:
	{ "0.0.0.0",	"465",	CONF_SUBMISSION, CONF_TLS,	NULL },
	{ "0.0.0.0",	"993",	CONF_IMAP,	CONF_TLS,	NULL }, */
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
/* Networks of your own ("192.0.2.0/24"): never banned, and any number of
 * connections from them. */
static const char *const own_networks[] = { NULL };
static const unsigned int recipients_max = 100;	/* per message, RFC 5321: 100 */
static const char subaddress[] = "+";		/* separators; "" for none */
static const char *const catchall = NULL;	/* folder for unknown recipients */
/* but not for these local parts, in lower case; "*": anything. */
static const char *const catchall_refused[] = { NULL };

/*
 * Who may break a signature on the way to you, so that mail is not refused
 * for it: domains (of lists you read, of an old address that forwards) and
 * networks ("192.0.2.0/24").  And whose ARC seals you believe.
 */
static const char *const forwarders[] = { NULL };
static const char *const arc_trusted[] = { NULL };

/*
 * Lists of addresses and domains in the DNS (RFC 5782), asked about who is
 * not known: mind their terms, most answer no public resolver.
 */
static const struct conf_dnsbl dnsbls[] = {
	/* zone	what		  answers that count	then
	{ "zen.spamhaus.org", CONF_BY_ADDRESS, "127.0.0.2-11", CONF_LIST_REFUSE },
	{ "dbl.spamhaus.org", CONF_BY_DOMAIN, "127.0.1.2-99", CONF_LIST_JUNK }, */
	{ NULL,	CONF_BY_ADDRESS,  NULL,			CONF_LIST_JUNK },
};

/* Who is not known must come again after so many seconds; 0: need not.  See
 * mailnode-filter.7 before you set it: 60 is enough. */
static const unsigned int greylist_s = 0;	/* seconds, 0..3600 */

/* Sending. */
static const unsigned int undo_s = 10;		/* undo window, seconds */
static const unsigned int sign_ed25519 = 0;	/* 1: a second signature */

/* CAs for unsubscribing by one click: a file; NULL: the system's. */
static const char *const unsubscribe_ca = NULL;

/* Sidebar of the client. */
static const struct conf_query queries[] = {
	/* name		notmuch query */
	{ "unread",	"tag:unread" },
	{ "flagged",	"tag:flagged" },
	{ "today",	"date:today" },
	{ "new people",	"tag:first" },	/* proved authors' first letters */
};

/* Programs run at events; see mailnode-hooks.7. */
static const struct conf_hook hooks[] = {
	/* event	program		seconds	MiB	flags */
	{ NULL,		NULL,		0,	0,	0 },
};

/* What may not be attached, by the name's end or by type/subtype. */
static const struct conf_attachment attachments_refused[] = {
	/* what		CONF_REFUSE: 550, CONF_JUNK: to Junk */
	{ ".exe",	CONF_REFUSE },
	{ ".scr",	CONF_REFUSE },
	{ ".pif",	CONF_REFUSE },
	{ ".com",	CONF_REFUSE },
	{ ".bat",	CONF_REFUSE },
	{ ".cmd",	CONF_REFUSE },
	{ ".cpl",	CONF_REFUSE },
	{ ".msi",	CONF_REFUSE },
	{ ".hta",	CONF_REFUSE },
	{ ".lnk",	CONF_REFUSE },
	{ ".vbs",	CONF_REFUSE },
	{ ".vbe",	CONF_REFUSE },
	{ ".jse",	CONF_REFUSE },
	{ ".wsf",	CONF_REFUSE },
	{ ".wsh",	CONF_REFUSE },
	{ ".jar",	CONF_REFUSE },
	{ ".js",	CONF_JUNK },
	{ ".iso",	CONF_JUNK },
	{ "application/x-msdownload", CONF_REFUSE },
	{ "application/x-dosexec", CONF_REFUSE },
	{ NULL,		CONF_REFUSE },
};

/* What becomes of mail that comes; see mailnode-config.5. */
static const struct conf_rule rules[] = {
	/* query	tags	folder	hook	forward	flags */
	{ NULL,		NULL,	NULL,	NULL,	NULL,	0 },
};

/* Looks of the client.  Attributes hold without colours, too. */
static const struct conf_color colors[] = {
	/* what			fg	bg	attributes */
	{ PAINT_TEXT,		-1,	-1,	CONF_PLAINLY },
	{ PAINT_CURSOR,		-1,	-1,	CONF_REVERSE },
	{ PAINT_UNREAD,		-1,	-1,	CONF_BOLD },
	{ PAINT_FLAGGED,	3,	-1,	CONF_BOLD },
	{ PAINT_MARKED,		5,	-1,	CONF_BOLD },
	{ PAINT_DATE,		6,	-1,	CONF_PLAINLY },
	{ PAINT_FROM,		-1,	-1,	CONF_PLAINLY },
	{ PAINT_TAGS,		2,	-1,	CONF_PLAINLY },
	{ PAINT_TREE,		4,	-1,	CONF_PLAINLY },
	{ PAINT_STATUS,		-1,	-1,	CONF_REVERSE },
	{ PAINT_HINTS,		6,	-1,	CONF_PLAINLY },
	{ PAINT_SIDE,		-1,	-1,	CONF_PLAINLY },
	{ PAINT_SIDE_HERE,	-1,	-1,	CONF_REVERSE },
	{ PAINT_SIDE_NEW,	-1,	-1,	CONF_BOLD },
	{ PAINT_HEADER,		6,	-1,	CONF_BOLD },
	{ PAINT_SUBJECT,	-1,	-1,	CONF_BOLD },
	{ PAINT_QUOTE1,		2,	-1,	CONF_PLAINLY },
	{ PAINT_QUOTE2,		4,	-1,	CONF_PLAINLY },
	{ PAINT_QUOTE3,		5,	-1,	CONF_PLAINLY },
	{ PAINT_SIGNATURE,	-1,	-1,	CONF_DIM },
	{ PAINT_LINK,		4,	-1,	CONF_UNDERLINE },
	{ PAINT_ATTACHMENT,	5,	-1,	CONF_PLAINLY },
	{ PAINT_MATCH,		-1,	-1,	CONF_REVERSE },
	{ PAINT_GOOD,		2,	-1,	CONF_PLAINLY },
	{ PAINT_WAIT,		3,	-1,	CONF_PLAINLY },
	{ PAINT_BAD,		1,	-1,	CONF_BOLD },
	{ PAINT_ERROR,		1,	-1,	CONF_BOLD },
	{ PAINT_PROMPT,		-1,	-1,	CONF_BOLD },
};

/*
 * Keys of the client, see mailnode-tui.1: the first that fits wins, so that
 * yours may stand in front.  KEYS puts those in front that differ for
 * fingers that know another client.
 */
#define KEYS	CONF_KEYS_OURS	/* CONF_KEYS_OURS, _MUTT, _AERC */
static const struct conf_key keys[] = {
	/* where		key		does		with */
#if KEYS == CONF_KEYS_MUTT
	{ IN_LIST | IN_MSG,	"N",		DO_READ,	NULL },
	{ IN_LIST | IN_MSG,	"C-d",		DO_DELETE_THREAD, NULL },
	{ IN_ALL,		"z",		DO_PAGE_DOWN,	NULL },
	{ IN_ALL,		"Z",		DO_PAGE_UP,	NULL },
	{ IN_ALL,		"*",		DO_LAST,	NULL },
	{ IN_ALL,		"M-/",		DO_FIND_PREV,	NULL },
	{ IN_MSG,		"j",		DO_NEXT_MSG,	NULL },
	{ IN_MSG,		"k",		DO_PREV_MSG,	NULL },
	{ IN_MSG,		"S",		DO_SKIP_QUOTED,	NULL },
	{ IN_MSG,		"i",		DO_BACK,	NULL },
	{ IN_LIST,		"y",		DO_GO,		NULL },
	{ IN_ALL,		"$",		DO_REDRAW,	NULL },
#elif KEYS == CONF_KEYS_AERC
	{ IN_ALL,		"g",		DO_FIRST,	NULL },
	{ IN_LIST | IN_MSG,	"r r",		DO_REPLY_ALL,	NULL },
	{ IN_LIST | IN_MSG,	"r q",		DO_REPLY_ALL,	NULL },
	{ IN_LIST | IN_MSG,	"R r",		DO_REPLY,	NULL },
	{ IN_LIST | IN_MSG,	"R q",		DO_REPLY,	NULL },
	{ IN_LIST | IN_MSG,	"D",		DO_DELETE,	NULL },
	{ IN_LIST,		"v",		DO_MARK,	NULL },
	{ IN_LIST,		"Space",	DO_MARK,	NULL },
	{ IN_LIST,		"Tab",		DO_FOLD,	NULL },
	{ IN_LIST,		"C",		DO_COMPOSE,	NULL },
	{ IN_MSG,		"H",		DO_HEADERS,	NULL },
	{ IN_MSG,		"C-l",		DO_LINK_OPEN,	NULL },
	{ IN_MSG,		"O",		DO_PARTS,	NULL },
	{ IN_PARTS,		"O",		DO_OPEN,	NULL },
	{ IN_PARTS,		"S",		DO_MOVE,	NULL },
	{ IN_COMPOSE,		"p",		DO_POSTPONE,	NULL },
	{ IN_COMPOSE,		"n",		DO_ABORT,	NULL },
#endif
	{ IN_ALL,		"j",		DO_NEXT,	NULL },
	{ IN_ALL,		"Down",		DO_NEXT,	NULL },
	{ IN_ALL,		"k",		DO_PREV,	NULL },
	{ IN_ALL,		"Up",		DO_PREV,	NULL },
	{ IN_ALL,		"C-f",		DO_PAGE_DOWN,	NULL },
	{ IN_ALL,		"PgDn",		DO_PAGE_DOWN,	NULL },
	{ IN_ALL,		"C-b",		DO_PAGE_UP,	NULL },
	{ IN_ALL,		"PgUp",		DO_PAGE_UP,	NULL },
	{ IN_MSG | IN_TEXT,	"Space",	DO_PAGE_DOWN,	NULL },
	{ IN_MSG | IN_TEXT,	"-",		DO_PAGE_UP,	NULL },
	{ IN_ALL,		"C-d",		DO_HALF_DOWN,	NULL },
	{ IN_ALL,		"]",		DO_HALF_DOWN,	NULL },
	{ IN_ALL,		"C-u",		DO_HALF_UP,	NULL },
	{ IN_ALL,		"[",		DO_HALF_UP,	NULL },
	{ IN_ALL,		"=",		DO_FIRST,	NULL },
	{ IN_ALL,		"Home",		DO_FIRST,	NULL },
	{ IN_ALL,		"G",		DO_LAST,	NULL },
	{ IN_ALL,		"End",		DO_LAST,	NULL },
	{ IN_MSG | IN_TEXT,	"Enter",	DO_NEXT,	NULL },
	{ IN_ALL,		"Enter",	DO_OPEN,	NULL },
	{ IN_LIST,		"Space",	DO_OPEN,	NULL },
	{ IN_COMPOSE,		"q",		DO_ABORT,	NULL },
	{ IN_ALL,		"q",		DO_BACK,	NULL },
	{ IN_ALL,		"Q",		DO_QUIT,	NULL },

	{ IN_LIST | IN_MSG,	"C-n",		DO_NEXT_THREAD,	NULL },
	{ IN_LIST | IN_MSG,	"C-p",		DO_PREV_THREAD,	NULL },
	{ IN_LIST,		"Tab",		DO_NEXT_UNREAD,	NULL },
	{ IN_LIST | IN_MSG,	"Backtab",	DO_PREV_UNREAD,	NULL },
	{ IN_MSG,		"Tab",		DO_SKIP_QUOTED,	NULL },
	{ IN_MSG,		"J",		DO_NEXT_MSG,	NULL },
	{ IN_MSG,		"K",		DO_PREV_MSG,	NULL },
	{ IN_LIST | IN_MSG,	"P",		DO_PARENT,	NULL },
	{ IN_LIST,		"J",		DO_SIDE_NEXT,	NULL },
	{ IN_LIST,		"K",		DO_SIDE_PREV,	NULL },
	{ IN_ALL,		"B",		DO_SIDE_TOGGLE,	NULL },
	{ IN_LIST | IN_MSG,	"c",		DO_GO,		NULL },
	{ IN_LIST,		"1",		DO_SAVED,	"1" },
	{ IN_LIST,		"2",		DO_SAVED,	"2" },
	{ IN_LIST,		"3",		DO_SAVED,	"3" },
	{ IN_LIST,		"4",		DO_SAVED,	"4" },
	{ IN_LIST,		"5",		DO_SAVED,	"5" },
	{ IN_LIST,		"6",		DO_SAVED,	"6" },
	{ IN_LIST,		"7",		DO_SAVED,	"7" },
	{ IN_LIST,		"8",		DO_SAVED,	"8" },
	{ IN_LIST,		"9",		DO_SAVED,	"9" },
	{ IN_LIST,		"l",		DO_NARROW,	NULL },
	{ IN_LIST,		"\\",		DO_NARROW,	NULL },
	{ IN_LIST,		"o",		DO_SORT,	NULL },
	{ IN_LIST,		"O",		DO_SORT_REVERSE, NULL },
	{ IN_ALL,		"Esc",		DO_CANCEL,	NULL },
	{ IN_ALL,		"C-g",		DO_CANCEL,	NULL },
	{ IN_ALL,		"/",		DO_FIND,	NULL },
	{ IN_ALL,		"n",		DO_FIND_NEXT,	NULL },
	{ IN_ALL,		"N",		DO_FIND_PREV,	NULL },

	{ IN_LIST,		"z a",		DO_FOLD,	NULL },
	{ IN_LIST,		"M-v",		DO_FOLD,	NULL },
	{ IN_LIST,		"z c",		DO_FOLD_CLOSE,	NULL },
	{ IN_LIST,		"z o",		DO_FOLD_OPEN,	NULL },
	{ IN_LIST,		"z M",		DO_CLOSE_ALL,	NULL },
	{ IN_LIST,		"M-V",		DO_CLOSE_ALL,	NULL },
	{ IN_LIST,		"z R",		DO_OPEN_ALL,	NULL },
	{ IN_LIST,		"t",		DO_MARK,	NULL },
	{ IN_LIST,		"V",		DO_MARK_RANGE,	NULL },
	{ IN_LIST,		"T",		DO_MARK_QUERY,	NULL },
	{ IN_LIST,		";",		DO_MARKED,	NULL },
	{ IN_LIST | IN_MSG,	"a",		DO_ARCHIVE,	NULL },
	{ IN_LIST | IN_MSG,	"A",		DO_ARCHIVE_THREAD, NULL },
	{ IN_LIST | IN_MSG,	"d",		DO_DELETE,	NULL },
	{ IN_LIST | IN_MSG,	"D",		DO_DELETE_THREAD, NULL },
	{ IN_LIST | IN_MSG,	"S",		DO_JUNK,	NULL },
	{ IN_LIST | IN_MSG,	"F",		DO_FLAG,	NULL },
	{ IN_LIST | IN_MSG,	"w",		DO_READ,	NULL },
	{ IN_LIST | IN_MSG,	"+",		DO_TAG_ADD,	NULL },
	{ IN_LIST,		"-",		DO_TAG_REMOVE,	NULL },
	{ IN_LIST | IN_MSG,	"Y",		DO_TAG_EDIT,	NULL },
	{ IN_LIST | IN_MSG | IN_PARTS, "s",	DO_MOVE,	NULL },
	{ IN_LIST | IN_MSG,	"C",		DO_COPY,	NULL },
	{ IN_ALL,		"u",		DO_UNDO,	NULL },
	{ IN_ALL,		"U",		DO_REDO,	NULL },

	{ IN_MSG,		"h",		DO_HEADERS,	NULL },
	{ IN_MSG,		"H",		DO_HTML,	NULL },
	{ IN_LIST | IN_MSG,	"e",		DO_SOURCE,	NULL },
	{ IN_MSG,		"T",		DO_QUOTED,	NULL },
	{ IN_LIST | IN_MSG,	"v",		DO_PARTS,	NULL },
	{ IN_PARTS,		"C-j",		DO_PART_NEXT,	NULL },
	{ IN_PARTS,		"C-k",		DO_PART_PREV,	NULL },
	{ IN_MSG,		"o",		DO_LINK_OPEN,	NULL },
	{ IN_PARTS,		"o",		DO_OPEN,	NULL },
	{ IN_MSG,		"C-y",		DO_LINK_COPY,	NULL },
	{ IN_MSG | IN_LIST | IN_PARTS, "|",	DO_PIPE,	NULL },
	{ IN_MSG | IN_LIST,	"p",		DO_PRINT,	NULL },

	{ IN_LIST | IN_MSG,	"m",		DO_COMPOSE,	NULL },
	{ IN_LIST | IN_MSG,	"r",		DO_REPLY,	NULL },
	{ IN_LIST | IN_MSG,	"g",		DO_REPLY_ALL,	NULL },
	{ IN_LIST | IN_MSG,	"L",		DO_REPLY_LIST,	NULL },
	{ IN_LIST | IN_MSG,	"f",		DO_FORWARD,	NULL },
	{ IN_LIST | IN_MSG,	"b",		DO_BOUNCE,	NULL },
	{ IN_LIST | IN_MSG,	"R",		DO_RECALL,	NULL },
	{ IN_COMPOSE,		"y",		DO_SEND,	NULL },
	{ IN_COMPOSE,		"e",		DO_EDIT,	NULL },
	{ IN_COMPOSE,		"a",		DO_ATTACH,	NULL },
	{ IN_COMPOSE,		"d",		DO_DETACH,	NULL },
	{ IN_COMPOSE,		"P",		DO_POSTPONE,	NULL },
	{ IN_COMPOSE,		"t",		DO_EDIT_TO,	NULL },
	{ IN_COMPOSE,		"c",		DO_EDIT_CC,	NULL },
	{ IN_COMPOSE,		"b",		DO_EDIT_BCC,	NULL },
	{ IN_COMPOSE,		"S",		DO_EDIT_SUBJECT, NULL },
	{ IN_COMPOSE,		"s",		DO_SIGN,	NULL },
	{ IN_COMPOSE,		"x",		DO_ENCRYPT,	NULL },
	{ IN_COMPOSE,		"f",		DO_EDIT_FROM,	NULL },
	{ IN_COMPOSE,		"A",		DO_ALIAS,	NULL },

	{ IN_QUEUE,		"h",		DO_HOLD,	NULL },
	{ IN_QUEUE,		"r",		DO_RELEASE,	NULL },
	{ IN_QUEUE,		"t",		DO_RETRY,	NULL },
	{ IN_QUEUE,		"d",		DO_DROP,	NULL },
	{ IN_ALL,		"x q",		DO_QUEUE,	NULL },
	{ IN_ALL,		"x i",		DO_INCOMING,	NULL },
	{ IN_ALL,		"x r",		DO_REJECTS,	NULL },
	{ IN_INCOMING | IN_TEXT, "y",		DO_LET_IN,	NULL },
	{ IN_LIST | IN_MSG,	"E",		DO_SNOOZE,	NULL },
	{ IN_LIST | IN_MSG,	"X",		DO_UNSUBSCRIBE,	NULL },
	{ IN_ALL,		"x a",		DO_ALIAS,	NULL },
	{ IN_LIST | IN_MSG,	"x y",		DO_ALLOW,	NULL },
	{ IN_LIST | IN_MSG,	"x b",		DO_BLOCK,	NULL },
	{ IN_LIST | IN_MSG,	"x d",		DO_DELIVERY,	NULL },
	{ IN_LIST | IN_MSG | IN_QUEUE | IN_INCOMING, "x l", DO_WHY,	NULL },
	{ IN_ALL,		"x h",		DO_STATUS,	NULL },
	{ IN_ALL,		"$",		DO_QUEUE_RUN,	NULL },
	{ IN_ALL,		":",		DO_COMMAND,	NULL },
	{ IN_ALL,		"!",		DO_SHELL,	NULL },
	{ IN_ALL,		"?",		DO_HELP,	NULL },
	{ IN_ALL,		"F1",		DO_HELP,	NULL },
	{ IN_ALL,		"C-l",		DO_REDRAW,	NULL },
	{ IN_ALL,		"C-z",		DO_SUSPEND,	NULL },
};
