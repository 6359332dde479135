#include <stdio.h>
#include <string.h>

#include "mailnode/base/date.h"
#include "mailnode/queue/dsn.h"
#include "mailnode/queue/words.h"
#include "mailnode/smtp/client_reply.h"
#include "store/mtext.h"

enum { SUBJECT_SHOWN = 200 };	/* octets of the letter's own */

struct words {
	const char	*subject, *action, *class, *text;
};

static const struct words words[] = {
	[DSN_FAILED] = {
		"Undelivered", "failed", "5.0.0",
		"Your letter could not be delivered to the recipients named "
		"below.\r\nIt is not tried again." },
	[DSN_DELAYED] = {
		"Delayed", "delayed", "4.0.0",
		"Your letter has not been delivered yet to the recipients "
		"named below.\r\nThere is nothing you need to do: it is "
		"tried again." },
	[DSN_DELIVERED] = {
		"Delivered", "relayed", "2.0.0",
		"Your letter was handed to the next mail server for the "
		"recipients\r\nnamed below, which sends no reports." },
};

void
dsn_status(enum dsn_kind kind, const struct dsn_rcpt *rcpt, char *dst,
    size_t size)
{
	const char *other = rcpt->expired ? "4.4.7" : words[kind].class;
	struct reply r;

	reply_init(&r);
	snprintf(dst, size, "%s", other);
	if (reply_line(&r, rcpt->reply, strlen(rcpt->reply)) == 0 &&
	    r.code / 100 == (unsigned int)(other[0] - '0'))
		reply_status(&r, dst, size);
	if (rcpt->expired && strcmp(dst, "4.0.0") == 0)
		snprintf(dst, size, "%s", other);
}

static void
put_head(struct buf *b, const struct dsn *d, const char *unique)
{
	char date[48];

	date_text(d->now, date, sizeof date);
	buf_addf(b, "Date: %s\r\nFrom: Mail queue <MAILER-DAEMON@%s>\r\n"
	    "To: <%s>\r\nSubject: %s: ", date, d->hostname, d->to,
	    words[d->kind].subject);
	words_encode(b, d->subject, SUBJECT_SHOWN);
	buf_addf(b, "\r\nMessage-ID: <%s.dsn@%s>\r\n", unique, d->hostname);
	if (d->msgid[0] != '\0')
		buf_addf(b, "In-Reply-To: <%s>\r\nReferences: <%s>\r\n",
		    d->msgid, d->msgid);
	buf_addf(b, "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: multipart/report; report-type=delivery-status;"
	    "\r\n\tboundary=\"=_%s\"\r\n\r\n", unique);
}

static bool
is_ascii(const char *s)
{
	while ((unsigned char)*s - 1U < 0x7f)
		s++;
	return *s == '\0';
}

/* RFC 6533: what says more than ASCII is a status of another type. */
static bool
is_global(const struct dsn *d)
{
	size_t i;

	for (i = 0; i < d->nrcpt; i++)
		if (!is_ascii(d->rcpt[i].addr) || !is_ascii(d->rcpt[i].reply))
			return true;
	return false;
}

/* A server may say any octets; these two parts are UTF-8. */
static void
put_reply(struct buf *b, const char *lead, const char *reply)
{
	buf_adds(b, lead);
	(void)mtext_line(b, reply, strlen(reply), REPLY_TEXT_MAX);
	buf_adds(b, "\r\n");
}

/* RFC 6522: first for people. */
static void
put_text(struct buf *b, const struct dsn *d, const char *unique)
{
	char date[48];
	size_t i;

	date_text(d->created, date, sizeof date);
	buf_addf(b, "--=_%s\r\nContent-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: 8bit\r\n\r\n%s\r\n\r\n", unique,
	    words[d->kind].text);
	for (i = 0; i < d->nrcpt; i++) {
		buf_addf(b, "  %s%s\r\n", d->rcpt[i].addr,
		    d->rcpt[i].expired ? ": tried in vain for five days" :
		    "");
		if (d->rcpt[i].reply[0] != '\0')
			put_reply(b, "    ", d->rcpt[i].reply);
	}
	buf_addf(b, "\r\nThe letter \"%.200s\"\r\nof %s\r\n", d->subject,
	    date);
	if (d->kind == DSN_DELAYED) {
		date_text(d->expires, date, sizeof date);
		buf_addf(b, "is tried until %s\r\n", date);
	}
	buf_addf(b, "is %s in the queue (mailnode queue show %s).\r\n", d->id,
	    d->id);
}

static void
put_rcpt(struct buf *b, const struct dsn *d, const struct dsn_rcpt *r)
{
	char status[12], date[48];

	dsn_status(d->kind, r, status, sizeof status);
	buf_adds(b, "\r\n");
	if (r->orcpt[0] != '\0')
		buf_addf(b, "Original-Recipient: %s\r\n", r->orcpt);
	buf_addf(b, "Final-Recipient: %s; %s\r\nAction: %s\r\n"
	    "Status: %s\r\n", is_ascii(r->addr) ? "rfc822" : "utf-8",
	    r->addr, words[d->kind].action, status);
	if (r->peer[0] != '\0')
		buf_addf(b, "Remote-MTA: dns; %.*s\r\n",
		    (int)strcspn(r->peer, " "), r->peer);
	if (r->reply[0] >= '2' && r->reply[0] <= '5')
		put_reply(b, "Diagnostic-Code: smtp; ", r->reply);
	else if (r->reply[0] != '\0')
		put_reply(b, "Diagnostic-Code: x-mailnode; ", r->reply);
	if (d->kind == DSN_DELAYED) {
		date_text(d->expires, date, sizeof date);
		buf_addf(b, "Will-Retry-Until: %s\r\n", date);
	}
}

/* RFC 3464: second for programs. */
static void
put_status(struct buf *b, const struct dsn *d, const char *unique)
{
	char date[48];
	size_t i;

	date_text(d->created, date, sizeof date);
	buf_addf(b, "\r\n--=_%s\r\nContent-Type: message/%sdelivery-status\r\n"
	    "%s\r\n", unique, is_global(d) ? "global-" : "", is_global(d) ?
	    "Content-Transfer-Encoding: 8bit\r\n" : "");
	if (d->envid[0] != '\0')
		buf_addf(b, "Original-Envelope-Id: %s\r\n", d->envid);
	buf_addf(b, "Reporting-MTA: dns; %s\r\nArrival-Date: %s\r\n",
	    d->hostname, date);
	for (i = 0; i < d->nrcpt; i++)
		put_rcpt(b, d, &d->rcpt[i]);
}

void
dsn_put(struct buf *b, const struct dsn *d, const char *unique)
{
	size_t n = d->nheader < DSN_HEADER_MAX ? d->nheader : DSN_HEADER_MAX;

	put_head(b, d, unique);
	put_text(b, d, unique);
	put_status(b, d, unique);
	buf_addf(b, "\r\n--=_%s\r\nContent-Type: text/rfc822-headers\r\n"
	    "Content-Transfer-Encoding: 8bit\r\n\r\n", unique);
	buf_add(b, d->header, n);
	buf_addf(b, "\r\n--=_%s--\r\n", unique);
}
