#define _DEFAULT_SOURCE	/* strcasecmp */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tui/addrbook.h"
#include "tui/alias_key.h"
#include "tui/compose.h"
#include "tui/compose_view.h"
#include "tui/run.h"
#include "tui/term.h"
#include "tui/text.h"

static struct compose_view *
self(struct view *v)
{
	return (struct compose_view *)v;
}

void
compose_keep(struct compose_view *c)
{
	compose_pgp_look(c);
	if (!journal_write(c->path, &c->l))
		app_error(c->v.t, "%s: %s", c->path, strerror(errno));
}

/* What the editor left is the letter, if it can be read at all. */
static void
edit(struct compose_view *c)
{
	struct letter fresh;

	compose_keep(c);
	(void)run_editor(c->v.t, c->path);
	if (!letter_init(&fresh))
		return;
	if (journal_read(c->path, &fresh)) {
		letter_clear(&c->l);
		c->l = fresh;
		compose_default_from(&c->l);
	} else {
		app_error(c->v.t, "as it was before: what the editor left is "
		    "unusable: %s", errno == EILSEQ ? "empty or not UTF-8" :
		    strerror(errno));
		letter_clear(&fresh);
		/* An empty or odd file must not be all that is left. */
		compose_keep(c);
	}
	compose_pgp_look(c);
	c->cur = 0;
	c->sure = false;
}

/* ---- leaving ---- */

static void
abort_chosen(void *arg, const char *text)
{
	struct compose_view *c = arg;

	if (text == NULL || *text == 'b')
		return;
	if (*text == 'p') {
		(void)app_act(c->v.t, DO_POSTPONE, NULL);
		return;
	}
	journal_remove(c->path);
	app_note(c->v.t, "thrown away");
	compose_close(c);
}

static void
act_abort(struct view *v, const char *arg)
{
	struct prompt_ask ask = {
	    .label = "Leave the letter: postpone, discard, back? (p/d/b) ",
	    .keys = "pdb", .done = abort_chosen, .arg = v };

	(void)arg;
	if (!self(v)->busy)
		app_prompt(v->t, &ask);
}

/* ---- fields and attachments ---- */

static void
act_edit(struct view *v, const char *arg)
{
	(void)arg;
	if (!self(v)->busy)
		edit(self(v));
}

static void
field_typed(void *arg, const char *text)
{
	struct compose_view *c = arg;

	if (text == NULL)
		return;
	letter_set(&c->l, c->editing, text);
	compose_keep(c);
}

void
compose_set_from(struct view *v, const char *value)
{
	letter_set(&self(v)->l, LETTER_FROM, value);
	compose_keep(self(v));
}

static void
edit_field(struct view *v, enum letter_field f, const char *label,
    const char *arg)
{
	struct compose_view *c = self(v);
	struct prompt_ask ask = { .label = label, .text = c->l.field[f],
	    .hist = f == LETTER_SUBJECT ? HIST_SUBJECT : HIST_ADDRESS,
	    .done = field_typed, .arg = c };

	if (c->busy)
		return;
	if (f != LETTER_SUBJECT) {
		ask.complete = addrbook_complete;
		ask.complete_arg = v->t->book;
	}
	c->editing = f;
	if (arg != NULL)
		field_typed(c, arg);
	else
		app_prompt(v->t, &ask);
}

#define FIELD_ACT(name, field, label)					\
static void								\
name(struct view *v, const char *arg)					\
{									\
	edit_field(v, field, label, arg);				\
}
FIELD_ACT(act_from, LETTER_FROM, "From: ")
FIELD_ACT(act_to, LETTER_TO, "To: ")
FIELD_ACT(act_cc, LETTER_CC, "Cc: ")
FIELD_ACT(act_bcc, LETTER_BCC, "Bcc: ")
FIELD_ACT(act_subject, LETTER_SUBJECT, "Subject: ")

static void
attach_typed(void *arg, const char *text)
{
	struct compose_view *c = arg;
	const char *homedir = getenv("HOME");
	char path[JOURNAL_PATH_MAX];
	struct stat st;
	struct buf b;

	if (text == NULL || *text == '\0')
		return;
	buf_init(&b, sizeof path - 1);
	if (text[0] == '~' && text[1] == '/' && homedir != NULL)
		buf_addf(&b, "%s%s", homedir, text + 1);
	else if (text[0] != '/' && getcwd(path, sizeof path) != NULL)
		buf_addf(&b, "%s/%s", path, text);
	else
		buf_adds(&b, text);
	if (b.err != 0 || stat(buf_str(&b), &st) == -1)
		app_error(c->v.t, "%s: %s", text, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		app_error(c->v.t, "%s: not a file", text);
	else if (!letter_attach(&c->l, buf_str(&b)))
		app_error(c->v.t, "too many attachments");
	else
		compose_keep(c);
	buf_clear(&b);
}

static void
act_attach(struct view *v, const char *arg)
{
	struct prompt_ask ask = { .label = "Attach: ", .hist = HIST_FILE,
	    .done = attach_typed, .arg = v, .complete = app_complete_file,
	    .complete_arg = v->t };

	if (self(v)->busy)
		return;
	if (arg != NULL)
		attach_typed(v, arg);
	else
		app_prompt(v->t, &ask);
}

static void
act_detach(struct view *v, const char *arg)
{
	struct compose_view *c = self(v);

	(void)arg;
	if (c->busy)
		return;
	if (c->l.nattach == 0) {
		app_error(v->t, "no attachment");
		return;
	}
	letter_detach(&c->l, c->cur);
	if (c->cur > 0 && c->cur >= c->l.nattach)
		c->cur--;
	compose_keep(c);
}

static void
act_next(struct view *v, const char *arg)
{
	(void)arg;
	if (self(v)->cur + 1 < self(v)->l.nattach)
		self(v)->cur++;
}

static void
act_prev(struct view *v, const char *arg)
{
	(void)arg;
	if (self(v)->cur > 0)
		self(v)->cur--;
}

/* ---- drawing ---- */

static void
draw_attachment(const struct compose_view *c, size_t i, int y,
    const struct area *a)
{
	const char *path = c->l.attach[i], *slash = strrchr(path, '/');
	char size[16] = "missing";
	struct stat st;
	struct buf b;

	if (stat(path, &st) == 0)
		text_size(size, sizeof size, (uint64_t)st.st_size);
	buf_init(&b, 8192);
	/* Its name first: a path may not fit. */
	buf_addf(&b, "  Attach: %s  %s  %s", slash != NULL ? slash + 1 : path,
	    size, path);
	term_field(y, a->x, a->w, buf_str(&b), PAINT_ATTACHMENT |
	    (i == c->cur ? TERM_CURSOR : 0));
	buf_clear(&b);
}

static void
draw(struct view *v, const struct area *a)
{
	static const char *const names[] = { "From", "To", "Cc", "Bcc",
	    "Subject" };
	struct compose_view *c = self(v);
	const char *s = c->l.body, *lf;
	int y = a->y, end = a->y + a->h, x;
	struct buf line;
	size_t i;

	for (i = 0; i <= LETTER_SUBJECT && y < end; i++, y++) {
		term_puts(y, a->x, 9, names[i], PAINT_HEADER);
		term_puts(y, a->x + 9, a->w - 9, c->l.field[i], i ==
		    LETTER_SUBJECT ? PAINT_SUBJECT : PAINT_TEXT);
	}
	if (y < end)
		y += compose_pgp_draw(c, y, a);
	for (i = 0; i < c->l.nattach && y < end; i++, y++)
		draw_attachment(c, i, y, a);
	for (x = 0; y < end && x < a->w; x++)
		term_puts(y, a->x + x, 1, "\xe2\x94\x80", PAINT_TREE);
	buf_init(&line, LETTER_MAX);
	for (y++; y < end && *s != '\0'; y++, s = lf + (*lf == '\n')) {
		lf = s + strcspn(s, "\n");
		buf_reset(&line);
		text_untab(&line, s, (size_t)(lf - s), 0);
		term_put(y, a->x, a->w, buf_str(&line), line.len,
		    *s == '>' ? PAINT_QUOTE1 : PAINT_TEXT);
	}
	buf_clear(&line);
}

static void
status(struct view *v, struct buf *left, struct buf *right)
{
	buf_adds(left, self(v)->wrap != NULL ? "letter  [signing, encrypting]" :
	    self(v)->busy ? "letter  [handing it in]" : "letter");
	(void)right;
}

static void
compose_free(struct view *v)
{
	struct compose_view *c = self(v);

	talk_forget(v->t->keeper, c);
	compose_pgp_stop(c);
	letter_clear(&c->l);
	free(c);
}

/* Nothing else closes it: a letter is never lost by a key. */
static view_act *const acts[DO_MAX] = {
	[DO_SEND] = compose_send, [DO_EDIT] = act_edit, [DO_OPEN] = act_edit,
	[DO_POSTPONE] = compose_postpone, [DO_ABORT] = act_abort,
	[DO_BACK] = act_abort, [DO_QUIT] = act_abort,
	[DO_ATTACH] = act_attach, [DO_DETACH] = act_detach,
	[DO_EDIT_FROM] = act_from, [DO_EDIT_TO] = act_to,
	[DO_EDIT_CC] = act_cc, [DO_EDIT_BCC] = act_bcc,
	[DO_EDIT_SUBJECT] = act_subject, [DO_SIGN] = compose_sign,
	[DO_ENCRYPT] = compose_encrypt, [DO_ALIAS] = alias_for_letter,
	[DO_NEXT] = act_next, [DO_PREV] = act_prev,
};

static const struct view_ops ops = {
	IN_COMPOSE, "letter", acts, draw, status, NULL, compose_free,
	NULL, NULL, NULL
};

void
compose_open(struct tui *t, const char *path, struct letter *l,
    const struct compose_from *from, bool edit_first)
{
	struct compose_view *c = calloc(1, sizeof *c);

	if (c == NULL)
		abort();
	c->v.ops = &ops;
	memcpy(c->path, path, strlen(path) + 1);
	c->l = *l;
	memset(l, 0, sizeof *l);
	c->from = *from;
	app_push(t, &c->v);
	addrbook_load(t->book);
	if (edit_first)
		edit(c);
	else
		compose_keep(c);
}
