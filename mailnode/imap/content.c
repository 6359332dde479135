#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "mailnode/base/decode.h"
#include "mailnode/imap/content.h"
#include "store/err.h"
#include "store/field.h"

enum {
	CHUNK = 32 * 1024,		/* octets read at a time */
	HEADER_MAX = 4 * 1024 * 1024,	/* octets of one that is filtered */
	WAIT_STEP_MS = 5,	/* for the filer, behind a move or copy */
	WAIT_STEPS = 600
};

void
content_init(struct content *c, uint32_t uid)
{
	memset(c, 0, sizeof *c);
	c->uid = uid;
	c->file.fd = -1;
	buf_init(&c->parts, 1024 * 1024);
}

void
content_clear(struct content *c)
{
	if (c->file.fd != -1)
		close(c->file.fd);
	buf_clear(&c->parts);
	c->file.fd = -1;
}

static bool
as_promised(const struct content *c)
{
	struct stat st;

	return fstat(c->file.fd, &st) == 0 &&
	    (uint64_t)st.st_size == c->file.size;
}

void
content_open_many(struct session *s, struct content *c, size_t n)
{
	struct view_file files[VIEW_OPEN_MAX];
	struct buf parts[VIEW_OPEN_MAX];
	uint16_t status[VIEW_OPEN_MAX] = { 0 };
	uint32_t uid[VIEW_OPEN_MAX];
	size_t i;
	uint16_t rc;

	for (i = 0; i < n; i++) {
		uid[i] = c[i].uid;
		parts[i] = c[i].parts;
	}
	rc = view_open_many(reader_of(s), &s->reader, s->view.mbox, uid, n,
	    status, files, parts);
	for (i = 0; i < n; i++) {
		c[i].file = files[i];
		c[i].parts = parts[i];
		/* All others are tried once more, one by one. */
		if (rc == OP_OK && status[i] == OP_OK) {
			c[i].tried = true;
			c[i].here = as_promised(&c[i]);
		}
	}
	if (rc != OP_OK)
		reply_failed(s, rc);
}

/* Rows are ahead of files for as long as the filer needs. */
bool
content_open(struct session *s, struct content *c)
{
	const struct timespec pause = { .tv_nsec = WAIT_STEP_MS * 1000000L };
	uint16_t rc;
	int i;

	if (c->tried)
		return c->here;
	c->tried = true;
	for (i = 0; i < WAIT_STEPS; i++) {
		buf_reset(&c->parts);
		rc = view_open(reader_of(s), &s->reader, s->view.mbox,
		    c->uid, &c->file, &c->parts);
		if (rc != STORE_BUSY)
			break;
		(void)nanosleep(&pause, NULL);
	}
	c->here = rc == OP_OK && as_promised(c);
	return c->here;
}

/* ---- octets of the file ---- */

/* [at, at + n) in pieces, until fn says false.  False: they are not there. */
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

static bool
keep(void *arg, const char *p, size_t n)
{
	return buf_add(arg, p, n) == 0;
}

static bool
header(const struct content *c, uint64_t at, uint64_t n, struct buf *out)
{
	buf_init(out, HEADER_MAX);
	return n <= HEADER_MAX && pieces(c->file.fd, at, n, keep, out) &&
	    out->err == 0;
}

/* What is sent of all that comes: `left` octets behind `skip`; or, to be
 * counted first, none. */
struct sink {
	struct session	*s;
	struct decoder	 dec;
	bool		 send, nul;
	uint64_t	 n, skip, left;
};

static void
decoded(void *arg, const char *p, size_t n)
{
	struct sink *k = arg;
	size_t part;

	k->n += n;
	if (!k->send) {
		k->nul = k->nul || memchr(p, '\0', n) != NULL;
		return;
	}
	part = n < k->skip ? n : (size_t)k->skip;
	k->skip -= part;
	p += part;
	n -= part;
	if (n > k->left)
		n = (size_t)k->left;
	if (n > 0)
		line_put(k->s->line, p, n);
	k->left -= n;
}

static bool
coded(void *arg, const char *p, size_t n)
{
	struct sink *k = arg;

	decode_put(&k->dec, p, n);
	return !k->send || k->left > 0;
}

static bool
raw(void *arg, const char *p, size_t n)
{
	struct sink *k = arg;

	line_put(k->s->line, p, n);
	k->left -= n;
	return true;
}

static void
decode(struct sink *k, const struct content *c, enum cte cte,
    const struct section_place *at)
{
	k->n = 0;
	decode_init(&k->dec, cte, decoded, k);
	(void)pieces(c->file.fd, at->at, at->n, coded, k);
	decode_end(&k->dec);
}

/* ---- answers ---- */

/* How much of `all` octets is meant. */
static uint64_t
cut(const struct section *sec, uint64_t all, uint64_t *from)
{
	*from = 0;
	if (!sec->partial)
		return all;
	*from = sec->from < all ? sec->from : all;
	all -= *from;
	return sec->octets < all ? sec->octets : all;
}

/* The length, behind which nothing but the octets may follow: when they
 * cannot be read any more the session ends, as the client counts. */
static void
promise(struct sink *k, const struct section *sec, uint64_t all)
{
	k->left = cut(sec, all, &k->skip);
	k->send = true;
	(void)buf_addf(&k->s->out, " %s{%llu}\r\n", k->nul ? "~" : "",
	    (unsigned long long)k->left);
	send_out(k->s);
}

static void
put_octets(struct session *s, const struct content *c,
    const struct section *sec, const struct section_place *at)
{
	struct sink k = { .s = s };

	promise(&k, sec, at->n + at->lf);
	if (at->lf == 0)
		(void)pieces(c->file.fd, at->at + k.skip, k.left, raw, &k);
	else
		decode(&k, c, CTE_IDENTITY, at);
	if (k.left > 0)
		imap_end(s, "file changed");
}

static void
put_fields(struct session *s, const struct content *c,
    const struct section *sec, const struct section_place *at)
{
	struct buf head, out;
	uint64_t from, n;

	buf_init(&out, HEADER_MAX * 2);
	if (!header(c, at->at, at->n, &head) ||
	    section_fields(sec, (char *)head.data, head.len, &out) == -1) {
		(void)buf_adds(&s->out, " NIL");
	} else {
		n = cut(sec, out.len, &from);
		(void)buf_addf(&s->out, " {%llu}\r\n", (unsigned long long)n);
		(void)buf_add(&s->out, out.data + from, (size_t)n);
	}
	buf_clear(&out);
	buf_clear(&head);
}

static enum cte
encoding(const struct content *c, const struct section_place *at)
{
	enum cte cte = CTE_IDENTITY;
	struct buf head;
	const char *p;
	struct field f;

	if (!at->leaf)
		return cte;
	if (!header(c, at->head, at->nhead, &head))
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
put_binary(struct session *s, struct content *c, const struct section *sec,
    const struct section_place *at)
{
	struct sink k = { .s = s };
	enum cte cte = encoding(c, at);

	if (cte == CTE_UNKNOWN) {
		(void)buf_adds(&s->out, sec->as == AS_SIZE ? " 0" : " NIL");
		reply_no(s, "UNKNOWN-CTE", "a part in an unknown encoding");
		return;
	}
	decode(&k, c, cte, at);		/* to count */
	if (sec->as == AS_SIZE) {
		(void)buf_addf(&s->out, " %llu", (unsigned long long)k.n);
		return;
	}
	promise(&k, sec, k.n);
	decode(&k, c, cte, at);
	if (k.left > 0)
		imap_end(s, "file changed");
}

void
content_put(struct session *s, struct content *c, const struct section *sec)
{
	struct section_place at;

	section_label(sec, &s->out);
	if (!content_open(s, c) || !section_place(sec, c->parts.data,
	    c->parts.len, c->file.size, c->file.wire, &at))
		(void)buf_adds(&s->out, sec->as == AS_SIZE ? " 0" : " NIL");
	else if (sec->as == AS_BINARY || sec->as == AS_SIZE)
		put_binary(s, c, sec, &at);
	else if (sec->what == SEC_FIELDS || sec->what == SEC_NOT)
		put_fields(s, c, sec, &at);
	else
		put_octets(s, c, sec, &at);
}
