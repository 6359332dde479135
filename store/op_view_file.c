/* VIEW_OPEN, VIEW_OPEN_MANY, VIEW_BLOB: see op_view.h. */
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/err.h"
#include "store/maildir.h"
#include "store/mime_short.h"
#include "store/op_view.h"
#include "store/view.h"

enum {
	PARTS_MAX = 1024 * 1024,	/* octets of a table */
	TEXT_MAX = 64 * 1024 * 1024	/* octets of a structure */
};

/* ---- client ---- */

uint16_t
view_blob(int ch, struct op_reply *r, uint64_t mbox, uint32_t uid,
    enum view_blob which, struct buf *out)
{
	uint64_t at = 0, size = 0;
	struct buf args;
	const uint8_t *p;
	uint16_t rc;
	size_t n;

	do {
		buf_init(&args, 64);
		chan_put_u64(&args, mbox);
		chan_put_u32(&args, uid);
		chan_put_u8(&args, (uint8_t)which);
		chan_put_u64(&args, at);
		rc = view_call(ch, VIEW_BLOB, &args, r);
		if (rc != OP_OK)
			return rc;
		size = chan_get_u64(&r->in);
		p = chan_get_bytes(&r->in, VIEW_CHUNK_MAX, &n);
		if (!chan_end(&r->in) || (n == 0 && at < size))
			return OP_BAD;
		if (buf_add(out, p, n) == -1)
			return STORE_TOOBIG;
		at += n;
	} while (at < size);
	return OP_OK;
}

void
view_text(int ch, struct op_reply *r, uint64_t mbox,
    const struct view_row *row, enum view_text which, struct buf *out)
{
	bool env = which == VIEW_ENVELOPE;
	const uint8_t *p = env ? row->env : row->body;
	size_t n = env ? row->nenv : row->nbody;
	struct buf whole;

	buf_init(&whole, TEXT_MAX);
	if (p == NULL) {
		n = view_blob(ch, r, mbox, row->uid, env ? VIEW_BLOB_ENV :
		    VIEW_BLOB_BODY, &whole) == OP_OK ? whole.len : 0;
		p = whole.data;
	}
	if (which == VIEW_STRUCTURE_SHORT)
		mime_short(out, p, n);
	else if (n > 0)
		(void)buf_add(out, p, n);
	else
		(void)buf_adds(out, "NIL");
	buf_clear(&whole);
}

void
view_file_init(struct view_file *f, uint32_t uid)
{
	memset(f, 0, sizeof *f);
	f->uid = uid;
	f->fd = -1;
	buf_init(&f->parts, PARTS_MAX);
}

void
view_file_clear(struct view_file *f)
{
	if (f->fd != -1)
		close(f->fd);
	buf_clear(&f->parts);
	f->fd = -1;
}

/* An answer with its descriptor.  *whole: the table of parts is in it. */
static uint16_t
take_open(struct chan_in *in, int *fd, struct view_file *f, bool *whole)
{
	const uint8_t *p;
	struct stat st;
	size_t n;

	f->size = chan_get_u64(in);
	f->wire = chan_get_u64(in);
	f->pflags = chan_get_u32(in);
	view_get_blob(in, &p, &n);
	if (!chan_end(in) || *fd == -1)
		return OP_BAD;
	*whole = p != NULL;
	if (*whole && buf_add(&f->parts, p, n) == -1)
		return STORE_NOMEM;
	/* Offsets are of a file of that size. */
	if (fstat(*fd, &st) == -1 || (uint64_t)st.st_size != f->size)
		return STORE_NOTFOUND;
	f->fd = *fd;
	*fd = -1;
	return OP_OK;
}

static uint16_t
ask_open(int ch, struct op_reply *r, uint64_t mbox, struct view_file *f)
{
	struct buf args;
	bool whole;
	uint16_t rc;

	buf_init(&args, 64);
	chan_put_u64(&args, mbox);
	chan_put_u32(&args, f->uid);
	rc = view_call(ch, VIEW_OPEN, &args, r);
	if (rc == OP_OK)
		rc = take_open(&r->in, &r->fd, f, &whole);
	if (rc == OP_OK && !whole)
		rc = view_blob(ch, r, mbox, f->uid, VIEW_BLOB_PARTS,
		    &f->parts);
	return rc;
}

bool
view_open(int ch, struct op_reply *r, uint64_t mbox, struct view_file *f)
{
	enum { STEP_MS = 5, STEPS = 600 };
	const struct timespec pause = { .tv_nsec = STEP_MS * 1000000L };
	int i;

	for (i = 0; i < STEPS && !f->tried; i++) {
		f->tried = ask_open(ch, r, mbox, f) != STORE_BUSY;
		if (!f->tried)
			(void)nanosleep(&pause, NULL);
	}
	f->tried = true;
	return f->fd != -1;
}

uint16_t
view_open_many(int ch, struct op_reply *r, uint64_t mbox,
    struct view_file *files, size_t n)
{
	struct chan_msg m = { .type = VIEW_OPEN_MANY, .id = 1, .fd = -1 };
	struct chan_in in;
	struct buf args;
	bool whole;
	size_t i;
	int rc;

	buf_init(&args, 1024);
	chan_put_u64(&args, mbox);
	chan_put_u32(&args, (uint32_t)n);
	for (i = 0; i < n; i++)
		chan_put_u32(&args, files[i].uid);
	rc = args.err != 0 ? -1 : chan_send(ch, &m, &args, false);
	buf_clear(&args);
	for (i = 0; rc != -1 && i < n; i++) {
		rc = chan_recv_in(ch, &r->store, &m, VIEW_WAIT_MS);
		if (rc != 1 || m.type != VIEW_OPEN_MANY)
			return OP_GONE;
		chan_in_init(&in, m.data, m.len);
		whole = false;
		if (m.status == OP_OK && take_open(&in, &m.fd, &files[i],
		    &whole) == OP_OK)
			files[i].tried = whole;
		if (!files[i].tried)
			view_file_clear(&files[i]);
		if (m.fd != -1)
			close(m.fd);
	}
	return rc == -1 ? OP_GONE : OP_OK;
}

/* ---- the reader's side ---- */

static uint16_t
do_open(void *service, struct op_call *c)
{
	uint64_t mbox = chan_get_u64(&c->in);
	uint32_t uid = chan_get_u32(&c->in);
	struct reader *r = service;
	struct view_place at;
	enum store_err e;
	int rc;

	if (!chan_end(&c->in))
		return OP_BAD;
	e = reader_begin(r);
	if (e != STORE_OK)
		return (uint16_t)e;
	rc = view_place(r, mbox, uid, &at);
	if (rc == SQLITE_OK) {
		c->fd_out = maildir_open(r->root, at.folder, at.name, NULL);
		c->close_fd_out = true;
		chan_put_u64(c->out, at.size);
		chan_put_u64(c->out, at.wire);
		chan_put_u32(c->out, at.pflags);
		view_put_blob(c->out, at.parts, at.nparts);
		if (c->fd_out == -1) {
			reader_end(r);
			return STORE_BUSY;
		}
	}
	return view_end(r, rc);
}

/* Each has an answer of its own, as each has a descriptor of its own. */
static void
open_one(struct reader *r, struct op_call *c, uint64_t mbox, uint32_t uid)
{
	uint16_t status = OP_OK;
	struct view_place at;
	struct buf out;
	int fd = -1, rc;

	buf_init(&out, CHAN_DATA_MAX);
	rc = view_place(r, mbox, uid, &at);
	if (rc == SQLITE_OK) {
		fd = maildir_open(r->root, at.folder, at.name, NULL);
		chan_put_u64(&out, at.size);
		chan_put_u64(&out, at.wire);
		chan_put_u32(&out, at.pflags);
		view_put_blob(&out, at.parts, at.nparts);
		sql_end(&r->view, RVIEW_PLACE);
	}
	if (rc == SQLITE_DONE)
		status = STORE_NOTFOUND;
	else if (rc != SQLITE_OK)
		status = (uint16_t)store_err_sqlite(rc);
	else if (fd == -1)
		status = STORE_BUSY;
	op_reply(c->peer, VIEW_OPEN_MANY, c->id, status, &out, fd);
	if (fd != -1)
		close(fd);
	buf_clear(&out);
}

static uint16_t
do_open_many(void *service, struct op_call *c)
{
	uint32_t uid[VIEW_OPEN_MAX], n, i;
	struct reader *r = service;
	uint64_t mbox;
	enum store_err e;

	mbox = chan_get_u64(&c->in);
	n = chan_get_u32(&c->in);
	for (i = 0; i < n && i < VIEW_OPEN_MAX; i++)
		uid[i] = chan_get_u32(&c->in);
	if (!chan_end(&c->in) || n == 0 || n > VIEW_OPEN_MAX)
		return OP_BAD;
	e = reader_begin(r);
	for (i = 0; i < n; i++)
		if (e == STORE_OK)
			open_one(r, c, mbox, uid[i]);
		else
			op_reply(c->peer, VIEW_OPEN_MANY, c->id, (uint16_t)e,
			    NULL, -1);
	if (e == STORE_OK)
		reader_end(r);
	return OP_LATER;
}

static uint16_t
do_blob(void *service, struct op_call *c)
{
	uint64_t mbox = chan_get_u64(&c->in);
	uint32_t uid = chan_get_u32(&c->in);
	uint8_t which = chan_get_u8(&c->in);
	uint64_t from = chan_get_u64(&c->in);
	struct reader *r = service;
	enum store_err e;
	const uint8_t *p;
	size_t n = 0;
	int rc;

	if (!chan_end(&c->in) || which > VIEW_BLOB_PARTS)
		return OP_BAD;
	e = reader_begin(r);
	if (e != STORE_OK)
		return (uint16_t)e;
	rc = view_blob_of(r, mbox, uid, (enum view_blob)which, &p, &n);
	if (rc == SQLITE_OK) {
		chan_put_u64(c->out, n);
		from = from < n ? from : n;
		n -= (size_t)from;
		chan_put_bytes(c->out, p + from,
		    n < VIEW_CHUNK_MAX ? n : VIEW_CHUNK_MAX);
	}
	return view_end(r, rc);
}

enum { READERS = ROLE_BIT(ROLE_OWNER) | ROLE_BIT(ROLE_IMAP) };

const struct op view_file_ops[] = {
	{ VIEW_OPEN,	READERS, do_open },
	{ VIEW_OPEN_MANY, READERS, do_open_many },
	{ VIEW_BLOB,	READERS, do_blob },
	{ 0, 0, NULL }
};
