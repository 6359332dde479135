/*
 * parser: reads what strangers wrote, for keeper and for the client.
 *
 * Owns		nothing; lives for one batch or one client, then ends
 * Holds	one read-only file at a time, handed in with each request
 * Asks		nobody
 * Must not	open, connect, or change anything
 */
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "mailnode/filter/teach.h"
#include "mailnode/node/log.h"
#include "mailnode/node/sandbox.h"
#include "mailnode/queue/report.h"
#include "mailnode/role/roles.h"
#include "store/dyn.h"
#include "store/op_parse.h"
#include "store/mtext.h"

/* Octets: eight times the largest file that is parsed (op_parse.c). */
#define MEMORY_MAX	(UINT64_C(2) * 1024 * 1024 * 1024)
enum { FILES_MAX = 64 };

/* A message that makes the libraries hungry ends this process alone. */
static void
limit_memory(void)
{
#if !defined(__SANITIZE_ADDRESS__)
	const struct rlimit memory = { MEMORY_MAX, MEMORY_MAX };
	const struct rlimit files = { FILES_MAX, FILES_MAX };

	(void)setrlimit(RLIMIT_AS, &memory);
	(void)setrlimit(RLIMIT_NOFILE, &files);
#endif
}

/* Whoever asked is gone: so is the reason to be. */
static void
gone(void *service, struct op_peer *p, const char *why)
{
	struct proc *pr = service;

	(void)p;
	if (why != NULL)
		log_line(LOG_WARN, "peer", "error=%s", why);
	loop_stop(pr->loop);
}

void
role_parser(struct proc *pr)
{
	struct op_server srv;

	if (dyn_gmime() == NULL) {
		log_line(LOG_ERROR, "start", "library=gmime error=%s",
		    dyn_error());
		return;
	}
	(void)mtext_init();
	limit_memory();
	op_server_init(&srv, pr->loop, parse_ops, pr);
	op_server_more(&srv, teach_ops);
	op_server_more(&srv, report_ops);
	srv.gone = gone;
	proc_serve(pr, &srv);
	sandbox_enter(pr);
	proc_ready(pr);
	loop_run(pr->loop);
	op_server_clear(&srv);
}
