#include <ctype.h>
#include <string.h>

#include "mailnode/base/codec.h"
#include "mailnode/filter/sample.h"
#include "mailnode/filter/form.h"
#include "mailnode/filter/route.h"
#include "mailnode/filter/sample_body.h"
#include "mailnode/filter/traits.h"
#include "mailnode/filter/words.h"
#include "mailnode/filter/words_url.h"
#include "store/mime.h"
#include "store/mtext.h"
#include "store/mword.h"

enum {
	FIELD_NAME_MAX = 40,	/* octets of a field's name */
	OTHER_MAX = 400,	/* of a field that we do not know */
	ADDRESSES_MAX = 8	/* of a field that are tokens */
};

/* What becomes of a field. */
enum use {
	USE_TEXT,		/* its words */
	USE_PEOPLE,		/* words of names, and the addresses */
	USE_VALUE,		/* its words, with the field's own name */
	USE_MIME		/* for GMime, and as VALUE */
};

#define NAMED(s)	(s), sizeof(s) - 1

static const struct {
	const char	*name;
	size_t		 nname;
	enum use	 use;
	enum token_field field;
} uses[] = {
	{ NAMED("subject"), USE_TEXT, TOKEN_SUBJECT },
	{ NAMED("from"), USE_PEOPLE, TOKEN_FROM },
	{ NAMED("reply-to"), USE_PEOPLE, TOKEN_REPLY },
	{ NAMED("to"), USE_PEOPLE, TOKEN_TO },
	{ NAMED("cc"), USE_PEOPLE, TOKEN_TO },
	{ NAMED("x-mailer"), USE_VALUE, TOKEN_HEAD },
	{ NAMED("user-agent"), USE_VALUE, TOKEN_HEAD },
	{ NAMED("organization"), USE_VALUE, TOKEN_HEAD },
	{ NAMED("x-priority"), USE_VALUE, TOKEN_HEAD },
	{ NAMED("importance"), USE_VALUE, TOKEN_HEAD },
	{ NAMED("mime-version"), USE_MIME, TOKEN_HEAD },
	{ NAMED("content-type"), USE_MIME, TOKEN_HEAD },
	{ NAMED("content-transfer-encoding"), USE_MIME, TOKEN_HEAD },
	{ NAMED("content-disposition"), USE_MIME, TOKEN_HEAD },
};

struct sample {
	struct tokens	*t;
	const char	*p, *end;
	struct buf	 text;		/* of a field, as UTF-8 */
	struct buf	 mime;		/* fields of MIME as they are */
	bool		 has_subject, has_to;
	unsigned int	 hops;
	struct traits	 traits;
	struct form	 form;
};

struct field {
	const char	*name, *value;
	size_t		 nname, nvalue;
	char		 lower[FIELD_NAME_MAX];	/* the name, cut */
	size_t		 nlower;
};

int
sample_init(void)
{
	if (dyn_gmime() == NULL)
		return -1;
	(void)mtext_init();
	return 0;
}

/* ---- the header ---- */

static const char *
line_end(const char *p, const char *end)
{
	const char *nl = memchr(p, '\n', (size_t)(end - p));

	return nl != NULL ? nl + 1 : end;
}

/* The next field with its continuations; false: the header is over, and
 * s->p stands on the body. */
static bool
next_field(struct sample *s, struct field *f)
{
	const char *p = s->p, *colon, *q;
	size_t i;

	if (p == s->end)
		return false;
	q = line_end(p, s->end);
	if (*p == '\n' || (*p == '\r' && q - p <= 2)) {
		s->p = q;
		return false;
	}
	colon = memchr(p, ':', (size_t)(q - p));
	if (colon == NULL)
		return false;
	while (q < s->end && (*q == ' ' || *q == '\t'))
		q = line_end(q, s->end);
	f->name = p;
	f->nname = (size_t)(colon - p);
	f->nlower = f->nname < FIELD_NAME_MAX ? f->nname : FIELD_NAME_MAX;
	for (i = 0; i < f->nlower; i++)
		f->lower[i] = (char)tolower((unsigned char)p[i]);
	f->value = colon + 1;
	f->nvalue = (size_t)(q - f->value);
	s->p = q;
	return true;
}

static bool
has_encoded(const char *p, size_t n)
{
	const char *end = p + n;

	while ((p = memchr(p, '=', (size_t)(end - p))) != NULL) {
		if (++p < end && *p == '?')
			return true;
	}
	return false;
}

/* The value as UTF-8. */
static struct field
decoded(struct sample *s, const struct field *f)
{
	struct field d = *f;

	if (d.nvalue > SAMPLE_FIELD_MAX)
		d.nvalue = SAMPLE_FIELD_MAX;
	buf_reset(&s->text);
	if (has_encoded(d.value, d.nvalue)) {
		(void)mword_text(&s->text, d.value, d.nvalue);
		tokens_puts(s->t, TOKEN_HEAD, "encoded-word");
	} else if (!codec_utf8_ok(d.value, d.nvalue)) {
		(void)mtext_utf8(&s->text, NULL, d.value, d.nvalue);
		tokens_puts(s->t, TOKEN_HEAD, "8bit");
	}
	if (s->text.len > 0) {
		d.value = (const char *)s->text.data;
		d.nvalue = s->text.len;
	}
	return d;
}

static bool
in_address(unsigned char c)
{
	return isalnum(c) || c >= 0x80 || strchr(".-_+=@!#$%&*/?^`{|}~", c) !=
	    NULL;
}

/* What looks like an address: all of it, its domain and those above. */
static void
addresses(struct sample *s, enum token_field f, const char *p, size_t n)
{
	const char *end = p + n, *at = p, *from, *to;
	unsigned int found = 0;

	while ((at = memchr(at, '@', (size_t)(end - at))) != NULL) {
		for (from = at; from > p && from[-1] != '\0' &&
		    in_address((unsigned char)from[-1]); )
			from--;
		for (to = at + 1; to < end && *to != '\0' &&
		    in_address((unsigned char)*to); )
			to++;
		if (found++ < ADDRESSES_MAX)
			words_host(s->t, f, from, (size_t)(to - from));
		at = to;
	}
	if (found > ADDRESSES_MAX)
		tokens_puts(s->t, f, "many");
	else if (found == 0)
		tokens_puts(s->t, f, "nobody");
}

/* The words of the names; addresses are tokens of their own. */
static void
names(struct sample *s, enum token_field f, const char *p, size_t n)
{
	const char *end = p + n, *q;
	struct words w;

	words_begin(&w, s->t, f, false);
	while (p < end) {
		q = memchr(p, '<', (size_t)(end - p));
		q = q != NULL ? q : end;
		words_feed(&w, p, (size_t)(q - p));
		words_break(&w);
		q = q < end ? memchr(q, '>', (size_t)(end - q)) : NULL;
		p = q != NULL ? q + 1 : end;
	}
}

static void
value(struct sample *s, const char *name, const struct field *f)
{
	struct words w;

	words_begin(&w, s->t, TOKEN_HEAD, true);
	words_feed(&w, name, strlen(name));
	words_gap(&w);
	words_feed(&w, f->value, f->nvalue);
	words_break(&w);
}

static void
name_of(struct sample *s, const struct field *f)
{
	tokens_put(s->t, TOKEN_HEAD, f->lower, f->nlower);
}

/* Words of a field that nothing else is known about, said of that field. */
static void
other(struct sample *s, const struct field *f)
{
	size_t n = f->nvalue < OTHER_MAX ? f->nvalue : OTHER_MAX;
	struct words w;

	words_begin(&w, s->t, TOKEN_HEAD, false);
	w.begin = token_text(w.begin, f->lower, f->nlower, false);
	words_feed(&w, f->value, n);
	words_break(&w);
}

static bool
is_named(const struct field *f, const char *name)
{
	return f->nlower == strlen(name) &&
	    memcmp(f->lower, name, f->nlower) == 0;
}

static void
form(struct sample *s, const struct field *f)
{
	form_field(&s->form, s->t, f->name, f->nname, f->value, f->nvalue);
}

static void
unknown(struct sample *s, const struct field *f)
{
	enum traits_use use = traits_use(f->lower, f->nlower);

	if (use != TRAITS_NOTHING || is_named(f, "date"))
		form(s, f);
	if (is_named(f, "received") && s->hops++ < ROUTE_HOPS_MAX)
		route_field(s->t, f->value, f->nvalue);
	traits_field(&s->traits, s->t, f->lower, f->nlower, f->value,
	    f->nvalue);
	if (use == TRAITS_NOTHING)
		return;
	name_of(s, f);
	if (use == TRAITS_WORDS)
		other(s, f);
}

static void
field(struct sample *s, const struct field *f)
{
	struct field d;
	size_t i;

	for (i = 0; i < sizeof uses / sizeof uses[0]; i++)
		if (uses[i].nname == f->nlower &&
		    uses[i].name[0] == f->lower[0] &&
		    memcmp(uses[i].name, f->lower, f->nlower) == 0)
			break;
	if (i == sizeof uses / sizeof uses[0]) {
		unknown(s, f);
		return;
	}
	form(s, f);
	name_of(s, f);
	d = decoded(s, f);
	traits_field(&s->traits, s->t, f->lower, f->nlower, d.value,
	    d.nvalue);
	s->has_subject = s->has_subject || i == 0;
	s->has_to = s->has_to || uses[i].field == TOKEN_TO;
	switch (uses[i].use) {
	case USE_TEXT:
		words_text(s->t, uses[i].field, d.value, d.nvalue);
		break;
	case USE_PEOPLE:
		addresses(s, uses[i].field, d.value, d.nvalue);
		names(s, uses[i].field, d.value, d.nvalue);
		break;
	case USE_MIME:
		if (memcmp(f->lower, "cont", 4) == 0)
			buf_add(&s->mime, f->name, f->nname + 1 + f->nvalue);
		value(s, uses[i].name, &d);
		break;
	case USE_VALUE:
		value(s, uses[i].name, &d);
		break;
	}
}

static void
header(struct sample *s)
{
	struct field f;
	const char *p = s->p;

	if (s->end - p > 5 && memcmp(p, "From ", 5) == 0)
		s->p = line_end(p, s->end);
	while (next_field(s, &f))
		field(s, &f);
	if (!s->has_subject)
		tokens_puts(s->t, TOKEN_HEAD, "no-subject");
	if (!s->has_to)
		tokens_puts(s->t, TOKEN_HEAD, "no-to");
	traits_end(&s->traits, s->t);
}

int
sample_tokens(struct tokens *t, const uint8_t *p, size_t n)
{
	struct sample s = { .t = t };
	int rc;

	n = n < SAMPLE_MAX ? n : SAMPLE_MAX;
	buf_init(&s.text, 4 * SAMPLE_MAX);
	buf_init(&s.mime, SAMPLE_MAX);
	s.p = (const char *)p;
	s.end = s.p + n;
	t->head = true;
	header(&s);
	t->head = false;
	rc = s.mime.err == 0 ? sample_body(t, &s.mime, s.p,
	    (size_t)(s.end - s.p)) : -1;
	buf_clear(&s.text);
	buf_clear(&s.mime);
	return rc;
}
