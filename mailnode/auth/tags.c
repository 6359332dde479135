#include <string.h>
#include <strings.h>

#include "mailnode/auth/tags.h"
#include "mailnode/base/buf.h"
#include "mailnode/base/codec.h"
#include "mailnode/base/num.h"

static bool
fws(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
trim(const char **p, const char **end)
{
	while (*p < *end && fws(**p))
		(*p)++;
	while (*end > *p && fws((*end)[-1]))
		(*end)--;
}

/* ALPHA *(ALPHA / DIGIT / "_"): section 3.2, ALNUMPUNC. */
static bool
name_ok(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!((p[i] >= 'a' && p[i] <= 'z') ||
		    (p[i] >= 'A' && p[i] <= 'Z') ||
		    (i > 0 && ((p[i] >= '0' && p[i] <= '9') || p[i] == '_'))))
			return false;
	return n > 0;
}

static bool
value_ok(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((uint8_t)p[i] == 0x7f || ((uint8_t)p[i] < ' ' && !fws(p[i])))
			return false;
	return true;
}

static int
one_tag(struct tags *t, const char *p, const char *end)
{
	const char *eq = memchr(p, '=', (size_t)(end - p));
	const char *name = p, *name_end = eq, *value, *value_end = end;
	struct tag *tag;
	size_t i;

	if (eq == NULL || t->n == TAGS_MAX)
		return -1;
	value = eq + 1;
	trim(&name, &name_end);
	trim(&value, &value_end);
	if (!name_ok(name, (size_t)(name_end - name)) ||
	    !value_ok(value, (size_t)(value_end - value)))
		return -1;
	tag = &t->tag[t->n];
	*tag = (struct tag){ name, (size_t)(name_end - name), value,
	    (size_t)(value_end - value), eq + 1, end };
	for (i = 0; i < t->n; i++)
		if (t->tag[i].nlen == tag->nlen &&
		    memcmp(t->tag[i].name, name, tag->nlen) == 0)
			return -1;
	t->n++;
	return 0;
}

int
tags_parse(struct tags *t, const char *p, size_t n)
{
	const char *end = p + n, *semi, *stop, *q, *e;

	t->n = 0;
	while (p < end) {
		semi = memchr(p, ';', (size_t)(end - p));
		stop = semi != NULL ? semi : end;
		q = p;
		e = stop;
		trim(&q, &e);
		/* Only the last may be empty: one closing semicolon. */
		if (q == e && semi == NULL)
			break;
		if (one_tag(t, p, stop) == -1) {
			t->n = 0;
			return -1;
		}
		p = semi != NULL ? semi + 1 : end;
	}
	return t->n > 0 ? 0 : -1;
}

const struct tag *
tags_find(const struct tags *t, const char *name)
{
	size_t i, n = strlen(name);

	for (i = 0; i < t->n; i++)
		if (t->tag[i].nlen == n && memcmp(t->tag[i].name, name, n) == 0)
			return &t->tag[i];
	return NULL;
}

int
tag_copy(const struct tag *t, char *dst, size_t size)
{
	size_t i, n = 0;

	for (i = 0; i < t->vlen && n < size; i++)
		if (!fws(t->value[i]))
			dst[n++] = t->value[i];
	if (n == size)
		n = 0;
	dst[n] = '\0';
	return n > 0 || t->vlen == 0 ? 0 : -1;
}

bool
tag_is(const struct tag *t, const char *s, bool fold)
{
	size_t n = strlen(s);

	if (t->vlen != n)
		return false;
	return (fold ? strncasecmp(t->value, s, n) :
	    strncmp(t->value, s, n)) == 0;
}

bool
tag_item(const struct tag *t, const char **pos, const char **item,
    size_t *len)
{
	const char *end = t->value + t->vlen, *colon, *stop, *p;

	if (*pos == NULL)
		*pos = t->value;
	else if (*pos > end)
		return false;
	colon = memchr(*pos, ':', (size_t)(end - *pos));
	p = *pos;
	stop = colon != NULL ? colon : end;
	*pos = stop + 1;
	trim(&p, &stop);
	*item = p;
	*len = (size_t)(stop - p);
	return true;
}

bool
tag_has(const struct tag *t, const char *s)
{
	const char *pos = NULL, *item;
	size_t len, n = strlen(s);

	while (tag_item(t, &pos, &item, &len))
		if (len == n && strncasecmp(item, s, n) == 0)
			return true;
	return false;
}

/* Digits, and the padding that is missing. */
static void
padded(struct buf *b, const struct tag *t)
{
	size_t i;

	for (i = 0; i < t->vlen; i++)
		if (!fws(t->value[i]))
			buf_addc(b, t->value[i]);
	if (b->len > 0 && b->data[b->len - 1] != '=')
		while (b->err == 0 && b->len % 4 > 1)
			buf_addc(b, '=');
}

int
tag_base64(const struct tag *t, uint8_t *dst, size_t max, size_t *len,
    bool *over)
{
	struct buf text, b;
	int rc = -1;

	*len = 0;
	buf_init(&text, t->vlen + 4);
	buf_init(&b, max);
	padded(&text, t);
	if (text.err == 0 && text.len > 0 && codec_base64_get(&b,
	    (const char *)text.data, text.len, false) == 0 && b.len > 0) {
		memcpy(dst, b.data, b.len);
		*len = b.len;
		rc = 0;
	}
	*over = b.err != 0;
	buf_clear(&text);
	buf_clear(&b);
	return rc;
}

int
tag_number(const struct tag *t, uint64_t max, uint64_t *v)
{
	return num_u64(t->value, t->value + t->vlen, 0, max, v);
}
