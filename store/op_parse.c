#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailnode/base/codec.h"
#include "store/err.h"
#include "store/field.h"
#include "store/mime.h"
#include "store/mime_imap.h"
#include "store/mime_place.h"
#include "store/mime_row.h"
#include "store/mime_text.h"
#include "store/op_parse.h"
#include "store/wire.h"

/* Octets of a file that we read at most; the rest is not shown. */
enum { FILE_MAX = 256 * 1024 * 1024 };

/* ---- answers, in a record or in a memory file ---- */

static uint16_t
answer(struct op_call *c, struct buf *b)
{
	if (b->err)
		return b->err == ENOMEM ? STORE_NOMEM : STORE_TOOBIG;
	if (b->len <= c->out->max) {
		buf_add(c->out, b->data, b->len);
		return OP_OK;
	}
	c->fd_out = wire_seal(b);
	c->close_fd_out = true;
	return c->fd_out != -1 ? OP_OK : STORE_NOMEM;
}

bool
parse_answer(struct chan_in *in, int *fd, struct buf *mem)
{
	struct stat st;
	ssize_t n = 0;
	bool ok = true;

	if (*fd == -1)
		return true;
	if (in->p != in->end || fstat(*fd, &st) == -1 || st.st_size < 0 ||
	    st.st_size > PARSE_ANSWER_MAX) {
		ok = false;
		goto out;
	}
	buf_reset(mem);
	if (buf_reserve(mem, (size_t)st.st_size) == -1) {
		ok = false;
		goto out;
	}
	while (mem->len < (size_t)st.st_size) {
		n = pread(*fd, mem->data + mem->len,
		    (size_t)st.st_size - mem->len, (off_t)mem->len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		mem->len += (size_t)n;
	}
	ok = mem->len == (size_t)st.st_size;
	chan_in_init(in, mem->data, mem->len);
out:
	close(*fd);
	*fd = -1;
	return ok;
}

/* ---- PARSE_ROW ---- */

void
parse_row_put(struct buf *out, const struct parse_row *r)
{
	const char *const s[] = { r->msgid, r->irt, r->refs, r->subject,
	    r->base, r->from, r->to, r->cc, r->author, r->list_id,
	    r->snippet };
	size_t i;

	chan_put_u32(out, r->flags);
	chan_put_i64(out, r->date);
	chan_put_u64(out, r->size);
	chan_put_u64(out, r->wire);
	buf_add(out, r->hash, sizeof r->hash);
	for (i = 0; i < sizeof s / sizeof s[0]; i++)
		chan_put_str(out, s[i]);
	chan_put_bytes(out, r->env, r->nenv);
	chan_put_bytes(out, r->body, r->nbody);
	chan_put_bytes(out, r->parts, r->nparts);
	chan_put_bytes(out, r->names, r->nnames);
}

/* What our mtext_line lets through, and nothing else. */
static bool
clean(const char *s)
{
	const char *p;

	for (p = s; *p != '\0'; p++)
		if ((uint8_t)*p < ' ' || *p == 127)
			return false;
	return codec_utf8_ok(s, strlen(s));
}

static const uint8_t *
get_blob(struct wire *w, size_t *n)
{
	const uint8_t *p = chan_get_bytes(w->in, PARSE_ANSWER_MAX, n);
	uint8_t *dst = (uint8_t *)w->at;

	if (p == NULL || (size_t)(w->end - w->at) < *n) {
		w->bad = true;
		*n = 0;
		return NULL;
	}
	memcpy(dst, p, *n);
	w->at += *n;
	return dst;
}

/* None at all: nobody could parse it. */
static bool
places_ok(const struct parse_row *r)
{
	size_t n = mime_places(r->parts, r->nparts), i;
	struct mime_place p;

	for (i = 0; i < n; i++)
		if (!mime_place(r->parts, r->nparts, i, r->size, &p))
			return false;
	return n > 0 || r->nparts == 0;
}

bool
parse_row_get(struct chan_in *in, struct parse_row *r)
{
	const char **const s[] = { &r->msgid, &r->irt, &r->refs,
	    &r->subject, &r->base, &r->from, &r->to, &r->cc, &r->author,
	    &r->list_id, &r->snippet };
	struct wire w;
	char *mem = NULL;
	size_t i;

	memset(r, 0, sizeof *r);
	if (!wire_init(&w, in, &mem))
		return false;
	r->mem = (uint8_t *)mem;
	r->flags = chan_get_u32(in);
	r->date = chan_get_i64(in);
	r->size = chan_get_u64(in);
	r->wire = chan_get_u64(in);
	for (i = 0; i < sizeof r->hash; i++)
		r->hash[i] = chan_get_u8(in);
	for (i = 0; i < sizeof s / sizeof s[0]; i++) {
		*s[i] = wire_str(&w);
		w.bad = w.bad || !clean(*s[i]);
	}
	r->env = get_blob(&w, &r->nenv);
	r->body = get_blob(&w, &r->nbody);
	r->parts = get_blob(&w, &r->nparts);
	r->names = get_blob(&w, &r->nnames);
	if (w.bad || !chan_end(in) || r->msgid[0] == '\0' ||
	    r->wire < r->size || r->nnames > FIELD_NAMES_OCTETS ||
	    !places_ok(r)) {
		parse_row_clear(r);
		return false;
	}
	return true;
}

void
parse_row_clear(struct parse_row *r)
{
	free(r->mem);
	memset(r, 0, sizeof *r);
}

/* At most `max` octets of the message of a call, parsed.  0, or the
 * status. */
static uint16_t
take(struct op_call *c, struct mime *m, size_t max)
{
	struct stat st;
	uint8_t *data;
	size_t n;

	if (!chan_end(&c->in) || c->fd == -1)
		return OP_BAD;
	data = mime_slurp(c->fd, max, &n);
	if (data == NULL)
		return STORE_IO;
	if (mime_open(m, data, n) == -1)
		return STORE_NOMEM;
	m->part_of_it = n == max && fstat(c->fd, &st) == 0 &&
	    (uint64_t)st.st_size > max;
	return STORE_OK;
}

static uint16_t
do_row(void *service, struct op_call *c)
{
	struct mime m;
	struct buf b;
	uint16_t rc = take(c, &m, FILE_MAX);

	(void)service;
	if (rc != STORE_OK)
		return rc;
	buf_init(&b, PARSE_ANSWER_MAX);
	rc = mime_row(&m, &b) == 0 ? answer(c, &b) : STORE_NOMEM;
	buf_clear(&b);
	mime_close(&m);
	return rc;
}

/* ---- PARSE_SHOW ---- */

void
parse_show_put(struct buf *args, enum parse_want want, enum parse_reach reach)
{
	chan_put_u8(args, (uint8_t)want);
	chan_put_u8(args, (uint8_t)reach);
}

static void
get_part(struct wire *w, struct parse_part *p)
{
	const char **const s[] = { &p->path, &p->type, &p->charset,
	    &p->filename, &p->disposition, &p->cid, &p->description,
	    &p->encoding };
	size_t i;

	for (i = 0; i < sizeof s / sizeof s[0]; i++) {
		*s[i] = wire_str(w);
		w->bad = w->bad || !clean(*s[i]);
	}
	w->bad = w->bad || strchr(p->filename, '/') != NULL;
	p->size = chan_get_u64(w->in);
	p->depth = chan_get_u32(w->in);
	p->flags = chan_get_u32(w->in);
}

/* Shown as it is, so once more: no control character. */
bool
parse_text_ok(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (((uint8_t)s[i] < ' ' && s[i] != '\n' && s[i] != '\t') ||
		    s[i] == 127 || ((uint8_t)s[i] == 0xc2 && i + 1 < n &&
		    (uint8_t)s[i + 1] < 0xa0))
			return false;
	return codec_utf8_ok(s, n);
}

static void
get_headers(struct wire *w, struct parse_show *out)
{
	struct parse_header *h;

	while (wire_row(w, (void **)&out->header, &out->nheader,
	    sizeof *h)) {
		h = &out->header[out->nheader - 1];
		h->name = wire_str(w);
		h->value = wire_str(w);
		w->bad = w->bad || !clean(h->name) || !clean(h->value);
	}
	w->cap = 0;
	while (wire_row(w, (void **)&out->part, &out->npart,
	    sizeof *out->part))
		get_part(w, &out->part[out->npart - 1]);
}

bool
parse_show_get(struct chan_in *in, struct parse_show *out)
{
	struct wire w;
	char *mem = NULL;
	const char *path;
	bool has_html;

	memset(out, 0, sizeof *out);
	if (!wire_init(&w, in, &mem))
		return false;
	out->mem = (uint8_t *)mem;
	out->flags = chan_get_u32(in);
	get_headers(&w, out);
	out->text = w.at;
	path = wire_str(&w);
	out->ntext = strlen(path);
	out->text_is_html = chan_get_u8(in) != 0;
	has_html = chan_get_u8(in) != 0;
	path = wire_str(&w);
	out->html_path = has_html ? path : NULL;
	out->event = wire_str(&w);
	if (w.bad || !chan_end(in) || !parse_text_ok(out->text, out->ntext) ||
	    !parse_text_ok(out->event, strlen(out->event))) {
		parse_show_clear(out);
		return false;
	}
	return true;
}

void
parse_show_clear(struct parse_show *s)
{
	free(s->header);
	free(s->part);
	free(s->mem);
	memset(s, 0, sizeof *s);
}

static uint16_t
do_show(void *service, struct op_call *c)
{
	uint8_t want = chan_get_u8(&c->in);
	uint8_t reach = chan_get_u8(&c->in);
	struct mime m;
	struct buf b;
	uint16_t rc;

	(void)service;
	if (want > PARSE_HTML || reach > PARSE_SHAPE)
		return OP_BAD;
	rc = take(c, &m, reach == PARSE_START ? PARSE_START_FILE : FILE_MAX);
	if (rc != STORE_OK)
		return rc;
	m.text_max = reach != PARSE_ALL ? PARSE_START_TEXT : 0;
	buf_init(&b, PARSE_ANSWER_MAX);
	rc = mime_show(&m, want, &b) == 0 ? answer(c, &b) : STORE_NOMEM;
	buf_clear(&b);
	mime_close(&m);
	return rc;
}

uint16_t
parse_show(int ch, int fd, enum parse_want want, struct parse_show *out)
{
	struct op_reply r;
	struct buf args, mem;
	uint16_t rc;

	memset(out, 0, sizeof *out);
	buf_init(&mem, PARSE_ANSWER_MAX);
	wire_call(&args, &r);
	parse_show_put(&args, want, PARSE_ALL);
	rc = op_call(ch, PARSE_SHOW, &args, fd, &r, PARSE_WAIT_MS);
	if (rc == OP_OK && (!parse_answer(&r.in, &r.fd, &mem) ||
	    !parse_show_get(&r.in, out)))
		rc = OP_BAD;
	wire_done(&args, &r);
	buf_clear(&mem);
	return rc;
}

/* ---- PARSE_PART ---- */

void
parse_part_put(struct buf *args, const char *path, enum parse_form form)
{
	chan_put_str(args, path);
	chan_put_u8(args, (uint8_t)form);
}

bool
parse_part_get(struct chan_in *in, uint64_t *size)
{
	*size = chan_get_u64(in);
	return chan_end(in);
}

/* A memory file and its size. */
static uint16_t
answer_fd(struct op_call *c, const struct buf *b)
{
	c->fd_out = wire_seal(b);
	c->close_fd_out = true;
	chan_put_u64(c->out, b->len);
	return c->fd_out != -1 ? OP_OK : STORE_NOMEM;
}

/* "" is the first text, or the body of what has but one part. */
static const struct mime_part *
part_of(const struct mime *m, const char *path)
{
	size_t i;

	if (path[0] != '\0')
		return mime_find(m, path);
	for (i = 0; i < m->npart; i++)
		if (m->part[i].kind == MIME_LEAF &&
		    mime_is(m, &m->part[i], "text", NULL))
			return &m->part[i];
	return m->part[0].kind == MIME_LEAF ? m->part : NULL;
}

static int
form_part(const struct mime *m, const struct mime_part *p,
    enum parse_form form, struct buf *out)
{
	switch (form) {
	case PARSE_AS_TEXT:
		return mime_text(m, p, out);
	case PARSE_AS_HTML:
		return mime_html(m, p, out);
	case PARSE_AS_PLAIN:
		return mime_plain(m, p, out);
	case PARSE_AS_BYTES:
		return mime_decode(m, p, out);
	case PARSE_AS_RAW:
		return buf_add(out, m->data + p->body, p->nbody);
	case PARSE_AS_ENTITY:
		if (p->body < p->head)
			return -1;
		return buf_add(out, m->data + p->head,
		    p->body + p->nbody - p->head);
	}
	return -1;
}

static uint16_t
do_part(void *service, struct op_call *c)
{
	char path[PARSE_PATH_MAX];
	const struct mime_part *p;
	struct mime m;
	struct buf b;
	uint8_t form;
	uint16_t rc;

	(void)service;
	chan_get_str(&c->in, path, sizeof path);
	form = chan_get_u8(&c->in);
	if (form > PARSE_AS_ENTITY)
		return OP_BAD;
	rc = take(c, &m, FILE_MAX);
	if (rc != STORE_OK)
		return rc;
	buf_init(&b, FILE_MAX);
	p = part_of(&m, path);
	rc = STORE_NOTFOUND;
	if (p != NULL) {
		rc = STORE_TOOBIG;
		if (form_part(&m, p, form, &b) == 0)
			rc = answer_fd(c, &b);
	}
	buf_clear(&b);
	mime_close(&m);
	return rc;
}

/* ---- PARSE_TEXT ---- */

void
parse_text_put(struct buf *args, enum parse_want want)
{
	chan_put_u8(args, (uint8_t)want);
}

static uint16_t
do_text(void *service, struct op_call *c)
{
	uint8_t want = chan_get_u8(&c->in);
	struct mime m;
	struct buf b;
	uint16_t rc;

	(void)service;
	if (want > PARSE_HTML)
		return OP_BAD;
	rc = take(c, &m, FILE_MAX);
	if (rc != STORE_OK)
		return rc;
	buf_init(&b, PARSE_ANSWER_MAX);
	rc = mime_show_text(&m, want, &b) == 0 ? answer_fd(c, &b) :
	    STORE_NOMEM;
	buf_clear(&b);
	mime_close(&m);
	return rc;
}

enum { CLIENTS = ROLE_BIT(ROLE_OWNER) | ROLE_BIT(ROLE_KEEPER) };

const struct op parse_ops[] = {
	{ PARSE_ROW, CLIENTS, do_row },
	{ PARSE_SHOW, CLIENTS, do_show },
	{ PARSE_PART, CLIENTS, do_part },
	{ PARSE_TEXT, CLIENTS, do_text },
	{ 0, 0, NULL }
};
