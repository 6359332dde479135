#define _DEFAULT_SOURCE	/* strncasecmp */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mailnode/node/conf.h"
#include "tui/addr.h"
#include "tui/reply.h"

enum {
	REFS_MAX = 8000		/* octets of References; the middle goes */
};

const char *
reply_header(const struct parse_show *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->nheader; i++)
		if (strcasecmp(s->header[i].name, name) == 0)
			return s->header[i].value;
	return "";
}

/* All fields of that name. */
static void
read_all(struct addrs *l, const struct parse_show *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->nheader; i++)
		if (strcasecmp(s->header[i].name, name) == 0)
			(void)addrs_read(l, s->header[i].value, NULL);
}

/* ---- subject ---- */

/* Octets of one prefix with its colon; 0: none. */
static size_t
prefix(const char *s)
{
	static const char *const words[] = { "re", "aw", "sv", "antw", "vs", "odp",
	    "ynt", "rif", "res", "\xe5\x9b\x9e\xe5\xa4\x8d",
	    "\xe7\xad\x94\xe5\xa4\x8d", "\xe5\x9b\x9e\xe8\xa6\x86" };
	const char *p;
	size_t i, n;

	for (i = 0; i < sizeof words / sizeof words[0]; i++) {
		n = strlen(words[i]);
		if (strncasecmp(s, words[i], n) != 0)
			continue;
		p = s + n;
		if (*p == '[' || *p == '(' || *p == '^')	/* Re[2]: */
			p += 1 + strspn(p + 1, "0123456789");
		if (*p == ']' || *p == ')')
			p++;
		while (*p == ' ')
			p++;
		if (*p == ':')
			return (size_t)(p + 1 - s);
		if (strncmp(p, "\xef\xbc\x9a", 3) == 0)	/* full width */
			return (size_t)(p + 3 - s);
	}
	return 0;
}

const char *
reply_base(const char *subject)
{
	size_t n;

	for (;;) {
		subject += strspn(subject, " \t");
		n = prefix(subject);
		if (n == 0)
			return subject;
		subject += n;
	}
}

static void
set_subject(struct letter *l, const char *intro, const char *subject)
{
	struct buf b;

	buf_init(&b, LETTER_MAX);
	buf_addf(&b, "%s%s", intro, subject);
	if (b.err == 0)
		letter_set(l, LETTER_SUBJECT, buf_str(&b));
	buf_clear(&b);
}

/* ---- In-Reply-To and References, RFC 5322 section 3.6.4 ---- */

/* Appends the message ids of s: what stands in < >. */
static void
put_ids(struct buf *b, const char *s)
{
	const char *lt, *gt;

	while ((lt = strchr(s, '<')) != NULL && (gt = strchr(lt, '>')) != NULL) {
		if (memchr(lt, ' ', (size_t)(gt - lt)) == NULL && gt > lt + 1) {
			if (b->len > 0)
				buf_addc(b, ' ');
			buf_add(b, lt, (size_t)(gt + 1 - lt));
		}
		s = gt + 1;
	}
}

/* The first one and as many of the last as there is room for. */
static void
shorten(struct buf *b)
{
	const char *s = buf_str(b), *cut, *first_end;
	struct buf out;

	if (b->err != 0 || b->len <= REFS_MAX)
		return;
	first_end = strchr(s, '>') + 1;
	cut = strchr(s + b->len - REFS_MAX, '<');
	if (cut == NULL || cut <= first_end)
		return;
	buf_init(&out, b->max);
	buf_add(&out, s, (size_t)(first_end - s));
	buf_addc(&out, ' ');
	buf_adds(&out, cut);
	buf_clear(b);
	*b = out;
}

static void
set_refs(struct letter *l, const struct parse_show *s)
{
	const char *msgid = reply_header(s, "Message-ID");
	const char *refs = reply_header(s, "References");
	struct buf id, all;

	buf_init(&id, LETTER_MAX);
	buf_init(&all, LETTER_MAX);
	put_ids(&id, msgid);
	put_ids(&all, refs);
	if (all.len == 0)
		put_ids(&all, reply_header(s, "In-Reply-To"));
	put_ids(&all, msgid);
	shorten(&all);
	if (id.len > 0 && id.err == 0)
		letter_set(l, LETTER_IRT, buf_str(&id));
	if (all.len > 0 && all.err == 0)
		letter_set(l, LETTER_REFS, buf_str(&all));
	buf_clear(&id);
	buf_clear(&all);
}

/* ---- who ---- */

void
reply_own(struct buf *b)
{
	char addr[512];
	struct addr own;

	(void)snprintf(addr, sizeof addr, "%s@%s", conf.user, conf.domains[0]);
	own.name = (char *)(uintptr_t)conf.realname;
	own.addr = addr;
	addr_put(b, &own);
}

/*
 * "by OUR.NAME ... for <address>": what the envelope said (RFC 5321 section
 * 4.4), where no other field names an alias that was given to one sender.
 */
static void
read_received(struct addrs *l, const struct parse_show *s)
{
	const char *v = reply_header(s, "Received"), *p, *end;
	char by[300], addr[512];

	(void)snprintf(by, sizeof by, " by %s ", conf.hostname);
	p = strstr(v, by);
	p = p != NULL ? strstr(p, " for <") : NULL;
	end = p != NULL ? strchr(p, '>') : NULL;
	if (end == NULL || (size_t)(end - p) >= sizeof addr)
		return;
	(void)snprintf(addr, sizeof addr, "%.*s", (int)(end - p - 6), p + 6);
	if (addr_ok(addr))
		(void)addrs_add(l, "", addr);
}

/* What we wrote above our own trace field of the other addresses; what stands
 * below it a stranger wrote. */
static void
read_envelope(struct addrs *l, const struct parse_show *s)
{
	size_t i;

	for (i = 0; i < s->nheader && strcasecmp(s->header[i].name,
	    "Received") != 0; i++)
		if (strcasecmp(s->header[i].name, "Envelope-To") == 0)
			(void)addrs_read(l, s->header[i].value, NULL);
}

bool
reply_alias(const struct parse_show *s, struct buf *out)
{
	struct addrs a = { NULL, 0 };
	bool other = false;
	char own[512];
	size_t i;

	(void)snprintf(own, sizeof own, "%s@%s", conf.user, conf.domains[0]);
	read_envelope(&a, s);
	if (a.n == 0)
		read_received(&a, s);
	for (i = 0; i < a.n; i++) {
		if (!addr_is_own(a.a[i].addr))
			continue;
		buf_addf(out, "%s%s", out->len > 0 ? ", " : "", a.a[i].addr);
		other |= strcasecmp(a.a[i].addr, own) != 0;
	}
	addrs_clear(&a);
	return other && out->err == 0;
}

/* The address of mine that the message came to speaks in the answer. */
static void
set_from(struct letter *l, const struct parse_show *s, bool mine)
{
	static const char *const where[] = { "To", "Cc", "Resent-To",
	    "Delivered-To", "X-Original-To", "Envelope-To" };
	struct addrs a = { NULL, 0 };
	struct addr own;
	struct buf b;
	size_t i, j;

	if (mine)
		read_all(&a, s, "From");
	else
		read_received(&a, s);
	for (i = 0; i < sizeof where / sizeof where[0]; i++)
		read_all(&a, s, where[i]);
	buf_init(&b, LETTER_MAX);
	for (j = 0; j < a.n && !addr_is_own(a.a[j].addr); j++)
		;
	if (j < a.n) {
		own.name = (char *)(uintptr_t)conf.realname;
		own.addr = a.a[j].addr;
		addr_put(&b, &own);
	} else {
		reply_own(&b);
	}
	letter_set(l, LETTER_FROM, buf_str(&b));
	buf_clear(&b);
	addrs_clear(&a);
}

static void
set_addrs(struct letter *l, enum letter_field f, const struct addrs *a)
{
	struct buf b;

	buf_init(&b, LETTER_MAX);
	addrs_put(&b, a);
	if (b.err == 0)
		letter_set(l, f, b.len > 0 ? buf_str(&b) : "");
	buf_clear(&b);
}

/* List-Post: <mailto:list@example.org?...>, RFC 2369 section 3.4. */
static void
read_list_post(struct addrs *to, const struct parse_show *s)
{
	const char *p = reply_header(s, "List-Post"), *colon;
	char addr[512];
	size_t n;

	for (; (p = strchr(p, '<')) != NULL; p++) {
		colon = p + 1;
		if (strncasecmp(colon, "mailto:", 7) != 0)
			continue;
		colon += 7;
		n = strcspn(colon, ">?");
		if (n == 0 || n >= sizeof addr)
			continue;
		memcpy(addr, colon, n);
		addr[n] = '\0';
		if (addr_ok(addr)) {
			(void)addrs_add(to, "", addr);
			return;
		}
	}
}

/* Without my own, and without what `but` has; all of it if only I am left. */
static void
others(struct addrs *out, const struct addrs *in, const struct addrs *but)
{
	size_t i;

	for (i = 0; i < in->n; i++)
		if (!addr_is_own(in->a[i].addr) &&
		    (but == NULL || !addrs_has(but, in->a[i].addr)))
			(void)addrs_add(out, in->a[i].name, in->a[i].addr);
	for (i = 0; but == NULL && out->n == 0 && i < in->n; i++)
		(void)addrs_add(out, in->a[i].name, in->a[i].addr);
}

static void
read_sender(struct addrs *to, const struct parse_show *s)
{
	struct addrs list = { NULL, 0 };

	read_all(to, s, "Mail-Reply-To");
	if (to->n == 0)
		read_all(to, s, "Reply-To");
	/* A list that writes itself there would make this a reply to all. */
	read_list_post(&list, s);
	if (to->n == 1 && list.n == 1 &&
	    addr_equal(to->a[0].addr, list.a[0].addr))
		addrs_clear(to);
	addrs_clear(&list);
	if (to->n == 0)
		read_all(to, s, "From");
}

static bool
written_by_me(const struct parse_show *s)
{
	struct addrs from = { NULL, 0 };
	bool mine;

	read_all(&from, s, "From");
	mine = from.n > 0 && addr_is_own(from.a[0].addr);
	addrs_clear(&from);
	return mine;
}

static void
reply_to_all(struct addrs *to, struct addrs *cc, const struct parse_show *s,
    bool mine)
{
	struct addrs first = { NULL, 0 }, rest = { NULL, 0 };

	read_all(&first, s, "Mail-Followup-To");
	if (first.n > 0) {
		others(to, &first, NULL);
		goto out;
	}
	if (mine) {
		read_all(&first, s, "To");
	} else {
		read_sender(&first, s);
		read_all(&rest, s, "To");
	}
	read_all(&rest, s, "Cc");
	others(to, &first, NULL);
	others(cc, &rest, to);
out:
	addrs_clear(&first);
	addrs_clear(&rest);
}

/* ---- text ---- */

/* Octets of the text without the signature below it. */
static size_t
without_signature(const char *s, size_t n)
{
	const char *p = s, *end = s + n;

	if (n >= 4 && memcmp(s, "-- \n", 4) == 0)
		return 0;
	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		p++;
		if (end - p >= 4 && memcmp(p, "-- \n", 4) == 0)
			return (size_t)(p - s);
	}
	return n;
}

static void
put_quoted(struct buf *b, const char *s, size_t n)
{
	const char *end = s + n, *lf;

	while (s < end) {
		lf = memchr(s, '\n', (size_t)(end - s));
		if (lf == NULL)
			lf = end;
		buf_adds(b, *s == '>' || lf == s ? ">" : "> ");
		buf_add(b, s, (size_t)(lf - s));
		buf_addc(b, '\n');
		s = lf < end ? lf + 1 : end;
	}
}

static void
set_quote(struct letter *l, const struct parse_show *s)
{
	struct addrs from = { NULL, 0 };
	const char *who = reply_header(s, "From"), *date;
	size_t n = without_signature(s->text, s->ntext);
	struct buf b;

	while (n > 0 && (s->text[n - 1] == '\n' || s->text[n - 1] == ' '))
		n--;
	read_all(&from, s, "From");
	if (from.n > 0)
		who = from.a[0].name[0] != '\0' ? from.a[0].name :
		    from.a[0].addr;
	if (who[0] == '\0')
		who = "somebody";
	date = reply_header(s, "Date");
	buf_init(&b, LETTER_MAX);
	if (n > 0) {
		if (date[0] != '\0')
			buf_addf(&b, "On %s, %s wrote:\n", date, who);
		else
			buf_addf(&b, "%s wrote:\n", who);
		put_quoted(&b, s->text, n);
		buf_addc(&b, '\n');
	}
	if (b.err == 0 && b.len > 0)
		letter_set_body(l, buf_str(&b), b.len);
	buf_clear(&b);
	addrs_clear(&from);
}

bool
reply_fill(struct letter *l, const struct parse_show *s, enum reply_kind kind)
{
	struct addrs to = { NULL, 0 }, cc = { NULL, 0 }, from = { NULL, 0 };
	bool mine = written_by_me(s), ok = true;

	if (kind == REPLY_LIST) {
		read_list_post(&to, s);
		ok = to.n > 0;
	} else if (kind == REPLY_ALL) {
		reply_to_all(&to, &cc, s, mine);
	} else {
		if (mine)
			read_all(&from, s, "To");
		else
			read_sender(&from, s);
		others(&to, &from, NULL);
	}
	set_addrs(l, LETTER_TO, &to);
	set_addrs(l, LETTER_CC, &cc);
	set_from(l, s, mine);
	set_subject(l, "Re: ", reply_base(reply_header(s, "Subject")));
	set_refs(l, s);
	set_quote(l, s);
	addrs_clear(&to);
	addrs_clear(&cc);
	addrs_clear(&from);
	return ok;
}

void
reply_forward(struct letter *l, const struct parse_show *s)
{
	static const char *const shown[] = { "From", "To", "Cc", "Date",
	    "Subject" };
	const char *value;
	struct buf b;
	size_t i;

	set_from(l, s, written_by_me(s));
	set_subject(l, "Fwd: ", reply_header(s, "Subject"));
	buf_init(&b, LETTER_MAX);
	buf_adds(&b, "\n----- Forwarded message -----\n");
	for (i = 0; i < sizeof shown / sizeof shown[0]; i++) {
		value = reply_header(s, shown[i]);
		if (value[0] != '\0')
			buf_addf(&b, "%s: %s\n", shown[i], value);
	}
	buf_addc(&b, '\n');
	buf_add(&b, s->text, s->ntext);
	buf_adds(&b, "\n----- End forwarded message -----\n");
	if (b.err == 0)
		letter_set_body(l, buf_str(&b), b.len);
	buf_clear(&b);
}
