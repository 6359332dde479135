#define _DEFAULT_SOURCE	/* strncasecmp */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tui/letter.h"

static const char *const names[LETTER_FIELDS] = {
	"From", "To", "Cc", "Bcc", "Subject", "In-Reply-To", "References",
	"Pgp"
};

bool
letter_init(struct letter *l)
{
	size_t i;
	bool ok = true;

	memset(l, 0, sizeof *l);
	for (i = 0; i < LETTER_FIELDS; i++)
		ok = (l->field[i] = strdup("")) != NULL && ok;
	l->other = strdup("");
	l->body = strdup("");
	if (!ok || l->other == NULL || l->body == NULL) {
		letter_clear(l);
		return false;
	}
	return true;
}

void
letter_clear(struct letter *l)
{
	size_t i;

	for (i = 0; i < LETTER_FIELDS; i++)
		free(l->field[i]);
	for (i = 0; i < l->nattach; i++)
		free(l->attach[i]);
	free(l->other);
	free(l->body);
	memset(l, 0, sizeof *l);
}

/* A value of one line, without blanks round it. */
static char *
one_line(const char *s, size_t n)
{
	char *copy, *p;

	while (n > 0 && (*s == ' ' || *s == '\t')) {
		s++;
		n--;
	}
	copy = strndup(s, n);
	if (copy == NULL)
		return NULL;
	for (p = copy; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	while (p > copy && p[-1] == ' ')
		*--p = '\0';
	return copy;
}

static void
swap(char **at, char *value)
{
	if (value == NULL)
		return;
	free(*at);
	*at = value;
}

void
letter_set(struct letter *l, enum letter_field f, const char *value)
{
	swap(&l->field[f], one_line(value, strlen(value)));
}

bool
letter_attach(struct letter *l, const char *path)
{
	char *copy;

	if (l->nattach == LETTER_ATTACH_MAX)
		return false;
	copy = one_line(path, strlen(path));
	if (copy == NULL)
		return false;
	l->attach[l->nattach++] = copy;
	return true;
}

void
letter_detach(struct letter *l, size_t i)
{
	if (i >= l->nattach)
		return;
	free(l->attach[i]);
	l->nattach--;
	memmove(l->attach + i, l->attach + i + 1,
	    (l->nattach - i) * sizeof l->attach[0]);
}

void
letter_set_body(struct letter *l, const char *text, size_t n)
{
	swap(&l->body, strndup(text, n));
}

/* ---- reading ---- */

static void
take_attach(struct letter *l, const char *path, const char *homedir)
{
	char full[4096];

	if (path[0] == '~' && path[1] == '/' && homedir != NULL) {
		if (snprintf(full, sizeof full, "%s%s", homedir, path + 1) >=
		    (int)sizeof full)
			return;
		path = full;
	}
	if (path[0] != '\0')
		(void)letter_attach(l, path);
}

bool
letter_add_other(struct letter *l, const char *name, const char *value)
{
	char *line = one_line(value, strlen(value)), *all = NULL;
	struct buf b;

	buf_init(&b, LETTER_MAX);
	if (line != NULL)
		buf_addf(&b, "%s%s: %s\n", l->other, name, line);
	all = b.len > 0 ? buf_take(&b, NULL) : NULL;
	if (all != NULL)
		swap(&l->other, all);
	buf_clear(&b);
	free(line);
	return all != NULL;
}

static void
take_field(struct letter *l, const char *name, size_t n, char *value,
    const char *homedir, struct buf *other)
{
	size_t i;

	for (i = 0; i < LETTER_FIELDS; i++)
		if (strlen(names[i]) == n && strncasecmp(names[i], name, n) == 0) {
			/* Said twice: both hold. */
			if (l->field[i][0] != '\0' && value[0] != '\0' &&
			    i >= LETTER_TO && i <= LETTER_BCC) {
				buf_addf(other, "%s, %s", l->field[i], value);
				letter_set(l, (enum letter_field)i,
				    buf_str(other));
				buf_reset(other);
			} else if (value[0] != '\0') {
				letter_set(l, (enum letter_field)i, value);
			}
			return;
		}
	if (n == 6 && strncasecmp(name, "Attach", n) == 0) {
		take_attach(l, value, homedir);
		return;
	}
	buf_addf(other, "%s%.*s: %s\n", l->other, (int)n, name, value);
	if (other->err == 0)
		swap(&l->other, strdup(buf_str(other)));
	buf_reset(other);
}

/* Octets of a field name with a colon behind it; 0: the line is none. */
static size_t
field_name(const char *s, const char *end)
{
	const char *p;

	for (p = s; p < end && *p > ' ' && *p < 0x7f && *p != ':'; p++)
		;
	return p < end && *p == ':' ? (size_t)(p - s) : 0;
}

/* End of a field: behind its LF and all lines that continue it. */
static const char *
field_end(const char *s, const char *end)
{
	const char *lf;

	for (;;) {
		lf = memchr(s, '\n', (size_t)(end - s));
		if (lf == NULL)
			return end;
		s = lf + 1;
		if (s == end || (*s != ' ' && *s != '\t'))
			return s;
	}
}

bool
letter_read(struct letter *l, const char *text, size_t n, const char *homedir)
{
	const char *s = text, *end = text + n, *next;
	struct buf other;
	char *value;
	size_t len;

	if (memchr(text, '\0', n) != NULL)
		return false;
	buf_init(&other, LETTER_MAX);
	for (; s < end && *s != '\n'; s = next) {
		next = field_end(s, end);
		len = field_name(s, end);
		if (len == 0)
			break;		/* the blank line was deleted */
		value = one_line(s + len + 1, (size_t)(next - s) - len - 1);
		if (value == NULL)
			break;
		take_field(l, s, len, value, homedir, &other);
		free(value);
	}
	buf_clear(&other);
	if (s < end && *s == '\n')
		s++;
	letter_set_body(l, s, (size_t)(end - s));
	return true;
}

void
letter_write(const struct letter *l, struct buf *b)
{
	size_t i;

	for (i = 0; i < LETTER_FIELDS; i++)
		if (i < LETTER_IRT || l->field[i][0] != '\0')
			buf_addf(b, "%s: %s\n", names[i], l->field[i]);
	buf_adds(b, l->other);
	for (i = 0; i < l->nattach; i++)
		buf_addf(b, "Attach: %s\n", l->attach[i]);
	buf_addc(b, '\n');
	buf_adds(b, l->body);
}
