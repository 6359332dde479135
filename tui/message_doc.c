#define _DEFAULT_SOURCE	/* strcasecmp, strncasecmp */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mailnode/node/conf.h"
#include "store/tag.h"
#include "tui/message_doc.h"
#include "tui/reply.h"
#include "tui/text.h"

enum {
	ALIASES_MAX = 4096,	/* octets of the addresses a message came to */
	PEOPLE_COLS = 320,	/* shown of a field's addresses: some lines */
	ATTACH_SHOWN = 10,	/* attachments named above the text */
	NAME_COLS = 40		/* shown of an attachment's name */
};

const char *
message_part_name(const struct parse_part *p)
{
	if (p->filename[0] != '\0')
		return p->filename;
	return p->description[0] != '\0' ? p->description : p->type;
}

/* Addresses until it is enough. */
static void
put_people(struct doc *d, const char *name, const char *value)
{
	size_t len = strlen(value), n = text_fit(value, len, PEOPLE_COLS);
	struct buf b;

	if (n == len) {
		doc_header(d, name, value, PAINT_TEXT);
		return;
	}
	while (n > 0 && value[n] != ',')
		n--;
	if (n == 0)
		n = text_fit(value, len, PEOPLE_COLS);
	buf_init(&b, PEOPLE_COLS * 16);
	buf_add(&b, value, n);
	buf_adds(&b, ", \xe2\x80\xa6 (h shows more)");
	doc_header(d, name, buf_str(&b), PAINT_TEXT);
	buf_clear(&b);
}

static void
put_headers(struct doc *d, const struct parse_show *s, bool all)
{
	static const char *const few[] = { "From", "To", "Cc", "Reply-To",
	    "Date", "Subject" };
	const char *value;
	size_t i;

	if (all) {
		for (i = 0; i < s->nheader; i++)
			doc_header(d, s->header[i].name, s->header[i].value,
			    PAINT_TEXT);
		return;
	}
	for (i = 0; i < sizeof few / sizeof few[0]; i++) {
		value = reply_header(s, few[i]);
		if (value[0] == '\0' || (strcmp(few[i], "Reply-To") == 0 &&
		    strcmp(value, reply_header(s, "From")) == 0))
			continue;
		if (strcmp(few[i], "Subject") == 0)
			doc_header(d, few[i], value, PAINT_SUBJECT);
		else
			put_people(d, few[i], value);
	}
}

/* "dkim=pass" of our own field, which stands above any other. */
static void
put_verdict(struct doc *d, const struct parse_show *s)
{
	static const char *const methods[] = { "dkim=", "spf=", "dmarc=" };
	const char *v = reply_header(s, "Authentication-Results"), *p;
	size_t n = strcspn(v, "; "), i, k;
	enum conf_paint paint = PAINT_TEXT;
	struct buf b;

	if (n != strlen(conf.hostname) ||
	    strncasecmp(v, conf.hostname, n) != 0)
		return;
	buf_init(&b, 200);
	for (i = 0; i < sizeof methods / sizeof methods[0]; i++) {
		p = strstr(v, methods[i]);
		if (p == NULL || (p > v && p[-1] != ' ' && p[-1] != ';'))
			continue;
		k = strcspn(p, " ;(");
		buf_addf(&b, "%s%.*s", b.len > 0 ? "  " : "", (int)k, p);
		if (strncmp(p + strlen(methods[i]), "pass", 4) == 0)
			paint = paint == PAINT_BAD ? PAINT_BAD : PAINT_GOOD;
		else if (strncmp(p + strlen(methods[i]), "fail", 4) == 0)
			paint = PAINT_BAD;
	}
	if (b.len > 0)
		doc_header(d, "Verified", buf_str(&b), paint);
	buf_clear(&b);
}

/* "[1] plan.pdf  application/pdf  12k"; what has no name shows its type. */
static void
put_attachment(struct doc *d, const struct parse_part *p, size_t n)
{
	const char *name = message_part_name(p);
	size_t len = strlen(name), fit = text_fit(name, len, NAME_COLS);
	char size[16];

	text_size(size, sizeof size, p->encoding[0] == 'b' ?
	    p->size / 4 * 3 : p->size);
	if (name == p->type)
		doc_addf(d, PAINT_ATTACHMENT, "[%zu] %s  %s", n, name, size);
	else
		doc_addf(d, PAINT_ATTACHMENT, "[%zu] %.*s%s  %s  %s", n,
		    (int)fit, name, fit < len ? "\xe2\x80\xa6" : "", p->type,
		    size);
}

/* An invitation is another form of the text, and more than that. */
static bool
is_listed(const struct parse_part *p)
{
	return (p->flags & PARSE_P_ATTACH) != 0 ||
	    ((p->flags & PARSE_P_BODY) == 0 &&
	    strcmp(p->type, "text/calendar") == 0);
}

static void
put_attachments(struct doc *d, const struct parse_show *s)
{
	size_t i, n = 0;

	for (i = 0; i < s->npart; i++)
		if (is_listed(&s->part[i]) && ++n <= ATTACH_SHOWN)
			put_attachment(d, &s->part[i], n);
	if (n > ATTACH_SHOWN)
		doc_addf(d, PAINT_ATTACHMENT, "[%zu more attachment%s: v "
		    "shows all]", n - ATTACH_SHOWN,
		    n - ATTACH_SHOWN == 1 ? "" : "s");
}

/* When and where an invitation is for: lines of its own. */
static void
put_event(struct doc *d, const char *s)
{
	const char *lf, *colon;
	char name[40], value[PEOPLE_COLS * 4];

	for (; (lf = strchr(s, '\n')) != NULL; s = lf + 1) {
		colon = strstr(s, ": ");
		if (colon == NULL || colon > lf)
			continue;
		(void)snprintf(name, sizeof name, "%.*s", (int)(colon - s), s);
		(void)snprintf(value, sizeof value, "%.*s",
		    (int)(lf - colon - 2), colon + 2);
		doc_header(d, name, value, strcmp(name, "Cancelled") == 0 ?
		    PAINT_BAD : PAINT_TEXT);
	}
}

/* Said, because this program does nothing with it: RFC 8551 section 3. */
static void
put_smime(struct doc *d, const struct parse_show *s)
{
	const char *type;
	size_t i;

	for (i = 0; i < s->npart; i++) {
		type = s->part[i].type;
		if (strncmp(type, "application/", 12) != 0)
			continue;
		type += strncmp(type + 12, "x-", 2) == 0 ? 14 : 12;
		if (strcmp(type, "pkcs7-signature") == 0)
			doc_header(d, "S/MIME", "signed, which is not "
			    "checked here", PAINT_WAIT);
		else if (strcmp(type, "pkcs7-mime") == 0)
			doc_header(d, "S/MIME", "encrypted, or signed as a "
			    "whole: it is not read here, v saves it",
			    PAINT_WAIT);
		else
			continue;
		return;
	}
}

/* By which address of mine they know me. */
static void
put_alias(struct doc *d, const struct parse_show *s, bool leak)
{
	static const char leaked[] = "this alias was not given to them: "
	    "mailnode alias tells to whom";
	struct buf alias;

	buf_init(&alias, ALIASES_MAX);
	if (reply_alias(s, &alias))
		doc_header(d, "Came to", buf_str(&alias), leak ? PAINT_BAD :
		    PAINT_TEXT);
	buf_clear(&alias);
	if (leak)
		doc_header(d, "Leaked", leaked, PAINT_BAD);
}

void
message_doc_head(struct doc *d, const struct fetched *f,
    const struct message_look *look, const struct queue_letter *fate)
{
	const struct parse_show *s = &f->show;

	put_headers(d, s, look->all_headers);
	put_verdict(d, s);
	if (f->pgp.text[0] != '\0')
		doc_header(d, "PGP", f->pgp.text, f->pgp.verdict == PGP_GOOD ?
		    PAINT_GOOD : f->pgp.verdict == PGP_BAD ? PAINT_BAD :
		    PAINT_WAIT);
	put_smime(d, s);
	put_alias(d, s, tag_in(f->info.tags, TAG_LEAK));
	if (tag_in(f->info.tags, TAG_LOOKALIKE))
		doc_header(d, "Beware", "this only looks like somebody you "
		    "write to; mailnode why tells like whom", PAINT_BAD);
	if (tag_in(f->info.tags, TAG_BACKSCATTER))
		doc_header(d, "Beware", "the letter it reports was never "
		    "sent from here; mailnode why tells which", PAINT_WAIT);
	if (f->info.tags[0] != '\0')
		doc_header(d, "Tags", f->info.tags, PAINT_TAGS);
	if (fate != NULL)
		message_fate_put(d, fate);
	put_event(d, s->event);
	put_attachments(d, s);
	if ((s->flags & PARSE_ENCRYPTED) != 0)
		doc_adds(d, PAINT_WAIT, "[encrypted]");
	if ((s->flags & PARSE_CUT) != 0)
		doc_adds(d, PAINT_BAD,
		    "[more parts than are shown: see the source]");
	doc_adds(d, PAINT_TEXT, "");
}
