/* Mailboxes: STATUS, CREATE, DELETE, RENAME, SUBSCRIBE; RFC 9051 section 6.3,
 * RFC 6154; GETQUOTA, GETQUOTAROOT: RFC 9208. */
#include <string.h>

#include "mailnode/imap/name.h"
#include "mailnode/imap/talk.h"
#include "store/err.h"

bool
session_utf8(const struct session *s)
{
	return (s->enabled & (EN_UTF8 | EN_REV2)) != 0;
}

bool
get_mailbox(struct session *s, char name[BOX_NAME_MAX])
{
	struct lex_str text;

	if (!lex_astring(&s->lex, &text))
		return false;
	return (name_in(text.p, text.n, session_utf8(s), name,
	    BOX_NAME_MAX) && name[0] != '\0') ||
	    reply_no(s, "CANNOT", "no mailbox can have that name");
}

const char *
special_use(const char *name)
{
	static const char *const uses[] = { "\\Archive", "\\Drafts",
	    "\\Junk", "\\Sent", "\\Trash", NULL };
	size_t i;

	/* Each is called what it is for. */
	for (i = 0; uses[i] != NULL; i++)
		if (strcmp(uses[i] + 1, name) == 0)
			return uses[i];
	return NULL;
}

uint16_t
find_box(struct session *s, const char *name, uint32_t want)
{
	s->box = (struct view_box){ .id = name == NULL ? s->view.mbox : 0 };
	return view_box(reader_of(s), &s->reader, name, want, &s->box);
}

/* ---- STATUS ---- */

enum item {
	IT_MESSAGES = 1, IT_RECENT = 2, IT_UIDNEXT = 4, IT_UIDVALIDITY = 8,
	IT_UNSEEN = 16, IT_MODSEQ = 32, IT_SIZE = 64, IT_DELETED = 128,
	IT_LIMIT = 256, IT_ID = 512, IT_DELETED_STORAGE = 1024
};

static const struct lex_name items[] = {
	{ "MESSAGES", IT_MESSAGES }, { "RECENT", IT_RECENT },
	{ "UIDNEXT", IT_UIDNEXT }, { "UIDVALIDITY", IT_UIDVALIDITY },
	{ "UNSEEN", IT_UNSEEN }, { "HIGHESTMODSEQ", IT_MODSEQ },
	{ "SIZE", IT_SIZE }, { "DELETED", IT_DELETED },
	{ "APPENDLIMIT", IT_LIMIT }, { "MAILBOXID", IT_ID },
	{ "DELETED-STORAGE", IT_DELETED_STORAGE }, { NULL, 0 }
};

bool
status_items(struct session *s, uint32_t *out)
{
	unsigned int bit;

	*out = 0;
	if (!lex_open(&s->lex))
		return false;
	while (lex_one_of(&s->lex, items, &bit))
		*out |= bit;
	if (*out & IT_MODSEQ)
		condstore_on(s);
	return *out != 0 && lex_close(&s->lex);
}

uint32_t
status_want(uint32_t bits)
{
	return (bits & IT_SIZE ? VIEW_SIZE : 0U) |
	    (bits & IT_RECENT ? VIEW_RECENT : 0U) |
	    (bits & (IT_DELETED | IT_DELETED_STORAGE) ? VIEW_DELETED : 0U);
}

/* Octets in units of STORAGE, 1024 octets each, of which parts count. */
static uint64_t
units(uint64_t octets)
{
	return octets / 1024 + (octets % 1024 != 0);
}

void
put_status(struct session *s, const struct view_box *b, uint32_t bits)
{
	/* In the order of the items. */
	const uint64_t values[] = { b->total,
	    s->enabled & EN_REV2 ? 0 : b->recent, b->uidnext, b->uidvalidity,
	    b->unread, b->modseq, b->size, b->deleted, s->start->message_max,
	    b->uidvalidity, units(b->deleted_size) };
	size_t i;

	(void)buf_adds(&s->out, "* STATUS ");
	(void)name_out(&s->out, b->name, session_utf8(s));
	(void)buf_adds(&s->out, " (");
	for (i = 0; items[i].name != NULL; i++) {
		if (!(bits & items[i].v))
			continue;
		put_word(&s->out, items[i].name);
		(void)buf_addf(&s->out, items[i].v == IT_ID ? " (F%llu)" :
		    " %llu", (unsigned long long)values[i]);
	}
	(void)buf_adds(&s->out, ")\r\n");
}

void
put_news(struct session *s, const struct view_box *b, bool flags)
{
	put_status(s, b, IT_MESSAGES | IT_UIDNEXT | IT_UIDVALIDITY |
	    (flags ? IT_UNSEEN : 0U) |
	    (flags || s->enabled & EN_CONDSTORE ? IT_MODSEQ : 0U));
}

bool
on_status(struct session *s)
{
	uint32_t bits;

	if (!get_mailbox(s, s->name) || !status_items(s, &bits) ||
	    !lex_end(&s->lex) ||
	    !well(s, find_box(s, s->name, status_want(bits))))
		return false;
	put_status(s, &s->box, bits);
	send_out(s);
	return true;
}

/* ---- changes ---- */

/* Ours have their uses once and for all: RFC 6154 section 3. */
static bool
wants_use(struct session *s, const char *name)
{
	struct lex_str use;
	const char *has = special_use(name);

	if (!lex_open(&s->lex))
		return lex_end(&s->lex);
	if (!lex_word(&s->lex, "USE") || !lex_open(&s->lex))
		return false;
	while (lex_atom(&s->lex, &use))
		if (has == NULL || !lex_is(&use, has))
			return reply_no(s, "USEATTR",
			    "another mailbox is for that");
	return lex_close(&s->lex) && lex_close(&s->lex) && lex_end(&s->lex);
}

bool
on_create(struct session *s)
{
	char *name = s->name;
	uint64_t id;
	size_t n;

	if (!get_mailbox(s, name) || !wants_use(s, name))
		return false;
	/* "a/" says that there will be more below it. */
	n = strlen(name);
	if (n > 1 && name[n - 1] == NAME_SEPARATOR)
		name[n - 1] = '\0';
	notify_own(s, name, NULL);
	if (!well(s, box_create(*s->start->keeper, &s->keeper, name, &id)))
		return false;
	/* RFC 8474 section 4.1: with the name that it has for good. */
	if (find_box(s, name, 0) == OP_OK)
		(void)buf_addf(&s->out, "MAILBOXID (F%u)", s->box.uidvalidity);
	reply_out(s, "made");
	return true;
}

bool
on_delete(struct session *s)
{
	uint16_t rc;

	if (!get_mailbox(s, s->name) || !lex_end(&s->lex))
		return false;
	/* The one at hand may have got another name meanwhile. */
	(void)find_box(s, s->name, 0);
	notify_own(s, s->name, NULL);
	rc = box_delete(*s->start->keeper, &s->keeper, s->name);
	if (rc == OP_OK && s->box.id != 0 && s->box.id == s->view.mbox)
		view_leave(s);
	return rc == STORE_EXISTS ? reply_no(s, "HASCHILDREN",
	    "there are mailboxes below it") : well(s, rc);
}

/* RFC 9051 section 6.3.6: INBOX stays, its messages go. */
static uint16_t
rename_inbox(struct session *s, const char *to)
{
	struct set_range all = { 1, UINT32_MAX, 0 };
	const struct set uids = { .range = &all, .n = 1 };
	struct set_ask ask = { .uids = &uids };
	uint64_t id;
	uint16_t rc;

	rc = find_box(s, "INBOX", 0);
	if (rc == OP_OK)
		rc = box_create(*s->start->keeper, &s->keeper, to, &id);
	if (rc != OP_OK)
		return rc;
	ask.mbox = s->box.id;
	return set_move(*s->start->keeper, &s->keeper, &ask, to, false,
	    &s->done);
}

bool
on_rename(struct session *s)
{
	char to[BOX_NAME_MAX];

	if (!get_mailbox(s, s->name) || !get_mailbox(s, to) ||
	    !lex_end(&s->lex))
		return false;
	notify_own(s, to, NULL);
	return well(s, strcmp(s->name, "INBOX") == 0 ? rename_inbox(s, to) :
	    box_rename(*s->start->keeper, &s->keeper, s->name, to));
}

/* And UNSUBSCRIBE. */
bool
on_subscribe(struct session *s)
{
	if (!get_mailbox(s, s->name) || !lex_end(&s->lex))
		return false;
	notify_own(s, s->name, NULL);
	return well(s, set_subscribe(*s->start->keeper, &s->keeper, s->name,
	    !s->second));
}

/* ---- quota: one root, "" ---- */

/* No limit is set by anybody: the mail may grow as far as the disk goes, of
 * which keeper leaves a reserve alone. */
static bool
tell_quota(struct session *s)
{
	uint64_t used, left;

	if (!well(s, view_room(reader_of(s), &s->reader, &used, &left)))
		return false;
	untagged(s, "QUOTA \"\" (STORAGE %llu %llu)",
	    (unsigned long long)units(used),
	    (unsigned long long)(units(used) + left / 1024));
	return true;
}

bool
on_getquota(struct session *s)
{
	struct lex_str root;

	if (!lex_astring(&s->lex, &root) || !lex_end(&s->lex))
		return false;
	return root.n == 0 ? tell_quota(s) :
	    reply_no(s, "NONEXISTENT", "there is no such quota root");
}

bool
on_getquotaroot(struct session *s)
{
	if (!get_mailbox(s, s->name) || !lex_end(&s->lex) ||
	    !well(s, find_box(s, s->name, 0)))
		return false;
	(void)buf_adds(&s->out, "* QUOTAROOT ");
	(void)name_out(&s->out, s->name, session_utf8(s));
	(void)buf_adds(&s->out, " \"\"");
	send_line(s);
	return tell_quota(s);
}
