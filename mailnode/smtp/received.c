#include <string.h>
#include <time.h>

#include "mailnode/base/bug.h"
#include "mailnode/smtp/path.h"
#include "mailnode/smtp/received.h"

const char *
received_with(bool esmtp, bool tls, bool utf8)
{
	if (utf8)
		return tls ? "UTF8SMTPS" : "UTF8SMTP";
	if (tls)
		return "ESMTPS";
	return esmtp ? "ESMTP" : "SMTP";
}

/* strftime would ask the locale for the names. */
static void
put_date(struct buf *b, int64_t now_s)
{
	static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu",
	    "Fri", "Sat" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May",
	    "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t t = (time_t)now_s;
	struct tm tm;

	BUG_ON(gmtime_r(&t, &tm) == NULL);
	buf_addf(b, "%s, %d %s %d %02d:%02d:%02d +0000", days[tm.tm_wday],
	    tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour,
	    tm.tm_min, tm.tm_sec);
}

/* RFC 5321 section 4.1.3 */
static void
put_literal(struct buf *b, const char *addr)
{
	buf_addf(b, strchr(addr, ':') != NULL ? "[IPv6:%s]" : "[%s]", addr);
}

/* What greets with no name is named by its address; the word it used is
 * of the harmless characters that cmd_helo lets through. */
static void
put_from(struct buf *b, const struct received *r)
{
	const char *end = r->helo + strlen(r->helo);

	if (path_domain_ok(r->helo, end, r->utf8) ||
	    path_literal_ok(r->helo, end)) {
		buf_addf(b, "%s (", r->helo);
		put_literal(b, r->peer);
		buf_addc(b, ')');
		return;
	}
	put_literal(b, r->peer);
	buf_addf(b, " (greeting %s)", path_domain_ok(r->helo, end, true) ?
	    "in UTF-8" : r->helo);
}

int
received_put(struct buf *b, const struct received *r)
{
	buf_adds(b, "Received: from ");
	put_from(b, r);
	buf_addf(b, "\r\n\tby %s with %s", r->hostname,
	    received_with(r->esmtp, r->tls_version != NULL, r->utf8));
	if (r->tls_version != NULL)
		buf_addf(b, "\r\n\t(%s %s)", r->tls_version, r->tls_cipher);
	buf_addf(b, "\r\n\tid %s", r->trace);
	if (r->rcpt != NULL)
		buf_addf(b, "\r\n\tfor <%s>", r->rcpt);
	buf_adds(b, "; ");
	put_date(b, r->now_s);
	return buf_adds(b, "\r\n");
}

int
received_envelope(struct buf *b, const char *const *rcpt, size_t n)
{
	size_t began = b->len, i;

	if (n < 2)
		return b->err == 0 ? 0 : -1;
	buf_addf(b, "Envelope-To: %s", rcpt[0]);
	for (i = 1; i < n && b->len - began + strlen(rcpt[i]) <
	    RECEIVED_ENVELOPE_MAX; i++)
		buf_addf(b, ",\r\n\t%s", rcpt[i]);
	return buf_adds(b, "\r\n");
}

int
received_return_path(struct buf *b, const char *sender)
{
	return buf_addf(b, "Return-Path: <%s>\r\n", sender);
}
