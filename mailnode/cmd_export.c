/* export: our mailboxes as Maildirs or mboxes that owe us nothing. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/cmd.h"
#include "mailnode/node/control.h"
#include "store/err.h"
#include "store/flag.h"
#include "store/op_list.h"
#include "store/op_msg.h"

enum { PAGE = 500, PATH_ROOM = 4096, PAINT_MS = 100 };

struct exporter {
	int		 ch;
	const char	*dir;
	bool		 mbox, tty;
	FILE		*out;		/* of an mbox */
	uint64_t	 total, done, had, failed;
	int64_t		 painted_ms;
};

static void
paint(struct exporter *ex, const char *folder, bool last)
{
	int64_t now = clock_mono_ms();

	if (!ex->tty || (!last && now - ex->painted_ms < PAINT_MS))
		return;
	ex->painted_ms = now;
	fprintf(stderr, "\r%llu of %llu  %.40s\033[K%s",
	    (unsigned long long)(ex->done + ex->had + ex->failed),
	    (unsigned long long)ex->total, folder, last ? "\n" : "");
}

static void
bad(struct exporter *ex, const char *what, const char *why)
{
	if (ex->tty)
		fputs("\r\033[K", stderr);
	(void)cmd_fail(what, why);
	ex->failed++;
}

/* Makes every level of path below ex->dir. */
static bool
make_dirs(const char *path)
{
	char b[PATH_ROOM];
	char *p;

	if (snprintf(b, sizeof b, "%s", path) >= (int)sizeof b) {
		errno = ENAMETOOLONG;
		return false;
	}
	for (p = b + 1; *p != '\0'; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(b, 0700) == -1 && errno != EEXIST)
			return false;
		*p = '/';
	}
	return mkdir(b, 0700) == 0 || errno == EEXIST;
}

static bool
make_maildir(const struct exporter *ex, const char *folder)
{
	static const char *const sub[] = { "cur", "new", "tmp" };
	char path[PATH_ROOM];
	size_t i;

	for (i = 0; i < 3; i++)
		if (snprintf(path, sizeof path, "%s/%s/%s", ex->dir, folder,
		    sub[i]) >= (int)sizeof path || !make_dirs(path))
			return false;
	return true;
}

/* ---- one message ---- */

static bool
copy(int from, int to)
{
	char b[65536];
	ssize_t n, k, at;

	while ((n = read(from, b, sizeof b)) > 0)
		for (at = 0; at < n; at += k)
			if ((k = write(to, b + at, (size_t)(n - at))) <= 0)
				return false;
	return n == 0;
}

/* Under tmp first: what stands in cur or new is whole. */
static bool
to_maildir(struct exporter *ex, const struct msg_info *m, int fd)
{
	char tmp[PATH_ROOM], path[PATH_ROOM];
	struct timespec t[2] = { { .tv_nsec = UTIME_OMIT },
	    { .tv_sec = (time_t)m->received } };
	int to;
	bool ok;

	if (snprintf(path, sizeof path, "%s/%s/%s", ex->dir, m->folder,
	    m->name) >= (int)sizeof path || snprintf(tmp, sizeof tmp,
	    "%s/%s/tmp/export.%ld", ex->dir, m->folder, (long)getpid()) >=
	    (int)sizeof tmp) {
		errno = ENAMETOOLONG;
		return false;
	}
	if (access(path, F_OK) == 0) {
		ex->had++;
		return true;
	}
	to = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (to == -1)
		return false;
	ok = copy(fd, to) && futimens(to, t) == 0;
	ok = close(to) == 0 && ok;
	if (ok && rename(tmp, path) == 0) {
		ex->done++;
		return true;
	}
	unlink(tmp);
	return false;
}

static void
put_status(FILE *out, uint32_t flags)
{
	fprintf(out, "Status: %sO\n", flags & STORE_SEEN ? "R" : "");
	if (flags & ~(uint32_t)(STORE_SEEN | STORE_PASSED))
		fprintf(out, "X-Status: %s%s%s%s\n",
		    flags & STORE_ANSWERED ? "A" : "",
		    flags & STORE_FLAGGED ? "F" : "",
		    flags & STORE_DELETED ? "D" : "",
		    flags & STORE_DRAFT ? "T" : "");
}

static bool
is_status(const char *line)
{
	return strncasecmp(line, "Status:", 7) == 0 ||
	    strncasecmp(line, "X-Status:", 9) == 0;
}

/* mboxrd: LF ends, a ">" before each line that begins like a separator. */
static bool
to_mbox(struct exporter *ex, const struct msg_info *m, int fd)
{
	FILE *in = fdopen(dup(fd), "r");
	char *line = NULL, date[64];
	time_t at = (time_t)m->received;
	size_t cap = 0;
	bool head = true;
	struct tm tm;
	ssize_t n;

	if (in == NULL || gmtime_r(&at, &tm) == NULL ||
	    strftime(date, sizeof date, "%a %b %e %H:%M:%S %Y", &tm) == 0) {
		if (in != NULL)
			fclose(in);
		return false;
	}
	fprintf(ex->out, "From MAILER-DAEMON %s\n", date);
	while ((n = getline(&line, &cap, in)) > 0) {
		while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
			n--;
		if (head && n == 0) {
			put_status(ex->out, m->flags);
			head = false;
		}
		if (head && is_status(line))
			continue;
		if (strncmp(line + strspn(line, ">"), "From ", 5) == 0)
			fputc('>', ex->out);
		fwrite(line, 1, (size_t)n, ex->out);
		fputc('\n', ex->out);
	}
	fputc('\n', ex->out);
	free(line);
	fclose(in);
	ex->done++;
	return !ferror(ex->out);
}

static void
one(struct exporter *ex, const struct list_msg *row)
{
	struct msg_info m;
	uint16_t rc;
	int fd;

	rc = msg_open(ex->ch, row->id, &m, &fd);
	if (rc != OP_OK) {
		bad(ex, row->folder, store_status_text(rc));
		return;
	}
	if (!(ex->mbox ? to_mbox(ex, &m, fd) : to_maildir(ex, &m, fd)))
		bad(ex, m.name, strerror(errno));
	paint(ex, m.folder, false);
	close(fd);
	msg_info_clear(&m);
}

/* ---- mailboxes ---- */

static bool
each(struct exporter *ex, uint64_t mbox)
{
	struct list_msgs_ask ask = { .which = LIST_OF_MAILBOX, .id = mbox,
	    .n = PAGE };
	struct list_msgs page;
	bool more = true;
	uint16_t rc;
	size_t i;

	while (more) {
		rc = list_msgs(ex->ch, &ask, &page);
		if (rc != OP_OK) {
			bad(ex, "export", store_status_text(rc));
			return false;
		}
		for (i = 0; i < page.n; i++)
			one(ex, &page.row[i]);
		more = page.more;
		ask.from = page.next;
		list_msgs_clear(&page);
	}
	return true;
}

static bool
box_to_mbox(struct exporter *ex, const struct list_box *b)
{
	char path[PATH_ROOM], dir[PATH_ROOM];
	char *slash;
	int n;
	bool ok;

	n = snprintf(path, sizeof path, "%s/%s.mbox", ex->dir, b->name);
	if (n < 0 || n >= (int)sizeof path)
		return false;
	memcpy(dir, path, (size_t)n + 1);
	slash = strrchr(dir, '/');
	*slash = '\0';
	if (!make_dirs(dir) || (ex->out = fopen(path, "wxe")) == NULL) {
		bad(ex, path, strerror(errno));
		return false;
	}
	ok = each(ex, b->id);
	if (fclose(ex->out) != 0) {
		bad(ex, path, strerror(errno));
		ok = false;
	}
	return ok;
}

static void
box(struct exporter *ex, const struct list_box *b)
{
	if (ex->mbox)
		(void)box_to_mbox(ex, b);
	else if (!make_maildir(ex, b->name))
		bad(ex, b->name, strerror(errno));
	else
		(void)each(ex, b->id);
}

static bool
chosen(const char *name, int n, char **folder)
{
	int i;

	for (i = 0; i < n; i++)
		if (strcmp(folder[i], name) == 0)
			return true;
	return n == 0;
}

/* The first that was asked for and is none; NULL. */
static const char *
missing(const struct list_sidebar *s, int n, char **folder)
{
	size_t i;
	int k;

	for (k = 0; k < n; k++) {
		for (i = 0; i < s->n; i++)
			if (s->box[i].id != 0 &&
			    strcmp(s->box[i].name, folder[k]) == 0)
				break;
		if (i == s->n)
			return folder[k];
	}
	return NULL;
}

static int
export_all(struct exporter *ex, int n, char **folder)
{
	struct list_sidebar s;
	uint16_t rc = list_sidebar(ex->ch, &s);
	const char *none;
	int status;
	size_t i;

	if (rc != OP_OK)
		return cmd_fail("export", store_status_text(rc));
	for (i = 0; i < s.n; i++)
		if (s.box[i].id != 0 && chosen(s.box[i].name, n, folder))
			ex->total += s.box[i].total;
	for (i = 0; i < s.n; i++)
		if (s.box[i].id != 0 && chosen(s.box[i].name, n, folder))
			box(ex, &s.box[i]);
	paint(ex, "", true);
	none = missing(&s, n, folder);
	status = none != NULL ? cmd_fail(none, "no such mailbox") :
	    ex->failed > 0;
	list_sidebar_clear(&s);
	printf("exported %llu, already there %llu, failed %llu\n",
	    (unsigned long long)ex->done, (unsigned long long)ex->had,
	    (unsigned long long)ex->failed);
	return status;
}

int
cmd_export(int argc, char **argv)
{
	struct exporter ex = { .tty = isatty(STDERR_FILENO) };
	struct node *n = NULL;
	int c, status;

	while ((c = cmd_option("export", argc, argv, "+hmq", NULL)) != -1) {
		if (c == 'm')
			ex.mbox = true;
		else if (c == 'q')
			ex.tty = false;
		else
			return cmd_usage("export", c == 'h');
	}
	if (optind == argc)
		return cmd_usage("export", 0);
	ex.dir = argv[optind++];
	if (!make_dirs(ex.dir))
		return cmd_fail(ex.dir, strerror(errno));
	ex.ch = cmd_link("export", &n, ROLE_READER);
	if (ex.ch == -1)
		return 1;
	status = export_all(&ex, argc - optind, argv + optind);
	close(ex.ch);
	node_close(n);
	return status;
}
