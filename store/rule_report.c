/*
 * A message that may report what became of a letter: a parser reads it, one
 * at a time, and what it says is written down in the commit that strikes
 * RULE_REPORT out (returned.h), with all that follows of it:
 *
 *	it is believed that the letter came back: the copy in Sent gets
 *	"bounced", and a report that the filter took for junk comes to INBOX
 *
 *	it reports a letter that we never sent: it gets "backscatter"
 *
 * What it reports of a letter is of no account to the queue.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/ask.h"
#include "store/box.h"
#include "store/change.h"
#include "store/intake.h"
#include "store/maildir.h"
#include "store/op_event.h"
#include "store/op_report.h"
#include "store/op_watch.h"
#include "store/parts.h"
#include "store/returned.h"
#include "store/rule.h"
#include "store/spool.h"

enum { PARSER_TRIES = 3 };	/* parsers that may end over one message */

struct reporting {
	uint64_t	 id;		/* of the row with a parser; 0: none */
	unsigned int	 ends;		/* so many ended over it */
};

/* The copy of a letter of ours, wherever it was moved. */
static uint64_t
sent_copy(struct store *st, const char *msgid)
{
	static struct store_slot slot;

	return (uint64_t)store_int(st, STORE_CACHE, &slot, "SELECT m.id FROM"
	    " msg m JOIN mailbox b ON b.id = m.mbox WHERE m.msgid = ?1 AND"
	    " (b.name = 'Sent' OR ' ' || m.tags || ' ' LIKE '% sent %')"
	    " ORDER BY b.name = 'Sent' DESC LIMIT 1", "s", msgid);
}

/* What the filter took for junk is no junk, and news. */
static enum store_err
bring_back(struct store *st, struct rule_row *r, const struct row_at *at)
{
	struct change c = { .type = MAIL_MOVE, .ruled = true };
	const struct box *b = box_by_id(st, at->mbox);
	const struct box *inbox = box_by_name(st, "INBOX");

	if (b == NULL || strcmp(b->name, "Junk") != 0 || inbox == NULL)
		return STORE_OK;
	if (!inbox->here)
		return STORE_BUSY;
	c.dest = inbox->id;
	if (st->conf->nrules > 0)
		r->todo |= RULE_MATCH;
	event_add(st, r->trace, "", "report", "it is no junk: a letter of "
	    "ours came back, or is late");
	return change_one(st, &c, at->id);
}

static enum store_err
no_letter(struct store *st, const struct rule_row *r,
    const struct report *rep, const struct returned *x,
    const struct row_at *at)
{
	char text[EVENT_TEXT_MAX];

	if (rep->n == 0 || (rep->msgid[0] != '\0' &&
	    sent_copy(st, rep->msgid) != 0))
		return STORE_OK;
	if (x->named)
		(void)snprintf(text, sizeof text, "backscatter: no letter of "
		    "ours is <%.300s>", rep->msgid[0] != '\0' ? rep->msgid :
		    rep->envid);
	else
		(void)snprintf(text, sizeof text, "backscatter: it names no "
		    "letter, and none went to %.300s", rep->rcpt[0].final[0] !=
		    '\0' ? rep->rcpt[0].final : rep->rcpt[0].original);
	event_add(st, r->trace, "", "report", text);
	return rule_tags(st, at->id, "+" TAG_BACKSCATTER);
}

static enum store_err
note(struct store *st, struct rule_row *r, const struct report *rep)
{
	struct returned x;
	struct row_at at;
	enum store_err rc;
	uint64_t sent;

	if (rule_locate(st, r, &at) != STORE_OK)
		return STORE_NOTFOUND;
	rc = returned_note(st, r, rep, &x);
	if (rc != STORE_OK)
		return rc;
	if (!x.found)
		return no_letter(st, r, rep, &x, &at);
	sent = x.failed && (x.flags & QUEUE_FORWARD) == 0 ?
	    sent_copy(st, x.msgid) : 0;
	if (sent != 0)
		rc = rule_tags(st, sent, "+" TAG_BOUNCED);
	if (rc == STORE_OK && (x.failed || x.late))
		rc = bring_back(st, r, &at);
	return rc;
}

/* Struck out, whatever it said; when that fails it is read once more, and
 * finds what is written down already. */
static enum store_err
over(struct store *st, uint64_t id, const struct report *rep)
{
	struct rule_row r;
	enum store_err rc = store_begin(st, STORE_NODE);

	if (rc == STORE_OK)
		rc = rule_next(st, id - 1, RULE_REPORT, &r);
	if (rc != STORE_OK || r.id != id)
		return rc == STORE_OK || rc == STORE_NOTFOUND ? STORE_OK : rc;
	if (rep == NULL)
		event_add(st, r.trace, "", "report", "it cannot be read");
	else
		rc = note(st, &r, rep);
	if (rc != STORE_OK)
		return rc;
	r.todo &= ~(unsigned int)RULE_REPORT;
	watch_note(st, WATCH_INDEX, 0, 0);
	return rule_save(st, &r);
}

static void
answered(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct store *st = arg;
	struct reporting *x = st->reporting;
	uint64_t id = x->id;
	struct report rep;
	enum store_err rc;

	(void)fd;
	x->id = 0;
	store_parser_busy(st, false);
	if (status == OP_GONE && ++x->ends < PARSER_TRIES) {
		rule_kick(st);
		return;
	}
	x->ends = 0;
	if (status == OP_OK && report_get(in, &rep)) {
		rc = over(st, id, &rep);
		report_clear(&rep);
	} else
		rc = over(st, id, NULL);
	if (rc == STORE_OK)
		rule_kick(st);
	else
		rule_later(st);
}

/* Its file, read-only; -1: it is on its way to another place. */
static int
open_file(struct store *st, const struct row_at *at)
{
	const struct box *b = box_by_id(st, at->mbox);

	return b == NULL ? -1 : maildir_open(intake_root(st), b->name,
	    at->name, NULL);
}

/* Not before the spool forgot it: what a crash files once more is looked
 * for where it stood. */
enum store_err
rule_report(struct store *st, struct rule_row *r)
{
	struct ask *parser;
	struct row_at at;
	int fd, rc;

	if (st->reporting == NULL && (st->reporting = calloc(1,
	    sizeof *st->reporting)) == NULL)
		return STORE_NOMEM;
	if (st->reporting->id != 0)
		return STORE_STATE;
	if (spool_has(st, r->entry)) {
		spool_strike(st);
		return STORE_BUSY;
	}
	if (rule_locate(st, r, &at) != STORE_OK)
		return STORE_NOTFOUND;
	parser = store_ask_parser(st);
	if (parser == NULL)
		return STORE_BUSY;
	fd = open_file(st, &at);
	if (fd == -1)
		return STORE_BUSY;
	rc = ask_send(parser, REPORT_READ, NULL, fd, answered, st);
	close(fd);
	if (rc == -1)
		return STORE_BUSY;
	store_parser_busy(st, true);
	st->reporting->id = r->id;
	return STORE_STATE;
}

void
rule_report_close(struct store *st)
{
	free(st->reporting);
	st->reporting = NULL;
}
