/* Private to the session's files. */
#ifndef IMAP_TALK_H
#define IMAP_TALK_H

#include "mailnode/base/buf.h"
#include "mailnode/base/op.h"
#include "mailnode/base/set.h"
#include "mailnode/imap/lex.h"
#include "mailnode/imap/session.h"
#include "mailnode/node/deflate.h"
#include "mailnode/node/trace.h"
#include "mailnode/smtp/sasl.h"
#include "store/op_box.h"
#include "store/op_find.h"
#include "store/op_mail.h"
#include "store/op_set.h"
#include "store/op_view.h"

/* Bits, so that the table of verbs can name sets of them. */
enum state {
	ST_GREETED = 1,		/* nobody logged in */
	ST_OWNER = 2,		/* a device of the owner, no mailbox */
	ST_SELECTED = 4,
	ST_END = 8,		/* nothing more will be read */
	ST_IN = ST_OWNER | ST_SELECTED,
	ST_ANY = ST_GREETED | ST_IN
};

/* What the client enabled, RFC 5161; each for good. */
enum enabled {
	EN_CONDSTORE = 1,
	EN_QRESYNC = 2,
	EN_UTF8 = 4,
	EN_REV2 = 8
};

enum {
	LITERAL_EARLY_MAX = 4096,	/* octets, before the login */
	LITERAL_MAX = 64 * 1024,	/* octets that are no message */
	ASTRAY_MAX = 50,		/* BAD in a row, then it is closed */
	ASTRAY_EARLY_MAX = 20,		/* the same before the login */
	TAKE_MAX = SET_DATA_MAX,	/* octets of a literal at a time */
	TEXT_MAX = 400,			/* octets of an answer's text */
	KEYWORD_TEXT = 64 * 1024,	/* octets of all told in FLAGS */
	FLAG_RECENT = 1 << 30		/* beside STORE_*: \Recent */
};

/* The mailbox at hand, as the client was told of it. */
struct view {
	uint64_t	 mbox;		/* 0: none */
	char		 name[BOX_NAME_MAX];
	bool		 readonly;
	uint32_t	 uidvalidity;
	uint32_t	 uidnext;	/* all below it were told */
	uint32_t	 exists;
	uint64_t	 modseq;	/* flags were told up to here */
	uint64_t	 gone;		/* expunges were told up to here */
	uint64_t	 said;		/* the highest of a row, since news */
	bool		 mapped;
	struct set	 map;		/* UIDs told; made at first use */
	struct set	 change;	/* what went, or came, of the news */
	struct set	 recent;	/* UIDs that are here for the first
					   time, and those between … */
	uint32_t	 nrecent;	/* … so many are there */
	struct buf	 keywords;	/* of FLAGS, a blank before each … */
	bool		 untold;	/* … but the last were not told yet */
	struct set	 saved;		/* "$": UIDs, RFC 5182 */
};

struct session {
	const struct imap_start *start;
	struct line	*line;
	enum state	 state;
	const char	*why;		/* it ended; for the log */
	char		 id[TRACE_SIZE];
	struct lex	 lex;
	char		 tag[LEX_TAG_MAX + 1];
	bool		 answered;	/* the command has its tagged answer */
	bool		 uid;		/* it is a UID command */
	bool		 second;	/* of two verbs with one function */
	bool		 later;		/* news of flags wait for the next */
	struct sasl	*sasl;
	unsigned int	 enabled;	/* EN_* */
	unsigned int	 errors;	/* BAD in all */
	unsigned int	 astray;	/* since a command that was one */
	int64_t		 began_ms;	/* monotonic */
	bool		 told;		/* mailboxes changed meanwhile */
	bool		 told_boxes;	/* the same, for NOTIFY */
	enum { HEARS_NOTHING, HEARS_NOTIFY, HEARS_IDLE } hears;
	struct notify	*notify;	/* NULL: it was never used */
	bool		 watching;
	bool		 index;		/* a search wants it … */
	bool		 indexed;	/* … and the reader has it */
	struct op_reply	 keeper, reader, rows;
	struct view_box	 box;		/* see find_box() */
	struct buf	 out;		/* one answer in the making */
	struct buf	 last;		/* the tagged one */
	struct view	 view;
	/* of one command, cleared behind it */
	char		 name[BOX_NAME_MAX];	/* the mailbox it names */
	struct set	 uids;		/* the messages it is about … */
	bool		 ours;		/* … and whose flags it told itself */
	struct set	 seqs;		/* their numbers, or what is needed
					   until the next news at most */
	struct set_done	 done;		/* what keeper did of it */
	struct find_prog prog;		/* what is looked for */
	struct fetch	*fetch;		/* what is fetched; NULL */
	struct deflate	*deflate;	/* NULL: plain */
	int64_t		 progress_ms;	/* a word was said, or it began */
	uint64_t	 progress_goal;	/* of the command */
	uint64_t	 fetched;	/* messages, for the log */
	uint64_t	 rows_told;	/* FETCH answers to one question */
	char		 client[128];	/* as it calls itself: ID */
};

/* ---- session.c ---- */

/* The only place that changes the state. */
void	 imap_enter(struct session *s, enum state st);
void	 imap_end(struct session *s, const char *why);
/* One line, telling news meanwhile as s->hears has it.  False: there is none;
 * answered, or the session ended. */
bool	 next_line(struct session *s, size_t max, char **text, size_t *n);
/* The channel to a reader, which is asked for when there is none, or none
 * with the index that s->index wants; -1: none came. */
int	 reader_of(struct session *s);
/* Hears what keeper told. */
void	 listen_up(struct session *s);
/* Some of the next octets of *left, at most TAKE_MAX: valid until the next
 * call that reads.  0: the session is over. */
size_t	 take_octets(struct session *s, uint64_t *left, const uint8_t **p);

/* Of what was refused, a literal that does not wait, and what follows: lines
 * of a letter are no commands of its owner. */
void	 pass_over(struct session *s, const struct lex_literal *first);

/* ---- verb.c ---- */

void	 imap_verb(struct session *s);

/* ---- reply.c: the only place that formats answers ---- */

/* Tagged.  code may be "" ("[CODE] " is put around it). */
void	 reply_ok(struct session *s, const char *code, const char *text);
/* What stands in s->out is the code. */
void	 reply_out(struct session *s, const char *text);
/* These are always false, as what failed. */
bool	 reply_no(struct session *s, const char *code, const char *text);
bool	 reply_bad(struct session *s, const char *text);
bool	 reply_bye(struct session *s, const char *text, const char *why);
/* Sends the tagged answer, at the end of each command. */
void	 answer_out(struct session *s);
/* Is it OP_OK?  Else it is answered, by reply_failed(). */
bool	 well(struct session *s, uint16_t status);
/* "no" with the code and words for what a service said; ends the session
 * when the service is gone. */
bool	 reply_failed(struct session *s, uint16_t status);
/* The same of the mailbox that something was to go to. */
bool	 reply_no_target(struct session *s, uint16_t status);
void	 untagged(struct session *s, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
void	 reply_go_on(struct session *s, const char *text);
/* INPROGRESS, RFC 9585: a word for those who wait.  As a set_ask has it,
 * with a session: so many of s->progress_goal are done. */
void	 progress_tick(void *arg, const struct set_done *done);
/* For calls that say so whenever they wait. */
void	 asks_init(struct session *s, struct op_reply *r);
/* Into s->out, which send_out() sends and empties: a word of a list in
 * parentheses, with a blank before it if one was. */
void	 put_word(struct buf *b, const char *word);
void	 send_out(struct session *s);
void	 send_line(struct session *s);	/* with its CRLF */

/* Object identifiers, RFC 8474: "(F1234)" is a mailbox by its UIDVALIDITY,
 * which no other has and a new name leaves as it is; "(M…)" a message by the
 * hash of its content, "(T…)" a thread by that of the Message-ID that all of
 * it answers.  None changes, be it that all indexes are made anew. */
enum { OBJECTID_EMAIL = 'M', OBJECTID_THREAD = 'T' };
void	 put_objectid(struct buf *b, char kind, const uint8_t *p, size_t n);

/* ---- flags.c ---- */

struct flag_list {
	uint32_t	 flags;		/* STORE_* */
	char		 keywords[MAIL_TAGS_MAX];	/* blank between */
};

/* A list in parentheses, or (bare) flags up to the end; false: malformed. */
bool	 flag_list(struct lex *l, bool bare, struct flag_list *out);
/* One more flag. */
bool	 flag_one(struct lex *l, struct flag_list *out);
/* As a list; what the client has not heard of it is told before b. */
void	 put_flags(struct session *s, struct buf *b, uint32_t flags,
	    const char *tags);
void	 tell_flags(struct session *s);

/* ---- view.c: what the client was told, and what is ---- */

/* Leaves the mailbox at hand, if there is one. */
void	 view_leave(struct session *s);
/* RFC 7162 section 3.1: the client has used it; it is told where the mailbox
 * at hand is. */
void	 condstore_on(struct session *s);
/* Makes the map; false: answered already. */
bool	 view_map(struct session *s);
/* As the client counts, in the order of uids; what it has not been told of
 * is left out.  False: answered already. */
bool	 view_seqs(struct session *s, const struct set *uids,
	    struct set *seqs);
/*
 * fetch.c: "* seq FETCH (UID FLAGS MODSEQ)" of what the client knows: of
 * these UIDs (NULL: all) without `but`, below that (0: all), changed since
 * and up to a MODSEQ (0: whenever); silent: without flags.  False: answered
 * already.
 */
struct telling {
	const struct set *of, *but;
	uint32_t	 below;
	uint64_t	 since, upto;
	bool		 silent;
};
bool	 tell_rows(struct session *s, const struct telling *t);
/* RFC 5530 section 3, when that left out some of s->uids: a number that the
 * client knows, of what it has not heard yet that another expunged it. */
void	 reply_missing(struct session *s);
/* Keeper tells of changes from now on.  False: answered. */
bool	 watch(struct session *s);
/* VANISHED (EARLIER) of what went since; known: only of these, or
 * NULL.  False: answered already. */
bool	 tell_gone(struct session *s, const struct set *known, uint64_t since);
/* A set, be it of UIDs, as UIDs; some: a sequence number of no message is no
 * error.  False: answered already. */
bool	 view_set(struct session *s, const struct lex_str *text, bool uid,
	    bool some, struct set *uids);

enum sync_how {
	SYNC_NEW = 1,		/* EXISTS and flags */
	SYNC_GONE = 2,		/* and EXPUNGE or VANISHED */
	SYNC_FORCE = 4,		/* ask, even if nothing was told */
	SYNC_OWN = 8,		/* whatever NOTIFY says: the client did it */
	SYNC_FLAGS = 16		/* notify_may() adds it */
};
void	 view_sync(struct session *s, unsigned int how);

/* ---- notify.c ---- */

void	 notify_free(struct notify *n);
/* What of SYNC_* the client wants to hear now; 0: nothing. */
unsigned int notify_may(const struct session *s, unsigned int how);
/* These came into the mailbox at hand: what of them is wanted. */
void	 notify_fresh(struct session *s, const struct set *uids);
/* What the client has done itself, which is no news: to a mailbox, with
 * messages of these UIDs in it (or NULL).  Before the next news are told. */
void	 notify_own(struct session *s, const char *name,
	    const struct set *uids);
/* The mailbox at hand is left; what was told of it is what is known. */
void	 notify_left(struct session *s);
/* All news, as view_sync() has it, of all mailboxes. */
void	 tell_news(struct session *s, unsigned int how);
/* The same between commands. */
void	 notify_tell(struct session *s);

/* ---- fetch.c, for NOTIFY ---- */

struct fetch;
/* A list of attributes; owned, borrows from the command.  NULL: malformed. */
struct fetch *fetch_atts(struct lex *l);
void	 fetch_free(struct fetch *f);
/* All of them, or answered. */
void	 fetch_tell(struct session *s, struct fetch *f,
	    const struct set *uids);

/* search.c: all keys to the end of a command, as s->prog; s->index is set when
 * that needs it.  False: answered, or malformed. */
bool	 search_keys(struct session *s);

/* ---- commands, file by file; the arguments are next in s->lex ---- */

/* True: "done" is said, if nothing is yet.  False: so is that the arguments
 * are wrong. */
typedef bool	on_fn(struct session *s);

on_fn	on_capability, on_logout, on_id, on_enable, on_namespace, on_idle,
	on_compress, on_login, on_authenticate, on_list, on_status, on_create,
	on_delete, on_rename, on_subscribe, on_getquota, on_getquotaroot,
	on_select, on_close, on_fetch, on_store, on_copy, on_expunge,
	on_search, on_sort, on_thread, on_notify;

/* "CAPABILITY IMAP4rev1 …" into s->out, as it holds at present. */
void	 put_capabilities(struct session *s);
/* Names of mailboxes may be in UTF-8. */
bool	 session_utf8(const struct session *s);
/* list.c, for NOTIFY: "* LIST" of an entry into s->out, extended, with item
 * behind it. */
struct tree;
struct tree_entry;
void	 list_put(struct session *s, const struct tree *t,
	    const struct tree_entry *e, const char *item);
/* What a mailbox is for, "\\Sent"; NULL: nothing of its own. */
const char *special_use(const char *name);
/* A mailbox's name; false: answered already. */
bool	 get_mailbox(struct session *s, char name[BOX_NAME_MAX]);
/* What is known of a mailbox (NULL: the one at hand), as view_box() has it,
 * into s->box, valid until the reader is asked again; else its id is 0. */
uint16_t find_box(struct session *s, const char *name, uint32_t want);
/* (n m …) of one STATUS, as LIST-STATUS has it too. */
bool	 status_items(struct session *s, uint32_t *items);
void	 put_status(struct session *s, const struct view_box *b,
	    uint32_t items);
/* STATUS as news, RFC 5465 section 5; flags: of changes of these, too. */
void	 put_news(struct session *s, const struct view_box *b, bool flags);
uint32_t status_want(uint32_t items);

/* append.c: a literal that is a message, and all of the command behind it.
 * False: no such command. */
bool	 append_literal(struct session *s, struct lex_literal *lit);

#endif
