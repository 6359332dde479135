#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tui/lines.h"
#include "tui/message_doc.h"
#include "tui/page.h"
#include "tui/attach.h"
#include "tui/run.h"
#include "tui/text.h"

enum { TEXT_MAX = 20 * 1024 * 1024, PATH = 4096 };

struct attach_view {
	struct lines_view l;		/* n: f.show.npart */
	struct fetched	 f;
	char		*arg;		/* path or command, once it was typed */
};

static struct attach_view *
self(struct view *v)
{
	return (struct attach_view *)v;
}

static const struct parse_part *
part(struct attach_view *p)
{
	return &p->f.show.part[p->l.cur];
}

void
attach_safe_name(char *dst, size_t size, const char *name)
{
	const char *slash = strrchr(name, '/');
	size_t i = 0;

	if (slash != NULL)
		name = slash + 1;
	while (*name == '.')
		name++;
	for (; *name != '\0' && i + 1 < size; name++)
		dst[i++] = (unsigned char)*name < ' ' || *name == 0x7f ?
		    '_' : *name;
	dst[i] = '\0';
	if (i == 0)
		(void)snprintf(dst, size, "part");
}

/* Programs know a file by the end of its name. */
void
attach_part_name(char *dst, size_t size, const struct parse_part *p)
{
	static const char *const names[][2] = {
		{ "message/rfc822", "message.eml" }, { "text/plain", "text.txt" },
		{ "text/html", "text.html" }, { "text/calendar", "event.ics" },
		{ "text/vcard", "card.vcf" }, { "image/jpeg", "image.jpg" },
		{ "image/png", "image.png" }, { "image/gif", "image.gif" },
		{ "application/pdf", "document.pdf" },
	};
	const char *name = message_part_name(p);
	size_t i;

	for (i = 0; name == p->type && i < sizeof names / sizeof names[0]; i++)
		if (strcmp(p->type, names[i][0]) == 0) {
			name = names[i][1];
			break;
		}
	attach_safe_name(dst, size, name);
}

static int
copy(int from, int to)
{
	char chunk[65536];
	off_t at = 0;
	ssize_t r, w, done;

	while ((r = pread(from, chunk, sizeof chunk, at)) > 0) {
		for (done = 0; done < r; done += w) {
			w = write(to, chunk + done, (size_t)(r - done));
			if (w == -1)
				return -1;
		}
		at += r;
	}
	return r == 0 ? 0 : -1;
}

int
attach_save(int from, const char *path)
{
	int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int rc, err;

	if (to == -1)
		return -1;
	rc = copy(from, to);
	err = errno;
	if (close(to) == -1 && rc == 0) {
		rc = -1;
		err = errno;
	}
	if (rc == -1)
		(void)unlink(path);
	errno = err;
	return rc;
}

/* ---- what is done with a part ---- */

static void
show_text(void *arg, int fd, uint64_t size)
{
	struct attach_view *p = arg;
	struct page_view *page;
	struct buf b;
	char chunk[32768];
	ssize_t r;

	if (fd == -1)
		return;
	(void)size;
	buf_init(&b, TEXT_MAX);
	while (b.err == 0 && (r = pread(fd, chunk, sizeof chunk,
	    (off_t)b.len)) > 0)
		buf_add(&b, chunk, (size_t)r);
	close(fd);
	page = page_open(p->l.v.t, message_part_name(part(p)));
	doc_body(&page->doc, b.data != NULL ? (char *)b.data : "", b.len,
	    false);
	buf_clear(&b);
}

/* The program that opens it may live longer than we do: the file stays
 * below our own folder, which is private. */
static void
open_file(void *arg, int fd, uint64_t size)
{
	struct attach_view *p = arg;
	char dir[PATH], path[PATH], name[256];

	(void)size;
	if (fd == -1)
		return;
	attach_part_name(name, sizeof name, part(p));
	if (snprintf(dir, sizeof dir, "%s/open-XXXXXX", p->l.v.t->home) >=
	    (int)sizeof dir || mkdtemp(dir) == NULL ||
	    snprintf(path, sizeof path, "%s/%s", dir, name) >=
	    (int)sizeof path || attach_save(fd, path) == -1)
		app_error(p->l.v.t, "%s: %s", name, strerror(errno));
	else if (!run_view(p->l.v.t, path, part(p)->type))
		app_error(p->l.v.t, "%s: cannot open it", name);
	close(fd);
}

static void
save_file(void *arg, int fd, uint64_t size)
{
	struct attach_view *p = arg;
	char text[16];

	if (fd == -1)
		return;
	text_size(text, sizeof text, size);
	if (attach_save(fd, p->arg) == -1)
		app_error(p->l.v.t, "%s: %s", p->arg, strerror(errno));
	else
		app_note(p->l.v.t, "saved %s, %s", p->arg, text);
	close(fd);
}

static void
pipe_part(void *arg, int fd, uint64_t size)
{
	struct attach_view *p = arg;

	(void)size;
	if (fd == -1)
		return;
	run_shell(p->l.v.t, p->arg, fd);
	close(fd);
}

static void
want(struct attach_view *p, enum parse_form form, fetch_part_fn *fn)
{
	fetch_part(p->l.v.t, p->f.fd, part(p)->path, form, fn, p);
}

static bool
is_text(const struct parse_part *p)
{
	return (p->flags & PARSE_P_TEXT) != 0;
}

static void
act_open(struct view *v, const char *arg)
{
	struct attach_view *p = self(v);

	(void)arg;
	if ((part(p)->flags & PARSE_P_MULTI) != 0)
		app_note(v->t, "a container: see what is in it");
	else if (is_text(part(p)))
		want(p, (part(p)->flags & PARSE_P_HTML) != 0 ?
		    PARSE_AS_PLAIN : PARSE_AS_TEXT, show_text);
	else
		want(p, PARSE_AS_BYTES, open_file);
}

static bool
keep_arg(struct attach_view *p, const char *text)
{
	const char *homedir = getenv("HOME");
	char path[PATH];

	if (text == NULL || *text == '\0')
		return false;
	if (text[0] == '~' && text[1] == '/' && homedir != NULL &&
	    snprintf(path, sizeof path, "%s%s", homedir, text + 1) <
	    (int)sizeof path)
		text = path;
	free(p->arg);
	p->arg = strdup(text);
	return p->arg != NULL;
}

/* Of a directory the file in it that bears the part's name. */
static void
into_directory(struct attach_view *p)
{
	char name[256], path[PATH];
	struct stat st;
	size_t n = strlen(p->arg);
	char *file;

	if (stat(p->arg, &st) == -1 || !S_ISDIR(st.st_mode))
		return;
	attach_part_name(name, sizeof name, part(p));
	if (snprintf(path, sizeof path, "%s%s%s", p->arg,
	    p->arg[n - 1] == '/' ? "" : "/", name) >= (int)sizeof path ||
	    (file = strdup(path)) == NULL)
		return;
	free(p->arg);
	p->arg = file;
}

static void
save_typed(void *arg, const char *text)
{
	struct attach_view *p = arg;

	if (!keep_arg(p, text))
		return;
	into_directory(p);
	want(p, (part(p)->flags & PARSE_P_MULTI) != 0 ? PARSE_AS_RAW :
	    PARSE_AS_BYTES, save_file);
}

static void
pipe_typed(void *arg, const char *text)
{
	struct attach_view *p = arg;

	if (text != NULL && *text != '\0') {
		free(p->arg);
		p->arg = strdup(text);
		if (p->arg != NULL)
			want(p, PARSE_AS_BYTES, pipe_part);
	}
}

static void
act_save(struct view *v, const char *arg)
{
	char name[256];
	struct prompt_ask ask = { .label = "Save as: ", .text = name,
	    .hist = HIST_FILE, .done = save_typed, .arg = v,
	    .complete = app_complete_file, .complete_arg = v->t };

	attach_part_name(name, sizeof name, part(self(v)));
	if (arg != NULL)
		save_typed(v, arg);
	else
		app_prompt(v->t, &ask);
}

static void
act_pipe(struct view *v, const char *arg)
{
	struct prompt_ask ask = { .label = "Pipe to: ", .hist = HIST_SHELL,
	    .done = pipe_typed, .arg = v };

	if (arg != NULL)
		pipe_typed(v, arg);
	else
		app_prompt(v->t, &ask);
}

/* ---- the view ---- */

static int
put(struct lines_view *l, size_t line, struct buf *b)
{
	const struct parse_part *q = &self(&l->v)->f.show.part[line];
	char size[16];

	text_size(size, sizeof size, q->size);
	buf_addf(b, " %-6s %5s  %*s%s%s%s%s%s%s", q->path[0] ? q->path : "-",
	    size, (int)(q->depth < 20 ? 2 * q->depth : 40), "", q->type,
	    q->filename[0] ? "  " : "", q->filename,
	    q->charset[0] ? "  " : "", q->charset,
	    (q->flags & PARSE_P_BODY) != 0 ? "  (shown)" : "");
	return (q->flags & PARSE_P_ATTACH) != 0 ? PAINT_ATTACHMENT :
	    PAINT_TEXT;
}

static void
draw(struct view *v, const struct area *a)
{
	lines_draw(&self(v)->l, a, "", put);
}

static void
status(struct view *v, struct buf *left, struct buf *right)
{
	buf_adds(left, "parts");
	lines_place(&self(v)->l, right);
}

static void
attach_free(struct view *v)
{
	struct attach_view *p = self(v);

	fetch_forget(v->t, p);
	fetched_clear(&p->f);
	free(p->arg);
	free(p);
}

static view_act *const acts[DO_MAX] = {
	LINES_ACTS, [DO_PART_NEXT] = lines_next, [DO_PART_PREV] = lines_prev,
	[DO_OPEN] = act_open, [DO_MOVE] = act_save, [DO_PIPE] = act_pipe,
};

static const struct view_ops ops = {
	IN_PARTS, "parts", acts, draw, status, NULL, attach_free,
	NULL, NULL, NULL
};

void
attach_open(struct tui *t, struct fetched *f)
{
	struct attach_view *p;
	size_t i;

	if (f->show.npart == 0) {
		app_error(t, "it has no parts");
		return;
	}
	p = calloc(1, sizeof *p);
	if (p == NULL)
		abort();
	p->l.v.ops = &ops;
	fetched_take(&p->f, f);
	p->l.n = p->f.show.npart;
	for (i = p->l.n; i > 0; i--)		/* the first attachment */
		if ((p->f.show.part[i - 1].flags & PARSE_P_ATTACH) != 0)
			p->l.cur = i - 1;
	app_push(t, &p->l.v);
}
