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
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hooks/said.h"
#include "mailnode/filter/op_train.h"
#include "mailnode/filter/rules.h"
#include "mailnode/filter/teach.h"
#include "mailnode/node/ask_hook.h"
#include "mailnode/node/log.h"
#include "mailnode/node/sandbox.h"
#include "mailnode/role/roles.h"
#include "store/ask.h"
#include "store/op_alias.h"
#include "store/op_append.h"
#include "store/op_box.h"
#include "store/op_device.h"
#include "store/op_event.h"
#include "store/op_fsck.h"
#include "store/op_gate.h"
#include "store/op_history.h"
#include "store/op_index.h"
#include "store/op_index_try.h"
#include "store/op_listed.h"
#include "store/op_mail.h"
#include "store/op_queue.h"
#include "store/op_rcpt.h"
#include "store/op_reject.h"
#include "store/op_rule.h"
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
	set_ops, subscribe_ops, recent_ops, append_ops, index_ops, stat_ops,
	fsck_ops,
	submit_ops, queue_ops, mark_ops, sender_ops, result_ops, device_ops,
	snooze_ops, train_ops, history_ops, listed_ops, rule_ops, gate_ops,
	reject_ops, index_try_ops
};

static struct store st;
static struct learner learner;
static struct teach teach;
static struct ask *runner;	/* for what is waited for; NULL: gone */

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

enum {
	DELIVERED_VARS = 9,
	DELIVERED_RULE = 6,		/* if a rule asked for it, one more */
	DELIVERED_VERDICT = 6		/* of `deliver`: three more */
};

struct delivered_vars {
	char		 text[DELIVERED_VARS][HOOK_VAR_MAX];
	const char	*vars[DELIVERED_VARS + 1];
};

/* False: its path is too long. */
static bool
hook_vars(struct delivered_vars *v, const struct proc *pr,
    const struct store_delivered *d, const struct store_ruled *r)
{
	char path[PATH_MAX];
	size_t i, n = DELIVERED_RULE;

	if (snprintf(path, sizeof path, "%s/%s/%s", pr->maildir, d->folder,
	    d->rel) >= (int)sizeof path)
		return false;
#define SET(i, name, value) \
	(void)snprintf(v->text[i], HOOK_VAR_MAX, "MAILNODE_" name "=%.1500s", \
	    value)
	SET(0, "ID", d->trace);
	SET(1, "FOLDER", d->folder);
	SET(2, "PATH", path);
	SET(3, "FROM", d->from);
	SET(4, "SUBJECT", d->subject);
	SET(5, "MESSAGE_ID", d->msgid);
	if (r != NULL && r->rule != 0)
		(void)snprintf(v->text[n++], HOOK_VAR_MAX, "MAILNODE_RULE=%u",
		    r->rule);
	else if (r != NULL) {
		SET(n++, "VERDICT", r->verdict);
		SET(n++, "SENDER", r->sender);
		SET(n++, "RECIPIENT", r->given);
	}
#undef SET
	memset(v->vars, 0, sizeof v->vars);
	for (i = 0; i < n; i++)
		v->vars[i] = v->text[i];
	return true;
}

static void
log_hook(const struct hook_event *e, const struct store_delivered *d)
{
	log_line(LOG_WARN, "hook", "at=%s trace=%s error=%s", e->name,
	    d->trace, strerror(errno));
}

/* The hooks of new mail: told of it, never waited for. */
static void
delivered(void *arg, const struct store_delivered *d)
{
	struct proc *pr = arg;
	struct delivered_vars v;
	struct hook_event e = { "delivered", v.vars, -1 };

	if (pr->link[ROLE_RUNNER] == -1 || !hook_wanted(e.name) ||
	    !hook_vars(&v, pr, d, NULL))
		return;
	e.fd = open(strchr(v.vars[2], '=') + 1, O_RDONLY | O_CLOEXEC |
	    O_NOFOLLOW);
	if (e.fd == -1 || ask_hook_tell(pr->link[ROLE_RUNNER], &e) == -1)
		log_hook(&e, d);
	if (e.fd != -1)
		close(e.fd);
}

/* A rule's programs: waited for, so that none is lost with the runner. */
struct running {
	void	(*done)(void *arg, enum store_ran how,
		    const struct rule_said *said);
	void	*arg;
	unsigned int rule;		/* from 1; 0: what they say counts */
	char	 event[HOOK_EVENT_MAX];
	char	 trace[SPOOL_TRACE_MAX];
};

/* Their word, if it is one: tags that are none, and a folder that is no
 * name, count as nothing said. */
static bool
said_of(const struct hook_answer *a, struct rule_said *out)
{
	struct hook_said s;

	hook_said_parse(a->verdict, strlen(a->verdict), &s);
	memset(out, 0, sizeof *out);
	if (s.tags[0] != '\0' && rules_tags_ok(s.tags))
		(void)snprintf(out->tags, sizeof out->tags, "%s", s.tags);
	if (s.folder[0] != '\0' && box_name_ok(s.folder))
		(void)snprintf(out->folder, sizeof out->folder, "%s",
		    s.folder);
	if (s.quarantine)
		(void)snprintf(out->reason, sizeof out->reason, "%s",
		    s.reason[0] != '\0' ? s.reason : "no reason given");
	return out->tags[0] != '\0' || out->folder[0] != '\0' ||
	    s.quarantine;
}

/* One that failed has said nothing: the message stays as it was judged. */
static void
note_failed(const struct running *x, const struct hook_answer *a)
{
	char text[EVENT_TEXT_MAX], which[HOOK_EVENT_MAX + 32] = "";
	char how[64];

	if (a->err == HOOK_OK && a->status == 0)
		return;
	if (x->rule != 0)
		(void)snprintf(which, sizeof which, "rule=%u hook=%s ",
		    x->rule, x->event);
	if (a->err != HOOK_OK)
		(void)snprintf(how, sizeof how, "%s", hook_err_text(a->err));
	else
		(void)snprintf(how, sizeof how, "status=%d", a->status);
	/* Its first line says most. */
	(void)snprintf(text, sizeof text, "%sfailed: %s%s%.*s", which, how,
	    a->said[0] != '\0' ? " said=" : "",
	    (int)strcspn(a->said, "\r\n"), a->said);
	event_add(&st, x->trace, "", x->rule != 0 ? "rule" : DELIVER_EVENT,
	    text);
}

static void
ran(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct running *x = arg;
	struct rule_said said;
	struct hook_answer *a = malloc(sizeof *a);
	enum store_ran how = status == OP_GONE ? STORE_RUNNER_GONE :
	    STORE_RAN_NOT;
	bool any = false;

	(void)fd;
	if (a != NULL && status == OP_OK && hook_answer_get(in, a) == 0) {
		note_failed(x, a);
		any = x->rule == 0 && said_of(a, &said);
		how = hook_again(a->err) ? STORE_RAN_NOT : STORE_RAN;
	}
	x->done(x->arg, how, any ? &said : NULL);
	free(a);
	free(x);
}

static bool
ruled(void *arg, const struct store_ruled *r)
{
	struct delivered_vars v;
	struct hook_event e = { r->event, v.vars, r->fd };
	struct running *x;
	struct buf args;
	int rc;

	if (runner == NULL || !hook_wanted(e.name) ||
	    !hook_vars(&v, arg, &r->at, r))
		return false;
	x = malloc(sizeof *x);
	if (x == NULL)
		return false;
	*x = (struct running){ .done = r->done, .arg = r->arg,
	    .rule = r->rule };
	(void)snprintf(x->event, sizeof x->event, "%s", r->event);
	(void)snprintf(x->trace, sizeof x->trace, "%s", r->at.trace);
	hook_event_put(&args, &e);
	rc = args.err != 0 ? -1 : ask_send(runner, OP_HOOK_RUN, &args, e.fd,
	    ran, x);
	if (rc == -1) {
		log_hook(&e, &r->at);
		free(x);
	}
	buf_clear(&args);
	return rc == 0;
}

static void
runner_gone(void *arg)
{
	(void)arg;
	ask_free(runner);
	runner = NULL;
}

static void
check_rules(struct proc *pr)
{
	char why[RULES_WHY_MAX], text[RULES_WHY_MAX + 64];
	size_t i, n;

	(void)rules_table(&n);
	for (i = 0; i < n; i++) {
		if (rules_check(i, why, sizeof why))
			continue;
		(void)snprintf(text, sizeof text, "rule %zu is off: %s", i + 1,
		    why);
		proc_alarm(pr, text);
		log_line(LOG_ERROR, "rule", "error=%s", text);
	}
}

static void
hear_parent(void *arg)
{
	proc_hear(arg);
}

/* A link's descriptor stays the process's own: the store gets another. */
static void
linked(void *arg, enum role role, int fd)
{
	struct proc *pr = arg;

	if (role == ROLE_PARSER)
		store_parser(&st, fd);
	else if (role == ROLE_FILER) {
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (fd != -1)
			store_filer(&st, fd);
	} else if (role == ROLE_RUNNER) {
		if (runner != NULL)
			ask_hang_up(runner);
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (fd != -1)
			runner = ask_new(pr->loop, fd, NULL, runner_gone, pr);
		rule_kick(&st);
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
	    .catchall_refused = conf.catchall_refused,
	    .ncatchall_refused = conf.ncatchall_refused,
	    .reserve = conf.reserve, .message_max = conf.message_max };
	sc.rules = rules_table(&sc.nrules);
	sc.rules_sum = rule_sum(sc.rules, sc.nrules);
	sc.deliver = hook_wanted(DELIVER_EVENT);
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
	st.hear = hear_parent;
	st.delivered = delivered;
	st.ruled = ruled;
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
	check_rules(pr);
	proc_serve(pr, &srv);
	if (pr->link[ROLE_FILER] != -1)
		linked(pr, ROLE_FILER, pr->link[ROLE_FILER]);
	if (pr->link[ROLE_RUNNER] != -1)
		linked(pr, ROLE_RUNNER, pr->link[ROLE_RUNNER]);
	proc_ready(pr);
	(void)loop_run(pr->loop);
	teach_clear(&teach);
	learner_clear(&learner);
	store_close(&st);
}
