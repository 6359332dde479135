/* A message is sent on as it is: RFC 5322 section 3.6.6. */
#define _GNU_SOURCE	/* memfd_create */
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
#include "store/op_list.h"
#include "tui/addr.h"
#include "tui/bounce.h"
#include "tui/fetch.h"
#include "tui/pgp_run.h"
#include "tui/send.h"

struct bounce {
	struct tui	*t;
	uint64_t	 id;
	struct addrs	 to;
	char		*subject;
	char		 msgid[320];
	char		 from[320];
};

static void
bounce_free(struct bounce *b)
{
	addrs_clear(&b->to);
	free(b->subject);
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
	char when[SEND_WHEN_MAX];

	if (status != OP_OK) {
		app_status_error(b->t, "not bounced", status);
	} else {
		send_remember(b->t, "bouncing", id);
		(void)send_when(b->t, when, sizeof when);
		app_note(b->t, "bounced to %s%s: %s", b->to.a[0].addr,
		    b->to.n > 1 ? " and others" : "", when);
	}
	bounce_free(b);
}

static int
resent_file(struct bounce *b, int original)
{
	struct buf out, in;
	int fd = -1;

	buf_init(&in, (size_t)conf.message_max + 65536);
	buf_init(&out, (size_t)conf.message_max + 65536);
	put_resent(&out, b);
	if (pgp_slurp(original, &in)) {
		put_original(&out, (char *)in.data, in.len);
		if (out.err == 0)
			fd = memfd_create("letter", MFD_CLOEXEC);
	}
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
	struct queue_envelope e = { .from = b->from, .subject = b->subject,
	    .msgid = b->msgid, .envid = "" };
	int fd;

	fd = f != NULL ? resent_file(b, f->fd) : -1;
	if (fd == -1) {
		app_error(b->t, "not bounced: cannot read it");
		bounce_free(b);
		return;
	}
	send_rcpts(&e, to, &b->to);
	send_letter(b->t, &e, fd, bounced, b);
}

/* Its subject, for the queue. */
static void
got_row(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct bounce *b = arg;
	struct list_msgs m;

	(void)fd;
	if (status == OP_OK && list_msgs_get(in, &m)) {
		if (m.n > 0)
			b->subject = strdup(m.row[0].subject);
		list_msgs_clear(&m);
	}
	if (b->subject == NULL) {
		app_error(b->t, "not bounced: it is gone");
		bounce_free(b);
		return;
	}
	fetch_msg(b->t, b->id, FETCH_FILE, bounce_now, b);
}

void
bounce_msg(struct tui *t, uint64_t id, const char *to)
{
	struct bounce *b = calloc(1, sizeof *b);
	struct list_msgs_ask ask = { .which = LIST_OF_MSG, .id = id,
	    .n = 1 };
	const char *bad = NULL;
	struct buf args;

	if (b == NULL)
		return;
	b->t = t;
	b->id = id;
	(void)snprintf(b->from, sizeof b->from, "%s@%s", conf.user,
	    conf.domains[0]);
	if (addrs_read(&b->to, to, &bad) > 0 || b->to.n == 0) {
		app_error(t, "no address: %s", bad != NULL ? bad : to);
		bounce_free(b);
		return;
	}
	if (b->to.n > QUEUE_RCPTS_MAX) {
		app_error(t, "more than %d recipients", QUEUE_RCPTS_MAX);
		bounce_free(b);
		return;
	}
	buf_init(&args, CHAN_DATA_MAX);
	list_msgs_put(&args, &ask);
	talk_send(t->reader, LIST_MSGS, &args, -1, got_row, b);
	buf_clear(&args);
}
