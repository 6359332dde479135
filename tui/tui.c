#define _DEFAULT_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/node/control.h"
#include "mailnode/node/program.h"
#include "tui/addrbook.h"
#include "tui/app.h"
#include "tui/compose.h"
#include "tui/list.h"
#include "tui/pgp_run.h"
#include "tui/side.h"
#include "tui/term.h"
#include "tui/text.h"
#include "tui/tui.h"
#include "tui/undo.h"

enum {
	RETRY_FIRST_MS = 50,
	RETRY_MS = 1000,	/* between attempts to find the node again */
	TICK_MS = 200,		/* progress is redrawn, while there is any */
	AHEAD_MAX = 64,		/* keys typed before there was an answer */
	AHEAD_MS = 1000		/* and so long they wait for it */
};

struct main {
	struct tui	 t;
	struct loop_io	 keyboard, signals;
	struct loop_timer tick, retry;
	uint32_t	 ahead[AHEAD_MAX];
	size_t		 nahead;
	int64_t		 ahead_ms;	/* when the first of them was typed */
};

/* ---- the node ---- */

/* Of another build it may not understand what we ask, nor we its answers. */
static void
look_at_program(struct tui *t)
{
	struct node_state *st = calloc(1, sizeof *st);

	t->other_program = st != NULL && node_state(t->node, st) == 0 &&
	    strcmp(st->program, program_id()) != 0;
	free(st);
}

/* One link; a node that is gone is looked for again, now and then. */
static int
link_to(struct tui *t, enum role role)
{
	int64_t now = clock_mono_ms();
	int fd;

	fd = t->node != NULL ? node_link(t->node, role) : -1;
	if (fd != -1 || now < t->retry_ms ||
	    (t->node != NULL && errno != ENOTCONN))
		return fd;
	t->retry_ms = now + RETRY_MS;
	node_close(t->node);
	t->node = node_connect(false);
	if (t->node == NULL)
		return -1;
	look_at_program(t);
	return node_link(t->node, role);
}

static int
link_reader(void *arg)
{
	return link_to(arg, ROLE_READER);
}

static int
link_parser(void *arg)
{
	return link_to(arg, ROLE_PARSER);
}

static int
link_keeper(void *arg)
{
	return link_to(arg, ROLE_KEEPER);
}

/* Told by keeper: what changed. */
static void
told(void *arg, const struct chan_msg *m)
{
	struct watch_change c;
	struct chan_in in;

	if (m->type != WATCH_CHANGE)
		return;
	chan_in_init(&in, m->data, m->len);
	while (watch_get(&in, &c))
		app_changed(arg, &c);
}

static void
subscribed(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	static const struct watch_change all = { WATCH_MAIL | WATCH_QUEUE |
	    WATCH_INCOMING, 0, 0 };
	struct main *m = arg;

	(void)in;
	(void)fd;
	if (status != OP_OK)
		loop_arm(m->t.loop, &m->retry, RETRY_MS);
	else		/* what changed since it was asked for, nobody told */
		app_changed(&m->t, &all);
}

static void
subscribe(struct main *m)
{
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	watch_subscribe_put(&b, WATCH_MAIL | WATCH_BOXES |
	    WATCH_QUEUE | WATCH_INCOMING);
	talk_send(m->t.keeper, WATCH_SUBSCRIBE, &b, -1, subscribed, m);
	buf_clear(&b);
}

static void
retry(void *arg)
{
	subscribe(arg);
}

/* Without keeper nobody tells us what changes: subscribe again, and look
 * what happened in between. */
static void
keeper_down(void *arg)
{
	struct main *m = (struct main *)arg;

	if (!m->retry.armed)
		loop_arm(m->t.loop, &m->retry, RETRY_FIRST_MS);
}

/* ---- keyboard, signals, time ---- */

/* Does the screen still show what was there before it was changed? */
static bool
waits(const struct tui *t)
{
	const struct view *v = t->top;

	return v != NULL && !t->prompt.open && v->ops->waits != NULL &&
	    v->ops->waits(v);
}

/* What is typed on means what will be there; only leaving does not wait. */
static void
take_key(struct main *m, uint32_t key)
{
	if (key == TK_ESC || key == TK_CTRL('c') || key == TK_CTRL('g'))
		m->nahead = 0;
	else if (m->nahead > 0 || waits(&m->t)) {
		if (m->nahead == 0)
			m->ahead_ms = clock_mono_ms();
		/* One too many is lost: before the others it means else. */
		if (m->nahead < AHEAD_MAX)
			m->ahead[m->nahead++] = key;
		return;
	}
	app_key(&m->t, key);
}

static void
give_ahead(struct main *m)
{
	struct tui *t = &m->t;
	size_t i = 0;

	while (i < m->nahead && !t->quit && t->top != NULL && (!waits(t) ||
	    clock_mono_ms() - m->ahead_ms > AHEAD_MS))
		app_key(t, m->ahead[i++]);
	m->nahead -= i;
	memmove(m->ahead, m->ahead + i, m->nahead * sizeof *m->ahead);
}

static void
on_keyboard(void *arg, uint32_t events)
{
	struct main *m = arg;
	uint32_t key;

	if ((events & (EPOLLHUP | EPOLLERR)) != 0 &&
	    (events & EPOLLIN) == 0) {
		m->t.quit = true;	/* the terminal went away */
		return;
	}
	while (!m->t.quit && m->t.top != NULL && (key = term_key()) != 0)
		take_key(m, key);
}

static void
on_signal(void *arg, uint32_t events)
{
	struct main *m = arg;
	struct signalfd_siginfo s;

	(void)events;
	while (read(m->signals.fd, &s, sizeof s) == (ssize_t)sizeof s) {
		if (s.ssi_signo == SIGWINCH) {
			term_resize();
			app_dirty(&m->t);
		} else {
			m->t.quit = true;	/* letters have their files */
		}
	}
}

static void
on_tick(void *arg)
{
	struct main *m = arg;

	app_dirty(&m->t);
}

/* The end of each turn: one repaint for all that happened in it. */
static void
on_turn(void *arg)
{
	struct main *m = arg;
	struct tui *t = &m->t;
	int64_t ms;

	give_ahead(m);
	app_draw(t);
	if (t->quit)
		loop_stop(t->loop);
	else if (!m->tick.armed && (talk_waiting(t->reader, &ms) > 0 ||
	    talk_waiting(t->search, &ms) > 0 ||
	    talk_waiting(t->parser, &ms) > 0 ||
	    talk_waiting(t->keeper, &ms) > 0 || pgp_run_waiting(&ms) > 0))
		loop_arm(t->loop, &m->tick, TICK_MS);
}

static bool
watch_signals(struct main *m)
{
	static const int sigs[] = { SIGWINCH, SIGTERM, SIGHUP, SIGINT };
	sigset_t set;
	size_t i;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGTSTP, SIG_IGN);
	(void)signal(SIGTTOU, SIG_IGN);
	(void)signal(SIGQUIT, SIG_IGN);
	(void)sigemptyset(&set);
	for (i = 0; i < sizeof sigs / sizeof sigs[0]; i++)
		(void)sigaddset(&set, sigs[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return false;
	m->signals.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	m->signals.fn = on_signal;
	m->signals.arg = m;
	m->keyboard.fd = STDIN_FILENO;
	m->keyboard.fn = on_keyboard;
	m->keyboard.arg = m;
	m->tick.fn = on_tick;
	m->retry.fn = retry;
	m->tick.arg = m->retry.arg = m;
	return m->signals.fd != -1;
}

/* ---- beginning and end ---- */

/* The sidebar names the mailboxes: the first list can be asked for. */
static void
ready(struct tui *t)
{
	const struct side_row *r = side_find(t->side, "INBOX");
	struct list_view *lv = (struct list_view *)t->top;

	if (r == NULL)
		r = side_row(t->side, 0);
	while (lv != NULL && lv->v.below != NULL)
		lv = (struct list_view *)lv->v.below;
	if (r != NULL && lv != NULL && lv->v.ops == &list_view_ops)
		list_change(lv, r->id, r->name, r->query);
	compose_look_for_left(t);
}

static bool
make_asks(struct main *m)
{
	struct tui *t = &m->t;
	struct talk_how reader = { .link = link_reader, .arg = t };
	struct talk_how parser = { .link = link_parser, .arg = t };
	struct talk_how keeper = { .link = link_keeper, .told = told,
	    .down = keeper_down, .arg = t };

	t->reader = talk_new(t->loop, &reader);
	t->search = talk_new(t->loop, &reader);
	t->parser = talk_new(t->loop, &parser);
	t->keeper = talk_new(t->loop, &keeper);
	return t->reader != NULL && t->search != NULL && t->parser != NULL &&
	    t->keeper != NULL;
}

static const char *
prepare(struct main *m)
{
	struct tui *t = &m->t;
	const char *bad;

	t->side_on = true;
	buf_init(&t->folders, 1024 * 1024);
	prompt_init(&t->prompt);
	t->loop = loop_new();
	t->home = conf_home();
	t->maildir = conf_maildir();
	if (t->loop == NULL || t->home == NULL || t->maildir == NULL)
		return strerror(errno);
	t->keys = keymap_new(conf.keys, conf.nkeys, &bad);
	if (t->keys == NULL)
		return bad != NULL ? bad : "out of memory";
	t->node = node_connect(false);
	if (t->node == NULL)
		return node_why(errno);
	t->side = side_new(t, ready);
	t->undo = undo_new(t);
	t->book = addrbook_new(t);
	if (t->side == NULL || t->undo == NULL || t->book == NULL ||
	    !make_asks(m) ||
	    !watch_signals(m))
		return strerror(errno);
	return NULL;
}

static void
finish(struct main *m)
{
	struct tui *t = &m->t;

	prompt_cancel(&t->prompt, false);
	while (t->top != NULL)
		app_pop(t);
	(void)pgp_run_leave();
	side_free(t->side);
	addrbook_free(t->book);
	/* What was asked of keeper is on its way: it will be done. */
	talk_free(t->reader);
	talk_free(t->search);
	talk_free(t->parser);
	talk_free(t->keeper);
	undo_free(t->undo);
	node_close(t->node);
	keymap_free(t->keys);
	prompt_clear(&t->prompt);
	buf_clear(&t->folders);
	if (t->loop != NULL)
		loop_free(t->loop);
	free((void *)(uintptr_t)t->home);
	free((void *)(uintptr_t)t->maildir);
}

static int
run(struct main *m)
{
	struct tui *t = &m->t;
	int rc;

	/* The question is under way while the terminal is prepared. */
	side_load(t->side);
	if (term_open() == -1) {
		fprintf(stderr, "mailnode: terminal: this TERM cannot place "
		    "text on the screen, or is not known\nto this machine; "
		    "try: TERM=xterm-256color mailnode\n");
		return 1;
	}
	(void)list_open(t, 0, "INBOX", "");
	subscribe(m);
	loop_at_turn(t->loop, on_turn, m);
	rc = loop_add(t->loop, &m->keyboard, EPOLLIN) == -1 ||
	    loop_add(t->loop, &m->signals, EPOLLIN) == -1 ||
	    loop_run(t->loop) == -1;
	if (rc != 0)
		app_error(t, "%s", strerror(errno));
	loop_at_turn(t->loop, NULL, NULL);
	term_close();
	return rc;
}

int
tui_main(void)
{
	static struct main m;
	const char *why;
	int rc;

	text_locale();
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		fputs("mailnode: the client needs a terminal\n", stderr);
		return 1;
	}
	why = prepare(&m);
	if (why != NULL) {
		fprintf(stderr, "mailnode: client: %s\n", why);
		return 1;
	}
	rc = run(&m);
	finish(&m);
	return rc;
}
