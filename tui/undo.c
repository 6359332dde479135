#define _DEFAULT_SOURCE	/* reallocarray */
#include <stdlib.h>
#include <string.h>

#include "store/op_mail.h"
#include "tui/app.h"
#include "tui/undo.h"

struct request {
	uint16_t	 type;
	struct buf	 args;
};

struct requests {
	struct request	*r;
	size_t		 n;
};

struct change {
	struct requests	 forth, back;
	char		*text;
	bool		(*special)(struct tui *, const void *);
	void		*arg;
	unsigned int	 waiting;	/* requests under way */
	size_t		 failed;	/* of those that do it */
	size_t		 moves, moved;	/* messages that it moves; that were */
	bool		 copy;		/* back is made from the answer */
	bool		 forward;	/* being done, not undone */
	bool		 orphan;	/* forgotten while under way */
	struct tui	*t;
};

struct undo {
	struct tui	*t;
	struct change	*list[UNDO_KEEP];
	size_t		 n, at;		/* at: done ones are before it */
};

struct change *
change_new(const char *text)
{
	struct change *c = calloc(1, sizeof *c);

	if (c == NULL || (c->text = strdup(text)) == NULL)
		abort();
	return c;
}

static void
requests_add(struct requests *rs, uint16_t type, const struct buf *args)
{
	struct request *r = reallocarray(rs->r, rs->n + 1, sizeof *r);

	if (r == NULL)
		abort();
	rs->r = r;
	r += rs->n++;
	r->type = type;
	buf_init(&r->args, CHAN_DATA_MAX);
	if (buf_add(&r->args, args->data, args->len) == -1)
		abort();
}

static void
requests_clear(struct requests *rs)
{
	while (rs->n > 0)
		buf_clear(&rs->r[--rs->n].args);
	free(rs->r);
	rs->r = NULL;
}

void
change_forth(struct change *c, uint16_t type, const struct buf *args)
{
	requests_add(&c->forth, type, args);
}

void
change_back(struct change *c, uint16_t type, const struct buf *args)
{
	requests_add(&c->back, type, args);
}

void
change_moves(struct change *c, size_t n)
{
	c->moves = n;
}

void
change_special(struct change *c, bool (*fn)(struct tui *, const void *),
    void *arg)
{
	c->special = fn;
	c->arg = arg;
}

void
change_free(struct change *c)
{
	if (c == NULL)
		return;
	if (c->waiting > 0) {
		c->orphan = true;
		return;
	}
	requests_clear(&c->forth);
	requests_clear(&c->back);
	free(c->text);
	free(c->arg);
	free(c);
}

struct undo *
undo_new(struct tui *t)
{
	struct undo *u = calloc(1, sizeof *u);

	if (u != NULL)
		u->t = t;
	return u;
}

void
undo_free(struct undo *u)
{
	if (u == NULL)
		return;
	while (u->n > 0)
		change_free(u->list[--u->n]);
	free(u);
}

/* A copy is taken back by deleting what it made. */
static void
copy_made(struct change *c, const struct mail_done *done)
{
	struct mail_set set = { .mbox = done->mbox };
	struct buf b;
	uint64_t *uid;
	size_t i, n = done->last_uid - done->first_uid + 1U;

	if (done->n == 0 || done->first_uid == 0 || n > MAIL_SET_MAX)
		return;
	uid = calloc(n, sizeof *uid);
	if (uid == NULL)
		return;
	for (i = 0; i < n; i++)
		uid[i] = done->first_uid + i;
	set.id = uid;
	set.n = n;
	buf_init(&b, CHAN_DATA_MAX);
	mail_expunge_put(&b, &set);
	requests_clear(&c->back);
	change_back(c, MAIL_EXPUNGE, &b);
	buf_clear(&b);
	free(uid);
}

/* Another program may have been there first. */
static void
count_moved(struct change *c, const struct mail_done *done)
{
	c->moved += done->n;
	if (c->waiting == 0 && c->moved < c->moves)
		app_error(c->t, "%s: %zu of %zu no longer there", c->text,
		    c->moves - c->moved, c->moves);
}

/* Nothing came of it: there is nothing to undo. */
static void
forget(struct undo *u, struct change *c)
{
	size_t i;

	for (i = 0; i < u->n && u->list[i] != c; i++)
		;
	if (i == u->n)
		return;
	memmove(u->list + i, u->list + i + 1,
	    (--u->n - i) * sizeof u->list[0]);
	u->at -= i < u->at;
	change_free(c);
}

static void
answered(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct change *c = arg;
	struct mail_done done;
	struct watch_change all = { WATCH_MAIL, 0, 0 };

	(void)fd;
	c->waiting--;
	if (status != OP_OK) {
		c->failed++;
		app_status_error(c->t, c->text, status);
		app_changed(c->t, &all);	/* show what is true */
	} else if ((c->copy || c->moves > 0) && mail_done_get(in, &done)) {
		if (c->copy)
			copy_made(c, &done);
		else
			count_moved(c, &done);
	}
	if (c->orphan && c->waiting == 0)
		change_free(c);
	else if (c->waiting == 0 && c->forward && c->failed == c->forth.n)
		forget(c->t->undo, c);
}

static void
run(struct tui *t, struct change *c, const struct requests *rs)
{
	size_t i;

	c->t = t;
	c->moved = c->failed = 0;
	c->forward = rs == &c->forth;
	for (i = 0; i < rs->n; i++) {
		c->waiting++;
		talk_send(t->keeper, rs->r[i].type, &rs->r[i].args, -1,
		    answered, c);
	}
}

/* What was undone before is forgotten; so is the oldest of too many. */
static void
push(struct undo *u, struct change *c)
{
	while (u->n > u->at)
		change_free(u->list[--u->n]);
	if (u->n == UNDO_KEEP) {
		change_free(u->list[0]);
		u->n--;
		memmove(u->list, u->list + 1, u->n * sizeof u->list[0]);
	}
	u->list[u->n++] = c;
	u->at = u->n;
}

void
undo_done(struct undo *u, struct change *c)
{
	push(u, c);
}

void
undo_do(struct undo *u, struct change *c, bool remember)
{
	const char *key;

	run(u->t, c, &c->forth);
	key = keymap_of(u->t->keys, u->t->top->ops->kind, DO_UNDO);
	if (remember && key != NULL)
		app_note(u->t, "%s (%s: undo)", c->text, key);
	else
		app_note(u->t, "%s", c->text);
	if (remember)
		push(u, c);
	else
		change_free(c);
}

void
undo_copy(struct undo *u, struct change *c)
{
	c->copy = true;
	undo_do(u, c, true);
}

void
undo_undo(struct undo *u)
{
	struct change *c;

	if (u->at == 0) {
		app_note(u->t, "nothing to undo");
		return;
	}
	c = u->list[--u->at];
	app_note(u->t, "undone: %s", c->text);
	if (c->special != NULL) {
		if (!c->special(u->t, c->arg))
			return;
		/* It cannot be done again from here. */
		while (u->n > u->at)
			change_free(u->list[--u->n]);
		return;
	}
	if (c->copy && c->back.n == 0)
		app_error(u->t, "%s: not yet done", c->text);
	run(u->t, c, &c->back);
}

void
undo_redo(struct undo *u)
{
	struct change *c;

	if (u->at == u->n) {
		app_note(u->t, "nothing to redo");
		return;
	}
	c = u->list[u->at++];
	app_note(u->t, "done again: %s", c->text);
	run(u->t, c, &c->forth);
}
