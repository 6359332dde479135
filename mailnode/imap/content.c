#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "mailnode/imap/binary.h"
#include "mailnode/imap/content.h"
#include "store/err.h"

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

/* ---- output ---- */

/* The promised octets; what cannot be read any more ends the session, as
 * the client counts. */
static void
send_raw(struct session *s, int fd, uint64_t at, uint64_t n)
{
	uint8_t chunk[CHUNK];
	ssize_t got;

	while (n > 0) {
		got = pread(fd, chunk, n < CHUNK ? (size_t)n : CHUNK,
		    (off_t)at);
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0) {
			imap_end(s, "file changed");
			return;
		}
		line_put(s->line, chunk, (size_t)got);
		at += (uint64_t)got;
		n -= (uint64_t)got;
	}
}

/* A part of the octets as they would be with CRLF. */
struct crlf {
	struct session	*s;
	uint64_t	 skip, left;
	bool		 cr;		/* the octet before was one */
};

static void
send_part(struct crlf *c, const char *p, size_t n)
{
	size_t part;

	if (c->skip >= n) {
		c->skip -= n;
		return;
	}
	p += c->skip;
	n -= (size_t)c->skip;
	c->skip = 0;
	part = n < c->left ? n : (size_t)c->left;
	line_put(c->s->line, p, part);
	c->left -= part;
}

static void
send_lines(struct crlf *c, const char *p, size_t n)
{
	const char *end = p + n, *lf;

	while (p < end && c->left > 0) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL) {
			send_part(c, p, (size_t)(end - p));
			c->cr = end[-1] == '\r';
			return;
		}
		send_part(c, p, (size_t)(lf - p));
		if (lf > p ? lf[-1] != '\r' : !c->cr)
			send_part(c, "\r", 1);
		send_part(c, "\n", 1);
		c->cr = false;
		p = lf + 1;
	}
}

static void
send_crlf(struct session *s, int fd, const struct section_place *at,
    uint64_t from, uint64_t n)
{
	struct crlf c = { s, from, n, false };
	uint64_t pos = at->at, left = at->n;
	char chunk[CHUNK];
	ssize_t got;

	while (left > 0 && c.left > 0) {
		got = pread(fd, chunk, left < CHUNK ? (size_t)left : CHUNK,
		    (off_t)pos);
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		send_lines(&c, chunk, (size_t)got);
		pos += (uint64_t)got;
		left -= (uint64_t)got;
	}
	if (c.left > 0)
		imap_end(s, "file changed");
}

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

static char *
read_all(int fd, uint64_t at, uint64_t n)
{
	char *p = n <= HEADER_MAX ? malloc((size_t)n + 1) : NULL;
	size_t have = 0;
	ssize_t got;

	while (p != NULL && have < n) {
		got = pread(fd, p + have, (size_t)n - have,
		    (off_t)(at + have));
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0) {
			free(p);
			return NULL;
		}
		have += (size_t)got;
	}
	return p;
}

static void
put_fields(struct session *s, const struct content *c,
    const struct section *sec, const struct section_place *at)
{
	char *head = read_all(c->file.fd, at->at, at->n);
	struct buf out;
	uint64_t from, n;

	buf_init(&out, HEADER_MAX * 2);
	if (head == NULL || section_fields(sec, head, (size_t)at->n, &out) ==
	    -1) {
		(void)buf_adds(&s->out, " NIL");
	} else {
		n = cut(sec, out.len, &from);
		(void)buf_addf(&s->out, " {%llu}\r\n", (unsigned long long)n);
		(void)buf_add(&s->out, out.data + from, (size_t)n);
	}
	buf_clear(&out);
	free(head);
}

/* ---- decoded ---- */

/* Twice: to count, and to send. */
struct decoded {
	struct session	*s;
	bool		 send;
	bool		 nul;
	uint64_t	 n, skip, left;
};

static void
take_decoded(void *arg, const char *p, size_t n)
{
	struct decoded *d = arg;
	size_t part;

	d->n += n;
	if (!d->send) {
		d->nul = d->nul || memchr(p, '\0', n) != NULL;
		return;
	}
	part = n < d->skip ? n : (size_t)d->skip;
	d->skip -= part;
	p += part;
	n -= part;
	if (n > d->left)
		n = (size_t)d->left;
	if (n > 0)
		line_put(d->s->line, p, n);
	d->left -= n;
}

static void
decode(struct decoded *d, const struct content *c, enum cte cte,
    const struct section_place *at)
{
	uint64_t pos = at->at, left = at->n;
	struct decoder dec;
	char chunk[CHUNK];
	ssize_t got;

	d->n = 0;
	binary_init(&dec, cte, take_decoded, d);
	while (left > 0) {
		got = pread(c->file.fd, chunk, left < CHUNK ? (size_t)left :
		    CHUNK, (off_t)pos);
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		binary_put(&dec, chunk, (size_t)got);
		pos += (uint64_t)got;
		left -= (uint64_t)got;
	}
	binary_end(&dec);
	if (d->send && d->left > 0)
		imap_end(d->s, "file changed");
}

static void
put_binary(struct session *s, struct content *c, const struct section *sec,
    const struct section_place *at)
{
	struct decoded d = { .s = s };
	enum cte cte = CTE_IDENTITY;
	char *head;
	uint64_t n;

	if (at->leaf) {
		head = read_all(c->file.fd, at->head, at->nhead);
		cte = head != NULL ? binary_cte(head, (size_t)at->nhead) :
		    CTE_UNKNOWN;
		free(head);
	}
	if (cte == CTE_UNKNOWN) {
		(void)buf_adds(&s->out, sec->as == AS_SIZE ? " 0" : " NIL");
		reply_no(s, "UNKNOWN-CTE", "a part in an unknown encoding");
		return;
	}
	decode(&d, c, cte, at);
	if (sec->as == AS_SIZE) {
		(void)buf_addf(&s->out, " %llu", (unsigned long long)d.n);
		return;
	}
	n = cut(sec, d.n, &d.skip);
	(void)buf_addf(&s->out, " %s{%llu}\r\n", d.nul ? "~" : "",
	    (unsigned long long)n);
	send_out(s);
	d.left = n;
	d.send = true;
	decode(&d, c, cte, at);
}

void
content_put(struct session *s, struct content *c, const struct section *sec)
{
	struct section_place at;
	uint64_t from, n;

	section_label(sec, &s->out);
	if (!content_open(s, c) || !section_place(sec, c->parts.data,
	    c->parts.len, c->file.size, c->file.wire, &at)) {
		(void)buf_adds(&s->out, sec->as == AS_SIZE ? " 0" : " NIL");
		return;
	}
	if (sec->as == AS_BINARY || sec->as == AS_SIZE) {
		put_binary(s, c, sec, &at);
		return;
	}
	if (sec->what == SEC_FIELDS || sec->what == SEC_NOT) {
		put_fields(s, c, sec, &at);
		return;
	}
	n = cut(sec, at.n + at.lf, &from);
	(void)buf_addf(&s->out, " {%llu}\r\n", (unsigned long long)n);
	send_out(s);
	if (at.lf == 0)
		send_raw(s, c->file.fd, at.at + from, n);
	else
		send_crlf(s, c->file.fd, &at, from, n);
}
