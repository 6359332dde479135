/* APPEND: RFC 9051 section 6.3.12, RFC 4315, RFC 6855 section 4. */
#include <stdio.h>
#include <string.h>

#include "mailnode/base/date.h"
#include "mailnode/imap/talk.h"
#include "store/err.h"
#include "store/op_set.h"

struct append {
	char		 folder[BOX_NAME_MAX];
	struct flag_list flags;
	int64_t		 received;	/* 0: now */
	bool		 utf8;		/* UTF8 (~{n} … ) */
	bool		 nul;
	uint64_t	 id;		/* upload */
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
arguments(struct session *s, struct append *a)
{
	struct lex_at at = { &s->lex, 2 };
	struct lex_str date;

	memset(a, 0, sizeof *a);
	if (!get_mailbox(s, &at, a->folder))
		return false;
	if (lex_next_is(&at, LEX_OPEN) && !flag_list(&at, false, &a->flags))
		return false;
	if (lex_string(&at, &date) &&
	    !date_time(date.p, date.n, &a->received))
		return false;
	if (lex_word(&at, "UTF8")) {
		a->utf8 = true;
		if (!lex_open(&at))
			return false;
	}
	return lex_end(&at);
}

static void
no_box(struct session *s, uint16_t rc)
{
	if (rc == STORE_NOTFOUND)
		reply_no(s, "TRYCREATE", "there is no such mailbox");
	else if (rc == STORE_TOOBIG)
		reply_no(s, "TOOBIG", "the message is too large");
	else
		reply_failed(s, rc);
}

/* Everything that can be refused before the octets come. */
static bool
may_begin(struct session *s, struct append *a, const struct lex_literal *lit)
{
	struct view_box b = { 0 };
	uint16_t rc;

	if (!(s->state & ST_IN)) {
		reply_bad(s, "log in first");
		return false;
	}
	if (!arguments(s, a)) {
		if (!s->answered)
			reply_bad(s, "arguments are missing or wrong");
		return false;
	}
	if (lit->octets == 0) {
		reply_no(s, "", "no message at all");
		return false;
	}
	rc = view_box(reader_of(s), &s->reader, a->folder, 0, &b);
	if (rc == OP_OK && lit->octets > s->start->message_max)
		rc = STORE_TOOBIG;
	if (rc == OP_OK)
		rc = set_begin(*s->start->keeper, &s->keeper, lit->octets,
		    &a->id);
	if (rc != OP_OK)
		no_box(s, rc);
	return rc == OP_OK;
}

struct carrying {
	struct session	*s;
	struct append	*a;
};

static bool
to_keeper(void *arg, const uint8_t *p, size_t n)
{
	const struct carrying *c = arg;

	if (memchr(p, '\0', n) != NULL)
		c->a->nul = true;
	if (set_data(*c->s->start->keeper, c->a->id, p, n) == 0)
		return true;
	reply_bye(c->s, "try again in a moment", "service-gone");
	return false;
}

static void
file(struct session *s, const struct append *a, uint64_t octets)
{
	struct set_new m = { .folder = a->folder, .flags = a->flags.flags,
	    .keywords = a->flags.keywords, .received = a->received,
	    .octets = octets };
	struct set_appended done;
	char code[64];
	uint16_t rc;

	rc = set_append(*s->start->keeper, &s->keeper, a->id, &m, &done);
	if (rc != OP_OK && !done.known) {
		no_box(s, rc);
		return;
	}
	(void)snprintf(code, sizeof code, "APPENDUID %u %u",
	    (unsigned int)done.uidvalidity, (unsigned int)done.uid);
	reply_ok(s, code, done.known ? "it was there already" : "filed");
}

/* The octets of a message that is not wanted, and the end of its line. */
static void
refuse(struct session *s, const struct lex_literal *lit)
{
	char *text;
	size_t n;

	if (lit->sync || s->state == ST_END)
		return;
	if (lit->octets > s->start->message_max ||
	    s->state == ST_GREETED) {
		answer_out(s);
		reply_bye(s, "that is too much to read over", "literal");
		return;
	}
	if (take_octets(s, lit->octets, NULL, NULL))
		(void)next_line(s, LEX_LINE_MAX, &text, &n);
}

void
append_literal(struct session *s, const struct lex_literal *lit)
{
	struct append a;
	struct carrying c = { s, &a };
	char *text;
	size_t n;

	if (!may_begin(s, &a, lit)) {
		refuse(s, lit);
		return;
	}
	if (lit->sync)
		reply_go_on(s, "send it");
	if (!take_octets(s, lit->octets, to_keeper, &c))
		return;
	if (!next_line(s, LEX_LINE_MAX, &text, &n))
		n = LEX_LINE_MAX;
	if (n != (a.utf8 ? 1 : 0) || (a.utf8 && text[0] != ')'))
		reply_bad(s, "one message at a time");
	else if (a.nul && lit->binary)
		reply_no(s, "UNKNOWN-CTE", "NUL is not kept: encode it");
	else if (a.nul)
		reply_bad(s, "NUL in a message");
	if (s->answered)
		set_abort(*s->start->keeper, a.id);
	else
		file(s, &a, lit->octets);
	if (s->state == ST_SELECTED)
		view_sync(s, SYNC_NEW | SYNC_GONE, NULL);
}

/* Without a literal there is no message. */
void
on_append(struct session *s, struct lex_at *at)
{
	(void)at;
	reply_bad(s, "where is the message?");
}
