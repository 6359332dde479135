/* Octets to and from gpg, and what its lines say. */
#define _GNU_SOURCE	/* memfd_create */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tui/pgp.h"
#include "tui/pgp_run.h"

int
pgp_memory(const struct buf *b)
{
	int fd = memfd_create("pgp", MFD_CLOEXEC);
	size_t at = 0;
	ssize_t w = 1;

	while (fd != -1 && b != NULL && at < b->len && w > 0) {
		w = write(fd, b->data + at, b->len - at);
		at += w > 0 ? (size_t)w : 0;
	}
	if (fd != -1 && b != NULL && at < b->len) {
		close(fd);
		return -1;
	}
	return fd;
}

bool
pgp_slurp(int fd, struct buf *b)
{
	ssize_t r = 1;
	off_t at = 0;

	while (r > 0 && buf_reserve(b, 65536) == 0) {
		r = pread(fd, b->data + b->len, 65536, at);
		if (r > 0) {
			b->len += (size_t)r;
			at += r;
		}
	}
	return r == 0 && b->err == 0;
}

const char *
pgp_status_line(const char *lines, const char *keyword)
{
	char want[64];
	const char *p = lines;

	(void)snprintf(want, sizeof want, "[GNUPG:] %s ", keyword);
	while ((p = strstr(p, want)) != NULL && p != lines && p[-1] != '\n')
		p++;
	return p != NULL ? p + strlen(want) : NULL;
}

void
pgp_put_crlf(struct buf *b, const struct buf *text)
{
	size_t i;

	for (i = 0; i < text->len; i++) {
		if (text->data[i] == '\n' && (i == 0 ||
		    text->data[i - 1] != '\r'))
			buf_addc(b, '\r');
		buf_addc(b, (char)text->data[i]);
	}
}

void
pgp_complaint(struct buf *text, const char *said)
{
	const char *p, *last = "gpg: failed";
	size_t n;

	for (p = said; *p != '\0'; p += n, p += *p == '\n') {
		n = strcspn(p, "\n");
		if (strncmp(p, "gpg: ", 5) == 0)
			last = p;
	}
	buf_reset(text);
	buf_add(text, last, strcspn(last, "\n"));
}

/* The line at s is that one, but for blanks behind it. */
static bool
line_is(const char *s, const char *end, const char *want)
{
	size_t n = strlen(want);

	if ((size_t)(end - s) < n || memcmp(s, want, n) != 0)
		return false;
	for (s += n; s < end && *s != '\n'; s++)
		if (*s != ' ' && *s != '\t' && *s != '\r')
			return false;
	return true;
}

enum pgp_kind
pgp_block(const char *text, size_t n, size_t *from, size_t *to)
{
	static const struct { const char *first, *last; } kinds[] = {
		[PGP_CLEAR] = { "-----BEGIN PGP SIGNED MESSAGE-----",
		    "-----END PGP SIGNATURE-----" },
		[PGP_SEALED] = { "-----BEGIN PGP MESSAGE-----",
		    "-----END PGP MESSAGE-----" },
	};
	const char *s = text, *end = text + n, *lf;
	enum pgp_kind kind = PGP_NONE;

	for (; s < end; s = lf + 1) {
		lf = memchr(s, '\n', (size_t)(end - s));
		if (lf == NULL)
			lf = end - 1;
		if (kind != PGP_NONE && line_is(s, end, kinds[kind].last)) {
			*to = (size_t)(lf + 1 - text);
			return kind;
		}
		if (kind != PGP_NONE)
			continue;
		*from = (size_t)(s - text);
		if (line_is(s, end, kinds[PGP_CLEAR].first))
			kind = PGP_CLEAR;
		else if (line_is(s, end, kinds[PGP_SEALED].first))
			kind = PGP_SEALED;
	}
	return PGP_NONE;
}
