#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tui/doc.h"
#include "tui/fetch_pgp.h"
#include "tui/pgp.h"
#include "tui/pgp_run.h"
#include "tui/reply.h"

struct fetch_pgp {
	struct tui	*t;
	struct fetched	*f;
	enum parse_want	 want;
	const struct parse_part *part;	/* the container, until it is done */
	int		 signed_fd;
	bool		 around;	/* a block, and more than that */
	struct pgp_read	*read;
	void		(*done)(void *arg);
	void		*arg;
};

void
fetch_pgp_stop(struct fetch_pgp *p)
{
	if (p == NULL)
		return;
	pgp_read_stop(p->read);
	fetch_forget(p->t, p);
	talk_forget(p->t->parser, p);
	if (p->signed_fd != -1)
		close(p->signed_fd);
	free(p);
}

static void
finish(struct fetch_pgp *p)
{
	void (*done)(void *) = p->done;
	void *arg = p->arg;

	fetch_pgp_stop(p);
	done(arg);
}

/* ---- where it is ---- */

/* Parts inside of another message are that one's matter. */
static const struct parse_part *
container(const struct parse_show *s, const char *type)
{
	const struct parse_part *q, *end = s->part + s->npart;
	uint32_t limit = UINT32_MAX;

	for (q = s->part; q < end; q++) {
		if (q->depth > limit)
			continue;
		limit = UINT32_MAX;
		if (strcmp(q->type, type) == 0)
			return q;
		if (strncmp(q->type, "message/", 8) == 0)
			limit = q->depth;
	}
	return NULL;
}

/* The n-th part in it, from 1, or NULL. */
static const struct parse_part *
child(const struct parse_show *s, const struct parse_part *of, int n)
{
	const struct parse_part *q, *end = s->part + s->npart;

	for (q = of + 1; q < end && q->depth > of->depth; q++)
		if (q->depth == of->depth + 1 && --n == 0)
			return q;
	return NULL;
}

/* The first with a second child, the first (or second) of that type. */
static const struct parse_part *
find(const struct parse_show *s, const char *type, int nth, const char *mark)
{
	const struct parse_part *c = container(s, type), *q;

	q = c != NULL ? child(s, c, nth) : NULL;
	if (q == NULL || strcmp(q->type, mark) != 0 || child(s, c, 2) == NULL)
		return NULL;
	return c;
}

static const struct parse_part *
find_sealed(const struct parse_show *s)
{
	return find(s, "multipart/encrypted", 1, "application/pgp-encrypted");
}

static const struct parse_part *
find_signed(const struct parse_show *s)
{
	return find(s, "multipart/signed", 2, "application/pgp-signature");
}

/* A block may end behind the start that is here. */
bool
fetch_pgp_is_in(const struct parse_show *s)
{
	return container(s, "multipart/encrypted") != NULL ||
	    container(s, "multipart/signed") != NULL ||
	    doc_match(s->text, s->ntext, "-----BEGIN PGP ") != SIZE_MAX;
}

static const char *
from(const struct fetch_pgp *p)
{
	return reply_header(&p->f->show, "From");
}

/* ---- what is signed ---- */

/* What others may have put around it nobody signed. */
static void
verified(void *arg, int plain, const struct pgp_seen *seen)
{
	struct fetch_pgp *p = arg;

	(void)plain;
	p->read = NULL;
	p->f->pgp = *seen;
	if (p->part->depth > 0) {
		if (p->f->pgp.verdict == PGP_GOOD)
			p->f->pgp.verdict = PGP_DOUBT;
		pgp_seen_add(&p->f->pgp, "what stands around it is NOT "
		    "signed");
	}
	finish(p);
}

static void
signature_part(void *arg, int part, uint64_t size)
{
	struct fetch_pgp *p = arg;

	(void)size;
	if (part != -1) {
		p->read = pgp_verify(p->t, p->signed_fd, part, from(p),
		    &p->f->pgp, verified, p);
		close(part);
	}
	if (p->read == NULL)
		finish(p);
}

static void
signed_part(void *arg, int part, uint64_t size)
{
	struct fetch_pgp *p = arg;
	const struct parse_show *s = &p->f->show;

	(void)size;
	p->signed_fd = part;
	if (part == -1)
		finish(p);
	else
		fetch_part(p->t, p->f->fd, child(s, p->part, 2)->path,
		    PARSE_AS_BYTES, signature_part, p);
}

static bool
start_signed(struct fetch_pgp *p)
{
	const struct parse_show *s = &p->f->show;

	p->part = find_signed(s);
	if (p->part == NULL)
		return false;
	/* What gpg saw outside of it is not all there is. */
	if (p->f->pgp.encrypted && p->f->pgp.verdict == PGP_NOTHING)
		(void)snprintf(p->f->pgp.text, sizeof p->f->pgp.text,
		    "decrypted");
	fetch_part(p->t, p->f->fd, child(s, p->part, 1)->path,
	    PARSE_AS_ENTITY, signed_part, p);
	return true;
}

/* ---- what is encrypted ---- */

/* The fields stay those of the message; the rest is what was inside. */
static void
swap_inner(struct fetched *f, const struct parse_show *inner)
{
	struct parse_header *h;
	size_t n;

	f->outer = f->show;
	f->has_outer = true;
	f->show = *inner;
	h = f->show.header;
	n = f->show.nheader;
	f->show.header = f->outer.header;
	f->show.nheader = f->outer.nheader;
	f->outer.header = h;
	f->outer.nheader = n;
}

static void
parsed(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct fetch_pgp *p = arg;
	struct parse_show inner;
	struct buf mem;
	bool ok;

	buf_init(&mem, PARSE_ANSWER_MAX);
	ok = status == OP_OK && parse_answer(in, fd, &mem) &&
	    parse_show_get(in, &inner);
	buf_clear(&mem);
	if (ok)
		swap_inner(p->f, &inner);
	else
		app_error(p->t, "what was inside cannot be decoded");
	if (!ok || !start_signed(p))
		finish(p);
}

static void
opened(void *arg, int plain, const struct pgp_seen *seen)
{
	struct fetch_pgp *p = arg;
	struct buf b;

	p->read = NULL;
	p->f->pgp = *seen;
	if (plain == -1) {
		finish(p);
		return;
	}
	if (p->part->depth > 0)
		pgp_seen_add(&p->f->pgp, "what stands around it is left out");
	close(p->f->fd);
	p->f->fd = plain;
	buf_init(&b, CHAN_DATA_MAX);
	parse_show_put(&b, p->want, PARSE_ALL);
	talk_send(p->t->parser, PARSE_SHOW, &b, plain, parsed, p);
	buf_clear(&b);
}

static void
sealed_part(void *arg, int part, uint64_t size)
{
	struct fetch_pgp *p = arg;

	(void)size;
	if (part != -1) {
		p->read = pgp_decrypt(p->t, part, from(p), &p->f->pgp,
		    opened, p);
		close(part);
	}
	if (p->read == NULL)
		finish(p);
}

/* ---- what stands in a text ---- */

/* The text that is read, where it is one. */
static const struct parse_part *
body(const struct parse_show *s)
{
	size_t i;

	for (i = 0; i < s->npart; i++)
		if ((s->part[i].flags & PARSE_P_BODY) != 0 &&
		    strcmp(s->part[i].type, "text/plain") == 0)
			return &s->part[i];
	return NULL;
}

static bool
has_block(const struct parse_show *s)
{
	size_t from, to;

	return body(s) != NULL && pgp_block(s->text, s->ntext, &from, &to) !=
	    PGP_NONE;
}

/* The rest of the message stays as it is. */
static void
block_parsed(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct fetch_pgp *p = arg;
	struct fetched *f = p->f;
	struct buf mem;

	buf_init(&mem, PARSE_ANSWER_MAX);
	if (status == OP_OK && parse_answer(in, fd, &mem) &&
	    parse_show_get(in, &f->outer)) {
		f->has_outer = true;
		f->show.text = f->outer.text;
		f->show.ntext = f->outer.ntext;
	} else {
		app_error(p->t, "what was inside cannot be decoded");
	}
	buf_clear(&mem);
	finish(p);
}

/* As a part of its own, so that the parser makes a text of it. */
static int
entity(const struct fetch_pgp *p, int plain)
{
	const char *charset = p->part->charset;
	struct buf b;
	int fd = -1;

	if (charset[0] == '\0' || strcmp(charset, "us-ascii") == 0)
		charset = "utf-8";
	buf_init(&b, PGP_MESSAGE_MAX);
	buf_addf(&b, "Content-Type: text/plain; charset=\"%s\"\r\n"
	    "Content-Transfer-Encoding: 8bit\r\n\r\n", charset);
	if (pgp_slurp(plain, &b))
		fd = pgp_memory(&b);
	buf_clear(&b);
	return fd;
}

static void
block_read(void *arg, int plain, const struct pgp_seen *seen)
{
	struct fetch_pgp *p = arg;
	struct buf b;
	int fd = -1;

	p->read = NULL;
	p->f->pgp = *seen;
	if (plain != -1) {
		if (p->around) {
			if (seen->verdict == PGP_GOOD)
				p->f->pgp.verdict = PGP_DOUBT;
			pgp_seen_add(&p->f->pgp, "what stands around it is "
			    "left out");
		}
		fd = entity(p, plain);
		close(plain);
	}
	if (fd == -1) {
		finish(p);
		return;
	}
	buf_init(&b, CHAN_DATA_MAX);
	parse_show_put(&b, PARSE_PLAIN, PARSE_ALL);
	talk_send(p->t->parser, PARSE_SHOW, &b, fd, block_parsed, p);
	buf_clear(&b);
	close(fd);
}

static bool
blank(const uint8_t *s, size_t n)
{
	while (n > 0 && strchr(" \t\r\n", s[n - 1]) != NULL &&
	    s[n - 1] != '\0')
		n--;
	return n == 0;
}

/* As it was sent: the signature is of these octets, not of UTF-8. */
static void
block_part(void *arg, int part, uint64_t size)
{
	struct fetch_pgp *p = arg;
	enum pgp_kind kind = PGP_NONE;
	size_t at = 0, to = 0;
	struct buf b;
	int fd = -1;

	(void)size;
	buf_init(&b, PGP_MESSAGE_MAX);
	if (part != -1 && pgp_slurp(part, &b))
		kind = pgp_block((char *)b.data, b.len, &at, &to);
	if (part != -1)
		close(part);
	if (kind != PGP_NONE) {
		p->around = p->around || !blank(b.data, at) ||
		    !blank(b.data + to, b.len - to);
		memmove(b.data, b.data + at, to - at);
		b.len = to - at;
		fd = pgp_memory(&b);
	}
	buf_clear(&b);
	if (fd != -1) {
		p->read = pgp_read_block(p->t, fd, kind == PGP_CLEAR, from(p),
		    block_read, p);
		close(fd);
	}
	if (p->read == NULL)
		finish(p);
}

static void
start_block(struct fetch_pgp *p)
{
	const struct parse_show *s = &p->f->show;
	size_t i;

	p->part = body(s);
	for (i = 0; i < s->npart; i++)
		if ((s->part[i].flags & PARSE_P_BODY) != 0 &&
		    &s->part[i] != p->part)
			p->around = true;
	fetch_part(p->t, p->f->fd, p->part->path, PARSE_AS_BYTES, block_part,
	    p);
}

struct fetch_pgp *
fetch_pgp_start(struct tui *t, struct fetched *f, enum parse_want want,
    void (*done)(void *arg), void *arg)
{
	struct fetch_pgp *p;

	if (find_sealed(&f->show) == NULL && find_signed(&f->show) == NULL &&
	    !has_block(&f->show))
		return NULL;
	p = calloc(1, sizeof *p);
	if (p == NULL)
		return NULL;
	p->t = t;
	p->f = f;
	p->want = want;
	p->signed_fd = -1;
	p->done = done;
	p->arg = arg;
	p->part = find_sealed(&f->show);
	if (p->part == NULL && find_signed(&f->show) == NULL)
		start_block(p);
	else if (p->part == NULL)
		(void)start_signed(p);
	else
		fetch_part(t, f->fd, child(&f->show, p->part, 2)->path,
		    PARSE_AS_BYTES, sealed_part, p);
	return p;
}
