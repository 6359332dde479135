#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "mailnode/filter/learner.h"

bool
learner_path(char *dst, size_t size, const char *home)
{
	return snprintf(dst, size, "%s/tokens", home) < (int)size;
}

static void
say(struct learner *l, enum table_err e, size_t torn)
{
	char text[256];

	if (torn > 0)
		(void)snprintf(text, sizeof text, "tokens: damaged in %zu "
		    "places, which are empty now", torn);
	else
		(void)snprintf(text, sizeof text, "tokens: %s",
		    table_err_text(e));
	l->alarm(l->arg, text);
}

/* Is the file that is mapped still there?  Who removes it begins anew. */
static bool
is_there(const struct learner *l)
{
	struct stat st;

	return stat(l->path, &st) == 0 && st.st_dev == l->dev &&
	    st.st_ino == l->ino;
}

static bool
open_table(struct learner *l)
{
	enum table_err e;
	struct stat st;
	size_t torn;

	e = table_open_write(&l->table, l->path, &torn);
	if (l->table.map != NULL && stat(l->path, &st) == 0) {
		l->dev = st.st_dev;
		l->ino = st.st_ino;
	}
	if (e != TABLE_OK)
		say(l, e, torn);
	return l->table.map != NULL;
}

static void
begin_anew(struct learner *l)
{
	if (l->course.at > 0)
		course_clear(&l->course);
}

static void
go_over(void *arg)
{
	struct learner *l = arg;
	uint32_t steps;

	steps = course_go(&l->table, &l->course, LEARNER_STEP);
	if (l->course.at < steps)
		loop_arm(l->loop, &l->timer, l->hurried ? 0 :
		    LEARNER_PAUSE_MS);
	else {
		begin_anew(l);
		l->hurried = false;
		table_rest(&l->table);
	}
}

void
learner_init(struct learner *l, const char *home, struct loop *loop,
    void (*alarm)(void *arg, const char *text), void *arg)
{
	struct table there;
	enum table_err e;

	memset(l, 0, sizeof *l);
	l->loop = loop;
	l->alarm = alarm;
	l->arg = arg;
	l->timer.fn = go_over;
	l->timer.arg = l;
	if (!learner_path(l->path, sizeof l->path, home)) {
		l->path[0] = '\0';
		return;
	}
	e = table_open(&there, l->path);
	table_close(&there);
	if (e != TABLE_NONE)
		(void)open_table(l);
}

void
learner_clear(struct learner *l)
{
	loop_disarm(l->loop, &l->timer);
	course_clear(&l->course);
	table_close(&l->table);
}

bool
learner_ready(struct learner *l)
{
	if (l->table.map != NULL && !is_there(l)) {
		table_close(&l->table);
		loop_disarm(l->loop, &l->timer);
	}
	return l->table.map != NULL || (l->path[0] != '\0' &&
	    open_table(l));
}

void
learner_hurry(struct learner *l)
{
	if (l->timer.armed && !l->hurried) {
		l->hurried = true;
		loop_disarm(l->loop, &l->timer);
		loop_arm(l->loop, &l->timer, 0);
	}
}

bool
learner_busy(const struct learner *l)
{
	return l->timer.armed;
}

void
learner_learn(struct learner *l, enum learn_as as, uint64_t id,
    const uint64_t *hash, size_t n)
{
	if (as == LEARN_FORGET)
		l->totals.forgot += bayes_forget(&l->table, id, hash, n);
	else
		switch (bayes_learn(&l->table, id, as == LEARN_JUNK, hash,
		    n)) {
		case BAYES_LEARNT:
			l->totals.learnt++;
			break;
		case BAYES_HAD:
			l->totals.had++;
			return;
		case BAYES_CHANGED:
			l->totals.changed++;
			break;
		}
	begin_anew(l);
	l->hurried = false;
	loop_disarm(l->loop, &l->timer);
	loop_arm(l->loop, &l->timer, LEARNER_REST_MS);
}
