#include <stdlib.h>

#include "tui/thread.h"

struct asking {
	struct asking	*next;		/* all that are under way */
	struct tui	*t;
	uint64_t	 thread;
	struct list_msgs all;
	thread_fn	*fn;		/* NULL: forgotten */
	void		*arg;
};

static struct asking *under_way;

static void	ask(struct asking *a);

static void
end(struct asking *a)
{
	struct asking **p;

	for (p = &under_way; *p != a; p = &(*p)->next)
		;
	*p = a->next;
	list_msgs_clear(&a->all);
	app_dirty(a->t);
	free(a);
}

static void
fail(struct asking *a, uint16_t status)
{
	if (a->fn != NULL) {
		app_status_error(a->t, "thread", status);
		a->fn(a->arg, NULL, false);
	}
	end(a);
}

static void
got(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct asking *a = arg;
	struct list_msgs page = { .n = 0 };
	bool more;

	(void)fd;
	if (status == OP_OK && !list_msgs_get(in, &page))
		status = OP_BAD;
	if (status != OP_OK || !list_msgs_append(&a->all, &page)) {
		list_msgs_clear(&page);
		fail(a, status != OP_OK ? status : OP_BAD);
		return;
	}
	/* A page of none would be the same again. */
	more = page.more && page.n > 0;
	list_msgs_clear(&page);
	if (a->fn != NULL)
		a->fn(a->arg, &a->all, more);
	if (more && a->fn != NULL)
		ask(a);
	else
		end(a);
}

static void
ask(struct asking *a)
{
	struct list_msgs_ask args = { .which = LIST_OF_THREAD,
	    .id = a->thread, .skip = (uint32_t)a->all.n,
	    .n = LIST_PAGE_MAX };
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	list_msgs_put(&b, &args);
	talk_send(a->t->reader, LIST_MSGS, &b, -1, got, a);
	buf_clear(&b);
}

void
thread_ask(struct tui *t, uint64_t thread, thread_fn *fn, void *arg)
{
	struct asking *a = calloc(1, sizeof *a);

	if (a == NULL)
		abort();
	a->t = t;
	a->thread = thread;
	a->fn = fn;
	a->arg = arg;
	a->next = under_way;
	under_way = a;
	ask(a);
}

void
thread_forget(const void *arg)
{
	struct asking *a;

	for (a = under_way; a != NULL; a = a->next)
		if (a->arg == arg)
			a->fn = NULL;
}
