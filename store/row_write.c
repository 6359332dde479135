#include <stdlib.h>
#include <string.h>

#include "store/maildir.h"
#include "store/row_sql.h"

enum {
	GONE_KEPT = 1000000,	/* MODSEQs for which expunges are remembered */
	ROW_ID_ROOM = 1000	/* octets of a Message-ID, NUL included */
};

static int
count(struct rows *r, uint64_t mbox, int64_t total, int64_t unread)
{
	return row_do(r, SQL_COUNT_ADD, "iiii", (int64_t)mbox, total, unread,
	    (int64_t)1);
}

int
row_mbox_new(struct rows *r, uint64_t mbox, uint32_t uidnext,
    uint64_t modseq)
{
	int rc = row_do(r, SQL_COUNT_ADD, "iiii", (int64_t)mbox, (int64_t)0,
	    (int64_t)0, (int64_t)uidnext);

	return rc != 0 ? rc : row_do(r, SQL_GONE_ADD, "iii", (int64_t)mbox,
	    (int64_t)modseq, (int64_t)0);
}

static int64_t
unread(uint32_t flags)
{
	return (flags & STORE_SEEN) == 0;
}

/* mbox 0: no such end of the change. */
static int
todo(struct rows *r, uint64_t id, uint64_t was, const char *was_name,
    uint64_t now, const char *now_name)
{
	return row_do(r, SQL_TODO, "iisis", (int64_t)id, (int64_t)was,
	    was_name, (int64_t)now, now_name);
}

static int
msg_insert(struct rows *r, const struct row_new *n,
    const struct parse_row *p, const struct thread_msg *t)
{
	uint64_t key = thread_base_key(p->base);

	return row_do(r, SQL_MSG_ADD, "iiiiiiiiiisssssssssssibsbbbb",
	    (int64_t)t->id, (int64_t)n->mbox, (int64_t)n->uid,
	    (int64_t)t->thread, t->date, n->received, (int64_t)p->size,
	    (int64_t)p->wire, (int64_t)p->flags,
	    (int64_t)(strlen(p->subject) - strlen(p->base)), n->name,
	    n->tags, p->author, p->subject, p->snippet, p->msgid, p->from,
	    p->to, p->cc, p->list_id, p->irt, (int64_t)key, p->hash,
	    sizeof p->hash, p->refs, p->env, p->nenv, p->body, p->nbody,
	    p->parts, p->nparts, p->names, p->nnames);
}

/* One more, which is the highest; since when it is there, its name says. */
static int
mail_add(struct rows *r, const struct row_at *at, const char *name)
{
	struct maildir_name n;
	int rc;

	if (!maildir_parse(name, &n))
		n.saved = 0;
	rc = row_do(r, SQL_MAIL_ADD, "iiiiii", (int64_t)at->mbox,
	    (int64_t)at->uid, (int64_t)at->id, (int64_t)at->flags,
	    (int64_t)at->modseq, n.saved);
	return rc != 0 ? rc : row_do(r, SQL_COUNT_ADD, "iiii",
	    (int64_t)at->mbox, (int64_t)1, unread(at->flags),
	    (int64_t)at->uid + 1);
}

int
row_add(struct rows *r, const struct row_new *n, const struct parse_row *p,
    uint64_t *id)
{
	struct thread_msg t = { .id = r->next_id, .mbox = n->mbox,
	    .size = p->size, .flags = n->flags, .author = p->author,
	    .tags = n->tags, .attach = p->flags & PARSE_ATTACH,
	    .date = p->date != 0 ? p->date : n->received,
	    .received = n->received };
	int rc;

	*id = 0;
	rc = thread_of(r, t.id, p, t.date, thread_base_key(p->base),
	    &t.thread);
	if (rc == 0)
		rc = msg_insert(r, n, p, &t);
	if (rc == 0)
		rc = mail_add(r, &(struct row_at){ .mbox = n->mbox,
		    .uid = n->uid, .id = t.id, .flags = n->flags,
		    .modseq = n->modseq }, n->name);
	if (rc == 0)
		rc = thread_add(r, &t);
	if (rc == 0 && n->index)
		rc = todo(r, t.id, 0, "", n->mbox, n->name);
	if (rc == 0)
		*id = r->next_id++;
	return rc;
}

/* SQLITE_DONE of row_get means: gone meanwhile, nothing to do. */
static int
found(struct rows *r, uint64_t id, struct row_at *at, bool *here)
{
	int rc = row_get(r, id, at);

	*here = rc == 0;
	return row_done(rc);
}

int
row_named(struct rows *r, const struct row_at *at, const char *name)
{
	int rc = row_do(r, SQL_MSG_NAME, "si", name, (int64_t)at->id);

	if (rc == 0)
		rc = thread_count(r, at->mbox, at->thread);
	if (rc == 0)
		rc = todo(r, at->id, at->mbox, at->name, at->mbox, name);
	return rc;
}

/* What threads count follows the name, which may be behind the flags. */
static bool
name_behind(const struct row_at *at)
{
	struct maildir_name n;

	return maildir_parse(at->name, &n) && n.flags != at->flags;
}

int
row_flags(struct rows *r, uint64_t id, uint32_t flags, const char *name,
    uint64_t modseq)
{
	struct row_at at;
	bool here;
	int rc;

	rc = found(r, id, &at, &here);
	if (rc != 0 || !here)
		return rc;
	rc = row_do(r, SQL_MAIL_FLAGS, "iiii", (int64_t)flags,
	    (int64_t)modseq, (int64_t)at.mbox, (int64_t)at.uid);
	if (rc == 0 && strcmp(name, at.name) != 0)
		rc = row_do(r, SQL_MSG_NAME, "si", name, (int64_t)id);
	if (rc == 0 && name_behind(&at))
		rc = thread_count(r, at.mbox, at.thread);
	else if (rc == 0 && flags != at.flags)
		rc = thread_flags(r, at.mbox, at.thread, at.flags, flags);
	if (rc == 0 && unread(flags) != unread(at.flags))
		rc = count(r, at.mbox, 0, unread(flags) - unread(at.flags));
	if (rc == 0)
		rc = todo(r, id, at.mbox, at.name, at.mbox, name);
	return rc;
}

int
row_tags(struct rows *r, uint64_t id, const char *tags, uint64_t modseq)
{
	struct row_at at;
	bool here;
	int rc;

	rc = found(r, id, &at, &here);
	if (rc != 0 || !here)
		return rc;
	rc = row_do(r, SQL_MAIL_MODSEQ, "iii", (int64_t)modseq,
	    (int64_t)at.mbox, (int64_t)at.uid);
	if (rc == 0 && strcmp(tags, at.tags) != 0) {
		rc = row_do(r, SQL_MSG_TAGS, "si", tags, (int64_t)id);
		if (rc == 0)
			rc = thread_count(r, at.mbox, at.thread);
		if (rc == 0)
			rc = todo(r, id, at.mbox, at.name, at.mbox, at.name);
	}
	return rc;
}

/* What is remembered no longer is not said to be: see `gone`. */
static int
forget_old(struct rows *r, uint64_t mbox, uint64_t modseq)
{
	int rc = row_do(r, SQL_GONE_TRIM, "ii", (int64_t)mbox,
	    (int64_t)modseq);

	return rc != 0 || sqlite3_changes(r->sql.db) == 0 ? rc :
	    row_do(r, SQL_GONE_FLOOR, "ii", (int64_t)mbox, (int64_t)modseq);
}

static int
leave(struct rows *r, const struct row_at *at, uint64_t modseq)
{
	int rc;

	rc = row_do(r, SQL_MAIL_DEL, "ii", (int64_t)at->mbox,
	    (int64_t)at->uid);
	if (rc == 0)
		rc = row_do(r, SQL_GONE_ADD, "iii", (int64_t)at->mbox,
		    (int64_t)modseq, (int64_t)at->uid);
	if (rc == 0 && modseq > GONE_KEPT)
		rc = forget_old(r, at->mbox, modseq - GONE_KEPT);
	if (rc == 0)
		rc = count(r, at->mbox, -1, -unread(at->flags));
	return rc;
}

int
row_move(struct rows *r, uint64_t id, uint64_t mbox, uint32_t uid,
    const char *name, uint64_t gone_modseq, uint64_t modseq)
{
	struct row_at at;
	bool here;
	int rc;

	rc = found(r, id, &at, &here);
	if (rc != 0 || !here)
		return rc;
	rc = leave(r, &at, gone_modseq);
	if (rc == 0)
		rc = row_do(r, SQL_MSG_MOVE, "iisi", (int64_t)mbox,
		    (int64_t)uid, name, (int64_t)id);
	if (rc == 0)
		rc = mail_add(r, &(struct row_at){ .mbox = mbox, .uid = uid,
		    .id = id, .flags = at.flags, .modseq = modseq }, name);
	if (rc == 0)
		rc = thread_count(r, at.mbox, at.thread);
	if (rc == 0)
		rc = thread_count(r, mbox, at.thread);
	if (rc == 0)
		rc = todo(r, id, at.mbox, at.name, mbox, name);
	return rc;
}

int
row_copy(struct rows *r, uint64_t id, uint64_t mbox, uint32_t uid,
    const char *name, uint64_t modseq)
{
	struct row_at at;
	bool here;
	int rc;

	rc = found(r, id, &at, &here);
	if (rc != 0 || !here)
		return rc;
	rc = row_do(r, SQL_MSG_COPY, "iiisi", (int64_t)r->next_id,
	    (int64_t)mbox, (int64_t)uid, name, (int64_t)id);
	if (rc == 0)
		rc = mail_add(r, &(struct row_at){ .mbox = mbox, .uid = uid,
		    .id = r->next_id, .flags = at.flags, .modseq = modseq },
		    name);
	if (rc == 0)
		rc = thread_count(r, mbox, at.thread);
	if (rc == 0)
		rc = todo(r, r->next_id, 0, "", mbox, name);
	if (rc == 0)
		r->next_id++;
	return rc;
}

/* The last message of a thread takes along the ids that led to it. */
static int
forget_ids(struct rows *r, const struct row_at *at, const char *list)
{
	char id[ROW_ID_ROOM];
	size_t n;
	int rc;

	rc = row_step(r, SQL_THREAD_ANY, "i", (int64_t)at->thread);
	if (rc == SQLITE_ROW) {
		row_end(r, SQL_THREAD_ANY);
		return 0;
	}
	for (rc = row_done(rc); rc == 0 && *list != '\0'; list += n) {
		list += strspn(list, " ");
		n = strcspn(list, " ");
		if (n == 0 || n >= sizeof id)
			continue;
		memcpy(id, list, n);
		id[n] = '\0';
		rc = row_do(r, SQL_ID_DEL, "si", id, (int64_t)at->thread);
	}
	return rc;
}

/* msgid, References and In-Reply-To with a blank between; owned. */
static int
ids_of(struct rows *r, uint64_t id, char **ids)
{
	int rc = row_step(r, SQL_MSG_IDS, "i", (int64_t)id);

	*ids = NULL;
	if (rc != SQLITE_ROW)
		return rc;
	*ids = sqlite3_mprintf("%s %s %s", row_str(r, SQL_MSG_IDS, 0),
	    row_str(r, SQL_MSG_IDS, 1), row_str(r, SQL_MSG_IDS, 2));
	row_end(r, SQL_MSG_IDS);
	return *ids != NULL ? 0 : SQLITE_NOMEM;
}

int
row_remove(struct rows *r, uint64_t id, uint64_t modseq)
{
	struct row_at at;
	char *ids = NULL;
	bool here;
	int rc;

	rc = found(r, id, &at, &here);
	if (rc != 0 || !here)
		return rc;
	rc = todo(r, id, at.mbox, at.name, 0, "");
	if (rc == 0)
		rc = ids_of(r, id, &ids);
	if (rc == 0)
		rc = leave(r, &at, modseq);
	if (rc == 0)
		rc = row_do(r, SQL_MSG_DEL, "i", (int64_t)id);
	if (rc == 0)
		rc = thread_count(r, at.mbox, at.thread);
	if (rc == 0)
		rc = forget_ids(r, &at, ids);
	sqlite3_free(ids);
	return rc;
}

int
row_mbox_renamed(struct rows *r, uint64_t mbox, const char *old)
{
	return row_do(r, SQL_BOX_RENAMED, "is", (int64_t)mbox, old);
}

int
row_mbox_gone(struct rows *r, uint64_t mbox)
{
	static const enum row_sql all[] = { SQL_BOX_TODO, SQL_BOX_BLOCKS,
	    SQL_BOX_MAIL, SQL_BOX_MSG, SQL_BOX_GONE, SQL_BOX_COUNT, SQL_BOX_THREADS };
	size_t i;
	int rc = 0;

	for (i = 0; i < sizeof all / sizeof all[0] && rc == 0; i++)
		rc = row_do(r, all[i], "i", (int64_t)mbox);
	return rc;
}
