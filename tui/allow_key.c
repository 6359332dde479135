#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/phrase.h"
#include "mailnode/filter/proof.h"
#include "store/op_listed.h"
#include "tui/allow_key.h"
#include "tui/undo.h"

struct listing {
	struct tui	*t;
	bool		 allow;
	char		 name[HISTORY_NAME_MAX];
};

/* note: NULL for an op that has none. */
static void
put_args(struct buf *b, bool allow, const char *name, const char *note)
{
	buf_init(b, CHAN_DATA_MAX);
	chan_put_u8(b, allow);
	chan_put_str(b, name);
	if (note != NULL)
		chan_put_str(b, note);
}

/* Taken back, it is again on the list it was on. */
static void
remember(const struct listing *l, const struct listed_was *was)
{
	char text[HISTORY_NAME_MAX + 20];
	struct change *c;
	struct buf b;

	(void)snprintf(text, sizeof text, "%s %s", l->allow ? "allow" :
	    "block", l->name);
	c = change_new(text);
	put_args(&b, l->allow, l->name, "");
	change_forth(c, LISTED_ADD, &b);
	buf_clear(&b);
	put_args(&b, was->listed ? was->allow : l->allow, l->name,
	    was->listed ? was->note : NULL);
	change_back(c, was->listed ? LISTED_ADD : LISTED_REMOVE, &b);
	buf_clear(&b);
	undo_done(l->t->undo, c);
}

static void
listed(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct listing *l = arg;
	struct listed_was was;

	(void)fd;
	if (status == STORE_NAME)
		app_error(l->t, "%s: not an address, a domain or a network",
		    l->name);
	else if (status != OP_OK)
		app_status_error(l->t, l->name, status);
	else if (!listed_was_get(in, &was))
		app_status_error(l->t, l->name, OP_BAD);
	else {
		remember(l, &was);
		app_note(l->t, l->allow ? "%s is let in (u takes it back)" :
		    "%s is refused from now on (u takes it back)", l->name);
	}
	free(l);
}

static void
typed(void *arg, const char *text)
{
	struct listing *l = arg;
	struct buf b;

	if (text == NULL || *text == '\0' || strlen(text) >= sizeof l->name) {
		if (text != NULL && *text != '\0')
			app_error(l->t, "%.40s…: too long", text);
		free(l);
		return;
	}
	proof_listed(text, l->name);
	put_args(&b, l->allow, l->name, "");
	talk_send(l->t->keeper, LISTED_ADD, &b, -1, listed, l);
	buf_clear(&b);
}

void
allow_propose(struct tui *t, enum conf_action act, const char *who,
    const char *arg)
{
	struct listing *l = calloc(1, sizeof *l);
	struct prompt_ask ask = { .label = act == DO_ALLOW ? "Let in: " :
	    "Refuse: ", .done = typed, .hist = HIST_NONE, .arg = l };
	struct phrase_box from;

	if (l == NULL)
		return;
	l->t = t;
	l->allow = act == DO_ALLOW;
	if (phrase_next(&who, who + strlen(who), &from))
		ask.text = from.address;
	if (arg != NULL)
		typed(l, arg);
	else
		app_prompt(t, &ask);
}

void
allow_nobody(struct view *v, const char *arg)
{
	allow_propose(v->t, DO_ALLOW, "", arg);
}

void
block_nobody(struct view *v, const char *arg)
{
	allow_propose(v->t, DO_BLOCK, "", arg);
}
