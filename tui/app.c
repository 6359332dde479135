#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/op_submit.h"
#include "tui/app.h"
#include "tui/global.h"
#include "tui/message.h"
#include "tui/pgp_run.h"
#include "tui/side.h"
#include "tui/term.h"
#include "tui/text.h"

enum { SLOW_MS = 150 /* what takes longer is shown */ };

void
app_dirty(struct tui *t)
{
	t->dirty = true;
}

void
app_push(struct tui *t, struct view *v)
{
	v->t = t;
	v->below = t->top;
	t->top = v;
	keymap_reset(t->keys);
	app_dirty(t);
}

void
app_remove(struct tui *t, struct view *v)
{
	struct view **p;

	for (p = &t->top; *p != v; p = &(*p)->below)
		;
	*p = v->below;
	v->ops->free(v);
	keymap_reset(t->keys);
	app_dirty(t);
}

void
app_pop(struct tui *t)
{
	app_remove(t, t->top);
}

/* ---- the last line ---- */

static void
note(struct tui *t, bool bad, const char *fmt, va_list ap)
{
	if (vsnprintf(t->note, sizeof t->note, fmt, ap) < 0)
		t->note[0] = '\0';
	t->note_bad = bad;
	t->note_new = true;
	app_dirty(t);
}

void
app_note(struct tui *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(t, false, fmt, ap);
	va_end(ap);
}

void
app_error(struct tui *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(t, true, fmt, ap);
	va_end(ap);
}

void
app_status_error(struct tui *t, const char *what, uint16_t status)
{
	/* Its words are those of the store, and some more. */
	app_error(t, "%s: %s", what, submit_text(status));
}

/* ---- actions ---- */

/* What is done to mail is the same from every view of it. */
/* TO_SENDER: of one, unless it is told whom. */
static const enum { NOT_MAIL, TO_MAIL, TO_ONE, TO_SENDER } kind_of[DO_MAX] = {
	[DO_ARCHIVE] = TO_MAIL, [DO_ARCHIVE_THREAD] = TO_MAIL,
	[DO_DELETE] = TO_MAIL, [DO_DELETE_THREAD] = TO_MAIL,
	[DO_JUNK] = TO_MAIL, [DO_FLAG] = TO_MAIL, [DO_READ] = TO_MAIL,
	[DO_TAG_ADD] = TO_MAIL, [DO_TAG_REMOVE] = TO_MAIL,
	[DO_TAG_EDIT] = TO_MAIL, [DO_MOVE] = TO_MAIL, [DO_COPY] = TO_MAIL,
	[DO_SNOOZE] = TO_MAIL,
	[DO_SOURCE] = TO_ONE, [DO_PARTS] = TO_ONE, [DO_PIPE] = TO_ONE,
	[DO_PRINT] = TO_ONE, [DO_REPLY] = TO_ONE, [DO_REPLY_ALL] = TO_ONE,
	[DO_REPLY_LIST] = TO_ONE, [DO_FORWARD] = TO_ONE,
	[DO_BOUNCE] = TO_ONE, [DO_DELIVERY] = TO_ONE, [DO_WHY] = TO_ONE,
	[DO_UNSUBSCRIBE] = TO_ONE, [DO_ALIAS] = TO_ONE,
	[DO_ALLOW] = TO_SENDER, [DO_BLOCK] = TO_SENDER,
};

bool
app_has(const struct view_ops *ops, enum conf_action act)
{
	return (ops->acts != NULL && ops->acts[act] != NULL) ||
	    (ops->mail != NULL && kind_of[act] == TO_MAIL) ||
	    (ops->one != NULL && kind_of[act] == TO_ONE) ||
	    global_acts[act] != NULL;
}

static bool
act_on_mail(struct view *v, enum conf_action act, const char *arg)
{
	uint64_t id;

	if (v->ops->mail != NULL && kind_of[act] == TO_MAIL) {
		v->ops->mail(v, act, arg);
	} else if (v->ops->one != NULL && (kind_of[act] == TO_ONE ||
	    (kind_of[act] == TO_SENDER && arg == NULL))) {
		id = v->ops->one(v);
		if (id != 0)
			message_act(v->t, act, id, arg);
	} else {
		return false;
	}
	return true;
}

bool
app_act(struct tui *t, enum conf_action act, const char *arg)
{
	struct view *v = t->top;
	view_act *fn = NULL;

	if (v->ops->acts != NULL)
		fn = v->ops->acts[act];
	app_dirty(t);
	if (fn == NULL && act_on_mail(v, act, arg))
		return true;
	if (fn == NULL)
		fn = global_acts[act];
	if (fn != NULL)
		fn(v, arg);
	return fn != NULL;
}

void
app_key(struct tui *t, uint32_t key)
{
	const struct conf_key *k;
	char name[KEY_NAME_MAX];

	app_dirty(t);
	if (t->prompt.open) {
		prompt_key(&t->prompt, key);
		return;
	}
	if (key == TK_PASTE || key == TK_PASTE_END) {
		t->prompt.pasting = key == TK_PASTE;
		return;
	}
	if (t->prompt.pasting)		/* pasted text is no command */
		return;
	if (key == TK_CTRL('c'))
		key = TK_ESC;
	t->note_new = false;
	k = keymap_press(t->keys, t->top->ops->kind, key);
	if (k == NULL && !keymap_pending(t->keys)) {
		key_text(key, name);
		app_error(t, "%s does nothing here; ? lists the keys", name);
	} else if (k != NULL && k->act == DO_CANCEL && pgp_run_leave()) {
		/* Who asked is told so. */
	} else if (k != NULL && !app_act(t, k->act, k->arg)) {
		app_error(t, "%s: not here", act_text(k->act));
	}
	if (!t->note_new)
		t->note[0] = '\0';
}

void
app_changed(struct tui *t, const struct watch_change *c)
{
	struct view *v;

	side_changed(t->side, c);
	for (v = t->top; v != NULL; v = v->below)
		if (v->ops->changed != NULL)
			v->ops->changed(v, c);
}

void
app_prompt(struct tui *t, const struct prompt_ask *a)
{
	prompt_open(&t->prompt, a);
	app_dirty(t);
}

/* ---- drawing ---- */

/* The first line: keys of this view that a newcomer looks for. */
static void
draw_hints(struct tui *t)
{
	static const struct {
		unsigned int where;
		enum conf_action act;
		const char *word;
	} hints[] = {
		{ IN_ALL, DO_HELP, "help" }, { IN_ALL, DO_BACK, "back" },
		{ IN_ALL, DO_ABORT, "leave" }, { IN_ALL, DO_SEND, "send" },
		{ IN_ALL, DO_EDIT, "edit" }, { IN_ALL, DO_ATTACH, "attach" },
		{ IN_ALL, DO_POSTPONE, "postpone" },
		{ IN_PARTS, DO_OPEN, "open" }, { IN_PARTS, DO_MOVE, "save" },
		{ IN_PARTS, DO_PIPE, "pipe" }, { IN_QUEUE, DO_OPEN, "fates" },
		{ IN_ALL, DO_HOLD, "hold" }, { IN_ALL, DO_RELEASE, "release" },
		{ IN_ALL, DO_RETRY, "try now" }, { IN_ALL, DO_DROP, "drop" },
		{ IN_INCOMING, DO_LET_IN, "let in" },
		{ IN_INCOMING, DO_WHY, "story" },
		{ IN_ALL, DO_COMPOSE, "write" }, { IN_ALL, DO_REPLY, "reply" },
		{ IN_ALL, DO_ARCHIVE, "archive" }, { IN_LIST | IN_MSG,
		    DO_DELETE, "delete" }, { IN_MSG, DO_PARTS, "parts" },
		{ IN_ALL, DO_NARROW, "narrow" }, { IN_ALL, DO_UNDO, "undo" },
	};
	struct buf b;
	const char *key;
	size_t i;

	buf_init(&b, 400);
	for (i = 0; i < sizeof hints / sizeof hints[0]; i++) {
		if ((hints[i].where & t->top->ops->kind) == 0)
			continue;
		key = keymap_of(t->keys, t->top->ops->kind, hints[i].act);
		if (key == NULL)
			continue;
		/* "q" is bound everywhere, but leaves a letter otherwise. */
		if (hints[i].act == DO_BACK && t->top->ops->acts != NULL &&
		    t->top->ops->acts[DO_ABORT] != NULL)
			continue;
		buf_addf(&b, "%s%s %s", b.len > 0 ? "  " : "", key,
		    hints[i].word);
	}
	term_field(0, 0, term_cols(), buf_str(&b), PAINT_HINTS);
	buf_clear(&b);
}

static void
put_waiting(struct tui *t, struct buf *b)
{
	const struct { struct talk *a; const char *word; } who[] = {
		{ t->reader, "reading" }, { t->search, "searching" },
		{ t->parser, "decoding" }, { t->keeper, "changing" },
	};
	int64_t ms;
	size_t i;

	for (i = 0; i < sizeof who / sizeof who[0]; i++)
		if (talk_waiting(who[i].a, &ms) > 0 && ms >= SLOW_MS) {
			buf_addf(b, "[%s %llds; Esc leaves it]  ",
			    who[i].word, (long long)(ms / 1000));
			return;
		}
	if (pgp_run_waiting(&ms) > 0 && ms >= SLOW_MS)
		buf_addf(b, "[gpg %llds; Esc leaves it]  ",
		    (long long)(ms / 1000));
}

static void
draw_status(struct tui *t, int y)
{
	struct buf left, right;
	size_t cols, w;

	buf_init(&left, 2000);
	buf_init(&right, 200);
	buf_addc(&left, ' ');
	t->top->ops->status(t->top, &left, &right);
	if (t->node == NULL)
		buf_adds(&left, "  [no node]");
	else if (node_is_local(t->node))
		buf_adds(&left, "  [no daemon]");
	if (t->other_program)
		buf_adds(&left, "  [upgraded: leave, and start again]");
	left.err = 0;
	put_waiting(t, &right);
	buf_addc(&right, ' ');
	cols = (size_t)term_cols();
	w = text_width(buf_str(&right), right.len);
	term_fill(y, 0, (int)cols, PAINT_STATUS);
	term_puts(y, 0, (int)(w < cols ? cols - w : cols), buf_str(&left),
	    PAINT_STATUS);
	if (w < cols)
		term_puts(y, (int)(cols - w), (int)w, buf_str(&right),
		    PAINT_STATUS);
	buf_clear(&left);
	buf_clear(&right);
}

/* The line being typed, scrolled so that its cursor is seen. */
static void
draw_prompt(struct tui *t, int y)
{
	struct prompt *p = &t->prompt;
	const char *s = buf_str(&p->text);
	int x, cols = term_cols();
	size_t from = 0, room;
	struct text_cell c;
	const char *at;

	x = term_puts(y, 0, cols - 2, p->label, PAINT_PROMPT);
	room = (size_t)(cols - x - 1);
	while (text_width(s + from, p->at - from) > room) {
		at = s + from;
		if (!text_next(&at, s + p->text.len, &c))
			break;
		from = (size_t)(at - s);
	}
	term_put(y, x, cols - x, s + from, p->text.len - from, PAINT_TEXT);
	term_cursor(y, x + (int)text_width(s + from, p->at - from));
}

static void
draw_choices(struct tui *t, int y)
{
	size_t n, at, i;
	const char *s = prompt_choices(&t->prompt, &n, &at);
	int x = 0, cols = term_cols();

	if (n == 0)
		return;
	term_fill(y, 0, cols, PAINT_STATUS);
	for (i = 0; i < n && x < cols - 1; i++, s += strlen(s) + 1) {
		if (at != SIZE_MAX && i + 3 < at)	/* scrolled away */
			continue;
		x += term_puts(y, x, cols - x, s,
		    i == at ? PAINT_PROMPT : PAINT_STATUS);
		x += term_puts(y, x, cols - x, "  ", PAINT_STATUS);
	}
}

static void
draw_last(struct tui *t, int y)
{
	term_cursor(-1, 0);
	if (t->prompt.open)
		draw_prompt(t, y);
	else if (keymap_pending(t->keys))
		term_puts(y, 0, term_cols(), "...", PAINT_PROMPT);
	else if (t->note[0] != '\0')
		term_puts(y, 0, term_cols(), t->note,
		    t->note_bad ? PAINT_ERROR : PAINT_TEXT);
}

void
app_draw(struct tui *t)
{
	int rows = term_rows(), cols = term_cols();
	struct area a = { 1, 0, rows - 3, cols }, s;

	if (!t->dirty || t->top == NULL)
		return;
	t->dirty = false;
	term_erase();
	if (rows < 4 || cols < 20) {
		term_puts(0, 0, cols, "too small", PAINT_ERROR);
		term_show();
		return;
	}
	draw_hints(t);
	if (t->side_on && t->top->ops->kind == IN_LIST && cols >= 60) {
		s = a;
		s.w = side_width(t->side, cols);
		side_draw(t->side, &s);
		a.x = s.w;
		a.w -= s.w;
	}
	t->top->ops->draw(t->top, &a);
	draw_status(t, rows - 2);
	draw_choices(t, rows - 2);
	draw_last(t, rows - 1);
	term_show();
}
