/* APPEND: RFC 9051 section 6.3.12, RFC 3502, RFC 4315, RFC 6855 section 4. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/date.h"
#include "mailnode/imap/talk.h"
#include "store/err.h"
#include "store/op_append.h"

/* One of the messages of a command. */
struct message {
	struct flag_list flags;
	int64_t		 received;	/* 0: now */
	uint64_t	 id;		/* upload; 0: none */
	uint64_t	 octets;
	bool		 utf8;		/* UTF8 (~{n} … ) */
	bool		 nul;
};

struct append {
	struct session	*s;
	char		 folder[BOX_NAME_MAX];
	struct message	*m;		/* owned */
	size_t		 n;
};

bool
append_is(const struct session *s)
{
	const struct lex_token *t = s->lex.token;
	struct lex_str verb;

	if (s->lex.n < 3 || t[1].kind != LEX_ATOM || s->lex.text.err != 0)
		return false;
	verb = (struct lex_str){ (char *)s->lex.text.data + t[1].at, t[1].n };
	return lex_is(&verb, "APPEND");
}

/* What stands before the literal. */
static bool
arguments(struct lex_at *at, struct message *m)
{
	struct lex_str date;

	if (lex_next_is(at, LEX_OPEN) && !flag_list(at, false, &m->flags))
		return false;
	if (lex_string(at, &date) &&
	    !date_time(date.p, date.n, &m->received))
		return false;
	if (lex_word(at, "UTF8")) {
		m->utf8 = true;
		if (!lex_open(at))
			return false;
	}
	return lex_end(at);
}

static void
refused(struct session *s, uint16_t rc)
{
	if (rc == STORE_TOOBIG)
		reply_no(s, "TOOBIG", "the message is too large");
	else
		reply_no_target(s, rc);
}

static struct message *
one_more(struct append *a)
{
	struct message *p;

	if (a->n == APPEND_MANY_MAX) {
		reply_no(a->s, "LIMIT", "too many messages at once");
		return NULL;
	}
	p = reallocarray(a->m, a->n + 1, sizeof *p);
	if (p == NULL) {
		reply_failed(a->s, STORE_NOMEM);
		return NULL;
	}
	a->m = p;
	memset(&p[a->n], 0, sizeof *p);
	return &p[a->n++];
}

/* Everything that can be refused before the octets come. */
static bool
may_begin(struct append *a, struct lex_at *at, const struct lex_literal *lit)
{
	struct session *s = a->s;
	struct view_box b = { 0 };
	struct message *m;
	uint16_t rc = OP_OK;

	if (!(s->state & ST_IN)) {
		reply_bad(s, "log in first");
		return false;
	}
	if ((a->n == 0 && !get_mailbox(s, at, a->folder)) ||
	    (m = one_more(a)) == NULL || !arguments(at, m)) {
		if (!s->answered)
			reply_bad(s, "arguments are missing or wrong");
		return false;
	}
	if (lit->octets == 0) {
		reply_no(s, "", "no message at all");
		return false;
	}
	m->octets = lit->octets;
	/* Of one that comes unasked keeper says it at the end. */
	if (lit->sync)
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
	const struct append *a = arg;
	struct message *m = &a->m[a->n - 1];

	if (memchr(p, '\0', n) != NULL)
		m->nul = true;
	if (set_data(*a->s->start->keeper, m->id, p, n) == 0)
		return true;
	reply_bye(a->s, "try again in a moment", "service-gone");
	return false;
}

/* All of them are here. */
static void
file(struct append *a)
{
	struct set_new m[APPEND_MANY_MAX];
	struct session *s = a->s;
	struct append_done done;
	struct buf code;
	uint16_t rc;
	size_t i;

	for (i = 0; i < a->n; i++) {
		m[i] = (struct set_new){ .folder = a->folder,
		    .flags = a->m[i].flags.flags,
		    .keywords = a->m[i].flags.keywords, .id = a->m[i].id,
		    .received = a->m[i].received, .octets = a->m[i].octets };
		a->m[i].id = 0;		/* keeper has taken it */
	}
	rc = append_all(*s->start->keeper, &s->keeper, m, a->n, &done);
	buf_init(&code, LEX_LINE_MAX);
	(void)buf_addf(&code, "APPENDUID %u ",
	    (unsigned int)done.uidvalidity);
	set_text(&done.uids, &code);
	if (rc != OP_OK)
		refused(s, rc);
	else {
		notify_own(s, a->folder, &done.uids);
		reply_ok(s, buf_str(&code), done.known ?
		    "it was there already" : "filed");
	}
	buf_clear(&code);
	set_clear(&done.uids);
}

/* ---- one literal after the other ---- */

/* What follows a message: nothing, or one more, whose literal is *lit. */
enum then { THEN_END, THEN_MORE, THEN_BAD };

static enum then
behind(struct append *a, char *text, size_t n, struct lex_literal *lit)
{
	if (a->m[a->n - 1].utf8) {
		if (n == 0 || *text != ')')
			return THEN_BAD;
		text++;
		n--;
	}
	if (n == 0)
		return THEN_END;
	lex_reset(&a->s->lex);
	return *text == ' ' && lex_line(&a->s->lex, text + 1, n - 1, lit) ==
	    LEX_WANT && a->s->lex.text.err == 0 ? THEN_MORE : THEN_BAD;
}

/* True: there is one more literal. */
static bool
take_one(struct append *a, const struct lex_literal *lit,
    struct lex_literal *next)
{
	struct session *s = a->s;
	struct message *m;
	enum then then;
	char *text;
	size_t n;

	if (lit->sync)
		reply_go_on(s, "send it");
	if (!take_octets(s, lit->octets, to_keeper, a) ||
	    !next_line(s, LEX_LINE_MAX, &text, &n))
		return false;
	m = &a->m[a->n - 1];
	then = behind(a, text, n, next);
	if (then == THEN_BAD)
		reply_bad(s, "what follows is no message");
	else if (m->nul && lit->binary)
		reply_no(s, "UNKNOWN-CTE", "NUL is not kept: encode it");
	else if (m->nul)
		reply_bad(s, "NUL in a message");
	if (s->answered && lex_tail(text, n, next))
		pass_over(s, next);
	return !s->answered && then == THEN_MORE;
}

static void
take_all(struct append *a, const struct lex_literal *first)
{
	struct lex_literal lit = *first, next = lit;
	struct lex_at at = { &a->s->lex, 2 };

	for (;;) {
		if (!may_begin(a, &at, &lit)) {
			pass_over(a->s, &lit);
			return;
		}
		if (!take_one(a, &lit, &next))
			break;
		lit = next;
		at = (struct lex_at){ &a->s->lex, 0 };
	}
	if (!a->s->answered && a->s->state != ST_END)
		file(a);
}

void
append_literal(struct session *s, const struct lex_literal *lit)
{
	struct append a = { .s = s };
	size_t i;

	take_all(&a, lit);
	/* Of those that keeper has taken, it knows nothing any more. */
	for (i = 0; i < a.n && s->state != ST_END; i++)
		if (a.m[i].id != 0)
			set_abort(*s->start->keeper, a.m[i].id);
	free(a.m);
	view_sync(s, SYNC_NEW | SYNC_GONE | SYNC_OWN, NULL);
}

/* Without a literal there is no message. */
void
on_append(struct session *s, struct lex_at *at)
{
	(void)at;
	reply_bad(s, "where is the message?");
}
