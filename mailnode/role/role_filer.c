/*
 * Owns: the Maildir, as its only writer.
 * Holds: nothing; asks: nobody; serves keeper.
 * Must not: parse mail, open anything outside the Maildir, write a
 * database.
 */
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailnode/node/log.h"
#include "mailnode/node/sandbox.h"
#include "mailnode/role/roles.h"
#include "store/filer.h"

/* What is accepted is safe; those who still knock go first. */
enum { NICE = 5 };

static void
say(const char *what, const char *why)
{
	log_line(LOG_WARN, what, "error=%s", why);
}

static void
turn(void *arg)
{
	struct filer *f = arg;

	filer_turn(f);
	if (f->moved) {
		log_line(LOG_WARN, "end", "error=%s",
		    "the mail is elsewhere now");
		_exit(0);
	}
}

void
role_filer(struct proc *pr)
{
	static struct filer f;
	enum store_err rc;

	(void)umask(077);
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	rc = filer_open(&f, pr->loop, pr->maildir);
	if (rc != STORE_OK) {
		log_line(LOG_ERROR, "start", "maildir=%s error=%s",
		    pr->maildir, store_err_text(rc));
		_exit(1);
	}
	f.log = say;
	op_server_init(&f.server, pr->loop, file_ops, &f);
	f.server.gone = filer_gone;
	f.server.may = filer_may;
	loop_at_turn(pr->loop, turn, &f);
	sandbox_enter(pr);
	proc_serve(pr, &f.server);
	proc_ready(pr);
	(void)loop_run(pr->loop);
	filer_close(&f);
}
