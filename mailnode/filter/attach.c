#define _DEFAULT_SOURCE	/* strncasecmp */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/fnv.h"
#include "mailnode/base/quote.h"
#include "mailnode/filter/attach.h"
#include "mailnode/filter/attach_decode.h"
#include "mailnode/filter/attach_name.h"
#include "mailnode/filter/param.h"
#include "mailnode/node/conf.h"

enum field {
	FIELD_OTHER, FIELD_TYPE, FIELD_DISPOSITION, FIELD_ENCODING, FIELD_N
};

struct attach {
	struct attach_table table;
	unsigned int	 depth;		/* of an encoded message */
	bool		 head;		/* in a header */
	/* Of the part whose header this is: */
	bool		 typed;		/* it says what it is, */
	bool		 multipart;	/* by the last field that does; */
	bool		 digest;	/* likewise, one of messages; */
	bool		 message;	/* it is a message, */
	bool		 of_digest;	/* or would be without a type; */
	enum attach_code code;		/* how it is encoded */
	char		 line[ATTACH_LINE_MAX + 1];
	size_t		 nline;
	enum field	 field;		/* that goes on */
	bool		 long_field;	/* its beginning is gone */
	char		 value[FIELD_N][ATTACH_FIELD_MAX];
	size_t		 nvalue[FIELD_N];
	struct bound {
		uint64_t	 h;
		bool		 digest;
	}		 bound[ATTACH_BOUNDARIES];	/* by hash */
	size_t		 nbound;
	bool		 all;		/* there were more */
	struct attach_decode decode;
	struct attach	*inner;		/* what is decoded; or NULL */
};

/* ---- a header ---- */

static void
names_of(struct attach *a, enum field f, const char *which,
    enum param_form form)
{
	char name[ATTACH_FIELD_MAX], words[ATTACH_FIELD_MAX];
	const char *p = a->value[f], *end = p + a->nvalue[f];
	size_t n, k;

	/* Of one that stands there twice who knows which counts. */
	while (p != NULL) {
		n = param_get(&p, end, which, form, name, sizeof name);
		if (n == 0)
			continue;
		attach_name(&a->table, name, n);
		k = param_words(name, n, words, sizeof words);
		if (k != n || memcmp(name, words, n) != 0)
			attach_name(&a->table, words, k);
	}
}

static void
names(struct attach *a, enum field f)
{
	enum param_form form;

	for (form = 0; form < PARAM_FORMS; form++) {
		names_of(a, f, "name", form);
		names_of(a, f, "filename", form);
	}
}

/* Two that share it make a header of a body, no more. */
static uint64_t
hash(const char *p, size_t n)
{
	uint64_t h = FNV_BEGIN;

	while (n-- > 0)
		h = fnv_octet(h, (uint8_t)*p++);
	return h;
}

static size_t
bound_octets(const char *b, size_t n)
{
	while (n > 0 && (b[n - 1] == ' ' || b[n - 1] == '\t'))
		n--;
	return n < ATTACH_BOUNDARY_MAX ? n : ATTACH_BOUNDARY_MAX - 1;
}

/* Where it stands, or would. */
static size_t
place(const struct attach *a, uint64_t h)
{
	size_t from = 0, to = a->nbound, mid;

	while (from < to) {
		mid = from + (to - from) / 2;
		if (a->bound[mid].h < h)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

static void
bound(struct attach *a, const char *b, size_t len)
{
	size_t n = bound_octets(b, len), at;
	struct bound new = { hash(b, n), a->digest };

	if (n == 0)
		return;
	at = place(a, new.h);
	if (at < a->nbound && a->bound[at].h == new.h) {
		a->bound[at].digest |= new.digest;
		return;
	}
	a->all |= a->nbound == ATTACH_BOUNDARIES;
	if (a->all)
		return;
	memmove(&a->bound[at + 1], &a->bound[at],
	    (a->nbound++ - at) * sizeof new);
	a->bound[at] = new;
}

/* One with a comment behind it (RFC 2045 section 5.1), or without the
 * semicolon before: what others find there. */
static void
loose_boundary(struct attach *a, const char *p, const char *end)
{
	const char *from;
	bool quoted;

	for (; end - p > 8; p++)
		if (strncasecmp(p, "boundary", 8) == 0)
			break;
	if (end - p <= 8)
		return;
	for (p += 8; p < end && strchr(" \t=", *p) != NULL; )
		p++;
	quoted = p < end && *p == '"';
	from = p += quoted;
	while (p < end && (quoted ? *p != '"' : *p != '\0' &&
	    strchr(" \t;(", *p) == NULL))
		p++;
	bound(a, from, (size_t)(p - from));
}

static void
boundary(struct attach *a)
{
	const char *begin = a->value[FIELD_TYPE], *p;
	const char *end = begin + a->nvalue[FIELD_TYPE];
	char b[ATTACH_BOUNDARY_MAX];
	enum param_form form;
	size_t n = 0;

	for (form = 0; n == 0 && form < PARAM_FORMS; form++) {
		p = begin;
		n = param_get(&p, end, "boundary", form, b, sizeof b);
	}
	if (strlen(b) == n)
		bound(a, b, n);
	if (n == 0 || memchr(b, '(', n) != NULL)
		loose_boundary(a, begin, end);
}

/* Comments are left out, as RFC 2045 allows them between any two words; not
 * all programs do.  False: there were none. */
static bool
uncomment(struct attach *a, enum field f)
{
	char *p = a->value[f], *end = p + a->nvalue[f], *to = p;
	size_t n;

	while (p < end) {
		n = *p == '"' ? quote_octets(p, end) : 0;
		if (n == 0 && *p == '(') {
			n = comment_octets(p, end);
			p += n;
			if (n > 0)
				continue;
		}
		if (n == 0)
			n = 1;
		memmove(to, p, n);
		to += n;
		p += n;
	}
	a->nvalue[f] = (size_t)(to - a->value[f]);
	return to < end;
}

static void
type_of(struct attach *a)
{
	char type[ATTACH_BOUNDARY_MAX];

	param_value(a->value[FIELD_TYPE], a->value[FIELD_TYPE] +
	    a->nvalue[FIELD_TYPE], type, sizeof type);
	attach_type(&a->table, type);
	a->typed = true;
	a->multipart = strncasecmp(type, "multipart/", 10) == 0;
	a->digest = strcasecmp(type, "multipart/digest") == 0;
	a->message |= strcasecmp(type, "message/rfc822") == 0 ||
	    strcasecmp(type, "message/global") == 0;
}

static void
code_of(struct attach *a)
{
	char code[ATTACH_BOUNDARY_MAX];

	param_value(a->value[FIELD_ENCODING], a->value[FIELD_ENCODING] +
	    a->nvalue[FIELD_ENCODING], code, sizeof code);
	if (strcasecmp(code, "base64") == 0)
		a->code = ATTACH_BASE64;
	else if (strcasecmp(code, "quoted-printable") == 0)
		a->code = ATTACH_QUOTED;
}

static void
read_field(struct attach *a, enum field f)
{
	if (f == FIELD_ENCODING) {
		code_of(a);
		return;
	}
	if (f == FIELD_TYPE && !a->long_field)
		type_of(a);
	if (f == FIELD_TYPE && a->multipart)
		boundary(a);
	names(a, f);
}

/* A field is whole, or as much of it as there is room for. */
static void
field_ends(struct attach *a, enum field f)
{
	if (a->nvalue[f] == 0)
		return;
	read_field(a, f);
	if (uncomment(a, f))
		read_field(a, f);
	a->nvalue[f] = 0;
}

/* The end of a header.  A message has one of its own where its body
 * begins; whoever decodes it finds that there. */
static void
part(struct attach *a)
{
	enum field f;

	for (f = FIELD_TYPE; f < FIELD_N; f++)
		field_ends(a, f);
	a->message |= a->of_digest && !a->typed;
	if (a->message && a->code != ATTACH_IDENTITY &&
	    a->depth < ATTACH_DEPTH && a->inner == NULL) {
		a->inner = attach_new(a->table.table, a->table.n);
		if (a->inner != NULL)
			a->inner->depth = a->depth + 1;
		attach_decode_init(&a->decode, a->code);
	}
	a->head = a->message;
	a->typed = a->message = a->of_digest = false;
	a->code = ATTACH_IDENTITY;
	a->field = FIELD_OTHER;
}

/* Of a field that has no room its end stays: a name may begin there. */
static void
append(struct attach *a, const char *p, size_t n)
{
	enum field f = a->field;
	size_t room, k;

	while (n > 0) {
		room = ATTACH_FIELD_MAX - a->nvalue[f];
		if (room == 0) {
			read_field(a, f);
			a->long_field = true;
			memmove(a->value[f], a->value[f] + ATTACH_FIELD_MAX -
			    ATTACH_FIELD_KEPT, ATTACH_FIELD_KEPT);
			a->nvalue[f] = ATTACH_FIELD_KEPT;
			continue;
		}
		k = n < room ? n : room;
		memcpy(a->value[f] + a->nvalue[f], p, k);
		a->nvalue[f] += k;
		p += k;
		n -= k;
	}
}

/* Each field is read when the next begins.  A second one of a kind counts,
 * too: who knows which a program takes. */
static void
field_begins(struct attach *a)
{
	static const char *const name[FIELD_N] = {
		[FIELD_TYPE] = "content-type",
		[FIELD_DISPOSITION] = "content-disposition",
		[FIELD_ENCODING] = "content-transfer-encoding",
	};
	const char *colon = memchr(a->line, ':', a->nline);
	size_t f, k, n = colon != NULL ? (size_t)(colon - a->line) : 0;

	while (n > 0 && (a->line[n - 1] == ' ' || a->line[n - 1] == '\t'))
		n--;
	if (a->field != FIELD_OTHER)
		field_ends(a, a->field);
	a->field = FIELD_OTHER;
	a->long_field = false;
	for (f = FIELD_TYPE; f < FIELD_N; f++) {
		k = strlen(name[f]);
		if (n != k || strncasecmp(a->line, name[f], k) != 0)
			continue;
		a->field = (enum field)f;
		append(a, colon + 1, a->nline - (size_t)(colon + 1 - a->line));
	}
}

static void
head_line(struct attach *a)
{
	if (a->nline == 0)
		part(a);
	else if (a->line[0] != ' ' && a->line[0] != '\t')
		field_begins(a);
	else if (a->field != FIELD_OTHER)
		append(a, a->line, a->nline);
}

/* ---- lines ---- */

static bool
is_boundary(const struct attach *a, bool *digest)
{
	size_t at;
	uint64_t h;

	*digest = false;
	if (a->nline < 3 || a->line[0] != '-' || a->line[1] != '-')
		return false;
	h = hash(a->line + 2, bound_octets(a->line + 2, a->nline - 2));
	at = place(a, h);
	if (at == a->nbound || a->bound[at].h != h)
		return a->all;
	*digest = a->bound[at].digest;
	return true;
}

/* The end of an encoded message. */
static void
decoded(struct attach *a)
{
	const struct conf_attachment *c;

	if (a->inner == NULL)
		return;
	c = attach_found(a->inner);
	if (c != NULL)
		attach_met(&a->table, c);
	attach_free(a->inner);
	a->inner = NULL;
}

static void
decode(struct attach *a)
{
	size_t n = attach_decode(&a->decode, a->line, a->nline);

	attach_push(a->inner, (const uint8_t *)a->line, n);
}

static void
line(struct attach *a)
{
	struct attach *inner = a->inner;
	bool digest;

	if (a->nline > 0 && a->line[a->nline - 1] == '\r')
		a->nline--;
	if (is_boundary(a, &digest)) {
		decoded(a);
		if (a->head)
			part(a);	/* a header that was cut off */
		a->head = true;
		a->of_digest = digest;
	} else {
		if (a->head)
			head_line(a);
		if (inner != NULL)
			decode(a);
	}
	a->nline = 0;
}

struct attach *
attach_new(const struct conf_attachment *table, size_t n)
{
	struct attach *a = malloc(sizeof *a);

	if (a == NULL)
		return NULL;
	a->table = (struct attach_table){ .table = table, .n = n };
	a->depth = 0;
	a->head = true;
	a->typed = a->multipart = a->digest = false;
	a->message = a->of_digest = a->long_field = a->all = false;
	a->code = ATTACH_IDENTITY;
	a->field = FIELD_OTHER;
	a->nline = a->nbound = 0;
	a->inner = NULL;
	memset(a->nvalue, 0, sizeof a->nvalue);
	return a;
}

void
attach_free(struct attach *a)
{
	if (a == NULL)
		return;
	attach_free(a->inner);
	free(a);
}

void
attach_push(struct attach *a, const uint8_t *p, size_t n)
{
	const uint8_t *nl;
	size_t k, room;

	while (n > 0) {
		nl = memchr(p, '\n', n);
		k = nl != NULL ? (size_t)(nl - p) : n;
		room = ATTACH_LINE_MAX - a->nline;
		memcpy(a->line + a->nline, p, k < room ? k : room);
		a->nline += k < room ? k : room;
		if (nl == NULL)
			return;
		line(a);
		p += k + 1;
		n -= k + 1;
	}
}

const struct conf_attachment *
attach_found(struct attach *a)
{
	if (a->nline > 0)
		line(a);
	if (a->head)
		part(a);
	decoded(a);
	return a->table.found;
}

/* ---- the configuration ---- */

bool
attach_check(size_t i, char *why, size_t size)
{
	const struct conf_attachment *c = &conf.attachments[i];
	const char *slash = strchr(c->what, '/');

	why[0] = '\0';
	if (c->what[strcspn(c->what, " \t\"()<>@,;:\\")] != '\0' ||
	    (c->what[0] == '.' ? c->what[1] == '\0' || slash != NULL :
	    slash == NULL || slash == c->what || slash[1] == '\0'))
		snprintf(why, size, "\"%.60s\" is neither like \".exe\" nor "
		    "like \"application/x-dosexec\"", c->what);
	return why[0] == '\0';
}
