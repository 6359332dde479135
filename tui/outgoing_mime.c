#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailnode/base/codec.h"
#include "mailnode/node/conf.h"
#include "tui/outgoing_mime.h"
#include "tui/text.h"

enum {
	LINE_MAX_OUT = 76,	/* RFC 2045 section 6.7 */
	PLAIN_MAX = 900,	/* RFC 5322 section 2.1.1: 998 */
	FILE_CHUNK = 57 * 800	/* whole base64 lines of 76 */
};

/* ---- text ---- */

bool
outgoing_is_plain(const char *s, size_t n)
{
	const char *end = s + n, *lf;

	for (; s < end; s = lf + 1) {
		lf = memchr(s, '\n', (size_t)(end - s));
		if (lf == NULL)
			lf = end;
		if (lf - s > PLAIN_MAX || (lf - s >= 5 &&
		    memcmp(s, "From ", 5) == 0) ||
		    (lf > s && (lf[-1] == ' ' || lf[-1] == '\t') &&
		    !(lf - s == 3 && memcmp(s, "-- ", 3) == 0)))
			return false;
		for (; s < lf; s++)
			if (((unsigned char)*s < ' ' && *s != '\t') ||
			    (unsigned char)*s >= 0x7f)
				return false;
	}
	return true;
}

static bool
quoted_as_is(const char *s, const char *line, const char *lf)
{
	unsigned char c = (unsigned char)*s;

	if (c == ' ' || c == '\t')
		return s + 1 < lf;
	if (s == line && (c == '.' || (c == 'F' && lf - s >= 5 &&
	    memcmp(s, "From ", 5) == 0)))
		return false;
	return c > ' ' && c < 0x7f && c != '=';
}

void
outgoing_quoted(struct buf *b, const char *s, size_t n)
{
	const char *end = s + n, *line, *lf;
	size_t col, w;

	while (s < end) {
		lf = memchr(s, '\n', (size_t)(end - s));
		if (lf == NULL)
			lf = end;
		for (line = s, col = 0; s < lf; s++, col += w) {
			w = quoted_as_is(s, line, lf) ? 1 : 3;
			if (col + w > LINE_MAX_OUT - 1) {
				buf_adds(b, "=\r\n");
				col = 0;
			}
			if (w == 1)
				buf_addc(b, *s);
			else
				buf_addf(b, "=%02X", (unsigned char)*s);
		}
		buf_adds(b, "\r\n");
		s = lf + 1;
	}
}

static void
put_plain(struct buf *b, const char *s, size_t n)
{
	const char *end = s + n, *lf;

	for (; s < end; s = lf + 1) {
		lf = memchr(s, '\n', (size_t)(end - s));
		if (lf == NULL)
			lf = end;
		buf_add(b, s, (size_t)(lf - s));
		buf_adds(b, "\r\n");
	}
}

static void
put_body(struct buf *b, const char *text, bool sealed)
{
	size_t n = strlen(text);
	/* No blank at the end of a signed line, RFC 3156 section 3. */
	bool plain = outgoing_is_plain(text, n) &&
	    (!sealed || strstr(text, "-- \n") == NULL);

	buf_addf(b, "Content-Type: text/plain; charset=%s\r\n"
	    "Content-Transfer-Encoding: %s\r\n\r\n",
	    plain ? "us-ascii" : "utf-8",
	    plain ? "7bit" : "quoted-printable");
	if (plain)
		put_plain(b, text, n);
	else
		outgoing_quoted(b, text, n);
}

/* ---- attachments ---- */

static const char *
type_of(const char *name)
{
	static const struct { const char *ext, *type; } types[] = {
		{ "pdf", "application/pdf" }, { "png", "image/png" },
		{ "jpg", "image/jpeg" }, { "jpeg", "image/jpeg" },
		{ "gif", "image/gif" }, { "webp", "image/webp" },
		{ "svg", "image/svg+xml" }, { "txt", "text/plain" },
		{ "md", "text/markdown" }, { "csv", "text/csv" },
		{ "html", "text/html" }, { "ics", "text/calendar" },
		{ "patch", "text/x-diff" }, { "diff", "text/x-diff" },
		{ "zip", "application/zip" }, { "gz", "application/gzip" },
		{ "json", "application/json" }, { "mp3", "audio/mpeg" },
		{ "mp4", "video/mp4" }, { "odt",
		    "application/vnd.oasis.opendocument.text" },
	};
	const char *dot = strrchr(name, '.');
	size_t i;

	for (i = 0; dot != NULL && i < sizeof types / sizeof types[0]; i++)
		if (strcasecmp(types[i].ext, dot + 1) == 0)
			return types[i].type;
	return "application/octet-stream";
}

/* RFC 2231: filename="plain.txt" or filename*=utf-8''%XX. */
static void
put_filename(struct buf *b, const char *name)
{
	const unsigned char *p;

	if (outgoing_is_ascii(name, strlen(name)) && strpbrk(name, "\"\\") == NULL) {
		buf_addf(b, "; filename=\"%s\"", name);
		return;
	}
	buf_adds(b, "; filename*=utf-8''");
	for (p = (const unsigned char *)name; *p != '\0'; p++)
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		    (*p >= '0' && *p <= '9') || *p == '.' || *p == '-' ||
		    *p == '_')
			buf_addc(b, *p);
		else
			buf_addf(b, "%%%02X", *p);
}

int
outgoing_write(int fd, struct buf *b)
{
	size_t at = 0;
	ssize_t w;

	if (b->err != 0)
		return -1;
	while (at < b->len) {
		w = write(fd, b->data + at, b->len - at);
		if (w == -1 && errno != EINTR)
			return -1;
		at += w > 0 ? (size_t)w : 0;
	}
	buf_reset(b);
	return 0;
}

static enum outgoing_err
put_file(struct outgoing *o, struct buf *b, int in)
{
	static char chunk[FILE_CHUNK];
	size_t have = 0, i, k;
	ssize_t r;
	bool end = false;

	while (!end) {
		r = read(in, chunk + have, sizeof chunk - have);
		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return OUTGOING_ATTACH;
		end = r == 0;
		have += (size_t)r;
		if (!end && have < sizeof chunk)
			continue;
		for (i = 0; i < have; i += k) {
			k = have - i < 57 ? have - i : 57;
			(void)codec_base64_put(b, chunk + i, k);
			buf_adds(b, "\r\n");
		}
		have = 0;
		o->size += b->len;
		if (o->size > conf.message_max)
			return OUTGOING_SIZE;
		if (outgoing_write(o->fd, b) == -1)
			return OUTGOING_MEMORY;
	}
	return OUTGOING_OK;
}

/* Text without a charset is US-ASCII to who reads it (RFC 2045 section 5.2):
 * what begins as UTF-8 is called so. */
static const char *
charset_of(int in, const char *type)
{
	static char head[FILE_CHUNK];
	ssize_t got = strncmp(type, "text/", 5) == 0 ?
	    pread(in, head, sizeof head, 0) : -1;
	size_t n = got > 0 ? (size_t)got : 0;

	/* It may end inside a character. */
	if (n == sizeof head) {
		while (n > 0 && ((unsigned char)head[n - 1] & 0xc0) == 0x80)
			n--;
		n -= n > 0 && ((unsigned char)head[n - 1] & 0x80) != 0;
	}
	return n > 0 && codec_utf8_ok(head, n) ? "; charset=utf-8" : "";
}

static enum outgoing_err
put_attachment(struct outgoing *o, struct buf *b, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	enum outgoing_err rc;
	struct stat st;
	char size[16];
	int in = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (in == -1 || fstat(in, &st) == -1 || !S_ISREG(st.st_mode)) {
		(void)snprintf(o->why, sizeof o->why, "%s: %s", path,
		    in == -1 ? strerror(errno) : "not a file");
		if (in != -1)
			close(in);
		return OUTGOING_ATTACH;
	}
	buf_addf(b, "Content-Type: %s%s\r\n"
	    "Content-Transfer-Encoding: base64\r\n"
	    "Content-Disposition: attachment", type_of(name),
	    charset_of(in, type_of(name)));
	put_filename(b, name);
	buf_adds(b, "\r\n\r\n");
	rc = put_file(o, b, in);
	if (rc == OUTGOING_ATTACH)
		(void)snprintf(o->why, sizeof o->why, "%s: %s", path,
		    strerror(errno));
	if (rc == OUTGOING_SIZE) {
		text_size(size, sizeof size, conf.message_max);
		(void)snprintf(o->why, sizeof o->why, "with %.150s it is over "
		    "the %s of a letter", name, size);
	}
	close(in);
	return rc;
}

enum outgoing_err
outgoing_parts(struct outgoing *o, struct buf *b, const struct letter *l)
{
	enum outgoing_err rc = OUTGOING_OK;
	char boundary[64];
	size_t i;

	if (l->nattach == 0) {
		put_body(b, l->body, l->field[LETTER_PGP][0] != '\0');
		return OUTGOING_OK;
	}
	(void)snprintf(boundary, sizeof boundary, "=_%.30s", o->msgid);
	buf_addf(b, "Content-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n"
	    "--%s\r\n", boundary, boundary);
	put_body(b, l->body, l->field[LETTER_PGP][0] != '\0');
	for (i = 0; rc == OUTGOING_OK && i < l->nattach; i++) {
		buf_addf(b, "--%s\r\n", boundary);
		rc = put_attachment(o, b, l->attach[i]);
	}
	buf_addf(b, "--%s--\r\n", boundary);
	return rc;
}
