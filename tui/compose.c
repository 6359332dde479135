#define _GNU_SOURCE	/* memfd_create */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/codec.h"
#include "tui/addr.h"
#include "tui/compose.h"
#include "tui/compose_view.h"
#include "tui/global.h"
#include "tui/message_doc.h"
#include "tui/pgp.h"
#include "tui/attach.h"
#include "tui/send.h"

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
compose_new(struct tui *t, const char *to)
{
	struct compose_from from = { 0, 0, 0 };
	char path[JOURNAL_PATH_MAX];
	struct letter l;
	struct buf b;

	if (!begin(t, &l, path))
		return;
	buf_init(&b, 2000);
	reply_own(&b);
	letter_set(&l, LETTER_FROM, buf_str(&b));
	letter_set(&l, LETTER_TO, to);
	buf_clear(&b);
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
	char to[JOURNAL_PATH_MAX];

	(void)size;
	if (fd != -1) {
		if (journal_attachment(g->path,
		    message_part_name(&g->f.show.part[g->part]), to) &&
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
		app_note(t, "%zu unfinished letter%s: %s takes it up", n,
		    n == 1 ? "" : "s", key != NULL ? key : ":recall");
}

/* ---- bouncing, RFC 5322 section 3.6.6 ---- */

struct bounce {
	struct tui	*t;
	struct addrs	 to;
	char		 msgid[320];
	char		 from[320];
};

static void
bounce_free(struct bounce *b)
{
	addrs_clear(&b->to);
	free(b);
}

static void
put_resent(struct buf *out, struct bounce *b)
{
	time_t now = (time_t)clock_wall_s();
	char date[64] = "";
	uint8_t r[15] = { 0 };
	struct tm tm;
	struct buf id;

	if (localtime_r(&now, &tm) != NULL)
		(void)strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S %z",
		    &tm);
	if (getrandom(r, sizeof r, 0) != (ssize_t)sizeof r)
		abort();	/* does not happen once the system is up */
	buf_init(&id, sizeof b->msgid - 1);
	(void)codec_hex_put(&id, r, sizeof r);
	buf_addf(&id, "@%s", conf.domains[0]);
	(void)snprintf(b->msgid, sizeof b->msgid, "%s", buf_str(&id));
	buf_clear(&id);
	buf_addf(out, "Resent-From: %s\r\nResent-Date: %s\r\n"
	    "Resent-Message-ID: <%s>\r\nResent-To: ", b->from, date,
	    b->msgid);
	addrs_put(out, &b->to);
	buf_adds(out, "\r\n");
}

/* Fields that belong to its last delivery stay here. */
static bool
leaves(const char *line, size_t n)
{
	static const char *const stay[] = { "Return-Path:", "Delivered-To:",
	    "Envelope-To:", "Bcc:" };
	size_t i, k;

	for (i = 0; i < sizeof stay / sizeof stay[0]; i++) {
		k = strlen(stay[i]);
		if (n >= k && strncasecmp(line, stay[i], k) == 0)
			return false;
	}
	return true;
}

/* CRLF throughout, whatever the file has. */
static void
put_original(struct buf *out, const char *s, size_t n)
{
	const char *end = s + n, *lf;
	bool head = true, keep = true;
	size_t len;

	for (; s < end; s = lf + 1) {
		lf = memchr(s, '\n', (size_t)(end - s));
		if (lf == NULL)
			lf = end;
		len = (size_t)(lf - s);
		if (len > 0 && s[len - 1] == '\r')
			len--;
		if (head && len == 0)
			head = false;
		if (head && *s != ' ' && *s != '\t')
			keep = leaves(s, len);
		if (head && !keep)
			continue;
		buf_add(out, s, len);
		buf_adds(out, "\r\n");
	}
}

static void
bounced(void *arg, uint16_t status, const char *id)
{
	struct bounce *b = arg;

	(void)id;
	if (status != OP_OK)
		app_status_error(b->t, "not bounced", status);
	else
		app_note(b->t, "bounced to %s%s", b->to.a[0].addr,
		    b->to.n > 1 ? " and others" : "");
	bounce_free(b);
}

static int
resent_file(struct bounce *b, int original)
{
	struct buf out, in;
	ssize_t r = 0;
	int fd = -1;

	buf_init(&in, (size_t)conf.message_max);
	buf_init(&out, (size_t)conf.message_max + 65536);
	put_resent(&out, b);
	while (buf_reserve(&in, 65536) == 0 && (r = pread(original,
	    in.data + in.len, 65536, (off_t)in.len)) > 0)
		in.len += (size_t)r;
	put_original(&out, (char *)in.data, in.len);
	if (r == 0 && in.err == 0 && out.err == 0)
		fd = memfd_create("letter", MFD_CLOEXEC);
	if (fd != -1 && write(fd, out.data, out.len) != (ssize_t)out.len) {
		close(fd);
		fd = -1;
	}
	buf_clear(&in);
	buf_clear(&out);
	return fd;
}

static void
bounce_now(void *arg, struct fetched *f)
{
	struct queue_to to[QUEUE_RCPTS_MAX];
	struct bounce *b = arg;
	struct queue_envelope e = { .from = b->from, .subject = "bounced",
	    .envid = "", .to = to };
	size_t i;
	int fd;

	fd = f != NULL ? resent_file(b, f->fd) : -1;
	if (fd == -1) {
		app_error(b->t, "not bounced: cannot read it");
		bounce_free(b);
		return;
	}
	for (i = 0; i < b->to.n && i < QUEUE_RCPTS_MAX; i++) {
		to[i].addr = b->to.a[i].addr;
		to[i].orcpt = "";
		to[i].notify = 0;
	}
	e.nto = i;
	e.msgid = b->msgid;
	send_letter(b->t, &e, fd, bounced, b);
}

void
compose_bounce(struct tui *t, uint64_t id, const char *to)
{
	struct bounce *b = calloc(1, sizeof *b);
	const char *bad = NULL;

	if (b == NULL)
		return;
	b->t = t;
	(void)snprintf(b->from, sizeof b->from, "%s@%s", conf.user,
	    conf.domains[0]);
	if (addrs_read(&b->to, to, &bad) > 0 || b->to.n == 0) {
		app_error(t, "no address: %s", bad != NULL ? bad : to);
		bounce_free(b);
		return;
	}
	fetch_msg(t, id, FETCH_FILE, bounce_now, b);
}
