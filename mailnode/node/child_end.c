/*
 * Stopping goes by rank, so that what is under way can still be kept: first
 * those who bring work (sessions, relays, sender, indexer, readers), then
 * keeper, then the services that keeper asks.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "mailnode/base/clock.h"
#include "mailnode/node/child_parts.h"
#include "mailnode/node/log.h"

enum {
	AGAIN_FIRST_MS = 100,		/* a role that ran well starts soon */
	AGAIN_WELL_MS = 60000,		/* this long up: the backoff forgets */
	AGAIN_INDEXER_MS = 2000		/* each death brings it forward: keeper
					   gives it less (op_index_try.h) */
};

static void
run_again(struct nursery *n, const struct child *c)
{
	enum role r = c->entry->role;
	int64_t *wait = &n->again_ms[r];
	int64_t most = r == ROLE_INDEXER && c->ready ? AGAIN_INDEXER_MS :
	    NURSERY_AGAIN_MAX_MS;

	if (clock_mono_ms() - c->started_ms > AGAIN_WELL_MS || *wait == 0)
		*wait = AGAIN_FIRST_MS;
	else
		*wait = *wait * 2 < most ? *wait * 2 : most;
	loop_arm(n->loop, &n->again[r], *wait);
}

static const char *
crash_name(int status)
{
	if (!WIFSIGNALED(status))
		return NULL;
	switch (WTERMSIG(status)) {
	case SIGSYS:
		return "SIGSYS";
	case SIGSEGV:
		return "SIGSEGV";
	case SIGABRT:
		return "SIGABRT";
	case SIGBUS:
		return "SIGBUS";
	case SIGFPE:
		return "SIGFPE";
	case SIGILL:
		return "SIGILL";
	default:
		return NULL;
	}
}

static void
bury(struct nursery *n, struct child *c, int status)
{
	const char *crash = crash_name(status);
	bool failed = !WIFEXITED(status) || WEXITSTATUS(status) != 0;

	if (crash != NULL)
		n->crashes[c->entry->role]++;
	if (failed || (c->entry->life == LIFE_RUN && !n->stopping))
		log_line(failed ? LOG_ERROR : LOG_WARN, "ended",
		    "child=%d name=%s status=%d signal=%d", (int)c->pid,
		    role_name(c->entry->role),
		    WIFEXITED(status) ? WEXITSTATUS(status) : 0,
		    WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	c->pid = 0;
	c->failed = failed;
	/* Who hangs up at once is counted, too, and why a role could not start
	 * is heard. */
	if (c->chan != NULL && (c->entry->life == LIFE_CONN || failed))
		op_drain(c->chan);
	if (c->chan != NULL) {
		op_peer_set(c->chan, NULL);
		op_drop(c->chan, NULL);
	}
	if (n->ended != NULL)
		n->ended(n->arg, c, crash);
	if (c->entry->life == LIFE_RUN && !n->stopping)
		run_again(n, c);
	free(c);
}

void
nursery_reap(struct nursery *n)
{
	struct child **p, *c;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (p = &n->children; (c = *p) != NULL; p = &c->next)
			if (c->pid == pid)
				break;
		if (c == NULL)
			continue;
		*p = c->next;
		bury(n, c, status);
	}
	if (n->stopping)
		nursery_stop(n);
}

static int
stop_rank(const struct child *c)
{
	switch (c->entry->role) {
	case ROLE_KEEPER:
		return 1;
	case ROLE_FILER:
	case ROLE_PARSER:
	case ROLE_RUNNER:
	case ROLE_VAULT:
	case ROLE_RESOLVER:
		return 2;
	default:
		return 0;
	}
}

/* One rank at a time: called again after each death. */
void
nursery_stop(struct nursery *n)
{
	struct child *c;
	int rank = 3;

	n->stopping = true;
	for (c = n->children; c != NULL; c = c->next)
		rank = stop_rank(c) < rank ? stop_rank(c) : rank;
	for (c = n->children; c != NULL; c = c->next) {
		if (stop_rank(c) != rank || c->stopping)
			continue;
		c->stopping = true;
		if (c->chan != NULL)
			op_reply(c->chan, PROC_STOP, 0, 0, NULL, -1);
	}
}

bool
nursery_idle(const struct nursery *n)
{
	return n->children == NULL;
}

void
nursery_kill(struct nursery *n, enum role role)
{
	struct child *c;

	for (c = n->children; c != NULL; c = c->next)
		if (role == ROLE_MAX || c->entry->role == role)
			(void)kill(c->pid, SIGKILL);
}
