#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/codec.h"
#include "store/box.h"
#include "store/op_device.h"
#include "store/intake.h"
#include "store/op_box.h"
#include "store/parts.h"
#include "store/reject.h"
#include "store/row.h"
#include "store/wire.h"

bool
box_name_ok(const char *name)
{
	const char *p = name, *end;
	size_t n = strlen(name), depth = 0;

	if (n == 0 || n >= BOX_NAME_MAX || !codec_utf8_ok(name, n))
		return false;
	/* No mailbox, nor are there any below it: reject.h. */
	n = strlen(REJECT_FOLDER);
	if (strncasecmp(name, REJECT_FOLDER, n) == 0 &&
	    (name[n] == '\0' || name[n] == '/'))
		return false;
	for (; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	for (p = name; ; p = end + 1) {
		end = strchr(p, '/');
		n = end != NULL ? (size_t)(end - p) : strlen(p);
		if (n == 0 || p[0] == '.' || p[0] == ' ' ||
		    p[n - 1] == ' ' || (n == 3 && (memcmp(p, "cur", 3) == 0 ||
		    memcmp(p, "new", 3) == 0 || memcmp(p, "tmp", 3) == 0)) ||
		    ++depth > BOX_DEPTH_MAX)
			return false;
		if (end == NULL)
			return true;
	}
}

/* Others may have made one with them, which then is there. */
static bool
new_name_ok(const char *name)
{
	const unsigned char *p = (const unsigned char *)name;

	/* RFC 6855 section 3: no U+0080 to U+009F, U+2028, U+2029. */
	for (; *p != '\0'; p++)
		if ((p[0] == 0xc2 && p[1] < 0xa0) || (p[0] == 0xe2 &&
		    p[1] == 0x80 && (p[2] & 0xfe) == 0xa8))
			return false;
	return box_name_ok(name);
}

/* ---- client ---- */

static uint16_t
ask(int ch, struct op_reply *r, uint16_t type, const char *a, const char *b)
{
	struct buf args;

	buf_init(&args, CHAN_DATA_MAX);
	chan_put_str(&args, a);
	if (b != NULL)
		chan_put_str(&args, b);
	return wire_ask(ch, r, type, &args, BOX_WAIT_MS);
}

uint16_t
box_create(int ch, struct op_reply *r, const char *name, uint64_t *id)
{
	uint16_t status = ask(ch, r, BOX_CREATE, name, NULL);

	*id = status == OP_OK ? chan_get_u64(&r->in) : 0;
	return status;
}

uint16_t
box_rename(int ch, struct op_reply *r, const char *from, const char *to)
{
	return ask(ch, r, BOX_RENAME, from, to);
}

uint16_t
box_delete(int ch, struct op_reply *r, const char *name)
{
	return ask(ch, r, BOX_DELETE, name, NULL);
}

static bool
get_page(struct chan_in *in, struct box_list *out, bool *more)
{
	struct box_info *p;
	char *name;

	while (chan_get_u8(in) == 1) {
		p = realloc(out->box, (out->n + 1) * sizeof *p);
		if (p == NULL)
			return false;
		out->box = p;
		p += out->n;
		p->id = chan_get_u64(in);
		name = chan_get_strdup(in, BOX_NAME_MAX);
		p->name = name;
		p->uidvalidity = chan_get_u32(in);
		p->uidnext = chan_get_u32(in);
		p->modseq = chan_get_u64(in);
		if (name == NULL)
			return false;
		out->n++;
	}
	*more = chan_get_u8(in) != 0;
	return chan_end(in);
}

uint16_t
box_list(int ch, struct op_reply *r, struct box_list *out)
{
	uint16_t status;
	bool more = true;

	memset(out, 0, sizeof *out);
	while (more) {
		status = ask(ch, r, BOX_LIST, out->n > 0 ?
		    out->box[out->n - 1].name : "", NULL);
		if (status == OP_OK && !get_page(&r->in, out, &more))
			status = OP_BAD;
		if (status != OP_OK) {
			box_list_clear(out);
			return status;
		}
	}
	return OP_OK;
}

void
box_list_clear(struct box_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free((void *)(uintptr_t)l->box[i].name);
	free(l->box);
	free(l->mem);
	memset(l, 0, sizeof *l);
}

/* ---- keeper: each waits for filer ---- */

struct box_job {
	struct box_job	*next;
	struct store	*st;
	struct op_peer	*peer;
	uint16_t	 type;
	uint32_t	 id;
	uint64_t	 box;			/* made */
	char		 name[BOX_NAME_MAX], to[BOX_NAME_MAX];
};

static void
answer(void *arg, enum store_err rc)
{
	struct box_job *j = arg, **p;
	struct buf b;

	buf_init(&b, 64);
	if (rc == STORE_OK && j->type == BOX_CREATE)
		chan_put_u64(&b, j->box);
	if (j->peer != NULL && j->id != 0)
		op_reply(j->peer, j->type, j->id, (uint16_t)rc, &b, -1);
	buf_clear(&b);
	for (p = &j->st->box_jobs; *p != NULL && *p != j; )
		p = &(*p)->next;
	if (*p != NULL)
		*p = j->next;
	free(j);
}

void
box_jobs_gone(struct store *st, struct op_peer *p)
{
	struct box_job *j;

	for (j = st->box_jobs; j != NULL; j = j->next)
		if (j->peer == p)
			j->peer = NULL;
}

/*
 * What IMAP makes is subscribed to when it says so, as RFC 9051 section 6.3.7
 * has it, and a new mailbox of the same name begins anew.  Filer may tell of
 * the folder before it answers: what was said of the name is there first.
 */
#define UNSAID " subscribed WHERE here=0 AND (name=?1 OR (name>?1||'/'" \
	" AND name<?1||'0'))"

static enum store_err
unsaid_begin(struct box_job *j)
{
	static struct store_slot make, move;

	if (j->type == BOX_RENAME)
		return store_do(j->st, STORE_NODE, &move, "INSERT OR IGNORE"
		    " INTO subscribed(name, here) SELECT ?2||substr(name,"
		    " length(?1)+1), 0 FROM" UNSAID, "ss", j->name, j->to);
	if (j->type != BOX_CREATE || op_peer_role(j->peer) != ROLE_IMAP)
		return STORE_OK;
	return store_do(j->st, STORE_NODE, &make, "INSERT OR IGNORE INTO"
	    " subscribed(name, here) VALUES(?1, 0)", "s", j->name);
}

/* good: filer did it. */
static enum store_err
unsaid_end(struct box_job *j, bool good)
{
	static struct store_slot drop, back;

	if (good ? j->type == BOX_CREATE : j->type == BOX_DELETE)
		return STORE_OK;
	if (!good && j->type == BOX_RENAME)
		return store_do(j->st, STORE_NODE, &back, "DELETE FROM"
		    " subscribed WHERE here=0 AND name IN (SELECT ?2||"
		    "substr(name, length(?1)+1) FROM" UNSAID ")", "ss",
		    j->name, j->to);
	return store_do(j->st, STORE_NODE, &drop, "DELETE FROM" UNSAID, "s",
	    j->name);
}

static enum store_err
created(struct box_job *j, uint64_t *id)
{
	struct file_folder f;
	struct box *b;
	enum store_err rc = STORE_OK;

	b = box_by_name(j->st, j->name);
	if (b == NULL) {
		memset(&f, 0, sizeof f);
		memcpy(f.name, j->name, sizeof f.name);
		rc = box_add(j->st, &f, &b);
	}
	if (rc == STORE_OK) {
		b->here = true;
		*id = b->id;
		box_lease(j->st, b);
	}
	return rc;
}

/* What stands below goes with it. */
static enum store_err
renamed(struct box_job *j)
{
	struct store *st = j->st;
	char old[BOX_NAME_MAX], now[BOX_NAME_MAX];
	size_t i, n = strlen(j->name);
	enum store_err rc;
	struct box *b;

	rc = store_begin(st, STORE_CACHE);
	for (i = 0; rc == STORE_OK && i < box_count(st); i++) {
		b = box_at(st, i);
		if (strncmp(b->name, j->name, n) != 0 ||
		    (b->name[n] != '\0' && b->name[n] != '/'))
			continue;
		memcpy(old, b->name, sizeof old);
		if (strlen(j->to) + strlen(old + n) >= sizeof now)
			continue;	/* found again by its file's number */
		memcpy(now, j->to, strlen(j->to));
		memcpy(now + strlen(j->to), old + n, strlen(old + n) + 1);
		rc = box_set_name(st, b, now);
		box_save_all(st);
		if (rc == STORE_OK)
			rc = store_result(st, STORE_CACHE,
			    row_mbox_renamed(st->rows, b->id, old));
		i = (size_t)-1;		/* the order changed */
	}
	return rc;
}

static enum store_err
deleted(struct box_job *j)
{
	struct box *b = box_by_name(j->st, j->name);
	enum store_err rc;

	if (b == NULL)
		return STORE_OK;
	rc = store_begin(j->st, STORE_CACHE);
	if (rc == STORE_OK) {
		intake_forget(j->st, b);
		rc = store_result(j->st, STORE_CACHE,
		    row_mbox_gone(j->st->rows, b->id));
	}
	return rc == STORE_OK ? box_remove(j->st, b) : rc;
}

static void
done(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct box_job *j = arg;
	enum store_err rc = (enum store_err)status;

	(void)in;
	(void)fd;
	if (status == OP_GONE)
		rc = STORE_GONE;
	if (rc == STORE_OK)
		rc = unsaid_end(j, true);
	else
		(void)unsaid_end(j, false);
	if (rc == STORE_OK && j->type == BOX_CREATE)
		rc = created(j, &j->box);
	else if (rc == STORE_OK && j->type == BOX_RENAME)
		rc = renamed(j);
	else if (rc == STORE_OK)
		rc = deleted(j);
	/* Who looks next, through another process, must find it done. */
	if (rc != STORE_OK || store_after(j->st, STORE_BIT(STORE_NODE) |
	    STORE_BIT(STORE_CACHE), answer, j) != STORE_OK)
		answer(j, rc);
}

static uint16_t
start(struct store *st, struct op_call *c, uint16_t file_op,
    const char *name, const char *to)
{
	struct box_job *j;
	enum store_err err;
	struct buf b;
	int rc;

	if (st->filer == NULL)
		return STORE_GONE;
	j = calloc(1, sizeof *j);
	if (j == NULL)
		return STORE_NOMEM;
	j->st = st;
	j->peer = c->peer;
	j->type = c->type;
	j->id = c->id;
	memcpy(j->name, name, strlen(name) + 1);
	if (to != NULL)
		memcpy(j->to, to, strlen(to) + 1);
	err = unsaid_begin(j);
	if (err != STORE_OK) {
		free(j);
		return (uint16_t)err;
	}
	buf_init(&b, 2048);
	file_box_put(&b, name, to);
	rc = ask_send(st->filer, file_op, &b, -1, done, j);
	buf_clear(&b);
	if (rc == -1) {
		(void)unsaid_end(j, false);
		free(j);
		return STORE_GONE;
	}
	j->next = st->box_jobs;
	st->box_jobs = j;
	return OP_LATER;
}

static bool
kept(const char *name)
{
	size_t i;

	for (i = 0; box_kept[i] != NULL; i++)
		if (strcmp(box_kept[i], name) == 0)
			return true;
	return false;
}

static bool
has_children(const struct store *st, const char *name)
{
	size_t i, n = strlen(name);

	for (i = 0; i < box_count(st); i++)
		if (strncmp(box_at(st, i)->name, name, n) == 0 &&
		    box_at(st, i)->name[n] == '/')
			return true;
	return false;
}

static uint16_t
on_create(void *service, struct op_call *c)
{
	struct store *st = service;
	char name[BOX_NAME_MAX];

	chan_get_str(&c->in, name, sizeof name);
	if (!chan_end(&c->in))
		return OP_BAD;
	if (!new_name_ok(name))
		return STORE_NAME;
	if (box_by_name(st, name) != NULL)
		return STORE_EXISTS;
	return start(st, c, FILE_MKBOX, name, NULL);
}

static uint16_t
on_rename(void *service, struct op_call *c)
{
	struct store *st = service;
	char name[BOX_NAME_MAX], to[BOX_NAME_MAX];
	size_t n;

	chan_get_str(&c->in, name, sizeof name);
	chan_get_str(&c->in, to, sizeof to);
	if (!chan_end(&c->in))
		return OP_BAD;
	n = strlen(name);
	if (!new_name_ok(to) ||
	    (strncmp(to, name, n) == 0 && to[n] == '/'))
		return STORE_NAME;
	if (kept(name))
		return STORE_KEPT;
	/* A level that is no mailbox takes along what stands below it. */
	if (box_by_name(st, name) == NULL && !has_children(st, name))
		return STORE_NOTFOUND;
	if (box_by_name(st, to) != NULL)
		return STORE_EXISTS;
	return start(st, c, FILE_MVBOX, name, to);
}

static uint16_t
on_delete(void *service, struct op_call *c)
{
	struct store *st = service;
	char name[BOX_NAME_MAX];

	chan_get_str(&c->in, name, sizeof name);
	if (!chan_end(&c->in))
		return OP_BAD;
	if (kept(name))
		return STORE_KEPT;
	if (has_children(st, name))
		return STORE_EXISTS;
	if (box_by_name(st, name) == NULL)
		return STORE_NOTFOUND;
	return start(st, c, FILE_RMBOX, name, NULL);
}

static uint16_t
on_list(void *service, struct op_call *c)
{
	struct store *st = service;
	char after[BOX_NAME_MAX];
	bool more = false;
	struct box *b;
	size_t i;

	chan_get_str(&c->in, after, sizeof after);
	if (!chan_end(&c->in))
		return OP_BAD;
	for (i = 0; i < box_count(st) && !more; i++) {
		b = box_at(st, i);
		if (strcmp(b->name, after) <= 0 ||
		    !device_sees(st, c->peer, b->id))
			continue;
		more = c->out->len > CHAN_DATA_MAX - 2 * BOX_NAME_MAX;
		if (more)
			break;
		chan_put_u8(c->out, 1);
		chan_put_u64(c->out, b->id);
		chan_put_str(c->out, b->name);
		chan_put_u32(c->out, b->uidvalidity);
		chan_put_u32(c->out, b->uidnext);
		chan_put_u64(c->out, b->modseq);
	}
	chan_put_u8(c->out, 0);
	chan_put_u8(c->out, more);
	return OP_OK;
}

#define OF_OWNER	(ROLE_BIT(ROLE_OWNER) | ROLE_BIT(ROLE_IMAP))

const struct op box_ops[] = {
	{ BOX_CREATE,	OF_OWNER,	on_create },
	{ BOX_RENAME,	OF_OWNER,	on_rename },
	{ BOX_DELETE,	OF_OWNER,	on_delete },
	{ BOX_LIST,	OF_OWNER | ROLE_BIT(ROLE_INDEXER), on_list },
	{ 0, 0, NULL }
};
