#define _DEFAULT_SOURCE	/* strncasecmp */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mailnode/filter/attach.h"
#include "mailnode/filter/param.h"
#include "mailnode/node/conf.h"

enum field { FIELD_OTHER, FIELD_TYPE, FIELD_DISPOSITION, FIELD_N };

struct attach {
	const struct conf_attachment *table, *found;
	size_t		 n;
	bool		 head;		/* in a header */
	bool		 message;	/* of a part that is one */
	char		 line[ATTACH_LINE_MAX];
	size_t		 nline;
	enum field	 field;		/* that goes on */
	char		 value[FIELD_N][ATTACH_FIELD_MAX];
	size_t		 nvalue[FIELD_N];
	char		 bound[ATTACH_BOUNDARIES][ATTACH_BOUNDARY_MAX];
	size_t		 nbound;	/* ever */
};

/* ---- the table ---- */

static void
met(struct attach *a, const struct conf_attachment *c)
{
	if (a->found == NULL || (a->found->verdict == CONF_JUNK &&
	    c->verdict == CONF_REFUSE))
		a->found = c;
}

/* What a desktop passes over when it asks what to do with a name. */
static size_t
trimmed(const char *name, size_t n)
{
	while (n > 0 && ((unsigned char)name[n - 1] <= ' ' ||
	    strchr(".\"'", name[n - 1]) != NULL))
		n--;
	return n;
}

static void
name_met(struct attach *a, const char *name, size_t len)
{
	size_t i, k, n = trimmed(name, len);
	const char *what;

	for (i = 0; i < a->n && a->table[i].what != NULL; i++) {
		what = a->table[i].what;
		k = strlen(what);
		if (what[0] == '.' && n > k && strncasecmp(name + n - k,
		    what, k) == 0)
			met(a, &a->table[i]);
	}
}

static void
type_met(struct attach *a, const char *type)
{
	size_t i, k;
	const char *what;

	for (i = 0; i < a->n && a->table[i].what != NULL; i++) {
		what = a->table[i].what;
		k = strlen(what);
		if (what[0] != '.' && (strcasecmp(type, what) == 0 ||
		    (k > 1 && what[k - 1] == '*' && strncasecmp(type, what,
		    k - 1) == 0)))
			met(a, &a->table[i]);
	}
}

/* ---- a header ---- */

static void
names_of(struct attach *a, enum field f, const char *which,
    enum param_form form)
{
	char name[ATTACH_FIELD_MAX], words[ATTACH_FIELD_MAX];
	const char *p = a->value[f], *end = p + a->nvalue[f];
	unsigned int times = 0;
	size_t n, k;

	/* Of one that stands there twice who knows which counts. */
	while (p != NULL && times++ < ATTACH_NAMES) {
		n = param_get(&p, end, which, form, name, sizeof name);
		if (n == 0)
			continue;
		name_met(a, name, n);
		k = param_words(name, n, words, sizeof words);
		if (k != n || memcmp(name, words, n) != 0)
			name_met(a, words, k);
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

static void
bound(struct attach *a, const char *b, size_t n)
{
	while (n > 0 && (b[n - 1] == ' ' || b[n - 1] == '\t'))
		n--;
	if (n >= ATTACH_BOUNDARY_MAX)
		n = ATTACH_BOUNDARY_MAX - 1;	/* see is_boundary() */
	if (n == 0 || memchr(b, '\0', n) != NULL)
		return;
	memcpy(a->bound[a->nbound % ATTACH_BOUNDARIES], b, n);
	a->bound[a->nbound++ % ATTACH_BOUNDARIES][n] = '\0';
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

/* A field is whole. */
static void
field_ends(struct attach *a, enum field f)
{
	char type[ATTACH_BOUNDARY_MAX];

	if (f == FIELD_TYPE && a->nvalue[f] > 0) {
		param_value(a->value[f], a->value[f] + a->nvalue[f], type,
		    sizeof type);
		type_met(a, type);
		if (strncasecmp(type, "multipart/", 10) == 0)
			boundary(a);
		a->message = strcasecmp(type, "message/rfc822") == 0 ||
		    strcasecmp(type, "message/global") == 0;
	}
	names(a, f);
	a->nvalue[f] = 0;
}

/* The end of a header.  A message has one of its own where its body
 * begins. */
static void
part(struct attach *a)
{
	a->message = false;
	field_ends(a, FIELD_TYPE);
	field_ends(a, FIELD_DISPOSITION);
	a->head = a->message;
	a->field = FIELD_OTHER;
}

static void
append(struct attach *a, const char *p, size_t n)
{
	size_t *at = &a->nvalue[a->field];

	if (n > ATTACH_FIELD_MAX - *at)
		n = ATTACH_FIELD_MAX - *at;
	memcpy(a->value[a->field] + *at, p, n);
	*at += n;
}

/* A second field of one kind counts, too: who knows which a program takes. */
static void
field_begins(struct attach *a)
{
	static const char *const name[FIELD_N] = { [FIELD_TYPE] =
	    "content-type", [FIELD_DISPOSITION] = "content-disposition" };
	const char *colon = memchr(a->line, ':', a->nline);
	size_t f, k, n = colon != NULL ? (size_t)(colon - a->line) : 0;

	while (n > 0 && (a->line[n - 1] == ' ' || a->line[n - 1] == '\t'))
		n--;
	a->field = FIELD_OTHER;
	for (f = FIELD_TYPE; f < FIELD_N; f++) {
		k = strlen(name[f]);
		if (n != k || strncasecmp(a->line, name[f], k) != 0)
			continue;
		a->field = (enum field)f;
		field_ends(a, a->field);
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
is_boundary(const struct attach *a)
{
	size_t i, k, n = a->nline;

	if (n < 3 || a->line[0] != '-' || a->line[1] != '-')
		return false;
	while (n > 2 && (a->line[n - 1] == ' ' || a->line[n - 1] == '\t'))
		n--;
	for (i = 0; i < a->nbound && i < ATTACH_BOUNDARIES; i++) {
		k = strlen(a->bound[i]);
		/* Of one as long as that the rest is not known. */
		if (n != k + 2 && (n < k + 2 || k < ATTACH_BOUNDARY_MAX - 1))
			continue;
		if (memcmp(a->line + 2, a->bound[i], k) == 0)
			return true;
	}
	return false;
}

static void
line(struct attach *a)
{
	if (a->nline > 0 && a->line[a->nline - 1] == '\r')
		a->nline--;
	if (is_boundary(a)) {
		if (a->head)
			part(a);	/* a header that was cut off */
		a->head = true;
	} else if (a->head)
		head_line(a);
	a->nline = 0;
}

struct attach *
attach_new(const struct conf_attachment *table, size_t n)
{
	struct attach *a = malloc(sizeof *a);

	if (a == NULL)
		return NULL;
	a->table = table;
	a->found = NULL;
	a->n = n;
	a->head = true;
	a->message = false;
	a->field = FIELD_OTHER;
	a->nline = a->nbound = 0;
	memset(a->nvalue, 0, sizeof a->nvalue);
	return a;
}

void
attach_free(struct attach *a)
{
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
		room = sizeof a->line - a->nline;
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
	return a->found;
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
