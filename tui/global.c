#define _DEFAULT_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/num.h"
#include "tui/alias_key.h"
#include "tui/allow_key.h"
#include "tui/compose.h"
#include "tui/global.h"
#include "tui/list.h"
#include "tui/incoming.h"
#include "tui/queue_view.h"
#include "tui/run.h"
#include "tui/side.h"
#include "tui/term.h"
#include "tui/undo.h"

/* ---- completion ---- */

size_t
app_complete_folder(void *tui, const char *text, size_t n, struct buf *out)
{
	struct tui *t = tui;
	const struct side_row *r;
	size_t i;

	for (i = 0; (r = side_row(t->side, i)) != NULL; i++)
		if (r->id != 0)
			prompt_offer(out, r->name, text, n);
	return 0;
}

static size_t
complete_go(void *tui, const char *text, size_t n, struct buf *out)
{
	struct tui *t = tui;
	const struct side_row *r;
	size_t i;

	for (i = 0; (r = side_row(t->side, i)) != NULL; i++)
		prompt_offer(out, r->name, text, n);
	return 0;
}

size_t
app_complete_file(void *tui, const char *text, size_t n, struct buf *out)
{
	const char *homedir = getenv("HOME");
	char dir[4096];
	struct dirent *e;
	size_t slash = n;
	DIR *d;

	(void)tui;
	while (slash > 0 && text[slash - 1] != '/')
		slash--;
	if (slash == 0)
		(void)snprintf(dir, sizeof dir, ".");
	else if (text[0] == '~' && text[1] == '/' && homedir != NULL)
		(void)snprintf(dir, sizeof dir, "%s%.*s", homedir,
		    (int)slash - 1, text + 1);
	else
		(void)snprintf(dir, sizeof dir, "%.*s", (int)slash, text);
	d = opendir(dir);
	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' || (n > slash && text[slash] == '.'))
			prompt_offer(out, e->d_name, text + slash, n - slash);
	if (d != NULL)
		closedir(d);
	return slash;
}

/* ---- going elsewhere ---- */

/* The list at the bottom of the stack; everything above it is closed. */
static struct list_view *
bottom_list(struct tui *t)
{
	while (t->top->below != NULL) {
		if (t->top->ops->kind == IN_COMPOSE) {
			app_error(t, "finish the letter first");
			return NULL;
		}
		app_pop(t);
	}
	return t->top->ops == &list_view_ops ? (struct list_view *)t->top :
	    NULL;
}

static void
show_row(struct tui *t, const struct side_row *r)
{
	struct list_view *lv;

	if (r == NULL)
		return;
	lv = bottom_list(t);
	if (lv != NULL)
		list_change(lv, r->id, r->name, r->query);
}

void
global_go(struct tui *t, const char *name)
{
	const struct side_row *r = side_find(t->side, name);
	struct list_view *lv;

	if (r != NULL) {
		show_row(t, r);
		return;
	}
	lv = bottom_list(t);
	if (lv != NULL)
		list_change(lv, 0, name, name);
}

static void
go_typed(void *arg, const char *text)
{
	if (text != NULL && *text != '\0')
		global_go(arg, text);
}

static void
act_go(struct view *v, const char *arg)
{
	struct prompt_ask ask = { .label = "Go to folder or query: ",
	    .hist = HIST_QUERY, .done = go_typed, .arg = v->t,
	    .complete = complete_go, .complete_arg = v->t };

	if (arg != NULL)
		global_go(v->t, arg);
	else
		app_prompt(v->t, &ask);
}

static void
act_saved(struct view *v, const char *arg)
{
	const struct side_row *r = NULL;
	uint32_t n;

	if (arg != NULL && num_u32(arg, arg + strlen(arg), 1, 999, &n) == 0)
		r = side_saved(v->t->side, n);
	if (r == NULL)
		app_error(v->t, "no saved query %s", arg != NULL ? arg : "");
	show_row(v->t, r);
}

static void
act_side_next(struct view *v, const char *arg)
{
	(void)arg;
	show_row(v->t, side_step(v->t->side, 1));
}

static void
act_side_prev(struct view *v, const char *arg)
{
	(void)arg;
	show_row(v->t, side_step(v->t->side, -1));
}

static void
act_side_toggle(struct view *v, const char *arg)
{
	(void)arg;
	v->t->side_on = !v->t->side_on;
}

/* ---- leaving ---- */

static bool
letter_open(struct tui *t)
{
	struct view *v;

	for (v = t->top; v != NULL; v = v->below)
		if (v->ops->kind == IN_COMPOSE)
			return true;
	return false;
}

static void
act_quit(struct view *v, const char *arg)
{
	(void)arg;
	/* The letter's file stays: it is taken up again next time. */
	if (letter_open(v->t))
		app_error(v->t, "a letter is open: send, postpone or leave it");
	else
		v->t->quit = true;
}

static void
act_back(struct view *v, const char *arg)
{
	if (v->below != NULL)
		app_pop(v->t);
	else
		act_quit(v, arg);
}

static void
act_cancel(struct view *v, const char *arg)
{
	(void)v;
	(void)arg;
}

/* ---- the rest ---- */

static void
act_undo(struct view *v, const char *arg)
{
	(void)arg;
	undo_undo(v->t->undo);
}

static void
act_redo(struct view *v, const char *arg)
{
	(void)arg;
	undo_redo(v->t->undo);
}

static void
act_compose(struct view *v, const char *arg)
{
	compose_new(v->t, arg != NULL ? arg : "", "", "");
}

static void
act_recall(struct view *v, const char *arg)
{
	(void)arg;
	compose_recall_any(v->t);
}

static void
act_queue(struct view *v, const char *arg)
{
	(void)arg;
	queue_open_view(v->t);
}

static void
act_incoming(struct view *v, const char *arg)
{
	(void)arg;
	incoming_open(v->t);
}

static void
act_rejects(struct view *v, const char *arg)
{
	(void)arg;
	rejects_open(v->t);
}

static void
act_queue_run(struct view *v, const char *arg)
{
	(void)arg;
	queue_run_all(v->t);
}

static void
act_status(struct view *v, const char *arg)
{
	(void)arg;
	status_open(v->t);
}

static void
act_help(struct view *v, const char *arg)
{
	(void)arg;
	help_open(v->t, v->ops);
}

static void
act_redraw(struct view *v, const char *arg)
{
	struct watch_change all = { WATCH_MAIL | WATCH_QUEUE |
	    WATCH_INCOMING, 0, 0 };

	(void)arg;
	term_resize();
	term_forget();
	app_changed(v->t, &all);
}

static void
act_suspend(struct view *v, const char *arg)
{
	(void)arg;
	run_suspend(v->t);
}

static void
shell_typed(void *arg, const char *text)
{
	if (text != NULL)
		run_shell(arg, text, -1);
}

static void
act_shell(struct view *v, const char *arg)
{
	struct prompt_ask ask = { .label = "!", .hist = HIST_SHELL,
	    .done = shell_typed, .arg = v->t };

	if (arg != NULL)
		run_shell(v->t, arg, -1);
	else
		app_prompt(v->t, &ask);
}

static void
command_typed(void *arg, const char *text)
{
	if (text != NULL)
		command_run(arg, text);
}

static void
act_command(struct view *v, const char *arg)
{
	struct prompt_ask ask = { .label = ":", .hist = HIST_COMMAND,
	    .done = command_typed, .arg = v->t,
	    .complete = command_complete, .complete_arg = v->t };

	if (arg != NULL)
		command_run(v->t, arg);
	else
		app_prompt(v->t, &ask);
}

static void
act_ignore(struct view *v, const char *arg)
{
	(void)v;
	(void)arg;
}

view_act *const global_acts[DO_MAX] = {
	[DO_BACK] = act_back, [DO_QUIT] = act_quit, [DO_CANCEL] = act_cancel,
	[DO_GO] = act_go, [DO_SAVED] = act_saved,
	[DO_SIDE_NEXT] = act_side_next, [DO_SIDE_PREV] = act_side_prev,
	[DO_SIDE_TOGGLE] = act_side_toggle,
	[DO_UNDO] = act_undo, [DO_REDO] = act_redo,
	[DO_COMPOSE] = act_compose, [DO_RECALL] = act_recall,
	[DO_ALIAS] = alias_for_nobody,
	[DO_ALLOW] = allow_nobody, [DO_BLOCK] = block_nobody,
	[DO_INCOMING] = act_incoming, [DO_REJECTS] = act_rejects,
	[DO_QUEUE] = act_queue, [DO_QUEUE_RUN] = act_queue_run,
	[DO_STATUS] = act_status,
	[DO_HELP] = act_help, [DO_REDRAW] = act_redraw,
	[DO_SUSPEND] = act_suspend, [DO_SHELL] = act_shell,
	[DO_COMMAND] = act_command, [DO_IGNORE] = act_ignore,
};
