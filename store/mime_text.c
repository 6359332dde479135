#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "store/card.h"
#include "store/html.h"
#include "store/mime_cap.h"
#include "store/mime_text.h"
#include "store/mtext.h"
#include "store/mword.h"

enum { SNIFF = 2048 /* octets of HTML searched for its charset */ };

/* ---- which parts ---- */

struct pick {
	const struct mime	*m;
	uint32_t		*flags;
	enum parse_want		 want;
};

static size_t
behind(const struct mime *m, size_t i)
{
	size_t j = i + 1;

	while (j < m->npart && m->part[j].depth > m->part[i].depth)
		j++;
	return j;
}

static bool
is_signature(const struct mime *m, const struct mime_part *p)
{
	return mime_is(m, p, "application", "pgp-signature") ||
	    mime_is(m, p, "application", "pkcs7-signature") ||
	    mime_is(m, p, "application", "x-pkcs7-signature") ||
	    mime_is(m, p, "application", "pgp-encrypted");
}

static uint32_t
leaf_flags(const struct mime *m, const struct mime_part *p)
{
	const struct mime_part *up = &m->part[p->parent];
	char disposition[32];
	uint32_t f = 0;
	bool attach;

	mime_disposition(m, p, disposition, sizeof disposition);
	attach = strcmp(disposition, "attachment") == 0;
	if (mime_is(m, p, "text", NULL)) {
		f |= PARSE_P_TEXT;
		f |= mime_is(m, p, "text", "html") ? PARSE_P_HTML : 0;
		attach = attach || (disposition[0] == '\0' && p != m->part &&
		    mime_filename(m, p) != NULL &&
		    (p->untyped || !mime_is(m, p, "text", "plain")));
	} else if (p->obj != NULL && up->kind == MIME_MULTI && p != m->part &&
	    mime_is(m, up, "multipart", "related") && !attach)
		return PARSE_P_INLINE;
	else
		attach = true;
	if (attach && !is_signature(m, p))
		f |= PARSE_P_ATTACH;
	if (strcmp(disposition, "inline") == 0)
		f |= PARSE_P_INLINE;
	return f;
}

static bool	body(struct pick *, size_t);

/* Which of an alternative: the last that holds what is wanted, else the
 * last that holds any text.  An invitation is no text that people read. */
static bool
holds(const struct pick *k, size_t i, uint32_t kind)
{
	size_t end = behind(k->m, i);

	for (; i < end; i++)
		if ((k->flags[i] & (PARSE_P_TEXT | PARSE_P_ATTACH)) ==
		    PARSE_P_TEXT &&
		    !mime_is(k->m, &k->m->part[i], "text", "calendar") && (k->flags[i] & PARSE_P_HTML) == kind &&
		    k->m->part[i].nbody > 0)
			return true;
	return false;
}

static bool
alternative(struct pick *k, size_t i)
{
	uint32_t kind = k->want == PARSE_HTML ? PARSE_P_HTML : 0;
	size_t end = behind(k->m, i), j, pass, best;

	for (pass = 0; pass < 2; pass++, kind ^= PARSE_P_HTML) {
		best = 0;
		for (j = i + 1; j < end; j = behind(k->m, j))
			if (holds(k, j, kind))
				best = j;
		if (best != 0)
			return body(k, best);
	}
	for (j = i + 1; j < end; j = behind(k->m, j))
		if (body(k, j))
			return true;
	return false;
}

static bool
body(struct pick *k, size_t i)
{
	const struct mime_part *p = &k->m->part[i];
	size_t end = behind(k->m, i), j;
	bool any = false;

	if (p->kind == MIME_LEAF) {
		if (!(k->flags[i] & PARSE_P_TEXT) ||
		    (k->flags[i] & PARSE_P_ATTACH))
			return false;
		k->flags[i] |= PARSE_P_BODY;
		return true;
	}
	/* No delimiter was found: what is there is read as it is. */
	if (p->kind == MIME_MULTI && end == i + 1 && p->nbody > 0) {
		k->flags[i] |= PARSE_P_BODY;
		return true;
	}
	if (p->kind == MIME_MULTI &&
	    mime_is(k->m, p, "multipart", "alternative"))
		return alternative(k, i);
	for (j = i + 1; j < end; j = behind(k->m, j)) {
		any = body(k, j) || any;
		if (any && p->kind == MIME_MULTI &&
		    (mime_is(k->m, p, "multipart", "related") ||
		    mime_is(k->m, p, "multipart", "signed")))
			break;
	}
	if (p->kind == MIME_MESSAGE)
		k->flags[i] |= PARSE_P_BODY;
	return any || p->kind == MIME_MESSAGE;
}

void
mime_pick(const struct mime *m, enum parse_want want, uint32_t *flags)
{
	struct pick k = { m, flags, want };
	const struct mime_part *p;
	size_t i;

	for (i = 0; i < m->npart; i++) {
		p = &m->part[i];
		if (p->kind == MIME_LEAF)
			flags[i] = leaf_flags(m, p);
		else
			flags[i] = PARSE_P_MULTI;
		if (p->kind == MIME_MESSAGE && p != m->part &&
		    !mime_is(m, &m->part[p->parent], "multipart", "digest"))
			flags[i] |= PARSE_P_ATTACH;
	}
	(void)body(&k, 0);
}

bool
mime_has_attachment(const struct mime *m, const uint32_t *flags)
{
	size_t i;

	for (i = 0; i < m->npart; i++)
		if (flags[i] & PARSE_P_ATTACH)
			return true;
	return false;
}

/* ---- their text ---- */

const char *
mime_sniff(const char *p, size_t n, char *dst, size_t size)
{
	size_t i, len = 0;

	n = n < SNIFF ? n : SNIFF;
	for (i = 0; i + 8 < n; i++)
		if (p[i] == 'c' || p[i] == 'C')
			if (strncasecmp(p + i, "charset=", 8) == 0)
				break;
	if (i + 8 >= n)
		return NULL;
	for (i += 8; i < n && (p[i] == '"' || p[i] == '\''); )
		i++;
	for (; i < n && len + 1 < size && (isalnum((unsigned char)p[i]) ||
	    p[i] == '-' || p[i] == '_'); i++)
		dst[len++] = p[i];
	dst[len] = '\0';
	return len > 0 ? dst : NULL;
}

/* Octets of a body that are looked at for that much text: of HTML much is
 * markup. */
static size_t
body_max(const struct mime *m)
{
	return m->text_max > 0 ? 4 * m->text_max : SIZE_MAX;
}

bool
mime_is_cut(const struct mime *m, const struct mime_part *p)
{
	return p->nbody > body_max(m);
}

int
mime_utf8(const struct mime *m, const struct mime_part *p, struct buf *out)
{
	const char *charset = mime_param(m, p, "charset");
	char name[40];
	struct buf raw;
	int rc = -1;

	buf_init(&raw, PARSE_ANSWER_MAX);
	if (mime_decode(m, p, &raw) == 0) {
		if (raw.len > body_max(m))
			raw.len = body_max(m);
		if (charset == NULL && mime_is(m, p, "text", "html"))
			charset = mime_sniff((char *)raw.data, raw.len,
			    name, sizeof name);
		rc = mtext_utf8(out, charset, raw.data, raw.len);
	}
	buf_clear(&raw);
	return rc;
}

int
mime_event(const struct mime *m, const struct mime_part *p, bool full,
    struct buf *out)
{
	struct buf utf8, clean;
	int rc = -1;

	if (p->kind != MIME_LEAF || p->nbody > CARD_MAX ||
	    (!mime_is(m, p, "text", "calendar") &&
	    !mime_is(m, p, "application", "ics")))
		return 0;
	buf_init(&utf8, PARSE_ANSWER_MAX);
	buf_init(&clean, PARSE_ANSWER_MAX);
	if (mime_utf8(m, p, &utf8) == 0 &&
	    mtext_clean(&clean, (char *)utf8.data, utf8.len) == 0) {
		card_event(out, (char *)clean.data, clean.len, full);
		rc = out->err ? -1 : 0;
	}
	buf_clear(&utf8);
	buf_clear(&clean);
	return rc;
}

/* A calendar or card as people read it; as it is where that says nothing. */
static int
read_card(const struct mime *m, const struct mime_part *p,
    const struct buf *utf8, struct buf *out)
{
	size_t before = out->len;
	struct buf clean;

	if (mime_event(m, p, true, out) == -1)
		return -1;
	if (mime_is(m, p, "text", "vcard") || mime_is(m, p, "text",
	    "x-vcard") || mime_is(m, p, "text", "directory")) {
		buf_init(&clean, PARSE_ANSWER_MAX);
		if (mtext_clean(&clean, (char *)utf8->data, utf8->len) == 0)
			card_person(out, (char *)clean.data, clean.len);
		buf_clear(&clean);
	}
	if (out->len > before)
		return out->err ? -1 : 0;
	return mtext_clean(out, (char *)utf8->data, utf8->len);
}

int
mime_text(const struct mime *m, const struct mime_part *p, struct buf *out)
{
	const char *format = mime_param(m, p, "format");
	const char *delsp = mime_param(m, p, "delsp");
	struct buf utf8, clean;
	int rc = -1;

	buf_init(&utf8, PARSE_ANSWER_MAX);
	buf_init(&clean, PARSE_ANSWER_MAX);
	if (mime_utf8(m, p, &utf8) == -1)
		goto out;
	if (format == NULL || strcasecmp(format, "flowed") != 0) {
		rc = read_card(m, p, &utf8, out);
		goto out;
	}
	if (mtext_clean(&clean, (char *)utf8.data, utf8.len) == 0)
		rc = mtext_unflow(out, (char *)clean.data, clean.len,
		    delsp != NULL && strcasecmp(delsp, "yes") == 0);
out:
	buf_clear(&utf8);
	buf_clear(&clean);
	return rc;
}

int
mime_plain(const struct mime *m, const struct mime_part *p, struct buf *out)
{
	struct buf utf8, plain;
	int rc = -1;

	if (!mime_is(m, p, "text", "html"))
		return mime_text(m, p, out);
	buf_init(&utf8, PARSE_ANSWER_MAX);
	buf_init(&plain, PARSE_ANSWER_MAX);
	if (mime_utf8(m, p, &utf8) == 0 &&
	    html_plain(&plain, (char *)utf8.data, utf8.len) == 0)
		rc = mtext_clean(out, (char *)plain.data, plain.len);
	buf_clear(&utf8);
	buf_clear(&plain);
	return rc;
}

int
mime_html(const struct mime *m, const struct mime_part *p, struct buf *out)
{
	struct buf utf8;
	int rc = -1;

	buf_init(&utf8, PARSE_ANSWER_MAX);
	if (mime_utf8(m, p, &utf8) == 0)
		rc = html_shown(out, (char *)utf8.data, utf8.len);
	buf_clear(&utf8);
	return rc;
}

/* A message within the message is introduced by its own header. */
static void
inner_head(const struct mime *m, const struct mime_part *p, struct buf *out)
{
	static const char *const field[] = { "From", "To", "Date",
	    "Subject" };
	GMimeHeaderList *l;
	struct buf utf8;
	char *raw;
	size_t i;

	if (p->msg == NULL)
		return;
	l = m->gm->g_mime_object_get_header_list((GMimeObject *)p->msg);
	for (i = 0; i < sizeof field / sizeof field[0]; i++) {
		raw = mime_field_of(m, l, field[i]);
		if (raw == NULL)
			continue;
		buf_init(&utf8, MIME_HEAD_MAX);
		(void)mword_field(&utf8, field[i], raw, strlen(raw));
		buf_addf(out, "%s: ", field[i]);
		(void)mtext_line(out, (char *)utf8.data, utf8.len, 900);
		buf_addc(out, '\n');
		buf_clear(&utf8);
		free(raw);
	}
}

int
mime_body(const struct mime *m, const uint32_t *flags, struct buf *out,
    bool *html)
{
	const struct mime_part *p;
	size_t i;

	*html = false;
	for (i = 0; i < m->npart; i++) {
		if (!(flags[i] & PARSE_P_BODY))
			continue;
		if (m->text_max > 0 && out->len > m->text_max)
			break;
		p = &m->part[i];
		if (out->len > 0 && out->data[out->len - 1] != '\n')
			buf_addc(out, '\n');
		if (out->len > 0)
			buf_addc(out, '\n');
		*html = *html || (flags[i] & PARSE_P_HTML);
		if (p->kind == MIME_MESSAGE)
			inner_head(m, p, out);
		else if (mime_plain(m, p, out) == -1)
			return -1;
	}
	return out->err ? -1 : 0;
}
