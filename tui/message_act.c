#define _DEFAULT_SOURCE
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/op_event.h"
#include "tui/addrbook.h"
#include "tui/alias_key.h"
#include "tui/allow_key.h"
#include "tui/bounce.h"
#include "tui/compose.h"
#include "tui/fetch.h"
#include "tui/message.h"
#include "tui/page.h"
#include "tui/pipe.h"
#include "tui/attach.h"
#include "tui/queue_view.h"
#include "tui/unsub.h"

enum { SOURCE_MAX = 20 * 1024 * 1024 };	/* octets that are shown */

struct task {
	struct tui	*t;
	uint64_t	 id;
	enum conf_action act;
	char		*arg;
};

static void
task_free(struct task *k)
{
	free(k->arg);
	free(k);
}

/* ---- what is done, once the message is there ---- */

static void
run_source(struct task *k, struct fetched *f)
{
	struct page_view *p;
	struct buf b;
	ssize_t r = 1;
	char chunk[32768];

	buf_init(&b, SOURCE_MAX);
	while (b.err == 0 && (r = pread(f->fd, chunk, sizeof chunk,
	    (off_t)b.len)) > 0)
		buf_add(&b, chunk, (size_t)r);
	p = page_open(k->t, "source");
	doc_add(&p->doc, PAINT_TEXT, b.data != NULL ? (char *)b.data : "",
	    b.len);
	if (r != 0)
		doc_adds(&p->doc, PAINT_BAD, "[cut here]");
	buf_clear(&b);
}

static void
run_parts(struct task *k, struct fetched *f)
{
	attach_open(k->t, f);
}

static void
run_reply(struct task *k, struct fetched *f)
{
	compose_reply(k->t, f, k->act == DO_REPLY_ALL ? REPLY_ALL :
	    k->act == DO_REPLY_LIST ? REPLY_LIST : REPLY_SENDER);
}

static void
run_forward(struct task *k, struct fetched *f)
{
	compose_forward(k->t, f);
}

static void
run_delivery(struct task *k, struct fetched *f)
{
	queue_open_fate(k->t, f->info.msgid);
}

static void
run_why(struct task *k, struct fetched *f)
{
	struct buf b;

	buf_init(&b, 2000);
	buf_addf(&b, "<%s>", f->info.msgid);
	if (b.err == 0)
		why_open(k->t, buf_str(&b));
	buf_clear(&b);
}

static void
run_alias(struct task *k, struct fetched *f)
{
	alias_propose(k->t, reply_header(&f->show, "From"), k->arg);
}

static void
run_listed(struct task *k, struct fetched *f)
{
	allow_propose(k->t, k->act, reply_header(&f->show, "From"), k->arg);
}

static void
run_unsubscribe(struct task *k, struct fetched *f)
{
	unsub_ask(k->t, f);
}

static const struct {
	enum conf_action act;
	enum fetch_how	 how;
	void		(*run)(struct task *k, struct fetched *f);
} tasks[] = {
	{ DO_SOURCE, FETCH_FILE, run_source },
	{ DO_PARTS, FETCH_PLAIN, run_parts },
	{ DO_REPLY, FETCH_PLAIN, run_reply },
	{ DO_REPLY_ALL, FETCH_PLAIN, run_reply },
	{ DO_REPLY_LIST, FETCH_PLAIN, run_reply },
	{ DO_FORWARD, FETCH_PLAIN, run_forward },
	{ DO_DELIVERY, FETCH_FILE, run_delivery },
	{ DO_WHY, FETCH_FILE, run_why },
	{ DO_UNSUBSCRIBE, FETCH_PLAIN, run_unsubscribe },
	{ DO_ALIAS, FETCH_PLAIN, run_alias },
	{ DO_ALLOW, FETCH_PLAIN, run_listed },
	{ DO_BLOCK, FETCH_PLAIN, run_listed },
};

static size_t
task_index(enum conf_action act)
{
	size_t i;

	for (i = 0; i < sizeof tasks / sizeof tasks[0]; i++)
		if (tasks[i].act == act)
			break;
	return i;
}

static void
fetched(void *arg, struct fetched *f)
{
	struct task *k = arg;

	if (f != NULL)
		tasks[task_index(k->act)].run(k, f);
	task_free(k);
}

static void
bounce_typed(void *arg, const char *text)
{
	struct task *k = arg;

	if (text != NULL && *text != '\0')
		bounce_msg(k->t, k->id, text);
	task_free(k);
}

static void
ask_bounce(struct task *k)
{
	struct prompt_ask ask = { .label = "Bounce to: ",
	    .hist = HIST_ADDRESS, .done = bounce_typed,
	    .complete = addrbook_complete, .complete_arg = k->t->book,
	    .arg = k };

	addrbook_load(k->t->book);
	app_prompt(k->t, &ask);
}

void
message_act(struct tui *t, enum conf_action act, uint64_t id, const char *arg)
{
	struct task *k;

	if (act == DO_PIPE || act == DO_PRINT) {
		pipe_msg(t, act, id, arg);
		return;
	}
	k = calloc(1, sizeof *k);
	if (k == NULL)
		return;
	k->t = t;
	k->id = id;
	k->act = act;
	k->arg = arg != NULL ? strdup(arg) : NULL;
	if (act == DO_BOUNCE && arg != NULL)
		bounce_typed(k, arg);
	else if (act == DO_BOUNCE)
		ask_bounce(k);
	else
		fetch_msg(t, id, tasks[task_index(act)].how, fetched, k);
}
