#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mailnode/auth/header.h"
#include "mailnode/base/date.h"
#include "mailnode/node/conf.h"
#include "mailnode/queue/addrs.h"
#include "mailnode/queue/prepare.h"
#include "mailnode/queue/words.h"

/* What never leaves: blind copies, and what tells of machine and program. */
static const char *const private_fields[] = {
	"Bcc", "Resent-Bcc", "Return-Path", "Received", "X-Mailer",
	"User-Agent", "X-Originating-IP", "X-Originating-Email",
	"X-Cron-Env", "X-PHP-Originating-Script", "X-PHP-Script",
	"X-Source", "X-Source-Args", "X-Source-Dir",
	"X-Authentication-Warning", "X-Sender", "X-Mozilla-Status",
	"X-Mozilla-Status2", "X-Mozilla-Keys", "X-Mozilla-Draft-Info",
	"X-Identity-Key", "X-Account-Key", "X-Mutt-Fcc", "X-Mutt-References",
	"Fcc", "X-Evolution-Identity", "X-Evolution-Transport",
	"X-Evolution-Fcc", "X-KMail-Identity", "X-KMail-Transport",
	"X-KMail-Fcc", "Status", "X-Status", "X-Keywords", "X-UID",
	"X-IMAP", "X-Envelope-From", "X-Envelope-To", "Delivered-To",
	"X-Original-To", "Envelope-To", "Content-Length", "Lines",
};

static const char *const texts[] = {
	[PREPARE_OK] = "ok",
	[PREPARE_NOMEM] = "out of memory",
	[PREPARE_TOOBIG] = "the message is too large",
	[PREPARE_HEADER] = "the header is too large",
	[PREPARE_FROM] = "the From field is not one address",
	[PREPARE_SENDER] = "Sender or Resent-From is not an address",
	[PREPARE_RCPT] = "not an address",
};

const char *
prepare_err_text(enum prepare_err e)
{
	return (size_t)e < sizeof texts / sizeof texts[0] ? texts[e] : "?";
}

void
prepare_init(struct prepare *p, uint64_t max)
{
	memset(p, 0, sizeof *p);
	buf_init(&p->text, (size_t)max);
	buf_init(&p->rcpts, PREPARE_RCPTS_MAX);
	buf_init(&p->senders, (PREPARE_SENDERS_MAX + 1) * PATH_SIZE);
}

void
prepare_clear(struct prepare *p)
{
	buf_clear(&p->text);
	buf_clear(&p->rcpts);
	buf_clear(&p->senders);
}

/* ---- addresses ---- */

static bool
has(const struct buf *list, size_t n, const char *addr)
{
	const char *s = (const char *)list->data;
	size_t i;

	for (i = 0; i < n; i++, s += strlen(s) + 1)
		if (strcasecmp(s, addr) == 0)
			return true;
	return false;
}

static enum prepare_err
add(struct buf *list, size_t *n, const char *addr)
{
	if (has(list, *n, addr))
		return PREPARE_OK;
	if (buf_add(list, addr, strlen(addr) + 1) == -1)
		return list->err == EMSGSIZE ? PREPARE_TOOBIG : PREPARE_NOMEM;
	++*n;
	return PREPARE_OK;
}

static enum prepare_err
add_rcpt(struct prepare *p, const char *addr)
{
	return add(&p->rcpts, &p->nrcpts, addr);
}

static enum prepare_err
add_bare(struct prepare *p, const char *name)
{
	char full[PATH_SIZE * 3];

	if (p->is_login == NULL || !p->is_login(p->arg, name))
		snprintf(full, sizeof full, "%s@%s", name, p->domain);
	else if (conf.subaddress[0] == '\0')
		snprintf(full, sizeof full, "%s@%s", conf.user, p->domain);
	else
		snprintf(full, sizeof full, "%s%c%s@%s", conf.user,
		    conf.subaddress[0], name, p->domain);
	return add_rcpt(p, full);
}

/* "root@localhost" is "root". */
static bool
here(const struct prepare *p, const struct path *a)
{
	return p->is_here != NULL && !a->literal &&
	    p->is_here(p->arg, a->domain);
}

enum prepare_err
prepare_rcpt(struct prepare *p, const char *text, size_t n)
{
	const char *end = text + n, *at;
	enum prepare_err rc = PREPARE_OK;
	struct path a;
	size_t len;

	while (rc == PREPARE_OK)
		switch (addrs_next(&text, end, &a, &at, &len)) {
		case ADDRS_ONE:
			rc = here(p, &a) ? add_bare(p, a.local) :
			    add_rcpt(p, a.address);
			break;
		case ADDRS_LOCAL:
			rc = add_bare(p, a.local);
			break;
		case ADDRS_BAD:
			snprintf(p->bad, sizeof p->bad, "%.*s",
			    len < 100 ? (int)len : 100, at);
			return PREPARE_RCPT;
		case ADDRS_END:
			return PREPARE_OK;
		}
	return rc;
}

/* ---- the header ---- */

static bool
is(const struct header *h, size_t i, const char *name)
{
	return header_is(h, i, name, strlen(name));
}

static bool
is_private(const struct header *h, size_t i)
{
	size_t k;

	for (k = 0; k < sizeof private_fields / sizeof private_fields[0]; k++)
		if (is(h, i, private_fields[k]))
			return true;
	return false;
}

/* The value without its line ends, in out. */
static const char *
value(const struct header *h, size_t i, struct buf *out, size_t *n)
{
	const uint8_t *p = header_text(h, i);
	size_t k;

	buf_reset(out);
	for (k = h->fields[i].name + 1; k < h->fields[i].len; k++)
		if (p[k] != '\r' && p[k] != '\n')
			buf_addc(out, p[k]);
	for (k = 0; k < out->len && (out->data[k] == ' ' ||
	    out->data[k] == '\t'); k++)
		;
	*n = out->len - k;
	while (*n > 0 && (out->data[k + *n - 1] == ' ' ||
	    out->data[k + *n - 1] == '\t'))
		--*n;
	return out->data == NULL ? "" : (const char *)out->data + k;
}

static void
keep_text(char *dst, size_t size, const char *s, size_t n)
{
	size_t i, k = 0;

	for (i = 0; i < n && k + 1 < size; i++)
		if ((unsigned char)s[i] >= ' ' && s[i] != 127)
			dst[k++] = s[i];
	/* Not cut inside a character. */
	while (i < n && k > 0 && ((unsigned char)dst[k - 1] & 0x80))
		k--;
	dst[k] = '\0';
}

static void
keep_subject(struct prepare *p, const char *s, size_t n)
{
	struct buf b;

	buf_init(&b, 9 * n + 3);
	if (words_decode(&b, s, s + n) == 0 && b.len > 0)
		keep_text(p->subject, sizeof p->subject,
		    (const char *)b.data, b.len);
	buf_clear(&b);
}

static void
keep_msgid(struct prepare *p, const char *s, size_t n)
{
	if (n > 2 && s[0] == '<' && s[n - 1] == '>' &&
	    n < sizeof p->msgid && memchr(s, ' ', n) == NULL)
		keep_text(p->msgid, sizeof p->msgid, s + 1, n - 2);
}

/* *whole: it stands there as it may stay. */
static enum prepare_err
read_from(struct prepare *p, const char *s, size_t n, bool *whole)
{
	const char *end = s + n, *at;
	struct path a, more;
	size_t len;

	*whole = false;
	switch (addrs_next(&s, end, &a, &at, &len)) {
	case ADDRS_ONE:
		if (here(p, &a))
			break;
		snprintf(p->author, sizeof p->author, "%s", a.address);
		*whole = true;
		break;
	case ADDRS_LOCAL:	/* replaced by ours */
	case ADDRS_END:
		break;
	case ADDRS_BAD:
		return PREPARE_FROM;
	}
	return addrs_next(&s, end, &more, &at, &len) == ADDRS_END ?
	    PREPARE_OK : PREPARE_FROM;
}

/* A bare name is dropped as it is from From. */
static enum prepare_err
read_senders(struct prepare *p, const char *s, size_t n, bool *whole)
{
	const char *end = s + n, *at;
	enum prepare_err rc = PREPARE_OK;
	struct path a;
	size_t len;

	while (rc == PREPARE_OK)
		switch (addrs_next(&s, end, &a, &at, &len)) {
		case ADDRS_ONE:
			if (here(p, &a)) {
				*whole = false;
				break;
			}
			rc = add(&p->senders, &p->nsenders, a.address);
			if (p->nsenders > PREPARE_SENDERS_MAX)
				rc = PREPARE_SENDER;
			break;
		case ADDRS_LOCAL:
			*whole = false;
			break;
		case ADDRS_BAD:
			return PREPARE_SENDER;
		case ADDRS_END:
			return PREPARE_OK;
		}
	return rc;
}

static bool
names_sender(const struct header *h, size_t i)
{
	return is(h, i, "Sender") || is(h, i, "Resent-From") ||
	    is(h, i, "Resent-Sender");
}

static bool
names_rcpts(const struct header *h, size_t i, bool resent)
{
	if (resent)
		return is(h, i, "Resent-To") || is(h, i, "Resent-Cc") ||
		    is(h, i, "Resent-Bcc");
	return is(h, i, "To") || is(h, i, "Cc") || is(h, i, "Bcc");
}

struct fields {
	bool	from, date, msgid, resent;
};

/* False: the field goes. */
static bool
look_at(struct prepare *p, const struct header *h, size_t i,
    struct fields *f, struct buf *v, enum prepare_err *rc)
{
	bool whole = true;
	const char *s;
	size_t n;

	s = value(h, i, v, &n);
	if (p->rcpts_wanted && names_rcpts(h, i, f->resent))
		*rc = prepare_rcpt(p, s, n);
	if (*rc != PREPARE_OK || is_private(h, i))
		return false;
	if (is(h, i, "From")) {
		if (p->local)
			return false;
		*rc = f->from ? PREPARE_FROM : read_from(p, s, n, &whole);
		f->from = f->from || whole;
		return whole;
	}
	if (names_sender(h, i)) {
		if (p->local)
			return false;
		*rc = read_senders(p, s, n, &whole);
		return whole;
	}
	f->date = f->date || is(h, i, "Date");
	if (is(h, i, "Message-ID") && p->msgid[0] == '\0') {
		keep_msgid(p, s, n);
		f->msgid = p->msgid[0] != '\0';
		return f->msgid;
	}
	if (is(h, i, "Subject") && p->subject[0] == '\0')
		keep_subject(p, s, n);
	return !is(h, i, "Message-ID");
}

/* RFC 5322 phrase: quoted, whatever is in it. */
static void
put_from(struct prepare *p)
{
	const char *s;

	buf_adds(&p->text, "From: ");
	if (p->name != NULL && p->name[0] != '\0') {
		buf_addc(&p->text, '"');
		for (s = p->name; *s != '\0'; s++) {
			if (*s == '"' || *s == '\\')
				buf_addc(&p->text, '\\');
			if ((unsigned char)*s >= ' ' && *s != 127)
				buf_addc(&p->text, *s);
			p->utf8 = p->utf8 || (unsigned char)*s > 127;
		}
		buf_adds(&p->text, "\" ");
	}
	buf_addf(&p->text, "<%s>\r\n", p->from);
	snprintf(p->author, sizeof p->author, "%s", p->from);
}

static void
put_missing(struct prepare *p, const struct fields *f)
{
	char date[48];

	if (!f->from && !p->local)
		put_from(p);
	if (!f->date) {
		date_text(p->now, date, sizeof date);
		buf_addf(&p->text, "Date: %s\r\n", date);
	}
	p->named = f->msgid;
	if (!f->msgid) {
		snprintf(p->msgid, sizeof p->msgid, "%s@%s", p->unique,
		    p->domain);
		buf_addf(&p->text, "Message-ID: <%s>\r\n", p->msgid);
	}
}

static bool
has_eightbit(const uint8_t *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (p[i] > 127)
			return true;
	return false;
}

/* RFC 5322 section 3.6.8: visible ASCII, at least one. */
static bool
is_field(const struct header *h, size_t i)
{
	const uint8_t *p = header_text(h, i);
	size_t k, n = h->fields[i].name;

	while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t'))
		n--;
	for (k = 0; k < n; k++)
		if (p[k] <= ' ' || p[k] > 126)
			return false;
	return n > 0;
}

/* Where the fields end: at the first line that is none. */
static size_t
count_fields(const struct header *h, size_t *first)
{
	size_t i;

	/* The separator of an mbox, as some programs pass it on. */
	*first = h->nfields > 0 && h->fields[0].len > 5 &&
	    memcmp(header_text(h, 0), "From ", 5) == 0;
	for (i = *first; i < h->nfields && is_field(h, i); i++)
		;
	return i;
}

static enum prepare_err
put_header(struct prepare *p, const struct header *h, size_t first,
    size_t end)
{
	enum prepare_err rc = PREPARE_OK;
	struct fields f = { false, false, false, false };
	struct buf v;
	size_t i;

	buf_init(&v, PREPARE_HEADER_MAX);
	for (i = first; i < end; i++)
		f.resent = f.resent || names_rcpts(h, i, true);
	for (i = first; i < end && rc == PREPARE_OK; i++) {
		const uint8_t *t = header_text(h, i);

		if (!look_at(p, h, i, &f, &v, &rc))
			continue;
		p->utf8 = p->utf8 || has_eightbit(t, h->fields[i].len);
		buf_add(&p->text, t, h->fields[i].len);
	}
	buf_clear(&v);
	if (rc == PREPARE_OK)
		put_missing(p, &f);
	return rc;
}

/* raw: CRLF throughout.  Its header is cleaned, its body as it is. */
static enum prepare_err
put_all(struct prepare *p, const struct buf *raw)
{
	const void *data = raw->len > 0 ? (const void *)raw->data : "";
	enum prepare_err rc = PREPARE_HEADER;
	size_t body, first, end;
	struct header h;

	header_init(&h, PREPARE_HEADER_MAX);
	body = header_feed(&h, data, raw->len);
	if (body == raw->len)
		header_end(&h);
	if (h.nomem)
		rc = PREPARE_NOMEM;
	if (h.nomem)
		goto out;
	end = count_fields(&h, &first);
	if (h.over && end == h.nfields)
		goto out;
	rc = put_header(p, &h, first, end);
	if (rc != PREPARE_OK)
		goto out;
	/* A line that is no field: the body began without an empty line. */
	if (end < h.nfields)
		body = h.fields[end].off;
	buf_adds(&p->text, "\r\n");
	buf_add(&p->text, (const uint8_t *)data + body, raw->len - body);
	if (p->text.err != 0)
		rc = p->text.err == EMSGSIZE ? PREPARE_TOOBIG : PREPARE_NOMEM;
out:
	header_clear(&h);
	return rc;
}

enum prepare_err
prepare_letter(struct prepare *p, const void *data, size_t n)
{
	enum prepare_err rc = PREPARE_NOMEM;
	struct buf raw;

	buf_init(&raw, p->text.max);
	if (prepare_lines(&raw, data, n, &p->eightbit) == 0)
		rc = put_all(p, &raw);
	else if (raw.err == EMSGSIZE)
		rc = PREPARE_TOOBIG;
	buf_clear(&raw);
	return rc;
}
