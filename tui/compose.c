#define _DEFAULT_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "tui/compose.h"
#include "tui/compose_view.h"
#include "tui/global.h"
#include "tui/message_doc.h"
#include "tui/pgp.h"
#include "tui/attach.h"

/* A letter with its file; NULL: told already. */
static bool
begin(struct tui *t, struct letter *l, char path[JOURNAL_PATH_MAX])
{
	if (!journal_new(t->home, path)) {
		app_error(t, "%s/compose: %s", t->home, strerror(errno));
		return false;
	}
	if (!letter_init(l)) {
		app_error(t, "out of memory");
		return false;
	}
	return true;
}

void
compose_default_from(struct letter *l)
{
	struct buf b;

	if (l->field[LETTER_FROM][0] != '\0')
		return;
	buf_init(&b, 2000);
	reply_own(&b);
	letter_set(l, LETTER_FROM, buf_str(&b));
	buf_clear(&b);
}

void
compose_new(struct tui *t, const char *to, const char *subject,
    const char *body)
{
	struct compose_from from = { 0, 0, 0 };
	char path[JOURNAL_PATH_MAX];
	struct letter l;

	if (!begin(t, &l, path))
		return;
	compose_default_from(&l);
	letter_set(&l, LETTER_TO, to);
	letter_set(&l, LETTER_SUBJECT, subject);
	letter_set_body(&l, body, strlen(body));
	compose_open(t, path, &l, &from, true);
}

void
compose_reply(struct tui *t, const struct fetched *f, enum reply_kind kind)
{
	struct compose_from from = { 0, f->info.id, 0 };
	char path[JOURNAL_PATH_MAX];
	struct letter l;

	if (!begin(t, &l, path))
		return;
	if (!reply_fill(&l, &f->show, kind)) {
		app_error(t, "it came by no list that takes answers");
		letter_clear(&l);
		return;
	}
	/* What came sealed is not answered in clear. */
	if (f->pgp.encrypted)
		pgp_want(&l, PGP_SIGN | PGP_ENCRYPT);
	compose_open(t, path, &l, &from, true);
}

void
compose_file(struct tui *t, const char *path)
{
	struct compose_from from = { 0, 0, 0 };
	struct letter l;

	if (!letter_init(&l))
		return;
	if (journal_read(path, &l)) {
		compose_open(t, path, &l, &from, false);
	} else {
		app_error(t, "%s: %s", path, strerror(errno));
		letter_clear(&l);
	}
}

/* ---- letters that bring attachments with them ---- */

struct gather {
	struct tui	*t;
	struct letter	 l;
	struct fetched	 f;
	struct compose_from from;
	char		 path[JOURNAL_PATH_MAX];
	size_t		 part;		/* the one under way */
	bool		 edit;
};

static void	gather_next(struct gather *g);

static void
gathered(void *arg, int fd, uint64_t size)
{
	struct gather *g = arg;
	char to[JOURNAL_PATH_MAX], name[256];

	(void)size;
	if (fd != -1) {
		attach_part_name(name, sizeof name,
		    &g->f.show.part[g->part]);
		if (journal_attachment(g->path, name, to) &&
		    attach_save(fd, to) == 0)
			(void)letter_attach(&g->l, to);
		else
			app_error(g->t, "attachment: %s", strerror(errno));
		close(fd);
	}
	g->part++;
	gather_next(g);
}

static void
gather_next(struct gather *g)
{
	const struct parse_show *s = &g->f.show;

	while (g->part < s->npart &&
	    (s->part[g->part].flags & PARSE_P_ATTACH) == 0)
		g->part++;
	if (g->part < s->npart) {
		fetch_part(g->t, g->f.fd, s->part[g->part].path,
		    PARSE_AS_BYTES, gathered, g);
		return;
	}
	compose_open(g->t, g->path, &g->l, &g->from, g->edit);
	letter_clear(&g->l);
	fetched_clear(&g->f);
	free(g);
}

static struct gather *
gather_new(struct tui *t, struct fetched *f)
{
	struct gather *g = calloc(1, sizeof *g);

	if (g == NULL)
		return NULL;
	g->t = t;
	if (!begin(t, &g->l, g->path)) {
		free(g);
		return NULL;
	}
	fetched_take(&g->f, f);
	return g;
}

void
compose_forward(struct tui *t, struct fetched *f)
{
	struct gather *g = gather_new(t, f);

	if (g == NULL)
		return;
	g->from.forwards = g->f.info.id;
	g->edit = true;
	reply_forward(&g->l, &g->f.show);
	if (g->f.pgp.encrypted)
		pgp_want(&g->l, PGP_SIGN | PGP_ENCRYPT);
	gather_next(g);
}

/* ---- drafts ---- */

/* Fields of a draft that are made anew, or say something of the file. */
static bool
is_made(const char *name)
{
	static const char *const made[] = { "From", "To", "Cc", "Bcc",
	    "Subject", "In-Reply-To", "References", "Date", "Message-ID",
	    "MIME-Version", "Received", "Return-Path", "Delivered-To", "Envelope-To",
	    "Authentication-Results", "DKIM-Signature", "Status", "X-Status",
	    "X-UID", "X-Keywords", "Lines", "User-Agent", "X-Mailer", "Fcc",
	    "Attach" /* would name a file of ours */ };
	size_t i;

	for (i = 0; i < sizeof made / sizeof made[0]; i++)
		if (strcasecmp(name, made[i]) == 0)
			return true;
	return strncasecmp(name, "Content-", 8) == 0 ||
	    strncasecmp(name, "X-Mutt-", 7) == 0;
}

static void
take_up(void *arg, struct fetched *f)
{
	static const char *const names[LETTER_FIELDS] = { "From", "To", "Cc",
	    "Bcc", "Subject", "In-Reply-To", "References",
	    "X-Mailnode-Pgp" };
	struct gather *g;
	size_t i;

	if (f == NULL || (g = gather_new(arg, f)) == NULL)
		return;
	g->from.draft = g->f.info.id;
	for (i = 0; i < LETTER_FIELDS; i++)
		letter_set(&g->l, (enum letter_field)i,
		    reply_header(&g->f.show, names[i]));
	for (i = 0; i < g->f.show.nheader; i++)
		if (!is_made(g->f.show.header[i].name))
			(void)letter_add_other(&g->l,
			    g->f.show.header[i].name,
			    g->f.show.header[i].value);
	letter_set_body(&g->l, g->f.show.text, g->f.show.ntext);
	gather_next(g);
}

void
compose_replaced(struct tui *t, uint64_t was, uint64_t now)
{
	size_t i = t->ndrafts++ % DRAFTS_KEPT;

	t->draft[i].was = was;
	t->draft[i].now = now;
}

void
compose_recall(struct tui *t, uint64_t id)
{
	size_t n = t->ndrafts < DRAFTS_KEPT ? t->ndrafts : DRAFTS_KEPT, i;

	/* From the oldest on: each may have been replaced in its turn. */
	for (i = t->ndrafts - n; i < t->ndrafts; i++)
		if (t->draft[i % DRAFTS_KEPT].was == id)
			id = t->draft[i % DRAFTS_KEPT].now;
	fetch_msg(t, id, FETCH_PLAIN, take_up, t);
}

void
compose_recall_any(struct tui *t)
{
	char path[JOURNAL_PATH_MAX];

	if (journal_left(t->home, path) > 0)
		compose_file(t, path);
	else
		global_go(t, "Drafts");
}

void
compose_look_for_left(struct tui *t)
{
	char path[JOURNAL_PATH_MAX];
	size_t n = journal_left(t->home, path);
	const char *key = keymap_of(t->keys, IN_LIST, DO_RECALL);

	journal_sweep(t->home);
	if (n > 0)
		app_note(t, "%zu unfinished letter%s: %s takes %s up", n,
		    n == 1 ? "" : "s", key != NULL ? key : ":recall",
		    n == 1 ? "it" : "the newest");
}
