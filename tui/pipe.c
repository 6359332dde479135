#define _GNU_SOURCE	/* memfd_create */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "mailnode/base/num.h"
#include "tui/fetch.h"
#include "tui/pgp_run.h"
#include "tui/pick.h"
#include "tui/pipe.h"
#include "tui/reply.h"
#include "tui/run.h"

struct item {
	uint64_t	 id, thread;
	int64_t		 date, first;	/* of the message, of its thread */
	bool		 patch;
	unsigned int	 version, number;
};

struct piping {
	struct tui	*t;
	enum conf_action act;
	char		*command;
	struct rows_at	*at;
	size_t		 nat;
	uint64_t	 mbox;
	struct item	*item;
	size_t		 n, done;
	int		 fd;		/* what the program will read */
};

static void
piping_free(struct piping *p)
{
	if (p->fd != -1)
		close(p->fd);
	free(p->command);
	free(p->at);
	free(p->item);
	free(p);
}

/* ---- order ---- */

static const char *
number(const char *s, unsigned int *v)
{
	size_t n = strspn(s, "0123456789");
	uint32_t u;

	if (n == 0 || num_u32(s, s + n, 0, UINT32_MAX, &u) == -1)
		return NULL;
	*v = u;
	return s + n;
}

/* Words of "PATCH v2 3/12". */
static bool
patch_words(const char *s, const char *end, unsigned int *version,
    unsigned int *n)
{
	const char *w, *slash;
	bool is = false;
	size_t len;

	*version = *n = 1;
	for (; s < end; s = w + len + 1) {
		w = s;
		len = strcspn(w, " ]");
		slash = memchr(w, '/', len);
		if (len >= 5 && strncasecmp(w, "PATCH", 5) == 0)
			is = true;
		else if ((*w == 'v' || *w == 'V') && len > 1)
			(void)number(w + 1, version);
		else if (slash != NULL)
			(void)number(w, n);
	}
	return is;
}

bool
pipe_patch(const char *subject, unsigned int *version, unsigned int *n)
{
	const char *s = subject, *end;

	for (s += strspn(s, " "); *s == '['; s = end + 1, s += strspn(s, " ")) {
		end = strchr(s, ']');
		if (end == NULL)
			return false;
		if (patch_words(s + 1, end, version, n))
			return true;
	}
	return false;
}

static int
compare(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

/* Threads by their start; of each the patches as they are numbered, then
 * the rest by date. */
static int
by_place(const void *x, const void *y)
{
	const struct item *a = x, *b = y;
	int c;

	if ((c = compare(a->first, b->first)) != 0 ||
	    (c = compare((int64_t)a->thread, (int64_t)b->thread)) != 0 ||
	    (c = compare(b->patch, a->patch)) != 0)
		return c;
	if (a->patch && ((c = compare(a->version, b->version)) != 0 ||
	    (c = compare(a->number, b->number)) != 0))
		return c;
	c = compare(a->date, b->date);
	return c != 0 ? c : compare((int64_t)a->id, (int64_t)b->id);
}

static int
by_thread(const void *x, const void *y)
{
	const struct item *a = x, *b = y;
	int c = compare((int64_t)a->thread, (int64_t)b->thread);

	return c != 0 ? c : compare(a->date, b->date);
}

static void
put_in_order(struct piping *p)
{
	size_t i;

	qsort(p->item, p->n, sizeof *p->item, by_thread);
	for (i = 0; i < p->n; i++)
		p->item[i].first = i > 0 &&
		    p->item[i - 1].thread == p->item[i].thread ?
		    p->item[i - 1].first : p->item[i].date;
	qsort(p->item, p->n, sizeof *p->item, by_place);
}

/* ---- what the program reads ---- */

static bool
put(struct piping *p, const void *data, size_t len)
{
	const char *s = data;
	ssize_t w;

	for (; len > 0; s += w, len -= (size_t)w) {
		w = write(p->fd, s, len);
		if (w == -1 && errno == EINTR)
			w = 0;
		else if (w <= 0)
			return false;
	}
	return true;
}

/* Lines as this machine has them, "From " quoted. */
static bool
put_mbox(struct piping *p, const char *s, size_t n, int64_t received)
{
	const char *end = s + n, *lf, *stop;
	time_t at = (time_t)received;
	char date[32] = "";
	struct tm tm;
	bool ok;

	if (gmtime_r(&at, &tm) == NULL || asctime_r(&tm, date) == NULL)
		(void)snprintf(date, sizeof date, "Thu Jan  1 00:00:00 1970\n");
	ok = put(p, "From mailnode ", 14) && put(p, date, strlen(date));
	for (; ok && s < end; s = lf + 1) {
		lf = memchr(s, '\n', (size_t)(end - s));
		if (lf == NULL)
			lf = end;
		stop = lf > s && lf[-1] == '\r' ? lf - 1 : lf;
		if (strncmp(s + strspn(s, ">"), "From ", 5) == 0)
			ok = put(p, ">", 1);
		ok = ok && put(p, s, (size_t)(stop - s)) && put(p, "\n", 1);
	}
	return ok && put(p, "\n", 1);
}

static bool
put_file(struct piping *p, const struct fetched *f)
{
	struct buf b;
	bool ok;

	buf_init(&b, (size_t)conf.message_max + 65537);
	ok = pgp_slurp(f->fd, &b) && buf_addc(&b, '\0') == 0;
	if (ok && p->n == 1)
		ok = put(p, b.data, b.len - 1);
	else if (ok)
		ok = put_mbox(p, (char *)b.data, b.len - 1,
		    f->info.received);
	buf_clear(&b);
	return ok;
}

/* As it is read: the fields of a letter, and its text. */
static bool
put_text(struct piping *p, const struct fetched *f)
{
	static const char *const fields[] = { "From", "To", "Cc", "Date",
	    "Subject" };
	const char *v;
	struct buf b;
	bool ok;
	size_t i;

	buf_init(&b, PARSE_ANSWER_MAX);
	if (p->done > 0)
		buf_addc(&b, '\f');
	for (i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		v = reply_header(&f->show, fields[i]);
		if (*v != '\0')
			buf_addf(&b, "%s: %s\n", fields[i], v);
	}
	buf_addc(&b, '\n');
	ok = b.err == 0 && put(p, b.data, b.len) &&
	    put(p, f->show.text, f->show.ntext);
	buf_clear(&b);
	return ok;
}

static void	next(struct piping *p);

static void
got(void *arg, struct fetched *f)
{
	struct piping *p = arg;

	if (f == NULL || !(p->act == DO_PRINT ? put_text : put_file)(p, f)) {
		if (f != NULL)
			app_error(p->t, "it cannot be handed over");
		piping_free(p);
		return;
	}
	p->done++;
	next(p);
}

static void
next(struct piping *p)
{
	if (p->done < p->n) {
		fetch_msg(p->t, p->item[p->done].id, p->act == DO_PRINT ?
		    FETCH_PLAIN : FETCH_FILE, got, p);
		return;
	}
	run_shell(p->t, p->command, p->fd);
	piping_free(p);
}

/* ---- which ---- */

static void
picked(void *arg, struct pick *k)
{
	struct piping *p = arg;
	struct item *it;
	size_t i;

	p->item = calloc(k->n + 1, sizeof *p->item);
	p->fd = memfd_create("pipe", MFD_CLOEXEC);
	if (p->item == NULL || p->fd == -1 || k->n == 0) {
		app_error(p->t, k->n == 0 ? "no message" : "out of memory");
		piping_free(p);
		return;
	}
	for (i = 0; i < k->n; i++) {
		it = &p->item[i];
		it->id = k->m[i].id;
		it->thread = k->m[i].thread;
		it->date = k->m[i].date;
		it->patch = pipe_patch(k->m[i].subject, &it->version,
		    &it->number);
	}
	p->n = k->n;
	put_in_order(p);
	next(p);
}

static void
begin(struct piping *p)
{
	pick_start(p->t, p->at, p->nat, p->mbox, picked, p);
}

static void
typed(void *arg, const char *text)
{
	struct piping *p = arg;

	p->command = text != NULL ? strdup(text) : NULL;
	if (p->command == NULL || p->command[0] == '\0')
		piping_free(p);
	else
		begin(p);
}

void
pipe_places(struct tui *t, enum conf_action act, const struct rows_at *at,
    size_t n, uint64_t mbox, const char *arg)
{
	struct prompt_ask ask = { .hist = HIST_SHELL, .done = typed };
	struct piping *p = calloc(1, sizeof *p);

	if (p == NULL)
		return;
	p->t = t;
	p->act = act;
	p->fd = -1;
	p->mbox = mbox;
	p->nat = n;
	p->at = calloc(n + 1, sizeof *p->at);
	if (p->at == NULL) {
		piping_free(p);
		return;
	}
	memcpy(p->at, at, n * sizeof *at);
	if (arg != NULL) {
		typed(p, arg);
		return;
	}
	ask.label = act == DO_PRINT ? "Print with: " : n > 1 ?
	    "Pipe marked to: " : "Pipe to: ";
	ask.text = act == DO_PRINT ? "lp" : NULL;
	ask.arg = p;
	app_prompt(t, &ask);
}

void
pipe_msg(struct tui *t, enum conf_action act, uint64_t id, const char *arg)
{
	struct rows_at at = { 0, id };

	pipe_places(t, act, &at, 1, 0, arg);
}
