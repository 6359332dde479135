#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "crypto/srs.h"
#include "mailnode/base/clock.h"
#include "store/op_event.h"
#include "store/op_watch.h"
#include "store/queue.h"
#include "store/returned.h"
#include "store/sql.h"

const char returned_schema[] =
    "CREATE TABLE IF NOT EXISTS queue_returned("
    " letter INTEGER NOT NULL, n INTEGER NOT NULL, report BLOB NOT NULL,"
    " who TEXT NOT NULL, action INTEGER NOT NULL,"
    " belief INTEGER NOT NULL, at INTEGER NOT NULL,"
    " status TEXT NOT NULL, said TEXT NOT NULL, mta TEXT NOT NULL,"
    " by TEXT NOT NULL, proof TEXT NOT NULL, trace TEXT NOT NULL,"
    " PRIMARY KEY(letter, n, report, who)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS queue_returned_at ON queue_returned(at)"
    " WHERE action = 1 AND belief >= 2;"
    "CREATE INDEX IF NOT EXISTS queue_envid ON queue_letter(envid)"
    " WHERE envid <> '';"
    "CREATE INDEX IF NOT EXISTS queue_rcpt_addr ON"
    " queue_rcpt(addr COLLATE NOCASE);";

_Static_assert(REPORT_FAILED == 1 && REPORTED_VOUCHED == 2 &&
    REPORTED_ENVELOPE == 3 && QUEUE_ENVID == 128 && QUEUE_SENT == 2,
    "the statements name them");

/* ---- which letter ---- */

/* One recipient of a letter of ours. */
struct place {
	uint64_t	 letter;
	uint32_t	 flags, n;
	char		 sender[QUEUE_ADDR_MAX], addr[QUEUE_ADDR_MAX];
	char		 msgid[QUEUE_LINE_MAX];
	bool		 by_envid, guessed;
};

/* A row of id, sender, flags, msgid and, if asked for, n and addr. */
static bool
take_place(sqlite3_stmt *s, struct place *p)
{
	bool found;

	if (s == NULL)
		return false;
	found = sqlite3_step(s) == SQLITE_ROW;
	if (found) {
		p->letter = (uint64_t)sqlite3_column_int64(s, 0);
		sql_copy(p->sender, sizeof p->sender, s, 1);
		p->flags = (uint32_t)sqlite3_column_int64(s, 2);
		sql_copy(p->msgid, sizeof p->msgid, s, 3);
		if (sqlite3_column_count(s) > 4) {
			p->n = (uint32_t)sqlite3_column_int64(s, 4);
			sql_copy(p->addr, sizeof p->addr, s, 5);
		}
	}
	(void)sqlite3_reset(s);
	return found;
}

#define LETTER	"SELECT l.id, l.sender, l.flags, l.msgid"
#define OF_RCPT	", r.n, r.addr FROM queue_letter l" \
	" JOIN queue_rcpt r ON r.letter = l.id"

/* Under whatever name the report knows him; else the only one there is. */
static void
find_rcpt(struct store *st, const struct report_rcpt *x, struct place *p)
{
	static struct store_slot named, only;
	uint64_t letter = p->letter;

	if (!take_place(store_ask(st, STORE_NODE, &named, LETTER OF_RCPT
	    " WHERE l.id = ?1 AND (r.addr = ?2 COLLATE NOCASE OR"
	    " r.addr = ?3 COLLATE NOCASE OR"
	    " r.orcpt = 'rfc822;' || ?2 COLLATE NOCASE) LIMIT 1", "iss",
	    (int64_t)letter, x->original, x->final), p))
		(void)take_place(store_ask(st, STORE_NODE, &only,
		    LETTER OF_RCPT " WHERE l.id = ?1 AND NOT EXISTS (SELECT 1"
		    " FROM queue_rcpt WHERE letter = ?1 AND n > 1)", "i",
		    (int64_t)letter), p);
}

/* Of several letters with that id the one to that recipient, by that
 * sender, the newest. */
static bool
by_msgid(struct store *st, const char *msgid, const char *given,
    const struct report_rcpt *x, struct place *p)
{
	static struct store_slot rcpt, any;

	return take_place(store_ask(st, STORE_NODE, &rcpt, LETTER OF_RCPT
	    " WHERE l.msgid = ?1 AND (r.addr = ?3 COLLATE NOCASE OR"
	    " r.addr = ?4 COLLATE NOCASE) ORDER BY"
	    " l.sender = ?2 COLLATE NOCASE DESC, l.created DESC LIMIT 1",
	    "ssss", msgid, given, x->original, x->final), p) ||
	    take_place(store_ask(st, STORE_NODE, &any, LETTER
	    " FROM queue_letter l WHERE l.msgid = ?1 ORDER BY"
	    " l.sender = ?2 COLLATE NOCASE DESC, l.created DESC LIMIT 1",
	    "ss", msgid, given), p);
}

static bool
by_guess(struct store *st, const struct report_rcpt *x, struct place *p)
{
	static struct store_slot slot;

	p->guessed = true;
	return take_place(store_ask(st, STORE_NODE, &slot, LETTER OF_RCPT
	    " WHERE (r.addr = ?1 COLLATE NOCASE OR r.addr = ?2"
	    " COLLATE NOCASE) AND r.fate = 2 AND r.changed > ?3"
	    " ORDER BY r.changed DESC LIMIT 1", "ssi", x->original, x->final,
	    clock_wall_s() - RETURNED_GUESS_S), p);
}

static bool
find(struct store *st, const struct rule_row *r, const struct report *rep,
    const struct report_rcpt *x, struct place *p)
{
	static struct store_slot slot;

	memset(p, 0, sizeof *p);
	p->by_envid = rep->envid[0] != '\0' && take_place(store_ask(st,
	    STORE_NODE, &slot, LETTER " FROM queue_letter l WHERE"
	    " l.envid = ?1 AND l.envid <> '' AND l.flags & 128 LIMIT 1", "s",
	    rep->envid), p);
	if (!p->by_envid && rep->msgid[0] == '\0' && rep->envid[0] == '\0')
		return by_guess(st, x, p);
	if (!p->by_envid && (rep->msgid[0] == '\0' ||
	    !by_msgid(st, rep->msgid, r->given, x, p)))
		return false;
	if (p->n == 0)
		find_rcpt(st, x, p);
	return true;
}

/* ---- who may be believed ---- */

static bool
below(const char *domain, const char *above)
{
	size_t n = strlen(domain), k = strlen(above);

	return strchr(above, '.') != NULL && n >= k &&
	    strcasecmp(domain + n - k, above) == 0 &&
	    (n == k || domain[n - k - 1] == '.');
}

/* The same, or one below the other; not below a top-level domain. */
static bool
related(const char *a, const char *b)
{
	return below(a, b) || below(b, a);
}

/* Of the hosts that the letter was handed to. */
static bool
took_it(struct store *st, uint64_t letter, const char *domain)
{
	static struct store_slot slot;
	char host[QUEUE_ADDR_MAX];
	bool found = false;
	sqlite3_stmt *s;

	s = store_ask(st, STORE_NODE, &slot, "SELECT DISTINCT peer FROM"
	    " queue_attempt WHERE letter = ?1", "i", (int64_t)letter);
	while (s != NULL && !found && sqlite3_step(s) == SQLITE_ROW) {
		sql_copy(host, sizeof host, s, 0);
		host[strcspn(host, " ")] = '\0';
		found = related(domain, host);
	}
	if (s != NULL)
		(void)sqlite3_reset(s);
	return found;
}

/* Of the letter: with a sender that we rewrote, SRS has its own proof. */
static bool
return_path(const struct rule_row *r, const struct place *p)
{
	return strcasecmp(r->given, p->sender) == 0 ||
	    ((p->flags & QUEUE_FORWARD) != 0 && srs_is(r->given));
}

/* Of the recipient's own domain.  NULL: none is. */
static const char *
recipients(const struct report *rep, const struct place *p)
{
	const char *at = strrchr(p->addr, '@');
	size_t i;

	for (i = 0; at != NULL && i < rep->nids; i++)
		if (related(rep->id[i], at + 1))
			return rep->id[i];
	return NULL;
}

/*
 * What a relay carries for others goes through the same hosts, and bears its
 * signature, too: only what it wrote itself is its word.  Where it was told
 * the envelope's id, what does not know that is none of its reports (RFC
 * 3464 section 2.2.1).
 */
static bool
relays_own(struct store *st, const struct report *rep, const struct place *p,
    const char **why)
{
	if (rep->author[0] == '\0' || !took_it(st, p->letter, rep->author))
		return false;
	*why = "the relay was told the envelope's id, which it does not know";
	return (p->flags & QUEUE_KNOWN) == 0;
}

/* *proof: the domain, or why it is not believed; borrows rep. */
static enum reported_belief
belief(struct store *st, const struct rule_row *r, const struct report *rep,
    const struct place *p, const char **proof)
{

	*proof = "";
	if (p->guessed)
		return REPORTED_GUESSED;
	*proof = "it has a sender, which reports have not";
	if (r->sender[0] != '\0')
		return REPORTED_UNPROVED;
	*proof = "it came to another address than the letter's sender";
	if (!return_path(r, p))
		return REPORTED_UNPROVED;
	*proof = "";
	if (p->by_envid)
		return REPORTED_ENVELOPE;
	*proof = recipients(rep, p);
	if (*proof != NULL)
		return REPORTED_VOUCHED;
	*proof = "nobody vouches for it whom the letter went to";
	if (!relays_own(st, rep, p, proof))
		return REPORTED_UNPROVED;
	*proof = rep->author;
	return REPORTED_VOUCHED;
}

/* ---- the ledger ---- */

static enum store_err
keep(struct store *st, const struct rule_row *r, const struct place *p,
    const struct reported *x, bool *fresh)
{
	static struct store_slot count, put;
	enum store_err rc;

	*fresh = false;
	if (store_int(st, STORE_NODE, &count, "SELECT count(*) FROM"
	    " queue_returned WHERE letter = ?1 AND n = ?2 AND"
	    " (belief >= 2) = ?3", "iii", (int64_t)p->letter, (int64_t)x->n,
	    (int64_t)reported_believed(x->belief)) >= RETURNED_MAX)
		return STORE_OK;
	rc = store_do(st, STORE_NODE, &put, "INSERT OR IGNORE INTO"
	    " queue_returned VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"
	    " ?11, ?12, ?13)", "iibsiiissssss", (int64_t)p->letter,
	    (int64_t)x->n, r->hash, sizeof r->hash, x->who,
	    (int64_t)x->action, (int64_t)x->belief, x->at, x->status,
	    x->said, x->mta, x->by, x->proof, x->trace);
	*fresh = rc == STORE_OK && sqlite3_changes(st->db[STORE_NODE]) > 0;
	return rc;
}

/* In the letter's story, and in that of the report. */
static void
story(struct store *st, const struct rule_row *r, const struct place *p,
    const struct reported *x)
{
	char id[QUEUE_ID_MAX], text[EVENT_TEXT_MAX];
	const char *to = p->n != 0 ? p->addr : x->who;
	struct buf b;

	queue_id_text(p->letter, id);
	buf_init(&b, EVENT_TEXT_MAX);
	reported_text(x, &b);
	buf_adds(&b, "; ");
	reported_why(x, &b);
	(void)snprintf(text, sizeof text, "id=%s %s", id, buf_str(&b) !=
	    NULL ? buf_str(&b) : "");
	event_add(st, r->trace, to, "report", text);
	(void)snprintf(text, sizeof text, "report=%s %s", r->trace,
	    buf_str(&b) != NULL ? buf_str(&b) : "");
	event_add(st, id, to, reported_word(x->action), text);
	buf_clear(&b);
}

static void
sum_up(struct returned *out, const struct place *p, const struct reported *x)
{
	if (!out->found) {
		out->found = true;
		out->letter = p->letter;
		out->flags = p->flags;
		memcpy(out->msgid, p->msgid, sizeof out->msgid);
	}
	if (p->letter == out->letter && reported_believed(x->belief)) {
		out->failed = out->failed || x->action == REPORT_FAILED;
		out->late = out->late || x->action == REPORT_DELAYED;
	}
}

static enum store_err
note_one(struct store *st, const struct rule_row *r,
    const struct report *rep, const struct report_rcpt *rcpt,
    struct returned *out)
{
	const char *who = rcpt->final[0] != '\0' ? rcpt->final :
	    rcpt->original;
	struct reported x = { .action = rcpt->action, .status = rcpt->status,
	    .said = rcpt->said, .mta = rcpt->mta, .by = rep->by,
	    .trace = r->trace, .at = clock_wall_s() };
	enum store_err rc;
	struct place p;
	bool fresh;

	if (!find(st, r, rep, rcpt, &p))
		return STORE_OK;
	x.n = p.n;
	x.who = p.n != 0 && strcasecmp(who, p.addr) == 0 ? "" : who;
	x.belief = belief(st, r, rep, &p, &x.proof);
	rc = keep(st, r, &p, &x, &fresh);
	if (rc != STORE_OK)
		return rc;
	if (fresh) {
		story(st, r, &p, &x);
		watch_note(st, WATCH_QUEUE, p.letter, 0);
	}
	sum_up(out, &p, &x);
	return rc;
}

enum store_err
returned_note(struct store *st, const struct rule_row *r,
    const struct report *rep, struct returned *out)
{
	enum store_err rc = STORE_OK;
	size_t i;

	memset(out, 0, sizeof *out);
	out->named = rep->envid[0] != '\0' || rep->msgid[0] != '\0';
	for (i = 0; i < rep->n && rc == STORE_OK; i++)
		if (rep->rcpt[i].action != REPORT_UNKNOWN)
			rc = note_one(st, r, rep, &rep->rcpt[i], out);
	return rc;
}

/* ---- for listings ---- */

enum { ROOM_AFTER = 16 };

enum store_err
returned_put(struct store *st, uint64_t letter, struct buf *b)
{
	static struct store_slot slot;
	sqlite3_stmt *s;

	s = store_ask(st, STORE_NODE, &slot, "SELECT n, action, belief, at,"
	    " status, said, mta, by, who, proof, trace FROM queue_returned"
	    " WHERE letter = ?1 ORDER BY n, at", "i", (int64_t)letter);
	return sql_put_rows(b, s, 0, "ubbisssssss", ROOM_AFTER);
}

int64_t
returned_since(struct store *st, int64_t at)
{
	static struct store_slot slot;

	return store_int(st, STORE_NODE, &slot, "SELECT count(DISTINCT"
	    " letter) FROM queue_returned WHERE action = 1 AND belief >= 2"
	    " AND at > ?1", "i", at);
}
