/* probe bounce: what a notification says of each recipient. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "mailnode/base/json.h"
#include "mailnode/cmd.h"
#include "mailnode/queue/bounce.h"
#include "store/mime.h"
#include "store/mtext.h"

enum {
	STATUS_MAX = 4 * 1024 * 1024,	/* octets of a status part */
	OUT_MAX = 4 * 1024 * 1024,
	ID_MAX = 1024
};

static const struct mime_part *
find(const struct mime *m, const char *const types[])
{
	size_t i, k;

	for (i = 0; i < m->npart; i++)
		for (k = 0; types[k] != NULL; k += 2)
			if (mime_is(m, &m->part[i], types[k], types[k + 1]))
				return &m->part[i];
	return NULL;
}

/* Message-ID of the letter that came back, from whatever came back of it. */
static void
letter_id(const struct mime *m, char id[ID_MAX])
{
	static const char *const types[] = { "message", "rfc822", "text",
	    "rfc822-headers", "message", "global", "message",
	    "global-headers", NULL };
	const struct mime_part *p = find(m, types);
	const char *at, *end, *lf;

	id[0] = '\0';
	if (p == NULL)
		return;
	at = (const char *)m->data + p->body;
	for (end = at + p->nbody; at < end; at = lf + 1) {
		lf = memchr(at, '\n', (size_t)(end - at));
		if (lf == NULL || lf - at < 2)
			break;
		if (lf - at > 11 && strncasecmp(at, "Message-ID:", 11) == 0) {
			(void)snprintf(id, ID_MAX, "%.*s", (int)(lf - at - 11 >
			    ID_MAX ? ID_MAX : lf - at - 11), at + 11);
			break;
		}
	}
}

static void
trim(char *s)
{
	size_t n = strlen(s), skip = strspn(s, " \t");

	while (n > skip && strchr(" \t\r", s[n - 1]) != NULL)
		n--;
	memmove(s, s + skip, n - skip);
	s[n - skip] = '\0';
}

static void
put_json(struct buf *out, const struct bounce *b, const char *id)
{
	const struct bounce_rcpt *r;
	size_t i;

	buf_addf(out, "{\"recipients\":%zu", b->total);
	json_field(out, "reporting-mta", b->reporting_mta);
	json_field(out, "envid", b->envid);
	json_field(out, "message-id", id);
	buf_adds(out, "}\n");
	for (i = 0; i < b->n; i++) {
		r = &b->rcpt[i];
		buf_addf(out, "{\"action\":\"%s\"",
		    bounce_action_text(r->action));
		json_field(out, "status", r->status);
		json_field(out, "recipient", r->final);
		json_field(out, "original", r->original);
		json_field(out, "remote-mta", r->mta);
		json_field(out, "diagnostic", r->diagnostic);
		buf_adds(out, "}\n");
	}
}

static void
put_clean(struct buf *out, const char *s)
{
	(void)mtext_line(out, s, strlen(s), BOUNCE_TEXT_MAX);
}

static void
put_plain(struct buf *out, const struct bounce *b)
{
	const struct bounce_rcpt *r;
	size_t i;

	for (i = 0; i < b->n; i++) {
		r = &b->rcpt[i];
		buf_addf(out, "%s %s ", bounce_action_text(r->action),
		    r->status[0] != '\0' ? r->status : "-");
		put_clean(out, r->final[0] != '\0' ? r->final : "-");
		if (r->diagnostic[0] != '\0') {
			buf_adds(out, " (");
			put_clean(out, r->diagnostic);
			buf_addc(out, ')');
		}
		buf_addc(out, '\n');
	}
	if (b->total == 0)
		buf_adds(out, "no delivery status\n");
}

static int
print_bounce(const struct mime *m, bool json)
{
	static const char *const types[] = { "message", "delivery-status",
	    "message", "global-delivery-status", NULL };
	static struct bounce b;
	const struct mime_part *p = find(m, types);
	struct buf text, out;
	char id[ID_MAX];
	int rc = 0;

	buf_init(&text, STATUS_MAX);
	buf_init(&out, OUT_MAX);
	/* What is over a limit is read as far as it goes. */
	if (p != NULL)
		(void)mime_decode(m, p, &text);
	bounce_parse(&b, text.data != NULL ? (const char *)text.data : "",
	    text.len);
	letter_id(m, id);
	trim(id);
	if (json)
		put_json(&out, &b, id);
	else
		put_plain(&out, &b);
	fwrite(out.data, 1, out.len, stdout);
	if (fflush(stdout) != 0)
		rc = cmd_fail("stdout", strerror(errno));
	buf_clear(&text);
	buf_clear(&out);
	return rc;
}

int
cmd_probe_bounce(int argc, char **argv)
{
	return cmd_probe_message(argc, argv, print_bounce);
}
