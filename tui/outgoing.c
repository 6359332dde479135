#define _GNU_SOURCE	/* memfd_create */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/codec.h"
#include "mailnode/node/conf.h"
#include "tui/outgoing.h"
#include "tui/outgoing_mime.h"

enum {
	WORD_OCTETS = 42,	/* of UTF-8 in one encoded word of 75 */
	FOLD_AT = 74,
	OTHER_MAX = 8 * 1024	/* octets of a field the owner typed */
};

/* ---- header fields ---- */

bool
outgoing_is_ascii(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((unsigned char)s[i] >= 0x80 || (unsigned char)s[i] < ' ')
			return false;
	return true;
}

/* Column after the last CRLF. */
static size_t
column(const struct buf *b)
{
	size_t i = b->len;

	while (i > 0 && b->data[i - 1] != '\n')
		i--;
	return b->len - i;
}

/* Folds in front of a word that would not fit. */
static void
put_word(struct buf *b, const char *s, size_t n, bool blank)
{
	if (column(b) + n + blank > FOLD_AT && column(b) > 1 && blank)
		buf_adds(b, "\r\n ");
	else if (blank)
		buf_addc(b, ' ');
	buf_add(b, s, n);
}

static void
put_encoded(struct buf *b, const char *s, size_t n)
{
	struct buf w;
	size_t k;
	bool first = true;

	buf_init(&w, 200);
	while (n > 0) {
		k = n < WORD_OCTETS ? n : WORD_OCTETS;
		while (k < n && k > 1 && ((unsigned char)s[k] & 0xc0) == 0x80)
			k--;
		buf_reset(&w);
		buf_adds(&w, "=?utf-8?B?");
		(void)codec_base64_put(&w, s, k);
		buf_adds(&w, "?=");
		if (first)
			put_word(b, (char *)w.data, w.len, column(b) > 0);
		else
			buf_addf(b, "\r\n %s", buf_str(&w));
		first = false;
		s += k;
		n -= k;
	}
	buf_clear(&w);
}

void
outgoing_text_field(struct buf *b, const char *name, const char *value)
{
	size_t n = strlen(value), k;

	buf_addf(b, "%s:", name);
	if (!outgoing_is_ascii(value, n) || strstr(value, "=?") != NULL) {
		put_encoded(b, value, n);
	} else {
		for (; *value != '\0'; value += k, value += *value == ' ') {
			k = strcspn(value, " ");
			put_word(b, value, k, true);
		}
	}
	buf_adds(b, "\r\n");
}

void
outgoing_addr_field(struct buf *b, const char *name, const struct addrs *l)
{
	struct addr plain = { NULL, NULL };
	char none[1] = "";
	struct buf one;
	size_t i;

	buf_init(&one, ADDR_TEXT_MAX);
	buf_addf(b, "%s:", name);
	for (i = 0; i < l->n; i++) {
		if (i > 0)
			buf_addc(b, ',');
		buf_reset(&one);
		plain = l->a[i];
		if (!outgoing_is_ascii(plain.name, strlen(plain.name))) {
			put_encoded(b, plain.name, strlen(plain.name));
			plain.name = none;
			buf_addf(&one, "<%s>", plain.addr);
		} else {
			addr_put(&one, &plain);
		}
		put_word(b, buf_str(&one), one.len, true);
	}
	buf_adds(b, "\r\n");
	buf_clear(&one);
}

size_t
outgoing_rcpts(const struct letter *l, struct addrs *to, const char **bad)
{
	size_t wrong;

	wrong = addrs_read(to, l->field[LETTER_TO], bad);
	wrong += addrs_read(to, l->field[LETTER_CC], wrong ? NULL : bad);
	return wrong + addrs_read(to, l->field[LETTER_BCC],
	    wrong ? NULL : bad);
}

/* In a draft, what is no address yet stays as it was typed. */
static void
put_list(struct buf *b, const char *name, const char *value, bool draft)
{
	struct addrs l = { NULL, 0 };
	size_t wrong = addrs_read(&l, value, NULL);

	if (draft && wrong > 0)
		outgoing_text_field(b, name, value);
	else if (l.n > 0)
		outgoing_addr_field(b, name, &l);
	addrs_clear(&l);
}

static void
put_date(struct buf *b)
{
	time_t now = (time_t)clock_wall_s();
	struct tm tm;
	char date[64];

	if (localtime_r(&now, &tm) != NULL &&
	    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S %z", &tm) > 0)
		buf_addf(b, "Date: %s\r\n", date);
}

static bool
make_msgid(struct outgoing *o)
{
	uint8_t r[15];
	struct buf b;
	bool ok;

	if (getrandom(r, sizeof r, 0) != (ssize_t)sizeof r)
		return false;
	buf_init(&b, sizeof o->msgid - 1);
	(void)codec_hex_put(&b, r, sizeof r);
	buf_addf(&b, "@%s", conf.domains[0]);
	ok = b.err == 0;
	if (ok)
		(void)snprintf(o->msgid, sizeof o->msgid, "%s", buf_str(&b));
	buf_clear(&b);
	return ok;
}

/* Fields the owner typed: a name, and ASCII or text to be encoded.  What
 * we write ourselves is not theirs to say. */
static enum outgoing_err
put_other(struct buf *b, struct outgoing *o, const char *other)
{
	static const char *const ours[] = { "Date", "Message-ID",
	    "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
	    "Return-Path", "Received", "Resent-Bcc" };
	const char *lf, *colon;
	char name[80], value[OTHER_MAX];
	size_t i, n;

	for (; *other != '\0'; other = lf + 1) {
		lf = strchr(other, '\n');
		colon = strchr(other, ':');
		if (lf == NULL)
			break;
		n = colon != NULL && colon < lf ? (size_t)(colon - other) : 0;
		if (n == 0 || n >= sizeof name ||
		    (size_t)(lf - colon) >= sizeof value) {
			(void)snprintf(o->why, sizeof o->why, "%.*s",
			    (int)strcspn(other, "\n"), other);
			return OUTGOING_HEADER;
		}
		(void)snprintf(name, sizeof name, "%.*s", (int)n, other);
		(void)snprintf(value, sizeof value, "%.*s",
		    (int)(lf - colon - 1), colon + 1 + (colon[1] == ' '));
		value[strcspn(value, "\n")] = '\0';
		for (i = 0; i < sizeof ours / sizeof ours[0]; i++)
			if (strcasecmp(ours[i], name) == 0)
				break;
		if (i < sizeof ours / sizeof ours[0])
			continue;
		if (strcasecmp(name, "Reply-To") == 0 ||
		    strcasecmp(name, "Mail-Followup-To") == 0)
			put_list(b, name, value, true);
		else
			outgoing_text_field(b, name, value);
	}
	return OUTGOING_OK;
}

static enum outgoing_err
put_header(struct buf *b, struct outgoing *o, const struct letter *l,
    bool draft)
{
	struct addrs from = { NULL, 0 };
	enum outgoing_err rc = OUTGOING_ADDRESS;

	if (addrs_read(&from, l->field[LETTER_FROM], NULL) > 0 ||
	    from.n != 1) {
		(void)snprintf(o->why, sizeof o->why, "From: %s",
		    l->field[LETTER_FROM]);
		goto out;
	}
	(void)snprintf(o->from, sizeof o->from, "%s", from.a[0].addr);
	outgoing_addr_field(b, "From", &from);
	put_list(b, "To", l->field[LETTER_TO], draft);
	put_list(b, "Cc", l->field[LETTER_CC], draft);
	if (draft)
		put_list(b, "Bcc", l->field[LETTER_BCC], draft);
	if (draft && l->field[LETTER_PGP][0] != '\0')
		outgoing_text_field(b, "X-Mailnode-Pgp",
		    l->field[LETTER_PGP]);
	outgoing_text_field(b, "Subject", l->field[LETTER_SUBJECT]);
	put_date(b);
	buf_addf(b, "Message-ID: <%s>\r\n", o->msgid);
	if (l->field[LETTER_IRT][0] != '\0')
		outgoing_text_field(b, "In-Reply-To", l->field[LETTER_IRT]);
	if (l->field[LETTER_REFS][0] != '\0')
		outgoing_text_field(b, "References", l->field[LETTER_REFS]);
	rc = put_other(b, o, l->other);
	buf_adds(b, "MIME-Version: 1.0\r\n");
out:
	addrs_clear(&from);
	return rc;
}

/* ---- the whole ---- */

enum outgoing_err
outgoing_make(struct outgoing *o, const struct letter *l, bool draft)
{
	enum outgoing_err rc = OUTGOING_MEMORY;
	struct stat st;
	struct buf b;

	memset(o, 0, sizeof *o);
	buf_init(&b, 4 * LETTER_MAX);
	o->fd = memfd_create("letter", MFD_CLOEXEC);
	if (o->fd == -1 || !make_msgid(o))
		goto out;
	rc = put_header(&b, o, l, draft);
	if (rc == OUTGOING_OK)
		rc = outgoing_parts(o, &b, l);
	if (rc == OUTGOING_OK && (outgoing_write(o->fd, &b) == -1 ||
	    fstat(o->fd, &st) == -1 || lseek(o->fd, 0, SEEK_SET) == -1))
		rc = OUTGOING_MEMORY;
	if (rc == OUTGOING_OK)
		o->size = (uint64_t)st.st_size;
out:
	if (rc != OUTGOING_OK && o->fd != -1) {
		close(o->fd);
		o->fd = -1;
	}
	buf_clear(&b);
	return rc;
}
