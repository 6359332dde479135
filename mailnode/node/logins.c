#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "mailnode/node/log.h"
#include "mailnode/node/logins.h"

static struct child *
find(const struct nursery *n, uint32_t session)
{
	struct child *c;

	for (c = n->children; c != NULL; c = c->next)
		if (c->conn.session == session &&
		    (c->entry->role == ROLE_IMAP ||
		    c->entry->role == ROLE_SUBMISSION))
			return c;
	return NULL;
}

/* A session that was taken over does not end because it is told to. */
static void
over(void *arg)
{
	struct logins *l = arg;
	int64_t now = clock_mono_ms(), next = 0;
	struct child *c;

	for (c = l->n->children; c != NULL; c = c->next) {
		if (c->over_ms == 0)
			continue;
		if (c->over_ms <= now)
			(void)kill(c->pid, SIGKILL);
		else if (next == 0 || c->over_ms < next)
			next = c->over_ms;
	}
	if (next != 0)
		loop_arm(l->n->loop, &l->over, next - now);
}

void
logins_init(struct logins *l, struct nursery *n, struct faults *f)
{
	memset(l, 0, sizeof *l);
	l->n = n;
	l->faults = f;
	l->over = (struct loop_timer){ .fn = over, .arg = l };
}

static void
end(struct logins *l, struct child *c)
{
	c->scope = 0;
	if (c->over_ms != 0)
		return;
	c->over_ms = clock_mono_ms() + LOGINS_OVER_MS;
	if (c->chan != NULL)
		op_reply(c->chan, PROC_STOP, 0, 0, NULL, -1);
	if (!l->over.armed)
		loop_arm(l->n->loop, &l->over, LOGINS_OVER_MS);
}

static void
begin(struct logins *l, struct child *c, const struct proc_login *p)
{
	memcpy(c->device, p->device, sizeof c->device);
	memcpy(c->folder, p->folder, sizeof c->folder);
	c->scope = p->scope;
	bans_known(l->faults->bans, c->conn.peer, p->device, clock_wall_s());
	if (!c->wants_reader)
		return;
	c->wants_reader = false;
	nursery_want_reader(l->n, c);
}

/* Whoever has a right secret at the wrong time or place is no guesser. */
static void
failed(struct logins *l, const struct child *c, const struct proc_login *p)
{
	char what[sizeof p->user + sizeof p->why + 4];

	if (p->device[0] != '\0')
		return;
	snprintf(what, sizeof what, "%.40s (%.36s)", p->user[0] != '\0' ?
	    p->user : "-", p->why);
	faults_count(l->faults, &c->conn, BAN_LOGIN_DOORS, BAN_LOGINS, what);
}

void
logins_tell(struct logins *l, const struct proc_login *p)
{
	static const char *const names[] = { [LOGIN_OK] = "login",
	    [LOGIN_FAILED] = "login-failed", [LOGIN_OVER] = "logout" };
	struct child *c = find(l->n, p->session);

	if (c == NULL)
		return;
	log_line(LOG_INFO, names[p->outcome], "service=%s peer=%s user=%s "
	    "device=%s reason=%s", role_name(c->entry->role), c->conn.peer,
	    p->user, p->device, p->why);
	if (p->outcome == LOGIN_OK)
		begin(l, c, p);
	else if (p->outcome == LOGIN_FAILED)
		failed(l, c, p);
	else if (p->outcome == LOGIN_OVER)
		end(l, c);
}
