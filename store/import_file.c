#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/import_file.h"
#include "store/import_mbox.h"
#include "store/maildir.h"

enum { HEAD_ROOM = 16 * 1024, READ_MAX = 64 * 1024 };	/* octets */

void
import_bad(const struct import *im, const char *path, const char *why)
{
	if (im->bad != NULL)
		im->bad(im->arg, path, why);
}

/* False: some line ends in LF alone, or in nothing. */
static bool
all_crlf(const char *p, size_t n)
{
	const char *at = p, *end = p + n, *nl;

	while (at < end) {
		nl = memchr(at, '\n', (size_t)(end - at));
		if (nl == NULL || nl == p || nl[-1] != '\r')
			return false;
		at = nl + 1;
	}
	return true;
}

struct map {
	char	*p;
	size_t	 n;
	int	 fd;
	struct stat st;
	bool	 copied;
};

/* Small ones are read: mapping one costs more than its octets.  False: not
 * read. */
static bool
read_small(struct map *m)
{
	m->p = malloc(m->n);
	m->copied = m->p != NULL && pread(m->fd, m->p, m->n, 0) ==
	    (ssize_t)m->n;
	if (!m->copied)
		free(m->p);
	return m->copied;
}

static bool
map_open(struct map *m, const char *path)
{
	memset(m, 0, sizeof *m);
	m->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (m->fd == -1)
		return false;
	if (fstat(m->fd, &m->st) == -1 || !S_ISREG(m->st.st_mode)) {
		close(m->fd);
		errno = S_ISDIR(m->st.st_mode) ? EISDIR : EINVAL;
		return false;
	}
	m->n = (size_t)m->st.st_size;
	if (m->n == 0)
		return true;
	if (m->n <= READ_MAX && read_small(m))
		return true;
	m->p = mmap(NULL, m->n, PROT_READ, MAP_PRIVATE, m->fd, 0);
	if (m->p != MAP_FAILED)
		return true;
	close(m->fd);
	return false;
}

static void
map_close(struct map *m)
{
	if (m->copied)
		free(m->p);
	else if (m->n > 0)
		munmap(m->p, m->n);
	if (m->fd != -1)
		close(m->fd);
}

/* Gives one message to the caller. */
static bool
give(const struct import *im, struct import_item *i, const char *p,
    size_t n, bool mbox)
{
	bool go;

	i->size = n;
	i->data = p != NULL ? p : "";
	i->mbox = mbox;
	if (i->fd == -1 && !im->count && !im->bytes) {
		i->fd = import_crlf(p, n, mbox);
		if (i->fd == -1) {
			import_bad(im, i->path, strerror(errno));
			return true;
		}
	}
	go = im->item(im->arg, i);
	if (i->fd != -1)
		close(i->fd);
	i->fd = -1;
	return go;
}

bool
import_file(const struct import *im, struct import_item *i)
{
	struct stat st;
	struct map m;
	bool go;

	if (im->count) {
		if (stat(i->path, &st) == -1 || !S_ISREG(st.st_mode))
			return true;
		return give(im, i, NULL, (size_t)st.st_size, false);
	}
	if (!map_open(&m, i->path)) {
		import_bad(im, i->path, strerror(errno));
		return true;
	}
	i->received = m.st.st_mtime;
	if (!im->bytes && m.n > 0 && all_crlf(m.p, m.n)) {
		i->fd = m.fd;		/* as it is */
		m.fd = -1;
	}
	go = give(im, i, m.p, m.n, false);
	map_close(&m);
	return go;
}

/* ---- mbox ---- */

/* What a file begins with; how much that is, or -1. */
static ssize_t
read_head(const char *path, char head[HEAD_ROOM])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t n = fd != -1 ? read(fd, head, HEAD_ROOM) : -1;

	if (fd != -1)
		close(fd);
	return n;
}

/* RFC 5322 section 3.6, and what stands above: /etc/passwd is lines of a name,
 * a colon and something, too. */
static const char *const fields[] = {
	"Date", "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID",
	"In-Reply-To", "References", "Subject", "Comments", "Keywords",
	"Resent-Date", "Resent-From", "Resent-To", "Received", "Return-Path",
	"Delivered-To", "X-Original-To", "DKIM-Signature", "MIME-Version",
	"Content-Type", NULL
};

static bool
is_field(const char *p, size_t n)
{
	size_t i, k;

	for (i = 0; fields[i] != NULL; i++) {
		k = strlen(fields[i]);
		if (n <= k || strncasecmp(p, fields[i], k) != 0)
			continue;
		while (k < n && (p[k] == ' ' || p[k] == '\t'))
			k++;
		if (k < n && p[k] == ':')
			return true;
	}
	return false;
}

/* Up to the empty line: one of them is a field that mail has. */
static bool
has_field(const char *p, size_t n)
{
	const char *end = p + n, *nl;

	for (; p < end && *p != '\n' && *p != '\r'; p = nl + 1) {
		if (is_field(p, (size_t)(end - p)))
			return true;
		nl = memchr(p, '\n', (size_t)(end - p));
		if (nl == NULL)
			return false;
	}
	return false;
}

bool
import_is_mbox(const char *path)
{
	char head[HEAD_ROOM];
	ssize_t n = read_head(path, head);
	const char *nl;
	size_t k = strlen(path);

	if (n == 0)	/* of an empty mailbox, as export makes it */
		return k > 5 && strcmp(path + k - 5, ".mbox") == 0;
	if (n < 5 || memcmp(head, "From ", 5) != 0)
		return false;
	nl = memchr(head, '\n', (size_t)n);
	return nl != NULL && has_field(nl + 1, (size_t)(head + n - nl - 1));
}

/* What cannot be read is for those to complain of who read it. */
bool
import_is_letter(const char *path)
{
	char head[HEAD_ROOM];
	ssize_t n = read_head(path, head);

	return n < 0 || has_field(head, (size_t)n);
}

static bool
letters(const struct import *im, struct import_item *i, const struct map *m)
{
	size_t at, end, body, len;
	bool go = true;

	for (at = 0; go && at < m->n; at = end) {
		end = import_mbox_next(m->p, m->n, at, &body, &len);
		if (len == 0)
			continue;
		i->received = m->st.st_mtime;
		if (!im->bytes)
			import_mbox_meta(m->p + at, end - at, &i->flags,
			    &i->received);
		go = give(im, i, m->p + body, len, true);
	}
	return go;
}

bool
import_mbox(const struct import *im, struct import_item *i)
{
	struct map m;
	bool go;

	if (!map_open(&m, i->path)) {
		import_bad(im, i->path, strerror(errno));
		return true;
	}
	go = letters(im, i, &m);
	map_close(&m);
	return go;
}

/* Either kind, opened once: its place does not matter. */
bool
import_look(const struct import *im, struct import_item *i, bool *dir)
{
	struct map m;
	bool go;

	*dir = false;
	if (!map_open(&m, i->path)) {
		*dir = errno == EISDIR;
		if (!*dir)
			import_bad(im, i->path, strerror(errno));
		return true;
	}
	if (m.n >= 5 && memcmp(m.p, "From ", 5) == 0)
		go = letters(im, i, &m);
	else
		go = give(im, i, m.p, m.n, false);
	map_close(&m);
	return go;
}
