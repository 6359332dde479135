/*
 * Owns: spool.db, node.db, store.db, events.db, as their only writer, and
 * the large bodies below .mailnode/spool.
 * Holds: no key; reads mail files only to hand them to a parser.
 * Asks: filer (files), parser (what a message says), runner (hooks).
 * Must not: parse mail, write mail files, wait for anything but its commit.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailnode/filter/op_train.h"
#include "mailnode/filter/teach.h"
#include "mailnode/node/ask_hook.h"
#include "mailnode/node/log.h"
#include "mailnode/node/sandbox.h"
#include "mailnode/role/roles.h"
#include "store/op_alias.h"
#include "store/op_box.h"
#include "store/op_device.h"
#include "store/op_event.h"
#include "store/op_fsck.h"
#include "store/op_history.h"
#include "store/op_index.h"
#include "store/op_listed.h"
#include "store/op_mail.h"
#include "store/op_queue.h"
#include "store/op_rcpt.h"
#include "store/op_sender.h"
#include "store/op_set.h"
#include "store/op_snooze.h"
#include "store/op_spool.h"
#include "store/op_stat.h"
#include "store/op_submit.h"
#include "store/op_watch.h"
#include "store/store.h"

/* Ops of this process, file by file. */
static const struct op *const tables[] = {
	rcpt_ops, event_ops, box_ops, mail_ops, watch_ops, alias_ops,
	set_ops, index_ops, stat_ops, fsck_ops, submit_ops, queue_ops,
	sender_ops, device_ops, snooze_ops, train_ops,
	history_ops, listed_ops
};

static struct store st;
static struct learner learner;
static struct teach teach;

static void
alarm_owner(void *arg, const char *text, bool over)
{
	if (over)
		proc_clear(arg, text);
	else
		proc_alarm(arg, text);
}

static void
damaged_tokens(void *arg, const char *text)
{
	proc_alarm(arg, text);
	log_line(LOG_WARN, "tokens", "error=%s", text);
}

static void
judged(void *arg, const struct store_judged *j)
{
	(void)arg;
	teach_judged(&teach, j);
}

static void
say(void *arg, const char *event, const char *text)
{
	(void)arg;
	log_line(LOG_WARN, event, "error=%s", text);
}

static void
want_parser(void *arg)
{
	(void)proc_want(arg, ROLE_PARSER);
}

enum { DELIVERED_VARS = 6 };

/* The hooks of new mail: told of it, never waited for. */
static void
delivered(void *arg, const struct store_delivered *d)
{
	struct proc *pr = arg;
	char text[DELIVERED_VARS][HOOK_VAR_MAX], path[PATH_MAX];
	const char *vars[DELIVERED_VARS + 1] = { NULL };
	struct hook_event e = { "delivered", vars, -1 };
	size_t i;

	if (pr->link[ROLE_RUNNER] == -1 || !hook_wanted(e.name))
		return;
	if (snprintf(path, sizeof path, "%s/%s/%s", pr->maildir, d->folder,
	    d->rel) >= (int)sizeof path)
		return;
#define SET(i, name, value) \
	(void)snprintf(text[i], sizeof text[i], "MAILNODE_" name "=%.1500s", \
	    value)
	SET(0, "ID", d->trace);
	SET(1, "FOLDER", d->folder);
	SET(2, "PATH", path);
	SET(3, "FROM", d->from);
	SET(4, "SUBJECT", d->subject);
	SET(5, "MESSAGE_ID", d->msgid);
#undef SET
	for (i = 0; i < DELIVERED_VARS; i++)
		vars[i] = text[i];
	e.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (e.fd == -1 || ask_hook_tell(pr->link[ROLE_RUNNER], &e) == -1)
		log_line(LOG_WARN, "hook", "event=%s trace=%s error=%s",
		    e.name, d->trace, strerror(errno));
	if (e.fd != -1)
		close(e.fd);
}

/* A link's descriptor stays the process's own: the store gets another. */
static void
linked(void *arg, enum role role, int fd)
{
	(void)arg;
	if (role == ROLE_PARSER)
		store_parser(&st, fd);
	else if (role == ROLE_FILER) {
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (fd != -1)
			store_filer(&st, fd);
	}
}

static void
turn(void *arg)
{
	store_turn(arg);
	if (st.failed == STORE_OK)
		return;
	/* Started again it makes anew, or salvages, what is damaged. */
	store_close(&st);
	if (st.failed == STORE_GONE) {
		log_line(LOG_INFO, "store", "rebuild=%d", 1);
		_exit(0);
	}
	log_line(LOG_ERROR, "store", "error=%s", store_err_text(st.failed));
	_exit(1);
}

static const struct store_conf *
configure(const struct proc *pr)
{
	static struct store_conf sc;

	sc = (struct store_conf){ .home = pr->home, .maildir = pr->maildir,
	    .hostname = conf.hostname, .user = conf.user,
	    .domains = conf.domains, .ndomains = conf.ndomains,
	    .subaddress = conf.subaddress, .catchall = conf.catchall,
	    .reserve = conf.reserve, .message_max = conf.message_max };
	return &sc;
}

void
role_keeper(struct proc *pr)
{
	static struct op_server srv;
	char why[256];
	size_t i;

	(void)umask(077);
	st.arg = pr;
	st.alarm = alarm_owner;
	st.log = say;
	st.want_parser = want_parser;
	st.delivered = delivered;
	if (store_open(&st, configure(pr), pr->loop, why, sizeof why) !=
	    STORE_OK) {
		proc_alarm(pr, why);
		log_line(LOG_ERROR, "start", "error=%s", why);
		_exit(1);
	}
	learner_init(&learner, pr->home, pr->loop, damaged_tokens, pr);
	st.filter = &learner;
	teach_init(&teach, &st, &learner);
	st.judged = judged;
	op_server_init(&srv, pr->loop, spool_ops, &st);
	for (i = 0; i < sizeof tables / sizeof tables[0]; i++)
		op_server_more(&srv, tables[i]);
	srv.may = device_may;
	srv.gone = store_gone;
	st.server = &srv;
	loop_at_turn(pr->loop, turn, &st);
	proc_on_link(pr, linked, pr);
	sandbox_enter(pr);
	proc_serve(pr, &srv);
	if (pr->link[ROLE_FILER] != -1)
		linked(pr, ROLE_FILER, pr->link[ROLE_FILER]);
	proc_ready(pr);
	(void)loop_run(pr->loop);
	teach_clear(&teach);
	learner_clear(&learner);
	store_close(&st);
}
