#include <stdio.h>
#include <stdlib.h>

#include "mailnode/base/clock.h"
#include "store/err.h"
#include "store/op_box.h"
#include "store/op_snooze.h"
#include "tui/snooze.h"
#include "tui/undo.h"
#include "tui/when.h"

/* A mailbox just made has no UIDs to give yet. */
enum { AGAIN_MS = 50, AGAIN_MAX = 100 };

struct putting {
	struct tui	*t;
	struct change	*c;
	struct buf	 args;
	char		 what[80];
	struct loop_timer again;
	unsigned int	 tries;
};

static void
putting_free(struct putting *g)
{
	buf_clear(&g->args);
	free(g);
}

static void
done(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct putting *g = arg;
	struct watch_change all = { WATCH_MAIL, 0, 0 };

	(void)in;
	(void)fd;
	if ((status == STORE_BUSY || status == STORE_NOTFOUND) &&
	    ++g->tries < AGAIN_MAX) {
		loop_arm(g->t->loop, &g->again, AGAIN_MS);
		return;
	}
	if (status == OP_OK) {
		undo_done(g->t->undo, g->c);
		app_note(g->t, "%s (u: undo)", g->what);
	} else {
		app_status_error(g->t, g->what, status);
		app_changed(g->t, &all);	/* show what is true */
		change_free(g->c);
	}
	putting_free(g);
}

static void
ask(void *arg)
{
	struct putting *g = arg;

	talk_send(g->t->keeper, SNOOZE_PUT, &g->args, -1, done, g);
}

/* The mailbox is there by now, or it is seen then. */
static void
made(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	(void)status;
	(void)in;
	(void)fd;
	ask(arg);
}

bool
snooze_until(struct tui *t, const struct pick *p, const char *text)
{
	uint64_t *ids = calloc(p->n + 1, sizeof *ids);
	struct putting *g = calloc(1, sizeof *g);
	struct mail_set set = { .mbox = 0, .id = ids, .n = p->n };
	char when[40];
	struct buf b;
	int64_t at;
	size_t i;

	if (ids == NULL || g == NULL || !when_read(text, clock_wall_s(),
	    &at) || p->n == 0 || p->n > SNOOZE_SET_MAX) {
		if (p->n > SNOOZE_SET_MAX)
			app_error(t, "more than %d at once", SNOOZE_SET_MAX);
		else
			app_error(t, "%s: no time to come: 2h, tomorrow, "
			    "monday 9:30, 2026-12-24", text);
		free(ids);
		free(g);
		return false;
	}
	for (i = 0; i < p->n; i++)
		ids[i] = p->m[i].id;
	when_text(at, when, sizeof when);
	(void)snprintf(g->what, sizeof g->what, "%zu put off until %s", p->n,
	    when);
	g->t = t;
	g->c = change_new(g->what);
	g->again = (struct loop_timer){ .fn = ask, .arg = g };
	buf_init(&g->args, CHAN_DATA_MAX);
	snooze_put_put(&g->args, &set, at);
	buf_init(&b, CHAN_DATA_MAX);
	change_forth(g->c, SNOOZE_PUT, &g->args);
	snooze_put_put(&b, &set, 0);
	change_back(g->c, SNOOZE_PUT, &b);
	buf_reset(&b);
	chan_put_str(&b, snooze_box);
	talk_send(t->keeper, BOX_CREATE, &b, -1, made, g);
	buf_clear(&b);
	free(ids);
	return true;
}
