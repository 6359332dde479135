#define _GNU_SOURCE
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "store/box.h"
#include "store/device_seen.h"
#include "store/op_append.h"
#include "store/op_device.h"
#include "store/op_event.h"
#include "store/op_mail.h"
#include "store/op_rcpt.h"
#include "store/op_set.h"
#include "store/op_submit.h"
#include "store/op_watch.h"
#include "store/parts.h"
#include "store/sql.h"
#include "store/wire.h"

struct devices {
	struct devices	*next;
	uint32_t	 session;
	enum role	 role;
	struct device	 device;	/* scope 0: logged out */
};

/* ---- who may do what ---- */

/* What is not here, no device may. */
static const struct need {
	uint16_t	type;
	uint8_t		scope;
	enum { ANY_FOLDER, SET, SET_TO, RANGES_TO, INTO, INTO_LATER,
	    NO_FOLDER } args;
} needs[] = {
	{ WATCH_SUBSCRIBE, DEVICE_READ,	  ANY_FOLDER },
	{ BOX_LIST,	DEVICE_READ,	ANY_FOLDER },	/* see on_list */
	{ BOX_CREATE,	DEVICE_CHANGE,	NO_FOLDER },
	{ BOX_RENAME,	DEVICE_CHANGE,	NO_FOLDER },
	{ BOX_DELETE,	DEVICE_CHANGE,	NO_FOLDER },
	{ MAIL_FLAGS,	DEVICE_CHANGE,	SET },
	{ MAIL_TAGS,	DEVICE_CHANGE,	SET },
	{ MAIL_EXPUNGE,	DEVICE_CHANGE,	SET },
	{ MAIL_MOVE,	DEVICE_CHANGE,	SET_TO },
	{ MAIL_COPY,	DEVICE_CHANGE,	SET_TO },
	{ MAIL_APPEND,	DEVICE_CHANGE,	INTO },
	{ SET_STORE,	DEVICE_CHANGE,	SET },
	{ SET_EXPUNGE,	DEVICE_CHANGE,	SET },
	{ SET_MOVE,	DEVICE_CHANGE,	RANGES_TO },
	{ SET_COPY,	DEVICE_CHANGE,	RANGES_TO },
	{ SET_CLAIM,	DEVICE_CHANGE,	SET },
	{ SET_BEGIN,	DEVICE_CHANGE,	ANY_FOLDER },
	{ SET_DATA,	DEVICE_CHANGE,	ANY_FOLDER },
	{ SET_ABORT,	DEVICE_CHANGE,	ANY_FOLDER },
	{ SET_APPEND,	DEVICE_CHANGE,	INTO_LATER },
	{ APPEND_MANY,	DEVICE_CHANGE,	INTO },
	{ SET_SUBSCRIBE, DEVICE_READ,	INTO },
	{ SET_SUBSCRIBED, DEVICE_READ,	ANY_FOLDER },	/* likewise */
	{ RCPT_CHECK,	DEVICE_SEND,	ANY_FOLDER },
	{ QUEUE_BEGIN,	DEVICE_SEND,	ANY_FOLDER },
	{ QUEUE_DATA,	DEVICE_SEND,	ANY_FOLDER },
	{ QUEUE_COMMIT,	DEVICE_SEND,	ANY_FOLDER },
	{ QUEUE_ONCE,	DEVICE_SEND,	ANY_FOLDER },
	{ DEVICE_NOTE,	DEVICE_ALL,	ANY_FOLDER },
	{ 0, 0, ANY_FOLDER }
};

static bool
is_device(enum role r)
{
	return r == ROLE_IMAP || r == ROLE_SUBMISSION;
}

static struct devices *
find(const struct store *st, const struct op_peer *p)
{
	struct devices *d;

	for (d = st->devices; d != NULL; d = d->next)
		if (d->session == op_peer_session(p) &&
		    d->role == op_peer_role(p))
			return d;
	return NULL;
}

const struct device *
device_of(struct store *st, const struct op_peer *p)
{
	struct devices *d = find(st, p);

	return d != NULL && d->device.scope != 0 ? &d->device : NULL;
}

bool
device_sees(struct store *st, const struct op_peer *p, uint64_t mbox)
{
	const struct device *d = device_of(st, p);
	const struct box *b;

	if (!is_device(op_peer_role(p)))
		return true;
	if (d == NULL || d->folder[0] == '\0')
		return d != NULL;
	b = box_by_name(st, d->folder);
	return b != NULL && b->id == mbox;
}

static bool
is_folder(struct chan_in *in, const char *folder)
{
	char name[BOX_NAME_MAX];

	chan_get_str(in, name, sizeof name);
	return !in->bad && strcmp(name, folder) == 0;
}

/* The arguments are read over; the handler reads them again. */
static bool
in_folder(struct store *st, struct chan_in in, int args, const char *folder)
{
	const struct box *b = box_by_name(st, folder);
	uint32_t n;

	switch (args) {
	case ANY_FOLDER:
		return true;
	case INTO:
		return is_folder(&in, folder);
	case INTO_LATER:
		(void)chan_get_u64(&in);
		(void)chan_get_u64(&in);
		return is_folder(&in, folder);
	case SET:
	case SET_TO:
	case RANGES_TO:
		if (b == NULL || chan_get_u64(&in) != b->id)
			return false;
		if (args == SET)
			return true;
		for (n = chan_get_u32(&in); n > 0 && !in.bad; n--)
			(void)chan_get_u64(&in);	/* or a range */
		if (args == RANGES_TO)
			(void)chan_get_u32(&in);
		return is_folder(&in, folder);
	default:
		return false;
	}
}

/* The draft that an append replaces may lie anywhere. */
static bool
replaces(struct chan_in in)
{
	size_t n;

	(void)chan_get_bytes(&in, BOX_NAME_MAX, &n);
	(void)chan_get_u32(&in);
	(void)chan_get_bytes(&in, MAIL_TAGS_MAX, &n);
	(void)chan_get_i64(&in);
	(void)chan_get_bytes(&in, EVENT_TRACE_MAX, &n);
	return chan_get_u64(&in) != 0;
}

uint16_t
device_may(void *service, const struct op_call *c)
{
	struct store *st = service;
	const struct need *need;
	const struct device *d;

	/* A session's story is told also when it never logs in. */
	if (!is_device(c->role) || c->type == EVENT_ADD)
		return OP_OK;
	d = device_of(st, c->peer);
	if (d == NULL)
		return OP_LOGIN;
	for (need = needs; need->type != 0 && need->type != c->type; need++)
		;
	if (!(d->scope & need->scope))
		return OP_SCOPE;
	/* What is not listed yet would be made, or filed elsewhere. */
	if (st->rebuild && c->role == ROLE_IMAP)
		return STORE_GONE;
	if (d->folder[0] != '\0' &&
	    (!in_folder(st, c->in, need->args, d->folder) ||
	    (c->type == MAIL_APPEND && replaces(c->in))))
		return OP_SCOPE;
	return OP_OK;
}

/* ---- ops ---- */

struct looking {
	uint32_t	session;
	enum role	role;
	bool		found;
};

static void
look(struct op_peer *p, void *arg)
{
	struct looking *l = arg;

	l->found |= op_peer_session(p) == l->session &&
	    op_peer_role(p) == l->role;
}

static struct devices *
remember(struct store *st, uint32_t session, enum role role)
{
	struct devices *d;

	for (d = st->devices; d != NULL; d = d->next)
		if (d->session == session && d->role == role)
			return d;
	d = calloc(1, sizeof *d);
	if (d == NULL)
		return NULL;
	d->session = session;
	d->role = role;
	d->next = st->devices;
	st->devices = d;
	return d;
}

static uint16_t
on_login(void *service, struct op_call *c)
{
	struct store *st = service;
	struct looking l = { 0, ROLE_MAX, false };
	char addr[DEVICE_ADDR_MAX];
	struct devices *s;
	struct device d;

	memset(&d, 0, sizeof d);
	l.session = chan_get_u32(&c->in);
	l.role = (enum role)chan_get_u8(&c->in);
	chan_get_str(&c->in, addr, sizeof addr);
	chan_get_str(&c->in, d.name, sizeof d.name);
	d.scope = chan_get_u8(&c->in);
	d.undo_s = chan_get_u32(&c->in);
	chan_get_str(&c->in, d.folder, sizeof d.folder);
	if (!chan_end(&c->in) || !is_device(l.role) ||
	    d.scope & ~DEVICE_ALL)
		return OP_BAD;
	op_each(st->server, look, &l);
	/* The vault's word was read before the parent's. */
	if (!l.found && st->hear != NULL) {
		st->hear(st->arg);
		op_each(st->server, look, &l);
	}
	if (!l.found)
		return STORE_GONE;
	s = remember(st, l.session, l.role);
	if (s == NULL)
		return STORE_NOMEM;
	s->device = d;
	/* That it was here may be forgotten; that it may come in, not. */
	if (d.scope != 0)
		(void)device_seen_login(st, &d, l.role, addr);
	return OP_OK;
}

/* One line of what a client says about itself. */
static void
clean(char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 127)
			*s = ' ';
}

static uint16_t
on_note(void *service, struct op_call *c)
{
	struct store *st = service;
	const struct device *d = device_of(st, c->peer);
	char client[DEVICE_CLIENT_MAX], folder[DEVICE_FOLDER_MAX];
	uint64_t modseq;
	enum store_err rc;

	chan_get_str(&c->in, client, sizeof client);
	chan_get_str(&c->in, folder, sizeof folder);
	modseq = chan_get_u64(&c->in);
	if (!chan_end(&c->in) || modseq >> 63 != 0 || d == NULL)
		return OP_BAD;
	if (d->folder[0] != '\0' && folder[0] != '\0' &&
	    strcmp(folder, d->folder) != 0)
		return OP_SCOPE;	/* nor whether there is one */
	if (folder[0] != '\0' && box_by_name(st, folder) == NULL)
		return STORE_NOTFOUND;
	clean(client);
	rc = device_seen_client(st, d, client, folder);
	if (rc == STORE_OK && folder[0] != '\0')
		rc = device_seen_folder(st, d, folder, modseq);
	return (uint16_t)rc;
}

static void
count_sessions(const struct store *st, struct device_seen *seen)
{
	const struct devices *d;

	for (d = st->devices; d != NULL; d = d->next)
		seen->sessions += d->device.scope != 0 &&
		    strcmp(d->device.name, seen->name) == 0;
}

static uint16_t
on_next(void *service, struct op_call *c)
{
	static struct store_slot slot;
	struct store *st = service;
	char after[DEVICE_NAME_MAX];
	struct device_seen seen;
	struct sqlite3_stmt *s;

	memset(&seen, 0, sizeof seen);
	chan_get_str(&c->in, after, sizeof after);
	if (!chan_end(&c->in))
		return OP_BAD;
	s = store_ask(st, STORE_NODE, &slot, "SELECT name,at,service,addr,"
	    "client,folder FROM device WHERE name>? ORDER BY name LIMIT 1", "s",
	    after);
	if (s == NULL)
		return STORE_IO;
	if (sqlite3_step(s) == SQLITE_ROW) {
		sql_copy(seen.name, sizeof seen.name, s, 0);
		sql_put(c->out, s, 0, "sissss");
	}
	(void)sqlite3_reset(s);
	if (seen.name[0] == '\0')
		return STORE_NOTFOUND;
	count_sessions(st, &seen);
	chan_put_u32(c->out, device_seen_unsynced(st, seen.name));
	chan_put_u32(c->out, seen.sessions);
	return OP_OK;
}

static uint16_t
on_forget(void *service, struct op_call *c)
{
	char name[DEVICE_NAME_MAX];
	enum store_err rc;

	chan_get_str(&c->in, name, sizeof name);
	if (!chan_end(&c->in))
		return OP_BAD;
	rc = device_seen_forget(service, name);
	return rc == STORE_OK ? store_later(service, c,
	    STORE_BIT(STORE_NODE)) : (uint16_t)rc;
}

#define R(r)	ROLE_BIT(ROLE_##r)

const struct op device_ops[] = {
	{ DEVICE_LOGIN,	R(VAULT),		on_login },
	{ DEVICE_NOTE,	R(IMAP) | R(SUBMISSION), on_note },
	{ DEVICE_LIST,	R(OWNER),		on_next },
	{ DEVICE_FORGET, R(OWNER),		on_forget },
	{ 0, 0, NULL }
};

void
device_gone(struct store *st, struct op_peer *p)
{
	struct devices **at, *d;

	for (at = &st->devices; (d = *at) != NULL; at = &d->next)
		if (d->session == op_peer_session(p) &&
		    d->role == op_peer_role(p)) {
			*at = d->next;
			free(d);
			return;
		}
}

void
devices_close(struct store *st)
{
	struct devices *d;

	while ((d = st->devices) != NULL) {
		st->devices = d->next;
		free(d);
	}
}

/* ---- clients ---- */

void
device_login_put(struct buf *b, uint32_t session, enum role role,
    const char *addr, const struct device *d)
{
	chan_put_u32(b, session);
	chan_put_u8(b, (uint8_t)role);
	chan_put_str(b, addr);
	chan_put_str(b, d->name);
	chan_put_u8(b, d->scope);
	chan_put_u32(b, d->undo_s);
	chan_put_str(b, d->folder);
}

int
device_note(int ch, const struct device_note *n)
{
	const char *client = n->client != NULL ? n->client : "";
	struct buf b;
	int rc;

	buf_init(&b, 1024);
	chan_put_bytes(&b, client, strnlen(client, DEVICE_CLIENT_MAX - 1));
	chan_put_str(&b, n->folder);
	chan_put_u64(&b, n->modseq);
	rc = op_tell(ch, DEVICE_NOTE, &b, -1);
	buf_clear(&b);
	return rc;
}

uint16_t
device_seen_next(int ch, struct op_reply *r, const char *after,
    struct device_seen *s)
{
	uint16_t status = wire_ask_str(ch, r, DEVICE_LIST, after,
	    DEVICE_WAIT_MS);

	memset(s, 0, sizeof *s);
	if (status != OP_OK)
		return status;
	chan_get_str(&r->in, s->name, sizeof s->name);
	s->at = chan_get_i64(&r->in);
	chan_get_str(&r->in, s->service, sizeof s->service);
	chan_get_str(&r->in, s->addr, sizeof s->addr);
	chan_get_str(&r->in, s->client, sizeof s->client);
	chan_get_str(&r->in, s->folder, sizeof s->folder);
	s->unsynced = chan_get_u32(&r->in);
	s->sessions = chan_get_u32(&r->in);
	return chan_end(&r->in) ? OP_OK : OP_BAD;
}

uint16_t
device_forget(int ch, struct op_reply *r, const char *name)
{
	return wire_ask_str(ch, r, DEVICE_FORGET, name, DEVICE_WAIT_MS);
}
