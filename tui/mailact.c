#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/op.h"
#include "store/err.h"
#include "store/flag.h"
#include "store/op_box.h"
#include "store/op_mail.h"
#include "tui/doing.h"
#include "tui/list.h"
#include "tui/mailact.h"
#include "tui/side.h"
#include "tui/snooze.h"

struct job;

struct work {
	struct tui	*t;
	const struct job *job;
	struct rows_at	*at;
	size_t		 n;
	uint64_t	 mbox;
	char		*folder, *arg;
};

struct job {
	enum conf_action act;
	const char	*label;		/* of the prompt; NULL: none */
	enum prompt_hist hist;
	prompt_complete_fn *complete;
	bool		 moves;
	void		(*run)(struct work *w, struct pick *p);
};

static void
work_free(struct work *w)
{
	free(w->at);
	free(w->folder);
	free(w->arg);
	free(w);
}

/* ---- what the rows on hand show before the store says so ---- */

static void
each_list(struct tui *t, void (*fn)(struct list_view *, const struct pick *,
    uint32_t add, uint32_t del), const struct pick *p, uint32_t add,
    uint32_t del)
{
	struct view *v;

	for (v = t->top; v != NULL; v = v->below)
		if (v->ops == &list_view_ops)
			fn((struct list_view *)v, p, add, del);
}

/* A query may match them wherever they are: those lists are asked again. */
static void
drop_rows(struct list_view *lv, const struct pick *p, uint32_t add,
    uint32_t del)
{
	struct rows_thread *t;
	size_t i, j, n;

	(void)add;
	(void)del;
	if (lv->mbox == 0)
		return;
	for (i = 0; i < p->n; i++) {
		t = rows_thread(&lv->rows, p->m[i].thread);
		if (t == NULL || p->m[i].mbox != lv->mbox)
			continue;
		for (n = j = 0; j < p->n; j++)
			n += p->m[j].thread == p->m[i].thread &&
			    p->m[j].mbox == lv->mbox;
		if (n >= t->s.count)
			rows_remove(&lv->rows, t->s.id);
		else
			rows_remove_msg(&lv->rows, p->m[i].id);
	}
	list_settle(lv);
}

static void
flag_rows(struct list_view *lv, const struct pick *p, uint32_t add,
    uint32_t del)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		rows_flags(&lv->rows, p->m[i].id, add, del);
}

/* ---- the jobs ---- */

static void
move_all(struct work *w, struct pick *p, const char *folder)
{
	doing_move(w->t, p, folder);
	each_list(w->t, drop_rows, p, 0, 0);
}

/* Of a query's threads, what I wrote myself stays where it is. */
static void
leave_own(struct pick *p)
{
	size_t i, k;

	for (i = k = 0; i < p->n; i++)
		k += strcmp(p->m[i].folder, "Sent") != 0 &&
		    strcmp(p->m[i].folder, "Drafts") != 0;
	if (k == 0 || k == p->n)
		return;
	for (i = k = 0; i < p->n; i++)
		if (strcmp(p->m[i].folder, "Sent") != 0 &&
		    strcmp(p->m[i].folder, "Drafts") != 0) {
			p->m[k++] = p->m[i];
		} else {
			pick_msg_clear(&p->m[i]);
		}
	p->n = k;
}

static void
run_archive(struct work *w, struct pick *p)
{
	leave_own(p);
	move_all(w, p, "Archive");
}

static void
run_delete(struct work *w, struct pick *p)
{
	if (strcmp(w->folder, "Trash") == 0) {
		doing_expunge(w->t, p);
		each_list(w->t, drop_rows, p, 0, 0);
		return;
	}
	leave_own(p);
	move_all(w, p, "Trash");
}

static void
run_junk(struct work *w, struct pick *p)
{
	leave_own(p);
	move_all(w, p, strcmp(w->folder, "Junk") == 0 ? "INBOX" : "Junk");
}

static void
run_move(struct work *w, struct pick *p)
{
	move_all(w, p, w->arg);
}

static void
run_copy(struct work *w, struct pick *p)
{
	doing_copy(w->t, p, w->arg);
}

static void
run_snooze(struct work *w, struct pick *p)
{
	leave_own(p);
	if (snooze_until(w->t, p, w->arg))
		each_list(w->t, drop_rows, p, 0, 0);
}

static void
run_flag(struct work *w, struct pick *p)
{
	bool on = doing_toggle(w->t, p, STORE_FLAGGED);

	each_list(w->t, flag_rows, p, on ? STORE_FLAGGED : 0,
	    on ? 0 : STORE_FLAGGED);
}

static void
run_read(struct work *w, struct pick *p)
{
	bool on = doing_toggle(w->t, p, STORE_SEEN);

	each_list(w->t, flag_rows, p, on ? STORE_SEEN : 0,
	    on ? 0 : STORE_SEEN);
}

/* "todo later" as "+todo +later"; words with a sign keep theirs. */
static void
signed_tags(struct buf *b, const char *words, char sign)
{
	size_t n;

	for (words += strspn(words, " "); *words != '\0';
	    words += n, words += strspn(words, " ")) {
		n = strcspn(words, " ");
		if (b->len > 0)
			buf_addc(b, ' ');
		if (*words != '+' && *words != '-')
			buf_addc(b, sign);
		buf_add(b, words, n);
	}
}

static void
tag_all(struct work *w, struct pick *p, char sign)
{
	struct buf b;

	buf_init(&b, MAIL_TAGS_MAX);
	signed_tags(&b, w->arg, sign);
	if (b.len > 0 && b.err == 0)
		(void)doing_tags(w->t, p, buf_str(&b));
	buf_clear(&b);
}

static void
run_tag_add(struct work *w, struct pick *p)
{
	tag_all(w, p, '+');
}

static void
run_tag_remove(struct work *w, struct pick *p)
{
	tag_all(w, p, '-');
}

static void
run_tag_edit(struct work *w, struct pick *p)
{
	struct buf b;

	buf_init(&b, MAIL_TAGS_MAX);
	doing_tag_change(&b, p->n > 0 ? p->m[0].tags : "", w->arg);
	if (b.len > 0 && b.err == 0)
		(void)doing_tags(w->t, p, buf_str(&b));
	else
		app_note(w->t, "no change");
	buf_clear(&b);
}

static const struct job jobs[] = {
	{ DO_ARCHIVE, NULL, HIST_NONE, NULL, true, run_archive },
	{ DO_ARCHIVE_THREAD, NULL, HIST_NONE, NULL, true, run_archive },
	{ DO_DELETE, NULL, HIST_NONE, NULL, true, run_delete },
	{ DO_DELETE_THREAD, NULL, HIST_NONE, NULL, true, run_delete },
	{ DO_JUNK, NULL, HIST_NONE, NULL, true, run_junk },
	{ DO_MOVE, "Move to: ", HIST_FOLDER, app_complete_folder, true,
	    run_move },
	{ DO_COPY, "Copy to: ", HIST_FOLDER, app_complete_folder, false,
	    run_copy },
	{ DO_SNOOZE, "Until: ", HIST_NONE, NULL, true, run_snooze },
	{ DO_FLAG, NULL, HIST_NONE, NULL, false, run_flag },
	{ DO_READ, NULL, HIST_NONE, NULL, false, run_read },
	{ DO_TAG_ADD, "Add tags: ", HIST_TAGS, NULL, false, run_tag_add },
	{ DO_TAG_REMOVE, "Remove tags: ", HIST_TAGS, NULL, false,
	    run_tag_remove },
	{ DO_TAG_EDIT, "Tags: ", HIST_NONE, NULL, false, run_tag_edit },
};

static const struct job *
job_of(enum conf_action act)
{
	size_t i;

	for (i = 0; i < sizeof jobs / sizeof jobs[0]; i++)
		if (jobs[i].act == act)
			return &jobs[i];
	return NULL;
}

bool
mailact_moves(enum conf_action act)
{
	const struct job *j = job_of(act);

	return j != NULL && j->moves;
}

/* ---- asking, picking, doing ---- */

static void
picked(void *arg, struct pick *p)
{
	struct work *w = arg;

	w->job->run(w, p);
	work_free(w);
}

static void
begin(struct work *w)
{
	pick_start(w->t, w->at, w->n, w->mbox, picked, w);
}

static void
made(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct work *w = arg;

	(void)in;
	(void)fd;
	if (status == OP_OK || status == STORE_EXISTS) {
		begin(w);
		return;
	}
	app_status_error(w->t, w->arg, status);
	work_free(w);
}

static void
make(void *arg, const char *text)
{
	struct work *w = arg;
	struct buf b;

	if (text == NULL || *text != 'y') {
		work_free(w);
		return;
	}
	buf_init(&b, CHAN_DATA_MAX);
	chan_put_str(&b, w->arg);
	talk_send(w->t->keeper, BOX_CREATE, &b, -1, made, w);
	buf_clear(&b);
}

/* A mailbox that there is not yet; what was mistyped must not become one. */
static bool
asks_to_make(struct work *w)
{
	struct prompt_ask ask = { .keys = "yn", .done = make, .arg = w };
	const struct side_row *row;
	char label[PROMPT_LABEL_MAX];

	if (w->job->act != DO_MOVE && w->job->act != DO_COPY)
		return false;
	if (strcasecmp(w->arg, "INBOX") == 0)	/* RFC 3501 section 5.1 */
		memcpy(w->arg, "INBOX", strlen("INBOX"));
	row = side_find(w->t->side, w->arg);
	if (row != NULL && row->id != 0)
		return false;
	(void)snprintf(label, sizeof label, "Make a mailbox %.40s? (y/n) ",
	    w->arg);
	ask.label = label;
	app_prompt(w->t, &ask);
	return true;
}

static void
typed(void *arg, const char *text)
{
	struct work *w = arg;

	free(w->arg);
	w->arg = text != NULL ? strdup(text) : NULL;
	if (w->arg == NULL || (w->arg[0] == '\0' &&
	    w->job->act != DO_TAG_EDIT))
		work_free(w);
	else if (!asks_to_make(w))
		begin(w);
}

static void
confirmed(void *arg, const char *text)
{
	if (text != NULL && *text == 'y')
		begin(arg);
	else
		work_free(arg);
}

/* The one step that no undo takes back. */
static bool
asks_first(struct work *w)
{
	struct prompt_ask ask = { .label = "Delete for good? (y/n) ",
	    .keys = "yn", .done = confirmed, .arg = w };

	if ((w->job->act != DO_DELETE && w->job->act != DO_DELETE_THREAD) ||
	    strcmp(w->folder, "Trash") != 0)
		return false;
	app_prompt(w->t, &ask);
	return true;
}

void
mailact(struct tui *t, enum conf_action act, const char *arg,
    const struct mailact_on *on)
{
	struct prompt_ask ask = { .done = typed };
	struct work *w = calloc(1, sizeof *w);

	if (w == NULL)
		return;
	w->t = t;
	w->job = job_of(act);
	w->n = on->n;
	w->mbox = on->mbox;
	w->at = calloc(on->n + 1, sizeof *w->at);
	w->folder = strdup(on->folder);
	w->arg = arg != NULL ? strdup(arg) : NULL;
	if (w->job == NULL || w->at == NULL || w->folder == NULL ||
	    on->n == 0) {
		app_error(t, "no message");
		work_free(w);
		return;
	}
	memcpy(w->at, on->at, on->n * sizeof *w->at);
	if (w->job->label == NULL || w->arg != NULL) {
		if (!asks_first(w) && !asks_to_make(w))
			begin(w);
		return;
	}
	ask.label = w->job->label;
	ask.hist = w->job->hist;
	ask.complete = w->job->complete;
	ask.complete_arg = t;
	ask.arg = w;
	if (act == DO_TAG_EDIT)
		ask.text = on->tags;
	app_prompt(t, &ask);
}
