/*
 * What programs of this machine hand in: who they are, whose identity they
 * may have, and the letter made and queued.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "crypto/secret.h"
#include "mailnode/base/clock.h"
#include "mailnode/cmd_send.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/control.h"
#include "mailnode/node/here.h"
#include "mailnode/queue/addrs.h"
#include "mailnode/queue/route.h"
#include "store/err.h"
#include "store/op_rcpt.h"

int
send_fail(struct send *s, int status, const char *what, const char *why)
{
	(void)snprintf(s->why, sizeof s->why, "%s: %s", what, why);
	return status;
}

static int
status_of(uint16_t rc)
{
	switch (rc) {
	case QUEUE_E_IDENTITY:
	case OP_DENIED:
	case STORE_DENIED:
		return EX_NOPERM;
	case QUEUE_E_RCPT:
		return EX_NOUSER;
	case STORE_TOOBIG:
		return EX_DATAERR;
	case OP_GONE:
	case STORE_NOSPACE:
	case STORE_BUSY:
	case STORE_NOMEM:
		return EX_TEMPFAIL;
	default:
		return EX_OSERR;
	}
}

/* ---- who we are ---- */

/*
 * Another user of this machine comes by conf.local_socket, the owner by the
 * node itself.  Whose node it is shows in whose socket it is.
 */
bool
send_is_local(void)
{
	struct stat st;

	if (conf.local_socket == NULL || getenv("MAILNODE_HOME") != NULL)
		return false;
	return stat(conf.local_socket, &st) == 0 && st.st_uid != geteuid();
}

static int
join(struct send *s)
{
	s->local = send_is_local();
	if (s->local) {
		s->ch = node_link_local();
		/* The daemon closes the door without a word. */
		if (s->ch == -1 && !conf_may_submit(getuid()))
			return send_fail(s, EX_NOPERM, conf.local_socket, "this "
			    "user is not in local_uids[] of config.h");
		return s->ch == -1 ? send_fail(s, errno == EACCES ? EX_NOPERM :
		    EX_TEMPFAIL, conf.local_socket, strerror(errno)) : 0;
	}
	s->node = node_connect(false);
	if (s->node == NULL)
		return send_fail(s, EX_TEMPFAIL, "node", node_why(errno));
	s->ch = node_link(s->node, ROLE_KEEPER);
	return s->ch == -1 ? send_fail(s, EX_TEMPFAIL, "keeper",
	    node_why(errno)) : 0;
}

/* Mail to this machine's users is the owner's, as they are: cron writes to
 * "root".  But what the node has by that name goes first. */
static bool
is_login(void *arg, const char *name)
{
	const struct send *s = arg;
	char addr[PATH_SIZE];
	struct op_reply r;
	struct rcpt who;
	bool ours = false;

	if (strcmp(name, conf.user) == 0 || getpwnam(name) == NULL)
		return false;
	if (!s->local && (size_t)snprintf(addr, sizeof addr, "%s@%s", name,
	    conf.domains[0]) < sizeof addr) {
		op_reply_init(&r);
		ours = rcpt_check(s->ch, &r, addr, &who) == STORE_OK &&
		    rcpt_ok(who.class);
		op_reply_clear(&r);
	}
	return !ours;
}

static bool
is_here(void *arg, const char *domain)
{
	char addr[PATH_SIZE];

	(void)arg;
	(void)snprintf(addr, sizeof addr, "x@%s", domain);
	return !route_is_ours(addr) && here_is(domain);
}

static void
find_names(struct send *s)
{
	struct passwd *pw = getpwuid(getuid());
	uint8_t r[12];
	size_t i;

	snprintf(s->login, sizeof s->login, "%s",
	    pw != NULL ? pw->pw_name : "unknown");
	if (s->name == NULL && !s->local)
		s->name = conf.realname;
	random_bytes(r, sizeof r);
	for (i = 0; i < sizeof r; i++)
		snprintf(s->unique + 2 * i, sizeof s->unique - 2 * i, "%02x",
		    r[i]);
}

/* The owner's own login, as cron writes it, is the owner. */
static void
own_address(char *dst, size_t size)
{
	snprintf(dst, size, "%s@%s", conf.user, conf.domains[0]);
}

/* A name without a domain: our login, or an address of ours. */
static int
bare_sender(struct send *s, const char *name)
{
	if (strcmp(name, s->login) == 0)
		own_address(s->sender, sizeof s->sender);
	else
		snprintf(s->sender, sizeof s->sender, "%s@%s", name,
		    conf.domains[0]);
	return 0;
}

/* -f: an address of ours, perhaps with a name as in From, "" or "<>" for the
 * null sender, our login. */
static int
read_sender(struct send *s)
{
	const char *f = s->from, *end, *at;
	enum addrs_found found;
	struct path a, more;
	size_t n;

	if (f == NULL)
		return bare_sender(s, s->login);
	if (*f == '\0' || strcmp(f, "<>") == 0)
		return 0;
	end = f + strlen(f);
	found = addrs_next(&f, end, &a, &at, &n);
	if ((found != ADDRS_ONE && found != ADDRS_LOCAL) ||
	    addrs_next(&f, end, &more, &at, &n) != ADDRS_END)
		return send_fail(s, EX_NOPERM, s->from, "not an address");
	if (found == ADDRS_LOCAL || (!a.literal && is_here(s, a.domain)))
		return bare_sender(s, a.local);
	snprintf(s->sender, sizeof s->sender, "%s", a.address);
	return 0;
}

/* Ours, and somebody who would get the answer. */
static int
check_identity(struct send *s, const char *addr)
{
	struct op_reply r;
	struct rcpt who;
	uint16_t rc;

	if (s->local)
		return 0;	/* the service writes it */
	op_reply_init(&r);
	rc = rcpt_check(s->ch, &r, addr, &who);
	op_reply_clear(&r);
	if (rc != STORE_OK)
		return send_fail(s, status_of(rc), addr, submit_text(rc));
	if (!rcpt_ok(who.class))
		return send_fail(s, EX_NOPERM, addr, "not an address of this "
		    "node");
	return 0;
}

/* Of who wrote it and of who sent it. */
static int
check_identities(struct send *s)
{
	const char *addr = (const char *)s->p.senders.data;
	size_t i;
	int rc = 0;

	if (s->p.author[0] != '\0')
		rc = check_identity(s, s->p.author);
	for (i = 0; i < s->p.nsenders && rc == 0; i++) {
		rc = check_identity(s, addr);
		addr += strlen(addr) + 1;
	}
	return rc;
}

/* ---- handing in ---- */

static struct queue_to *
make_rcpts(const struct send *s)
{
	struct queue_to *to = calloc(s->p.nrcpts, sizeof *to);
	const char *a = (const char *)s->p.rcpts.data;
	size_t i;

	for (i = 0; to != NULL && i < s->p.nrcpts; i++, a += strlen(a) + 1)
		to[i] = (struct queue_to){ a, "", s->notify };
	return to;
}

static int
submit(struct send *s)
{
	struct queue_envelope e = { .from = s->sender, .msgid = s->p.msgid,
	    .subject = s->p.subject, .envid = s->envid != NULL ? s->envid :
	    "", .nto = s->p.nrcpts };
	struct queue_to *to;
	uint16_t rc;

	if (s->p.nrcpts == 0)
		return send_fail(s, EX_NOUSER, "message", "no recipient");
	to = make_rcpts(s);
	if (to == NULL)
		return send_fail(s, EX_TEMPFAIL, "message", strerror(ENOMEM));
	e.to = to;
	e.flags = (s->p.eightbit ? QUEUE_8BIT : 0) |
	    (s->p.utf8 ? QUEUE_UTF8 : 0) | (s->local ? 0 : QUEUE_COPY);
	if (!s->local && conf.undo_s > 0)
		e.due_s = clock_wall_s() + conf.undo_s;
	rc = queue_submit(s->ch, &e, s->p.text.data, s->p.text.len, s->id);
	free(to);
	if (rc != STORE_OK)
		return send_fail(s, status_of(rc), rc == QUEUE_E_IDENTITY ?
		    s->sender : "queue", submit_text(rc));
	return EX_OK;
}

/* ---- one message ---- */

int
send_begin(struct send *s)
{
	int rc;

	s->ch = -1;
	s->node = NULL;
	s->sender[0] = s->why[0] = s->id[0] = '\0';
	prepare_init(&s->p, conf.message_max);
	rc = join(s);
	if (rc != 0)
		return rc;
	find_names(s);
	rc = read_sender(s);
	if (rc != 0)
		return rc;
	own_address(s->own, sizeof s->own);
	s->p.local = s->local;
	s->p.rcpts_wanted = s->from_header;
	s->p.from = s->sender[0] != '\0' && route_is_ours(s->sender) ?
	    s->sender : s->own;
	s->p.name = s->name;
	s->p.domain = conf.domains[0];
	s->p.is_login = is_login;
	s->p.is_here = is_here;
	s->p.arg = s;
	s->p.now = clock_wall_s();
	s->p.unique = s->unique;
	return 0;
}

void
send_end(struct send *s)
{
	prepare_clear(&s->p);
	if (s->ch != -1)
		close(s->ch);
	node_close(s->node);
	s->ch = -1;
	s->node = NULL;
}

int
send_rcpt(struct send *s, const char *text, size_t n)
{
	enum prepare_err e = prepare_rcpt(&s->p, text, n);

	switch (e) {
	case PREPARE_OK:
		return 0;
	case PREPARE_RCPT:
		return send_fail(s, EX_NOUSER, s->p.bad, prepare_err_text(e));
	default:
		return send_fail(s, e == PREPARE_NOMEM ? EX_TEMPFAIL :
		    EX_DATAERR, "recipients", prepare_err_text(e));
	}
}

int
send_message(struct send *s, const void *data, size_t n)
{
	enum prepare_err e = prepare_letter(&s->p, data, n);
	int rc = 0;

	if (e != PREPARE_OK)
		return send_fail(s, e == PREPARE_NOMEM ? EX_TEMPFAIL :
		    EX_DATAERR, e == PREPARE_RCPT ? s->p.bad : "message",
		    prepare_err_text(e));
	/* The From of the letter says whose it is, unless -f does. */
	if (s->from == NULL && s->p.author[0] != '\0')
		(void)snprintf(s->sender, sizeof s->sender, "%s",
		    s->p.author);
	rc = check_identities(s);
	return rc == 0 ? submit(s) : rc;
}
