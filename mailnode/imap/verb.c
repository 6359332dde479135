/* Commands: the table that says which may come when, and what they do. */
#include <string.h>

#include "mailnode/base/clock.h"
#include "mailnode/imap/talk.h"

enum {
	F_NOARG = 1,		/* arguments are a syntax error */
	F_UID = 2,		/* has a UID form … */
	F_UID_ARG = 4,		/* … with arguments that the other lacks */
	F_EXPUNGES = 8,		/* the answer may tell of expunges */
	F_FORCE = 16,		/* looks for news even if none were told */
	F_QUIET = 32,		/* tells of no news, or by itself */
	F_OWN = 64		/* what it does is told in any case */
};

static const struct verb {
	const char	*name;
	unsigned int	 states;
	unsigned int	 flags;
	on_fn		*fn;
} verbs[] = {
	{ "CAPABILITY",	ST_ANY,		F_NOARG | F_EXPUNGES, on_capability },
	{ "NOOP",	ST_ANY,		F_NOARG | F_EXPUNGES | F_FORCE,
							on_noop },
	{ "LOGOUT",	ST_ANY,		F_NOARG | F_QUIET, on_logout },
	{ "ID",		ST_ANY,		F_EXPUNGES,	on_id },
	{ "LOGIN",	ST_GREETED,	F_QUIET,	on_login },
	{ "AUTHENTICATE", ST_GREETED,	F_QUIET,	on_authenticate },
	{ "ENABLE",	ST_IN,		F_QUIET,	on_enable },
	{ "NAMESPACE",	ST_IN,		F_NOARG | F_EXPUNGES, on_namespace },
	{ "LIST",	ST_IN,		F_EXPUNGES,	on_list },
	{ "LSUB",	ST_IN,		F_EXPUNGES,	on_lsub },
	{ "STATUS",	ST_IN,		F_EXPUNGES,	on_status },
	{ "CREATE",	ST_IN,		F_EXPUNGES,	on_create },
	{ "DELETE",	ST_IN,		F_EXPUNGES,	on_delete },
	{ "RENAME",	ST_IN,		F_EXPUNGES,	on_rename },
	{ "SUBSCRIBE",	ST_IN,		F_EXPUNGES,	on_subscribe },
	{ "UNSUBSCRIBE", ST_IN,		F_EXPUNGES,	on_unsubscribe },
	{ "GETQUOTA",	ST_IN,		F_EXPUNGES,	on_getquota },
	{ "GETQUOTAROOT", ST_IN,	F_EXPUNGES,	on_getquotaroot },
	{ "SELECT",	ST_IN,		F_QUIET,	on_select },
	{ "EXAMINE",	ST_IN,		F_QUIET,	on_examine },
	{ "CHECK",	ST_SELECTED,	F_NOARG | F_EXPUNGES | F_FORCE,
							on_noop },
	{ "CLOSE",	ST_SELECTED,	F_NOARG | F_QUIET, on_close },
	{ "UNSELECT",	ST_SELECTED,	F_NOARG | F_QUIET, on_unselect },
	{ "EXPUNGE",	ST_SELECTED,	F_NOARG | F_UID | F_UID_ARG |
	    F_EXPUNGES | F_FORCE | F_OWN,		on_expunge },
	{ "FETCH",	ST_SELECTED,	F_UID,		on_fetch },
	{ "STORE",	ST_SELECTED,	F_UID,		on_store },
	{ "COPY",	ST_SELECTED,	F_UID | F_EXPUNGES, on_copy },
	{ "MOVE",	ST_SELECTED,	F_UID | F_EXPUNGES | F_FORCE | F_OWN,
							on_move },
	{ "SEARCH",	ST_SELECTED,	F_UID,		on_search },
	{ "SORT",	ST_SELECTED,	F_UID,		on_sort },
	{ "THREAD",	ST_SELECTED,	F_UID,		on_thread },
	{ "NOTIFY",	ST_IN,		F_QUIET,	on_notify },
	{ "IDLE",	ST_IN,		F_NOARG | F_EXPUNGES, on_idle },
	{ "COMPRESS",	ST_IN,		F_QUIET,	on_compress },
	{ NULL,		0,		0,		NULL }
};

static const struct verb *
find(struct session *s, struct lex_at *at)
{
	const struct verb *v;
	struct lex_str name;

	s->uid = lex_word(at, "UID");
	if (!lex_atom(at, &name))
		return NULL;
	for (v = verbs; v->name != NULL; v++)
		if (lex_is(&name, v->name) &&
		    (!s->uid || (v->flags & F_UID) != 0))
			return v;
	return NULL;
}

static bool
in_state(struct session *s, const struct verb *v, const struct lex_at *at)
{
	if (!(v->states & s->state))
		reply_bad(s, s->state == ST_GREETED ? "log in first" :
		    v->states & ST_GREETED ? "logged in already" :
		    "select a mailbox first");
	else if ((v->flags & F_NOARG) && !(s->uid && v->flags & F_UID_ARG) &&
	    !lex_end(at))
		reply_bad(s, "arguments where none belong");
	return !s->answered;
}

/* What is new is told before the answer that ends the command. */
static void
news(struct session *s, unsigned int flags)
{
	unsigned int how = SYNC_NEW;

	if (flags & F_QUIET)
		return;
	if (s->uid || flags & F_EXPUNGES)
		how |= SYNC_GONE;
	if (flags & F_FORCE)
		how |= SYNC_FORCE;
	if (flags & F_OWN)
		how |= SYNC_OWN;
	view_sync(s, how, NULL);
	notify_boxes(s);
}

void
imap_verb(struct session *s)
{
	struct lex_at at = { &s->lex, 0 };
	const struct verb *v;
	struct lex_str tag;

	if (!lex_atom(&at, &tag) || s->tag[0] == '\0') {
		s->tag[0] = '\0';
		reply_bad(s, "a command starts with a tag");
		return;
	}
	v = find(s, &at);
	if (v == NULL) {
		reply_bad(s, "no such command");
		return;
	}
	if (!in_state(s, v, &at))
		return;
	s->progress_ms = clock_mono_ms();
	v->fn(s, &at);
	if (!s->answered && s->state != ST_END)
		reply_bad(s, "arguments are missing or wrong");
	news(s, v->flags);
}
