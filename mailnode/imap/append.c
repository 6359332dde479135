/* APPEND: RFC 9051 section 6.3.12, RFC 3502, RFC 4315, RFC 6855 section 4. */
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/date.h"
#include "mailnode/imap/talk.h"
#include "store/err.h"
#include "store/op_append.h"

struct append {
	struct session	*s;
	char		 folder[BOX_NAME_MAX];
	/* the messages of the command */
	struct set_new	 m[APPEND_MANY_MAX];
	struct flag_list flags[APPEND_MANY_MAX];
	size_t		 n;
	/* the last of them */
	bool		 utf8;		/* UTF8 (~{n} … ) */
	bool		 nul;		/* holds one */
};

bool
append_is(const struct session *s)
{
	struct lex_at at = { &s->lex, 1 };

	return s->lex.n > 2 && s->lex.text.err == 0 &&
	    lex_word(&at, "APPEND");
}

/* What stands before the literal. */
static bool
arguments(struct append *a, struct lex_at *at, struct set_new *m)
{
	struct flag_list *flags = &a->flags[a->n - 1];
	struct lex_str date;

	if (lex_next_is(at, LEX_OPEN) && !flag_list(at, false, flags))
		return false;
	m->flags = flags->flags;
	m->keywords = flags->keywords;
	if (lex_string(at, &date) &&
	    !date_time(date.p, date.n, &m->received))
		return false;
	a->utf8 = lex_word(at, "UTF8");
	return (!a->utf8 || lex_open(at)) && lex_end(at);
}

static void
refused(struct session *s, uint16_t rc)
{
	if (rc == STORE_TOOBIG)
		reply_no(s, "TOOBIG", "the message is too large");
	else
		reply_no_target(s, rc);
}

/* Everything that can be refused before the octets come. */
static bool
may_begin(struct append *a, struct lex_at *at, const struct lex_literal *lit)
{
	struct session *s = a->s;
	struct set_new *m = &a->m[a->n];
	struct view_box b = { 0 };
	uint16_t rc;

	if (!(s->state & ST_IN))
		reply_bad(s, "log in first");
	else if (a->n == APPEND_MANY_MAX)
		reply_no(s, "LIMIT", "too many messages at once");
	else if ((a->n++ == 0 && !get_mailbox(s, at, a->folder)) ||
	    !arguments(a, at, m))
		reply_bad(s, "arguments are missing or wrong");
	else if (lit->octets == 0)
		reply_no(s, "", "no message at all");
	if (s->answered)
		return false;
	m->folder = a->folder;
	m->octets = lit->octets;
	rc = view_box(reader_of(s), &s->reader, a->folder, 0, &b);
	if (rc == OP_OK && lit->octets > s->start->message_max)
		rc = STORE_TOOBIG;
	if (rc == OP_OK)
		rc = set_begin(*s->start->keeper, &s->keeper, lit->octets,
		    &m->id);
	if (rc != OP_OK)
		refused(s, rc);
	return rc == OP_OK;
}

static bool
to_keeper(void *arg, const uint8_t *p, size_t n)
{
	struct append *a = arg;

	if (memchr(p, '\0', n) != NULL)
		a->nul = true;
	if (set_data(*a->s->start->keeper, a->m[a->n - 1].id, p, n) == 0)
		return true;
	reply_bye(a->s, "try again in a moment", "service-gone");
	return false;
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
		notify_own(s, a->folder, &done.uids);
		(void)buf_addf(&s->out, "APPENDUID %u ",
		    (unsigned int)done.uidvalidity);
		set_text(&done.uids, &s->out);
		reply_out(s, done.known ? "it was there already" : "filed");
	}
	set_clear(&done.uids);
}

/* True: one more follows, whose literal is *lit. */
static bool
take_one(struct append *a, struct lex_at *at, struct lex_literal *lit)
{
	struct session *s = a->s;
	bool binary = lit->binary;
	enum lex_result r;
	char *text;
	size_t n;

	a->nul = false;
	if (lit->sync)
		reply_go_on(s, "send it");
	if (!take_octets(s, lit->octets, to_keeper, a) ||
	    !next_line(s, LEX_LINE_MAX, &text, &n))
		return false;
	r = lex_line(&s->lex, text, n, lit);
	if (r == LEX_BAD || r == LEX_BIG || (a->utf8 && !lex_close(at)) ||
	    (r == LEX_END && !lex_end(at)))
		reply_bad(s, "what follows is no message");
	else if (a->nul && binary)
		reply_no(s, "UNKNOWN-CTE", "NUL is not kept: encode it");
	else if (a->nul)
		reply_bad(s, "NUL in a message");
	if (s->answered && lex_tail(text, n, lit))
		pass_over(s, lit);
	return !s->answered && r == LEX_WANT;
}

static void
take_all(struct append *a, struct lex_literal *lit)
{
	struct lex_at at = { &a->s->lex, 2 };

	do {
		if (!may_begin(a, &at, lit)) {
			pass_over(a->s, lit);
			return;
		}
	} while (take_one(a, &at, lit));
	if (!a->s->answered && a->s->state != ST_END)
		file(a);
}

void
append_literal(struct session *s, struct lex_literal *lit)
{
	struct append *a = calloc(1, sizeof *a);
	size_t i;

	if (a == NULL) {
		reply_failed(s, STORE_NOMEM);
		pass_over(s, lit);
		return;
	}
	a->s = s;
	take_all(a, lit);
	for (i = 0; i < a->n && s->state != ST_END; i++)
		if (a->m[i].id != 0)
			set_abort(*s->start->keeper, a->m[i].id);
	free(a);
	view_sync(s, SYNC_NEW | SYNC_GONE | SYNC_OWN, NULL);
}
