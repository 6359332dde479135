#include <stdlib.h>
#include <string.h>

#include "store/maildir.h"
#include "store/op_msg.h"
#include "store/reader.h"
#include "store/view.h"
#include "store/wire.h"

void
msg_open_put(struct buf *args, uint64_t id)
{
	chan_put_u64(args, id);
}

static void
put_info(struct buf *out, const struct msg_info *m)
{
	chan_put_u64(out, m->id);
	chan_put_u64(out, m->thread);
	chan_put_u64(out, m->mbox);
	chan_put_u32(out, m->uid);
	chan_put_u32(out, m->flags);
	chan_put_u64(out, m->modseq);
	chan_put_i64(out, m->date);
	chan_put_i64(out, m->received);
	chan_put_u64(out, m->size);
	chan_put_str(out, m->folder);
	chan_put_str(out, m->name);
	chan_put_str(out, m->tags);
	chan_put_str(out, m->msgid);
}

bool
msg_open_get(struct chan_in *in, struct msg_info *m)
{
	struct wire w;

	memset(m, 0, sizeof *m);
	if (!wire_init(&w, in, &m->text))
		return false;
	m->id = chan_get_u64(in);
	m->thread = chan_get_u64(in);
	m->mbox = chan_get_u64(in);
	m->uid = chan_get_u32(in);
	m->flags = chan_get_u32(in);
	m->modseq = chan_get_u64(in);
	m->date = chan_get_i64(in);
	m->received = chan_get_i64(in);
	m->size = chan_get_u64(in);
	m->folder = wire_str(&w);
	m->name = wire_str(&w);
	m->tags = wire_str(&w);
	m->msgid = wire_str(&w);
	if (w.bad || !chan_end(in)) {
		msg_info_clear(m);
		return false;
	}
	return true;
}

void
msg_info_clear(struct msg_info *m)
{
	free(m->text);
	memset(m, 0, sizeof *m);
}

/* Row `id` into the answer, and its file. */
static int
open_row(struct reader *r, uint64_t id, struct op_call *c)
{
	const enum reader_sql q = RSQL_OPEN;
	struct msg_info m = { 0 };
	int rc;

	rc = sql_step(&r->sql, q, "i", (int64_t)id);
	if (rc != SQLITE_ROW)
		return rc;
	m.id = (uint64_t)sql_int(&r->sql, q, 0);
	m.thread = (uint64_t)sql_int(&r->sql, q, 1);
	m.mbox = (uint64_t)sql_int(&r->sql, q, 2);
	m.uid = (uint32_t)sql_int(&r->sql, q, 3);
	m.flags = (uint32_t)sql_int(&r->sql, q, 4);
	m.modseq = (uint64_t)sql_int(&r->sql, q, 5);
	m.date = sql_int(&r->sql, q, 6);
	m.received = sql_int(&r->sql, q, 7);
	m.size = (uint64_t)sql_int(&r->sql, q, 8);
	m.folder = sql_str(&r->sql, q, 9);
	m.name = sql_str(&r->sql, q, 10);
	m.tags = sql_str(&r->sql, q, 11);
	m.msgid = sql_str(&r->sql, q, 12);
	/* Its name is that of a moment ago, when others change flags. */
	c->fd_out = maildir_open(r->root, m.folder, m.name, NULL);
	c->close_fd_out = true;
	put_info(c->out, &m);
	sql_end(&r->sql, q);
	return c->fd_out != -1 ? SQLITE_OK : SQLITE_DONE;
}

static uint16_t
do_open(void *service, struct op_call *c)
{
	uint64_t id = chan_get_u64(&c->in);
	enum store_err e;

	if (!chan_end(&c->in))
		return OP_BAD;
	e = reader_begin(service);
	if (e != STORE_OK)
		return (uint16_t)e;
	return view_end(service, open_row(service, id, c));
}

uint16_t
msg_open(int ch, uint64_t id, struct msg_info *info, int *fd)
{
	struct op_reply r;
	struct buf args;
	uint16_t rc;

	memset(info, 0, sizeof *info);
	*fd = -1;
	wire_call(&args, &r);
	msg_open_put(&args, id);
	rc = op_call(ch, MSG_OPEN, &args, -1, &r, LIST_WAIT_MS);
	if (rc == OP_OK && (r.fd == -1 || !msg_open_get(&r.in, info)))
		rc = OP_BAD;
	if (rc == OP_OK) {
		*fd = r.fd;
		r.fd = -1;
	}
	wire_done(&args, &r);
	return rc;
}

enum { READERS = ROLE_BIT(ROLE_OWNER) | ROLE_BIT(ROLE_IMAP) };

const struct op msg_ops[] = {
	{ MSG_OPEN, READERS, do_open },
	{ 0, 0, NULL }
};
