/* Commands: the table that says which may come when, and what they do. */
#include "mailnode/base/clock.h"
#include "mailnode/imap/talk.h"

enum {
	F_NOARG = 1,		/* arguments are a syntax error */
	F_UID = 2,		/* has a UID form … */
	F_UID_ARG = 4,		/* … with arguments that the other lacks */
	F_SECOND = 8,		/* see s->second */
	F_FRESH = 16		/* it searches; its UID form finds what came
				   meanwhile */
};

/* What news are told before the answer that ends the command; a UID command
 * may tell of expunges in any case. */
enum {
	QUIET = 0,		/* none, or by itself */
	NEW = SYNC_NEW,
	GONE = NEW | SYNC_GONE,
	LOOK = GONE | SYNC_FORCE,
	OWN = LOOK | SYNC_OWN	/* it made them */
};

static const struct verb {
	const char	*name;
	unsigned int	 states;
	unsigned int	 flags;
	unsigned int	 news;
	on_fn		*fn;		/* NULL: news are all it is for */
} verbs[] = {
	{ "CAPABILITY",	ST_ANY,		F_NOARG, GONE,	on_capability },
	{ "NOOP",	ST_ANY,		F_NOARG, LOOK,	NULL },
	{ "LOGOUT",	ST_ANY,		F_NOARG, QUIET,	on_logout },
	{ "ID",		ST_ANY,		0, GONE,	on_id },
	{ "LOGIN",	ST_GREETED,	0, QUIET,	on_login },
	{ "AUTHENTICATE", ST_GREETED,	0, QUIET,	on_authenticate },
	{ "ENABLE",	ST_IN,		0, QUIET,	on_enable },
	{ "NAMESPACE",	ST_IN,		F_NOARG, GONE,	on_namespace },
	{ "LIST",	ST_IN,		0, GONE,	on_list },
	{ "LSUB",	ST_IN,		F_SECOND, GONE,	on_list },
	{ "STATUS",	ST_IN,		0, GONE,	on_status },
	{ "CREATE",	ST_IN,		0, GONE,	on_create },
	{ "DELETE",	ST_IN,		0, GONE,	on_delete },
	{ "RENAME",	ST_IN,		0, GONE,	on_rename },
	{ "SUBSCRIBE",	ST_IN,		0, GONE,	on_subscribe },
	{ "UNSUBSCRIBE", ST_IN,		F_SECOND, GONE,	on_subscribe },
	{ "GETQUOTA",	ST_IN,		0, GONE,	on_getquota },
	{ "GETQUOTAROOT", ST_IN,	0, GONE,	on_getquotaroot },
	{ "SELECT",	ST_IN,		0, QUIET,	on_select },
	{ "EXAMINE",	ST_IN,		F_SECOND, QUIET, on_select },
	{ "CHECK",	ST_SELECTED,	F_NOARG, LOOK,	NULL },
	{ "CLOSE",	ST_SELECTED,	F_NOARG, QUIET,	on_close },
	{ "UNSELECT",	ST_SELECTED,	F_NOARG | F_SECOND, QUIET,
							on_close },
	{ "EXPUNGE",	ST_SELECTED,	F_NOARG | F_UID | F_UID_ARG, OWN,
							on_expunge },
	{ "FETCH",	ST_SELECTED,	F_UID, NEW,	on_fetch },
	{ "STORE",	ST_SELECTED,	F_UID, NEW,	on_store },
	{ "COPY",	ST_SELECTED,	F_UID, GONE,	on_copy },
	{ "MOVE",	ST_SELECTED,	F_UID | F_SECOND, OWN, on_copy },
	{ "SEARCH",	ST_SELECTED,	F_UID | F_FRESH, NEW, on_search },
	{ "SORT",	ST_SELECTED,	F_UID | F_FRESH, NEW, on_sort },
	{ "THREAD",	ST_SELECTED,	F_UID | F_FRESH, NEW, on_thread },
	{ "NOTIFY",	ST_IN,		0, QUIET,	on_notify },
	{ "IDLE",	ST_IN,		F_NOARG, GONE,	on_idle },
	{ "COMPRESS",	ST_IN,		0, QUIET,	on_compress },
	{ NULL,		0,		0, 0,		NULL }
};

static const struct verb *
find(struct session *s)
{
	const struct verb *v;
	struct lex_str name;

	s->uid = lex_word(&s->lex, "UID");
	if (!lex_atom(&s->lex, &name))
		return NULL;
	for (v = verbs; v->name != NULL; v++)
		if (lex_is(&name, v->name) &&
		    (!s->uid || (v->flags & F_UID) != 0))
			return v;
	return NULL;
}

static void
run(struct session *s, const struct verb *v)
{
	s->progress_ms = clock_mono_ms();
	s->second = v->flags & F_SECOND;
	/*
	 * Delta Chat takes each answer to a FETCH for one that it asked for,
	 * and gives up when that has no size; nobody waits long.  With
	 * CONDSTORE they come at once, as MODSEQs go by order.
	 */
	s->later = v->fn == on_fetch && !(s->enabled & EN_CONDSTORE);
	if (s->uid && v->flags & F_FRESH)
		view_sync(s, SYNC_NEW);
	if (v->fn == NULL || v->fn(s))
		reply_ok(s, "", "done");
	else
		reply_bad(s, "arguments are missing or wrong");
	if (v->news != QUIET)
		tell_news(s, v->news | (s->uid ? SYNC_GONE : 0U));
	s->later = false;
}

void
imap_verb(struct session *s)
{
	const struct verb *v;
	struct lex_str tag;

	s->lex.at = 0;
	if (!lex_atom(&s->lex, &tag) || s->tag[0] == '\0') {
		s->tag[0] = '\0';
		reply_bad(s, "a command starts with a tag");
	} else if ((v = find(s)) == NULL)
		reply_bad(s, "no such command");
	else if (!(v->states & s->state))
		reply_bad(s, s->state == ST_GREETED ? "log in first" :
		    v->states & ST_GREETED ? "logged in already" :
		    "select a mailbox first");
	else if (s->lex.odd && !(v->flags & F_FRESH))
		reply_bad(s, "what is quoted is no UTF-8");
	else if (v->flags & F_NOARG && !(s->uid && v->flags & F_UID_ARG) &&
	    !lex_end(&s->lex))
		reply_bad(s, "arguments where none belong");
	else
		run(s, v);
}
