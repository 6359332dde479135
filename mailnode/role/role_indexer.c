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
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/node/log.h"
#include "mailnode/node/sandbox.h"
#include "mailnode/role/indexer.h"
#include "mailnode/role/roles.h"
#include "store/op_watch.h"

enum {
	GATHER_MS = 150,	/* from first news to a step: a batch grows */
	STREAM = 32,		/* from so many on more come: */
	STREAM_MS = 500,	/* each commit writes what most have alike */
	TURN_MS = 20,		/* for which it is left free */
	AGAIN_MS = 2000,	/* after trouble */
	NICE = 19		/* never SCHED_IDLE: beside a busy program it
				   would neither index nor hear a stop */
};

#define OOM_SCORE	"500"

static const char trouble[] = "the search index cannot be written";
static const char damaged[] = "the search index was damaged: it is made anew";

/* True when `now` says up to where keeper knows all. */
static bool
take_changes(struct indexer *ix, char *now)
{
	enum store_err e;
	bool ours;

	ix->theirs.keeper = indexer_keeper(ix);
	e = index_theirs(&ix->theirs, ix->x, ix->state, now);
	/* What others have learnt may be news to keeper only after this. */
	if (strcmp(now, ix->state) != 0)
		ix->drained = false;
	ours = e == STORE_OK;
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

static void
odd_tag(void *arg, const char *tag)
{
	(void)arg;
	log_line(LOG_WARN, "index", "tag=%s text=%s", tag,
	    "is no tag here: it stays in the index alone");
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
	enum rules_step s = rules_match_step(&ix->rules, ix->x, indexer_keeper(ix),
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

	if (index_todo(indexer_keeper(ix), &ix->r, INDEX_BATCH_MAX, &w) != OP_OK)
		return AGAIN_MS;
	memcpy(ix->state, w.state, sizeof ix->state);
	ix->drained |= w.n == 0;
	if (!take_changes(ix, now))
		next = AGAIN_MS;
	else if (ix->all)
		next = indexer_everything(ix) && index_done(indexer_keeper(ix), &ix->r, 0,
		    now) == OP_OK ? 0 : AGAIN_MS;
	else if (w.n > 0) {
		next = indexer_learn(ix, &w, now, &seq, &n) ? 0 : AGAIN_MS;
		alarm_if(ix, next != 0);
	}
	if (next <= 0 && !ix->all && strcmp(now, ix->state) != 0 &&
	    index_done(indexer_keeper(ix), &ix->r, seq, now) != OP_OK)
		next = AGAIN_MS;
	else if (next == 0 && n > 0 && strcmp(now, ix->state) == 0)
		/* It changed nothing there, and is done all the same. */
		(void)index_done(indexer_keeper(ix), &ix->r, seq, now);
	if (ix->anew && !ix->all && w.n == 0) {
		ix->anew = false;
		proc_clear(ix->pr, damaged);
	}
	if (next == 0 && (n == 0 || (n == w.n && !w.more)))
		next = n < STREAM ? GATHER_MS : STREAM_MS;
	index_work_clear(&w);
	return next;
}

static void
step(void *arg)
{
	struct indexer *ix = arg;
	int64_t next;

	ix->news = false;
	next = indexer_keeper(ix) != -1 ? step_once(ix) : AGAIN_MS;
	if (indexer_keeper(ix) != -1)
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
	while ((n = chan_recv(indexer_keeper(ix), &b, &m, true)) == 1)
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
	ix->keeper_io = (struct loop_io){ .fd = indexer_keeper(ix),
	    .fn = keeper_tells, .arg = ix };
	ix->drained = false;
	if (indexer_keeper(ix) == -1)
		return;
	(void)watch_subscribe(indexer_keeper(ix), &ix->r, WATCH_INDEX |
	    WATCH_MAIL | WATCH_BOXES);
	(void)loop_add(ix->pr->loop, &ix->keeper_io, EPOLLIN);
	soon(ix);
}

/* A disk was mounted there since: the index is on it, out of reach. */
static bool
mail_moved(const struct indexer *ix)
{
	struct stat now;

	return stat(ix->pr->maildir, &now) == 0 &&
	    (now.st_dev != ix->mail.st_dev || now.st_ino != ix->mail.st_ino);
}

static void
linked(void *arg, enum role role, int fd)
{
	struct indexer *ix = arg;

	(void)fd;
	if (role != ROLE_KEEPER)
		return;
	if (mail_moved(ix)) {
		log_line(LOG_WARN, "end", "error=%s",
		    "the mail is elsewhere now");
		_exit(0);
	}
	/* The old descriptor is closed, and left the loop by that. */
	ix->keeper_io.in = false;
	join_keeper(ix);
}

/* Where memory is short, the kernel ends what loses nothing. */
static void
go_first(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd == -1 || write(fd, OOM_SCORE, sizeof OOM_SCORE - 1) == -1)
		log_line(LOG_INFO, "start", "error=%s", "oom_score_adj");
	if (fd != -1)
		close(fd);
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
	ix.theirs.r = &ix.r;
	(void)stat(pr->maildir, &ix.mail);
	ix.x = index_new(pr->maildir, why, sizeof why);
	if (ix.x == NULL) {
		log_line(LOG_ERROR, "start", "error=%s", why);
		proc_alarm(pr, trouble);
		return;
	}
	index_on_odd(ix.x, odd_tag, NULL);
	ix.all = index_is_new(ix.x);
	ix.anew = index_was_damaged(ix.x);
	if (ix.anew)
		proc_alarm(pr, damaged);
	rules_match_init(&ix.rules, alarm_rule, &ix);
	ix.step = (struct loop_timer){ .fn = step, .arg = &ix };
	ix.notify_io = (struct loop_io){ .fd = watch_index(pr->maildir),
	    .fn = notified, .arg = &ix };
	(void)sched_setscheduler(0, SCHED_BATCH, &least);
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	go_first();
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
