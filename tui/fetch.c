#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/err.h"
#include "tui/fetch.h"
#include "tui/fetch_pgp.h"

/* A row has its new name a moment before its file has. */
enum { AGAIN_MS = 25, AGAIN_MAX = 40 };

struct fetch {
	struct fetch	*next;		/* all that are under way */
	struct tui	*t;
	uint64_t	 id;
	enum fetch_how	 how;
	fetch_fn	*fn;		/* NULL: forgotten */
	fetch_part_fn	*part_fn;
	void		*arg;
	struct fetched	 f;
	struct loop_timer again;
	unsigned int	 tries;
	bool		 all;		/* was asked for, behind a start */
	struct fetch_pgp *pgp;		/* under way, or NULL */
};

static struct fetch *under_way;

void
fetched_take(struct fetched *to, struct fetched *from)
{
	*to = *from;
	memset(from, 0, sizeof *from);
	from->fd = -1;
}

void
fetched_clear(struct fetched *f)
{
	if (f->parsed)
		parse_show_clear(&f->show);
	if (f->has_outer)
		parse_show_clear(&f->outer);
	msg_info_clear(&f->info);
	if (f->fd != -1)
		close(f->fd);
	memset(f, 0, sizeof *f);
	f->fd = -1;
}

static struct fetch *
fetch_new(struct tui *t, void *arg)
{
	struct fetch *f = calloc(1, sizeof *f);

	if (f == NULL)
		abort();
	f->t = t;
	f->arg = arg;
	f->f.fd = -1;
	f->next = under_way;
	under_way = f;
	return f;
}

static void
finish(struct fetch *f, bool ok)
{
	struct fetch **p;

	for (p = &under_way; *p != f; p = &(*p)->next)
		;
	*p = f->next;
	if (f->fn != NULL)
		f->fn(f->arg, ok ? &f->f : NULL);
	fetched_clear(&f->f);
	app_dirty(f->t);
	free(f);
}

void
fetch_forget(struct tui *t, const void *arg)
{
	struct fetch *f, *next;

	(void)t;
	for (f = under_way; f != NULL; f = next) {
		next = f->next;
		if (f->arg != arg)
			continue;
		f->fn = NULL;
		f->part_fn = NULL;
		if (f->pgp != NULL) {
			fetch_pgp_stop(f->pgp);
			f->pgp = NULL;
			finish(f, false);
		}
	}
}

static void
fail(struct fetch *f, const char *what, uint16_t status)
{
	if (f->fn != NULL || f->part_fn != NULL) {
		if (status == OP_GONE)
			app_error(f->t, "%s: the process that does it ended",
			    what);
		else
			app_status_error(f->t, what, status);
	}
}

static enum parse_want
want(enum fetch_how how)
{
	return (how & FETCH_HTML) != 0 ? PARSE_HTML : PARSE_PLAIN;
}

static void
pgp_done(void *arg)
{
	struct fetch *f = arg;

	f->pgp = NULL;
	finish(f, true);
}

static void	ask_show(struct fetch *f, int fd, enum parse_reach reach);

/* A start does not reach the signature. */
static bool
needs_all(const struct fetch *f)
{
	return (f->how & FETCH_START) != 0 && !f->all &&
	    (f->f.show.flags & PARSE_MORE) != 0 &&
	    fetch_pgp_is_in(&f->f.show);
}

static void
parsed(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct fetch *f = arg;
	struct buf mem;

	buf_init(&mem, PARSE_ANSWER_MAX);
	if (status != OP_OK)
		fail(f, "decoding", status);
	else if (!parse_answer(in, fd, &mem) ||
	    !parse_show_get(in, &f->f.show))
		fail(f, "decoding", OP_BAD);
	else
		f->f.parsed = true;
	buf_clear(&mem);
	if (f->f.parsed && f->fn != NULL && f->f.fd != -1) {
		if (needs_all(f)) {
			parse_show_clear(&f->f.show);
			f->f.parsed = false;
			f->all = true;
			ask_show(f, f->f.fd, PARSE_ALL);
			return;
		}
		f->pgp = fetch_pgp_start(f->t, &f->f, want(f->how), pgp_done,
		    f);
	}
	if (f->pgp == NULL)
		finish(f, f->f.parsed);
}

static void
ask_show(struct fetch *f, int fd, enum parse_reach reach)
{
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	parse_show_put(&b, want(f->how), reach);
	talk_send(f->t->parser, PARSE_SHOW, &b, fd, parsed, f);
	buf_clear(&b);
}

static void
opened(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct fetch *f = arg;

	if (status == STORE_NOTFOUND && f->fn != NULL &&
	    ++f->tries < AGAIN_MAX) {
		loop_arm(f->t->loop, &f->again, AGAIN_MS);
		return;
	}
	if (status != OP_OK || !msg_open_get(in, &f->f.info) || *fd == -1) {
		fail(f, "message", status == OP_OK ? OP_BAD : status);
		finish(f, false);
		return;
	}
	f->f.fd = *fd;
	*fd = -1;
	if (f->how == FETCH_FILE || f->fn == NULL) {
		finish(f, true);
		return;
	}
	ask_show(f, f->f.fd, (f->how & FETCH_START) != 0 ? PARSE_START :
	    PARSE_ALL);
}

static void
open_msg(void *arg)
{
	struct fetch *f = arg;
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	msg_open_put(&b, f->id);
	talk_send(f->t->reader, MSG_OPEN, &b, -1, opened, f);
	buf_clear(&b);
}

void
fetch_msg(struct tui *t, uint64_t id, enum fetch_how how, fetch_fn *fn,
    void *arg)
{
	struct fetch *f = fetch_new(t, arg);

	f->id = id;
	f->how = how;
	f->fn = fn;
	f->again.fn = open_msg;
	f->again.arg = f;
	open_msg(f);
}

void
fetch_shape(struct tui *t, int fd, enum fetch_how how, fetch_fn *fn,
    void *arg)
{
	struct fetch *f = fetch_new(t, arg);

	f->how = how;
	f->fn = fn;
	ask_show(f, fd, PARSE_SHAPE);
}

static void
got_part(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct fetch *f = arg;
	uint64_t size = 0;
	int part = -1;

	if (status != OP_OK) {
		fail(f, "part", status);
	} else if (parse_part_get(in, &size)) {
		part = *fd;
		*fd = -1;
	}
	if (f->part_fn != NULL)
		f->part_fn(f->arg, part, size);
	else if (part != -1)
		close(part);
	finish(f, false);
}

void
fetch_part(struct tui *t, int fd, const char *path, enum parse_form form,
    fetch_part_fn *fn, void *arg)
{
	struct fetch *f = fetch_new(t, arg);
	struct buf b;

	f->part_fn = fn;
	buf_init(&b, CHAN_DATA_MAX);
	parse_part_put(&b, path, form);
	talk_send(t->parser, PARSE_PART, &b, fd, got_part, f);
	buf_clear(&b);
}

void
fetch_text(struct tui *t, int fd, enum fetch_how how, fetch_part_fn *fn,
    void *arg)
{
	struct fetch *f = fetch_new(t, arg);
	struct buf b;

	f->part_fn = fn;
	buf_init(&b, CHAN_DATA_MAX);
	parse_text_put(&b, want(how));
	talk_send(t->parser, PARSE_TEXT, &b, fd, got_part, f);
	buf_clear(&b);
}
