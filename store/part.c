#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "mailnode/base/num.h"
#include "mailnode/base/quote.h"
#include "store/mime_place.h"
#include "store/op_set.h"
#include "store/part.h"

enum {
	CHUNK = 32 * 1024,		/* octets read at a time */
	HEADER_MAX = 4 * 1024 * 1024	/* octets of one that is filtered */
};

/* ---- as text ---- */

/* Behind the numbers. */
static const char *const whats[] = { [PART_ALL] = "",
	[PART_HEADER] = "HEADER", [PART_FIELDS] = "HEADER.FIELDS",
	[PART_NOT] = "HEADER.FIELDS.NOT", [PART_TEXT] = "TEXT",
	[PART_MIME] = "MIME" };

bool
part_want_parse(struct part_want *want, const char *p, const char *end)
{
	const char *dot;
	size_t i;

	while (p < end && *p >= '0' && *p <= '9') {
		dot = memchr(p, '.', (size_t)(end - p));
		if (want->n == PART_DEPTH_MAX || dot == end - 1 || num_u32(p,
		    dot != NULL ? dot : end, 1, UINT32_MAX,
		    &want->number[want->n++]) == -1)
			return false;
		p = dot != NULL ? dot + 1 : end;
	}
	for (i = 0; i < sizeof whats / sizeof whats[0]; i++)
		if (strlen(whats[i]) == (size_t)(end - p) &&
		    strncasecmp(whats[i], p, (size_t)(end - p)) == 0) {
			want->what = (enum part_what)i;
			return i != PART_MIME || want->n > 0;
		}
	return false;
}

void
part_want_put(const struct part_want *want, struct buf *out)
{
	size_t i;

	for (i = 0; i < want->n; i++)
		(void)buf_addf(out, "%s%u", i > 0 ? "." : "",
		    want->number[i]);
	if (want->n > 0 && want->what != PART_ALL)
		(void)buf_addc(out, '.');
	(void)buf_adds(out, whats[want->what]);
	for (i = 0; i < want->nfield; i++) {
		(void)buf_adds(out, i > 0 ? " " : " (");
		/* An atom, as a keyword is one, or quoted. */
		if (set_keyword_ok(want->field[i].p))
			(void)buf_add(out, want->field[i].p,
			    want->field[i].n);
		else
			quote_put(out, want->field[i].p, want->field[i].n);
	}
	if (want->nfield > 0)
		(void)buf_addc(out, ')');
}

/* ---- its octets ---- */

void
part_clear(struct part *p)
{
	buf_clear(&p->text);
}

/* [at, at + n) of the file in pieces, until fn says false.  False: they are
 * not there. */
static bool
pieces(int fd, uint64_t at, uint64_t n,
    bool (*fn)(void *, const char *, size_t), void *arg)
{
	char chunk[CHUNK];
	ssize_t got;

	while (n > 0) {
		got = pread(fd, chunk, n < CHUNK ? (size_t)n : CHUNK,
		    (off_t)at);
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		if (!fn(arg, chunk, (size_t)got))
			break;
		at += (uint64_t)got;
		n -= (uint64_t)got;
	}
	return true;
}

/* ---- finding it ---- */

static bool
keep(void *arg, const char *p, size_t n)
{
	return buf_add(arg, p, n) == 0;
}

static bool
header(int fd, uint64_t at, uint64_t n, struct buf *out)
{
	buf_init(out, HEADER_MAX);
	return n <= HEADER_MAX && pieces(fd, at, n, keep, out) &&
	    out->err == 0;
}

static bool
pick_fields(struct part *p, const struct part_want *want)
{
	struct buf head;
	bool good;

	p->how = PART_HERE;
	buf_init(&p->text, HEADER_MAX * 2);
	good = header(p->fd, p->at, p->n, &head) && field_pick(want->field,
	    want->nfield, want->what == PART_NOT, (char *)head.data,
	    (char *)head.data + head.len, &p->text) == 0;
	p->octets = p->text.len;
	buf_clear(&head);
	return good;
}

static enum cte
encoding(int fd, const struct mime_place *at)
{
	enum cte cte = CTE_IDENTITY;
	struct buf head;
	const char *p;
	struct field f;

	if (!header(fd, at->head, at->nhead, &head))
		cte = CTE_UNKNOWN;
	for (p = (char *)head.data; cte == CTE_IDENTITY && head.len > 0 &&
	    field_next(&p, (char *)head.data + head.len, &f); )
		if (field_is(&f, "Content-Transfer-Encoding")) {
			cte = decode_named(f.value,
			    (size_t)(f.end - f.value));
			break;
		}
	buf_clear(&head);
	return cte;
}

static void
count(void *arg, const char *octets, size_t n)
{
	struct part *p = arg;

	p->octets += n;
	p->nul = p->nul || memchr(octets, '\0', n) != NULL;
}

static void
find_decoded(struct part *p, const struct mime_place *at)
{
	if (at->kind == MIME_LEAF)
		p->cte = encoding(p->fd, at);
	p->how = PART_CODED;
	p->octets = 0;
	if (p->cte != CTE_UNKNOWN)
		(void)part_send(p, 0, UINT64_MAX, count, p);
}

bool
part_find(const struct view_file *f, const struct part_want *want,
    struct part *p)
{
	const struct mime_table t = { f->parts.data, f->parts.len, f->size };
	bool fields = want->what == PART_FIELDS || want->what == PART_NOT;
	bool head = fields || want->what == PART_HEADER;
	struct mime_place at = { .kind = MIME_MULTI, .nbody = f->size,
	    .lf_body = f->wire > f->size ? (uint32_t)(f->wire - f->size) : 0 };

	*p = (struct part){ .fd = f->fd };
	if ((want->n > 0 || want->what != PART_ALL) && !mime_place_find(&t,
	    want->number, want->n, head || want->what == PART_TEXT, &at))
		return false;
	head = head || want->what == PART_MIME;
	p->at = head ? at.head : at.body;
	p->n = head ? at.nhead : at.nbody;
	p->octets = p->n + (head ? at.lf_head : at.lf_body);
	p->how = p->octets > p->n ? PART_CODED : PART_RAW;
	if (want->decoded)
		find_decoded(p, &at);
	return !fields || pick_fields(p, want);
}

/* ---- sending it ---- */

/* Of all that comes, `left` octets behind `skip`. */
struct sink {
	struct decoder	 dec;
	uint64_t	 skip, left;
	void		(*fn)(void *, const char *, size_t);
	void		*arg;
};

static void
decoded(void *arg, const char *p, size_t n)
{
	struct sink *k = arg;
	size_t part = n < k->skip ? n : (size_t)k->skip;

	k->skip -= part;
	p += part;
	n -= part;
	if (n > k->left)
		n = (size_t)k->left;
	if (n > 0)
		k->fn(k->arg, p, n);
	k->left -= n;
}

static bool
coded(void *arg, const char *p, size_t n)
{
	struct sink *k = arg;

	decode_put(&k->dec, p, n);
	return k->left > 0;
}

static bool
raw(void *arg, const char *p, size_t n)
{
	decoded(arg, p, n);
	return true;
}

bool
part_send(const struct part *p, uint64_t from, uint64_t n,
    void (*fn)(void *, const char *, size_t), void *arg)
{
	struct sink k = { .skip = from, .left = n, .fn = fn, .arg = arg };

	switch (p->how) {
	case PART_HERE:
		decoded(&k, (char *)p->text.data, p->text.len);
		break;
	case PART_RAW:
		k.skip = 0;
		(void)pieces(p->fd, p->at + from, n, raw, &k);
		break;
	case PART_CODED:
		decode_init(&k.dec, p->cte, decoded, &k);
		(void)pieces(p->fd, p->at, p->n, coded, &k);
		decode_end(&k.dec);
	}
	return k.left == 0;
}
