/*
 * Owns: the processes of hooks, and their seconds.
 * Holds: the message of an event, by descriptor, while a hook reads it.
 * Asks: nobody.
 * Must not: read that message itself; let a hook see mail or state that the
 * hook table does not grant.
 */
#define _DEFAULT_SOURCE	/* realpath */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hooks/run.h"
#include "mailnode/base/clock.h"
#include "mailnode/node/ask_hook.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/log.h"
#include "mailnode/node/sandbox.h"
#include "mailnode/role/roles.h"

enum {
	RUNNING_MAX = 2,	/* hooks at once */
	WAITING_MAX = 1024,	/* events waiting */
	SECONDS_DEFAULT = 30
};

struct job {
	struct job		*next;
	struct runner		*rn;
	struct hook_request	*r;
	struct hook_answer	 answer;
	size_t			 at;	/* in conf.hooks */
	struct hook		*hook;	/* running, or NULL */
	struct loop_io		 out, end;
	struct loop_timer	 late;
};

struct runner {
	struct ask_hook_service	 face;	/* first: what ops see */
	struct loop		*loop;
	struct job		*first, **last;	/* in order of coming */
	unsigned int		 running, waiting;
	char			 mail[PATH_MAX], home[PATH_MAX];
};

static bool	next_program(struct job *j);
static void	go_on(struct runner *rn);

static void
unwatch(struct job *j)
{
	loop_del(j->rn->loop, &j->out);
	loop_del(j->rn->loop, &j->end);
	loop_disarm(j->rn->loop, &j->late);
}

static void
drop_job(struct job *j)
{
	struct runner *rn = j->rn;
	struct job **p;

	for (p = &rn->first; *p != j; )
		p = &(*p)->next;
	*p = j->next;
	if (rn->last == &j->next)
		rn->last = p;
	rn->waiting--;
	ask_hook_reply(j->r, &j->answer);
	hook_request_free(j->r);
	free(j);
}

static void
note_output(struct job *j)
{
	const struct buf *b = hook_output(j->hook);
	size_t i, n = b->len < HOOK_SAID_MAX - 1 ? b->len : HOOK_SAID_MAX - 1;

	for (i = 0; i < n && b->data[i] != '\0'; i++)
		j->answer.said[i] = (char)b->data[i];
	j->answer.said[i] = '\0';
}

/* What one that did not fail says; no line is cut. */
static void
note_verdict(struct job *j)
{
	const struct buf *b = hook_output(j->hook);
	char *dst = j->answer.verdict;
	size_t i, at = strlen(dst), whole = 0;

	for (i = 0; i < b->len && at + i < HOOK_SAID_MAX - 1 &&
	    b->data[i] != '\0'; i++) {
		dst[at + i] = (char)b->data[i];
		if (b->data[i] == '\n')
			whole = i + 1;
	}
	dst[at + whole] = '\0';
}

/* One program has ended. */
static void
ended(struct job *j)
{
	struct hook_answer *a = &j->answer;
	struct runner *rn = j->rn;

	a->err = hook_result(j->hook, &a->status);
	a->ran++;
	if (a->err != HOOK_OK || a->status != 0) {
		note_output(j);
		log_line(LOG_WARN, "hook", "at=%s program=%s error=%s "
		    "status=%d said=%s", j->r->event,
		    conf.hooks[j->at].program, a->err == HOOK_OK ? "failed" :
		    hook_err_text(a->err), a->status, a->said);
	} else
		note_verdict(j);
	hook_free(j->hook);
	j->hook = NULL;
	j->at++;
	rn->running--;
	if (!next_program(j))
		drop_job(j);
	go_on(rn);
}

/* Out of the loop before it may be closed: a hook forked in this moment
 * still has the descriptor, and the kernel would go on to tell of it. */
static void
step(struct job *j)
{
	struct loop *l = j->rn->loop;
	bool over;

	loop_del(l, &j->out);
	loop_del(l, &j->end);
	over = hook_step(j->hook);
	if (!over && ((hook_out_fd(j->hook) != -1 &&
	    loop_add(l, &j->out, EPOLLIN) == -1) ||
	    (hook_end_fd(j->hook) != -1 &&
	    loop_add(l, &j->end, EPOLLIN) == -1)))
		return;		/* its seconds end it */
	if (over) {
		unwatch(j);
		ended(j);
	}
}

static void
on_event(void *arg, uint32_t events)
{
	(void)events;
	step(arg);
}

static void
on_late(void *arg)
{
	step(arg);
}

static int
watch(struct job *j)
{
	struct loop *l = j->rn->loop;

	j->out = (struct loop_io){ .fd = hook_out_fd(j->hook),
	    .fn = on_event, .arg = j };
	j->end = (struct loop_io){ .fd = hook_end_fd(j->hook),
	    .fn = on_event, .arg = j };
	j->late = (struct loop_timer){ .fn = on_late, .arg = j };
	if (loop_add(l, &j->out, EPOLLIN) == -1 ||
	    loop_add(l, &j->end, EPOLLIN) == -1)
		return -1;
	loop_arm(l, &j->late, hook_due_ms(j->hook) - clock_mono_ms() + 1);
	return 0;
}

static enum hook_err
start(struct job *j, const struct conf_hook *c)
{
	const char *argv[] = { c->program, NULL };
	bool mail = (c->flags & CONF_HOOK_MAIL) != 0;
	const char *hidden[] = { j->rn->home, mail ? NULL : j->rn->mail,
	    NULL };
	char event[HOOK_EVENT_MAX + 16];
	struct hook_spec spec = { .argv = argv, .hidden = hidden,
	    .seconds = c->seconds > 0 ? c->seconds : SECONDS_DEFAULT,
	    .mib = c->mib, .jail = HOOK_USER, .keep_stderr = true,
	    .net = (c->flags & CONF_HOOK_NET) != 0 };
	enum hook_err e;

	snprintf(event, sizeof event, "MAILNODE_EVENT=%s", j->r->event);
	j->r->vars[j->r->nvars] = event;
	spec.vars = (const char *const *)j->r->vars;
	if (mail && j->r->fd != -1)
		(void)lseek(j->r->fd, 0, SEEK_SET);
	e = hook_start(&j->hook, &spec, mail ? j->r->fd : -1);
	j->r->vars[j->r->nvars] = NULL;
	if (e == HOOK_OK && watch(j) == -1) {
		unwatch(j);
		hook_free(j->hook);
		j->hook = NULL;
		e = HOOK_SYSTEM;
	}
	return e;
}

/* The job's next program of its event; false when it has no more. */
static bool
next_program(struct job *j)
{
	const struct conf_hook *c;
	enum hook_err e;

	if (j->answer.err != HOOK_OK || j->answer.status != 0)
		return false;
	for (; j->at < conf.nhooks; j->at++) {
		c = &conf.hooks[j->at];
		if (c->event == NULL || strcmp(c->event, j->r->event) != 0)
			continue;
		e = start(j, c);
		if (e == HOOK_OK) {
			j->rn->running++;
			return true;
		}
		j->answer.err = e;
		j->answer.status = -1;
		log_line(LOG_WARN, "hook", "at=%s program=%s error=%s",
		    j->r->event, c->program, hook_err_text(e));
		return false;
	}
	return false;
}

/* Starts what may run; answers what is done. */
static void
go_on(struct runner *rn)
{
	struct job *j, *next;

	for (j = rn->first; j != NULL && rn->running < RUNNING_MAX; j = next) {
		next = j->next;
		if (j->hook == NULL && !next_program(j))
			drop_job(j);
	}
}

static void
on_run(struct ask_hook_service *face, struct hook_request *r)
{
	struct runner *rn = (struct runner *)(void *)face;
	struct hook_answer full = { .err = HOOK_SYSTEM, .status = -1 };
	struct job *j;

	j = rn->waiting < WAITING_MAX ? calloc(1, sizeof *j) : NULL;
	if (j == NULL) {
		ask_hook_reply(r, &full);
		hook_request_free(r);
		return;
	}
	j->rn = rn;
	j->r = r;
	j->out.fd = j->end.fd = -1;
	*rn->last = j;
	rn->last = &j->next;
	rn->waiting++;
	go_on(rn);
}

static void
on_gone(void *service, struct op_peer *p, const char *why)
{
	struct runner *rn = service;
	struct job *j;

	if (why != NULL)
		log_line(LOG_WARN, "peer", "peer=%s error=%s",
		    op_peer_name(p), why);
	for (j = rn->first; j != NULL; j = j->next)
		if (j->r->peer == p)
			j->r->peer = NULL;
}

/* What is hidden is compared with real paths. */
static void
real(const char *path, char out[PATH_MAX])
{
	if (realpath(path, out) == NULL)
		snprintf(out, PATH_MAX, "%s", path);
}

void
role_runner(struct proc *pr)
{
	struct runner rn = { .face = { on_run }, .loop = pr->loop };
	struct op_server srv;

	rn.last = &rn.first;
	real(pr->home, rn.home);
	real(pr->maildir, rn.mail);
	op_server_init(&srv, pr->loop, ask_hook_ops, &rn);
	srv.gone = on_gone;
	proc_serve(pr, &srv);
	sandbox_enter(pr);
	proc_ready(pr);
	loop_run(pr->loop);
	op_server_clear(&srv);
}
