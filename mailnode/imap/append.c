/* APPEND: RFC 9051 section 6.3.12, RFC 3502, RFC 4315, RFC 6855 section 4. */
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/date.h"
#include "mailnode/imap/talk.h"
#include "store/err.h"
#include "store/op_append.h"

struct append {
	struct session	*s;
	/* the messages of the command */
	struct set_new	 m[APPEND_MANY_MAX];
	struct flag_list flags[APPEND_MANY_MAX];
	size_t		 n;
	/* the last of them */
	bool		 utf8;		/* UTF8 (~{n} … ) */
};

/* What stands before the literal. */
static bool
arguments(struct append *a, struct set_new *m)
{
	struct flag_list *flags = &a->flags[a->n - 1];
	struct lex *l = &a->s->lex;
	struct lex_str date;

	if (lex_next_is(l, LEX_OPEN) && !flag_list(l, false, flags))
		return false;
	m->flags = flags->flags;
	m->keywords = flags->keywords;
	if (lex_string(l, &date) && !date_time(date.p, date.n, &m->received))
		return false;
	a->utf8 = lex_word(l, "UTF8");
	return (!a->utf8 || lex_open(l)) && lex_end(l);
}

static bool
refused(struct session *s, uint16_t rc)
{
	return rc == STORE_TOOBIG ? reply_no(s, "TOOBIG",
	    "the message is too large") : reply_no_target(s, rc);
}

/* Everything that can be refused before the octets come. */
static bool
may_begin(struct append *a, const struct lex_literal *lit)
{
	struct session *s = a->s;
	struct set_new *m = &a->m[a->n];
	uint16_t rc;

	if (!(s->state & ST_IN))
		return reply_bad(s, "log in first");
	if (a->n == APPEND_MANY_MAX)
		return reply_no(s, "LIMIT", "too many messages at once");
	if ((a->n++ == 0 && !get_mailbox(s, s->name)) || !arguments(a, m))
		return reply_bad(s, "arguments are missing or wrong");
	if (lit->octets == 0)
		return reply_no(s, "", "no message at all");
	m->folder = s->name;
	m->octets = lit->octets;
	rc = find_box(s, s->name, 0);
	if (rc == OP_OK && lit->octets > s->start->message_max)
		rc = STORE_TOOBIG;
	if (rc == OP_OK)
		rc = set_begin(*s->start->keeper, &s->keeper, lit->octets,
		    &m->id);
	return rc == OP_OK || refused(s, rc);
}

/* The octets of the last, which hold a NUL, or not.  False: the session is
 * over. */
static bool
to_keeper(struct append *a, bool *nul)
{
	const struct set_new *m = &a->m[a->n - 1];
	struct session *s = a->s;
	uint64_t left = m->octets;
	const uint8_t *p;
	size_t n;

	*nul = false;
	while (left > 0 && (n = take_octets(s, &left, &p)) > 0) {
		*nul = *nul || memchr(p, '\0', n) != NULL;
		if (set_data(*s->start->keeper, m->id, p, n) == -1)
			reply_failed(s, OP_GONE);
		if (s->state == ST_END)
			break;
	}
	return s->state != ST_END;
}

/* All of them are here. */
static void
file(struct append *a)
{
	struct session *s = a->s;
	struct append_done done;
	uint16_t rc;

	rc = append_all(*s->start->keeper, &s->keeper, a->m, a->n, &done);
	a->n = 0;		/* keeper knows nothing of them any more */
	if (rc != OP_OK)
		refused(s, rc);
	else {
		notify_own(s, s->name, &done.uids);
		(void)buf_addf(&s->out, "APPENDUID %u ", done.uidvalidity);
		set_text(&done.uids, &s->out);
		reply_out(s, done.known ? "it was there already" : "filed");
	}
	set_clear(&done.uids);
}

/* True: one more follows, whose literal is *lit. */
static bool
take_one(struct append *a, struct lex_literal *lit)
{
	struct session *s = a->s;
	bool nul, binary = lit->binary;
	enum lex_result r;
	char *text;
	size_t n;

	if (lit->sync)
		reply_go_on(s, "send it");
	if (!to_keeper(a, &nul) || !next_line(s, LEX_LINE_MAX, &text, &n))
		return false;
	r = lex_line(&s->lex, text, n, lit);
	if (r == LEX_BAD || r == LEX_BIG || (a->utf8 && !lex_close(&s->lex)) ||
	    (r == LEX_END && !lex_end(&s->lex)))
		reply_bad(s, "what follows is no message");
	else if (nul && binary)
		reply_no(s, "UNKNOWN-CTE", "NUL is not kept: encode it");
	else if (nul)
		reply_bad(s, "NUL in a message");
	if (s->answered && lex_tail(text, n, lit))
		pass_over(s, lit);
	return !s->answered && r == LEX_WANT;
}

bool
append_literal(struct session *s, struct lex_literal *lit)
{
	struct append *a;
	bool good;
	size_t i;

	s->lex.at = 1;
	if (s->lex.n <= 2 || s->lex.text.err != 0 ||
	    !lex_word(&s->lex, "APPEND"))
		return false;
	a = calloc(1, sizeof *a);
	if (a == NULL) {
		reply_failed(s, STORE_NOMEM);
		pass_over(s, lit);
		return true;
	}
	a->s = s;
	do
		good = may_begin(a, lit);
	while (good && take_one(a, lit));
	if (!good)
		pass_over(s, lit);
	else if (!s->answered && s->state != ST_END)
		file(a);
	for (i = 0; i < a->n && s->state != ST_END; i++)
		if (a->m[i].id != 0)
			set_abort(*s->start->keeper, a->m[i].id);
	free(a);
	view_sync(s, SYNC_NEW | SYNC_GONE | SYNC_OWN);
	return true;
}
