/* Mailboxes: LIST and its kin, STATUS, CREATE, DELETE, RENAME; RFC 9051
 * section 6.3, RFC 5258, RFC 5819, RFC 6154. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mailnode/imap/name.h"
#include "mailnode/imap/objectid.h"
#include "mailnode/imap/quota.h"
#include "mailnode/imap/talk.h"
#include "store/err.h"
#include "store/op_set.h"

static bool
utf8(const struct session *s)
{
	return (s->enabled & (EN_UTF8 | EN_REV2)) != 0;
}

bool
get_mailbox(struct session *s, struct lex_at *at, char name[BOX_NAME_MAX])
{
	struct lex_str text;

	if (!lex_astring(at, &text))
		return false;
	if (name_in(text.p, text.n, utf8(s), name, BOX_NAME_MAX) &&
	    name[0] != '\0')
		return true;
	reply_no(s, "CANNOT", "no mailbox can have that name");
	return false;
}

void
put_mailbox(const struct session *s, struct buf *b, const char *name)
{
	(void)name_out(b, name, utf8(s));
}

/* ---- STATUS ---- */

enum item {
	IT_MESSAGES = 1, IT_RECENT = 2, IT_UIDNEXT = 4, IT_UIDVALIDITY = 8,
	IT_UNSEEN = 16, IT_MODSEQ = 32, IT_SIZE = 64, IT_DELETED = 128,
	IT_LIMIT = 256, IT_ID = 512, IT_DELETED_STORAGE = 1024
};

static const struct { const char *name; uint32_t bit; } items[] = {
	{ "MESSAGES", IT_MESSAGES }, { "RECENT", IT_RECENT },
	{ "UIDNEXT", IT_UIDNEXT }, { "UIDVALIDITY", IT_UIDVALIDITY },
	{ "UNSEEN", IT_UNSEEN }, { "HIGHESTMODSEQ", IT_MODSEQ },
	{ "SIZE", IT_SIZE }, { "DELETED", IT_DELETED },
	{ "APPENDLIMIT", IT_LIMIT }, { "MAILBOXID", IT_ID },
	{ "DELETED-STORAGE", IT_DELETED_STORAGE }, { NULL, 0 }
};

bool
status_items(struct lex_at *at, uint32_t *out)
{
	struct lex_str word;
	size_t i;

	*out = 0;
	if (!lex_open(at))
		return false;
	while (lex_atom(at, &word)) {
		for (i = 0; items[i].name != NULL; i++)
			if (lex_is(&word, items[i].name))
				break;
		if (items[i].name == NULL)
			return false;
		*out |= items[i].bit;
	}
	return *out != 0 && lex_close(at);
}

uint32_t
status_want(uint32_t bits)
{
	return (bits & IT_SIZE ? VIEW_SIZE : 0U) |
	    (bits & (IT_DELETED | IT_DELETED_STORAGE) ? VIEW_DELETED : 0U);
}

static uint64_t
item_value(const struct session *s, const struct view_box *b, uint32_t bit)
{
	switch (bit) {
	case IT_MESSAGES:
		return b->total;
	case IT_UIDNEXT:
		return b->uidnext;
	case IT_UIDVALIDITY:
		return b->uidvalidity;
	case IT_UNSEEN:
		return b->unread;
	case IT_MODSEQ:
		return b->modseq;
	case IT_SIZE:
		return b->size;
	case IT_DELETED:
		return b->deleted;
	case IT_DELETED_STORAGE:
		return quota_units(b->deleted_size);
	case IT_LIMIT:
		return s->start->message_max;
	default:
		return 0;
	}
}

void
put_status(struct session *s, const struct view_box *b, uint32_t bits)
{
	bool first = true;
	size_t i;

	(void)buf_adds(&s->out, "* STATUS ");
	put_mailbox(s, &s->out, b->name);
	(void)buf_adds(&s->out, " (");
	for (i = 0; items[i].name != NULL; i++) {
		if (!(bits & items[i].bit))
			continue;
		if (!first)
			(void)buf_addc(&s->out, ' ');
		first = false;
		(void)buf_adds(&s->out, items[i].name);
		(void)buf_addc(&s->out, ' ');
		if (items[i].bit == IT_ID)
			put_mailboxid(&s->out, b->uidvalidity);
		else
			put_number(&s->out, item_value(s, b, items[i].bit));
	}
	(void)buf_adds(&s->out, ")\r\n");
	if (bits & IT_MODSEQ)
		s->enabled |= EN_CONDSTORE;
}

void
on_status(struct session *s, struct lex_at *at)
{
	char name[BOX_NAME_MAX];
	struct view_box b = { 0 };
	uint32_t bits;
	uint16_t rc;

	if (!get_mailbox(s, at, name) || !status_items(at, &bits) ||
	    !lex_end(at))
		return;
	rc = view_box(reader_of(s), &s->reader, name, status_want(bits),
	    &b);
	if (rc != OP_OK) {
		reply_failed(s, rc);
		return;
	}
	put_status(s, &b, bits);
	send_out(s);
	reply_ok(s, "", "done");
}

/* ---- LIST ---- */

enum { PATTERNS_MAX = 20 };

enum option {
	LS_SUBSCRIBED = 1, LS_REMOTE = 2, LS_RECURSIVE = 4,
	LS_SPECIAL = 8,		/* select */
	LR_SUBSCRIBED = 16, LR_CHILDREN = 32, LR_SPECIAL = 64,
	LR_STATUS = 128,	/* return */
	L_EXTENDED = 256, L_LSUB = 512
};

struct list {
	unsigned int	 options;
	uint32_t	 items;		/* of LR_STATUS */
	char		 pattern[PATTERNS_MAX][NAME_PATTERN_MAX];
	size_t		 npattern;
	struct entry	*entry;		/* by name */
	size_t		 n, cap;
	struct view_boxes boxes;
	struct buf	 subscribed;	/* as set_subscribed() has it */
};

struct entry {
	char		 name[BOX_NAME_MAX];
	const struct view_box *box;	/* NULL: there is none */
	bool		 subscribed;
};

static const struct { const char *name, *use; } special[] = {
	{ "Archive", "\\Archive" }, { "Drafts", "\\Drafts" },
	{ "Junk", "\\Junk" }, { "Sent", "\\Sent" }, { "Trash", "\\Trash" },
	{ NULL, NULL }
};

static const char *
special_use(const char *name)
{
	size_t i;

	for (i = 0; special[i].name != NULL; i++)
		if (strcmp(special[i].name, name) == 0)
			return special[i].use;
	return NULL;
}

static bool
select_options(struct lex_at *at, unsigned int *o)
{
	if (!lex_open(at))
		return true;
	*o |= L_EXTENDED;
	while (!lex_close(at)) {
		if (lex_word(at, "SUBSCRIBED"))
			*o |= LS_SUBSCRIBED | LR_SUBSCRIBED;
		else if (lex_word(at, "REMOTE"))
			*o |= LS_REMOTE;
		else if (lex_word(at, "RECURSIVEMATCH"))
			*o |= LS_RECURSIVE;
		else if (lex_word(at, "SPECIAL-USE"))
			*o |= LS_SPECIAL | LR_SPECIAL;
		else
			return false;
	}
	return !(*o & LS_RECURSIVE) || (*o & (LS_SUBSCRIBED | LS_SPECIAL));
}

static bool
return_options(struct lex_at *at, struct list *l)
{
	if (!lex_word(at, "RETURN"))
		return true;
	l->options |= L_EXTENDED;
	if (!lex_open(at))
		return false;
	while (!lex_close(at)) {
		if (lex_word(at, "SUBSCRIBED"))
			l->options |= LR_SUBSCRIBED;
		else if (lex_word(at, "CHILDREN"))
			l->options |= LR_CHILDREN;
		else if (lex_word(at, "SPECIAL-USE"))
			l->options |= LR_SPECIAL;
		else if (lex_word(at, "STATUS") &&
		    status_items(at, &l->items))
			l->options |= LR_STATUS;
		else
			return false;
	}
	return true;
}

/* Reference and pattern, one behind the other. */
static bool
add_pattern(struct session *s, struct list *l, const char *ref,
    const struct lex_str *p)
{
	char text[NAME_PATTERN_MAX * 2];
	size_t n = strlen(ref);

	if (l->npattern == PATTERNS_MAX || n + p->n >= NAME_PATTERN_MAX)
		return false;
	memcpy(text, ref, n);
	memcpy(text + n, p->p, p->n);
	return name_in(text, n + p->n, utf8(s), l->pattern[l->npattern++],
	    NAME_PATTERN_MAX);
}

static bool
patterns(struct session *s, struct list *l, struct lex_at *at)
{
	struct lex_str ref, p;

	if (!lex_astring(at, &ref))
		return false;
	if (!lex_open(at))
		return lex_pattern(at, &p) && add_pattern(s, l, ref.p, &p);
	l->options |= L_EXTENDED;
	while (lex_pattern(at, &p))
		if (!add_pattern(s, l, ref.p, &p))
			return false;
	return lex_close(at) && l->npattern > 0;
}

static bool
add_entry(struct list *l, const char *name, size_t n,
    const struct view_box *b, bool subscribed)
{
	size_t cap = l->cap != 0 ? l->cap * 2 : 64;
	struct entry *e;

	if (n >= BOX_NAME_MAX)
		return true;
	if (l->n == l->cap) {
		e = reallocarray(l->entry, cap, sizeof *e);
		if (e == NULL)
			return false;
		l->entry = e;
		l->cap = cap;
	}
	e = &l->entry[l->n++];
	memset(e, 0, sizeof *e);
	memcpy(e->name, name, n);
	e->box = b;
	e->subscribed = subscribed;
	return true;
}

/* Those that exist stand before those that do not. */
static int
by_name(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int d = strcmp(x->name, y->name);

	if (d != 0)
		return d;
	return (x->box == NULL) - (y->box == NULL);
}

/* What is said of a name: "+", "-", or 0. */
static char
said_of(const struct list *l, const char *name)
{
	const char *p = (const char *)l->subscribed.data;
	const char *end = p + l->subscribed.len;

	for (; p < end; p += strlen(p) + 1)
		if (strcmp(p + 1, name) == 0)
			return *p;
	return 0;
}

/* Mailboxes, the levels above them, and names that are only subscribed. */
static bool
gather(struct list *l)
{
	const char *p, *slash;
	size_t i, n;
	bool good = true;

	for (i = 0; i < l->boxes.n && good; i++) {
		p = l->boxes.box[i].name;
		good = add_entry(l, p, strlen(p), &l->boxes.box[i],
		    said_of(l, p) != '-');
		for (slash = strchr(p, '/'); slash != NULL && good;
		    slash = strchr(slash + 1, '/'))
			good = add_entry(l, p, (size_t)(slash - p), NULL,
			    false);
	}
	p = (const char *)l->subscribed.data;
	for (; p < (const char *)l->subscribed.data + l->subscribed.len &&
	    good; p += strlen(p) + 1)
		if (*p == '+')
			good = add_entry(l, p + 1, strlen(p + 1), NULL, true);
	if (l->n == 0)
		return good;
	qsort(l->entry, l->n, sizeof l->entry[0], by_name);
	for (i = 1, n = 1; i < l->n; i++) {
		if (strcmp(l->entry[i].name, l->entry[n - 1].name) == 0)
			l->entry[n - 1].subscribed |= l->entry[i].box == NULL &&
			    l->entry[i].subscribed && said_of(l,
			    l->entry[i].name) == '+';
		else
			l->entry[n++] = l->entry[i];
	}
	l->n = n;
	return good;
}

static bool
matches(const struct list *l, const char *name)
{
	size_t i;

	for (i = 0; i < l->npattern; i++)
		if (name_match(l->pattern[i], name))
			return true;
	return false;
}

/* HIDDEN: subscribed, and not matched by the pattern itself. */
enum below { BELOW_ANY, BELOW_SUBSCRIBED, BELOW_SPECIAL, BELOW_HIDDEN };

static bool
has_below(const struct list *l, const char *name, enum below what)
{
	size_t i, n = strlen(name);
	const struct entry *e;

	for (i = 0; i < l->n; i++) {
		e = &l->entry[i];
		if (strncmp(e->name, name, n) != 0 || e->name[n] != '/')
			continue;
		if ((what == BELOW_ANY && e->box != NULL) ||
		    (what == BELOW_SUBSCRIBED && e->subscribed) ||
		    (what == BELOW_HIDDEN && e->subscribed &&
		    !matches(l, e->name)) ||
		    (what == BELOW_SPECIAL && special_use(e->name) != NULL))
			return true;
	}
	return false;
}

static void
attribute(struct buf *b, const char *text, bool *first)
{
	if (!*first)
		(void)buf_addc(b, ' ');
	*first = false;
	(void)buf_adds(b, text);
}

static void
put_entry(struct session *s, const struct list *l, const struct entry *e,
    bool child_info)
{
	const char *use = special_use(e->name);
	struct buf *b = &s->out;
	bool first = true;

	(void)buf_adds(b, l->options & L_LSUB ? "* LSUB (" : "* LIST (");
	if (e->box == NULL) {
		if (l->options & L_EXTENDED)
			attribute(b, "\\NonExistent", &first);
		attribute(b, "\\Noselect", &first);
	}
	if (!(l->options & L_LSUB))
		attribute(b, has_below(l, e->name, BELOW_ANY) ?
		    "\\HasChildren" : "\\HasNoChildren", &first);
	if (e->subscribed && (l->options & LR_SUBSCRIBED) != 0)
		attribute(b, "\\Subscribed", &first);
	if (use != NULL && !(l->options & L_LSUB))
		attribute(b, use, &first);
	(void)buf_adds(b, ") \"/\" ");
	put_mailbox(s, b, e->name);
	if (child_info)
		(void)buf_adds(b, " (\"CHILDINFO\" (\"SUBSCRIBED\"))");
	(void)buf_adds(b, "\r\n");
	if (l->options & LR_STATUS && e->box != NULL)
		put_status(s, e->box, l->items);
}

/* RFC 3501 section 6.3.9: with "%" a name above one that is subscribed. */
static void
list_one(struct session *s, const struct list *l, const struct entry *e)
{
	bool below, wanted = true;

	if (!matches(l, e->name))
		return;
	below = (l->options & LS_RECURSIVE || l->options & L_LSUB) &&
	    l->options & LS_SUBSCRIBED &&
	    has_below(l, e->name, l->options & L_LSUB ? BELOW_HIDDEN :
	    BELOW_SUBSCRIBED);
	if (l->options & LS_SUBSCRIBED)
		wanted = e->subscribed;
	else if (e->box == NULL)
		wanted = has_below(l, e->name, BELOW_ANY);
	if (wanted && l->options & LS_SPECIAL)
		wanted = special_use(e->name) != NULL;
	if (l->options & L_LSUB && !wanted && below) {
		struct entry above = *e;

		above.box = NULL;
		put_entry(s, l, &above, false);
	} else if (wanted || below)
		put_entry(s, l, e, below && !(l->options & L_LSUB));
}

static void
list_all(struct session *s, struct list *l)
{
	uint16_t rc;
	size_t i;

	rc = view_boxes(reader_of(s), &s->reader, status_want(l->items),
	    &l->boxes);
	if (rc == OP_OK)
		rc = set_subscribed(*s->start->keeper, &s->keeper,
		    &l->subscribed);
	if (rc == OP_OK && !gather(l))
		rc = STORE_NOMEM;
	if (rc != OP_OK) {
		reply_failed(s, rc);
		return;
	}
	for (i = 0; i < l->n; i++)
		list_one(s, l, &l->entry[i]);
	send_out(s);
	reply_ok(s, "", "that is all");
}

static void
list_free(struct list *l)
{
	free(l->entry);
	view_boxes_clear(&l->boxes);
	buf_clear(&l->subscribed);
	free(l);
}

static void
run_list(struct session *s, struct lex_at *at, unsigned int options)
{
	struct list *l = calloc(1, sizeof *l);
	enum { SUBSCRIBED_MAX = 4 * 1024 * 1024 };

	if (l == NULL) {
		reply_failed(s, STORE_NOMEM);
		return;
	}
	l->options = options;
	buf_init(&l->subscribed, SUBSCRIBED_MAX);
	if ((options & L_LSUB || select_options(at, &l->options)) &&
	    patterns(s, l, at) && (options & L_LSUB ||
	    return_options(at, l)) && lex_end(at)) {
		if (l->npattern == 1 && l->pattern[0][0] == '\0') {
			untagged(s, "%s (\\Noselect) \"/\" \"\"",
			    options & L_LSUB ? "LSUB" : "LIST");
			reply_ok(s, "", "done");
		} else
			list_all(s, l);
	}
	list_free(l);
}

void
on_list(struct session *s, struct lex_at *at)
{
	run_list(s, at, 0);
}

void
on_lsub(struct session *s, struct lex_at *at)
{
	run_list(s, at, L_LSUB | LS_SUBSCRIBED);
}

/* ---- changes ---- */

static void
done(struct session *s, uint16_t rc)
{
	if (rc == OP_OK)
		reply_ok(s, "", "done");
	else
		reply_failed(s, rc);
}

/* Ours have their uses once and for all: RFC 6154 section 3. */
static bool
wants_use(struct session *s, struct lex_at *at, const char *name)
{
	struct lex_str use;
	const char *has = special_use(name);

	if (lex_end(at))
		return true;
	if (!lex_open(at) || !lex_word(at, "USE") || !lex_open(at))
		return false;
	while (lex_atom(at, &use))
		if (has == NULL || !lex_is(&use, has)) {
			reply_no(s, "USEATTR", "another mailbox is for that");
			return false;
		}
	return lex_close(at) && lex_close(at) && lex_end(at);
}

/* RFC 8474 section 4.1: with the name that it has for good. */
static void
created(struct session *s, const char *name)
{
	struct view_box b = { 0 };
	struct buf code;

	buf_init(&code, TEXT_MAX);
	if (view_box(reader_of(s), &s->reader, name, 0, &b) == OP_OK) {
		(void)buf_adds(&code, "MAILBOXID ");
		put_mailboxid(&code, b.uidvalidity);
	}
	reply_ok(s, buf_str(&code) != NULL ? buf_str(&code) : "", "made");
	buf_clear(&code);
}

void
on_create(struct session *s, struct lex_at *at)
{
	char name[BOX_NAME_MAX];
	uint64_t id;
	uint16_t rc;
	size_t n;

	if (!get_mailbox(s, at, name) || !wants_use(s, at, name))
		return;
	/* "a/" says that there will be more below it. */
	n = strlen(name);
	if (n > 1 && name[n - 1] == NAME_SEPARATOR)
		name[n - 1] = '\0';
	rc = box_create(*s->start->keeper, &s->keeper, name, &id);
	if (rc == OP_OK)
		created(s, name);
	else
		reply_failed(s, rc);
}

void
on_delete(struct session *s, struct lex_at *at)
{
	char name[BOX_NAME_MAX];
	uint16_t rc;

	if (!get_mailbox(s, at, name) || !lex_end(at))
		return;
	if (s->state == ST_SELECTED && strcmp(name, s->view.name) == 0)
		view_leave(s);
	rc = box_delete(*s->start->keeper, &s->keeper, name);
	if (rc == STORE_EXISTS)
		reply_no(s, "HASCHILDREN", "there are mailboxes below it");
	else
		done(s, rc);
}

/* RFC 9051 section 6.3.6: INBOX stays, its messages go. */
static uint16_t
rename_inbox(struct session *s, const char *to)
{
	struct view_range all = { 1, UINT32_MAX };
	struct set_ask ask = { .range = &all, .n = 1 };
	struct view_box b = { 0 };
	struct set_done moved;
	uint64_t id;
	uint16_t rc;

	rc = view_box(reader_of(s), &s->reader, "INBOX", 0, &b);
	if (rc == OP_OK)
		rc = box_create(*s->start->keeper, &s->keeper, to, &id);
	ask.mbox = b.id;
	do {
		if (rc == OP_OK)
			rc = set_move(*s->start->keeper, &s->keeper, &ask, to,
			    false, &moved);
	} while (rc == OP_OK && ask.more);
	return rc;
}

void
on_rename(struct session *s, struct lex_at *at)
{
	char from[BOX_NAME_MAX], to[BOX_NAME_MAX];

	if (!get_mailbox(s, at, from) || !get_mailbox(s, at, to) ||
	    !lex_end(at))
		return;
	done(s, strcmp(from, "INBOX") == 0 ? rename_inbox(s, to) :
	    box_rename(*s->start->keeper, &s->keeper, from, to));
}

static void
subscribe(struct session *s, struct lex_at *at, bool on)
{
	char name[BOX_NAME_MAX];

	if (!get_mailbox(s, at, name) || !lex_end(at))
		return;
	done(s, set_subscribe(*s->start->keeper, &s->keeper, name, on));
}

void
on_subscribe(struct session *s, struct lex_at *at)
{
	subscribe(s, at, true);
}

void
on_unsubscribe(struct session *s, struct lex_at *at)
{
	subscribe(s, at, false);
}
