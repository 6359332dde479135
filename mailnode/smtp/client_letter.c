/* One transaction: RFC 5321 section 3.3, with what the server offers. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/smtp/client_data.h"
#include "mailnode/smtp/client_parts.h"

enum {
	PIECE = 64 * 1024,	/* octets read and stuffed at once */
	ORCPT_OWN_MAX = 160	/* of an address; 500 encoded, RFC 3461 */
};

static void
all(struct client_letter *l, enum client_fate old, enum client_fate f,
    const char *text)
{
	size_t i;

	for (i = 0; i < l->nrcpt; i++)
		if (l->rcpt[i].fate == old) {
			l->rcpt[i].fate = f;
			snprintf(l->rcpt[i].text, sizeof l->rcpt[i].text,
			    "%s", text);
		}
}

static size_t
count(const struct client_letter *l, enum client_fate f)
{
	size_t i, n = 0;

	for (i = 0; i < l->nrcpt; i++)
		n += l->rcpt[i].fate == f;
	return n;
}

/* Nothing that could end the command or the path early. */
static bool
path_ok(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 127)
			return false;
	return true;
}

static bool
ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s > 127)
			return false;
	return true;
}

/* RFC 6531 sections 3.2, 3.6: of several recipients only those fail that the
 * server cannot take.  NULL, or the reason. */
static const char *
unfit_address(const struct client *c, const char *addr)
{
	if (!path_ok(addr))
		return "553 5.1.3 an address holds a control character";
	if (!ascii(addr) && !(c->offer.bits & OFFER_SMTPUTF8))
		return "553 5.6.7 the next hop does not take addresses "
		    "outside ASCII";
	return NULL;
}

/* What the server cannot take is not tried.  NULL, or the reason. */
static const char *
unfit(const struct client *c, const struct client_letter *l)
{
	if ((c->offer.bits & OFFER_SIZE) && c->offer.size != 0 &&
	    l->size + l->nhead > c->offer.size)
		return "552 5.3.4 the letter is larger than the next hop "
		    "takes";
	return unfit_address(c, l->from);
}

static void
put_mail(struct client *c, const struct client_letter *l)
{
	struct line *o = c->line;

	line_putf(o, "MAIL FROM:<%s>", l->from);
	if (c->offer.bits & OFFER_SIZE)
		line_putf(o, " SIZE=%llu",
		    (unsigned long long)(l->size + l->nhead));
	if ((l->eightbit || l->utf8) && (c->offer.bits & OFFER_8BITMIME))
		line_puts(o, " BODY=8BITMIME");
	if (l->utf8 && (c->offer.bits & OFFER_SMTPUTF8))
		line_puts(o, " SMTPUTF8");
	if (c->offer.bits & OFFER_DSN) {
		line_puts(o, " RET=HDRS");
		if ((c->offer.bits & OFFER_ENVID) != 0 &&
		    l->envid != NULL && l->envid[0] != '\0')
			line_putf(o, " ENVID=%s", l->envid);
	}
	line_puts(o, "\r\n");
}

/* RFC 3461 section 4.1; the bits are those of enum queue_notify. */
static void
put_notify(struct line *o, uint32_t notify)
{
	static const char *const word[] = { "NEVER", "SUCCESS", "FAILURE",
	    "DELAY" };
	const char *sep = " NOTIFY=";
	size_t i;

	for (i = 0; i < 4; i++)
		if (notify & (1U << i)) {
			line_putf(o, "%s%s", sep, word[i]);
			sep = ",";
		}
}

/* RFC 3461 section 5.2.1: where the submitter named none, the one of RCPT. */
static void
put_orcpt(struct line *o, const struct client_rcpt *r)
{
	const char *p;

	if (r->orcpt != NULL && r->orcpt[0] != '\0') {
		line_putf(o, " ORCPT=%s", r->orcpt);
		return;
	}
	for (p = r->addr; *p != '\0'; p++)
		if ((unsigned char)*p > 0x7e || p - r->addr >= ORCPT_OWN_MAX)
			return;		/* RFC 6533 has another type */
	line_puts(o, " ORCPT=rfc822;");
	for (p = r->addr; *p != '\0'; p++)
		line_putf(o, *p <= ' ' || *p == '+' || *p == '=' ? "+%02X" :
		    "%c", (unsigned int)*p);
}

static void
put_rcpt(struct client *c, const struct client_rcpt *r)
{
	line_putf(c->line, "RCPT TO:<%s>", r->addr);
	if (c->offer.bits & OFFER_DSN) {
		put_notify(c->line, r->notify);
		put_orcpt(c->line, r);
	}
	line_puts(c->line, "\r\n");
}

/* What tells us to log in first is for the owner to mend, not a fate for the
 * letter. */
static enum client_fate
fate_of(unsigned int code)
{
	if (code / 100 == 2)
		return CLIENT_TAKEN;
	if (code / 100 != 5 || code == 530 || code == 534 || code == 535 ||
	    code == 538)
		return CLIENT_DEFERRED;
	return CLIENT_REFUSED;
}

/* RFC 5321 section 4.5.3.1.10, RFC 3463 X.5.3: 552 to RCPT means 452, too.
 * Of another status either is a mailbox that is full: for good, or now. */
static bool
is_crowded(const struct reply *r)
{
	char status[12];

	reply_status(r, status, sizeof status);
	return (r->code == 452 || r->code == 552) &&
	    (strcmp(status + 1, ".5.3") == 0 ||
	    strcmp(status + 1, ".0.0") == 0);
}

/* The answer to MAIL (who NULL) or to one RCPT.  0, or -1: broken. */
static int
take_answer(struct client *c, struct client_letter *l, struct client_rcpt *who)
{
	enum client_fate f;

	if (client_answer(c, CLIENT_COMMAND_MS) == -1) {
		(void)client_breaks(c, who != NULL ? "RCPT" : "MAIL");
		l->unheard = who == NULL;
		return -1;
	}
	l->unheard = who == NULL && c->reply.code == 421;
	f = fate_of(c->reply.code);
	if (who == NULL) {
		if (f != CLIENT_TAKEN)
			all(l, CLIENT_DEFERRED, f, c->reply.text);
		return f == CLIENT_TAKEN ? 0 : 1;
	}
	who->crowded = is_crowded(&c->reply);
	who->fate = who->crowded ? CLIENT_DEFERRED : f;
	snprintf(who->text, sizeof who->text, "%s", c->reply.text);
	return c->broken ? -1 : 0;
}

/* By its own mark: when MAIL is refused so is everybody, and yet there are
 * answers to come for those who were named. */
static bool
is_left_out(const struct client_letter *l, size_t i)
{
	return i > 0 && l->rcpt[i - 1].unfit;
}

/*
 * MAIL and the RCPTs, CLIENT_PIPE at once if the server pipelines.  Command
 * 0 is MAIL, i > 0 is recipient i - 1.  0: the answers are in the fates;
 * 1: MAIL was refused; -1: broken.
 */
static int
envelope(struct client *c, struct client_letter *l)
{
	size_t window = c->offer.bits & OFFER_PIPELINING && !l->one_by_one ?
	    CLIENT_PIPE : 1;
	size_t next = 0, end, i;
	int rc = 0, k;

	while (next <= l->nrcpt && rc == 0) {
		end = next + window;
		if (end > l->nrcpt + 1)
			end = l->nrcpt + 1;
		for (i = next; i < end; i++)
			if (i == 0)
				put_mail(c, l);
			else if (!is_left_out(l, i))
				put_rcpt(c, &l->rcpt[i - 1]);
		if (client_flush(c, CLIENT_COMMAND_MS) == -1) {
			(void)client_breaks(c, "MAIL");
			return -1;
		}
		for (i = next; i < end; i++) {
			if (is_left_out(l, i))
				continue;
			if (rc == 1) {	/* answers to RCPT without MAIL */
				if (client_answer(c, CLIENT_COMMAND_MS) == -1)
					return -1;
				continue;
			}
			k = take_answer(c, l, i == 0 ? NULL : &l->rcpt[i - 1]);
			if (k == -1)
				return -1;
			rc = k;
		}
		next = end;
	}
	return rc;
}

/* Stuffed octets leave.  0, or -1. */
static int
pour(struct client *c, struct buf *b)
{
	line_put(c->line, b->data, b->len);
	buf_reset(b);
	return client_flush(c, CLIENT_BLOCK_MS);
}

/* The letter itself; 0, or -1: c->error, and the connection is lost. */
static int
body(struct client *c, const struct client_letter *l, struct buf *out)
{
	static uint8_t piece[PIECE];
	struct stuff s;
	uint64_t at = 0;
	ssize_t n;

	stuff_init(&s);
	if (stuff_put(&s, l->head, l->nhead, out) == -1)
		return client_nonsense(c, "the letter holds a bare CR or a NUL");
	while (at < l->size) {
		n = pread(l->fd, piece, l->size - at < PIECE ?
		    (size_t)(l->size - at) : PIECE,
		    (off_t)(l->offset + at));
		if (n <= 0)
			return client_nonsense(c, "the letter's file cannot be read");
		if (stuff_put(&s, piece, (size_t)n, out) == -1)
			return client_nonsense(c,
			    "the letter holds a bare CR or a NUL");
		at += (uint64_t)n;
		if (pour(c, out) == -1)
			return -1;
	}
	if (stuff_end(&s, out) == -1)
		return client_nonsense(c, "the letter holds a bare CR or a NUL");
	return pour(c, out);
}

/* From here on every trouble leaves the fate unknown. */
static void
final_dot(struct client *c, struct client_letter *l)
{
	line_puts(c->line, ".\r\n");
	if (client_flush(c, CLIENT_BLOCK_MS) == -1 ||
	    client_answer(c, CLIENT_DOT_MS) == -1) {
		(void)client_breaks(c, "answer to the letter");
		all(l, CLIENT_TAKEN, CLIENT_UNKNOWN, c->why);
		return;
	}
	/* It wants more of a letter that is whole: who knows what it did. */
	if (c->reply.code / 100 == 3) {
		(void)client_nonsense(c, c->reply.text);
		(void)client_breaks(c, "answer to the letter");
		all(l, CLIENT_TAKEN, CLIENT_UNKNOWN, c->why);
		return;
	}
	all(l, CLIENT_TAKEN, fate_of(c->reply.code), c->reply.text);
}

/* The answer to DATA is 354, or the end of this transaction. */
static int
begin_data(struct client *c, struct client_letter *l)
{
	enum client_fate f;

	if (client_ask(c, CLIENT_DATA_MS, "DATA", NULL) == -1) {
		(void)client_breaks(c, "DATA");
		all(l, CLIENT_TAKEN, CLIENT_DEFERRED, c->why);
		return -1;
	}
	if (c->reply.code == 354)
		return 0;
	f = fate_of(c->reply.code);
	/* A 2xx instead of 354 is nonsense: nothing was taken. */
	if (f == CLIENT_TAKEN) {
		f = CLIENT_DEFERRED;
		c->broken = true;
	}
	all(l, CLIENT_TAKEN, f, c->reply.text);
	return -1;
}

/* RFC 5321 section 4.1.1.5: what was not sent may not stay half said. */
static void
reset(struct client *c)
{
	if (!c->broken && client_ask(c, CLIENT_COMMAND_MS, "RSET", NULL) ==
	    -1)
		(void)client_breaks(c, "RSET");
}

static void
data(struct client *c, struct client_letter *l)
{
	struct buf out;
	int rc;

	if (begin_data(c, l) == -1) {
		reset(c);
		return;
	}
	buf_init(&out, 2 * PIECE + 64 * 1024);
	rc = body(c, l, &out);
	buf_clear(&out);
	if (rc == 0 && l->mark(l->arg) == -1)
		rc = client_nonsense(c, "the queue could not note the final dot");
	if (rc == -1) {
		/* Without a dot the server has nothing to deliver. */
		(void)client_breaks(c, "DATA");
		all(l, CLIENT_TAKEN, CLIENT_DEFERRED, c->why);
		return;
	}
	final_dot(c, l);
}

void
client_letter(struct client *c, struct client_letter *l)
{
	const char *all_unfit = unfit(c, l), *why;
	size_t i;
	int rc;

	for (i = 0; i < l->nrcpt; i++) {
		why = all_unfit != NULL ? all_unfit :
		    unfit_address(c, l->rcpt[i].addr);
		l->rcpt[i].unfit = why != NULL;
		l->rcpt[i].fate = why != NULL ? CLIENT_REFUSED :
		    CLIENT_DEFERRED;
		snprintf(l->rcpt[i].text, sizeof l->rcpt[i].text, "%s",
		    why != NULL ? why : "");
	}
	if (count(l, CLIENT_DEFERRED) == 0)
		return;
	rc = envelope(c, l);
	if (rc == -1) {
		/* Those already answered keep a refusal; no other counts. */
		if (c->why[0] == '\0')
			snprintf(c->why, sizeof c->why, "%.300s",
			    c->reply.text);
		all(l, CLIENT_TAKEN, CLIENT_DEFERRED, c->why);
		for (i = 0; i < l->nrcpt; i++)
			if (l->rcpt[i].text[0] == '\0')
				snprintf(l->rcpt[i].text,
				    sizeof l->rcpt[i].text, "%s", c->why);
		return;
	}
	if (rc == 0 && count(l, CLIENT_TAKEN) > 0)
		data(c, l);
	else
		reset(c);
}
