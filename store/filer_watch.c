/*
 * What other programs do to the Maildir, by inotify.  Events are collected
 * for WATCH_MS, then each name is looked at: what stands there now is told
 * before what is gone, so that a rename is never taken for a loss.  Our own
 * changes come back here too; keeper's rows say the same already.
 *
 * A file that is written where it stands is told of when it is closed, or has
 * rested, as one that was linked there does at once.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "store/filer.h"

enum {
	WATCH_MS = 100,			/* from the first event to telling */
	WATCH_POLL_MS = 1000,		/* where inotify has no more watches */
	WATCH_REST_MS = 500,		/* since the last octet was written */
	WATCH_EMPTY_MS = 30000,		/* the same, when none was */
	WATCH_MAX = 6 * BOX_MAX + 1,
	WATCH_FIRST = 64,		/* room for these, then twice as many */
	WATCH_NAMES_MAX = 1024 * 1024,	/* octets of names collected */
	WATCH_READ = 64 * 1024,		/* octets in one read */
	WATCH_EVENT_MAX = sizeof(struct inotify_event) + NAME_MAX + 1,
	WATCH_DRAIN_MAX = 1024 * 1024	/* octets in one turn */
};

enum { ON_FOLDER, ON_CUR, ON_NEW };

/* The letters in front of names. */
enum { NAME_MADE = 'm', NAME_WRITTEN = 'w', NAME_OTHER = 'o' };

struct watched {
	int	 wd;
	int	 what;			/* ON_* */
	char	 folder[BOX_NAME_MAX];
};

struct filer_watch {
	struct filer		*f;
	struct loop_io		 io;
	struct watched		*at;	/* by wd */
	size_t			 n, room;
	struct buf		 names;	/* letter folder NUL path NUL … */
	struct buf		 held;	/* of these, what still grows */
	struct loop_timer	 tell, poll;
	bool			 all;	/* too much, or folders changed */
	bool			 again;	/* the watches themselves are stale */
	bool			 denied;	/* something could not be looked at */
	bool			 short_of;	/* no more watches to be had */
};

static const uint32_t file_events = IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
    IN_CREATE | IN_CLOSE_WRITE | IN_ONLYDIR;
static const uint32_t folder_events = IN_CREATE | IN_MOVED_TO |
    IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR | IN_DELETE_SELF | IN_MOVE_SELF |
    IN_ATTRIB;			/* of one that may be read now */

/* ---- which folders ---- */

static int
by_wd(const void *a, const void *b)
{
	const struct watched *x = a, *y = b;

	return (x->wd > y->wd) - (x->wd < y->wd);
}

static bool
has_room(struct filer_watch *w)
{
	size_t room = w->room > 0 ? w->room * 2 : WATCH_FIRST;
	struct watched *at;

	if (w->n < w->room)
		return true;
	at = reallocarray(w->at, room, sizeof *at);
	if (at == NULL)
		return false;
	w->at = at;
	w->room = room;
	return true;
}

static void
add(struct filer_watch *w, const char *folder, int what)
{
	static const char *const sub[] = { "", "/cur", "/new" };
	char path[4096];
	struct watched *p;
	int wd;

	if (w->n >= WATCH_MAX || snprintf(path, sizeof path, "%s/%s%s",
	    w->f->maildir, folder, sub[what]) >= (int)sizeof path)
		return;
	if (!has_room(w)) {
		w->short_of = true;
		return;
	}
	wd = inotify_add_watch(w->io.fd, path,
	    what == ON_FOLDER ? folder_events : file_events);
	if (wd == -1) {
		w->short_of = w->short_of || errno == ENOSPC;
		return;
	}
	p = &w->at[w->n++];
	p->wd = wd;
	p->what = what;
	snprintf(p->folder, sizeof p->folder, "%s", folder);
}

static void
add_folder(void *arg, const char *folder, enum file_kind kind)
{
	struct filer_watch *w = arg;

	add(w, folder, ON_FOLDER);
	w->denied = w->denied || kind == FILE_DENIED;
	if (kind != FILE_MAIL)
		return;
	add(w, folder, ON_CUR);
	add(w, folder, ON_NEW);
}

static void
forget(struct filer_watch *w)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		(void)inotify_rm_watch(w->io.fd, w->at[i].wd);
	w->n = 0;
}

static void
watch_all(struct filer_watch *w)
{
	forget(w);
	w->short_of = w->denied = false;
	add(w, "", ON_FOLDER);
	w->again = !filer_each(w->f, add_folder, w);
	if (w->n > 0)
		qsort(w->at, w->n, sizeof *w->at, by_wd);
	if (w->again) {
		w->all = true;
		loop_arm(w->f->loop, &w->tell, WATCH_POLL_MS);
	}
	if (w->short_of)
		loop_arm(w->f->loop, &w->poll, WATCH_POLL_MS);
}

/* ---- telling keeper ---- */

static void
rescan_one(struct op_peer *p, void *arg)
{
	(void)arg;
	op_reply(p, FILE_RESCAN, 0, OP_OK, NULL, -1);
}

struct tell {
	struct filer_watch	*w;
	struct buf		 b;
	const char		*folder;	/* of what is in b */
};

static void
send_one(struct op_peer *p, void *arg)
{
	op_reply(p, FILE_SEEN, 0, OP_OK, arg, -1);
}

static void
send_page(struct tell *t)
{
	if (t->b.len > 0 && t->b.err == 0)
		op_each(&t->w->f->server, send_one, &t->b);
	buf_reset(&t->b);
	t->folder = NULL;
}

static void
tell_name(struct tell *t, const char *folder, const char *rel,
    enum file_how how)
{
	if (t->folder == NULL || strcmp(t->folder, folder) != 0 ||
	    t->b.len > FILE_PAGE_MAX) {
		send_page(t);
		chan_put_str(&t->b, folder);
		t->folder = folder;
	}
	chan_put_u8(&t->b, (uint8_t)how);
	chan_put_str(&t->b, rel);
}

static void
add_name(struct buf *b, char letter, const char *folder, const char *rel)
{
	buf_addc(b, letter);
	buf_add(b, folder, strlen(folder) + 1);
	buf_add(b, rel, strlen(rel) + 1);
}

static bool
grows(const struct stat *st)
{
	int64_t ms;

	if (st->st_nlink > 1)
		return false;		/* was linked there, complete */
	ms = clock_wall_us() / 1000 - (int64_t)st->st_mtim.tv_sec * 1000 -
	    st->st_mtim.tv_nsec / 1000000;
	/* One with a time to come has been given it. */
	return ms >= 0 && ms < (st->st_size > 0 ? WATCH_REST_MS :
	    WATCH_EMPTY_MS);
}

bool
filer_watch_grows(struct filer *f, const char *folder, const char *rel)
{
	struct maildir_name n;
	char path[1024];
	struct stat st;

	if (!maildir_parse(rel, &n) || n.paired || snprintf(path,
	    sizeof path, "%s/%s", folder, rel) >= (int)sizeof path ||
	    fstatat(f->root, path, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !grows(&st))
		return false;
	add_name(&f->watch->names, NAME_MADE, folder, rel);
	if (!f->watch->tell.armed)
		loop_arm(f->loop, &f->watch->tell, WATCH_MS);
	return true;
}

/* Closed since it was made; that is told by itself. */
static bool
closed(const struct filer_watch *w, const char *at, const char *folder,
    const char *rel)
{
	const char *end = (const char *)w->names.data + w->names.len, *name;
	char letter;

	while (at < end) {
		letter = *at++;
		name = at + strlen(at) + 1;
		if (letter == NAME_WRITTEN && strcmp(name, rel) == 0 &&
		    strcmp(at, folder) == 0)
			return true;
		at = name + strlen(name) + 1;
	}
	return false;
}

/* Is it to be told of in this pass, and how? */
static bool
judge(struct filer_watch *w, char letter, const char *folder,
    const char *rel, const char *next, enum file_how *how)
{
	struct maildir_name n;
	char path[1024];
	struct stat st;

	if (snprintf(path, sizeof path, "%s/%s", folder, rel) >=
	    (int)sizeof path)
		return false;
	*how = FILE_GONE;
	if (fstatat(w->f->root, path, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !S_ISREG(st.st_mode))
		return true;
	*how = letter == NAME_WRITTEN ? FILE_WRITTEN : FILE_HERE;
	if (letter != NAME_MADE || !maildir_parse(rel, &n) || n.paired ||
	    !grows(&st))
		return true;
	if (!closed(w, next, folder, rel))
		add_name(&w->held, NAME_MADE, folder, rel);
	return false;
}

static void
tell_pass(struct filer_watch *w, bool gone)
{
	struct tell t = { .w = w };
	const char *p = (const char *)w->names.data, *end, *folder, *rel;
	const char *last = "", *last_folder = "";
	enum file_how how;
	char letter, last_letter = '\0';

	buf_init(&t.b, CHAN_DATA_MAX);
	for (end = p + w->names.len; p < end; ) {
		letter = *p;
		folder = p + 1;
		rel = folder + strlen(folder) + 1;
		p = rel + strlen(rel) + 1;
		/* The same name in another folder is a move. */
		if (letter == last_letter && strcmp(rel, last) == 0 &&
		    strcmp(folder, last_folder) == 0)
			continue;
		last = rel;
		last_folder = folder;
		last_letter = letter;
		if (gone && letter == NAME_MADE)
			continue;	/* those that were held are here */
		if (judge(w, letter, folder, rel, p, &how) &&
		    (how == FILE_GONE) == gone)
			tell_name(&t, folder, rel, how);
	}
	send_page(&t);
	buf_clear(&t.b);
}

static void
tell(void *arg)
{
	struct filer_watch *w = arg;
	struct buf held;

	if (w->again)
		watch_all(w);
	if (w->all || w->names.err != 0)
		op_each(&w->f->server, rescan_one, NULL);
	/* Also what was held: a folder that looks as it did is not read. */
	if (w->names.err == 0 && w->names.len > 0) {
		tell_pass(w, false);
		tell_pass(w, true);
	}
	w->all = false;
	buf_clear(&w->names);
	held = w->names;
	w->names = w->held;
	w->held = held;
	if (w->names.len > 0)
		loop_arm(w->f->loop, &w->tell, WATCH_MS);
}

static void
poll_again(void *arg)
{
	struct filer_watch *w = arg;

	op_each(&w->f->server, rescan_one, NULL);
	loop_arm(w->f->loop, &w->poll, WATCH_POLL_MS);
}

/* ---- events ---- */

static void
event(struct filer_watch *w, const struct inotify_event *e)
{
	struct watched key = { .wd = e->wd }, *at;
	char rel[MAILDIR_REL_MAX];
	struct maildir_name n;

	if (e->mask & IN_Q_OVERFLOW) {
		w->all = true;
		return;
	}
	at = w->n > 0 ? bsearch(&key, w->at, w->n, sizeof *w->at, by_wd) :
	    NULL;
	if (at == NULL || (e->mask & IN_IGNORED))
		return;
	if (at->what == ON_FOLDER) {
		if (e->mask & (IN_ISDIR | IN_DELETE_SELF | IN_MOVE_SELF))
			w->again = w->all = true;
		return;
	}
	if (e->len == 0 || (e->mask & IN_ISDIR) || snprintf(rel, sizeof rel,
	    "%s/%s", at->what == ON_CUR ? "cur" : "new", e->name) >=
	    (int)sizeof rel || !maildir_parse(rel, &n))
		return;
	add_name(&w->names, e->mask & IN_CLOSE_WRITE ? NAME_WRITTEN :
	    e->mask & IN_CREATE ? NAME_MADE : NAME_OTHER, at->folder, rel);
}

/*
 * Reads what has come, but not for ever where it comes as fast: the rest is
 * for the next turn.  Was that all?  A read that left room for one more has
 * left none.
 */
static bool
drain(struct filer_watch *w)
{
	static union {
		char			bytes[WATCH_READ];
		struct inotify_event	align;
	} u;
	const struct inotify_event *e;
	ssize_t n, at, sum = 0;

	do {
		n = read(w->io.fd, u.bytes, sizeof u.bytes);
		for (at = 0; at < n; at += (ssize_t)(sizeof *e + e->len)) {
			e = (const struct inotify_event *)(const void *)
			    (u.bytes + at);
			event(w, e);
		}
		sum += n;
	} while (n > WATCH_READ - WATCH_EVENT_MAX && sum < WATCH_DRAIN_MAX);
	if (!w->tell.armed && (w->names.len > 0 || w->all))
		loop_arm(w->f->loop, &w->tell, WATCH_MS);
	return n <= WATCH_READ - WATCH_EVENT_MAX;
}

static void
ready(void *arg, uint32_t events)
{
	(void)events;
	(void)drain(arg);
}

size_t
filer_watch_mark(struct filer *f)
{
	(void)drain(f->watch);
	return f->watch->names.len;
}

/* rename() has queued its event before it lets anybody read the folder. */
bool
filer_watch_named(struct filer *f, const char *folder, const char *rel,
    size_t mark)
{
	struct filer_watch *w = f->watch;
	struct maildir_name want, n;
	const char *p, *end, *at, *name;

	if (!drain(w) || w->all || w->names.err != 0 ||
	    !maildir_parse(rel, &want))
		return true;
	p = (const char *)w->names.data + mark;
	for (end = p + (w->names.len - mark); p < end; ) {
		at = p + 1;
		name = at + strlen(at) + 1;
		p = name + strlen(name) + 1;
		if (strcmp(at, folder) == 0 && maildir_parse(name, &n) &&
		    maildir_same(&n, &want))
			return true;
	}
	return false;
}

/* ---- life ---- */

/* Our own doing: keeper knows of the folders, but not of what others did
 * to files while the watches were made anew. */
void
filer_watch_denied(struct filer *f)
{
	if (f->watch->denied)
		watch_all(f->watch);
}

void
filer_watch_again(struct filer *f)
{
	f->watch->again = f->watch->all = true;
	if (!f->watch->tell.armed)
		loop_arm(f->loop, &f->watch->tell, WATCH_MS);
}

enum store_err
filer_watch_open(struct filer *f)
{
	struct filer_watch *w = calloc(1, sizeof *w);

	if (w == NULL)
		return STORE_NOMEM;
	w->f = f;
	buf_init(&w->names, WATCH_NAMES_MAX);
	buf_init(&w->held, WATCH_NAMES_MAX);
	w->tell = (struct loop_timer){ .fn = tell, .arg = w };
	w->poll = (struct loop_timer){ .fn = poll_again, .arg = w };
	f->watch = w;
	w->io = (struct loop_io){ .fn = ready, .arg = w };
	w->io.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->io.fd == -1 || loop_add(f->loop, &w->io, EPOLLIN) == -1) {
		/* Without it we look once a second. */
		loop_arm(f->loop, &w->poll, WATCH_POLL_MS);
		return STORE_OK;
	}
	watch_all(w);
	return STORE_OK;
}

void
filer_watch_close(struct filer *f)
{
	struct filer_watch *w = f->watch;

	if (w == NULL)
		return;
	loop_disarm(f->loop, &w->tell);
	loop_disarm(f->loop, &w->poll);
	loop_del(f->loop, &w->io);
	if (w->io.fd != -1)
		close(w->io.fd);
	buf_clear(&w->names);
	buf_clear(&w->held);
	free(w->at);
	free(w);
	f->watch = NULL;
}
