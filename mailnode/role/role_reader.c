/*
 * reader: answers what the client and IMAP sessions look at.
 *
 * Owns		nothing; lives as long as its client
 * Holds	store.db, the index and the mail, all read-only
 * Asks		nobody
 * Must not	write, connect, or parse a message
 */
#include <stdlib.h>

#include "mailnode/node/conf.h"
#include "mailnode/node/log.h"
#include "mailnode/node/sandbox.h"
#include "mailnode/role/roles.h"
#include "store/dyn.h"
#include "store/op_find.h"
#include "store/op_order.h"
#include "store/op_list.h"
#include "store/op_msg.h"
#include "store/op_view.h"
#include "store/reader.h"

static struct loop *loop;

/* One client each: a slow search is nobody else's.  Without it, the end. */
static void
gone(void *service, struct op_peer *p, const char *why)
{
	(void)service;
	if (why != NULL)
		log_line(LOG_WARN, "peer", "session=%u error=%s",
		    op_peer_session(p), why);
	loop_stop(loop);
}

/* The reader knows queries by its own type: conf stands right of store. */
static struct saved_query *
saved(size_t *n)
{
	struct saved_query *q = calloc(conf.nqueries + 1, sizeof *q);
	size_t i;

	for (i = 0; q != NULL && i < conf.nqueries; i++)
		q[i] = (struct saved_query){ conf.queries[i].name,
		    conf.queries[i].query };
	*n = q != NULL ? conf.nqueries : 0;
	return q;
}

/* How many messages of all match a query is not for who sees one folder:
 * the index knows no views.  What is not listed yet a device takes for
 * deleted; a person sees it come. */
static uint16_t
may(void *service, const struct op_call *c)
{
	struct reader *r = service;

	r->whole = c->role == ROLE_IMAP;
	return r->only != NULL && c->type == LIST_COUNT ? OP_SCOPE : OP_OK;
}

void
role_reader(struct proc *pr)
{
	struct op_server srv;
	struct saved_query *queries;
	struct reader r;

	loop = pr->loop;
	reader_init(&r, pr->home, pr->maildir);
	r.only = pr->limit[0] != '\0' ? pr->limit : NULL;
	r.saved = queries = saved(&r.nsaved);
	r.small = pr->light;
	r.reserve = conf.reserve;
	if (!pr->light && dyn_notmuch() == NULL)
		log_line(LOG_WARN, "start", "library=notmuch error=%s",
		    dyn_error());
	op_server_init(&srv, pr->loop, list_ops, &r);
	op_server_more(&srv, msg_ops);
	op_server_more(&srv, view_ops);
	op_server_more(&srv, view_row_ops);
	op_server_more(&srv, view_file_ops);
	op_server_more(&srv, find_ops);
	op_server_more(&srv, order_ops);
	srv.may = may;
	srv.gone = gone;
	proc_serve(pr, &srv);
	sandbox_enter(pr);
	proc_ready(pr);
	reader_warm(&r);
	loop_run(pr->loop);
	op_server_clear(&srv);
	reader_clear(&r);
	free(queries);
}
