#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/err.h"
#include "tui/fetch.h"
#include "tui/pgp.h"
#include "tui/reply.h"

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
	int		 signed_fd;
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
	struct fetch *f;

	(void)t;
	for (f = under_way; f != NULL; f = f->next)
		if (f->arg == arg) {
			f->fn = NULL;
			f->part_fn = NULL;
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

/* ---- PGP/MIME, RFC 3156 ---- */

static enum parse_want
want(enum fetch_how how)
{
	return (how & FETCH_HTML) != 0 ? PARSE_HTML : PARSE_PLAIN;
}

static const char *
top_type(const struct fetch *f)
{
	return f->f.show.npart > 0 ? f->f.show.part[0].type : "";
}

/* The fields stay those of the message; the rest is what was inside. */
static void
decrypted(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct fetch *f = arg;
	struct parse_show inner;
	struct parse_header *h;
	struct buf mem;
	size_t n;

	buf_init(&mem, PARSE_ANSWER_MAX);
	if (status == OP_OK && parse_answer(in, fd, &mem) &&
	    parse_show_get(in, &inner)) {
		f->f.outer = f->f.show;
		f->f.has_outer = true;
		f->f.show = inner;
		h = f->f.show.header;
		n = f->f.show.nheader;
		f->f.show.header = f->f.outer.header;
		f->f.show.nheader = f->f.outer.nheader;
		f->f.outer.header = h;
		f->f.outer.nheader = n;
	}
	buf_clear(&mem);
	finish(f, true);
}

static void
sealed_part(void *arg, int part, uint64_t size)
{
	struct fetch *f = arg;
	struct buf b;
	int plain = -1;

	(void)size;
	if (part != -1 && f->fn != NULL)
		plain = pgp_decrypt(f->t, part, reply_header(&f->f.show,
		    "From"), &f->f.pgp);
	if (part != -1)
		close(part);
	if (plain == -1) {
		finish(f, true);
		return;
	}
	close(f->f.fd);
	f->f.fd = plain;
	buf_init(&b, CHAN_DATA_MAX);
	parse_show_put(&b, want(f->how), PARSE_ALL);
	talk_send(f->t->parser, PARSE_SHOW, &b, plain, decrypted, f);
	buf_clear(&b);
}

static void
signature_part(void *arg, int part, uint64_t size)
{
	struct fetch *f = arg;

	(void)size;
	if (part != -1 && f->fn != NULL)
		pgp_verify(f->t, f->signed_fd, part, reply_header(
		    &f->f.show, "From"), &f->f.pgp);
	if (part != -1)
		close(part);
	close(f->signed_fd);
	finish(f, true);
}

static void
signed_part(void *arg, int part, uint64_t size)
{
	struct fetch *f = arg;

	(void)size;
	f->signed_fd = part;
	if (part == -1)
		finish(f, true);
	else
		fetch_part(f->t, f->f.fd, "2", PARSE_AS_BYTES,
		    signature_part, f);
}

/* False: nothing of that. */
static bool
pgp(struct fetch *f)
{
	const struct parse_show *s = &f->f.show;

	if (f->fn == NULL || s->npart != 3 || s->part[0].depth != 0)
		return false;
	if (strcmp(top_type(f), "multipart/encrypted") == 0 &&
	    strcmp(s->part[1].type, "application/pgp-encrypted") == 0) {
		fetch_part(f->t, f->f.fd, "2", PARSE_AS_BYTES, sealed_part,
		    f);
		return true;
	}
	return false;
}

static bool
pgp_signed(struct fetch *f)
{
	const struct parse_show *s = &f->f.show;

	if (f->fn == NULL || s->npart < 3 || strcmp(top_type(f),
	    "multipart/signed") != 0 || strcmp(s->part[s->npart - 1].type,
	    "application/pgp-signature") != 0)
		return false;
	fetch_part(f->t, f->f.fd, "1", PARSE_AS_ENTITY, signed_part, f);
	return true;
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
	if (!f->f.parsed || (!pgp(f) && !pgp_signed(f)))
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
