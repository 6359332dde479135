#include <stdlib.h>
#include <string.h>

#include "store/filer.h"
#include "store/op_file.h"
#include "store/op_spool.h"

/* ---- keeper's side ---- */

void
file_folders_put(struct buf *b, uint32_t skip)
{
	chan_put_u32(b, skip);
}

void
file_lease_put(struct buf *b, const char *folder, uint32_t uidvalidity,
    uint32_t uid, uint64_t modseq)
{
	chan_put_str(b, folder);
	chan_put_u32(b, uidvalidity);
	chan_put_u32(b, uid);
	chan_put_u64(b, modseq);
}

void
file_box_put(struct buf *b, const char *folder, const char *to)
{
	chan_put_str(b, folder);
	if (to != NULL)
		chan_put_str(b, to);
}

static void
put_content(struct buf *b, const struct file_put *p)
{
	chan_put_i64(b, p->received);
	chan_put_bytes(b, p->head, p->nhead);
	chan_put_u64(b, p->nbody);
	chan_put_u8(b, p->body != NULL);
	if (p->body != NULL)
		buf_add(b, p->body, (size_t)p->nbody);
}

void
file_put_put(struct buf *b, const struct file_put *p)
{
	chan_put_str(b, p->folder);
	chan_put_str(b, p->rel);
	chan_put_u8(b, p->redo);
	put_content(b, p);
}

void
file_reject_put(struct buf *b, const struct file_put *p)
{
	chan_put_str(b, p->rel);
	put_content(b, p);
}

void
file_move_put(struct buf *b, const struct file_move *m)
{
	chan_put_str(b, m->folder);
	chan_put_str(b, m->rel);
	if (m->dfolder != NULL) {
		chan_put_str(b, m->dfolder);
		chan_put_str(b, m->drel);
		chan_put_u8(b, m->redo);
	}
}

void
file_scan_put(struct buf *b, const char *folder, bool start)
{
	chan_put_str(b, folder);
	chan_put_u8(b, start);
}

void
file_look_put(struct buf *b, const char *folder)
{
	chan_put_str(b, folder);
}

void
file_look_add(struct buf *b, const char *rel)
{
	chan_put_str(b, rel);
}

bool
file_folder_get(struct chan_in *in, struct file_folder *f)
{
	memset(f, 0, sizeof *f);
	f->kind = (enum file_kind)chan_get_u8(in);
	if (f->kind == FILE_PLAIN || f->kind > FILE_DENIED)
		return false;
	chan_get_str(in, f->name, sizeof f->name);
	f->uidvalidity = chan_get_u32(in);
	f->uid = chan_get_u32(in);
	f->modseq = chan_get_u64(in);
	f->cur_ns = chan_get_i64(in);
	f->new_ns = chan_get_i64(in);
	return !in->bad && box_name_ok(f->name);
}

bool
file_rel_get(struct chan_in *in, char rel[MAILDIR_REL_MAX])
{
	struct maildir_name n;

	chan_get_str(in, rel, MAILDIR_REL_MAX);
	return !in->bad && maildir_parse(rel, &n);
}

bool
file_scan_get(struct chan_in *in, bool *more, int64_t *cur_ns,
    int64_t *new_ns)
{
	*more = chan_get_u8(in) != 0;
	*cur_ns = chan_get_i64(in);
	*new_ns = chan_get_i64(in);
	return !in->bad;
}

bool
file_seen_get(struct chan_in *in, enum file_how *how,
    char rel[MAILDIR_REL_MAX])
{
	if (in->p == in->end)
		return false;
	*how = (enum file_how)chan_get_u8(in);
	return file_rel_get(in, rel) && *how <= FILE_WRITTEN;
}

/* ---- filer's side ---- */

static bool
get_folder(struct chan_in *in, char folder[BOX_NAME_MAX])
{
	chan_get_str(in, folder, BOX_NAME_MAX);
	return !in->bad && box_name_ok(folder);
}

static uint16_t
on_folders(void *service, struct op_call *c)
{
	uint32_t skip = chan_get_u32(&c->in);

	if (!chan_end(&c->in))
		return OP_BAD;
	return (uint16_t)filer_folders(service, skip, c->out);
}

/* Answered with the batch that makes the folder durable. */
static uint16_t
with_batch(struct filer *f, struct op_call *c, const char *folder,
    enum store_err rc)
{
	if (rc == STORE_OK)
		rc = filer_later(f, c, folder, "cur/-", -1);
	return rc == STORE_OK ? OP_LATER : (uint16_t)rc;
}

static uint16_t
on_lease(void *service, struct op_call *c)
{
	char folder[BOX_NAME_MAX];
	uint32_t validity, uid;
	uint64_t modseq;
	bool ok = get_folder(&c->in, folder);

	validity = chan_get_u32(&c->in);
	uid = chan_get_u32(&c->in);
	modseq = chan_get_u64(&c->in);
	if (!chan_end(&c->in) || !ok || validity == 0 || uid == 0)
		return OP_BAD;
	return with_batch(service, c, folder,
	    filer_lease(service, folder, validity, uid, modseq));
}

static uint16_t
on_mkbox(void *service, struct op_call *c)
{
	char folder[BOX_NAME_MAX];
	bool ok = get_folder(&c->in, folder);

	if (!chan_end(&c->in) || !ok)
		return OP_BAD;
	return with_batch(service, c, folder, filer_mkbox(service, folder));
}

static uint16_t
on_rmbox(void *service, struct op_call *c)
{
	char folder[BOX_NAME_MAX];
	bool ok = get_folder(&c->in, folder);

	if (!chan_end(&c->in) || !ok)
		return OP_BAD;
	return with_batch(service, c, folder, filer_rmbox(service, folder));
}

static uint16_t
on_mvbox(void *service, struct op_call *c)
{
	char from[BOX_NAME_MAX], to[BOX_NAME_MAX];
	bool ok = get_folder(&c->in, from);

	ok = get_folder(&c->in, to) && ok;
	if (!chan_end(&c->in) || !ok)
		return OP_BAD;
	return with_batch(service, c, to, filer_mvbox(service, from, to));
}

/* To the end of the call: what the file holds, here or in the descriptor. */
static bool
get_content(struct op_call *c, struct file_put *p)
{
	bool inline_body;

	p->received = chan_get_i64(&c->in);
	p->head = chan_get_bytes(&c->in, SPOOL_HEAD_MAX, &p->nhead);
	p->nbody = chan_get_u64(&c->in);
	inline_body = chan_get_u8(&c->in) != 0;
	if (inline_body) {
		p->body = c->in.p;
		if ((uint64_t)(c->in.end - c->in.p) != p->nbody)
			c->in.bad = true;
		c->in.p = c->in.end;
	}
	return chan_end(&c->in) && (inline_body || c->fd != -1);
}

static uint16_t
on_put(void *service, struct op_call *c)
{
	char folder[BOX_NAME_MAX], rel[MAILDIR_REL_MAX];
	struct file_put p = { .folder = folder, .rel = rel };
	bool ok = get_folder(&c->in, folder);
	enum store_err rc;

	ok = file_rel_get(&c->in, rel) && ok;
	p.redo = chan_get_u8(&c->in) != 0;
	if (!get_content(c, &p) || !ok)
		return OP_BAD;
	rc = filer_put(service, c, &p);
	return rc == STORE_OK ? OP_LATER : (uint16_t)rc;
}

static uint16_t
move_or_link(struct filer *f, struct op_call *c, bool copy)
{
	char folder[BOX_NAME_MAX], dfolder[BOX_NAME_MAX];
	char rel[MAILDIR_REL_MAX], drel[MAILDIR_REL_MAX];
	struct file_move m = { folder, rel, dfolder, drel, false };
	bool ok = get_folder(&c->in, folder);
	enum store_err rc;

	ok = file_rel_get(&c->in, rel) && ok;
	ok = get_folder(&c->in, dfolder) && ok;
	ok = file_rel_get(&c->in, drel) && ok;
	m.redo = chan_get_u8(&c->in) != 0;
	if (!chan_end(&c->in) || !ok)
		return OP_BAD;
	rc = filer_move(f, c, &m, copy);
	return rc == STORE_OK ? OP_LATER : (uint16_t)rc;
}

static uint16_t
on_move(void *service, struct op_call *c)
{
	return move_or_link(service, c, false);
}

static uint16_t
on_link(void *service, struct op_call *c)
{
	return move_or_link(service, c, true);
}

static uint16_t
on_drop(void *service, struct op_call *c)
{
	char folder[BOX_NAME_MAX], rel[MAILDIR_REL_MAX];
	bool ok = get_folder(&c->in, folder);
	enum store_err rc;

	ok = file_rel_get(&c->in, rel) && ok;
	if (!chan_end(&c->in) || !ok)
		return OP_BAD;
	rc = filer_drop(service, c, folder, rel);
	return rc == STORE_OK ? OP_LATER : (uint16_t)rc;
}

static uint16_t
on_scan(void *service, struct op_call *c)
{
	char folder[BOX_NAME_MAX];
	bool ok = get_folder(&c->in, folder), start;

	start = chan_get_u8(&c->in) != 0;
	if (!chan_end(&c->in) || !ok)
		return OP_BAD;
	return (uint16_t)filer_scan(service, folder, start, c->out);
}

static uint16_t
on_look(void *service, struct op_call *c)
{
	char (*rel)[MAILDIR_REL_MAX], folder[BOX_NAME_MAX];
	bool ok = get_folder(&c->in, folder);
	enum store_err rc = STORE_OK;
	size_t n = 0;

	rel = calloc(FILE_LOOK_MAX, sizeof *rel);
	if (rel == NULL)
		return STORE_NOMEM;
	while (ok && c->in.p < c->in.end && n < FILE_LOOK_MAX)
		ok = file_rel_get(&c->in, rel[n++]);
	ok = chan_end(&c->in) && ok;
	if (ok)
		rc = filer_look(service, folder, rel, n, c->out);
	free(rel);
	return ok ? (uint16_t)rc : OP_BAD;
}

static uint16_t
on_reject(void *service, struct op_call *c)
{
	char name[MAILDIR_REL_MAX];
	struct file_put p = { .rel = name };

	chan_get_str(&c->in, name, sizeof name);
	if (!get_content(c, &p))
		return OP_BAD;
	return (uint16_t)filer_reject(service, &p, c->fd);
}

static uint16_t
on_unreject(void *service, struct op_call *c)
{
	char name[MAILDIR_REL_MAX];

	chan_get_str(&c->in, name, sizeof name);
	if (!chan_end(&c->in))
		return OP_BAD;
	return (uint16_t)filer_unreject(service, name);
}

static uint16_t
on_sweep(void *service, struct op_call *c)
{
	int64_t before = chan_get_i64(&c->in);

	if (!chan_end(&c->in))
		return OP_BAD;
	filer_sweep(service, before);
	return OP_OK;
}

const struct op file_ops[] = {
	{ FILE_FOLDERS,	ROLE_BIT(ROLE_KEEPER),	on_folders },
	{ FILE_LEASE,	ROLE_BIT(ROLE_KEEPER),	on_lease },
	{ FILE_MKBOX,	ROLE_BIT(ROLE_KEEPER),	on_mkbox },
	{ FILE_RMBOX,	ROLE_BIT(ROLE_KEEPER),	on_rmbox },
	{ FILE_MVBOX,	ROLE_BIT(ROLE_KEEPER),	on_mvbox },
	{ FILE_PUT,	ROLE_BIT(ROLE_KEEPER),	on_put },
	{ FILE_MOVE,	ROLE_BIT(ROLE_KEEPER),	on_move },
	{ FILE_LINK,	ROLE_BIT(ROLE_KEEPER),	on_link },
	{ FILE_DROP,	ROLE_BIT(ROLE_KEEPER),	on_drop },
	{ FILE_SCAN,	ROLE_BIT(ROLE_KEEPER),	on_scan },
	{ FILE_LOOK,	ROLE_BIT(ROLE_KEEPER),	on_look },
	{ FILE_REJECT,	ROLE_BIT(ROLE_KEEPER),	on_reject },
	{ FILE_UNREJECT, ROLE_BIT(ROLE_KEEPER),	on_unreject },
	{ FILE_SWEEP,	ROLE_BIT(ROLE_KEEPER),	on_sweep },
	{ 0, 0, NULL }
};
