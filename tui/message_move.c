/* From one message to another, in its thread and in the list below. */
#include "store/flag.h"
#include "tui/list.h"
#include "tui/message_parts.h"

static struct message_view *
self(struct view *v)
{
	return (struct message_view *)v;
}

static void
other_thread(struct view *v, int step, bool unread)
{
	struct message_view *m = self(v);
	uint64_t thread;

	thread = m->list != NULL ? list_step(m->list, step, unread) : 0;
	if (thread == 0)
		app_note(v->t, "no more here");
	else
		message_thread(m, thread, 0);
}

void
message_other(struct view *v, int step)
{
	struct message_view *m = self(v);

	if ((step < 0 && m->cur == 0) || (step > 0 && m->cur + 1 >= m->msgs.n))
		other_thread(v, step, false);
	else
		message_show(m, m->msgs.row[m->cur + (size_t)step].id);
}

void
message_next_msg(struct view *v, const char *arg)
{
	(void)arg;
	message_other(v, 1);
}

void
message_prev_msg(struct view *v, const char *arg)
{
	(void)arg;
	message_other(v, -1);
}

void
message_next_thread(struct view *v, const char *arg)
{
	(void)arg;
	other_thread(v, 1, false);
}

void
message_prev_thread(struct view *v, const char *arg)
{
	(void)arg;
	other_thread(v, -1, false);
}

void
message_next_unread(struct view *v, const char *arg)
{
	struct message_view *m = self(v);
	size_t i;

	(void)arg;
	for (i = m->cur + 1; i < m->msgs.n; i++)
		if ((m->msgs.row[i].flags & STORE_SEEN) == 0) {
			message_show(m, m->msgs.row[i].id);
			return;
		}
	other_thread(v, 1, true);
}

void
message_prev_unread(struct view *v, const char *arg)
{
	(void)arg;
	other_thread(v, -1, true);
}

void
message_parent(struct view *v, const char *arg)
{
	struct message_view *m = self(v);
	size_t i = m->cur;

	(void)arg;
	while (i < m->msgs.n && i-- > 0)
		if (m->msgs.row[i].depth < m->msgs.row[m->cur].depth) {
			message_show(m, m->msgs.row[i].id);
			return;
		}
	app_note(v->t, "answers nothing that is here");
}
