/*
 * indexer: our only writer of the notmuch database.
 *
 * Owns		MAILDIR/.notmuch
 * Holds	the mail, read-only, while it reads a new message
 * Asks		keeper: what there is to learn, and, for tags that others
 *		gave, changes of flags and tags, nothing else
 * Must not	move, expunge or send anything because of a tag
 *
 * A step:	others' changes since the last step → keeper
 *		a batch of keeper's → the index, one commit, closed again
 *		"done up to here, revision so-and-so" → keeper
 *		which of the owner's rules match what came → keeper
 * Killed between any two of these, the next step does them again.
 */
#define _GNU_SOURCE	/* SCHED_BATCH */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/filter/rules_match.h"
#include "mailnode/node/log.h"
#include "mailnode/node/sandbox.h"
#include "mailnode/role/roles.h"
#include "store/index.h"
#include "store/op_mail.h"
#include "store/op_watch.h"

enum {
	GATHER_MS = 150,	/* from first news to a step: a batch grows */
	BATCH_MS = 1000,	/* then the user's own notmuch gets its turn */
	TURN_MS = 20,		/* for which it is left free */
	AGAIN_MS = 2000,	/* after trouble */
	RENAME_MS = 5000,	/* for a file to follow its row */
	SAME_MAX = 1000,	/* messages of one change handed on at once */
	RECENT = 4096,		/* messages handed on that we remember */
	NICE = 19		/* never SCHED_IDLE: beside a busy program it
				   would neither index nor hear a stop */
};

static const char trouble[] = "the search index cannot be written";

struct indexer {
	struct proc	*pr;
	struct index	*x;
	struct op_reply	 r;
	struct loop_timer step;
	struct loop_io	 keeper_io, notify_io;
	bool		 all;		/* everything is to be learnt */
	bool		 alarmed;
	bool		 news;		/* keeper told while a call waited */
	char		 state[INDEX_STATE_MAX];
	/* others' changes that are alike, not handed on yet */
	uint64_t	 id[SAME_MAX];
	size_t		 nid;
	uint32_t	 add, del;
	char		 tags[MAIL_TAGS_MAX];
	uint16_t	 rc;		/* of handing on */
	uint64_t	 stuck_seq;	/* waits for its file */
	int64_t		 stuck_ms;	/* since then, monotonic */
	int64_t		 soon_ms;	/* pause for what the spool holds; 0: none */
	struct {
		uint64_t	id, key;
	}		 recent[RECENT];
	struct rules_match rules;
};

static int
keeper(const struct indexer *ix)
{
	return ix->pr->link[ROLE_KEEPER];
}

/* ---- others' changes ---- */

static void
hand_on(struct indexer *ix)
{
	struct mail_set set = { .id = ix->id, .n = ix->nid };
	struct mail_done done;

	if (ix->nid == 0 || ix->rc != OP_OK)
		return;
	if (ix->add != 0 || ix->del != 0)
		ix->rc = mail_flags(keeper(ix), &ix->r, &set, ix->add,
		    ix->del, &done);
	if (ix->tags[0] != '\0' && ix->rc == OP_OK)
		ix->rc = mail_tags(keeper(ix), &ix->r, &set, ix->tags,
		    &done);
	/* A tag that we do not take is not worth stopping for. */
	if (ix->rc != OP_GONE)
		ix->rc = OP_OK;
	ix->nid = 0;
}

static bool
has_word(const char *list, const char *word, size_t n)
{
	const char *p;

	for (p = list; *p != '\0'; p += strcspn(p, " ")) {
		p += strspn(p, " ");
		if (strncmp(p, word, n) == 0 && (p[n] == ' ' ||
		    p[n] == '\0'))
			return true;
	}
	return false;
}

/* Appends sign and word for each word of `a` that is not in `b`. */
static void
diff(char *dst, size_t size, char sign, const char *a, const char *b)
{
	size_t n, at = strlen(dst);
	const char *p;

	for (p = a; *p != '\0'; p += n) {
		p += strspn(p, " ");
		n = strcspn(p, " ");
		if (n == 0 || has_word(b, p, n) || at + n + 3 > size)
			continue;
		if (at > 0)
			dst[at++] = ' ';
		dst[at++] = sign;
		memcpy(dst + at, p, n);
		dst[at += n] = '\0';
	}
}

static const uint32_t synced = STORE_SEEN | STORE_FLAGGED |
    STORE_ANSWERED | STORE_PASSED | STORE_DRAFT;

/* What a message would be after a change, in a number. */
static uint64_t
key_of(uint32_t flags, const char *tags)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ (flags & synced);

	for (; *tags != '\0'; tags++)
		h = (h ^ (unsigned char)*tags) * UINT64_C(0x100000001b3);
	return h;
}

/*
 * A row of which the index has something to learn.  When that is only what
 * the index said before, a later word from there still counts.
 */
static bool
owners_own(const struct indexer *ix, const struct index_row *row)
{
	size_t i = (size_t)(row->id % RECENT);

	return row->pending && !(ix->recent[i].id == row->id &&
	    ix->recent[i].key == key_of(row->flags, row->tags));
}

static void
note(struct indexer *ix, const struct index_row *row, uint32_t flags,
    const char *tags)
{
	char change[MAIL_TAGS_MAX] = "";
	uint32_t add = flags & ~row->flags & synced;
	uint32_t del = ~flags & row->flags & synced;

	diff(change, sizeof change, '+', tags, row->tags);
	diff(change, sizeof change, '-', row->tags, tags);
	if (add == 0 && del == 0 && change[0] == '\0')
		return;
	if (ix->nid == SAME_MAX || add != ix->add || del != ix->del ||
	    strcmp(change, ix->tags) != 0)
		hand_on(ix);
	ix->add = add;
	ix->del = del;
	memcpy(ix->tags, change, sizeof ix->tags);
	ix->id[ix->nid++] = row->id;
	ix->recent[row->id % RECENT].id = row->id;
	ix->recent[row->id % RECENT].key = key_of(flags, tags);
}

static bool
on_changed(void *arg, const char *msgid, uint32_t flags, const char *tags)
{
	struct indexer *ix = arg;
	struct index_rows rows;
	bool pending = false;
	size_t i;

	if (ix->rc == OP_OK)
		ix->rc = index_find(keeper(ix), &ix->r, msgid, &rows);
	if (ix->rc != OP_OK)
		return false;
	/* Both sides changed it: what the owner did here counts. */
	for (i = 0; i < rows.n; i++)
		pending = pending || owners_own(ix, &rows.row[i]);
	for (i = 0; i < rows.n && !pending; i++)
		note(ix, &rows.row[i], flags, tags);
	index_rows_clear(&rows);
	return ix->rc == OP_OK;
}

/* True when `now` says up to where keeper knows all. */
static bool
take_changes(struct indexer *ix, char *now)
{
	enum store_err e;
	bool ours;

	ix->nid = 0;
	ix->rc = OP_OK;
	e = index_changed(ix->x, ix->state, now, on_changed, ix);
	hand_on(ix);
	ours = e == STORE_OK && ix->rc == OP_OK;
	if (e == STORE_NOTFOUND) {
		log_line(LOG_WARN, "index", "text=%s",
		    "another database: everything is learnt again");
		ix->all = true;
		ours = true;
	}
	if (e == STORE_GONE) {
		/* Only a new process may make a new one: see sandbox.c. */
		log_line(LOG_WARN, "index", "text=%s", "database is away");
		loop_stop(ix->pr->loop);
	}
	return ours;
}

/* ---- our own ---- */

/* Files follow their rows soon; one that does not was lost meanwhile. */
static bool
waited_for(const struct indexer *ix, uint64_t seq)
{
	return ix->stuck_seq == seq &&
	    clock_mono_ms() - ix->stuck_ms > RENAME_MS;
}

/* Items learnt in this batch: *seq is the last.  False: nothing is. */
static bool
learn(struct indexer *ix, const struct index_work *w, char *now,
    uint64_t *seq, size_t *n)
{
	int64_t until = clock_mono_ms() + BATCH_MS;
	char begun[INDEX_STATE_MAX];
	enum store_err e = index_begin(ix->x);

	*n = 0;
	if (e != STORE_OK)
		return false;
	index_state(ix->x, begun, sizeof begun);
	if (strcmp(begun, now) != 0) {
		/* Somebody was here since take_changes(): that first. */
		(void)index_end(ix->x, begun);
		return true;
	}
	while (*n < w->n && clock_mono_ms() < until) {
		e = index_apply(ix->x, &w->item[*n],
		    waited_for(ix, w->item[*n].seq));
		if (e != STORE_OK)
			break;
		*seq = w->item[(*n)++].seq;
	}
	if (e == STORE_BUSY && ix->stuck_seq != w->item[*n].seq) {
		ix->stuck_seq = w->item[*n].seq;
		ix->stuck_ms = clock_mono_ms();
	}
	return index_end(ix->x, now) == STORE_OK && (e == STORE_OK ||
	    e == STORE_BUSY);
}

static bool
everything(struct indexer *ix)
{
	uint64_t from = 0;

	do {
		if (index_all(keeper(ix), &ix->r, &from) != OP_OK)
			return false;
	} while (from != 0);
	ix->all = false;
	return true;
}

static void
alarm_if(struct indexer *ix, bool bad)
{
	if (bad == ix->alarmed)
		return;
	ix->alarmed = bad;
	(bad ? proc_alarm : proc_clear)(ix->pr, trouble);
}

static void
alarm_rule(void *arg, const char *text, bool over)
{
	const struct indexer *ix = arg;

	if (over)
		proc_clear(ix->pr, text);
	else {
		proc_alarm(ix->pr, text);
		log_line(LOG_ERROR, "rule", "error=%s", text);
	}
}

/* What came and is in the index meets the rules, once. */
static int64_t
step_rules(struct indexer *ix, int64_t next)
{
	enum rules_step s = rules_match_step(&ix->rules, ix->x, keeper(ix),
	    &ix->r);

	if (s != RULES_SOON)
		ix->soon_ms = 0;
	switch (s) {
	case RULES_NONE:
		return next;
	case RULES_MORE:
		return next < 0 ? 0 : next;
	case RULES_SOON:
		/* A full disk can keep it there: less and less often. */
		ix->soon_ms = ix->soon_ms == 0 ? TURN_MS :
		    ix->soon_ms * 2 < AGAIN_MS ? ix->soon_ms * 2 : AGAIN_MS;
		return next < 0 ? ix->soon_ms : next;
	default:
		return next < 0 ? AGAIN_MS : next;
	}
}

/* One step; when the next is due, or -1: when there is news. */
static int64_t
step_once(struct indexer *ix)
{
	char now[INDEX_STATE_MAX];
	struct index_work w;
	uint64_t seq = 0;
	int64_t next = -1;
	size_t n = 0;

	if (index_todo(keeper(ix), &ix->r, INDEX_BATCH_MAX, &w) != OP_OK)
		return AGAIN_MS;
	memcpy(ix->state, w.state, sizeof ix->state);
	if (!take_changes(ix, now))
		next = AGAIN_MS;
	else if (ix->all)
		next = everything(ix) && index_done(keeper(ix), &ix->r, 0,
		    now) == OP_OK ? 0 : AGAIN_MS;
	else if (w.n > 0) {
		next = learn(ix, &w, now, &seq, &n) ? 0 : AGAIN_MS;
		alarm_if(ix, next != 0);
	}
	if (next <= 0 && !ix->all && strcmp(now, ix->state) != 0 &&
	    index_done(keeper(ix), &ix->r, seq, now) != OP_OK)
		next = AGAIN_MS;
	else if (next == 0 && n > 0 && strcmp(now, ix->state) == 0)
		/* It changed nothing there, and is done all the same. */
		(void)index_done(keeper(ix), &ix->r, seq, now);
	if (next == 0 && (n == 0 || (n == w.n && !w.more)))
		next = GATHER_MS;
	index_work_clear(&w);
	return next;
}

static void
step(void *arg)
{
	struct indexer *ix = arg;
	int64_t next;

	ix->news = false;
	next = keeper(ix) != -1 ? step_once(ix) : AGAIN_MS;
	if (keeper(ix) != -1)
		next = step_rules(ix, next);
	if (next < 0 && ix->news)
		next = GATHER_MS;
	if (next >= 0)
		loop_arm(ix->pr->loop, &ix->step,
		    next > 0 ? next : TURN_MS);
}

/* ---- news ---- */

static void
soon(struct indexer *ix)
{
	if (!ix->step.armed)
		loop_arm(ix->pr->loop, &ix->step, GATHER_MS);
}

static void
told(void *arg, const struct chan_msg *m)
{
	struct indexer *ix = arg;

	(void)m;
	ix->news = true;
}

static void
keeper_tells(void *arg, uint32_t events)
{
	struct indexer *ix = arg;
	struct buf b;
	struct chan_msg m;
	int n;

	(void)events;
	buf_init(&b, CHAN_RECORD_MAX + 1);
	while ((n = chan_recv(keeper(ix), &b, &m, true)) == 1)
		if (m.fd != -1)
			close(m.fd);
	buf_clear(&b);
	if (n == 0) {
		/* proc_on_link brings the next. */
		loop_del(ix->pr->loop, &ix->keeper_io);
		return;
	}
	soon(ix);
}

static void
notified(void *arg, uint32_t events)
{
	struct indexer *ix = arg;
	char b[4096];

	(void)events;
	while (read(ix->notify_io.fd, b, sizeof b) > 0)
		;
	soon(ix);
}

static void
join_keeper(struct indexer *ix)
{
	ix->keeper_io = (struct loop_io){ .fd = keeper(ix),
	    .fn = keeper_tells, .arg = ix };
	if (keeper(ix) == -1)
		return;
	(void)watch_subscribe(keeper(ix), &ix->r, WATCH_INDEX |
	    WATCH_MAIL | WATCH_BOXES);
	(void)loop_add(ix->pr->loop, &ix->keeper_io, EPOLLIN);
	soon(ix);
}

static void
linked(void *arg, enum role role, int fd)
{
	struct indexer *ix = arg;

	(void)fd;
	if (role != ROLE_KEEPER)
		return;
	/* The old descriptor is closed, and left the loop by that. */
	ix->keeper_io.in = false;
	join_keeper(ix);
}

/* A commit is a rename in that directory, whoever makes it. */
static int
watch_index(const char *maildir)
{
	char path[INDEX_PATH_MAX];
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd == -1 || snprintf(path, sizeof path, "%s/.notmuch/xapian",
	    maildir) >= (int)sizeof path || inotify_add_watch(fd, path,
	    IN_MOVED_TO | IN_DELETE_SELF) == -1)
		log_line(LOG_WARN, "start", "error=%s", "inotify");
	return fd;
}

void
role_indexer(struct proc *pr)
{
	const struct sched_param least = { 0 };
	static struct indexer ix;
	char why[512];

	ix.pr = pr;
	op_reply_init(&ix.r);
	ix.r.told = told;
	ix.r.told_arg = &ix;
	ix.x = index_new(pr->maildir, why, sizeof why);
	if (ix.x == NULL) {
		log_line(LOG_ERROR, "start", "error=%s", why);
		proc_alarm(pr, trouble);
		return;
	}
	ix.all = index_is_new(ix.x);
	rules_match_init(&ix.rules, alarm_rule, &ix);
	ix.step = (struct loop_timer){ .fn = step, .arg = &ix };
	ix.notify_io = (struct loop_io){ .fd = watch_index(pr->maildir),
	    .fn = notified, .arg = &ix };
	(void)sched_setscheduler(0, SCHED_BATCH, &least);
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	proc_on_link(pr, linked, &ix);
	sandbox_enter(pr);
	proc_ready(pr);
	if (ix.notify_io.fd != -1)
		(void)loop_add(pr->loop, &ix.notify_io, EPOLLIN);
	join_keeper(&ix);
	loop_run(pr->loop);
	index_free(ix.x);
	op_reply_clear(&ix.r);
}
